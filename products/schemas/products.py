"""What comes in about products: lists of them, and a product as staff write it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.conf import settings
from django.db.models import TextChoices
from marshmallow import validates_schema

from markrin.api import fields
from markrin.api.schemas import (
    InputSchema,
    PageParams,
    PageQuery,
    PatchSchema,
    QuerySchema,
    T,
)
from markrin.api.unset import UNSET, Unset
from products.models import Gender, ProductStatus
from products.models.product import MAX_IMAGES, MAX_VARIANTS
from products.schemas.prices import MAX_PRICE, SaleFields, SaleInput
from products.schemas.variants import (
    CreateVariant,
    NewVariant,
    ReplacedVariant,
    ReplaceVariant,
)

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


@dataclass(frozen=True, kw_only=True)
class ProductFilter(PageParams):
    """How a list of products is narrowed down, and in which order it stands. Several values
    of one filter are alternatives. Prices are in the shop's currency.
    """

    category: Sequence[str] = ()
    collection: Sequence[str] = ()
    in_collection: Sequence[str] = ()
    brand: Sequence[str] = ()
    material: Sequence[str] = ()
    color: Sequence[str] = ()
    color_family: Sequence[str] = ()
    size: Sequence[str] = ()
    gender: Sequence[Gender] = ()
    tag: Sequence[str] = ()
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    in_stock: bool | None = None
    featured: bool | None = None
    new_arrival: bool | None = None
    on_sale: bool | None = None
    search: str | None = None
    sort: ProductSort | None = None
    facets: bool = False


class FilterProducts(PageQuery[T]):
    """A value of a list filter matches exactly; several are alternatives."""

    category = fields.CommaSeparated(fields.PageSlug(), max=20)
    collection = fields.CommaSeparated(fields.Text(max=80), max=20)
    in_collection = fields.CommaSeparated(fields.PageSlug(), max=5)
    brand = fields.CommaSeparated(fields.Text(max=80), max=20)
    material = fields.CommaSeparated(fields.Text(max=80), max=20)
    color = fields.CommaSeparated(fields.Text(max=40), max=20)
    color_family = fields.CommaSeparated(fields.Text(max=40), max=20)
    size = fields.CommaSeparated(fields.Text(max=20), max=20)
    gender = fields.CommaSeparated(fields.Enum(Gender), max=5)
    tag = fields.CommaSeparated(fields.Text(max=40), max=20)
    min_price = fields.QueryMoney()
    max_price = fields.QueryMoney()
    in_stock = fields.Bool()
    featured = fields.Bool()
    new_arrival = fields.Bool()
    on_sale = fields.Bool()
    search = fields.Text(max=100)
    sort = fields.Enum(ProductSort)
    facets = fields.Bool(load_default=False)


@dataclass(frozen=True, kw_only=True)
class ShopperProductFilter(ProductFilter):
    """A shopper's filters, or the products that are asked for by their ids."""

    ids: Sequence[UUID] = ()


class ListProducts(FilterProducts[ShopperProductFilter]):
    """Filters, or `ids`: these products, in this order and on one page."""

    ids = fields.CommaSeparated(fields.Uuid(), max=MAX_IDS)

    @validates_schema(pass_original=True)
    def ids_stand_alone(
        self,
        data: dict[str, object],
        original: Mapping[str, object],
        **kwargs: object,
    ) -> None:
        """Refuse to narrow down, or to page through, products that are named one by one."""
        if "ids" in data and (others := sorted(set(original) - {"ids"})):
            raise fields.refuse(
                "exclusive",
                f"Ids stand alone: leave out {', '.join(others)}.",
                "ids",
            )


@dataclass(frozen=True, kw_only=True)
class StaffProductFilter(ProductFilter):
    """The filters of staff, who see products of every status."""

    status: Sequence[ProductStatus] = ()
    updated_since: datetime | None = None


class ListStaffProducts(FilterProducts[StaffProductFilter]):
    """`updatedSince`: those that were changed since, themselves or a variant; not by sales and
    counts of stock, of which /api/staff/events tells.
    """

    status = fields.CommaSeparated(fields.Enum(ProductStatus), max=3)
    updated_since = fields.Timestamp()


@dataclass(frozen=True, kw_only=True)
class RelatedLimit:
    """How many related products are asked for."""

    limit: int


class ListRelated(QuerySchema[RelatedLimit]):
    limit = fields.Int(min=1, max=24, load_default=8)


@dataclass(frozen=True, kw_only=True)
class SeoTexts:
    """What a search engine is to show."""

    title: str = ""
    description: str = ""


class Seo(InputSchema[SeoTexts]):
    title = fields.Text(max=120, min=0, load_default="")
    description = fields.Text(max=320, min=0, load_default="")


class ImageUrl(fields.HttpsUrl):
    """An https link, or the address of an image that the product has already, as the API
    answers it.
    """

    regex = re.compile(
        f"{fields.HttpsUrl.regex.pattern}|{re.escape(settings.MEDIA_URL)}[A-Za-z0-9._/-]{{1,200}}"
    )
    message = (
        "This must be a link that begins with https://, or the address of an image of"
        " this product."
    )

    def limits(self) -> fields.JSONSchema:
        shortest = len(settings.MEDIA_URL) + 1
        return {
            **super().limits(),
            "format": "uri-reference",
            "minLength": shortest,
        }


