"""SQL by hand: statements that a connection plans once."""

import signal
import threading
from uuid import uuid4

import pytest
from django.db import (
    DataError,
    IntegrityError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    connection,
    transaction,
)
from django.test.utils import CaptureQueriesContext
from psycopg.types.json import Jsonb

from markrin.db import prepared as statements
from markrin.db import sql, transactions
from markrin.db.sql import fetch_prepared
from orders import cart_lines, cart_lookup
from orders.services import checkout
from products.services.stock import movements

SQL = "SELECT word, length(word) AS letters FROM planned WHERE word = %(word)s"

# pg_type.oid
BOOLEAN, BIGINT, TEXT, NUMERIC, UUID, UUIDS = 16, 20, 25, 1700, 2950, 2951
BYTEA, TEXTS, TIMESTAMP = 17, 1009, 1184


@pytest.fixture
def planned(transactional_db):
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE planned (word varchar(5)); INSERT INTO planned VALUES ('linen')"
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE planned")


@pytest.fixture
def session(planned):
    if connection.settings_dict["DISABLE_SERVER_SIDE_CURSORS"]:
        pytest.skip("behind a pooler nobody has one")


def prepared():
    """Return how often each statement that this connection keeps has been used."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans + custom_plans FROM pg_prepared_statements WHERE"
            " statement LIKE '%planned%'"
        )
        return [used for (used,) in cursor.fetchall()]


def alter(kind):
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute(f"ALTER TABLE planned ALTER COLUMN word TYPE {kind}")
    other.close()


def test_a_statement_is_kept_and_counted(session):
    with CaptureQueriesContext(connection) as asked:
        for _ in range(3):
            assert fetch_prepared(SQL, {"word": "linen"}) == [
                {"word": "linen", "letters": 5}
            ]
    assert fetch_prepared(SQL, {"word": "' OR true --"}) == []
    assert prepared() == [4]
    assert len(asked) == 3
    assert "FROM planned" in asked[0]["sql"]


def test_a_column_of_another_type_does_not_stop_it(session):
    assert fetch_prepared(SQL, {"word": "linen"})
    alter(
        "varchar(9)"
    )  # as a migration does while this process runs; PostgreSQL then refuses the statement
    assert fetch_prepared(SQL, {"word": "linen"}) == [
        {"word": "linen", "letters": 5}
    ]
    assert fetch_prepared(SQL, {"word": "linen"}) == [
        {"word": "linen", "letters": 5}
    ]
    assert prepared() == [1]


def test_within_a_transaction_the_refusal_stays_one(session):
    assert fetch_prepared(SQL, {"word": "linen"})
    alter("varchar(9)")
    with pytest.raises(NotSupportedError), transaction.atomic():
        fetch_prepared(SQL, {"word": "linen"})


def test_a_cast_keeps_the_type_within_a_transaction(session):
    cast = SQL.replace("SELECT word,", "SELECT word::text,")
    assert fetch_prepared(cast, {"word": "linen"})
    alter("varchar(9)")
    with transaction.atomic():
        assert fetch_prepared(cast, {"word": "linen"}) == [
            {"word": "linen", "letters": 5}
        ]


def _checkout_reads():
    """Yield what a checkout reads within its transaction, with parameters that find nothing."""
    for owner in (cart_lookup._BY_ID, cart_lookup._BY_USER):
        lines = cart_lines._format_sql(cart_lines._LINES, owner)
        yield lines, {"owner": uuid4()}
        yield (
            cart_lookup._cart_sql(owner, transactions.LIMITS_SQL),
            {"owner": uuid4(), "currency": "INR"},
        )
    yield movements._LOCK_LEVELS, [[uuid4()]]
    yield movements._ENTER, [Jsonb([])]
    yield checkout._ADDRESS, [uuid4(), uuid4()]


def test_what_a_checkout_reads_has_types_that_no_wider_column_changes(db):
    for statement, params in _checkout_reads():
        with connection.cursor() as cursor:
            cursor.execute(statement, params)
            for column in cursor.description:
                assert (
                    column.type_code,
                    column.display_size,
                    column.precision,
                ) in {
                    (oid, None, None)
                    for oid in (
                        *(BIGINT, TEXT, NUMERIC, BOOLEAN, UUID, UUIDS),
                        *(TEXTS, BYTEA, TIMESTAMP),
                    )
                }, column.name


def test_a_pooler_in_between_keeps_no_statement(planned, monkeypatch):
    monkeypatch.setitem(
        connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True
    )
    assert fetch_prepared(SQL, {"word": "linen"}) == [
        {"word": "linen", "letters": 5}
    ]
    assert prepared() == []


def test_of_many_statements_not_all_are_remembered(db, monkeypatch):
    monkeypatch.setattr(sql, "MAX_KEPT", 3)
    monkeypatch.setattr(statements, "MAX_READ", 3)
    for number in range(10):
        [row] = fetch_prepared(f"SELECT %s::int + {number} AS found", [7])
        assert row == {"found": 7 + number}
        assert len(statements._readings_of) <= 3 >= len(sql._names_of)


def test_a_connection_keeps_the_statements_that_were_used_last(
    session, monkeypatch
):
    monkeypatch.setattr(statements, "MAX_PREPARED", 2)
    connection.close()
    word = {"word": "linen"}
    for kind in ("first", "second", "first", "third"):
        text = SQL.replace("word, ", f"'{kind}' AS kind, ")
        assert fetch_prepared(text, word) == [{"kind": kind, "letters": 5}]
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        kept = {text.split("'")[1] for (text,) in cursor.fetchall()}
    assert kept == {"first", "third"}


def test_a_rollback_and_a_refused_statement_leave_it_planned(session):
    write = "INSERT INTO planned VALUES (%(word)s) RETURNING word"
    with transaction.atomic():
        assert fetch_prepared(write, {"word": "silk"}) == [{"word": "silk"}]
        transaction.set_rollback(True)
    with pytest.raises(DataError):
        fetch_prepared(write, {"word": "too long for it"})
    assert sql.execute_prepared(write, {"word": "wool"}) == 1
    assert sql.fetch_all("SELECT word FROM planned ORDER BY 1") == [
        {"word": "linen"},
        {"word": "wool"},
    ]
    assert len(prepared()) == 1


def test_statements_that_somebody_else_has_dropped_are_planned_anew(session):
    assert fetch_prepared(SQL, {"word": "linen"})
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    with pytest.raises(ProgrammingError, match="does not exist"):
        fetch_prepared(SQL, {"word": "linen"})
    assert fetch_prepared(SQL, {"word": "linen"})
    assert prepared() == [1]


def test_what_only_the_commit_finds_is_raised(session):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE planned ADD PRIMARY KEY (word)")
        cursor.execute(
            "CREATE TABLE sewn (word varchar(5) REFERENCES planned DEFERRABLE INITIALLY DEFERRED)"
        )
    try:
        with pytest.raises(IntegrityError, match="foreign key"):
            sql.execute_prepared("INSERT INTO sewn VALUES (%s)", ["silk"])
        assert sql.execute_prepared("INSERT INTO sewn VALUES (%s)", ["linen"]) == 1
        assert sql.fetch_all("SELECT word FROM sewn") == [{"word": "linen"}]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE sewn")


def test_a_statement_that_made_room_may_be_gone_already(session, monkeypatch):
    monkeypatch.setattr(statements, "MAX_PREPARED", 1)
    assert fetch_prepared(SQL, {"word": "linen"})
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    with pytest.raises(ProgrammingError, match="does not exist"):
        fetch_prepared("SELECT 1 AS one")
    assert fetch_prepared("SELECT 1 AS one") == [{"one": 1}]  # once is enough


def _query(text, *params):
    return sql.Query(text, params, list)


ADD = "INSERT INTO planned VALUES (%s) RETURNING word::text"
ALL = "SELECT word::text FROM planned ORDER BY 1"


def test_two_are_sent_at_once_and_the_second_sees_the_first(session):
    for word in ("silk", "wool"):
        with CaptureQueriesContext(connection) as asked, transaction.atomic():
            added, found = sql.fetch_together(_query(ADD, word), _query(ALL))
            assert connection.connection.info.transaction_status.name == "INTRANS"
        assert added == [{"word": word}]
        assert {"word": word} in found
        assert [each["sql"].split()[0] for each in asked] == [
            *("BEGIN", "INSERT", "SELECT", "COMMIT")
        ]
    assert len(fetch_prepared(ALL)) == 3
    with transaction.atomic():
        *_, found = sql.fetch_together(
            _query("DELETE FROM planned"), _query(ADD, "felt"), _query(ALL)
        )
    assert found == [{"word": "felt"}]


@pytest.mark.parametrize("turn", [1, -1])
def test_where_one_of_two_is_refused_neither_has_been_run(session, turn):
    wrong, right = _query(ADD, "too long for it"), _query(ADD, "silk")
    for _ in range(2):
        with pytest.raises(DataError, match="too long"), transaction.atomic():
            sql.fetch_together(*(wrong, right)[::turn])
        assert fetch_prepared(ALL) == [{"word": "linen"}]
    with pytest.raises(ProgrammingError), transaction.atomic():
        sql.fetch_together(*(right, _query("SELECT nothing"))[::turn])
    assert fetch_prepared(ALL) == [{"word": "linen"}]


def test_the_second_sees_what_the_first_has_waited_for(session):
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("BEGIN; UPDATE planned SET word = 'felt'")

        def commit():
            cursor.execute("INSERT INTO planned VALUES ('silk'); COMMIT")

        later = threading.Timer(0.3, commit)
        later.start()
        with transaction.atomic():
            locked, found = sql.fetch_together(
                _query("SELECT word::text FROM planned FOR UPDATE"), _query(ALL)
            )
        later.join()
    other.close()
    assert locked == [{"word": "felt"}]
    assert found == [{"word": "felt"}, {"word": "silk"}]


def test_a_signal_is_heeded_while_two_are_waited_for(session):
    main = threading.get_ident()
    threading.Timer(0.3, signal.pthread_kill, [main, signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        sql.fetch_together(
            _query("SELECT 1 AS one FROM pg_sleep(%s)", 20), _query(ALL)
        )
    assert fetch_prepared(ALL) == [{"word": "linen"}]


def test_two_that_only_read_are_asked_anew_over_another_connection(
    ended_connection,
):
    one = _query("SELECT 1 AS one")
    assert sql.fetch_together(one, one) == ([{"one": 1}], [{"one": 1}])


def test_two_are_not_asked_anew_where_they_write_or_within_a_transaction(
    ended_connection,
):
    one, other = _query("SELECT 1 AS one"), _query("DELETE FROM nothing")
    with pytest.raises(OperationalError):
        sql.fetch_together(one, other)
    with pytest.raises(OperationalError), transaction.atomic():
        sql.fetch_together(one, one)


def test_rows_without_columns_are_rows(planned):
    nameless = "SELECT FROM planned"
    assert sql.fetch_all(nameless) == fetch_prepared(nameless) == [{}]


def test_behind_a_pooler_two_are_asked_one_by_one(planned, monkeypatch):
    monkeypatch.setitem(
        connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True
    )
    with transaction.atomic():
        gone, added, found = sql.fetch_together(
            _query("DELETE FROM planned"), _query(ADD, "silk"), _query(ALL)
        )
    assert (gone, added, found) == ([], [{"word": "silk"}], [{"word": "silk"}])
    assert prepared() == []


def test_values_are_read_as_django_reads_them(db):
    text = """
        SELECT now() AS time, ARRAY[timestamptz '2020-02-29 23:30:00.5+05:30', NULL] AS times,
            tstzrange(now(), NULL) AS range, NULL::timestamptz AS none, date '2020-02-29' AS day,
            jsonb '{"a": 1}' AS jsonb, json '{"a": 1}' AS json, inet '::1' AS address,
            interval '25 hours' AS while, 1.50::numeric AS price, %s::uuid AS id, %s AS number
    """
    given = [uuid4(), 2**40]
    [ours], [django] = fetch_prepared(text, given), sql.fetch_all(text, given)
    assert ours == django
    assert {name: type(value) for name, value in ours.items()} == {
        name: type(value) for name, value in django.items()
    }
    assert ours["time"].tzinfo is django["time"].tzinfo


def test_a_signal_is_heeded_while_a_statement_is_waited_for(session):
    main = threading.get_ident()
    threading.Timer(0.3, signal.pthread_kill, [main, signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        fetch_prepared("SELECT 1 AS one FROM pg_sleep(%s)", [20])
    assert fetch_prepared(SQL, {"word": "linen"})  # the statement was cancelled


@pytest.fixture
def ended_connection(transactional_db):
    """End this connection as a restart of the server does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    other.close()
    yield
    connection.close()


