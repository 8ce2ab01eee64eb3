"""Collections, and which products belong to them.

The conditions of a rule stand here once (`_CONDITIONS`): lists put a collection's own values in
and leave the empty ones out, SQL for any collection reads its columns (`MEMBERS`).
"""

# ruff: noqa: S608 (the SQL is put together from constants)

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import IntegerField, OuterRef, Q, Subquery, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from markrin.api import errors
from markrin.db.sql import Row, fetch_all, fetch_prepared
from products.models import CollectionProduct
from products.selectors.prices import inherited, price_now

BEHIND_ALL: Final = 40_000  # the place of what nobody has put into one

# What a list shows as the lowest price, also where the stored one has ended.
_LIST_PRICE = """CASE
    WHEN product.price_until IS NULL OR product.price_until > statement_timestamp()
        THEN product.{name}
    WHEN product.next_until IS NULL OR product.next_until > statement_timestamp()
        THEN product.next_{name}
    ELSE (SELECT {end} FROM products_list_price(product.id, product.base_price,
        product.sale_price, product.sale_starts_at, product.sale_ends_at, statement_timestamp()))
    END"""
_REDUCED = f"""EXISTS (
    SELECT FROM products_variant AS variant
    WHERE variant.product_id = product.id AND variant.is_active
    AND (product.sale_price IS NOT NULL OR variant.sale_price IS NOT NULL)
    AND {price_now(variant="variant", product="product")}
        < ({inherited("base_price", variant="variant", product="product")}))"""
_BELOW = """EXISTS (
    SELECT FROM products_category AS within
    WHERE within.ancestors @> ARRAY[{value}]::uuid[] AND (within.id = product.category_id
        OR within.id IN (SELECT category_id FROM products_product_also_in AS also
            WHERE also.product_id = product.id)))"""
# A rule's column, its type, whether it says nothing, and what it asks of `product`.
_CONDITIONS: Final = (
    ("tags", "varchar[]", "{column} = '{{}}'", "product.tags && {value}"),
    (
        "labels",
        "varchar[]",
        "{column} = '{{}}'",
        "product.collection = ANY ({value})",
    ),
    ("category_id", "uuid", "{column} IS NULL", _BELOW),
    (
        "min_price",
        "numeric",
        "{column} IS NULL",
        f"{_LIST_PRICE.format(name='price_max', end='high')} >= {{value}}",
    ),
    (
        "max_price",
        "numeric",
        "{column} IS NULL",
        f"{_LIST_PRICE.format(name='price', end='low')} <= {{value}}",
    ),
    ("in_stock", "boolean", "{column} IS NULL", "product.in_stock = {value}"),
    ("on_sale", "boolean", "{column} IS NULL", f"{_REDUCED} = {{value}}"),
    (
        "max_age_days",
        "integer",
        "{column} IS NULL",
        "product.created_at > statement_timestamp() - {value} * interval '1 day'",
    ),
    ("min_sold", "integer", "{column} IS NULL", "product.popularity >= {value}"),
)
_PICKED = """EXISTS (SELECT FROM products_collectionproduct AS picked
        WHERE picked.collection_id = {collection} AND picked.product_id = product.id)"""


def _of_any_collection() -> str:
    rules = []
    for name, _, empty, asks in _CONDITIONS:
        column = f"collection.{name}"
        rules.append(
            f"({empty.format(column=column)} OR {asks.format(value=column)})"
        )
    return " AND ".join(rules)


# Which products are in which collections, of every status. To be narrowed down to some of both.
MEMBERS: Final = f"""SELECT product.id AS product_id, collection.id AS collection_id
    FROM products_product AS product CROSS JOIN products_collection AS collection
    WHERE CASE WHEN collection.by_rule THEN {_of_any_collection()}
        ELSE {_PICKED.format(collection="collection.id")} END"""

# `ages_in_s`: until the first of its products is too old for it.
_FIND: Final = """
    SELECT c.id, c.slug, c.by_rule, c.sort, c.tags, c.labels, c.category_id, c.min_price,
        c.max_price, c.in_stock, c.on_sale, c.max_age_days, c.min_sold,
        CASE WHEN c.max_age_days IS NOT NULL THEN (
            SELECT extract(epoch FROM min(product.created_at)
                + c.max_age_days * interval '1 day' - statement_timestamp())
            FROM products_product AS product WHERE product.status = 'published'
            AND product.created_at > statement_timestamp() - c.max_age_days * interval '1 day'
        ) END::float AS ages_in_s
    FROM products_collection AS c WHERE c.is_published AND c.slug = ANY (%(slugs)s::text[])
    ORDER BY c.id
"""


