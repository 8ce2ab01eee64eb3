"""The category tree with what is in it."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from pyroaring import BitMap

from markrin.api import errors
from markrin.db.sql import Row, fetch_prepared
from products import facet_bitmaps
from products.models import Category, ProductStatus

# How many products each category has of its own.
_WALK = """SELECT category_id, count(*) AS number FROM products_product
                WHERE status = 'published' {within} GROUP BY category_id"""
# The same where the bitmaps have counted all but what has changed since.
_COUNTED = """SELECT category_id, sum(number) AS number FROM (
                SELECT * FROM unnest(%(categories)s::uuid[], %(numbers)s::int[])
                    AS by_bitmap (category_id, number)
                UNION ALL
                SELECT category_id, 1 FROM products_product
                WHERE status = 'published' AND id = ANY (%(changed)s::uuid[])
            ) AS every WHERE true {within} GROUP BY category_id"""
# Every product is counted for its category and all above it.
_TREE = """
    WITH counted AS (
        SELECT above AS id, sum(number)::int AS number FROM (
            SELECT above, number
            FROM ({own}) AS own
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
    SELECT c.id::text AS id, c.slug, c.name, c.description, c.image, c.parent_id::text,
        c.tax_class_id AS tax_class, c.position,
        coalesce(counted.number, 0) AS product_count
    FROM products_category c LEFT JOIN counted USING (id) {where}
    ORDER BY c.position, c.name, c.id
"""
_WITHIN = """AND category_id IN (SELECT id FROM products_category WHERE ancestors @> ARRAY[(
    SELECT id FROM products_category WHERE {column} = %(key)s)])"""
_WHERE = "WHERE c.ancestors @> ARRAY[(SELECT id FROM products_category WHERE {column} = %(key)s)]"


def list_categories() -> list[Row]:
    """Return the whole tree: its roots, each with `children`. One query; two in a large shop, whose
    time hardly grows with the catalogue.
    """
    roots = _nest_rows(_fetch_tree(within="", where=""))
    if not facet_bitmaps.knows_many():
        number = sum(root["product_count"] for root in roots)
        if number >= facet_bitmaps.MANY_PRODUCTS:
            facet_bitmaps.read_index()  # for the next time
    return roots


def get_category(*, key: UUID | str) -> Row:
    """Return one category, by id or slug, with the tree below it: as many queries.

    Raises:
        errors.NotFound: there is none.
    """
    column = "id" if isinstance(key, UUID) else "slug"
    rows = _fetch_tree(
        within=_WITHIN.format(column=column),
        where=_WHERE.format(column=column),
        key=key,
    )
    if not rows:
        raise errors.NotFound
    [root] = _nest_rows(rows)
    return root


def _fetch_tree(*, within: str, where: str, **params: object) -> list[Row]:
    counted = _count_by_bitmap() if facet_bitmaps.knows_many() else None
    own = (_WALK if counted is None else _COUNTED).format(within=within)
    sql = _TREE.format(own=own, where=where)
    return fetch_prepared(sql, params | (counted or {}))


def _count_by_bitmap() -> dict[str, object] | None:
    """Return the published products of each category but those that have changed since the bitmaps
    were written, and these; None where too many have. One query.
    """
    index = facet_bitmaps.read_index()
    if index.is_behind:
        return None
    changed = BitMap(
        number for number in index.changed.values() if number is not None
    )
    published = index.bitmaps.any_of("status", [ProductStatus.PUBLISHED]) - changed
    counts = {
        category: published.intersection_cardinality(bitmap)
        for category, bitmap in index.bitmaps.values_of("category").items()
    }
    return {
        "categories": list(counts),
        "numbers": list(counts.values()),
        "changed": list(index.changed),
    }


def _nest_rows(rows: Iterable[dict[str, Any]]) -> list[Row]:
    """Return the rows that lie below none of the others, everything else below these, in
    the order given, as their `children`. Ids are texts, as they are shown.
    """
    by_id: dict[str, Row] = {}
    for row in rows:
        row["children"] = []
        by_id[row["id"]] = row
    roots: list[Row] = []
    for row in by_id.values():
        parent = by_id.get(row["parent_id"])
        (parent["children"] if parent else roots).append(row)
    return roots


def has_category(*, slug: str) -> bool:
    """Return whether there is a category with this slug."""
    return Category.objects.filter(slug=slug).exists()