def test_what_only_reads_outlives_the_connection_that_was_kept(ended_connection):
    assert sql.fetch_prepared("SELECT %s::int AS one", [1]) == [{"one": 1}]


@pytest.mark.parametrize(
    "text",
    [
        "WITH gone AS (DELETE FROM heartbeat RETURNING name) SELECT name FROM gone",
        "SELECT name FROM heartbeat FOR UPDATE",
    ],
)
def test_what_writes_or_locks_is_not_sent_twice(ended_connection, text):
    with pytest.raises(OperationalError):
        sql.fetch_prepared(text)


def fetch_two(text: str) -> object:
    first, second = (sql.Query(text, (), list) for _ in range(2))
    return sql.fetch_together(first, second)


@pytest.mark.parametrize("fetch", [sql.fetch_prepared, fetch_two])
def test_what_took_too_long_is_not_asked_again(transactional_db, fetch):
    with connection.cursor() as cursor:
        cursor.execute("CREATE SEQUENCE asked")
        cursor.execute("SET statement_timeout = '100ms'")
    try:
        with pytest.raises(OperationalError):
            fetch("SELECT nextval('asked') AS number, pg_sleep(20) AS slept")
    finally:
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute("SELECT last_value FROM asked")
            times = cursor.fetchone()
            cursor.execute("DROP SEQUENCE asked")
    assert times == (1,)


@pytest.mark.parametrize("fetch", [sql.fetch_prepared, fetch_two])
def test_a_server_that_is_away_is_not_waited_for_twice(
    transactional_db, monkeypatch, fetch
):
    connection.close()
    connect, tries = connection.get_new_connection, []

    def count_tries(params):
        tries.append(params)
        return connect(params)

    with monkeypatch.context() as patched:
        patched.setitem(connection.settings_dict, "HOST", "/nowhere")
        patched.setattr(connection, "get_new_connection", count_tries)
        with pytest.raises(OperationalError):
            fetch("SELECT 1 AS one")
    assert len(tries) == 1
