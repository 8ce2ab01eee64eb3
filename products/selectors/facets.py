"""How many products each further choice would leave: every facet counted with the other
filters applied.
"""

# ruff: noqa: S608 (the SQL is put together from constants and the ORM's own)

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from markrin.db.sql import Row
from products.models import Product
from products.selectors import prices
from products.selectors.filters import Filters

MAX_VALUES = 100  # of one facet, the most frequent ones
_COLUMN_FACETS = ("category", "brand", "gender", "material")
_VARIANT_FACETS = ("color", "size")
_OWN_PRICES = ("base_price", "sale_price", "sale_starts_at", "sale_ends_at")


@dataclass(frozen=True)
class Facets:
    """Values with their counts by facet, `price` the lowest and highest, and how many
    products pass all filters.
    """

    total: int
    values: dict[str, list[Row]]
    lowest: Any
    highest: Any


def count_facets(products: QuerySet[Product], filters: Filters) -> Facets:
    """Count every facet over `products` in one query, whose answers are (facet, value,
    name, count, low, high).
    """
    parts = _FacetQuery(products, filters)
    parts.shared()
    for name in _COLUMN_FACETS:
        if getattr(filters, name):
            parts.column(name)
    if filters.size or filters.color or filters.has_price_limits:
        parts.variant("color", other="size")
        parts.variant("size", other="color")
    if filters.min_price is not None or filters.max_price is not None:
        parts.price()
    with connection.cursor() as cursor:
        cursor.execute(parts.sql(), parts.params)
        return _read_facets(cursor.fetchall())


