"""Whatever goes wrong below /api/ is answered by a problem document that tells nothing of
the inside.
"""

import time
from typing import Any

import psycopg
import pytest
import structlog
from django.db import (
    DatabaseError,
    IntegrityError,
    OperationalError,
    connection,
    transaction,
)
from django.test import override_settings

from markrin.api import errors, problems
from tests.client import Client
from tests.markrin.test_operations import problem

ANSWERS: list[tuple[str, int, str]] = [
    ("shop", 409, "conflict"),
    ("http404", 404, "not_found"),
    ("denied", 403, "forbidden"),
    ("suspicious", 400, "bad_request"),
    ("throttled", 429, "rate_limited"),
    ("unauthenticated", 401, "token_missing"),
    ("authentication", 401, "token_invalid"),
    ("drf404", 404, "not_found"),
    ("drf-validation", 400, "bad_request"),
    ("drf-parse", 400, "bad_request"),
    ("drf-500", 500, "internal_error"),
    ("database", 503, "unavailable"),
    ("integrity", 500, "internal_error"),
    ("bug", 500, "internal_error"),
]


@pytest.mark.parametrize(("raised", "status", "code"), ANSWERS)
def test_answers_whatever_is_raised(
    front: Client, raised: str, status: int, code: str
) -> None:
    response = front.get(f"/api/raise/{raised}")
    assert problem(response) == (status, code)
    assert b"secret" not in response.content


@pytest.mark.asvs("16.5.1")
def test_the_document_and_its_headers(front: Client) -> None:
    response = front.get("/api/raise/shop")
    found = response.json()
    assert found.pop("requestId")
    assert found == {
        "newTotal": "1.00",
        "type": "/api/errors/conflict",
        "title": errors.Conflict.message,
        "status": 409,
        "detail": "Twice.",
        "code": "conflict",
    }
    assert response.headers["X-Why"] == "race"
    assert front.get("/api/raise/throttled").headers["Retry-After"] == "3"
    assert front.get("/api/raise/database").headers["Retry-After"] == "1"
    assert (
        front.get("/api/raise/authentication")
        .headers["WWW-Authenticate"]
        .startswith("Bearer")
    )


@pytest.mark.asvs("16.3.4")
def test_the_unexpected_is_logged_once_and_the_expected_not(front: Client) -> None:
    with structlog.testing.capture_logs() as logs:
        bug = front.get("/api/raise/bug")
        front.get("/api/raise/shop")
    (entry,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert entry["event"] == "request.failed"
    assert isinstance(entry["exc_info"], ZeroDivisionError)
    assert entry["request_id"] == bug.json()["requestId"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "bad_request"),
        (403, "forbidden"),
        (404, "not_found"),
        (405, "method_not_allowed"),
        (429, "rate_limited"),
        (418, "bad_request"),
        (500, "internal_error"),
        (502, "internal_error"),
        (503, "unavailable"),
    ],
)
def test_another_s_page_becomes_a_problem_document(
    front: Client, status: int, code: str
) -> None:
    response = front.get(f"/api/plain?status={status}")
    assert problem(response)[1] == code
    assert response.headers["Allow"] == "GET"
    assert b"secret" not in response.content
    assert (
        front.get(f"/plain?status={status}")
        .headers["Content-Type"]
        .startswith("text/html")
    )


@pytest.mark.parametrize("debug", [False, True])
def test_no_view_no_host_no_middleware(front: Client, debug: bool) -> None:
    with override_settings(DEBUG=debug, ALLOWED_HOSTS=["testserver"]):
        assert problem(front.get("/api/nothing")) == (404, "not_found")
        assert problem(front.get("/api/breaking")) == (500, "internal_error")
        assert problem(
            front.get("/api/orders", headers={"Host": "evil.example"})
        ) in (
            (400, "bad_request"),
            (200, ""),
        )


def test_outside_the_api_pages_are_pages(front: Client) -> None:
    response = front.get("/nothing")
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")


@pytest.fixture
def unique_table(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE once (n int CONSTRAINT once_only UNIQUE) ON COMMIT DROP"
        )
        cursor.execute("INSERT INTO once VALUES (1)")


@pytest.mark.usefixtures("unique_table")
def test_a_race_that_only_a_constraint_sees_is_answered_as_mapped() -> None:
    with pytest.raises(IntegrityError) as caught, connection.cursor() as cursor:
        cursor.execute("INSERT INTO once VALUES (1)")
    assert isinstance(caught.value.__cause__, psycopg.errors.UniqueViolation)
    assert problems.match_refusal(caught.value) is None
    errors.map_constraint("once_only", lambda: errors.Conflict("Once only."))
    found: Any = problems.match_refusal(caught.value)
    assert (found.code, found.detail) == ("conflict", "Once only.")


def test_a_lock_that_is_not_given_is_unavailable(transactional_db: None) -> None:
    with psycopg.connect(**_dsn()) as other:
        other.execute("SELECT pg_advisory_xact_lock(4711)")
        with (
            pytest.raises(OperationalError) as caught,
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                "SET LOCAL lock_timeout = '50ms'; SELECT pg_advisory_xact_lock(4711)"
            )
    found: Any = problems.match_refusal(caught.value)
    assert (found.status, found.headers) == (503, {"Retry-After": "1"})


def _dsn() -> dict[str, Any]:
    given = connection.get_connection_params()
    return {
        key: given[key]
        for key in ("dbname", "user", "password", "host", "port")
        if given.get(key)
    }


@pytest.mark.django_db(transaction=True)
def test_a_session_that_the_server_ends_for_its_silence_is_unavailable() -> None:
    """As after a cut in the network, or where the process was stopped for a while."""
    with pytest.raises(DatabaseError) as ended:
        _be_silent()
    connection.close()
    found = problems.match_refusal(ended.value)
    assert isinstance(found, errors.Unavailable)


@transaction.atomic
def _be_silent() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 10")
    time.sleep(0.3)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def test_a_code_belongs_to_one_class() -> None:
    with pytest.raises(TypeError, match=r"markrin\.api\.errors\.NotFound"):
        type(
            "Other",
            (errors.ShopError,),
            {"status": 404, "code": "not_found", "message": "x"},
        )
    assert errors.ShopError.registry["not_found"] is errors.NotFound
