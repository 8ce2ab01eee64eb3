"""The stock's ledger, for staff."""

from uuid import UUID

from markrin.api import errors
from markrin.api.pagination import CursorPage, Page, fetch_page
from markrin.api.schemas import PageParams
from markrin.db.sql import Row, fetch_all
from products.models import StockMovement, Variant
from products.selectors.prices import inherited, price_now


def list_movements(
    query: PageParams, *, variant_id: UUID
) -> Page[StockMovement] | CursorPage[StockMovement]:
    """Return a variant's movements, the last one first: three queries.

    Raises:
        errors.NotFound: there is no such variant.
    """
    if not Variant.objects.filter(pk=variant_id).exists():
        raise errors.NotFound
    return fetch_page(
        StockMovement.objects.filter(variant=variant_id),
        order=("-id",),
        page=query.page,
        limit=query.limit,
        cursor=query.cursor,
    )


def list_movements_by_ref(*, refs: list[str]) -> list[StockMovement]:
    """Return the movements of these refs with their variants, the first one first: one query."""
    return list(
        StockMovement.objects.filter(ref__in=refs)
        .select_related("variant")
        .order_by("created_at", "id")
    )


def get_staff_variant(*, variant_id: UUID) -> Row:
    """Return what `serializers.StaffVariant` shows of a variant.

    Raises:
        errors.NotFound: there is none.
    """
    rows = fetch_all(_VARIANT, [variant_id])
    if not rows:
        raise errors.NotFound
    return rows[0]


_VARIANT = f"""
    SELECT v.id, v.sku, v.size, v.color, v.position, v.is_active, l.on_hand, l.reserved,
        greatest(0, l.on_hand - l.reserved) AS count_in_stock, l.sellable > 0 AS in_stock,
        l.inventory_policy,
        v.base_price AS own_base_price, v.sale_price AS own_sale_price,
        v.sale_starts_at AS own_sale_starts_at, v.sale_ends_at AS own_sale_ends_at,
        {price_now()} AS price, CASE WHEN {price_now()} < {inherited("base_price")}
            THEN {inherited("lowest_prior_price")} END AS lowest_prior_price,
        v.barcode, v.weight_g, v.hs_code, v.origin_country, v.bin_location,
        v.cost_price
    FROM products_variant v JOIN products_product p ON p.id = v.product_id
    JOIN products_stocklevel l ON l.variant_id = v.id WHERE v.id = %s
"""  # noqa: S608 (constants)
