"""What a list shows of a product: its card."""

from collections.abc import Sequence
from uuid import UUID

from markrin.db.sql import Row, fetch_prepared
from products.selectors.prices import COST_COLUMNS, COST_JOIN

# What a card shows, less what stands in the product's variants and images; p is the
# product, c its category.
SUMMARY_COLUMNS = f"""
    p.id, p.slug, p.name, p.brand,
    json_build_object('id', c.id, 'slug', c.slug, 'name', c.name) AS category,
    p.collection, p.gender, p.material, p.in_stock, p.is_featured, p.is_new_arrival, p.rating,
    p.review_count, p.created_at, {COST_COLUMNS}
"""
# How many words of a search mean a picture's colour.
_MEANT = """CASE WHEN color = '' THEN 0
        ELSE cardinality(array_positions(%(meant_colors)s::text[], markrin_search_key(color)))
        END"""
# Colours and sizes in the order of the variants, of those that can be chosen.
# `ids` is the SQL of an array of products, `best` an order of pictures that comes before their own.
SUMMARIES = f"""
    SELECT wanted.place, {SUMMARY_COLUMNS}, p.status,
    ARRAY(SELECT color FROM products_variant WHERE product_id = p.id AND is_active AND color <> ''
          GROUP BY color ORDER BY min(position), color COLLATE "C") AS colors,
    ARRAY(SELECT size FROM products_variant WHERE product_id = p.id AND is_active AND size <> ''
          GROUP BY size ORDER BY min(position), size COLLATE "C") AS sizes,
    (SELECT json_build_object('file', file, 'external_url', external_url, 'alt_text', alt_text,
            'thumbnails', thumbnails, 'width', width, 'height', height)
     FROM products_productimage WHERE product_id = p.id
     ORDER BY {{best}} position LIMIT 1) AS image
    FROM unnest({{ids}}) WITH ORDINALITY AS wanted (id, place)
    JOIN products_product p USING (id) JOIN products_category c ON c.id = p.category_id {COST_JOIN}
    ORDER BY wanted.place
"""  # noqa: S608 (constants)
_IN_COLORS = (
    f"color <> '' AND color = ANY (%(colors)s::text[]) DESC, {_MEANT} DESC,"
)
_BY_ID = SUMMARIES.format(ids="%(ids)s::uuid[]", best="")
_BY_ID_IN_COLORS = SUMMARIES.format(ids="%(ids)s::uuid[]", best=_IN_COLORS)


_STOCK = """
    SELECT variant.product_id, array_agg(variant.sku::text ORDER BY variant.position, variant.id)
        AS skus, coalesce(sum(greatest(0, level.on_hand - level.reserved)), 0)::bigint
        AS count_in_stock
    FROM products_variant AS variant
    LEFT JOIN products_stocklevel AS level ON level.variant_id = variant.id
    WHERE variant.is_active AND variant.product_id = ANY (%s::uuid[])
    GROUP BY variant.product_id
"""


def add_stock(summaries: Sequence[Row]) -> None:
    """Give each summary what staff also see: the SKUs of its variants on sale (`skus`), and how
    many pieces of them can be sold (`count_in_stock`). One query.
    """
    ids = [each["id"] for each in summaries]
    known = {row["product_id"]: row for row in fetch_prepared(_STOCK, [ids])}
    for each in summaries:
        row = known.get(each["id"], {"skus": [], "count_in_stock": 0})
        each["skus"], each["count_in_stock"] = row["skus"], row["count_in_stock"]


def get_summaries(
    product_ids: Sequence[UUID],
    *,
    colors: Sequence[str] = (),
    meant_colors: Sequence[str] = (),
) -> list[Row]:
    """Return what `serializers.ProductItem` shows of these products, in this order: one query, or
    none for none. Each has a picture of one of these colours where there is one, else of the
    colour that a search means, by its key.
    """
    if not product_ids:
        return []
    ids = list(product_ids)
    if not colors and not meant_colors:
        return fetch_prepared(_BY_ID, {"ids": ids})
    given = {"colors": list(colors), "meant_colors": list(meant_colors)}
    return fetch_prepared(_BY_ID_IN_COLORS, {"ids": ids, **given})
