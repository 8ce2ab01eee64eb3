"""What must be true of the catalogue and its stock, for `manage.py verify`."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage

from markrin.db.invariants import Breach, Invariant, open_read_only
from products.models import Category, ProductImage
from products.services import facet_index

_BATCH = "product_id > %(after)s AND product_id <= %(upto)s"
_COUNTERS = """
    SELECT product_id, count(*) FILTER (WHERE rating = 1) AS rated_1,
        count(*) FILTER (WHERE rating = 2) AS rated_2,
        count(*) FILTER (WHERE rating = 3) AS rated_3,
            count(*) FILTER (WHERE rating = 4) AS rated_4,
        count(*) FILTER (WHERE rating = 5) AS rated_5,
            count(*) FILTER (WHERE fit = 'small') AS fit_small,
        count(*) FILTER (WHERE fit = 'true') AS fit_true,
            count(*) FILTER (WHERE fit = 'large') AS fit_large
    FROM products_review WHERE status = 'published' AND {wanted} GROUP BY product_id
"""
_NAMES = (
    "rated_1",
    "rated_2",
    "rated_3",
    "rated_4",
    "rated_5",
    "fit_small",
    "fit_true",
    "fit_large",
)
_STORED = f"({', '.join(f'product.{name}' for name in _NAMES)})"
_TRUE = f"({', '.join(f'coalesce(truth.{name}, 0)' for name in _NAMES)})"


@dataclass(frozen=True, kw_only=True)
class _FacetBits(Invariant):
    """That the facets' bitmaps are what the products say, whose ids `query` selects."""

    def find_in_batch(self, after: Any, upto: Any) -> Sequence[tuple[Any, str]]:
        with open_read_only() as cursor:
            cursor.execute(self.query, {"after": after, "upto": upto})
            wrong = facet_index.find_wrong_bits([pk for (pk,) in cursor.fetchall()])
            return [
                (pk, f"its bit of {key!r} is wrong") for pk, key in wrong.items()
            ]


