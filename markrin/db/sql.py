"""SQL whose rows are dicts: for what is read most, where building the models would cost
more than the query.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import orjson
import psycopg
from django.db import (
    DEFAULT_DB_ALIAS,
    NotSupportedError,
    OperationalError,
    connection,
    connections,
)
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import Model
from django.db.models.base import ModelState
from psycopg._queries import PostgresQuery
from psycopg.abc import Query
from psycopg.types.json import set_json_loads

_Model = TypeVar("_Model", bound=Model)
Row = dict[str, Any]
Params = Sequence[Any] | Mapping[str, Any]

# Several times as fast as the standard library's; what PostgreSQL builds has no number that the
# two would read differently.
set_json_loads(orjson.loads)

MAX_KEPT = 1_000  # statements: who asks for lists of all kinds makes many
_WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
# The names of what each prepared statement returns: its SQL is constant, and so are they. The
# driver makes an object of a column whenever it is asked.
_names_of: dict[str, list[str]] = {}
_readings_of: dict[str, tuple[Any, Any, Any, Any]] = {}


def fetch_all(sql: str, params: Params = ()) -> list[Row]:
    """Return the rows of one query, by column name."""
    with connection.cursor() as cursor:
        return _rows(cursor, sql, params)


def fetch_prepared(sql: str, params: Params = ()) -> list[Row]:
    """Return what `fetch_all` does, by a statement that each connection plans only once.

    For constant SQL that takes PostgreSQL longer to plan than to answer. `params` reach the
    server apart from the SQL, so each stands where a value may, with a cast where its type
    cannot be told from there. An array that rows are looked up by stands in a query of its own,
    `= ANY ((SELECT %s::uuid[])::uuid[])`: PostgreSQL plans anew each time where a plan for the
    values at hand looks cheaper than one for all, as it does for an array of few. Behind a pooler
    in transaction mode (DATABASE_POOLED) nothing is kept on a connection, and this is
    `fetch_all`. A kept connection is not asked first whether it lives: that it has died is seen by
    its first statement, and what only reads is asked anew over another."""
    database = connections[
        DEFAULT_DB_ALIAS
    ]  # asked for once: it is found anew each time
    if database.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]:
        return fetch_all(sql, params)
    try:
        with _open_preparing_cursor(database) as cursor:
            cursor.execute(sql, params)
            names = _names_of.get(sql)
            if names is None:
                _make_room(_names_of)
                names = _names_of[sql] = _read_names(cursor)
            rows = cursor.fetchall()
    except NotSupportedError:
        if database.in_atomic_block:
            raise
        # A migration has changed a column's type since; PostgreSQL keeps to the statement's
        # old one, and refuses.
        with database.cursor() as cursor:
            cursor.execute("DEALLOCATE ALL")
        return fetch_all(sql, params)
    except OperationalError:
        never_opened = database.connection is None
        if never_opened or database.in_atomic_block or not _only_reads(sql):
            raise
        if database.is_usable():
            raise
        database.close()
        return fetch_all(sql, params)
    # It has just answered: no transaction of this request need ask whether it does.
    database.health_check_done = True  # type: ignore[attr-defined]  # the stubs lack it
    return [dict(zip(names, row, strict=True)) for row in rows]


@functools.lru_cache(maxsize=MAX_KEPT)
def _only_reads(sql: str) -> bool:
    """Return whether a statement has no word of one that writes or takes rows for a change."""
    return _WRITES.search(sql) is None


def execute_prepared(sql: str, params: Params = ()) -> int:
    """Run a statement that returns no rows, planned as `fetch_prepared` says; return how many rows
    it wrote.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if database.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]:
        with database.cursor() as cursor:
            cursor.execute(sql, params)
            return int(cursor.rowcount)
    with _open_preparing_cursor(database) as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def select_columns(model: type[Model], alias: str) -> str:
    """Return the SQL of all columns of the table `alias`, named so that `instance_from_row` can
    make the model from them.
    """
    return ", ".join(
        f"{alias}.{field.column} AS {alias}_{field.column}"
        for field in model._meta.concrete_fields
    )


def instance_from_row(model: type[_Model], alias: str, row: Row) -> _Model:
    """Return the model whose columns `select_columns` put into the row, for columns that the driver
    reads as Django would.

    It is as `Model.from_db` makes it, but for `__init__` and its signals, which cost as much as all
    else: for models that have neither of their own.
    """
    instance = model.__new__(model)
    state = instance._state = ModelState()
    state.adding, state.db = False, DEFAULT_DB_ALIAS
    for name, key in _column_keys(model, alias):
        instance.__dict__[name] = row[key]
    return instance


@functools.cache
def _column_keys(model: type[Model], alias: str) -> list[tuple[str, str]]:
    """Return the names of a model's attributes, with their keys in a row."""
    return [
        (field.attname, f"{alias}_{field.column}")
        for field in model._meta.concrete_fields
    ]


def _make_room(kept: dict[str, Any]) -> None:
    if len(kept) >= MAX_KEPT:
        kept.clear()


class _Query(PostgresQuery):
    """The driver's reading of a statement for where its parameters stand, kept for each: the
    driver keeps those of 4 kB at most.
    """

    __slots__ = ()

    # the driver's own names
    def convert(self, query: Query, vars: Params | None) -> None:  # noqa: A002
        """Set up the query and its parameters, as the driver does."""
        if not isinstance(query, str) or vars is None:
            super().convert(query, vars)
        elif (known := _readings_of.get(query)) is not None:
            self.query, self._want_formats, self._order, self._parts = known
            self.dump(vars)
        else:
            super().convert(query, vars)
            _make_room(_readings_of)
            _readings_of[query] = (
                self.query,
                self._want_formats,
                self._order,
                self._parts,
            )


class _Cursor(psycopg.Cursor[Any]):
    """The driver's own kind of cursor; Django's log of queries reads `_query`, which it
    leaves empty if it prepares.
    """

    _query_cls = _Query

    def _get_prepared(self, pgq: Any, prepare: bool | None = None) -> Any:
        self._query = pgq
        return super()._get_prepared(pgq, prepare)


def _open_preparing_cursor(database: BaseDatabaseWrapper) -> CursorWrapper:
    """Return a cursor that prepares, under Django's wrappers that count and log."""
    if database.connection is None:
        database.ensure_connection()
    driver: psycopg.Connection[Any] = database.connection
    driver.prepare_threshold = (
        0  # Django's own cursors never prepare, whatever it says
    )
    # behind cursor
    return database._prepare_cursor(_Cursor(driver))  # type: ignore[attr-defined,no-any-return]


def _rows(cursor: CursorWrapper, sql: str, params: Params) -> list[Row]:
    cursor.execute(sql, params)
    names = _read_names(cursor)
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _read_names(cursor: CursorWrapper) -> list[str]:
    return [column.name for column in cursor.description or ()]
