"""Schemas load into frozen dataclasses, and the start-up check sees where the two differ."""

from dataclasses import FrozenInstanceError, dataclass
from decimal import Decimal

import pytest

from markrin.api import fields, schemas
from markrin.api.schema_types import find_differences
from markrin.api.unset import UNSET, Unset, sent_fields
from markrin.checks import check_schema


@dataclass(frozen=True, kw_only=True)
class Line:
    quantity: int


class AddLine(schemas.InputSchema[Line]):
    quantity = fields.Int(min=1, max=9, required=True)


@dataclass(frozen=True, kw_only=True)
class Cart:
    name: str
    first: Line | None = None
    lines: list[Line]
    note: str | None = None


class PutCart(schemas.InputSchema[Cart]):
    name = fields.Text(max=9, required=True)
    first = fields.Nested(AddLine)
    lines = fields.List(fields.Nested(AddLine), max=9, load_default=list)
    note = fields.Text(max=9, allow_none=True)


@dataclass(frozen=True, kw_only=True)
class CartChange:
    name: str | Unset = UNSET
    note: str | Unset | None = UNSET
    limit: Decimal | Unset = UNSET


class ChangeCart(schemas.PatchSchema[CartChange]):
    name = fields.Text(max=9, required=True)
    note = fields.Text(max=9, allow_none=True)
    limit = fields.Money()


def test_loads_into_frozen_dataclasses_nested_ones_too() -> None:
    cart = PutCart().load(
        {"name": "A", "first": {"quantity": 1}, "lines": [{"quantity": 2}]}
    )
    assert cart == Cart(
        name="A", first=Line(quantity=1), lines=[Line(quantity=2)], note=None
    )
    with pytest.raises(FrozenInstanceError):
        cart.name = "B"  # type: ignore[misc]  # that is what is tried


def test_a_patch_tells_what_was_not_sent_from_null() -> None:
    change = ChangeCart().load({"note": None})
    assert (change.name, change.note, change.limit) == (UNSET, None, UNSET)
    assert sent_fields(change) == {"note": None}


@pytest.mark.parametrize("schema", [AddLine, PutCart, ChangeCart])
def test_finds_no_difference_where_there_is_none(
    schema: type[schemas.Schema[object]],
) -> None:
    assert list(find_differences(schema())) == []


@dataclass(frozen=True, kw_only=True)
class Drifted:
    names: str = ""
    quantity: str
    first: Line
    lines: list[int]
    limit: Decimal | None = None


class Drift(schemas.InputSchema[Drifted]):
    name = fields.Text(max=9)
    quantity = fields.Int(min=1, max=9, required=True)
    first = fields.Nested(AddLine)
    lines = fields.List(fields.Nested(AddLine), max=9, required=True)
    limit = fields.Money(required=True)


def test_names_every_difference() -> None:
    assert list(find_differences(Drift())) == [
        "and Drifted differ: only Drift has `name`.",
        "and Drifted differ: only Drifted has `names`.",
        "may leave out Drifted.first, which then needs a default.",
        "loads Drifted.limit as Decimal, but it is declared as Decimal | NoneType.",
        f"loads Drifted.lines as list[{__name__}.Line], but it is declared as list[int].",
        "loads Drifted.quantity as int, but it is declared as str.",
    ]


def test_the_start_up_check_asks() -> None:
    assert [error.id for error in check_schema(Drift())] == ["markrin.E050"] * 6
    assert list(check_schema(PutCart())) == []


@dataclass
class Soft:
    name: str


class LoadsSoft(schemas.InputSchema[Soft]):
    name = fields.Text(max=9, required=True)


def test_a_dataclass_that_can_change_is_refused() -> None:
    assert list(find_differences(LoadsSoft())) == [
        "loads into Soft, which is no frozen dataclass."
    ]