INVARIANTS = [
    Invariant(
        rule="level = ledger",
        table="products_stocklevel",
        key="variant_id",
        query="""SELECT level.variant_id, format('level %%s on hand, %%s reserved; ledger %%s, %%s',
                level.on_hand, level.reserved, ledger.on_hand, ledger.reserved)
            FROM products_stocklevel AS level CROSS JOIN LATERAL (
                SELECT coalesce(sum(d_on_hand), 0) AS on_hand, coalesce(sum(d_reserved),
                    0) AS reserved
                FROM products_stockmovement WHERE variant_id = level.variant_id) AS ledger
            WHERE level.variant_id > %(after)s AND level.variant_id <= %(upto)s
            AND (level.on_hand, level.reserved) <> (ledger.on_hand, ledger.reserved)""",
        lock="""SELECT FROM products_stocklevel WHERE variant_id = ANY(%(keys)s::uuid[])
            ORDER BY variant_id FOR NO KEY UPDATE""",
        repair="""UPDATE products_stocklevel AS level
            SET on_hand = ledger.on_hand, reserved = ledger.reserved,
                overpromised = CASE WHEN inventory_policy = 'deny'
                    THEN greatest(0, ledger.reserved - ledger.on_hand) ELSE 0 END
            FROM (SELECT variant_id, sum(d_on_hand) AS on_hand, sum(d_reserved) AS reserved
                FROM products_stockmovement WHERE variant_id = ANY(%(keys)s::uuid[])
                    GROUP BY 1) AS ledger
            WHERE level.variant_id = ledger.variant_id
            AND ledger.on_hand >= 0 AND ledger.reserved >= 0
            AND CASE inventory_policy WHEN 'deny'
                    THEN ledger.on_hand + overpromised >= ledger.reserved
                WHEN 'untracked' THEN (ledger.on_hand, ledger.reserved) = (0, 0)
                ELSE true END""",
    ),
    Invariant(
        rule="what a search looks through = the product's own fields",
        table="products_product",
        query="""SELECT id, 'its search document is another' FROM products_product AS product
            WHERE id > %(after)s AND id <= %(upto)s
            AND search IS DISTINCT FROM products_search_document(product)""",
        lock=(
            "SELECT FROM products_product WHERE id = ANY(%(keys)s::uuid[]) ORDER BY id FOR"
            " NO KEY UPDATE"
        ),
        repair=(
            "UPDATE products_product SET search = NULL WHERE id = ANY(%(keys)s::uuid[])"
        ),
    ),
    _FacetBits(
        rule="facets' bitmaps = the products' own fields",
        table="products_product",
        query="SELECT id FROM products_product WHERE id > %(after)s AND id <= %(upto)s",
        # Readers count a product by itself from now on, until the job has written its bits.
        repair=(
            "INSERT INTO products_facetchange (product_id)"
            " SELECT unnest(%(keys)s::uuid[])"
        ),
    ),
    Invariant(
        rule="every variant has a stock level",
        table="products_variant",
        query="""SELECT id, 'has no stock level' FROM products_variant AS variant
            WHERE id > %(after)s AND id <= %(upto)s
            AND NOT EXISTS (SELECT FROM products_stocklevel WHERE variant_id = variant.id)""",
    ),
    Invariant(
        rule="in stock = some active variant can be sold",
        table="products_product",
        query="""SELECT id, format('in_stock is %%s', in_stock) FROM products_product AS product
            WHERE id > %(after)s AND id <= %(upto)s AND in_stock <> EXISTS (
                SELECT FROM products_variant AS variant
                JOIN products_stocklevel AS level ON level.variant_id = variant.id
                WHERE variant.product_id = product.id AND is_active AND level.sellable > 0)""",
        lock=(
            "SELECT FROM products_product WHERE id = ANY(%(keys)s::uuid[]) ORDER BY id FOR"
            " NO KEY UPDATE"
        ),
        repair=(
            "UPDATE products_product SET in_stock = NOT in_stock WHERE id ="
            " ANY(%(keys)s::uuid[])"
        ),
    ),
    Invariant(
        rule="colours and sizes = those of the active variants",
        table="products_product",
        query="""SELECT product.id,
                format('colours %%s, sizes %%s; its variants say otherwise', product.colors,
                    product.sizes)
            FROM products_product AS product CROSS JOIN LATERAL (
                SELECT coalesce(array_agg(DISTINCT color ORDER BY color) FILTER (WHERE color <>
                    ''), '{}') AS colors,
                    coalesce(array_agg(DISTINCT size ORDER BY size) FILTER (WHERE size <> ''),
                        '{}') AS sizes
                FROM products_variant AS variant WHERE variant.product_id = product.id
                    AND is_active) AS truth
            WHERE product.id > %(after)s AND product.id <= %(upto)s
            AND (product.colors::text[], product.sizes::text[]) <> (truth.colors::text[],
                truth.sizes::text[])""",
        lock=(
            "SELECT FROM products_product WHERE id = ANY(%(keys)s::uuid[]) ORDER BY id FOR"
            " NO KEY UPDATE"
        ),
        repair="SELECT products_refresh_options(%(keys)s::uuid[])",
    ),
    Invariant(
        rule="stocked colours and sizes = those of the active variants that can be sold",
        table="products_product",
        query="""SELECT product.id,
                format('stocked colours %%s, sizes %%s; its levels say otherwise',
                    stocked_colors, stocked_sizes)
            FROM products_product AS product CROSS JOIN LATERAL (
                SELECT coalesce(array_agg(DISTINCT color ORDER BY color) FILTER (WHERE color <>
                    ''), '{}') AS colors,
                    coalesce(array_agg(DISTINCT size ORDER BY size) FILTER (WHERE size <> ''),
                        '{}') AS sizes
                FROM products_variant AS variant JOIN products_stocklevel AS level ON
                    level.variant_id = variant.id
                WHERE variant.product_id = product.id AND is_active AND level.sellable > 0) AS truth
            WHERE product.id > %(after)s AND product.id <= %(upto)s
            AND (stocked_colors::text[], stocked_sizes::text[]) <> (truth.colors::text[],
                truth.sizes::text[])""",
        lock=(
            "SELECT FROM products_product WHERE id = ANY(%(keys)s::uuid[]) ORDER BY id FOR"
            " NO KEY UPDATE"
        ),
        repair="SELECT products_refresh_stocked(%(keys)s::uuid[])",
    ),
    Invariant(
        rule="list prices = those of what can be bought",
        table="products_product",
        # A price that has ended is written by a job, and is not read until then.
        query="""SELECT product.id,
            format('lists say %%s to %%s until %%s; its variants %%s to %%s until %%s',
                price, price_max, price_until, truth.low, truth.high, truth.until)
            FROM products_product AS product CROSS JOIN LATERAL products_list_price(product.id,
                base_price, sale_price, sale_starts_at, sale_ends_at,
                    statement_timestamp()) AS truth
            WHERE product.id > %(after)s AND product.id <= %(upto)s
            AND (price_until IS NULL OR price_until > statement_timestamp())
            AND (price, price_max, price_until) IS DISTINCT
                FROM (truth.low, truth.high, truth.until)""",
        lock=(
            "SELECT FROM products_product WHERE id = ANY(%(keys)s::uuid[]) ORDER BY id FOR"
            " NO KEY UPDATE"
        ),
        repair="SELECT products_refresh_prices(%(keys)s::uuid[])",
    ),
    Invariant(
        rule="ratings = reviews",
        table="products_product",
        query=f"""SELECT id, format('counters %%s, reviews %%s', {_STORED}::text, {_TRUE}::text)
            FROM products_product AS product
            LEFT JOIN ({_COUNTERS.replace("{wanted}", _BATCH)}) AS truth
                ON truth.product_id = product.id
            WHERE id > %(after)s AND id <= %(upto)s AND {_STORED} <> {_TRUE}""",  # noqa: S608 (our own text)
        lock=(
            "SELECT FROM products_product WHERE id = ANY(%(keys)s::uuid[]) ORDER BY id FOR"
            " NO KEY UPDATE"
        ),
        repair=f"""UPDATE products_product AS product
            SET {", ".join(f"{n} = coalesce(truth.{n}, 0)" for n in _NAMES)}
            FROM products_product AS same
            LEFT JOIN ({_COUNTERS.replace("{wanted}", "product_id = ANY(%(keys)s::uuid[])")}) AS
                truth
                ON truth.product_id = same.id
            WHERE product.id = same.id AND product.id = ANY(%(keys)s::uuid[])""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="the tree has no cycle and knows its ancestors",
        table="products_category",
        query="""WITH RECURSIVE up (id, parent_id, path) AS (
                SELECT id, parent_id, ARRAY[id] FROM products_category WHERE id > %(after)s
                    AND id <= %(upto)s
                UNION ALL SELECT up.id, above.parent_id, above.id || up.path
                FROM up JOIN products_category AS above ON above.id = up.parent_id
                WHERE cardinality(up.path) < 20)
            SELECT category.id, format('ancestors %%s, in truth %%s', category.ancestors::text,
                up.path::text)
            FROM products_category AS category JOIN LATERAL (
                SELECT path FROM up WHERE up.id = category.id ORDER BY cardinality(path) DESC
                    LIMIT 1) AS up ON true
            WHERE category.ancestors <> up.path""",
        repair=(
            "UPDATE products_category SET ancestors = '{}' WHERE id = ANY(%(keys)s::uuid[])"
        ),
    ),
    Invariant(
        rule="a slug in use is nobody's former slug",
        table="products_product",
        query="""SELECT product.id, format('%%s is also a former slug', former.slug)
            FROM products_product AS product
            JOIN products_formerslug AS former ON former.slug = product.slug
            WHERE product.id > %(after)s AND product.id <= %(upto)s""",
        repair="""DELETE FROM products_formerslug WHERE slug IN
            (SELECT slug FROM products_product WHERE id = ANY(%(keys)s::uuid[]))""",
    ),
    Invariant(
        rule="a feed's counts are its rows'",
        table="products_feed",
        query="""SELECT feed.id,
            format('applied %%s, unchanged %%s, rejected %%s; its rows say otherwise',
                applied, unchanged, rejected)
            FROM products_feed AS feed CROSS JOIN LATERAL (
                SELECT count(*) FILTER (WHERE result IN ('applied', 'conflict')) AS done,
                    count(*) FILTER (WHERE result = 'unchanged') AS same,
                    count(*) FILTER (WHERE result = 'rejected') AS refused
                FROM products_feedrow WHERE feed_id = feed.id) AS lines
            WHERE feed.id > %(after)s AND feed.id <= %(upto)s AND state = 'applied'
            AND (applied, unchanged, rejected) <> (lines.done, lines.same, lines.refused)""",
    ),
]


def find_orphan_media() -> Iterator[Breach]:
    """Yield files that no row names, and rows whose file is not there. Only where files lie
    on this machine's disk.
    """
    rule, named = "no orphan media", set()
    for pk, file, thumbnails in (
        ProductImage.objects.exclude(file="")
        .values_list("pk", "file", "thumbnails")
        .iterator()
    ):
        for name in (file, *thumbnails.values()):
            named.add(name)
            if not default_storage.exists(name):
                yield Breach(
                    rule, "products_productimage", str(pk), f"{name} is not there"
                )
    for pk, name in Category.objects.exclude(image="").values_list("pk", "image"):
        named.add(name)
        if not default_storage.exists(name):
            yield Breach(rule, "products_category", str(pk), f"{name} is not there")
    root = Path(settings.MEDIA_ROOT)
    for folder in ("products", "categories"):
        for path in (root / folder).rglob("*"):
            if (
                path.is_file()
                and (name := path.relative_to(root).as_posix()) not in named
            ):
                yield Breach(rule, "media", name, "no row names it")


AT_ONCE: dict[str, Callable[[], Iterator[Breach]]] = {
    "no orphan media": find_orphan_media
}
