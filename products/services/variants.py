"""Variants: the sizes and colours of a product, changed in place and never deleted."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from markrin.api.errors import Invalid, NotFound
from markrin.cache.tags import invalidate
from markrin.db.models import uuid7
from products import errors
from products.models import Product, Variant
from products.models.product import MAX_VARIANTS
from products.services.stock import movements


@transaction.atomic(durable=True)
def create_variant(
    *,
    product_id: UUID,
    actor_id: UUID | None,
    sku: str,
    size: str = "",
    color: str = "",
    stock: int = 0,
) -> UUID:
    """Add a variant behind the product's others, with its first pieces, and return its id.

    Locks: the product, then as `movements.move_stock`.

    Raises:
        NotFound: there is no such product.
        TooManyVariants, SkuTaken, VariantExists: it cannot have this one.
    """
    product = Product.objects.filter(pk=product_id).locked().first()
    if product is None:
        raise NotFound
    [variant] = add_variants(
        product,
        [{"sku": sku, "size": size, "color": color, "stock": stock}],
        actor_id=actor_id,
    )
    return variant.pk


def add_variants(
    product: Product, given: Sequence[Mapping[str, Any]], *, actor_id: UUID | None
) -> list[Variant]:
    """Add variants, in this order, behind those that the product has, each with its `stock`
    of first pieces.

    A step inside the caller's transaction, and its last; the caller has locked the product.
    Locks as `movements.move_stock`.

    Raises:
        TooManyVariants, SkuTaken, VariantExists: the product cannot have these.
    """
    if not given:
        return []
    active = product.variants.filter(is_active=True)
    last = product.variants.aggregate(last=Max("position"))["last"]
    _check_new_rows(given, {(variant.size, variant.color) for variant in active})
    first = 0 if last is None else last + 1
    new = [
        Variant(
            id=uuid7(),
            product=product,
            sku=row["sku"],
            size=row["size"],
            color=row["color"],
            position=position,
        )
        for position, row in enumerate(given, start=first)
    ]
    Variant.objects.bulk_create(new)
    invalidate(f"product:{product.pk}", "products")
    movements.set_initial_stock(
        {
            variant.pk: row.get("stock", 0)
            for variant, row in zip(new, given, strict=True)
        },
        actor_id=actor_id,
    )
    return new


def _check_new_rows(
    given: Sequence[Mapping[str, Any]], taken: set[tuple[str, str]]
) -> None:
    if len(given) + len(taken) > MAX_VARIANTS:
        raise errors.TooManyVariants(f"A product can have {MAX_VARIANTS} variants.")
    check_distinct(given)
    skus = [row["sku"] for row in given]
    if held := list(
        Variant.objects.filter(sku__in=skus)
        .values_list("sku", flat=True)
        .order_by("sku")
    ):
        raise errors.SkuTaken(skus=held)
    if any((row["size"], row["color"]) in taken for row in given):
        raise errors.VariantExists


def check_distinct(given: Sequence[Mapping[str, Any]]) -> None:
    """Refuse rows of one body of which two have the same SKU, or the same size and colour.

    Raises:
        Invalid: pointing at the later of the two.
    """
    for key, code, message in (
        (lambda row: row["sku"], "sku", "Another of these variants has this SKU."),
        (
            lambda row: (row["size"], row["color"]),
            "variant",
            "Another of these variants has this size and colour.",
        ),
    ):
        seen = set()
        for place, row in enumerate(given):
            if key(row) in seen:
                raise Invalid.at(f"/variants/{place}", f"{code}_repeated", message)
            seen.add(key(row))


@transaction.atomic(durable=True)
def update_variant(*, product_id: UUID, variant_id: UUID, **changes: Any) -> None:
    """Change a variant in place: carts and orders keep it.

    Locks: the variant; the product, if the variant is put on or taken off sale.

    Raises:
        NotFound: the product has no such variant.
        SkuTaken, VariantExists: another one has that already.
    """
    change_variant(product_id, variant_id, changes)


def change_variant(
    product_id: UUID, variant_id: UUID, changes: Mapping[str, Any]
) -> None:
    """Do what `update_variant` does: a step inside the caller's transaction. Locks and
    raises as that.
    """
    variant = _lock_variant(product_id, variant_id)
    if (
        Variant.objects.exclude(pk=variant_id)
        .filter(sku=changes.get("sku", ""))
        .exists()
    ):
        raise errors.SkuTaken(skus=[changes["sku"]])
    was_active = variant.is_active
    for name, value in changes.items():
        setattr(variant, name, value)
    alike = Variant.objects.filter(
        product=product_id, size=variant.size, color=variant.color, is_active=True
    )
    if variant.is_active and alike.exclude(pk=variant_id).exists():
        raise errors.VariantExists
    variant.save(update_fields=[*changes, "updated_at"])
    if variant.is_active != was_active:
        movements.refresh_in_stock([product_id])


@transaction.atomic(durable=True)
def delete_variant(*, product_id: UUID, variant_id: UUID) -> None:
    """Take a variant off sale. It stays for carts, orders and the ledger, and PATCH can
    bring it back.

    Locks: the variant, then the product.

    Raises:
        NotFound: the product has no such variant on sale.
    """
    variant = _lock_variant(product_id, variant_id)
    if not variant.is_active:
        raise NotFound
    variant.is_active = False
    variant.save(update_fields=["is_active", "updated_at"])
    movements.refresh_in_stock([product_id])


def replace_variants(
    product: Product, given: Sequence[Mapping[str, Any]], *, actor_id: UUID | None
) -> None:
    """Make these the product's variants on sale, told apart by SKU: change, add, or take off sale.

    A step inside the caller's transaction, and its last; the caller has locked the product.
    Locks: its variants, then as `movements.move_stock`.

    Raises:
        StockOnlyMoves: `stock` of an existing variant is not what is left of it.
        TooManyVariants, SkuTaken: the product cannot have these.
    """
    check_distinct(given)
    known = {
        variant.sku: variant
        for variant in product.variants.select_related("stock").locked()
    }
    kept = {row["sku"] for row in given}
    moved = [
        row["sku"]
        for row in given
        if row["sku"] in known
        and row.get("stock") not in (None, _get_sellable(known, row))
    ]
    if moved:
        raise errors.StockOnlyMoves(skus=moved)
    flips = any(variant.is_active != (sku in kept) for sku, variant in known.items())
    # First off sale, all of them: otherwise two variants that swap their colours would be
    # in each other's way.
    product.variants.filter(is_active=True).update(is_active=False)
    for place, row in enumerate(given):
        if variant := known.get(row["sku"]):
            variant.size, variant.color, variant.position = (
                row["size"],
                row["color"],
                place,
            )
            variant.is_active = True
            variant.save(
                update_fields=["size", "color", "position", "is_active", "updated_at"]
            )
    new = add_variants(
        product, [row for row in given if row["sku"] not in known], actor_id=actor_id
    )
    _set_positions(new, [row["sku"] for row in given])
    invalidate(f"product:{product.pk}", "products")
    if flips:
        movements.refresh_in_stock([product.pk])


def _get_sellable(known: Mapping[str, Variant], row: Mapping[str, Any]) -> int:
    return known[row["sku"]].stock.sellable


def _set_positions(new: Sequence[Variant], skus: Sequence[str]) -> None:
    for variant in new:
        variant.position = skus.index(variant.sku)
    Variant.objects.bulk_update(new, ["position"])


def _lock_variant(product_id: UUID, variant_id: UUID) -> Variant:
    variant = Variant.objects.filter(pk=variant_id, product=product_id).locked().first()
    if variant is None:
        raise NotFound
    return variant
