"""What comes in about collections."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from markrin.api import fields
from markrin.api.schemas import InputSchema, PatchSchema, T
from markrin.api.unset import UNSET, Unset
from products.models.collection import MAX_PICKED, CollectionOrder
from products.schemas.prices import MAX_PRICE
from products.schemas.products import Seo, SeoTexts


@dataclass(frozen=True, kw_only=True)
class CollectionInput:
    """A whole collection but for its products. Prices are in the shop's currency."""

    name: str
    slug: str | None = None
    description: str
    is_published: bool
    position: int
    sort: CollectionOrder
    seo: SeoTexts
    by_rule: bool
    tags: Sequence[str]
    labels: Sequence[str]
    category_id: UUID | None
    min_price: Decimal | None
    max_price: Decimal | None
    in_stock: bool | None
    on_sale: bool | None
    max_age_days: int | None
    min_sold: int | None


class CollectionFields(InputSchema[T]):
    name = fields.Text(max=80, required=True)
    slug = fields.PageSlug()
    description = fields.Text(max=2000, min=0, multiline=True, load_default="")
    is_published = fields.Bool(load_default=True)
    position = fields.Int(min=0, max=32_767, load_default=0)
    sort = fields.Enum(CollectionOrder, load_default=CollectionOrder.NEWEST)
    seo = fields.Nested(Seo, load_default=SeoTexts)
    by_rule = fields.Bool(load_default=False)
    tags = fields.List(fields.Text(max=40), max=20, unique=True, load_default=list)
    labels = fields.List(
        fields.Text(max=80), max=20, unique=True, load_default=list
    )
    category_id = fields.Uuid(allow_none=True, load_default=None)
    min_price = fields.Money(max=MAX_PRICE, allow_none=True, load_default=None)
    max_price = fields.Money(max=MAX_PRICE, allow_none=True, load_default=None)
    in_stock = fields.Bool(allow_none=True, load_default=None)
    on_sale = fields.Bool(allow_none=True, load_default=None)
    max_age_days = fields.Int(min=1, max=3650, allow_none=True, load_default=None)
    min_sold = fields.Int(min=0, max=1_000_000, allow_none=True, load_default=None)


class CreateCollection(CollectionFields[CollectionInput]):
    pass


@dataclass(frozen=True, kw_only=True)
class CollectionChange:
    """Some fields of a collection; the others stay."""

    name: str | Unset = UNSET
    slug: str | Unset = UNSET
    description: str | Unset = UNSET
    is_published: bool | Unset = UNSET
    position: int | Unset = UNSET
    sort: CollectionOrder | Unset = UNSET
    seo: SeoTexts | Unset = UNSET
    by_rule: bool | Unset = UNSET
    tags: Sequence[str] | Unset = UNSET
    labels: Sequence[str] | Unset = UNSET
    category_id: UUID | Unset | None = UNSET
    min_price: Decimal | Unset | None = UNSET
    max_price: Decimal | Unset | None = UNSET
    in_stock: bool | Unset | None = UNSET
    on_sale: bool | Unset | None = UNSET
    max_age_days: int | Unset | None = UNSET
    min_sold: int | Unset | None = UNSET


class UpdateCollection(
    PatchSchema[CollectionChange], CollectionFields[CollectionChange]
):
    pass


@dataclass(frozen=True, kw_only=True)
class PlacedProducts:
    """Products in their order."""

    product_ids: Sequence[UUID]


class PlaceProducts(InputSchema[PlacedProducts]):
    """The products that staff put into an order. Of a collection by hand these are all of them."""

    product_ids = fields.List(
        fields.Uuid(), max=MAX_PICKED, unique=True, required=True
    )
