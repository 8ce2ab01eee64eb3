"""What goes well with a product."""

from dataclasses import dataclass
from uuid import UUID

from markrin.api import errors
from markrin.db.sql import Row, fetch_all
from products.selectors.prices import read_price_clock
from products.selectors.summaries import get_summaries

# Of a product that very many bought, its latest buyers say enough.
_MAX_BUYERS, _MAX_CATEGORIES = 500, 500
_MIN_TOGETHER = 2  # one person's basket is nobody's business


@dataclass(frozen=True)
class RelatedProducts:
    """A short list of products; `fresh_for_s`: until a list price changes, None for never."""

    items: list[Row]
    fresh_for_s: float | None


def list_related(*, key: UUID | str, limit: int = 8) -> RelatedProducts:
    """Return what goes well with a product: what its buyers bought besides, the most often first;
    then the most popular of other categories, for the same people, one of each before a second
    one; then of its own category.

    Raises:
        errors.NotFound: there is no such published product.
    """
    found = fetch_all(_RELATED_TO.format(where=_match_key(key)), {"key": key})
    if not found:
        raise errors.NotFound
    clock = read_price_clock()
    near = fetch_all(_RELATED, {**found[0], "limit": limit})
    return RelatedProducts(
        get_summaries([row["id"] for row in near]), clock.fresh_for_s
    )


def _match_key(key: UUID | str) -> str:
    return (
        "product.id = %(key)s"
        if isinstance(key, UUID)
        else "product.slug = %(key)s"
    )


_RELATED_TO = """
    SELECT product.id, product.category_id AS category, product.gender,
        category.ancestors[1] AS root
    FROM products_product AS product
    JOIN products_category AS category ON category.id = product.category_id
    WHERE product.status = 'published' AND {where}
"""
# Of each category at most as many rows as are shown are read off its index.
_RELATED = f"""
    WITH together AS (
        SELECT other.product_id AS id, count(*) AS times
        FROM (SELECT user_id FROM products_purchase WHERE product_id = %(id)s
            ORDER BY id DESC LIMIT {_MAX_BUYERS}) AS buyer
        JOIN products_purchase AS other USING (user_id)
        WHERE other.product_id <> %(id)s
        GROUP BY other.product_id HAVING count(*) >= {_MIN_TOGETHER}
        ORDER BY times DESC LIMIT %(limit)s * 2
    ), near AS (
        SELECT product.id, 0 AS times, category.id <> %(category)s AS is_other,
            category.ancestors[1] = %(root)s AS is_near, product.gender, product.in_stock,
            product.popularity,
            row_number() OVER (PARTITION BY category.id ORDER BY
                product.gender IN (%(gender)s, 'unisex') DESC, product.in_stock DESC,
                product.popularity DESC, product.id DESC) AS place
        FROM (SELECT id, ancestors FROM products_category
            ORDER BY id = %(category)s DESC, ancestors[1] = %(root)s DESC, position, id
            LIMIT {_MAX_CATEGORIES}) AS category
        CROSS JOIN LATERAL (
            SELECT id, gender, in_stock, popularity FROM products_product
            WHERE category_id = category.id AND status = 'published' AND id <> %(id)s
            ORDER BY popularity DESC, id DESC LIMIT %(limit)s
        ) AS product
    ), best AS (
        SELECT product.id, together.times, true AS is_other, true AS is_near, product.gender,
            product.in_stock, product.popularity, 1 AS place
        FROM together JOIN products_product AS product ON product.id = together.id
        WHERE product.status = 'published'
        UNION ALL SELECT * FROM near WHERE id NOT IN (SELECT id FROM together)
    )
    SELECT id FROM best
    ORDER BY times DESC, is_other DESC, gender IN (%(gender)s, 'unisex') DESC, place, in_stock DESC,
        is_near DESC, popularity DESC, id DESC
    LIMIT %(limit)s
"""  # noqa: S608 (constants)
