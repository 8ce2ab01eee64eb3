"""What comes in about size charts: whole tables, in centimetres."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from marshmallow import validates_schema

from markrin.api import fields
from markrin.api.schemas import InputSchema, Loaded, T


class Centimetres(fields.Money):
    """A length as a string with exactly one decimal, from "0.1" to "300.0"."""

    regex = re.compile(r"0\.[1-9]|(?:[1-9]|[1-9][0-9]|[12][0-9]{2})\.[0-9]|300\.0")
    message = 'This must be a length in centimetres such as "92.5", from "0.1" to "300.0".'

    def __init__(self, *, required: bool = False) -> None:
        super().__init__(min="0.1", max="300.0", required=required)

    def limits(self) -> fields.JSONSchema:
        return {
            "type": "string",
            "pattern": f"^(?:{self.regex.pattern})$",
            "description": "Centimetres.",
        }


@dataclass(frozen=True, kw_only=True)
class CmRange:
    """A measure in centimetres; of a single value, both ends are the same."""

    min: Decimal
    max: Decimal


class SizeRange(InputSchema[CmRange]):
    min = Centimetres(required=True)
    max = Centimetres(required=True)

    @validates_schema
    def _in_order(self, data: Mapping[str, Decimal], **kwargs: object) -> None:
        if "min" in data and "max" in data and data["min"] > data["max"]:
            raise fields.refuse("range", "This may not be below min.", "max")


@dataclass(frozen=True, kw_only=True)
class SizeMeasures:
    """A size with its measures, in the order of the table's columns."""

    size: str
    values: Sequence[CmRange]


class SizeRow(InputSchema[SizeMeasures]):
    size = fields.Text(max=20, required=True)
    values = fields.List(fields.Nested(SizeRange), min=1, max=20, required=True)


@dataclass(frozen=True, kw_only=True)
class SizeTable:
    """A whole size chart: a row for each size, in it a range for each measure."""

    title: str
    note: str
    measures: Sequence[str]
    rows: Sequence[SizeMeasures]


class SizeTableFields(InputSchema[T]):
    title = fields.Text(max=80, required=True)
    note = fields.Text(max=1000, min=0, multiline=True, load_default="")
    measures = fields.List(
        fields.Text(max=40), min=1, max=20, unique=True, required=True
    )
    rows = fields.List(fields.Nested(SizeRow), min=1, max=100, required=True)

    @validates_schema
    def _is_a_table(self, data: Loaded, **kwargs: object) -> None:
        if "measures" not in data or "rows" not in data:
            return
        rows: Sequence[SizeMeasures] = data["rows"]
        if len({row.size for row in rows}) < len(rows):
            raise fields.refuse("unique", "No size may have two rows.", "rows")
        if any(len(row.values) != len(data["measures"]) for row in rows):
            raise fields.refuse(
                "count", "Each row must have one value for each measure.", "rows"
            )


class ReplaceSizeChart(SizeTableFields[SizeTable]):
    """A whole table: a row for each size, in it a range for each measure."""


@dataclass(frozen=True, kw_only=True)
class NewSizeChart(SizeTable):
    """A size chart and the category that it is for."""

    category_id: UUID


class CreateSizeChart(SizeTableFields[NewSizeChart]):
    category_id = fields.Uuid(required=True)
