"""What a search finds, in another order than the best first.

How many hits there are is counted to MAX_RANKED, as where they are ranked. What more products have
is soon met along the index of the order; how many have it, PostgreSQL can only guess.
"""

# ruff: noqa: S608 (the SQL is put together from constants and the ORM's own)

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self
from uuid import UUID

from django.db import connection

from products.selectors import search_hits, search_ranking
from products.selectors.search_hits import Hits, Sql

MAX_WALKED: Final = 10_000  # products along the index of an order

_COUNT: Final = """
    WITH hits AS MATERIALIZED ({hits}), counted AS MATERIALIZED (
        SELECT count(*) AS number FROM (SELECT FROM hits LIMIT {most} + 1) AS counted
    )
    SELECT number, CASE WHEN number > {most} THEN {many} ELSE {few} END FROM counted
"""
_NOT_SAID: Final = "'{}'::uuid[]"
_ALL_HITS: Final = "SELECT * FROM hits"


@dataclass(frozen=True)
class _Page:
    """A page of the hits: which of them, in the order of a key, and among equals of the id."""

    hits: Hits
    key: str
    key_params: Sequence[Any]
    sign: str
    start: int
    limit: int

    @classmethod
    def of(cls, hits: Hits, order: Sequence[str], span: slice) -> Self:
        """Return a page, less what lies behind the MAX_RANKED first."""
        name = order[0].removeprefix("-")
        key, params = hits.annotations.get(name, (f"products_product.{name}", ()))
        sign = "DESC" if order[0].startswith("-") else "ASC"
        limit = max(0, min(span.stop, search_hits.MAX_RANKED) - span.start)
        return cls(hits, key, params, sign, span.start, limit)

    def build_walk_sql(self) -> Sql:
        """Return the SQL of those of the first MAX_WALKED published products in this order that
        are found.
        """
        order = f"sort_key {self.sign}, id {self.sign}"
        sql = f"""ARRAY(SELECT id FROM (
            SELECT *, {self.key} AS sort_key FROM products_product
            WHERE status = 'published' ORDER BY {order} LIMIT {MAX_WALKED}
        ) AS products_product WHERE {self.hits.rule}
        ORDER BY {order} LIMIT {self.limit} OFFSET {self.start})"""
        return sql, [*self.key_params, *self.hits.params]

    def build_sort_sql(self, hits: str) -> str:
        """Return the SQL of the page of these, sorted: no index is walked to meet few of them."""
        return f"""ARRAY(SELECT id FROM ({hits}) AS hits
            ORDER BY coalesce(sort_key, sort_key) {self.sign}, id {self.sign}
            LIMIT {self.limit} OFFSET {self.start})"""

    def build_sort_of_all_sql(self) -> Sql:
        """Return the SQL of the page of all hits, sorted."""
        sql = f"""SELECT id, {self.key} AS sort_key FROM products_product
            WHERE {self.hits.rule}"""
        return self.build_sort_sql(sql), [*self.key_params, *self.hits.params]


def find_in_order(
    hits: Hits,
    order: Sequence[str],
    span: slice,
    *,
    total: int | None = None,
    is_published: bool = False,
) -> tuple[list[UUID], int]:
    """Return the ids of some hits in an order of columns that are indexed for published
    products, and how many hits there are, as `get_best_matches` does; `total` if that is known.

    One query, in a large catalogue two to five as a rule.
    """
    page = _Page.of(hits, order, span)
    # What prices show while stored ones have ended has no index.
    is_indexed = is_published and "list_price" not in order[0]
    walks = is_indexed and hits.query.catalogue_size > MAX_WALKED
    ids: list[UUID] | None = None
    if total is None:
        number, ids = _count_hits(page, walks=walks, is_published=is_published)
    else:
        number = total
    if page.start >= min(number, search_hits.MAX_RANKED):
        return [], number
    is_common = number > search_hits.MAX_RANKED
    if total is not None and walks and is_common:
        [ids] = _fetch_row(*page.build_walk_sql())
    if ids is None or (is_common and len(ids) < page.limit):
        [ids] = _fetch_row(*page.build_sort_of_all_sql())
    return ids, number


def _count_hits(
    page: _Page, *, walks: bool, is_published: bool
) -> tuple[int, list[UUID] | None]:
    """Return how many hits there are, of more than MAX_RANKED one more; and the page, of so many
    only what is met in a walk, if there is to be one.
    """
    most, wanted = search_hits.MAX_RANKED + 1, 0.0
    tiers = search_ranking.get_tiers(page.hits.query, is_published=is_published)
    if tiers:
        walk = page.build_walk_sql() if walks else (_NOT_SAID, [])
        ids = page.hits.find_page_soon(walk)
        if ids is not None:
            return most, ids
    for size, edge in tiers.items():
        if size < wanted:
            continue
        # Planned for more than are counted, as PostgreSQL takes words that go together (a
        # category and its name) for many more products than they are.
        popular = page.hits.build_popular_sql("id", search_hits.MAX_COMPARED, edge)
        number, ids = _count_among(page, popular, walks=walks)
        if number == most:
            return most, ids
        wanted = size * most / max(number, 1) * search_ranking.SPARE
    sql, params = page.hits.build_popular_sql(
        f"id, {page.key} AS sort_key", search_hits.MAX_RANKED + 1, None
    )
    return _count_among(
        page,
        (sql, [*page.key_params, *params]),
        few=page.build_sort_sql(_ALL_HITS),
        walks=walks,
    )


def _count_among(
    page: _Page, hits: Sql, *, walks: bool, few: str = _NOT_SAID
) -> tuple[int, list[UUID] | None]:
    """Return the same of these hits; `few` is the SQL of the page of no more than MAX_RANKED."""
    many_sql, many_params = page.build_walk_sql() if walks else (_NOT_SAID, [])
    sql, params = hits
    counted = _COUNT.format(
        hits=sql, most=search_hits.MAX_RANKED, many=many_sql, few=few
    )
    number, ids = _fetch_row(counted, [*params, *many_params])
    return number, ids


def _fetch_row(sql: str, params: Sequence[Any]) -> tuple[Any, ...]:
    """Return the only row of a query, or what an expression is."""
    if sql.startswith("ARRAY"):
        sql = f"SELECT {sql}"
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        row: tuple[Any, ...] = cursor.fetchone()
        return row
