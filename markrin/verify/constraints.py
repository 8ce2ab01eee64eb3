"""What PostgreSQL should hold by itself: that every constraint of the models is there, validated, and true.

A constraint can be switched off, dropped by hand, or left NOT VALID by a migration that died; so each is looked for
by its name, and then asked of the rows once more.
"""

from collections import defaultdict
from collections.abc import Iterator

from django.apps import apps
from django.db import connection, transaction

from markrin.verify.invariant import Breach, Invariant

RULE = "constraints"

_PRESENT = """
SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND convalidated
UNION SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE relnamespace = 'public'::regnamespace AND indisvalid AND indisunique
"""
_TRIGGERS = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled IN ('O', 'A')"
_NOT_NULL = """
SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attnotnull
"""
_CHECKS = """
SELECT conrelid::regclass::text, conname, pg_get_expr(conbin, conrelid) FROM pg_constraint
WHERE contype = 'c' AND connamespace = 'public'::regnamespace
"""
_KEYS = """
SELECT conrelid::regclass::text, conname, a.attname, confrelid::regclass::text, b.attname FROM pg_constraint
JOIN pg_attribute AS a ON a.attrelid = conrelid AND a.attnum = conkey[1]
JOIN pg_attribute AS b ON b.attrelid = confrelid AND b.attnum = confkey[1]
WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND cardinality(conkey) = 1
"""
_UNIQUE = """
SELECT indrelid::regclass::text, relname, indnullsnotdistinct, pg_get_expr(indpred, indrelid),
    ARRAY(SELECT pg_get_indexdef(indexrelid, n, true) FROM generate_series(1, indnkeyatts) AS n)
FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE indisunique AND relnamespace = 'public'::regnamespace
"""


def missing() -> Iterator[Breach]:
    """Yield each constraint of the models, and each trigger that an app names, that is not there and in force."""
    with connection.cursor() as cursor:
        cursor.execute(_PRESENT)
        present = {name for (name,) in cursor.fetchall()}
        cursor.execute(_TRIGGERS)
        triggers = {name for (name,) in cursor.fetchall()}
        for model in _models():
            table = model._meta.db_table
            for constraint in model._meta.constraints:
                if constraint.name not in present:
                    yield Breach(RULE, table, constraint.name, "is missing or has never been validated")
            cursor.execute(_NOT_NULL, [table])
            not_null = {name for (name,) in cursor.fetchall()}
            for field in model._meta.local_concrete_fields:
                if not field.null and not getattr(field, "generated", False) and field.column not in not_null:
                    yield Breach(RULE, table, str(field.column), "is not NOT NULL")
    for name in expected_triggers():
        if name not in triggers:
            yield Breach(RULE, name.rsplit("_", 1)[0], name, "the trigger is missing or disabled")


def expected_triggers() -> list[str]:
    """Return the names of the triggers that the apps' `invariants.TRIGGERS` list."""
    from markrin.verify import rules

    return [name for module in rules.modules() for name in getattr(module, "TRIGGERS", ())]


def asked_again() -> Iterator[Invariant]:
    """Yield a rule for the CHECKs and foreign keys of every table of ours."""
    ours = {model._meta.db_table: model._meta.pk_fields[0].column for model in _models()}
    rules: dict[str, list[tuple[str, str]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_CHECKS)
        for table, name, expression in cursor.fetchall():
            rules[table].append((name, f"({expression}) IS FALSE"))
        cursor.execute(_KEYS)
        for table, name, column, target, target_column in cursor.fetchall():
            absent = f'NOT EXISTS (SELECT FROM {target} AS there WHERE there."{target_column}" = {table}."{column}")'
            rules[table].append((name, f'{table}."{column}" IS NOT NULL AND {absent}'))
    for table in sorted(ours.keys() & rules.keys()):
        key = ours[table]
        names = ", ".join(f"CASE WHEN {broken} THEN '{name}' END" for name, broken in rules[table])
        any_broken = " OR ".join(f"({broken})" for _, broken in rules[table])
        yield Invariant(
            rule=RULE,
            table=table,
            key=key,
            query=f"""SELECT {table}.{key}, concat_ws(', ', {names}) FROM {table}
            WHERE {table}.{key} > %(after)s AND {table}.{key} <= %(upto)s AND ({any_broken})""".replace(  # noqa: S608
                "%", "%%"
            )
            .replace("%%(after)s", "%(after)s")
            .replace("%%(upto)s", "%(upto)s"),
        )


def doubles() -> Iterator[Breach]:
    """Yield what stands twice where a unique index says once."""
    ours = {model._meta.db_table for model in _models()}
    with transaction.atomic(), connection.cursor() as cursor:
        # Scanning the tables and not the indexes, which may be what is broken.
        cursor.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off")
        cursor.execute(_UNIQUE)
        for table, name, nulls_equal, predicate, columns in cursor.fetchall():
            if table not in ours:
                continue
            wanted = [f"({predicate})"] if predicate else []
            if not nulls_equal:
                wanted += [f"({column}) IS NOT NULL" for column in columns]
            grouped = ", ".join(f"({column})" for column in columns)
            cursor.execute(
                f"""SELECT concat_ws(', ', {grouped}), count(*) FROM {table}
                {"WHERE " + " AND ".join(wanted) if wanted else ""}
                GROUP BY {grouped} HAVING count(*) > 1 LIMIT 100""".replace("%", "%%"),  # noqa: S608 (the catalogue's)
                [],
            )
            for key, count in cursor.fetchall():
                yield Breach(RULE, table, key, f"{name}: stands {count} times")


def _models() -> list[type]:
    from markrin.verify import rules

    labels = {"markrin", "outbox", *rules.APPS}
    return [model for model in apps.get_models() if model._meta.app_label in labels and model._meta.managed]
