"""What a product in an import may be: the same fields, and the same limits, as in the API, but
that every field may be missing: what a file does not say does not change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import marshmallow as ma

from markrin.api import fields
from markrin.api.schemas import InputSchema, Loaded, PatchSchema
from markrin.api.unset import UNSET, Unset, sent_fields
from products.models import Gender, InventoryPolicy, ProductStatus
from products.models.product import MAX_IMAGES, MAX_VARIANTS
from products.schemas.products import ImageUrl, ProductFields
from products.schemas.variants import MAX_PIECES, StockFields


@dataclass(frozen=True, kw_only=True)
class ImportedImage:
    """A link, or a picture that the product has already, as an export names it."""

    url: str
    alt_text: str = ""
    color: str = ""


class ImportImage(InputSchema[ImportedImage]):
    url = ImageUrl(required=True)
    alt_text = fields.Text(max=200, min=0, load_default="")
    color = fields.Text(max=40, min=0, load_default="")


@dataclass(frozen=True, kw_only=True)
class ImportedVariant:
    """A variant as a file has it; `stock` are the first pieces of a new one."""

    sku: str
    size: str | Unset = UNSET
    color: str | Unset = UNSET
    base_price: Decimal | Unset | None = UNSET
    sale_price: Decimal | Unset | None = UNSET
    sale_starts_at: datetime | Unset | None = UNSET
    sale_ends_at: datetime | Unset | None = UNSET
    barcode: str | Unset = UNSET
    weight_g: int | Unset | None = UNSET
    hs_code: str | Unset = UNSET
    origin_country: str | Unset = UNSET
    bin_location: str | Unset = UNSET
    cost_price: Decimal | Unset | None = UNSET
    stock: int | Unset = UNSET
    inventory_policy: InventoryPolicy | Unset = UNSET


class ImportVariant(PatchSchema[ImportedVariant], StockFields[ImportedVariant]):
    from_text = True
    stock = fields.Int(min=0, max=MAX_PIECES)
    inventory_policy = fields.Enum(InventoryPolicy)

    def on_bind_field(
        self, field_name: str, field_obj: ma.fields.Field[Any]
    ) -> None:
        super().on_bind_field(field_name, field_obj)
        field_obj.required = field_name == "sku"

    def check(self, data: Mapping[str, object]) -> None:
        """Check the rules over several fields. Raises: marshmallow's ValidationError."""
        self._sale_is_whole(data)
        self._prices_together(data)
        self._uncounted_is_none(data)


@dataclass(frozen=True, kw_only=True)
class ImportedProduct:
    """A product as a file has it. `category` are the names from the root down, `also_in` those of
    each further category, in no order.
    """

    name: str | Unset = UNSET
    slug: str | Unset = UNSET
    description: str | Unset = UNSET
    category: Sequence[str] | Unset = UNSET
    also_in: Sequence[Sequence[str]] | Unset = UNSET
    brand: str | Unset = UNSET
    collection: str | Unset = UNSET
    gender: Gender | Unset = UNSET
    material: str | Unset = UNSET
    base_price: Decimal | Unset = UNSET
    sale_price: Decimal | Unset | None = UNSET
    sale_starts_at: datetime | Unset | None = UNSET
    sale_ends_at: datetime | Unset | None = UNSET
    tags: Sequence[str] | Unset = UNSET
    is_gift_card: bool | Unset = UNSET
    is_featured: bool | Unset = UNSET
    is_new_arrival: bool | Unset = UNSET
    status: ProductStatus | Unset = UNSET
    seo_title: str | Unset = UNSET
    seo_description: str | Unset = UNSET
    images: Sequence[ImportedImage] | Unset = UNSET
    variants: Sequence[ImportedVariant] | Unset = UNSET

    @property
    def further_paths(self) -> list[tuple[str, ...]]:
        """The further categories that the file names, each once, in the order of their names."""
        paths = () if self.also_in is UNSET else self.also_in
        return sorted({tuple(path) for path in paths})

    @property
    def given_variants(self) -> Sequence[ImportedVariant]:
        """The variants that the file names, if any."""
        return () if self.variants is UNSET else self.variants

    @property
    def given_images(self) -> Sequence[ImportedImage]:
        """The images that the file names, if any."""
        return () if self.images is UNSET else self.images

    @property
    def given_slug(self) -> str:
        """The slug that the file names, or ""."""
        return "" if self.slug is UNSET else self.slug


class ImportProduct(PatchSchema[ImportedProduct], ProductFields[ImportedProduct]):
    """A product, its values as text and its category the names from the root down."""

    from_text = True

    class Meta(ProductFields.Meta):
        exclude = ("category_id", "tax_class", "seo")

    category = fields.List(fields.Text(max=80), min=1, max=8)
    also_in = fields.List(fields.List(fields.Text(max=80), min=1, max=8), max=20)
    seo_title = fields.Text(max=120, min=0)
    seo_description = fields.Text(max=320, min=0)
    images = fields.List(fields.Nested(ImportImage), max=MAX_IMAGES)
    variants = fields.List(fields.Nested(ImportVariant), max=MAX_VARIANTS)

    def check(self, data: Loaded) -> None:
        """Check the rules over several fields. Raises: marshmallow's ValidationError."""
        self._sale_is_whole(data)
        for variant in data.get("variants", ()):
            if (
                variant.sale_price
                or variant.sale_starts_at
                or variant.sale_ends_at
                or variant.inventory_policy
            ):
                variant_schema.check(sent_fields(variant))
        self._variants_differ(data)

    @ma.validates_schema
    def _variants_differ(self, data: Loaded, **kwargs: object) -> None:
        skus: set[str] = set()
        looks: set[tuple[object, object]] = set()
        for index, variant in enumerate(data.get("variants", ())):
            if variant.sku in skus:
                text = "The product has this SKU twice."
                raise _error_in_variant(index, "sku", text)
            look = (variant.size, variant.color)
            if look in looks and UNSET not in look:
                text = "The product has this size and colour twice."
                raise _error_in_variant(index, "size", text)
            skus.add(variant.sku)
            looks.add(look)


def _error_in_variant(index: int, name: str, text: str) -> ma.ValidationError:
    return ma.ValidationError(
        {"variants": {index: {name: [fields.Message("unique", text)]}}}
    )


product_schema, variant_schema = ImportProduct(), ImportVariant()
