"""What a search finds, the best first.

A common word stands in a third of the catalogue, and neither counting nor ranking so many
products is done in milliseconds. So a search is counted to MAX_RANKED. Where it finds more, the
MAX_COMPARED most popular are looked at, and of these MAX_RANKED are ranked, those first that have
the words in more than their description: whoever finds more than that will narrow it down. The
products of that very name, pinned ones and those of a SKU are among them however few they sell.

In a large catalogue, the most popular of very many hits are found without reading all of these:
first among its TIERS[0] most popular products, whose number tells among how many to look next.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from time import monotonic
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.db.models import F, IntegerField, OrderBy, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from markrin.db.sql import fetch_prepared
from products import search
from products.models import Product
from products.search import Place, Query

MAX_RANKED, MAX_COMPARED = 1_000, 3_000
_MAX_EXACT = 50
TIERS: Final = (
    20_000,
    40_000,
    80_000,
    160_000,
    320_000,
)  # the most popular products, so many
_EDGES_KEPT_S: Final = 600
_SPARE: Final = (
    1.1  # hits of a wider tier, of those that a narrower one lets expect
)

_BEST = """
    WITH popular AS MATERIALIZED ({hits}), exact AS MATERIALIZED ({exact}),
    hits AS MATERIALIZED (
        SELECT * FROM popular
        UNION ALL SELECT * FROM exact WHERE id NOT IN (SELECT id FROM popular)
    ), best AS MATERIALIZED (
        SELECT * FROM hits ORDER BY id IN (SELECT id FROM exact) DESC,
            CASE WHEN (SELECT count(*) FROM hits) > {most} THEN search @@ %s::tsquery END DESC,
            popularity DESC, id DESC
        LIMIT {most}
    )
    SELECT (SELECT count(*) FROM popular), (SELECT least(count(*), {most} + 1) FROM hits), ARRAY(
        SELECT id FROM best AS product
        ORDER BY {score} DESC, popularity DESC, id DESC LIMIT %s OFFSET %s
    )
"""


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
    ids, _ = get_best_matches(found, query, offset=0, limit=MAX_RANKED)
    sql, params = score_sql(query)
    relevance = RawSQL(  # noqa: S611 # nosec B611 (its text is score_sql's own, words are parameters)
        sql.replace("product.", "products_product."),
        params,
        output_field=IntegerField(),
    )
    return Product.objects.filter(pk__in=ids).annotate(relevance=relevance)


def get_best_matches(
    found: QuerySet[Product],
    query: Query,
    *,
    offset: int,
    limit: int,
    is_published: bool = False,
) -> tuple[list[UUID], int]:
    """Return the ids of `limit` hits from `offset` on, and how many there are, of more than
    MAX_RANKED one more: one query, in a large catalogue up to three. `is_published` says that
    `found` are published products, whose popularity has an index.
    """
    tiers: Mapping[int, int] = {}
    if is_published and query.catalogue_size > TIERS[0]:
        tiers = read_edges(int(monotonic() // _EDGES_KEPT_S))
    wanted = 0.0  # the least number of products among which to look
    for size, edge in tiers.items():
        if size < wanted:
            continue
        popular = found.filter(popularity__gte=edge)
        compared, number, ids = _rank(
            popular, found, query, offset=offset, limit=limit
        )
        if compared >= MAX_COMPARED:
            return ids, number
        wanted = size * MAX_COMPARED / max(compared, 1) * _SPARE
    _, number, ids = _rank(found, found, query, offset=offset, limit=limit)
    return ids, number


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


def _rank(
    popular: QuerySet[Product],
    found: QuerySet[Product],
    query: Query,
    *,
    offset: int,
    limit: int,
) -> tuple[int, int, list[UUID]]:
    """Return how many of `popular`, some of the hits, were compared, how many hits there are, and
    the best of both.
    """
    own = Q(search=Lexemes(search.quote("=" + query.key)))
    exact = found.filter(own | Q(pk__in=query.exact) if query.exact else own)
    hits_sql, hits_params = _compile(popular, MAX_COMPARED)
    exact_sql, exact_params = _compile(exact, _MAX_EXACT)
    score, score_params = score_sql(query)
    sql = _BEST.format(hits=hits_sql, exact=exact_sql, most=MAX_RANKED, score=score)
    with connection.cursor() as cursor:
        cursor.execute(
            sql,
            [
                *hits_params,
                *exact_params,
                query.strong,
                *score_params,
                limit,
                offset,
            ],
        )
        compared, number, ids = cursor.fetchone()
    return compared, number, ids


def _compile(found: QuerySet[Product], most: int) -> tuple[str, list[Any]]:
    # Not along the index of the order: what is searched for is rare among all products.
    ordered = found.order_by(*map(unindexed_key, ("-popularity", "-id")))
    hits = ordered[:most].values("id", "popularity", "search").query
    # Not elided: a filter that nothing can pass (a category that there is not) finds nothing.
    sql, params = hits.get_compiler(connection.alias, elide_empty=False).as_sql()
    return str(sql), list(params)


def find_missing_words(places: Sequence[Place], *, for_staff: bool) -> set[int]:
    """Return which places must be left out so that anything is found: none, if something has all
    of them; else those that the product with the most of them has not.
    """
    queries = [search.at_least(place.levels, 0) or "'='" for place in places]
    shown = "true" if for_staff else "status = 'published'"
    [found] = fetch_prepared(
        f"""SELECT EXISTS (
            SELECT FROM products_product WHERE search @@ %(all)s::tsquery AND {shown}
        ) AS found""",  # noqa: S608 (constants)
        {"all": " & ".join(queries)},
    )
    if found["found"]:
        return set()
    params: dict[str, object] = {
        f"q{at}": query for at, query in enumerate(queries)
    }
    masks = ", ".join(f"search @@ %(q{at})s::tsquery" for at in range(len(places)))
    rows = fetch_prepared(
        f"""SELECT mask FROM (
            SELECT ARRAY[{masks}] AS mask, popularity, id FROM products_product
            WHERE search @@ %(any)s::tsquery AND {shown}
            ORDER BY popularity + 0 DESC LIMIT {MAX_COMPARED}
        ) AS near
        ORDER BY cardinality(array_positions(mask, true)) DESC, popularity DESC, id LIMIT 1""",  # noqa: S608 (constants)
        params | {"any": " | ".join(queries)},
    )
    if not rows:
        return set(range(len(places)))
    return {at for at, has in enumerate(rows[0]["mask"]) if not has}
