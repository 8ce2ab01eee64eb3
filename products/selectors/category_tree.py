"""The category tree with what is in it."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from markrin.api import errors
from markrin.db.sql import Row, fetch_all
from products.models import Category

# Every product is counted for its category and all above it.
_TREE = """
    WITH counted AS (
        SELECT above AS id, sum(number)::int AS number FROM (
            SELECT above, number
            FROM (SELECT category_id, count(*) AS number FROM products_product
                WHERE status = 'published' {within} GROUP BY category_id) AS own
            JOIN products_category c ON c.id = own.category_id, unnest(c.ancestors) AS above
            UNION ALL
            -- of what is also listed here, each once, and not where its own category counts it
            SELECT above, 1 FROM (SELECT DISTINCT above, p.id
            FROM products_product_also_in AS also
            JOIN products_product p ON p.id = also.product_id AND p.status = 'published'
            JOIN products_category main ON main.id = p.category_id
            JOIN products_category c ON c.id = also.category_id, unnest(c.ancestors) AS above
            WHERE above <> ALL (main.ancestors)) AS others
        ) AS each GROUP BY above
    )
    SELECT c.id, c.slug, c.name, c.description, c.image, c.parent_id,
        c.tax_class_id AS tax_class, c.position,
        coalesce(counted.number, 0) AS product_count
    FROM products_category c LEFT JOIN counted USING (id) {where}
    ORDER BY c.position, c.name, c.id
"""
_WITHIN = """AND category_id IN (SELECT id FROM products_category WHERE ancestors @> ARRAY[(
    SELECT id FROM products_category WHERE {column} = %(key)s)])"""
_WHERE = "WHERE c.ancestors @> ARRAY[(SELECT id FROM products_category WHERE {column} = %(key)s)]"


def list_categories() -> list[Row]:
    """Return the whole tree: its roots, each with `children`. One query."""
    return _nest_rows(fetch_all(_TREE.format(within="", where="")))


def get_category(*, key: UUID | str) -> Row:
    """Return one category, by id or slug, with the tree below it: one query.

    Raises:
        errors.NotFound: there is none.
    """
    column = "id" if isinstance(key, UUID) else "slug"
    rows = fetch_all(
        _TREE.format(within=_WITHIN, where=_WHERE).replace("{column}", column),
        {"key": key},
    )
    if not rows:
        raise errors.NotFound
    [root] = _nest_rows(rows)
    return root


def _nest_rows(rows: Iterable[dict[str, Any]]) -> list[Row]:
    """Return the rows that lie below none of the others, everything else below these, in
    the order given.
    """
    by_id = {row["id"]: {**row, "children": []} for row in rows}
    roots: list[Row] = []
    for row in by_id.values():
        parent = by_id.get(row["parent_id"])
        (parent["children"] if parent else roots).append(row)
    return roots


def has_category(*, slug: str) -> bool:
    """Return whether there is a category with this slug."""
    return Category.objects.filter(slug=slug).exists()
