"""What a search finds, the best first.

A common word stands in a third of the catalogue, and neither counting nor ranking so many
products is done in milliseconds. So a search is counted to MAX_RANKED. Where it finds more, the
MAX_COMPARED most popular are looked at, and of these MAX_RANKED are ranked, those first that have
the words in more than their description: whoever finds more than that will narrow it down. The
products of that very name, pinned ones and those of a SKU are among them however few they sell.

In a large catalogue, the most popular of very many hits are found without reading all of these.
Where a page is full of what is worth as much as anything can be, nothing is ranked: so it is with
words that are soon known to be common (`Hits.find_page_soon`). Others are looked for first among
the TIERS[0] most popular products, whose number tells among how many to look next. There PostgreSQL
may walk along the index of popularity, and once it has met MAX_RANKED hits that have the words in
more than their description, no others would be ranked.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from time import monotonic
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.db.models import F, IntegerField, OrderBy, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from markrin.db.sql import fetch_prepared
from products import search
from products.models import Product
from products.search import Place, Query
from products.selectors import search_hits
from products.selectors.search_hits import COMPARED, Hits

TIERS: Final = (
    20_000,
    40_000,
    80_000,
    160_000,
    320_000,
)  # the most popular products, so many
_EDGES_KEPT_S: Final = 600
SPARE: Final = 1.1  # hits of a wider tier, of those that a narrower one lets expect
STARS: Final = Coalesce("rating", Decimal(0))  # as `product_rating` has them

# What has the words in more than its description is looked for along the popular hits, and where
# there is enough of it, no further: a CTE is read no further than it is asked.
_BEST = """
    WITH popular AS MATERIALIZED ({hits}), strong AS MATERIALIZED (
        SELECT * FROM popular WHERE search @@ %s::tsquery LIMIT {most} + 1
    ), enough AS MATERIALIZED (SELECT count(*) > {most} AS is_so FROM strong),
    exact AS MATERIALIZED ({exact}),
    hits AS MATERIALIZED (
        SELECT *, true AS is_strong FROM strong WHERE (SELECT is_so FROM enough)
        UNION ALL SELECT *, search @@ %s::tsquery FROM popular
            WHERE NOT (SELECT is_so FROM enough)
        UNION ALL SELECT *, true FROM exact WHERE id NOT IN (SELECT id FROM strong)
            AND ((SELECT is_so FROM enough) OR id NOT IN (SELECT id FROM popular))
    ), best AS MATERIALIZED (
        SELECT * FROM hits ORDER BY id IN (SELECT id FROM exact) DESC,
            CASE WHEN (SELECT count(*) FROM hits) > {most} THEN is_strong END DESC,
            popularity DESC, id DESC
        LIMIT {most}
    )
    SELECT CASE WHEN (SELECT is_so FROM enough) THEN {compared}
            ELSE (SELECT count(*) FROM popular) END,
        (SELECT count(*) FROM strong), (SELECT least(count(*), {most} + 1) FROM hits),
        CASE WHEN {is_whole} OR (SELECT is_so FROM enough)
            OR (SELECT count(*) FROM popular) >= {compared}
        THEN ARRAY(
            SELECT id FROM best AS product ORDER BY {score} DESC, popularity DESC, id DESC
            LIMIT {stop} - {start} OFFSET {start}
        ) ELSE '{{}}' END
