"""Whatever a schema accepts, the database accepts: a rule of the shop may refuse it, but never as a fault of ours."""

import os
import uuid

import marshmallow as ma
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from markrin import constraints, errors, fields
from tests.client import Client
from tests.fuzz import endpoints, examples, world

FULL = os.environ.get("FUZZ") == "full"
EXAMPLES = 60 if FULL else 3
WRITING = [one for one in endpoints.every() if one.stated.body or one.stated.upload]
READING = [one for one in endpoints.every() if one.stated.query]
TRIES = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def caller(db):
    """Return an admin's client, in a shop with a row of everything."""
    with world.settings():
        world.build()
        person = world.Person("staff")
        headers = person.headers()
        connection.check_constraints()
        yield Client(headers=headers)


@pytest.mark.parametrize("endpoint", WRITING, ids=str)
def test_what_a_body_s_schema_accepts_the_database_accepts(caller, endpoint):
    ids = world.Ids()
    schema = endpoint.stated.body or endpoint.stated.upload

    @TRIES
    @given(st.data())
    def accepts(data):
        body = data.draw(examples.valid(schema, ids, endpoint.route))
        files = any(isinstance(value, SimpleUploadedFile) for value in body.values())
        sent = {"files": _parts(body)} if files else {"json": body}
        _call(caller, endpoint.method, endpoint.path(ids), **sent)

    accepts()


@pytest.mark.parametrize("endpoint", READING, ids=str)
def test_what_a_query_s_schema_accepts_is_answered(caller, endpoint):
    ids = world.Ids()

    @TRIES
    @given(st.data())
    def answers(data):
        query = data.draw(examples.valid(endpoint.stated.query, ids, endpoint.route))
        _call(caller, endpoint.method, endpoint.path(ids), query=query)

    answers()


def _call(client, method, path, **sent):
    before = transaction.savepoint()  # not an atomic block, in which no service could begin a transaction of its own
    try:
        answer = client._send(method, path, {"Idempotency-Key": str(uuid.uuid4())}, **sent)
        assert answer.status_code < 500, (answer.status_code, sent)
        if answer.status_code >= 400:
            assert answer.json()["code"] in errors.ShopError.registry
        connection.check_constraints()  # those that a commit would look at
    finally:
        transaction.savepoint_rollback(before)


def _parts(body):
    for value in body.values():
        if isinstance(value, SimpleUploadedFile):
            value.seek(0)
    return {name: value for name, value in body.items() if value is not None}


def test_white_space_and_forbidden_characters_are_the_same_to_python_and_postgresql(db):
    with connection.cursor() as cursor:
        cursor.execute(
            r"""SELECT n, chr(n) ~ '\S', chr(n) ~ %s, chr(n) ~ %s FROM generate_series(1, 1114111) AS n
            WHERE n NOT BETWEEN 55296 AND 57343 AND NOT (chr(n) ~ '\S' AND chr(n) ~ %s AND chr(n) ~ %s)""",
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
