"""Statements that each connection plans once, run by libpq with no more of the driver around them
than has to be done each time.

What the driver does for statements that it prepares itself holds here, too: values go as their own
types, the statement that was not used for longest makes room, and a signal is heeded while
PostgreSQL is waited for. But a rollback leaves them planned here, as PostgreSQL does.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import generators
from psycopg._queries import PostgresQuery
from psycopg.adapt import AdaptersMap, Transformer
from psycopg.errors import (
    FeatureNotSupported,
    InvalidSqlStatementName,
    error_from_result,
)
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.types.datetime import TimestamptzLoader

Params = Sequence[Any] | Mapping[str, Any]

MAX_PREPARED: Final = 100  # statements of a connection
MAX_READ: Final = 1_000  # statements of a process


class _Reading(NamedTuple):
    """A statement as PostgreSQL wants it, and where its parameters stand."""

    query: bytes
    formats: list[Any]
    order: list[str] | None
    parts: list[Any]


_readings_of: dict[str, _Reading] = {}


class _Adapters:
    """Values as Django has them on a connection, but for times: the driver's own loader, in C,
    reads them. It gives them the connection's zone, which is the one that Django's puts in.
    """

    def __init__(self, driver: "psycopg.Connection[Any]") -> None:
        self.connection = driver
        self.adapters = AdaptersMap(driver.adapters)
        self.adapters.register_loader("timestamptz", TimestamptzLoader)


class _Prepared:
    """What a connection has prepared: the names of statements by their text and their values'
    types, the one that was used last at the end.
    """

    __slots__ = ("driver", "made", "names", "values")

    def __init__(self, driver: "psycopg.Connection[Any]") -> None:
        self.driver = driver
        self.values = Transformer(_Adapters(driver))
        self.names: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self.made = 0


class Answer:
    """One statement and what it returned; a cursor, as far as Django's wrappers ask for one."""

    __slots__ = ("_prepared", "_query", "connection", "result", "rowcount", "rows")

    def __init__(self, prepared: _Prepared) -> None:
        self._prepared = prepared
        self._query: _Reading | None = None  # what Django's log of queries shows
        self.connection = prepared.driver
        self.result: PGresult | None = None
        self.rows: list[tuple[Any, ...]] = []
        self.rowcount = -1

    def execute(self, sql: str, params: Params) -> None:
        """Run it, in a transaction where Django has begun one; as DB-API's cursors call it (PEP
        249), which Django's wrappers ask for. Raises: psycopg.Error.
        """
        kept, pgconn = self._prepared, self.connection.pgconn
        self._query = reading = _readings_of.get(sql) or self._read_statement(
            sql, params
        )
        given = PostgresQuery.validate_and_reorder_params(
            reading.parts, params, reading.order
        )
        values = kept.values.dump_sequence(given, reading.formats)
        key, formats = (sql, kept.values.types or ()), kept.values.formats
        if pgconn.transaction_status == TransactionStatus.IDLE:
            self._begin_transaction()
        name = kept.names.pop(key, None) or self._prepare_statement(
            key, reading.query
        )
        kept.names[key] = name
        try:
            pgconn.send_query_prepared(name, values, formats)
            self.result = result = self._await_result()
        except (FeatureNotSupported, InvalidSqlStatementName):
            kept.names.clear()  # a column has another type since, or they are gone
            raise
        if result.status == ExecStatus.TUPLES_OK:
            kept.values.set_pgresult(result)
            self.rows = kept.values.load_rows(0, result.ntuples, tuple)
            kept.values.set_pgresult(None)  # it may be large
        self.rowcount = result.command_tuples or 0

    def read_names(self) -> list[str]:
        """Return the names of what was returned."""
        found = self.result
        names = (
            [found.fname(number) for number in range(found.nfields)]
            if found
            else []
        )
        return [(name or b"").decode() for name in names]

    def _begin_transaction(self) -> None:
        if not self.connection.autocommit:
            self.connection.pgconn.send_query(b"BEGIN")
            self._await_result()

    def _read_statement(self, sql: str, params: Params) -> _Reading:
        """Return the statement as the driver reads it, kept for each: the driver keeps those of
        4 kB at most.
        """
        query = PostgresQuery(Transformer(self.connection))
        query.convert(sql, params)
        if len(_readings_of) >= MAX_READ:
            _readings_of.clear()
        found = _readings_of[sql] = _Reading(
            query.query, query._want_formats or [], query._order, query._parts
        )
        return found

    def _prepare_statement(
        self, key: tuple[str, tuple[int, ...]], query: bytes
    ) -> bytes:
        kept, pgconn = self._prepared, self.connection.pgconn
        while len(kept.names) >= MAX_PREPARED:
            oldest = kept.names.pop(next(iter(kept.names)))
            pgconn.send_query(b"DEALLOCATE " + oldest)
            self._await_result()
        kept.made += 1
        name = b"prepared_%d" % kept.made
        pgconn.send_prepare(name, query, key[1])
        self._await_result()
        return name

    def _await_result(self) -> PGresult:
        """Return what was answered to what has been sent. Raises: psycopg.Error."""
        driver = self.connection
        # a second one is what the commit found, where the statement is a transaction of its own
        results: list[PGresult] = driver.wait(generators.execute(driver.pgconn))
        for result in results:
            if result.status not in {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}:
                raise error_from_result(result, encoding=driver.info.encoding)
        return results[0]


def run_prepared(database: BaseDatabaseWrapper, sql: str, params: Params) -> Answer:
    """Run a statement under Django's wrappers, which count it and log it, planned by its first use
    on this connection. Not for a pooler in transaction mode. Raises: django.db.Error.
    """
    kept: _Prepared | None = vars(database).get("prepared")
    if kept is None or kept.driver is not database.connection:
        database.ensure_connection()
        kept = vars(database)["prepared"] = _Prepared(database.connection)
    answer = Answer(kept)
    database._prepare_cursor(answer).execute(sql, params)  # type: ignore[attr-defined]
    return answer


def forget_statements(database: BaseDatabaseWrapper) -> None:
    """Have a connection plan each statement anew."""
    with database.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    vars(database).pop("prepared", None)
