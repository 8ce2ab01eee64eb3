"""What goes out: names, money, times, pages, and bytes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from rest_framework import serializers

from markrin.api.pagination import CursorPage, Page
from markrin.api.renderers import JSONRenderer
from markrin.api.serializers import Money, Serializer, Timestamp, page_of
from tests.markrin.shopfront import OrderShape

U = UUID("0190b6f0-7000-7000-8000-00000000000a")


@dataclass
class Order:
    id: UUID
    grand_total: Decimal
    created_at: datetime
    lines: list[int]


ORDER = Order(
    U,
    Decimal(1299),
    datetime(2026, 1, 1, 5, 30, tzinfo=timezone(timedelta(hours=5.5))),
    [1, 2],
)
SHOWN = {
    "id": str(U),
    "grandTotal": "1299.00",
    "createdAt": "2026-01-01T00:00:00Z",
    "lineCount": 2,
}


def test_names_money_and_times() -> None:
    assert OrderShape(ORDER).data == SHOWN


class Part(Serializer):
    grand_total = Money()


class Deep(Serializer):
    """A field of every kind that finds its value in its own way."""

    plain_name = serializers.CharField()
    renamed = serializers.CharField(source="other")
    within = serializers.IntegerField(source="inner.number")
    whole = Part(source="*")
    nothing = serializers.CharField(allow_null=True)
    left_out = serializers.CharField(required=False)
    assumed = serializers.CharField(default="this")
    method = serializers.SerializerMethodField()
    choice = serializers.ChoiceField(choices=[("a", "A")])
    texts = serializers.ListField(child=serializers.CharField())

    def get_method(self, instance: Any) -> int:
        return 7


ROW = {
    "plain_name": "a",
    "other": "b",
    "inner": {"number": 3},
    "nothing": None,
    "choice": "a",
    "texts": ["b", 1, None],
    "grand_total": ORDER.grand_total,
}


def test_a_row_is_shown_as_drf_shows_it() -> None:
    shown = Deep(ROW).data
    assert shown == {
        "plainName": "a",
        "renamed": "b",
        "within": 3,
        "whole": {"grandTotal": "1299.00"},
        "nothing": None,
        "assumed": "this",
        "method": 7,
        "choice": "a",
        "texts": ["b", "1", None],
    }
    assert list(shown) == [
        "plainName",
        "renamed",
        "within",
        "whole",
        "nothing",
        "assumed",
        "method",
        "choice",
        "texts",
    ]
    assert serializers.Serializer.to_representation(Deep(), ROW) == shown
    assert Deep(ROW | {"left_out": "here", "assumed": None}).data == shown | {
        "leftOut": "here",
        "assumed": None,
    }


def _as_object(**changed: Any) -> SimpleNamespace:
    return SimpleNamespace(**(ROW | {"inner": SimpleNamespace(number=3)} | changed))


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"other": lambda: "b"},
        {"inner": {"number": 3}},
        {"inner": lambda: SimpleNamespace(number=3)},
        {"left_out": "here", "assumed": None},
        {"other": U},
        {"within": 4, "inner": SimpleNamespace(number=True)},
    ],
)
def test_an_object_is_shown_as_drf_shows_it(changed: dict[str, Any]) -> None:
    instance = _as_object(**changed)
    shown = Deep(instance).data
    assert serializers.Serializer.to_representation(Deep(), instance) == shown
    assert "leftOut" not in shown or "left_out" in changed


class Ids(Serializer):
    id = serializers.UUIDField()
    short = serializers.UUIDField(source="id", format="hex")


def test_an_id_is_shown_in_the_form_that_its_field_says() -> None:
    shown = {"id": str(U), "short": U.hex}
    assert Ids(ORDER).data == Ids({"id": U}).data == shown


@pytest.mark.parametrize("missing", ["plain_name", "other", "inner"])
def test_an_attribute_that_must_be_there_is_missed(missing: str) -> None:
    instance = _as_object()
    delattr(instance, missing)
    with pytest.raises(AttributeError, match="Original exception text"):
        _ = Deep(instance).data


@pytest.mark.parametrize("missing", ["plain_name", "other", "inner"])
def test_a_value_that_must_be_there_is_missed(missing: str) -> None:
    with pytest.raises(KeyError, match="Original exception text"):
        _ = Deep(
            {name: value for name, value in ROW.items() if name != missing}
        ).data


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("0", "0.00"),
        ("1.5", "1.50"),
        ("-2", "-2.00"),
        ("99999999.99", "99999999.99"),
    ],
)
def test_money_has_two_decimals(value: str, shown: str) -> None:
    assert Money().to_representation(Decimal(value)) == shown


def test_money_is_not_rounded_in_silence() -> None:
    with pytest.raises(ValueError):
        Money().to_representation(Decimal("1.005"))


def test_times_keep_their_microseconds() -> None:
    assert (
        Timestamp().to_representation(
            datetime(2026, 1, 1, 0, 0, 0, 120, tzinfo=UTC)
        )
        == "2026-01-01T00:00:00.000120Z"
    )


def test_pages() -> None:
    serializer: Any = page_of(OrderShape)
    assert page_of(OrderShape) is serializer
    assert serializer(Page([ORDER], 1, 1, 1, 12)).data == {
        "items": [SHOWN],
        "page": 1,
        "pages": 1,
        "total": 1,
        "limit": 12,
    }
    assert serializer(CursorPage([ORDER], None)).data == {
        "items": [SHOWN],
        "next": None,
    }


def test_bytes() -> None:
    render = JSONRenderer().render
    assert (
        render({"a": Decimal("1.50"), "b": U, "c": "\u00e9", 1: None})
        == f'{{"a":"1.50","b":"{U}","c":"\u00e9","1":null}}'.encode()
    )
    assert render(None) == b""
    with pytest.raises(TypeError):
        render({"a": object()})


def test_a_fault_in_an_objects_own_code_is_told() -> None:
    class Faulty:
        @property
        def kind(self) -> str:
            return {"paid": "Paid"}["lost"]

    class Shown(Serializer):
        kind = serializers.CharField(allow_null=True)

    with pytest.raises(KeyError, match="lost"):
        Shown.show(Faulty())
