"""What comes in about categories and size charts."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from marshmallow import validates_schema

from markrin.api import fields
from markrin.api.schemas import InputSchema, PatchSchema


class CreateCategory(InputSchema):
    name = fields.Text(max=80, required=True)
    slug = fields.Slug()
    description = fields.Text(max=2000, min=0, multiline=True, load_default="")
    parent_id = fields.Uuid(allow_none=True, load_default=None)
    position = fields.Int(min=0, max=32_767, load_default=0)
    tax_percent = fields.Percent(allow_none=True, load_default=None)


class UpdateCategory(PatchSchema, CreateCategory):
    pass


class UploadCategoryImage(InputSchema):
    file = fields.Image(
        max_bytes=10 * 1024 * 1024, max_pixels=40_000_000, required=True
    )


class Centimetres(fields.Money):
    """A length as a string with exactly one decimal, from "0.1" to "300.0"."""

    form = re.compile(r"0\.[1-9]|(?:[1-9]|[1-9][0-9]|[12][0-9]{2})\.[0-9]|300\.0")
    says = 'This must be a length in centimetres such as "92.5", from "0.1" to "300.0".'

    def __init__(self, **kw: Any):
        super().__init__(min="0.1", max="300.0", **kw)

    def limits(self) -> fields.JSONSchema:
        return {
            "type": "string",
            "pattern": f"^(?:{self.form.pattern})$",
            "description": "Centimetres.",
        }


class SizeRange(InputSchema):
    min = Centimetres(required=True)
    max = Centimetres(required=True)

    @validates_schema
    def _in_order(self, data: Mapping[str, Decimal], **kwargs: Any) -> None:
        if "min" in data and "max" in data and data["min"] > data["max"]:
            raise fields.refuse("range", "This may not be below min.", "max")


class SizeRow(InputSchema):
    size = fields.Text(max=20, required=True)
    values = fields.List(fields.Nested(SizeRange), min=1, max=20, required=True)


class ReplaceSizeChart(InputSchema):
    """A whole table: a row for each size, in it a range for each measure."""

    title = fields.Text(max=80, required=True)
    note = fields.Text(max=1000, min=0, multiline=True, load_default="")
    measures = fields.List(
        fields.Text(max=40), min=1, max=20, unique=True, required=True
    )
    rows = fields.List(fields.Nested(SizeRow), min=1, max=100, required=True)

    @validates_schema
    def _is_a_table(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        if "measures" not in data or "rows" not in data:
            return
        if len({row["size"] for row in data["rows"]}) < len(data["rows"]):
            raise fields.refuse("unique", "No size may have two rows.", "rows")
        if any(len(row["values"]) != len(data["measures"]) for row in data["rows"]):
            raise fields.refuse(
                "count", "Each row must have one value for each measure.", "rows"
            )


class CreateSizeChart(ReplaceSizeChart):
    category_id = fields.Uuid(required=True)
