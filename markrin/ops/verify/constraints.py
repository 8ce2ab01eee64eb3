"""What PostgreSQL should hold by itself: that every constraint of the models is there,
validated, and true.

A constraint can be switched off, dropped by hand, or left NOT VALID by a migration that
died; so each is looked for by its name, and then asked of the rows once more."""

from collections import defaultdict
from collections.abc import Iterator
from functools import reduce
from operator import or_

from django.db import connection
from django.db.models import Count, F, Model, Q, UniqueConstraint

from markrin.db.declared import Declared, Function
from markrin.db.invariants import Breach, Invariant
from markrin.db.shared import list_declared
from markrin.db.triggers import Trigger

RULE = "constraints"

_PRESENT = """
SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND convalidated
UNION SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
WHERE relnamespace = 'public'::regnamespace AND indisvalid AND indisunique
"""
_TRIGGERS = """
SELECT tgrelid::regclass::text, tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
WHERE NOT tgisinternal AND tgparentid = 0 AND relnamespace = 'public'::regnamespace
"""
_FUNCTIONS = """
SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
"""
_NOT_NULL = """
SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
    AND attnotnull
"""
_UNIQUE_COLUMNS = """
SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
WHERE indrelid = %s::regclass AND indisunique AND indisvalid AND indnkeyatts = 1 AND indpred IS NULL
"""
_CHECKS = """
SELECT conrelid::regclass::text, conname, pg_get_expr(conbin, conrelid) FROM pg_constraint
WHERE contype = 'c' AND connamespace = 'public'::regnamespace
"""
_KEYS = """
SELECT conrelid::regclass::text, conname, a.attname, confrelid::regclass::text, b.attname
    FROM pg_constraint
JOIN pg_attribute AS a ON a.attrelid = conrelid AND a.attnum = conkey[1]
JOIN pg_attribute AS b ON b.attrelid = confrelid AND b.attnum = confkey[1]
WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND cardinality(conkey) = 1
"""


_NEVER_VALIDATED = """
SELECT conrelid::regclass::text, conname FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND NOT convalidated AND contype = 'f'
"""


def find_missing() -> Iterator[Breach]:
    """Yield each constraint of the models that is not there and in force."""
    with connection.cursor() as cursor:
        cursor.execute(_PRESENT)
        present = {name for (name,) in cursor.fetchall()}
        for model in _models():
            table = model._meta.db_table
            for constraint in model._meta.constraints:
                if constraint.name not in present and not isinstance(
                    constraint, Declared
                ):
                    yield Breach(
                        RULE,
                        table,
                        constraint.name,
                        "is missing or has never been validated",
                    )
            cursor.execute(_UNIQUE_COLUMNS, [table])
            unique = {name for (name,) in cursor.fetchall()}
            cursor.execute(_NOT_NULL, [table])
            not_null = {name for (name,) in cursor.fetchall()}
            for field in model._meta.local_concrete_fields:
                if (
                    field.unique
                    and field.column is not None
                    and field.column not in unique
                ):
                    yield Breach(RULE, table, str(field.column), "is not UNIQUE")
                if (
                    not field.null
                    and not getattr(field, "generated", False)
                    and field.column not in not_null
                ):
                    yield Breach(RULE, table, str(field.column), "is not NOT NULL")
        cursor.execute(_NEVER_VALIDATED)
        for table, name in cursor.fetchall():
            yield Breach(RULE, table, name, "has never been validated")


def find_undeclared() -> Iterator[Breach]:
    """Yield each declared object that is missing, switched off or another than declared; and
    each trigger and function that nothing declares.
    """
    triggers, functions = set(), set()
    for table, declared in list_declared():
        if isinstance(declared, Trigger):
            triggers.add((table, declared.name))
        if isinstance(declared, Trigger | Function):
            functions.add(declared.name)
        if problem := declared.find_problem(table):
            yield Breach(RULE, table or declared.kind, declared.name, problem)
    with connection.cursor() as cursor:
        cursor.execute(_TRIGGERS)
        for table, name in sorted(set(cursor.fetchall()) - triggers):
            yield Breach(
                RULE, table, name, "the trigger is not declared on a model"
            )
        cursor.execute(_FUNCTIONS)
        for name in sorted({name for (name,) in cursor.fetchall()} - functions):
            yield Breach(
                RULE, "function", name, "the function is not declared on a model"
            )


def list_row_rules() -> Iterator[Invariant]:
    """Yield a rule for the CHECKs and foreign keys of every table of ours."""
    ours = {
        model._meta.db_table: str(model._meta.pk_fields[0].column)
        for model in _models()
    }
    rules: dict[str, list[tuple[str, str]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_CHECKS)
        for table, name, expression in cursor.fetchall():
            rules[table].append((name, f"({expression}) IS FALSE"))
        cursor.execute(_KEYS)
        for table, name, column, target, target_column in cursor.fetchall():
            absent = (
                f"NOT EXISTS (SELECT FROM {target} AS there"
                f' WHERE there."{target_column}" = {table}."{column}")'
            )
            rules[table].append(
                (name, f'{table}."{column}" IS NOT NULL AND {absent}')
            )
    for table in sorted(ours.keys() & rules.keys()):
        key = ours[table]
        names = ", ".join(
            f"CASE WHEN {broken} THEN '{name}' END" for name, broken in rules[table]
        )
        any_broken = " OR ".join(f"({broken})" for _, broken in rules[table])
        yield Invariant(
            rule=RULE,
            table=table,
            key=key,
            query=f"""SELECT {table}.{key}, concat_ws(', ', {names}) FROM {table}
            WHERE {table}.{key} > %(after)s AND {table}.{key} <= %(upto)s
                AND ({any_broken})""".replace(  # noqa: S608 (our own text)
                "%", "%%"
            )
            .replace("%%(after)s", "%(after)s")
            .replace("%%(upto)s", "%(upto)s"),
        )


def find_duplicates() -> Iterator[Breach]:
    """Yield what stands twice where the models say once: a missing or broken index hides
    nothing.
    """
    for model in _models():
        for field in model._meta.local_concrete_fields:
            if field.unique and field.column is not None:
                yield from _find_twice(
                    model,
                    f"{field.column} is unique",
                    [F(field.name)],
                    Q(),
                    nulls_equal=False,
                )
        for rule in model._meta.constraints:
            if isinstance(rule, UniqueConstraint):
                parts: list[object] = [F(name) for name in rule.fields] or list(
                    rule.expressions
                )
                yield from _find_twice(
                    model,
                    rule.name,
                    parts,
                    rule.condition or Q(),
                    nulls_equal=rule.nulls_distinct is False,
                )


def _find_twice(
    model: type[Model],
    name: str,
    parts: list[object],
    where: Q,
    *,
    nulls_equal: bool,
) -> Iterator[Breach]:
    columns = {f"part_{number}": part for number, part in enumerate(parts)}
    rows = model._default_manager.order_by().annotate(**columns).filter(where)
    if not nulls_equal:
        rows = rows.exclude(
            reduce(or_, (Q(**{f"{column}__isnull": True}) for column in columns))
        )
    for row in (
        rows.values_list(*columns).annotate(n=Count("*")).filter(n__gt=1)[:100]
    ):
        key = ", ".join(map(str, row[:-1]))
        yield Breach(
            RULE, model._meta.db_table, key, f"{name}: stands {row[-1]} times"
        )


def _models() -> list[type[Model]]:
    from markrin.ops.verify import rules

    return [
        model
        for config in rules.list_own_apps()
        for model in config.get_models(include_auto_created=True)
        if model._meta.managed
    ]