"""
# Nothing is worth more than these: where they fill the page, nothing need be ranked.
_TOP: Final = """ARRAY(
    SELECT id FROM (
        SELECT id, popularity, search FROM (
            SELECT * FROM products_product WHERE status = 'published'
            ORDER BY popularity DESC, id DESC LIMIT {compared}
        ) AS products_product WHERE {rule} AND search @@ %s::tsquery
        ORDER BY popularity DESC, id DESC LIMIT {most}
    ) AS strong WHERE search @@ %s::tsquery
    ORDER BY popularity DESC, id DESC LIMIT {limit} OFFSET {start})"""
_NONE: Final = """SELECT NULL::uuid AS id, NULL::int AS popularity, NULL::tsvector AS search
    WHERE false"""  # of the exact ones


class Lexemes(SearchQuery):
    """A tsquery written out, so that its lexemes are not stemmed a second time."""

    template = "(%(expressions)s)::tsquery"

    def __init__(self, text: str) -> None:
        super().__init__(text, search_type="raw")


def unindexed_key(name: str) -> OrderBy:
    """Return a key of the same order that no index serves.

    PostgreSQL would rather walk the index of the order until it has met enough products
    that pass, which is all of them where hardly any does."""
    column = name.removeprefix("-")
    return OrderBy(Coalesce(F(column), F(column)), descending=name.startswith("-"))


def score_sql(query: Query) -> tuple[str, list[Any]]:
    """Return the SQL of how well `product` fits, a whole number, and its parameters: what each
    place is worth, and more for a product of that very name or that is pinned.
    """
    parts: list[str] = ["0"]
    params: list[Any] = []
    for place in query.places:
        cases = ""
        for points in sorted(place.levels, reverse=True):
            cases += f" WHEN product.search @@ %s::tsquery THEN {points}"
            params.append(place.levels[points])
        if cases:
            parts.append(f"(CASE{cases} ELSE 0 END)")
    name = search.quote("=" + query.key)
    parts.append(
        f"(CASE WHEN product.search @@ %s::tsquery THEN {search.EXACT_NAME}"
        f" WHEN product.search @@ %s::tsquery THEN {search.NAME_BEGINS} ELSE 0 END)"
    )
    params += [name, f"{name}:*"]
    if query.exact:
        parts.append(
            "coalesce(100000 - array_position(%s::uuid[], product.id) * 10, 0)"
        )
        params.append(list(query.exact))
    return f"({' + '.join(parts)})", params


def rank_matches(found: QuerySet[Product], query: Query) -> QuerySet[Product]:
    """Return the hits with their `relevance`, to be walked by cursor; see `get_best_matches`."""
    ids, _ = get_best_matches(
        Hits.of(found, query), offset=0, limit=search_hits.MAX_RANKED
    )
    sql, params = score_sql(query)
    relevance = RawSQL(  # noqa: S611 # nosec B611 (its text is score_sql's own, words are parameters)
        sql.replace("product.", "products_product."),
        params,
        output_field=IntegerField(),
    )
    return Product.objects.filter(pk__in=ids).annotate(relevance=relevance)


class _Ranked(NamedTuple):
    """How many of the popular hits were compared, how many of these have the words in more than
    their description, how many hits there are, of more than MAX_RANKED one more, and the best:
    none are ranked where others, in a wider tier, would be.
    """

    compared: int
    strong: int
    number: int
    ids: list[UUID]


def get_best_matches(
    hits: Hits,
    *,
    offset: int,
    limit: int,
    total: int | None = None,
    is_published: bool = False,
) -> tuple[list[UUID], int]:
    """Return the ids of `limit` hits from `offset` on, and how many there are, of more than
    MAX_RANKED one more; `total` if that is known, 0 if nobody asks. One query, in a large
    catalogue up to four as a rule. `is_published`: these are published products, whose popularity
    has an index.
    """
    span = slice(offset, offset + limit)
    if is_published and hits.query.catalogue_size > TIERS[0]:
        ids = _find_top_soon(hits, span, total)
        if len(ids) == limit:
            return ids, search_hits.MAX_RANKED + 1 if total is None else total
    wanted = 0.0  # the least number of products among which to look
    for size, edge in get_tiers(hits.query, is_published=is_published).items():
        if size < wanted:
            continue
        # PostgreSQL may walk along the index of popularity, which here is not long.
        ranked = _rank(hits, span, edge)
        if ranked.compared >= search_hits.MAX_COMPARED:
            return ranked.ids, ranked.number
        missing = min(
            search_hits.MAX_COMPARED / max(ranked.compared, 1),
            search_hits.MAX_RANKED / max(ranked.strong, 1),
        )
        wanted = size * missing * SPARE
    ranked = _rank(hits, span, None)
    return ranked.ids, ranked.number


def get_tiers(query: Query, *, is_published: bool) -> Mapping[int, int]:
    """Return how popular a product must be to be among the most popular ones, by how many these
    are: none where the catalogue is small or not only published products are looked for.
    """
    if not is_published or query.catalogue_size <= TIERS[0]:
        return {}
    return read_edges(int(monotonic() // _EDGES_KEPT_S))


@lru_cache(maxsize=1)
def read_edges(moment: int) -> dict[int, int]:
    """Return how popular a product must be to be among the most popular ones, by how many these
    are; without the tiers that are the whole catalogue. Not read again at the same moment: what
    is found does not depend on it.
    """
    rows = fetch_prepared(
        """SELECT size, (SELECT popularity FROM products_product WHERE status = 'published'
            ORDER BY popularity DESC, id DESC OFFSET size - 1 LIMIT 1) AS edge
        FROM unnest(%(sizes)s::int[]) AS size ORDER BY size""",
        {"sizes": list(TIERS)},
    )
    return {row["size"]: row["edge"] for row in rows if row["edge"]}


def _find_top_soon(hits: Hits, span: slice, total: int | None) -> list[UUID]:
    """Return the products of that page if none can be worth more than these; perhaps fewer.
    `total` as `find_page_soon` takes it.
    """
    query = hits.query
    if query.exact or query.is_named or not query.best_tsquery:
        return []
    top = _TOP.format(
        rule=hits.rule,
        compared=search_hits.MAX_COMPARED,
        most=search_hits.MAX_RANKED,
        limit=span.stop - span.start,
        start=span.start,
    )
    params = [*hits.params, query.strong, query.best_tsquery]
    return hits.find_page_soon((top, params), total) or []


def _rank(hits: Hits, span: slice, edge: int | None) -> _Ranked:
    """Return the best of the popular hits, and of those that stand first however few they sell."""
    query = hits.query
    exact_sql, exact_params = _NONE, list[Any]()
    if query.exact or query.is_named:
        exact_sql, exact_params = hits.build_exact_sql()
    hits_sql, hits_params = hits.build_popular_sql(
        COMPARED, search_hits.MAX_COMPARED, edge
    )
    score, score_params = score_sql(query)
    sql = _BEST.format(
        hits=hits_sql,
        exact=exact_sql,
        is_whole=edge is None,
        most=search_hits.MAX_RANKED,
        compared=search_hits.MAX_COMPARED,
        score=score,
        start=span.start,
        stop=span.stop,
    )
    params = [*hits_params, query.strong, *exact_params, query.strong]
    params += score_params
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return _Ranked(*cursor.fetchone())


def find_missing_words(places: Sequence[Place], *, for_staff: bool) -> set[int]:
    """Return which places must be left out so that anything is found: none, if something has all
    of them; else those that the product with the most of them has not.
    """
    queries = [search.at_least(place.levels, 0) or "'='" for place in places]
    shown = "true" if for_staff else "status = 'published'"
    # The words in a query of their own, and counted to a thousand: PostgreSQL, which can only guess
    # how many products have them all, would else read all products to meet the first.
    [found] = fetch_prepared(
        f"""SELECT count(*) > 0 AS found FROM (
            SELECT FROM products_product WHERE search @@ (SELECT %(all)s::tsquery) AND {shown}
            LIMIT 1000
        ) AS alike""",  # noqa: S608 (constants)
        {"all": " & ".join(queries)},
    )
    if found["found"]:
        return set()
    masks = ", ".join(["search @@ %s::tsquery"] * len(places))
    # Not prepared: how common each word is decides whether the popular products are walked.
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT mask FROM (
                SELECT ARRAY[{masks}] AS mask, popularity, id FROM products_product
                WHERE search @@ %s::tsquery AND {shown}
                ORDER BY popularity DESC, id DESC LIMIT {search_hits.MAX_COMPARED}
            ) AS near
            ORDER BY cardinality(array_positions(mask, true)) DESC, popularity DESC, id
            LIMIT 1""",  # noqa: S608 (constants)
            [*queries, " | ".join(queries)],
        )
        row = cursor.fetchone()
    if row is None:
        return set(range(len(places)))
    return {at for at, has in enumerate(row[0]) if not has}