class _FacetQuery:
    """The query under construction: a SELECT for each facet, over the products that pass
    all other filters.
    """

    def __init__(self, products: QuerySet[Product], filters: Filters) -> None:
        self.products, self.filters = products, filters
        self.low, self.high = filters.price_column, f"{filters.price_column}_max"
        self.selects: list[str] = []
        self.params: list[Any] = []

    def sql(self) -> str:
        # A category's products count for each category above it, too.
        return f"""
            SELECT facet, coalesce(category.slug, counted.value) AS value, category.name,
                sum(count)::int, min(low),
                max(high)
            FROM ({" UNION ALL ".join(self.selects)}) AS counted
            LEFT JOIN products_category AS own ON facet = 'category'
                AND own.id::text = counted.value
            LEFT JOIN products_category AS category ON category.id = ANY (own.ancestors)
            GROUP BY facet, coalesce(category.slug, counted.value), category.name
        """

    def _add(self, select: str, *params: Any) -> None:
        self.selects.append(f"({select})")
        self.params += params

    def _passing(self, *without: str, columns: Sequence[str]) -> str:
        """Return the SQL of the products that pass all filters but these, and add its
        parameters.
        """
        filters = self.filters.without(*without)
        if set(_VARIANT_FACETS) <= set(without):
            filters = replace(filters, loose_prices=True)
        passing = filters.apply(self.products)
        query = passing.order_by().values(*columns).query
        # Not elided: a filter that nothing can pass (a category that there is not) is a
        # count of zero.
        sql, params = query.get_compiler(connection.alias, elide_empty=False).as_sql()
        self.params += params
        return str(sql)

    def shared(self) -> None:
        """Count, in one pass over what passes all filters, whatever has no filter of its own.

        Colours and sizes are counted as each product has them written beside it, all of
        them or what is left: first the products that have the same ones together, then each
        of these for itself."""
        columns = {
            name: "category_id" if name == "category" else name
            for name in _COLUMN_FACETS
        }
        columns = {
            name: column
            for name, column in columns.items()
            if not getattr(self.filters, name)
        }
        values = {name: f"ARRAY[{column}::text]" for name, column in columns.items()}
        if not (
            self.filters.size or self.filters.color or self.filters.has_price_limits
        ):
            options = {
                name: f"stocked_{name}s" if self.filters.in_stock else f"{name}s"
                for name in _VARIANT_FACETS
            }
            columns |= options
            values |= {name: f"{column}::text[]" for name, column in options.items()}
        # grouping(x) is 0 in the rows that are grouped by x.
        which = "".join(
            f" WHEN grouping({column}) = 0 THEN '{name}'"
            for name, column in columns.items()
        )
        value = "".join(
            f" WHEN grouping({column}) = 0 THEN {values[name]}"
            for name, column in columns.items()
        )
        sets = ", ".join(["()", *(f"({column})" for column in columns.values())])
        passing = self._passing(columns=[*columns.values(), self.low, self.high])
        self._add(
            f"""SELECT facet, value, sum(count) AS count, min(low) AS low, max(high) AS high FROM (
                SELECT CASE {which or "WHEN false THEN ''"} ELSE 'total' END AS facet,
                    CASE {value or "WHEN false THEN NULL"} ELSE ARRAY[NULL]::text[] END AS same,
                    count(*) AS count, min({self.low}) AS low, max({self.high}) AS high
                FROM ({passing}) AS passing GROUP BY GROUPING SETS ({sets})
            ) AS alike, unnest(same) AS value GROUP BY facet, value"""
        )

    def column(self, name: str) -> None:
        column = "category_id" if name == "category" else name
        self._add(
            f"""SELECT '{name}', {column}::text, count(*), NULL, NULL
            FROM ({self._passing(name, columns=[column])}) AS passing GROUP BY {column}"""
        )

    def variant(self, name: str, other: str) -> None:
        """Count products by one of the two; the other one's filter, and the price limits,
        hold for the same variant.
        """
        passing = self._passing(*_VARIANT_FACETS, columns=["id", *_OWN_PRICES])
        rules, params = [f"{name} <> ''"], list[Any]()
        if chosen := list(getattr(self.filters, other)):
            rules.append(f"{other} = ANY (%s)")
            params.append(chosen)
        price = prices.price_now(variant="variant", product="passing")
        if self.filters.min_price is not None:
            rules.append(f"{price} >= %s")
            params.append(self.filters.min_price)
        if self.filters.max_price is not None:
            rules.append(f"{price} <= %s")
            params.append(self.filters.max_price)
        self._add(
            f"""SELECT '{name}', {name}, count(*), NULL, NULL FROM (
                SELECT DISTINCT variant.product_id, {name}
                FROM ({passing}) AS passing {self._join_variants()}
                WHERE {" AND ".join(rules)}
            ) AS options GROUP BY {name}""",
            *params,
        )

    def _join_variants(self) -> str:
        join = """JOIN products_variant AS variant
            ON variant.product_id = passing.id AND variant.is_active"""
        if not self.filters.in_stock:
            return join
        return f"""{join} JOIN products_stocklevel AS level ON level.variant_id = variant.id
            AND level.on_hand > level.reserved"""

    def price(self) -> None:
        # Without a count, which nobody asks for: the two ends of an index are enough where
        # there is one.
        self._add(
            f"""SELECT 'price', NULL, NULL, min({self.low}), max({self.high})
            FROM ({self._passing("min_price", "max_price", columns=[self.low, self.high])}) AS
                passing"""
        )


def _read_facets(rows: list[tuple[Any, ...]]) -> Facets:
    values: dict[str, list[Row]] = {
        name: [] for name in (*_COLUMN_FACETS, *_VARIANT_FACETS)
    }
    total, lowest, highest = 0, None, None
    own_price = any(facet == "price" for facet, *_ in rows)
    for facet, value, name, count, low, high in rows:
        if facet == "total":
            total = count
        if facet == ("price" if own_price else "total"):
            lowest, highest = low, high
        elif facet in values and value:
            values[facet].append(
                {"value": value, "count": count, **({"name": name} if name else {})}
            )
    for name, found in values.items():
        found.sort(key=lambda row: (-row["count"], row["value"]))
        values[name] = found[:MAX_VALUES]
    return Facets(total, values, lowest, highest)