@dataclass(frozen=True, kw_only=True)
class ImageInput:
    """An image of a product by its address; a colour of None leaves the one that it has."""

    url: str
    alt_text: str = ""
    color: str | None = None


class ProductImage(InputSchema[ImageInput]):
    url = ImageUrl(required=True)
    alt_text = fields.Text(max=200, min=0, load_default="")
    color = fields.Text(max=40, min=0)


@dataclass(frozen=True, kw_only=True)
class ProductInput(SaleInput):
    """A whole product but for its images and variants. Prices are in the shop's currency."""

    name: str
    slug: str | None = None
    description: str = ""
    category_id: UUID
    also_in_ids: Sequence[UUID] = ()
    tax_class: str | None = None
    brand: str = ""
    collection: str = ""
    gender: Gender = Gender.UNISEX
    material: str = ""
    base_price: Decimal
    tags: Sequence[str] = ()
    is_gift_card: bool = False
    is_featured: bool = False
    is_new_arrival: bool = False
    status: ProductStatus = ProductStatus.DRAFT
    seo: SeoTexts = SeoTexts()


class ProductFields(SaleFields[T]):
    name = fields.Text(max=200, required=True)
    slug = fields.PageSlug()
    description = fields.Text(max=10_000, min=0, multiline=True, load_default="")
    category_id = fields.Uuid(required=True)
    also_in_ids = fields.List(fields.Uuid(), max=20, unique=True, load_default=list)
    tax_class = fields.Slug(allow_none=True, load_default=None)
    brand = fields.Text(max=80, min=0, load_default="")
    collection = fields.Text(max=80, min=0, load_default="")
    gender = fields.Enum(Gender, load_default=Gender.UNISEX)
    material = fields.Text(max=80, min=0, load_default="")
    base_price = fields.Money(max=MAX_PRICE, required=True)
    tags = fields.List(fields.Text(max=40), max=20, unique=True, load_default=list)
    is_gift_card = fields.Bool(load_default=False)
    is_featured = fields.Bool(load_default=False)
    is_new_arrival = fields.Bool(load_default=False)
    status = fields.Enum(ProductStatus, load_default=ProductStatus.DRAFT)
    seo = fields.Nested(Seo, load_default=SeoTexts)


@dataclass(frozen=True, kw_only=True)
class NewProduct(ProductInput):
    """A product with its images and variants, each in its order."""

    images: Sequence[ImageInput] = ()
    variants: Sequence[NewVariant] = ()


class CreateProduct(ProductFields[NewProduct]):
    images = fields.List(
        fields.Nested(ProductImage), max=MAX_IMAGES, load_default=list
    )
    variants = fields.List(
        fields.Nested(CreateVariant), max=MAX_VARIANTS, load_default=list
    )


@dataclass(frozen=True, kw_only=True)
class ReplacedProduct(ProductInput):
    """A whole product; None says that its images, or its variants, stay as they are."""

    images: Sequence[ImageInput] | None = None
    variants: Sequence[ReplacedVariant] | None = None


class ReplaceProduct(ProductFields[ReplacedProduct]):
    """The whole product. Without `images` it keeps its images; without `variants` its variants.

    Variants are told apart by their SKU: one that exists is changed in place, a new one is
    added, one that is left out is taken off sale."""

    images = fields.List(fields.Nested(ProductImage), max=MAX_IMAGES)
    variants = fields.List(fields.Nested(ReplaceVariant), max=MAX_VARIANTS)


@dataclass(frozen=True, kw_only=True)
class ProductChange:
    """Some fields of a product; the others stay. Prices are in the shop's currency."""

    name: str | Unset = UNSET
    slug: str | Unset = UNSET
    description: str | Unset = UNSET
    category_id: UUID | Unset = UNSET
    also_in_ids: Sequence[UUID] | Unset = UNSET
    tax_class: str | Unset | None = UNSET
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
    seo: SeoTexts | Unset = UNSET
    images: Sequence[ImageInput] | Unset = UNSET


class UpdateProduct(PatchSchema[ProductChange], ProductFields[ProductChange]):
    images = fields.List(fields.Nested(ProductImage), max=MAX_IMAGES)


@dataclass(frozen=True, kw_only=True)
class SuggestionQuery:
    """What has been typed so far."""

    q: str


class SuggestSearches(QuerySchema[SuggestionQuery]):
    q = fields.Text(max=100, required=True)


MAX_BULK = 1_000  # products of one call
BULK_BYTES = 10 * 1024 * 1024
BULK_NODES = 500_000


@dataclass(frozen=True, kw_only=True)
class BulkProducts:
    """Products as another system has them."""

    items: Sequence[ReplacedProduct]


class UpsertProducts(InputSchema[BulkProducts]):
    """Each product whole, as in a PUT. It is found by `slug`, else by the SKU of a variant; one
    that is not found is created.
    """

    items = fields.List(
        fields.Nested(ReplaceProduct), min=1, max=MAX_BULK, required=True
    )
