"""Statements that each connection plans once, run by libpq with no more of the driver around them
than has to be done each time.

What the driver does for statements that it prepares itself holds here, too: values go as their own
types, the statement that was not used for longest makes room, and a signal is heeded while
PostgreSQL is waited for. But a rollback leaves them planned here, as PostgreSQL does.

Several can be sent at once, and a transaction's BEGIN goes with its first statement: the way to
PostgreSQL and back costs as much as a small statement does.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import generators
from psycopg._queries import PostgresQuery
from psycopg.abc import PQGen
from psycopg.adapt import AdaptersMap, Transformer
from psycopg.errors import (
    FeatureNotSupported,
    InvalidSqlStatementName,
    error_from_result,
)
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.pq.abc import PGconn, PGresult
from psycopg.types.datetime import TimestamptzLoader

Params = Sequence[Any] | Mapping[str, Any]
_Call = tuple[bytes, Sequence[Any], Sequence[Any] | None]

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

    __slots__ = ("driver", "made", "names", "unsent", "values")

    def __init__(self, driver: "psycopg.Connection[Any]") -> None:
        self.driver = driver
        self.values = Transformer(_Adapters(driver))
        self.names: dict[tuple[str, tuple[int, ...]], bytes] = {}
        self.made = 0
        self.unsent: list[Answer] = []

    def send_unsent(self) -> None:
        """Send what is unsent, in one way, with the BEGIN of a transaction that Django has begun
        and PostgreSQL has not; read the answers. Raises: psycopg.Error.
        """
        answers, self.unsent = self.unsent, []
        calls = [answer.call for answer in answers]
        pgconn = self.driver.pgconn
        begins = (
            not self.driver.autocommit
            and pgconn.transaction_status == TransactionStatus.IDLE
        )
        try:
            if begins or len(calls) > 1:
                results = self._run_pipeline(calls, begins=begins)
            else:
                pgconn.send_query_prepared(*calls[0])
                results = self.await_results()
        except (FeatureNotSupported, InvalidSqlStatementName):
            self.names.clear()  # a column has another type since, or they are gone
            raise
        for answer, result in zip(answers, results, strict=True):
            answer.read_result(result)

    def _run_pipeline(
        self, calls: Sequence[_Call], *, begins: bool
    ) -> list[PGresult]:
        """Return what each statement returned. Of a connection that breaks off in the middle nobody
        knows what it has yet to say: it is closed.
        """
        pgconn = self.driver.pgconn
        try:
            pgconn.enter_pipeline_mode()
            if begins:
                pgconn.send_query_params(b"BEGIN", None)
            for call in calls:
                pgconn.send_query_prepared(*call)
            pgconn.pipeline_sync()
            results = self.driver.wait(_read_until_sync(pgconn))
            pgconn.exit_pipeline_mode()
        except BaseException:
            self.driver.close()
            raise
        self._refuse_errors(results)
        return results[begins:]

    def await_results(self) -> list[PGresult]:
        """Return what was answered to what has been sent. Raises: psycopg.Error."""
        results: list[PGresult] = self.driver.wait(
            generators.execute(self.driver.pgconn)
        )
        # a second one is what the commit found, where the statement is a transaction of its own
        self._refuse_errors(results)
        return results

    def _refuse_errors(self, results: Sequence[PGresult]) -> None:
        for result in results:
            if result.status not in {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}:
                raise error_from_result(result, encoding=self.driver.info.encoding)


def _read_until_sync(pgconn: PGconn) -> PQGen[list[PGresult]]:
    """Send what a pipeline holds, and return what each of its statements returned."""
    results = list[PGresult]()
    found = yield from generators.execute(pgconn)
    while found and found[-1].status != ExecStatus.PIPELINE_SYNC:
        results += found
        found = yield from generators.fetch_many(pgconn)
    return results


class Answer:
    """One statement and what it returned; a cursor, as far as Django's wrappers ask for one."""

    __slots__ = (
        "_is_last",
        "_prepared",
        "_query",
        "call",
        "connection",
        "result",
        "rowcount",
        "rows",
    )

    def __init__(self, prepared: _Prepared, *, is_last: bool) -> None:
        self._prepared = prepared
        self._is_last = is_last  # of those that are sent at once: it sends them
        self._query: _Reading | None = None  # what Django's log of queries shows
        self.call: _Call = (b"", (), None)
        self.connection = prepared.driver
        self.result: PGresult | None = None
        self.rows: list[tuple[Any, ...]] = []
        self.rowcount = -1

    def execute(self, sql: str, params: Params) -> None:
        """Run it, in a transaction where Django has begun one; as DB-API's cursors call it (PEP
        249), which Django's wrappers ask for. Of several at once the last one runs them all.
        Raises: psycopg.Error.
        """
        kept = self._prepared
        self._query = reading = _readings_of.get(sql) or self._read_statement(
            sql, params
        )
        given = PostgresQuery.validate_and_reorder_params(
            reading.parts, params, reading.order
        )
        values = kept.values.dump_sequence(given, reading.formats)
        key, formats = (sql, kept.values.types or ()), kept.values.formats
        if key not in kept.names and kept.unsent:
            # They may limit how long the transaction waits, which planning may do as well.
            kept.send_unsent()
        name = kept.names.pop(key, None) or self._prepare_statement(
            key, reading.query
        )
        kept.names[key] = name
        self.call = (name, values, formats)
        kept.unsent.append(self)
        if self._is_last:
            kept.send_unsent()

    def read_result(self, result: PGresult) -> None:
        """Read what PostgreSQL has returned."""
        self.result, values = result, self._prepared.values
        if result.status == ExecStatus.TUPLES_OK:
            values.set_pgresult(result)
            self.rows = values.load_rows(0, result.ntuples, tuple)
            values.set_pgresult(None)  # it may be large
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
            kept.await_results()
        kept.made += 1
        name = b"prepared_%d" % kept.made
        pgconn.send_prepare(name, query, key[1])
        kept.await_results()
        return name


def run_prepared(database: BaseDatabaseWrapper, sql: str, params: Params) -> Answer:
    """Run a statement under Django's wrappers, which count it and log it, planned by its first use
    on this connection. Not for a pooler in transaction mode. Raises: django.db.Error.
    """
    [answer] = run_together(database, [(sql, params)])
    return answer


def run_together(
    database: BaseDatabaseWrapper, statements: Sequence[tuple[str, Params]]
) -> list[Answer]:
    """Run several statements as `run_prepared` does, one after the other, but sent at once. After
    one that fails none is run. Django's log has the time and the error of all at the last one.
    """
    kept: _Prepared | None = vars(database).get("prepared")
    if kept is None or kept.driver is not database.connection:
        database.ensure_connection()
        kept = vars(database)["prepared"] = _Prepared(database.connection)
    kept.unsent.clear()  # a statement before them could not be read
    answers = [Answer(kept, is_last=False) for _ in statements[1:]]
    answers.append(Answer(kept, is_last=True))
    for answer, (sql, params) in zip(answers, statements, strict=True):
        database._prepare_cursor(answer).execute(sql, params)  # type: ignore[attr-defined]
    return answers


def forget_statements(database: BaseDatabaseWrapper) -> None:
    """Have a connection plan each statement anew."""
    with database.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    vars(database).pop("prepared", None)
