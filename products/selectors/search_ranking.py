"""What a search finds, the best first.

A common word stands in a third of the catalogue, and neither counting nor ranking so many
products is done in milliseconds. So a search is counted to MAX_RANKED, and by relevance the
MAX_RANKED most popular of its hits are ranked: whoever finds more than that will narrow it
down."""

from uuid import UUID

from django.contrib.postgres.search import SearchRank
from django.db import connection
from django.db.models import F, IntegerField, OrderBy, QuerySet
from django.db.models.functions import Cast, Coalesce

from products.models import Product
from products.search import Lexemes

MAX_RANKED = 1_000

_BEST = """
    WITH hits AS MATERIALIZED ({hits})
    SELECT (SELECT count(*) FROM hits), ARRAY(
        SELECT id FROM (SELECT * FROM hits ORDER BY popularity DESC, id DESC LIMIT %s) AS popular
        ORDER BY (ts_rank(search, %s::tsquery) * 1000000)::integer DESC, popularity DESC,
            id DESC LIMIT %s OFFSET %s
    )
"""


def unindexed_key(name: str) -> OrderBy:
    """Return a key of the same order that no index serves.

    PostgreSQL would rather walk the index of the order until it has met enough products
    that pass, which is all of them where hardly any does."""
    column = name.removeprefix("-")
    return OrderBy(Coalesce(F(column), F(column)), descending=name.startswith("-"))


def rank_matches(
    found: QuerySet[Product], lexemes: Lexemes, *, alone: bool
) -> QuerySet[Product]:
    """Return the hits with their `relevance`, to be walked by cursor; see `get_best_matches`."""
    # A whole number, as a float would not be equal to itself again in a cursor.
    relevance = Cast(SearchRank(F("search"), lexemes) * 1_000_000, IntegerField())
    return Product.objects.filter(
        pk__in=_order_by_popularity(found, alone)[:MAX_RANKED].values("pk")
    ).annotate(relevance=relevance)


def get_best_matches(
    found: QuerySet[Product], lexemes: Lexemes, *, alone: bool, offset: int, limit: int
) -> tuple[list[UUID], int]:
    """Return the ids of `limit` hits from `offset` on, and how many there are, of more than
    MAX_RANKED one more: one query.

    `alone`: nothing but one word was asked for. PostgreSQL knows how common a word is, and
    so whether it had better look it up or take the most popular products one by one until
    enough of them hold it. How many hold two at once, or pass a filter besides, it can only
    guess; of two common words that never meet it would look at every product."""
    query = (
        _order_by_popularity(found, alone)[: MAX_RANKED + 1]
        .values("id", "popularity", "search")
        .query
    )
    # Not elided: a filter that nothing can pass (a category that there is not) finds nothing.
    sql, params = query.get_compiler(connection.alias, elide_empty=False).as_sql()
    with connection.cursor() as cursor:
        cursor.execute(
            _BEST.format(hits=sql), [*params, MAX_RANKED, lexemes.text, limit, offset]
        )
        number, ids = cursor.fetchone()
    return ids, number


def _order_by_popularity(found: QuerySet[Product], alone: bool) -> QuerySet[Product]:
    order = ("-popularity", "-id")
    return found.order_by(*(order if alone else map(unindexed_key, order)))
