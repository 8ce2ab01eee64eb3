"""Every variant on sale, one after the other, for feeds of products to other companies."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.core.files.storage import default_storage

from markrin.db.sql import Row, fetch_all
from products.models import InventoryPolicy
from products.selectors.prices import inherited, price_now

_BATCH: Final = 1_000
_LOWEST: Final = UUID(int=0)
MAX_IMAGES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """A variant with what a list of goods says of it. Prices are in the shop's currency;
    `sale_price` is below `base_price` from `sale_starts_at` to `sale_ends_at`, where set, and None
    once it is over. `images` are URLs, absolute or paths below MEDIA_URL, the colour's own first.
    `category` is the path from the root. `has_variations`: its product has other variants on sale.
    """

    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    slug: str
    description: str
    brand: str
    category: tuple[str, ...]
    gender: str
    material: str
    size: str
    color: str
    barcode: str
    weight_g: int | None
    base_price: Decimal
    sale_price: Decimal | None
    sale_starts_at: datetime | None
    sale_ends_at: datetime | None
    price: Decimal
    count_in_stock: int
    in_stock: bool
    inventory_policy: InventoryPolicy
    has_variations: bool
    images: tuple[str, ...]
    rating: Decimal | None
    review_count: int


_ITEMS: Final = f"""
SELECT v.id AS variant_id, p.id AS product_id, v.sku, p.name, p.slug, p.description, p.brand,
    p.gender, p.material, v.size, v.color, v.barcode, v.weight_g, p.category_id,
    ({inherited("base_price")}) AS base_price, ({inherited("sale_price")}) AS sale_price,
    ({inherited("sale_starts_at")}) AS sale_starts_at,
    ({inherited("sale_ends_at")}) AS sale_ends_at, ({price_now()}) AS price,
    greatest(0, l.on_hand - l.reserved) AS count_in_stock,
    coalesce(l.sellable > 0, false) AS in_stock,
    coalesce(l.inventory_policy, 'deny') AS inventory_policy,
    EXISTS (SELECT FROM products_variant o
        WHERE o.product_id = p.id AND o.is_active AND o.id <> v.id) AS has_variations,
    p.rated_1, p.rated_2, p.rated_3, p.rated_4, p.rated_5,
    coalesce(pictures.found, '{{}}') AS pictures
FROM products_variant v
JOIN products_product p ON p.id = v.product_id
LEFT JOIN products_stocklevel l ON l.variant_id = v.id
LEFT JOIN LATERAL (
    SELECT array_agg(CASE WHEN i.external_url <> '' THEN i.external_url ELSE i.file END
        ORDER BY i.color <> '' AND i.color = v.color DESC, i.position, i.id) AS found
    FROM products_productimage i WHERE i.product_id = p.id
) AS pictures ON true
WHERE v.id > %(after)s AND v.is_active AND p.status = 'published' AND NOT p.is_gift_card
ORDER BY v.id LIMIT {_BATCH}
"""  # noqa: S608 (constants)
_CATEGORIES: Final = """
SELECT c.id, array_agg(above.name ORDER BY cardinality(above.ancestors)) AS path
FROM products_category c JOIN products_category above ON above.id = ANY (c.ancestors)
GROUP BY c.id
"""


def iterate_feed_items() -> Iterator[FeedItem]:
    """Yield every variant on sale of a published product, by id; gift cards are none. One query for
    the categories, and one for each 1,000 variants, of which no more are held at a time.
    """
    paths = {row["id"]: tuple(row["path"]) for row in fetch_all(_CATEGORIES)}
    after = _LOWEST
    while rows := fetch_all(_ITEMS, {"after": after}):
        for row in rows:
            yield _make_item(row, paths)
        after = rows[-1]["variant_id"]


def _make_item(row: Row, paths: dict[UUID, tuple[str, ...]]) -> FeedItem:
    stars = [row.pop(f"rated_{number}") for number in range(1, 6)]
    count = sum(stars)
    total = sum(number * rated for number, rated in enumerate(stars, 1))
    pictures = row.pop("pictures")[:MAX_IMAGES]
    category = paths[row.pop("category_id")]
    is_reduced = row["sale_price"] is not None and _is_ahead(row)
    return FeedItem(
        **{
            **row,
            "sale_price": row["sale_price"] if is_reduced else None,
            "category": category,
            "images": tuple(
                one if one.startswith("https://") else default_storage.url(one)
                for one in pictures
            ),
            "rating": round(Decimal(total) / count, 2) if count else None,
            "review_count": count,
        }
    )


def _is_ahead(row: Row) -> bool:
    """Return whether the sale is on, or is still to come."""
    if row["price"] < row["base_price"]:
        return True
    starts: datetime | None = row["sale_starts_at"]
    return starts is not None and starts > datetime.now(starts.tzinfo)
