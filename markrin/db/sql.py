"""SQL whose rows are dicts: for what is read most, where building the models would cost
more than the query.
"""

import functools
import re
from collections.abc import Callable
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar, overload

import orjson
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
from psycopg.types.json import set_json_loads

from markrin.db.prepared import (
    Answer,
    Params,
    forget_statements,
    run_prepared,
    run_together,
)

_Model = TypeVar("_Model", bound=Model)
T = TypeVar("T")
T1 = TypeVar("T1")
T2 = TypeVar("T2")
T3 = TypeVar("T3")
Row = dict[str, Any]

# Several times as fast as the standard library's; what PostgreSQL builds has no number that the
# two would read differently.
set_json_loads(orjson.loads)

MAX_KEPT = 1_000  # statements: who asks for lists of all kinds makes many
_WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE)\b", re.IGNORECASE)
# The names of what each prepared statement returns: its SQL is constant, and so are they. The
# driver makes an object of a column whenever it is asked.
_names_of: dict[str, list[str]] = {}


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
        answer = run_prepared(database, sql, params)
    except NotSupportedError:
        if database.in_atomic_block:
            raise
        # A migration has changed a column's type since; PostgreSQL keeps to the statement's
        # old one, and refuses.
        forget_statements(database)
        return fetch_all(sql, params)
    except OperationalError:
        if not _only_reads(sql) or not _has_died(database):
            raise
        database.close()
        return fetch_all(sql, params)
    # It has just answered: no transaction of this request need ask whether it does.
    database.health_check_done = True  # type: ignore[attr-defined]  # the stubs lack it
    return _rows_of(sql, answer)


class Query(NamedTuple, Generic[T]):
    """A statement for `fetch_prepared`, and what makes of its rows what is asked for."""

    sql: str
    params: Params
    read: Callable[[list[Row]], T]

    def fetch(self) -> T:
        """Return what is asked for."""
        return self.read(fetch_prepared(self.sql, self.params))


@overload
def fetch_together(first: Query[T1], second: Query[T2], /) -> tuple[T1, T2]: ...
@overload
def fetch_together(
    first: Query[T1], second: Query[T2], third: Query[T3], /
) -> tuple[T1, T2, T3]: ...
def fetch_together(*queries: Query[Any]) -> tuple[Any, ...]:
    """Return what each query asks for, run one after the other but sent to PostgreSQL at once.

    Each sees what those before it have done, and what had been committed by the time the last of
    them was done: also what that one had to wait for. Queries that write are for within a
    transaction; there, where one is refused, nothing has changed.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if database.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]:
        return tuple([query.fetch() for query in queries])
    try:
        answers = run_together(
            database, [(query.sql, query.params) for query in queries]
        )
    except NotSupportedError:  # as `fetch_prepared` has it
        if database.in_atomic_block:
            raise
        forget_statements(database)
        return tuple([query.fetch() for query in queries])
    except OperationalError:
        if not all(_only_reads(query.sql) for query in queries) or not _has_died(
            database
        ):
            raise
        database.close()
        return tuple([query.fetch() for query in queries])
    database.health_check_done = True  # type: ignore[attr-defined]  # as above
    return tuple(
        [
            query.read(_rows_of(query.sql, answer))
            for query, answer in zip(queries, answers, strict=True)
        ]
    )


def _has_died(database: BaseDatabaseWrapper) -> bool:
    """Return whether a kept connection has, outside a transaction."""
    return (
        database.connection is not None
        and not database.in_atomic_block
        and not database.is_usable()
    )


def _rows_of(sql: str, answer: Answer) -> list[Row]:
    names = _names_of.get(sql)
    if names is None:
        if len(_names_of) >= MAX_KEPT:
            _names_of.clear()
        names = _names_of[sql] = answer.read_names()
    return [dict(zip(names, row, strict=True)) for row in answer.rows]


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
    return run_prepared(database, sql, params).rowcount


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
    names, read = _column_readers(model, alias)
    instance.__dict__.update(zip(names, read(row), strict=True))
    return instance


def new_instance(model: type[_Model], **values: Any) -> _Model:
    """Return what `model(**values)` does, for a model as `instance_from_row` takes them. What a
    foreign key is called may stand for the row or for its key (`order`, `order_id`).

    Raises:
        TypeError: there is no such field.
    """
    instance = model.__new__(model)
    state = instance._state = ModelState()
    relations, defaults = _written_fields(model)
    for name in relations.keys() & values.keys():
        state.fields_cache[name] = related = values.pop(name)
        if related is not None:
            state.db = DEFAULT_DB_ALIAS
        if relations[name] in values:
            raise TypeError(f"{model.__name__}: {name} is given twice")
        values[relations[name]] = None if related is None else related.pk
    for attname in defaults.keys() - values.keys():
        values[attname] = defaults[attname]()
    if unknown := values.keys() - defaults.keys():
        raise TypeError(f"{model.__name__} has no field {sorted(unknown)}")
    instance.__dict__.update(values)
    return instance


@functools.cache
def _written_fields(
    model: type[Model],
) -> tuple[dict[str, str], dict[str, Callable[[], Any]]]:
    """Return, of what a row has besides what the database works out, the foreign keys with their
    attributes; and of each attribute what makes its value where none is given.
    """
    written = [
        field for field in model._meta.concrete_fields if not field.generated
    ]
    return (
        {field.name: field.attname for field in written if field.is_relation},
        {field.attname: field.get_default for field in written},
    )


@functools.cache
def _column_readers(
    model: type[Model], alias: str
) -> tuple[list[str], Callable[[Row], tuple[Any, ...]]]:
    """Return the names of a model's attributes, and what reads their values off a row."""
    fields = model._meta.concrete_fields
    keys = [f"{alias}_{field.column}" for field in fields]
    return [field.attname for field in fields], itemgetter(*keys)


def _rows(cursor: CursorWrapper, sql: str, params: Params) -> list[Row]:
    cursor.execute(sql, params)
    if cursor.description is None:  # it returns no rows
        return []
    names = _read_names(cursor)
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _read_names(cursor: CursorWrapper) -> list[str]:
    return [column.name for column in cursor.description or ()]
