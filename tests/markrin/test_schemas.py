"""The bases: unknown names, places of errors, patches, paging."""

from typing import Any

import marshmallow as ma
import pytest

from markrin.api import errors, fields, schemas


class Inner(schemas.InputSchema):
    a_number = fields.Int(min=0, max=9, required=True)


class Outer(schemas.InputSchema):
    first_name = fields.Text(max=10, required=True)
    inner = fields.Nested(Inner, allow_none=True)
    many = fields.List(fields.Nested(Inner), max=3)
    low = fields.Int(min=0, max=9, load_default=1)
    high = fields.Int(min=0, max=9)

    @ma.validates_schema
    def _ordered(self, data: dict[str, Any], **kwargs: Any) -> None:
        if data["low"] > data.get("high", 9):
            raise fields.refuse("order", "This must not be below `low`.", "high")


class Change(schemas.PatchSchema):
    first_name = fields.Text(max=10, required=True)
    low = fields.Int(min=0, max=9, load_default=1)


def refused(schema: type[schemas.Schema[Any]], data: Any) -> list[tuple[str, str]]:
    """Return place and code of everything that is wrong with `data`."""
    with pytest.raises(errors.Invalid) as caught:
        schema().load(data)
    return [
        (e.get("pointer", e.get("parameter", e.get("header", "?"))), e["code"])
        for e in caught.value.errors
    ]


def test_reads_camel_case_into_snake_case_and_leaves_out_what_was_not_sent() -> (
    None
):
    assert Outer().load({"firstName": "A", "inner": {"aNumber": 1}}) == {
        "first_name": "A",
        "inner": {"a_number": 1},
        "low": 1,
    }
    assert Outer().load({"firstName": "A", "inner": None})["inner"] is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, [("/firstName", "required")]),
        (
            {"first_name": "A"},
            [("/firstName", "required"), ("/first_name", "unknown")],
        ),
        (
            {"firstName": "A", "zz": 1, "a/b~": {}},
            [("/a~1b~0", "unknown"), ("/zz", "unknown")],
        ),
        ({"firstName": "A", "inner": []}, [("/inner", "type")]),
        ({"firstName": "A", "inner": {}}, [("/inner/aNumber", "required")]),
        (
            {"firstName": "A", "inner": {"aNumber": 1, "x": 2}},
            [("/inner/x", "unknown")],
        ),
        (
            {"firstName": "A", "many": [{"aNumber": 1}, {"aNumber": "1"}, 5]},
            [("/many/1/aNumber", "type"), ("/many/2", "type")],
        ),
        ({"firstName": "A", "low": 5, "high": 4}, [("/high", "order")]),
        ({"firstName": "A", "x" * 500: 1}, [("/" + "x" * 100, "unknown")]),
        ({"firstName": "A", "_schema": 1}, [("", "unknown")]),
    ],
)
def test_refuses_with_every_place(
    data: Any, expected: list[tuple[str, str]]
) -> None:
    assert refused(Outer, data) == expected


def test_a_patch_takes_any_field_but_not_none() -> None:
    assert Change().load({"firstName": "B"}) == {"first_name": "B"}
    assert refused(Change, {}) == [("", "empty")]
    assert refused(Change, {"firstName": None}) == [("/firstName", "null")]


def test_empty_is_exactly_empty() -> None:
    assert schemas.Empty().load({}) == {}
    assert refused(schemas.Empty, {"a": 1}) == [("/a", "unknown")]


def test_paging_has_defaults() -> None:
    assert schemas.PageQuery().load({}) == {"page": 1, "limit": 12, "cursor": None}
    assert schemas.PageQuery().load({"cursor": "", "limit": "100"}) == {
        "page": 1,
        "limit": 100,
        "cursor": "",
    }
    assert schemas.PageQuery().load({"page": "3", "cursor": "a"}) == {
        "page": 3,
        "limit": 12,
        "cursor": "a",
    }
    assert refused(schemas.PageQuery, {"page": "0", "limit": "101"}) == [
        ("limit", "range"),
        ("page", "range"),
    ]
    assert refused(schemas.PageQuery, {"cursor": "a+b"}) == [("cursor", "format")]


def test_headers_are_named_as_in_http() -> None:
    assert schemas.CartHeaders().load(
        {"X-Cart-Token": "abc"}
    ) == schemas.CartHeader(x_cart_token="abc")
    assert refused(schemas.IdempotencyHeaders, {"Idempotency-Key": "a b"}) == [
        ("Idempotency-Key", "format")
    ]


def test_a_hundred_errors_at_most_are_told() -> None:
    with pytest.raises(errors.Invalid) as caught:
        schemas.Empty().load({f"k{n}": 1 for n in range(300)})
    document: Any = caught.value.document("r")
    assert len(document["errors"]) == 100
