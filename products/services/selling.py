"""How carts and orders see a variant: what it is, what it costs, how it is taxed, how many pieces can be sold."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Final, TypeVar
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import BooleanField, Case, Expression, F, Func, Model, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, JSONObject

from products.models import Category, ProductImage, Variant
from products.models.product import ProductStatus

_Row = TypeVar("_Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Image:
    """A product's first picture; `url` is absolute, or a path below MEDIA_URL."""

    url: str
    alt_text: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A variant as it can be bought now. Prices are in the shop's currency.

    `tax_percent` is that of the nearest category above the product which states one, else the shop's. `sellable` is
    pieces, 0 too where `on_sale` is true; `on_sale` says that the variant is active and its product published.
    """

    variant_id: UUID
    sku: str
    size: str
    color: str
    product_id: UUID
    slug: str
    name: str
    category_id: UUID
    price: Decimal
    tax_percent: Decimal
    on_sale: bool
    sellable: int
    image: Image | None


def get_offers(variant_ids: Iterable[UUID]) -> dict[UUID, Offer]:
    """Return what is on offer under these ids, in one query; an id that is nobody's is left out."""
    rows = with_offers(Variant.objects.filter(pk__in=set(variant_ids)).only("pk").order_by(), path="")
    return {row.pk: offer_of(row) for row in rows}


def with_offers(rows: QuerySet[_Row], *, path: str = "variant__") -> QuerySet[_Row]:
    """Join to each row the offer of its variant, which `offer_of` then reads; the query stays one.

    `path` leads from the row to the variant, in Django's spelling.
    """
    columns: dict[str, Any] = {name: F(path + column) for name, column in _COLUMNS.items()}
    columns["on_sale"] = Case(
        When(**{f"{path}is_active": True, f"{path}product__status": ProductStatus.PUBLISHED}, then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    columns["sellable"] = Coalesce(F(f"{path}stock__on_hand") - F(f"{path}stock__reserved"), 0)
    columns["tax_percent"] = _tax_percent(f"{path}product__category__ancestors")
    columns["image"] = _first_image(f"{path}product_id")
    joined: QuerySet[_Row] = rows.annotate(**{_PREFIX + name: column for name, column in columns.items()})
    return joined


def offer_of(row: Model) -> Offer:
    """Return the offer that `with_offers` has joined to the row."""
    found = {field.name: getattr(row, _PREFIX + field.name) for field in fields(Offer)}
    return Offer(**{**found, "image": _image(found["image"])})


_PREFIX: Final = "offer_"
_COLUMNS: Final = {
    "variant_id": "id",
    "sku": "sku",
    "size": "size",
    "color": "color",
    "product_id": "product_id",
    "slug": "product__slug",
    "name": "product__name",
    "category_id": "product__category_id",
    "price": "product__price",
}


class _InArray(Func):
    """`value = ANY (array)`, which an index on the value serves."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY ("
    output_field = BooleanField()


def _tax_percent(ancestors: str) -> Expression:
    above = Category.objects.filter(_InArray(F("pk"), OuterRef(ancestors)), tax_percent__isnull=False)
    nearest = above.order_by("-ancestors__len").values("tax_percent")[:1]
    return Coalesce(Subquery(nearest), Value(settings.TAX_PERCENT))


def _first_image(product: str) -> "Subquery[Any]":
    first = ProductImage.objects.filter(product=OuterRef(product)).order_by("position", "id")
    return Subquery(first.values(it=JSONObject(file="file", url="external_url", alt="alt_text"))[:1])


def _image(found: dict[str, str] | None) -> Image | None:
    if found is None:
        return None
    return Image(url=found["url"] or default_storage.url(found["file"]), alt_text=found["alt"])
