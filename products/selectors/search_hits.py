"""The products that a search finds, as SQL; and the short way to a page of very many of them.

Whether a search finds more than MAX_RANKED products is soon known of a common word: so many are met
on the table's first pages, in the order in which products lie there, where reading one costs half
of what it costs along an index. How many have it on the very first ones says whether to look. And
those that stand on a page are soon met along the index of its order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from products import search
from products.models import Product
from products.search import Query

MAX_RANKED, MAX_COMPARED = 1_000, 3_000
_MAX_EXACT = 50
# Pages of the table, 8 kB each, and products on each.
FIRST_PAGES, SAMPLED_PAGES = 2_000, 100
_ON_A_PAGE: Final = 6
_ALONG_INDEX: Final = "popularity DESC, id DESC"
# See search_ranking.unindexed_key.
_UNINDEXED: Final = "coalesce(popularity, popularity) DESC, coalesce(id, id) DESC"
COMPARED: Final = "id, popularity, search"

Sql = tuple[str, Sequence[Any]]

# A page of the hits, if there are very many; nothing, if that is not soon known. The pages of the
# table stand in queries of their own, which PostgreSQL answers before it looks at the words: by its
# index of words it would have to name all that have them.
_SOON: Final = """
    WITH sampled AS MATERIALIZED (
        SELECT FROM (
            SELECT * FROM products_product WHERE ctid < '({sampled},0)' OFFSET 0
        ) AS products_product WHERE {rule}
    ), met AS MATERIALIZED (
        SELECT FROM sampled
        UNION ALL (SELECT FROM (
            SELECT * FROM products_product
            WHERE ctid >= '({sampled},0)' AND ctid < '({first},0)' OFFSET 0
        ) AS products_product WHERE {rule} AND (SELECT count(*) FROM sampled) >= {enough})
        LIMIT {most} + 1
    )
    SELECT {page} WHERE CASE WHEN {is_counted} THEN (SELECT count(*) FROM sampled) >= {enough}
        ELSE (SELECT count(*) FROM met) > {most} END
"""


@dataclass(frozen=True)
class Hits:
    """The products that a search finds, as a condition on `products_product` with its
    parameters, and what they are annotated with: to write the SQL of what is asked of them takes
    the ORM longer than this.
    """

    query: Query
    rule: str
    params: Sequence[Any]
    annotations: Mapping[str, tuple[str, Sequence[Any]]]

    @classmethod
    def of_words(cls, query: Query, *, is_published: bool) -> Self:
        """Return all that a search finds without other filters, perhaps of published products."""
        rule, params = "search @@ %s::tsquery", list[Any]([query.matching])
        if query.exact:
            rule = f"({rule} OR id = ANY (%s::uuid[]))"
            params.append(list(query.exact))
        if is_published:
            rule = f"status = 'published' AND {rule}"
        return cls(query, rule, params, {"stars": ("coalesce(rating, 0)", ())})

    @classmethod
    def of(cls, found: QuerySet[Product], query: Query) -> Self:
        """Return these products, which no join may have found."""
        compiler = found.query.get_compiler(connection.alias)
        try:
            rule, params = compiler.compile(found.query.where)
        except EmptyResultSet:  # a category that there is not
            rule, params = "false", []
        annotations = {
            name: compiler.compile(expression)
            for name, expression in found.query.annotations.items()
        }
        return cls(query, f"({rule or 'true'})", params, annotations)

    def build_popular_sql(
        self, columns: str, most: int, edge: int | None
    ) -> tuple[str, list[Any]]:
        """Return the SQL of the most popular of them, and its parameters: along the index of
        popularity, down to an edge if there is one.
        """
        if edge is None:
            rule, order, params = self.rule, _UNINDEXED, list(self.params)
        else:
            rule, order = f"{self.rule} AND popularity >= %s", _ALONG_INDEX
            params = [*self.params, edge]
        sql = f"""SELECT {columns} FROM products_product WHERE {rule}
            ORDER BY {order} LIMIT {most}"""  # noqa: S608 (constants and the ORM's)
        return sql, params

    def build_exact_sql(self) -> tuple[str, list[Any]]:
        """Return the SQL of those that stand first, and its parameters."""
        rule, params = "id = ANY (%s::uuid[])", list[Any]([list(self.query.exact)])
        if self.query.is_named:
            rule += " OR search @@ %s::tsquery"
            params.append(search.quote("=" + self.query.key))
        narrowed = replace(
            self, rule=f"{self.rule} AND ({rule})", params=[*self.params, *params]
        )
        return narrowed.build_popular_sql(COMPARED, _MAX_EXACT, None)

    def find_page_soon(
        self, page: Sql, total: int | None = None
    ) -> list[UUID] | None:
        """Return a page of them, the SQL of an array of ids, if it is soon known that there are
        more than MAX_RANKED: None if it is not. `total`: how many there are, if that is known, 0 if
        nobody asks; then they need but be common. At most one query, which reads no more than
        FIRST_PAGES of the table and what the page takes.
        """
        page_sql, page_params = page
        rare = MAX_RANKED / (FIRST_PAGES * _ON_A_PAGE) * self.query.catalogue_size
        if total and total < rare:
            return None
        sql, params = f"SELECT {page_sql}", [*page_params]
        if not total:
            sql = _SOON.format(
                rule=self.rule,
                sampled=SAMPLED_PAGES,
                first=FIRST_PAGES,
                enough=MAX_RANKED * SAMPLED_PAGES // FIRST_PAGES,
                most=MAX_RANKED,
                page=page_sql,
                is_counted=total is not None,
            )
            params = [*self.params, *self.params, *page_params]
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
            row = cursor.fetchone()
        return row[0] if row else None
