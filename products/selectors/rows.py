"""SQL whose rows are dicts: for what is read most, where building the models would cost more than the query."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

Row = dict[str, Any]


def fetch(sql: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[Row]:
    """Return the rows of one query, by column name."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
