"""Writes many rows at once, by COPY: what an import or the demo's loader needs, where a
request never does.
"""

from collections.abc import Iterable, Sequence
from functools import cache

from django.apps import apps
from django.db import connection


def copy_rows(
    table: str,
    columns: Sequence[str],
    rows: Iterable[tuple[object, ...]],
    *,
    into: str = "",
) -> int:
    """Copy the rows, whose values are in the order of `columns`, into a model's table, or `into`
    another one that has its columns; return how many there were.

    A column that is left out gets its model's default; an id that PostgreSQL does not make
    must be given. Part of the caller's transaction. No signal is sent, so the caller
    touches the cache; constraints and triggers work as ever, the foreign keys' at commit.
    """
    rest = default_values(table, tuple(columns))
    names = ", ".join(f'"{name}"' for name in (*columns, *rest))
    fixed, number = tuple(rest.values()), 0
    # Django's cursor wraps the errors of `execute`, but not those of psycopg's `copy`.
    copy = f'COPY "{into or table}" ({names}) FROM STDIN'
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(copy) as writer,
    ):
        for row in rows:
            writer.write_row(row + fixed)
            number += 1
    return number


@cache
def default_values(table: str, columns: tuple[str, ...]) -> dict[str, object]:
    """Return the defaults of the table's columns that are not among `columns` and that
    PostgreSQL does not fill.
    """
    models = {
        model._meta.db_table: model
        for model in apps.get_models(include_auto_created=True)
    }
    return {
        str(field.column): field.get_db_prep_save(field.get_default(), connection)
        for field in models[table]._meta.concrete_fields
        if field.column not in columns
        and not field.generated
        and not field.has_db_default()
        and not field.primary_key  # its default would be the same for all
    }
