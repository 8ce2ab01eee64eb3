"""What somebody may be about to type: products, categories, brands, and what others search for."""

from collections.abc import Sequence
from dataclasses import dataclass

from markrin.db.sql import Row, fetch_prepared
from products import hooks
from products.search import Query
from products.selectors import search_hits, search_ranking
from products.selectors.filters import Filters
from products.selectors.summaries import get_summaries

SHOWN = 5  # of each kind

# Categories and brands each of whose words the text begins, or names in another form. Brands are
# leapt to along their index; a shop has few categories.
_NAMES = """
    WITH RECURSIVE typed AS MATERIALIZED (
        SELECT translate(token, '&/.+_-', '') AS word, markrin_search_stem(token) AS stem
        FROM unnest(markrin_search_tokens(%(text)s)) AS token
    ), leaps AS (
        (SELECT brand FROM products_product WHERE status = 'published' AND brand > ''
            ORDER BY brand LIMIT 1)
        UNION ALL
        SELECT (SELECT brand FROM products_product
            WHERE status = 'published' AND brand > leaps.brand ORDER BY brand LIMIT 1)
        FROM leaps WHERE leaps.brand IS NOT NULL
    )
    SELECT
        (SELECT json_agg(found) FROM (
            SELECT id, slug, name FROM products_category AS category
            WHERE EXISTS (SELECT FROM typed) AND NOT EXISTS (
                SELECT FROM typed WHERE NOT EXISTS (
                    SELECT FROM unnest(stems) AS known
                    WHERE known = typed.stem OR starts_with(known, typed.word)))
            AND EXISTS (SELECT FROM products_category AS below
                JOIN products_product AS product ON product.category_id = below.id
                WHERE below.ancestors @> ARRAY[category.id] AND product.status = 'published')
            ORDER BY cardinality(ancestors), position, name LIMIT %(limit)s
        ) AS found) AS categories,
        ARRAY(SELECT brand FROM leaps
            WHERE brand IS NOT NULL AND EXISTS (SELECT FROM typed)
            AND (starts_with(markrin_search_key(brand), markrin_search_key(%(text)s))
                OR lower(brand) LIKE '%% ' || %(like)s)
            ORDER BY brand LIMIT %(limit)s) AS brands
"""


@dataclass(frozen=True)
class Suggestions:
    """What fits a text that is still being typed; `fresh_for_s` as in `Listing`."""

    products: list[Row]
    categories: list[Row]
    brands: Sequence[str]
    searches: Sequence[str]
    query: Query
    fresh_for_s: float | None


def suggest(text: str) -> Suggestions:
    """Return at most SHOWN of each kind: seven queries or less."""
    filters, clock = Filters(search=text).prepared()
    query = filters.query or Query()
    ids, _ = search_ranking.get_best_matches(
        search_hits.Hits.of_words(query, is_published=True),
        offset=0,
        limit=SHOWN,
        total=0,  # nobody asks
        is_published=True,
    )
    meant = query.corrected_to or text
    [names] = fetch_prepared(
        _NAMES, {"text": meant, "like": _escape_like(meant), "limit": SHOWN}
    )
    popular = hooks.list_popular_searches(beginning=meant.lower(), limit=SHOWN)
    return Suggestions(
        products=get_summaries(ids),
        categories=names["categories"] or [],
        brands=names["brands"],
        searches=[each.text for counted in popular for each in counted],
        query=query,
        fresh_for_s=clock.fresh_for_s,
    )


def _escape_like(text: str) -> str:
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, f"\\{sign}")
    return f"{text.strip().lower()}%"
