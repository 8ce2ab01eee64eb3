"""What a product in an import must be: the same fields, and the same limits, as in the API."""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import marshmallow as ma

from markrin.api import errors, fields
from markrin.api.schemas import InputSchema
from products.importing.drafts import Draft, Rejection
from products.models import ProductStatus
from products.models.product import MAX_IMAGES, MAX_VARIANTS
from products.schemas.products import ImageUrl, ProductFields
from products.schemas.variants import MAX_PIECES, VariantFields


class ImportImage(InputSchema):
    """A link, or a picture that the product has already, as an export names it."""

    url = ImageUrl(required=True)
    alt_text = fields.Text(max=200, min=0, load_default="")


class ImportVariant(VariantFields):
    """A variant with its first pieces."""

    from_text = True
    stock = fields.Int(min=0, max=MAX_PIECES, load_default=0)

    def check(self, data: Mapping[str, object]) -> None:
        """Check the rules over several fields. Raises: marshmallow's ValidationError."""
        self._sale_is_whole(data)
        self._prices_together(data)


class ImportSeo(InputSchema):
    """What a search engine is to show."""

    title = fields.Text(max=120, min=0, load_default="")
    description = fields.Text(max=320, min=0, load_default="")


class ImportProduct(ProductFields):
    """A product as the API takes it, but that its values are text and its category the
    names from the root down.
    """

    from_text = True

    class Meta(ProductFields.Meta):
        exclude = ("category_id",)

    seo = fields.Nested(
        ImportSeo, load_default=lambda: {"title": "", "description": ""}
    )
    category = fields.List(fields.Text(max=80), min=1, max=8, required=True)
    status = fields.Enum(ProductStatus, load_default=ProductStatus.PUBLISHED)
    images = fields.List(fields.Nested(ImportImage), max=MAX_IMAGES, load_default=list)
    variants = fields.List(
        fields.Nested(ImportVariant), max=MAX_VARIANTS, required=True
    )

    def check(self, data: Mapping[str, Any]) -> None:
        """Check the rules over several fields. Raises: marshmallow's ValidationError."""
        self._sale_is_whole(data)
        for variant in data["variants"]:
            _variant_schema.check(variant)
        self._variants_differ(data)

    @ma.validates_schema
    def _variants_differ(self, data: Mapping[str, Any], **kwargs: object) -> None:
        skus: set[str] = set()
        looks: set[tuple[str, str]] = set()
        for index, variant in enumerate(data.get("variants", ())):
            sku, look = variant["sku"], (variant["size"], variant["color"])
            if sku in skus:
                raise _error_in_variant(index, "sku", "The product has this SKU twice.")
            if look in looks:
                raise _error_in_variant(
                    index, "size", "The product has this size and colour twice."
                )
            skus.add(sku)
            looks.add(look)


def _error_in_variant(index: int, name: str, text: str) -> ma.ValidationError:
    return ma.ValidationError(
        {"variants": {index: {name: [fields.Message("unique", text)]}}}
    )


class _FastLoader:
    """Reads by a schema's own fields, remembering what each made of a text: a catalogue
    says few things very often.

    For what has no error only: at the first it raises, and the schema itself has to say
    what is wrong."""

    def __init__(self, schema: ma.Schema, **inner: "_FastLoader") -> None:
        known: list[dict[str, object] | None] = [
            None if name in _RARELY_REPEATED else {} for name in schema.fields
        ]
        self._fields = {
            str(field.data_key): (name, field, memory, inner.get(name))
            for (name, field), memory in zip(schema.fields.items(), known, strict=True)
        }
        self._absent = {
            name: field.load_default
            for name, field in schema.fields.items()
            if field.load_default is not ma.missing
        }
        self._required = {
            name for name, field in schema.fields.items() if field.required
        }

    def load(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the data as the fields read it. Raises: KeyError, marshmallow's
        ValidationError.
        """
        read = {
            name: value() if callable(value) else value
            for name, value in self._absent.items()
        }
        for key, value in data.items():
            name, field, memory, inner = self._fields[key]
            if inner is not None:
                read[name] = (
                    [inner.load(each) for each in value]
                    if isinstance(value, list)
                    else inner.load(value)
                )
            elif memory is None or not isinstance(value, str):
                read[name] = field.deserialize(value)
            else:
                if value not in memory:
                    if len(memory) > _MAX_REMEMBERED:
                        memory.clear()
                    memory[value] = field.deserialize(value)
                read[name] = memory[value]
        if not self._required <= read.keys():
            raise KeyError
        return read


_RARELY_REPEATED = {
    "name",
    "slug",
    "description",
    "sku",
    "barcode",
    "url",
    "title",
}  # texts that hardly come twice
_MAX_REMEMBERED = 10_000
_schema = ImportProduct()
_variant_schema = ImportVariant()
_fast_loader = _FastLoader(
    _schema,
    seo=_FastLoader(ImportSeo()),
    variants=_FastLoader(ImportVariant()),
    images=_FastLoader(ImportImage()),
)
_IN_VARIANT = re.compile(r"/variants/(\d+)(?:/(\w+))?")


def validate_draft(draft: Draft) -> list[Rejection]:
    """Read the draft's data in place, and return what is wrong with it: nothing, if it may
    be written.
    """
    with suppress(KeyError, TypeError, ma.ValidationError):
        read = _fast_loader.load(draft.data)
        if len(read["variants"]) <= MAX_VARIANTS and len(read["images"]) <= MAX_IMAGES:
            _schema.check(read)
            draft.data = read
            return []
    try:
        draft.data = _schema.load(draft.data)
    except errors.Invalid as exc:
        return [_make_rejection(draft, error) for error in exc.errors]
    return []


def _make_rejection(draft: Draft, error: errors.FieldError) -> Rejection:
    line, name = draft.line, error["pointer"].split("/")[1] if error["pointer"] else ""
    if found := _IN_VARIANT.fullmatch(error["pointer"]):
        line = draft.lines[int(found[1])]
        name = found[2] or name
        if own := draft.columns.get(f"variants.{name}"):
            return draft.reject(error["code"], error["message"], column=own, line=line)
    return draft.reject(
        error["code"], error["message"], column=draft.columns.get(name, name), line=line
    )
