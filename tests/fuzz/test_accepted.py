"""Whatever a schema accepts, the database accepts: a rule of the shop may refuse it, but
never as a fault of ours.
"""

import os
import uuid
from collections import Counter, defaultdict
from functools import partial
from typing import Any

import marshmallow as ma
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from markrin.api import errors, fields
from markrin.db import constraints
from tests.client import Client
from tests.fuzz import endpoints, examples, inputs, sample_shop, table

FULL = os.environ.get("FUZZ") == "full"
EXAMPLES = 60 if FULL else 2
EVERY = 1 if FULL else 12  # each so manyth edge is tried
ALL = endpoints.every()
TRIES = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def caller(db, settings, tmp_path):
    """Return an admin's client, in a shop with a row of everything."""
    settings.MEDIA_ROOT = tmp_path  # a file outlives the transaction that is undone
    with sample_shop.settings():
        sample_shop.build()
        person = sample_shop.Person("staff")
        headers = person.headers()
        sample_shop.buy_and_review(person.user)
        connection.check_constraints()
        yield Client(headers=headers)


@pytest.fixture
def answers():
    """Return what came back, by endpoint; a full run prints it."""
    found: dict[str, Counter[int]] = defaultdict(Counter)
    yield found
    if FULL:
        print("", *table.lines("endpoint", found), sep="\n")


@pytest.mark.timeout(3600 if FULL else 600)
def test_what_a_body_s_schema_accepts_the_database_accepts(
    caller, answers, subtests
):
    taking = [one for one in ALL if one.stated.body or one.stated.upload]
    assert len(taking) > 40
    for endpoint in taking:
        ids = sample_shop.Ids()
        schema: Any = endpoint.stated.body or endpoint.stated.upload
        bodies = examples.valid(schema, ids, endpoint.route)
        with subtests.test(str(endpoint)):
            _each(bodies, partial(_send, caller, answers, endpoint, ids))
    if FULL:
        # Some take nothing made up: a token that the server gave out, or two ids in a path
        # that belong together.
        never = {
            name
            for name, counts in answers.items()
            if not any(status < 300 for status in counts)
        }
        print(
            f"\n{len(taking)} bodies; of these have answered no 2xx:",
            *sorted(never),
            sep="\n  ",
        )
        assert len(never) < len(taking) / 2


@pytest.mark.timeout(3600 if FULL else 600)
def test_what_a_query_s_schema_accepts_is_answered(caller, answers, subtests):
    for endpoint in ALL:
        if endpoint.stated.query:
            ids = sample_shop.Ids()
            queries = examples.valid(endpoint.stated.query, ids, endpoint.route)
            with subtests.test(str(endpoint)):
                _each(
                    queries,
                    lambda query, at=endpoint, ids=ids: _call(
                        caller, answers, at, ids, query=query
                    ),
                )


@pytest.mark.timeout(3600 if FULL else 600)
def test_what_is_at_the_edge_of_a_field_the_database_accepts(
    caller, answers, subtests
):
    for number, endpoint in enumerate(ALL):
        ids = sample_shop.Ids()
        tries = [
            (place, edge)
            for place, field in inputs.places(endpoint)
            for edge in examples.edges(field)
        ]
        with subtests.test(str(endpoint)):
            for place, edge in tries[number % EVERY :: EVERY]:
                _call(
                    caller,
                    answers,
                    endpoint,
                    ids,
                    json=inputs.changed(endpoint, ids, place, edge),
                )


def test_what_is_at_the_edge_of_a_header_the_database_accepts(
    caller, answers, subtests
):
    for endpoint in ALL:
        stated, ids = endpoint.stated.headers, sample_shop.Ids()
        for field in stated().fields.values() if stated else ():
            with subtests.test(f"{endpoint} {field.data_key}"):
                for value in examples.edges(field):
                    body = (
                        {"json": endpoint.body(ids)} if endpoint.stated.body else {}
                    )
                    _call(
                        caller,
                        answers,
                        endpoint,
                        ids,
                        headers={field.data_key: value},
                        **body,
                    )


def _each(strategy, call):
    @TRIES
    @given(st.data())
    def tried(data):
        call(data.draw(strategy))

    tried()


def _send(client, answers, endpoint, ids, body):
    files = any(isinstance(value, SimpleUploadedFile) for value in body.values())
    _call(
        client,
        answers,
        endpoint,
        ids,
        **({"files": _parts(body)} if files else {"json": body}),
    )


def _call(client, answers, endpoint, ids, **sent):
    """Send what a schema takes and look at the constraints as a commit would; nothing
    remains of it.
    """
    sent["headers"] = {
        "Idempotency-Key": str(uuid.uuid4()),
        **sent.get("headers", {}),
    }
    # Not an atomic block, in which no service could begin a transaction of its own.
    before = transaction.savepoint()
    try:
        answer = client._send(endpoint.method, endpoint.path(ids), **sent)
        answers[str(endpoint)][answer.status_code] += 1
        assert answer.status_code < 500, (answer.status_code, sent)
        if answer.status_code >= 400:
            assert answer.json()["code"] in errors.ShopError.registry
        connection.check_constraints()
    finally:
        transaction.savepoint_rollback(before)


def _parts(body):
    for value in body.values():
        if isinstance(value, SimpleUploadedFile):
            value.seek(0)
    return {name: value for name, value in body.items() if value is not None}


def test_white_space_and_forbidden_characters_are_the_same_to_python_and_postgresql(
    db,
):
    with connection.cursor() as cursor:
        cursor.execute(
            r"""SELECT n, chr(n) ~ '\S', chr(n) ~ %s, chr(n) ~ %s
                FROM generate_series(1, 1114111) AS n
            WHERE n NOT BETWEEN 55296 AND 57343 AND NOT (chr(n) ~ '\S' AND chr(n) ~ %s
                AND chr(n) ~ %s)""",
            [constraints._ONE_LINE, constraints._LINES] * 2,
        )
        different = cursor.fetchall()
    assert len(different) > 30
    line, lines = fields.Text(max=9), fields.Text(max=9, multiline=True)
    for number, seen, on_line, in_lines in different:
        character = chr(number)
        for field, allowed in ((line, on_line), (lines, in_lines)):
            for sent in (f"{character}a", f"a{character}", f"a{character}a"):
                kept = _kept(field, sent)
                if kept is None:
                    continue
                # Kept at an edge: PostgreSQL must see a character there; inside: it must allow it.
                assert character not in (kept[0], kept[-1]) or seen, hex(number)
                assert character not in kept or allowed, hex(number)


def _kept(field, sent):
    try:
        return field.deserialize(sent)
    except ma.ValidationError:
        return None


@pytest.mark.parametrize("length", [1, 20])
def test_composed_text_is_measured_as_it_is_stored(db, length):
    kept = fields.Text(max=40).deserialize("e\u0301" * length)
    with connection.cursor() as cursor:
        cursor.execute("SELECT length(%s)", [kept])
        assert cursor.fetchone() == (len(kept),) == (length,)
