"""What a product in an import must be: the same fields, and the same limits, as in the API."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from markrin import errors, fields
from products import schemas
from products.importing.drafts import Draft, Rejection
from products.schemas.products import ProductFields

SEPARATOR = "|"


class ImportImage(ma.Schema):
    pass


class ImportVariant(schemas.CreateVariant):
    from_text = True


class ImportProduct(ProductFields):
    """A product with its variants, as text."""

    from_text = True

    class Meta(ProductFields.Meta):
        exclude = ("category_id",)

    category = fields.List(fields.Text(max=80), min=1, max=8, required=True)
    variants = fields.List(fields.Nested(ImportVariant), min=1, max=200, required=True)

    @ma.validates_schema
    def _variants_differ(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        variants = data.get("variants", [])
        for index, variant in enumerate(variants):
            for other in variants[:index]:
                if other["sku"] == variant["sku"]:
                    raise fields.refuse("unique", "The product has this SKU twice.", f"variants.{index}.sku")
