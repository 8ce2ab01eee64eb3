"""Products as another system has them: created or replaced, each for itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import IntegrityError

from markrin.api.errors import ShopError, from_constraint
from products.models import InventoryPolicy, Product, Variant
from products.schemas.products import BulkProducts, NewProduct, ReplacedProduct
from products.schemas.variants import NewVariant, ReplacedVariant
from products.services import products


class BulkStatus(StrEnum):
    CREATED = "created"
    REPLACED = "replaced"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class BulkResult:
    """What became of one product. Of a refused one nothing has changed."""

    index: int
    status: BulkStatus
    id: UUID | None = None
    code: str = ""
    detail: str = ""
    errors: Sequence[Any] = ()


def upsert_products(
    body: BulkProducts, *, actor_id: UUID | None
) -> list[BulkResult]:
    """Create or replace each product in a transaction of its own, in their order, and return what
    became of each. Sent twice, the second call replaces what the first has created.

    Locks and refuses as `products.create_product` and `products.replace_product`.
    """
    return [
        _upsert(index, item, actor_id=actor_id)
        for index, item in enumerate(body.items)
    ]


def _upsert(
    index: int, item: ReplacedProduct, *, actor_id: UUID | None
) -> BulkResult:
    try:
        key = _find_product(item)
        if key is not None:
            products.replace_product(item, key=key, actor_id=actor_id)
            return BulkResult(index=index, status=BulkStatus.REPLACED, id=key)
        made = products.create_product(_as_new(item), actor_id=actor_id)
        return BulkResult(index=index, status=BulkStatus.CREATED, id=made)
    except ShopError as refusal:
        return _refused(index, refusal)
    except IntegrityError as exc:
        known = from_constraint(exc)
        if known is None:
            raise
        return _refused(index, known)


def _refused(index: int, refusal: ShopError) -> BulkResult:
    return BulkResult(
        index=index,
        status=BulkStatus.REFUSED,
        code=refusal.code,
        detail=refusal.detail,
        errors=getattr(refusal, "errors", ()),
    )


def _find_product(item: ReplacedProduct) -> UUID | None:
    """Return the product of this slug, else the one that has a variant of these SKUs."""
    if item.slug is not None:
        found = Product.objects.filter(slug=item.slug).values_list("pk", flat=True)
        if (pk := found.first()) is not None:
            return pk
    skus = [variant.sku for variant in item.variants or ()]
    variants = Variant.objects.filter(sku__in=skus).order_by("product_id")
    return variants.values_list("product_id", flat=True).first()


def _as_new(item: ReplacedProduct) -> NewProduct:
    given = {name: getattr(item, name) for name in item.__dataclass_fields__}
    variants = [_as_new_variant(variant) for variant in item.variants or ()]
    return NewProduct(
        **{**given, "images": item.images or (), "variants": variants}
    )


def _as_new_variant(variant: ReplacedVariant) -> NewVariant:
    given = {name: getattr(variant, name) for name in variant.__dataclass_fields__}
    policy = variant.inventory_policy or InventoryPolicy.DENY
    return NewVariant(
        **{**given, "stock": variant.stock or 0, "inventory_policy": policy}
    )
