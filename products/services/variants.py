"""Variants: the sizes and colours of a product, changed in place and never deleted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Max

from markrin.api.errors import Invalid, NotFound
from markrin.api.unset import UNSET, sent_fields
from markrin.cache.tags import invalidate
from markrin.db import transactions
from markrin.db.models import uuid7
from products import errors
from products.models import InventoryPolicy, Product, Variant
from products.models.product import MAX_VARIANTS
from products.schemas.variants import (
    CreateVariant,
    NewVariant,
    ReplacedVariant,
    VariantChange,
)
from products.services import prices
from products.services.stock import movements, policies
from products.services.stock.movements import FirstStock
from products.transliteration import ascii_slug

_Row = NewVariant | ReplacedVariant


@transactions.durable
def create_variant(
    body: NewVariant, *, product_id: UUID, actor_id: UUID | None
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
    [variant] = insert_variants(product, [body], actor_id=actor_id)
    return variant.pk


@transactions.requires_transaction
def insert_variants(
    product: Product, rows: Sequence[_Row], *, actor_id: UUID | None
) -> list[Variant]:
    """Add variants, in this order, behind those that the product has, each with its `stock`
    of first pieces.

    The last step of the caller's transaction, which has locked the product. Locks as
    `movements.move_stock`.

    Raises:
        TooManyVariants, SkuTaken, VariantExists: the product cannot have these.
    """
    if not rows:
        return []
    active = product.variants.filter(is_active=True)
    last = product.variants.aggregate(last=Max("position"))["last"]
    _check_new_rows(rows, {(variant.size, variant.color) for variant in active})
    first = 0 if last is None else last + 1
    new = [
        Variant(
            id=uuid7(),
            product=product,
            position=position,
            **{name: getattr(row, name) for name in COLUMNS},
        )
        for position, row in enumerate(rows, start=first)
    ]
    Variant.objects.bulk_create(new)
    invalidate(f"product:{product.pk}", "products")
    first = {
        variant.pk: FirstStock(
            row.stock or 0, row.inventory_policy or InventoryPolicy.DENY
        )
        for variant, row in zip(new, rows, strict=True)
    }
    movements.set_initial_stock(first, actor_id=actor_id)
    return new


_PRICES = ("base_price", "sale_price", "sale_starts_at", "sale_ends_at")
COLUMNS = (
    "sku",
    "size",
    "color",
    *_PRICES,
    "barcode",
    "weight_g",
    "hs_code",
    "origin_country",
    "bin_location",
    "cost_price",
)


def _check_new_rows(rows: Sequence[_Row], taken: set[tuple[str, str]]) -> None:
    if len(rows) + len(taken) > MAX_VARIANTS:
        raise errors.TooManyVariants(f"A product can have {MAX_VARIANTS} variants.")
    check_distinct(rows)
    held = Variant.objects.filter(sku__in=[row.sku for row in rows]).order_by("sku")
    if skus := list(held.values_list("sku", flat=True)):
        raise errors.SkuTaken(skus=skus)
    if any((row.size, row.color) in taken for row in rows):
        raise errors.VariantExists


def check_distinct(rows: Sequence[_Row]) -> None:
    """Refuse rows of one body of which two have the same SKU, or the same size and colour.

    Raises:
        Invalid: pointing at the later of the two.
    """
    skus: set[str] = set()
    looks: set[tuple[str, str]] = set()
    for place, row in enumerate(rows):
        if row.sku in skus:
            message = "Another of these variants has this SKU."
            raise Invalid.at(f"/variants/{place}", "sku_repeated", message)
        skus.add(row.sku)
    for place, row in enumerate(rows):
        if (row.size, row.color) in looks:
            message = "Another of these variants has this size and colour."
            raise Invalid.at(f"/variants/{place}", "variant_repeated", message)
        looks.add((row.size, row.color))


@transactions.durable
def update_variant(
    body: VariantChange,
    *,
    product_id: UUID,
    variant_id: UUID,
    actor_id: UUID | None,
) -> None:
    """Change a variant in place: carts and orders keep it.

    Locks: the variant; as `policies.set_policies`, if that changes; the product.

    Raises:
        NotFound: the product has no such variant.
        SkuTaken, VariantExists: another one has that already.
        SalePriceNotBelow, SaleDatesWrong, VariantPricesApart: its prices do not fit.
    """
    change_variant(
        body, product_id=product_id, variant_id=variant_id, actor_id=actor_id
    )


@transactions.requires_transaction
def change_variant(
    body: VariantChange,
    *,
    product_id: UUID,
    variant_id: UUID,
    actor_id: UUID | None,
) -> None:
    """Do the work of `update_variant` within the caller's transaction. Locks and raises as
    that.
    """
    variant = _lock_variant(product_id, variant_id)
    others = Variant.objects.exclude(pk=variant_id)
    if body.sku is not UNSET and others.filter(sku=body.sku).exists():
        raise errors.SkuTaken(skus=[body.sku])
    was_active = variant.is_active
    changes = sent_fields(body)
    changes.pop("inventory_policy", None)  # a column of the level
    if body.inventory_policy is not UNSET:
        # First: levels are locked before products.
        policies.set_policies(
            {variant_id: body.inventory_policy}, actor_id=actor_id
        )
    if body.base_price is None:  # as the product's: all prices or none
        changes = {**dict.fromkeys(_PRICES), **changes}
    elif body.sale_price is None:  # a sale that ends has no dates either
        changes = {"sale_starts_at": None, "sale_ends_at": None, **changes}
    for name, value in changes.items():
        setattr(variant, name, value)
    if changes.keys() & set(_PRICES):
        prices.check_prices(variant)
    alike = others.filter(
        product=product_id, size=variant.size, color=variant.color, is_active=True
    )
    if variant.is_active and alike.exists():
        raise errors.VariantExists
    variant.save(update_fields=[*changes, "updated_at"])
    if variant.is_active != was_active:
        movements.refresh_in_stock([product_id])


@transactions.durable
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


@transactions.requires_transaction
def replace_variants(
    product: Product, rows: Sequence[_Row], *, actor_id: UUID | None
) -> None:
    """Make these the product's variants on sale, told apart by SKU: change, add, or take off sale.

    The last step of the caller's transaction, which has locked the product. Locks: its
    variants, then as `movements.move_stock`.

    Raises:
        StockOnlyMoves: `stock` of an existing variant is not what is left of it.
        TooManyVariants, SkuTaken: the product cannot have these.
    """
    check_distinct(rows)
    found = product.variants.select_related("stock").locked()
    known = {variant.sku: variant for variant in found}
    _refuse_moved_stock(rows, known)
    kept = {row.sku for row in rows}
    flips = any(
        variant.is_active != (sku in kept) for sku, variant in known.items()
    )
    # First off sale, all of them: otherwise two variants that swap their colours would be
    # in each other's way.
    product.variants.filter(is_active=True).update(is_active=False)
    for place, row in enumerate(rows):
        if variant := known.get(row.sku):
            for name in COLUMNS:
                setattr(variant, name, getattr(row, name))
            variant.position, variant.is_active = place, True
            variant.save(
                update_fields=[*COLUMNS, "position", "is_active", "updated_at"]
            )
    policies.set_policies(
        {
            known[row.sku].pk: row.inventory_policy
            for row in rows
            if row.sku in known and row.inventory_policy is not None
        },
        actor_id=actor_id,
    )
    new = insert_variants(
        product, [row for row in rows if row.sku not in known], actor_id=actor_id
    )
    _set_positions(new, [row.sku for row in rows])
    invalidate(f"product:{product.pk}", "products")
    if flips:
        movements.refresh_in_stock([product.pk])


@dataclass(frozen=True, kw_only=True)
class VariantGrid:
    """Sizes times colours. Each SKU is `sku`, the colour and the size with hyphens between
    them; each new variant gets `stock` pieces, and this policy.
    """

    sku: str
    sizes: Sequence[str]
    colors: Sequence[str]
    stock: int = 0
    inventory_policy: InventoryPolicy = InventoryPolicy.DENY


@transactions.durable
def create_grid(
    grid: VariantGrid, *, product_id: UUID, actor_id: UUID | None
) -> int:
    """Add the variants of the grid that the product does not have on sale, and return how
    many these are.

    Locks: the product, then as `movements.move_stock`.

    Raises:
        NotFound: there is no such product.
        TooManyVariants, SkuTaken: it cannot have these.
        Invalid: a size, a colour or a SKU has a form that is not taken.
    """
    product = Product.objects.filter(pk=product_id).locked().first()
    if product is None:
        raise NotFound
    active = product.variants.filter(is_active=True).values_list("size", "color")
    there = set(active)
    rows = [
        CreateVariant().load(
            {
                "sku": make_sku(grid.sku, color, size),
                "size": size,
                "color": color,
                "stock": grid.stock,
                "inventoryPolicy": grid.inventory_policy.value,
            }
        )
        for color in grid.colors
        for size in grid.sizes
        if (size, color) not in there
    ]
    return len(insert_variants(product, rows, actor_id=actor_id))


def make_sku(*parts: str) -> str:
    """Return a SKU of these parts, in capitals, with hyphens for what a SKU cannot have."""
    plain = (ascii_slug(part).upper() for part in parts)
    return "-".join(part for part in plain if part)


def _refuse_moved_stock(rows: Sequence[_Row], known: Mapping[str, Variant]) -> None:
    moved = [
        row.sku
        for row in rows
        if row.stock is not None
        and row.sku in known
        and row.stock != known[row.sku].stock.count_in_stock
    ]
    if moved:
        raise errors.StockOnlyMoves(skus=moved)


def _set_positions(new: Sequence[Variant], skus: Sequence[str]) -> None:
    for variant in new:
        variant.position = skus.index(variant.sku)
    Variant.objects.bulk_update(new, ["position"])


def _lock_variant(product_id: UUID, variant_id: UUID) -> Variant:
    variant = (
        Variant.objects.filter(pk=variant_id, product=product_id).locked().first()
    )
    if variant is None:
        raise NotFound
    return variant
