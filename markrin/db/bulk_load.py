"""Fills empty tables with very many rows: what PostgreSQL would ask and sort row by row is asked
and sorted once, for all of them.

Source: https://www.postgresql.org/docs/18/populate.html (14.4.3 and 14.4.4, removing indexes and
foreign keys while tables are filled)."""

from collections.abc import Iterable, Mapping
from typing import Final

from django.db import connection

from markrin.db.invariants import Invariant
from markrin.db.sql import fetch_all

LOCK_TIMEOUT_S: Final = 10
# For sorting an index, and for a statement over all rows, as the load is alone.
_MEMORY: Final = "256MB"


class RowsBreakRules(Exception):
    """Rows that were loaded break rules that triggers would have kept."""


class BulkLoad:
    """Takes foreign keys, indexes and triggers off tables within the caller's transaction, and puts
    them back as PostgreSQL defines them: without comments, statistics' targets, tablespaces, a
    constraint's storage parameters, and what a table is clustered or replicated by. If the
    transaction ends early, nothing was taken away. Until `take_away` the others do nothing.

    Of `unique` tables those indexes stay that keep something from being there twice.
    Locks: the tables and those that they point to, against everybody, from `take_away` on.
    """

    def __init__(
        self, tables: Iterable[str], *, unique: Iterable[str] = ()
    ) -> None:
        self._bare = sorted(tables)
        self._tables = sorted({*self._bare, *unique})
        self._is_away = False
        self._foreign_keys: list[dict[str, str]] = []
        self._uniques: list[dict[str, str]] = []
        self._indexes: list[dict[str, str]] = []
        self._triggers: list[dict[str, str]] = []

    def take_away(self, triggers: Iterable[str]) -> None:
        """Take away the tables' foreign keys, their indexes but those of primary keys and of what
        others point to, and those of these triggers that are theirs and in force.

        Raises:
            django.db.OperationalError: somebody else has kept a table for LOCK_TIMEOUT_S.
        """
        self._is_away = True
        with connection.cursor() as cursor:
            # Whoever comes later waits behind a lock that is waited for.
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'")
            cursor.execute(f"SET LOCAL work_mem = '{_MEMORY}'")
            cursor.execute("SET LOCAL hash_mem_multiplier = 1")
            cursor.execute(f"SET LOCAL maintenance_work_mem = '{_MEMORY}'")
        self._foreign_keys = fetch_all(
            "SELECT conrelid::regclass::text AS table, quote_ident(conname) AS name,"
            " pg_get_constraintdef(oid) AS definition FROM pg_constraint"
            " WHERE contype = 'f' AND conrelid = ANY (%s::text[]::regclass[]) ORDER BY 1, 2",
            [self._tables],
        )
        self._uniques = fetch_all(
            "SELECT conrelid::regclass::text AS table, quote_ident(conname) AS name,"
            " pg_get_constraintdef(oid) AS definition FROM pg_constraint AS own"
            " WHERE contype = 'u' AND conrelid = ANY (%s::text[]::regclass[]) AND NOT EXISTS ("
            "SELECT FROM pg_constraint WHERE contype = 'f' AND conindid = own.conindid)"
            " ORDER BY 1, 2",
            [self._bare],
        )
        self._indexes = fetch_all(
            "SELECT indrelid::regclass::text AS table, indexrelid::regclass::text AS name,"
            " pg_get_indexdef(indexrelid) AS definition FROM pg_index"
            " WHERE NOT indisexclusion AND NOT EXISTS ("
            "SELECT FROM pg_constraint WHERE conindid = indexrelid)"
            " AND (NOT indisunique AND indrelid = ANY (%s::text[]::regclass[])"
            " OR indrelid = ANY (%s::text[]::regclass[])) ORDER BY 1, 2",
            [self._tables, self._bare],
        )
        self._triggers = fetch_all(
            "SELECT tgrelid::regclass::text AS table, quote_ident(tgname) AS name FROM pg_trigger"
            " WHERE NOT tgisinternal AND tgenabled = 'O' AND tgname = ANY (%s)"
            " AND tgrelid = ANY (%s::text[]::regclass[]) ORDER BY 1, 2",
            [list(triggers), self._tables],
        )
        _execute("ALTER TABLE {table} DROP CONSTRAINT {name}", self._foreign_keys)
        _execute("ALTER TABLE {table} DROP CONSTRAINT {name}", self._uniques)
        _execute("DROP INDEX {name}", self._indexes)
        _execute("ALTER TABLE {table} DISABLE TRIGGER {name}", self._triggers)

    def make_indexes(self, tables: Iterable[str]) -> None:
        """Make the indexes of these tables anew, and count what is in them.

        Raises:
            django.db.IntegrityError: something is there twice.
            django.db.OperationalError: a table that has a unique constraint to come has checks to
                come as well.
        """
        if not self._is_away:
            return
        chosen = set(tables)
        _execute(
            "ALTER TABLE {table} ADD CONSTRAINT {name} {definition}",
            _take(self._uniques, chosen),
        )
        _execute("{definition}", _take(self._indexes, chosen))
        _execute("ANALYZE {table}", [{"table": table} for table in sorted(chosen)])

    def put_back(self, rules: Iterable[Invariant]) -> None:
        """Make the rest of the indexes anew, switch the triggers on, ask the rules that they keep
        of all rows, and make the foreign keys anew, each of which is checked.

        Raises:
            RowsBreakRules: with the first row that breaks one.
            django.db.IntegrityError: a row points to none.
        """
        if not self._is_away:
            return
        with connection.cursor() as cursor:
            # A table whose checks are still to come cannot be altered.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        self.make_indexes(
            {each["table"] for each in (*self._uniques, *self._indexes)}
        )
        for rule in rules:
            for breach in rule.find_breaches():
                raise RowsBreakRules(str(breach))
        _execute("ALTER TABLE {table} ENABLE TRIGGER {name}", self._triggers)
        _execute(
            "ALTER TABLE {table} ADD CONSTRAINT {name} {definition}",
            self._foreign_keys,
        )


def _take(things: list[dict[str, str]], tables: set[str]) -> list[dict[str, str]]:
    """Return what is of these tables, and take it off the list."""
    taken = [each for each in things if each["table"] in tables]
    things[:] = [each for each in things if each["table"] not in tables]
    return taken


def _execute(template: str, things: Iterable[Mapping[str, str]]) -> None:
    with connection.cursor() as cursor:
        for each in things:
            # Names come from PostgreSQL's own catalogue, which quotes them where they need it.
            cursor.execute(template.format(**each))
