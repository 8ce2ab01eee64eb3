"""What a product in an import must be: the same fields, and the same limits, as in the API."""

import re
from collections.abc import Mapping
from typing import Any

import marshmallow as ma

from markrin import errors, fields
from markrin.schemas import InputSchema
from products import schemas
from products.importing.drafts import Draft, Rejection
from products.models import ProductStatus
from products.schemas.products import MOST_IMAGES, MOST_VARIANTS, ProductFields


class ImportImage(InputSchema):
    """A link; a picture that the shop has already is not an import's to name."""

    url = fields.HttpsUrl(required=True)
    alt_text = fields.Text(max=200, min=0, load_default="")


class ImportVariant(schemas.CreateVariant):
    from_text = True


class ImportProduct(ProductFields):
    """A product as the API takes it, but that its values are text and its category the names from the root down."""

    from_text = True

    class Meta(ProductFields.Meta):
        exclude = ("category_id",)

    category = fields.List(fields.Text(max=80), min=1, max=8, required=True)
    status = fields.Enum(ProductStatus, load_default=ProductStatus.PUBLISHED)
    images = fields.List(fields.Nested(ImportImage), max=MOST_IMAGES, load_default=list)
    variants = fields.List(fields.Nested(ImportVariant), min=1, max=MOST_VARIANTS, required=True)

    @ma.validates_schema
    def _variants_differ(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        skus: set[str] = set()
        looks: set[tuple[str, str]] = set()
        for index, variant in enumerate(data.get("variants", ())):
            sku, look = variant["sku"], (variant["size"], variant["color"])
            if sku in skus:
                raise _at(index, "sku", "The product has this SKU twice.")
            if look in looks:
                raise _at(index, "size", "The product has this size and colour twice.")
            skus.add(sku)
            looks.add(look)


def _at(index: int, name: str, text: str) -> ma.ValidationError:
    return ma.ValidationError({"variants": {index: {name: [fields.Message("unique", text)]}}})


_schema = ImportProduct()
_IN_VARIANT = re.compile(r"/variants/(\d+)(?:/(\w+))?")


def validate(draft: Draft) -> list[Rejection]:
    """Read the draft's data in place, and return what is wrong with it: nothing, if it may be written."""
    try:
        draft.data = _schema.load(draft.data)
    except errors.Invalid as exc:
        return [_rejection(draft, error) for error in exc.errors]
    return []


def _rejection(draft: Draft, error: Mapping[str, str]) -> Rejection:
    line, name = draft.line, error["pointer"].split("/")[1] if error["pointer"] else ""
    if found := _IN_VARIANT.fullmatch(error["pointer"]):
        line = draft.lines[int(found[1])]
        name = found[2] or name
    return draft.reject(error["code"], error["message"], column=draft.columns.get(name, name), line=line)
