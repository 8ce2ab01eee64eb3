"""What comes in about products, their variants and images."""

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import TextChoices
from marshmallow import validates_schema

from markrin.api import fields
from markrin.api.schemas import InputSchema, PageQuery, PatchSchema, QuerySchema
from products.models import Gender, ProductStatus
from products.models.product import MAX_IMAGES, MAX_VARIANTS

SKU = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,63}"
MAX_PIECES = 1_000_000  # that one call brings or takes
MAX_IDS = 100
BODY_BYTES = 256 * 1024  # a product with its longest description and all its images


class ProductSort(TextChoices):
    NEWEST = "newest"
    PRICE_ASC = "price_asc"
    PRICE_DESC = "price_desc"
    NAME_ASC = "name_asc"
    NAME_DESC = "name_desc"
    RATING = "rating"
    POPULARITY = "popularity"
    RELEVANCE = "relevance"


class FilterProducts(PageQuery):
    """A value of a list filter matches exactly; several are alternatives."""

    category = fields.CommaSeparated(fields.Slug(), max=20)
    collection = fields.CommaSeparated(fields.Text(max=80), max=20)
    brand = fields.CommaSeparated(fields.Text(max=80), max=20)
    material = fields.CommaSeparated(fields.Text(max=80), max=20)
    color = fields.CommaSeparated(fields.Text(max=40), max=20)
    size = fields.CommaSeparated(fields.Text(max=20), max=20)
    gender = fields.CommaSeparated(fields.Enum(Gender), max=5)
    tag = fields.CommaSeparated(fields.Text(max=40), max=20)
    min_price = fields.Money()
    max_price = fields.Money()
    in_stock = fields.Bool()
    featured = fields.Bool()
    new_arrival = fields.Bool()
    on_sale = fields.Bool()
    search = fields.Text(max=100)
    sort = fields.Enum(ProductSort)
    facets = fields.Bool(load_default=False)


class ListProducts(FilterProducts):
    """Filters, or `ids`: these products, in this order and on one page."""

    ids = fields.CommaSeparated(fields.Uuid(), max=MAX_IDS)

    @validates_schema(pass_original=True)
    def ids_stand_alone(
        self, data: dict[str, Any], original: Mapping[str, Any], **kwargs: Any
    ) -> None:
        """Refuse to narrow down, or to page through, products that are named one by one."""
        if "ids" in data and (others := sorted(set(original) - {"ids"})):
            raise fields.refuse(
                "exclusive", f"Ids stand alone: leave out {', '.join(others)}.", "ids"
            )


class ListStaffProducts(FilterProducts):
    status = fields.CommaSeparated(fields.Enum(ProductStatus), max=3)


class ListRelated(QuerySchema):
    limit = fields.Int(min=1, max=24, load_default=8)


class Seo(InputSchema):
    title = fields.Text(max=120, min=0, load_default="")
    description = fields.Text(max=320, min=0, load_default="")


class ImageUrl(fields.HttpsUrl):
    """An https link, or the address of an image that the product has already, as the API
    answers it.
    """

    form = re.compile(
        f"{fields.HttpsUrl.form.pattern}|{re.escape(settings.MEDIA_URL)}[A-Za-z0-9._/-]{{1,200}}"
    )
    says = "This must be a link that begins with https://, or the address of an image of this product."

    def limits(self) -> fields.JSONSchema:
        return {**super().limits(), "format": "uri-reference"}


class ProductImage(InputSchema):
    url = ImageUrl(required=True)
    alt_text = fields.Text(max=200, min=0, load_default="")


class CreateVariant(InputSchema):
    sku = fields.Text(max=64, pattern=SKU, required=True)
    size = fields.Text(max=20, min=0, load_default="")
    color = fields.Text(max=40, min=0, load_default="")
    stock = fields.Int(min=0, max=MAX_PIECES, load_default=0)


class ReplaceVariant(CreateVariant):
    """In a PUT: `stock` is for new variants; for one that exists it may be left out or be
    what it is.
    """

    stock = fields.Int(min=0, max=MAX_PIECES)


class UpdateVariant(PatchSchema):
    sku = fields.Text(max=64, pattern=SKU)
    size = fields.Text(max=20, min=0)
    color = fields.Text(max=40, min=0)
    position = fields.Int(min=0, max=32_767)
    is_active = fields.Bool()


class ProductFields(InputSchema):
    name = fields.Text(max=200, required=True)
    slug = fields.Slug()
    description = fields.Text(max=10_000, min=0, multiline=True, load_default="")
    category_id = fields.Uuid(required=True)
    brand = fields.Text(max=80, min=0, load_default="")
    collection = fields.Text(max=80, min=0, load_default="")
    gender = fields.Enum(Gender, load_default=Gender.UNISEX)
    material = fields.Text(max=80, min=0, load_default="")
    base_price = fields.Money(max="99999999.00", required=True)
    sale_price = fields.Money(
        min="0.01", max="99999999.00", allow_none=True, load_default=None
    )
    tags = fields.List(fields.Text(max=40), max=20, unique=True, load_default=list)
    is_featured = fields.Bool(load_default=False)
    is_new_arrival = fields.Bool(load_default=False)
    status = fields.Enum(ProductStatus, load_default=ProductStatus.DRAFT)
    seo = fields.Nested(Seo, load_default=lambda: {"title": "", "description": ""})
    images = fields.List(fields.Nested(ProductImage), max=MAX_IMAGES, load_default=list)

    @validates_schema
    def _sale_below_base(self, data: Mapping[str, Any], **kwargs: Any) -> None:
        base, sale = data.get("base_price"), data.get("sale_price")
        if base is not None and sale is not None and sale >= base:
            raise fields.refuse("range", "This must be below basePrice.", "sale_price")


class CreateProduct(ProductFields):
    variants = fields.List(
        fields.Nested(CreateVariant), max=MAX_VARIANTS, load_default=list
    )


class ReplaceProduct(ProductFields):
    """The whole product. Without `images` it keeps its images; without `variants` its variants.

    Variants are told apart by their SKU: one that exists is changed in place, a new one is
    added, one that is left out is taken off sale."""

    images = fields.List(fields.Nested(ProductImage), max=MAX_IMAGES)
    variants = fields.List(fields.Nested(ReplaceVariant), max=MAX_VARIANTS)


class UpdateProduct(PatchSchema, ProductFields):
    pass


class UploadImage(InputSchema):
    file = fields.Image(
        max_bytes=10 * 1024 * 1024, max_pixels=40_000_000, required=True
    )
    alt_text = fields.Text(max=200, min=0, load_default="")


class UpdateImage(PatchSchema):
    alt_text = fields.Text(max=200, min=0)


class OrderImages(InputSchema):
    ids = fields.List(fields.Uuid(), max=MAX_IMAGES, unique=True, required=True)


class AdjustStock(InputSchema):
    delta = fields.Int(min=-MAX_PIECES, max=MAX_PIECES, required=True)
    note = fields.Text(max=200, required=True)


class NotifyWhenBack(InputSchema):
    """`email` from guests only: a signed-in customer is written to at the account's address."""

    email = fields.Email()