@dataclass(frozen=True)
class FoundCollections:
    """Collections by which a list is narrowed down: who is in any of them."""

    rows: tuple[Row, ...] = ()

    @property
    def ages_in_s(self) -> float | None:
        """Seconds until somebody falls out by age; None: nobody does."""
        ends = [
            row["ages_in_s"] for row in self.rows if row["ages_in_s"] is not None
        ]
        return min(ends, default=None)

    def match(self) -> Q:
        """Return the rule for products that are in any of them."""
        rule = Q(pk__in=[])
        for row in self.rows:
            sql, params = _members_of(row)
            rule |= Q(pk__in=RawSQL(sql, params))  # noqa: S611 (of constants)
        return rule

    def place(self) -> Any:
        """Return the expression of a product's place, where there is one collection."""
        [row] = self.rows
        own = CollectionProduct.objects.filter(
            collection=row["id"], product=OuterRef("pk")
        )
        return Coalesce(
            Subquery(own.values("position")),
            Value(BEHIND_ALL),
            output_field=IntegerField(),
        )


NO_COLLECTIONS: Final = FoundCollections()


def find_published(slugs: Sequence[str]) -> FoundCollections:
    """Return the published collections with these slugs: one query."""
    return FoundCollections(tuple(fetch_prepared(_FIND, {"slugs": list(slugs)})))


def _members_of(row: Row) -> tuple[str, list[object]]:
    """Return the SQL of the ids of a collection's products, and its parameters."""
    rules, params = [], list[object]()
    if not row["by_rule"]:
        rules.append(_PICKED.format(collection="%s"))
        params.append(row["id"])
    else:
        for name, kind, _, asks in _CONDITIONS:
            value = row[name]
            if value is not None and value != []:
                rules.append(asks.format(value=f"%s::{kind}"))
                params.append(value)
    where = " AND ".join(rules)
    return (
        f"SELECT product.id FROM products_product AS product WHERE {where}",
        params,
    )


_COLUMNS = """c.id, c.slug, c.name, c.description, c.position, c.sort, c.by_rule, c.seo_title,
    c.seo_description, c.is_published, c.updated_at"""
_PUBLIC = f"SELECT {_COLUMNS} FROM products_collection AS c WHERE c.is_published"


def list_collections() -> list[Row]:
    """Return the collections that have a page, in their order: one query."""
    return list(fetch_all(f"{_PUBLIC} ORDER BY c.position, c.name, c.id"))


def get_collection(*, key: UUID | str) -> Row:
    """Return one that has a page, by id or slug: one query.

    Raises:
        errors.NotFound: there is none.
    """
    column = "id" if isinstance(key, UUID) else "slug"
    rows = fetch_all(f"{_PUBLIC} AND c.{column} = %(key)s", {"key": key})
    if not rows:
        raise errors.NotFound
    return rows[0]


_STAFF = f"""
    SELECT {_COLUMNS}, c.tags, c.labels, c.category_id, c.min_price, c.max_price, c.in_stock,
        c.on_sale, c.max_age_days, c.min_sold,
        ARRAY(SELECT product_id FROM products_collectionproduct AS picked
            WHERE picked.collection_id = c.id ORDER BY position) AS product_ids
    FROM products_collection AS c
"""


def list_staff_collections() -> list[Row]:
    """Return all collections with their rules: one query."""
    return list(fetch_all(f"{_STAFF} ORDER BY c.position, c.name, c.id"))


def get_staff_collection(*, key: UUID | str) -> Row:
    """Return a collection as staff see it, by id or slug: one query.

    Raises:
        errors.NotFound: there is none.
    """
    column = "id" if isinstance(key, UUID) else "slug"
    rows = fetch_all(f"{_STAFF} WHERE c.{column} = %(key)s", {"key": key})
    if not rows:
        raise errors.NotFound
    return rows[0]


def list_members(collection_id: UUID, *, limit: int) -> list[Row]:
    """Return the products of a collection for staff, whatever their status, in its order as far
    as staff have made one, then the newest first: one query.
    """
    return list(
        fetch_all(
            f"""SELECT p.id, p.name, p.slug, p.status, p.price, p.in_stock, placed.position,
                (SELECT CASE WHEN image.external_url <> '' THEN image.external_url
                    ELSE coalesce(image.thumbnails ->> '400', image.file) END
                FROM products_productimage AS image WHERE image.product_id = p.id
                ORDER BY image.position, image.id LIMIT 1) AS image
            FROM ({MEMBERS}) AS member JOIN products_product AS p ON p.id = member.product_id
            LEFT JOIN products_collectionproduct AS placed
                ON placed.collection_id = member.collection_id AND placed.product_id = p.id
            WHERE member.collection_id = %(id)s
            ORDER BY placed.position NULLS LAST, p.created_at DESC, p.id DESC LIMIT %(limit)s""",
            {"id": collection_id, "limit": limit},
        )
    )
