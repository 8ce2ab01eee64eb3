"""Bring the database back to how it was made, after a test that commits.

Django truncates every table and makes content types and permissions anew, a second each time,
mostly for tables that hold nothing. A DELETE of the few rows that a test leaves takes a hundredth
of that. Rows that must not be deleted (an order's, the ledgers') go all the same, as the tests'
role may set `session_replication_role` (tests/services.py), which no other role of the shop may."""

from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection, connections
from django.test import TransactionTestCase

# What outgrew this many bytes is truncated, so that no later test meets its dead rows.
LARGE_TABLE_BYTES = 512 * 1024
_django_teardown = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]  # as pytest-django calls it


def remember_initial_rows() -> None:
    """Keep what the migrations made, and let tests that commit be followed by `_restore` from now
    on. A server of one's own (TEST_DATABASE_URL) whose role may not do that stays with Django's
    way. A database that an earlier run has left (KEEP_SERVICES) knows them already, and is brought
    back to them first.
    """
    names = connection.introspection.django_table_names(
        only_existing=True, include_views=False
    )
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT to_regprocedure('tests_initial.restore()') IS NOT NULL"
        )
        (known,) = cursor.fetchone()
        if known:
            cursor.execute("SELECT tests_initial.restore()")
            TransactionTestCase._fixture_teardown = _restore  # type: ignore[attr-defined]
            return
        cursor.execute(
            "DROP SCHEMA IF EXISTS tests_initial CASCADE; CREATE SCHEMA tests_initial"
        )
        statements = []
        for name in map(quote, names):
            cursor.execute(f"SELECT EXISTS (SELECT FROM {name})")
            (filled,) = cursor.fetchone()
            if not filled:
                statements.append(f"DELETE FROM {name};")
                continue
            kept = f"tests_initial.{name}"
            cursor.execute(f"CREATE TABLE {kept} AS TABLE {name}")
            statements.append(
                f"DELETE FROM {name} AS now"
                f" WHERE now::text NOT IN (SELECT kept::text FROM {kept} AS kept);"
                f"INSERT INTO {name} SELECT * FROM {kept} AS kept"
                f" WHERE kept::text NOT IN (SELECT now::text FROM {name} AS now);"
            )
        try:
            cursor.execute(
                "CREATE FUNCTION tests_initial.restore() RETURNS void LANGUAGE plpgsql"
                " SET session_replication_role = replica"
                f" AS $body$ BEGIN {' '.join(statements)} END $body$"
            )
        except DatabaseError:
            return
    TransactionTestCase._fixture_teardown = _restore  # type: ignore[attr-defined]


def _restore(case: TransactionTestCase) -> None:
    databases = case._databases_names(include_mirrors=False)  # type: ignore[attr-defined]
    if case.serialized_rollback or list(databases) != ["default"] or _is_large():
        _django_teardown(case)  # it makes content types anew, with other ids
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT tests_initial.restore()")
    ContentType.objects.clear_cache()


def _is_large() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > %s)",
            [LARGE_TABLE_BYTES],
        )
        (large,) = cursor.fetchone()
    return bool(large)
