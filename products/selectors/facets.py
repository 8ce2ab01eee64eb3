"""How many products each further choice would leave: every facet counted with the other filters applied."""

# ruff: noqa: S608 (the SQL is put together from constants and the ORM's own)

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from products.models import Product
from products.selectors.filters import Filters
from products.selectors.rows import Row

MOST_VALUES = 100  # of one facet, the most frequent ones
_COLUMN_FACETS = ("category", "brand", "gender", "material")
_VARIANT_FACETS = ("color", "size")


@dataclass(frozen=True)
class Facets:
    """Values with their counts by facet, `price` the lowest and highest, and how many products pass all filters."""

    total: int
    values: dict[str, list[Row]]
    lowest: Any
    highest: Any


def count_facets(products: QuerySet[Product], filters: Filters) -> Facets:
    """Count every facet over `products` in one query, whose answers are (facet, value, name, count, low, high)."""
    parts = _Parts(products, filters)
    parts.shared()
    for name in _COLUMN_FACETS:
        if getattr(filters, name):
            parts.column(name)
    for name in _VARIANT_FACETS:
        parts.variant(name)
    if filters.min_price is not None or filters.max_price is not None:
        parts.price()
    with connection.cursor() as cursor:
        cursor.execute(parts.sql(), parts.params)
        return _read(cursor.fetchall())


class _Parts:
    """The query under construction: a SELECT for each facet, over the products that pass all other filters."""

    def __init__(self, products: QuerySet[Product], filters: Filters) -> None:
        self.products, self.filters = products, filters
        self.selects: list[str] = []
        self.params: list[Any] = []

    def sql(self) -> str:
        # A category's products count for each category above it, too.
        return f"""
            SELECT facet, coalesce(category.slug, counted.value) AS value, category.name, sum(count)::int, min(low),
                max(high)
            FROM ({" UNION ALL ".join(self.selects)}) AS counted
            LEFT JOIN products_category AS own ON facet = 'category' AND own.id::text = counted.value
            LEFT JOIN products_category AS category ON category.id = ANY (own.ancestors)
            GROUP BY facet, coalesce(category.slug, counted.value), category.name
        """

    def _add(self, select: str, *params: Any) -> None:
        self.selects.append(f"({select})")
        self.params += params

    def _passing(self, *without: str) -> str:
        """Return the SQL of the products that pass all filters but these, and add its parameters."""
        passing = self.filters.without(*without).apply(self.products)
        query = passing.order_by().values("id", "category_id", "brand", "gender", "material", "price").query
        # Not elided: a filter that nothing can pass (a category that there is not) is a count of zero.
        sql, params = query.get_compiler(connection.alias, elide_empty=False).as_sql()
        self.params += params
        return str(sql)

    def shared(self) -> None:
        """Count, in one pass over what passes all filters, whatever has no filter of its own."""
        names = [name for name in _COLUMN_FACETS if not getattr(self.filters, name)]
        columns = {name: "category_id" if name == "category" else name for name in names}
        sets = ", ".join(["()", *(f"({column})" for column in columns.values())])
        # grouping(x) is 0 in the rows that are grouped by x.
        which = " ".join(f"WHEN grouping({column}) = 0 THEN '{name}'" for name, column in columns.items())
        value = " ".join(f"WHEN grouping({column}) = 0 THEN {column}::text" for column in columns.values())
        case = f"CASE {which} ELSE 'total' END" if which else "'total'"
        self._add(
            f"""SELECT {case} AS facet, {f"CASE {value} END" if value else "NULL"} AS value, count(*) AS count,
            min(price) AS low, max(price) AS high
            FROM ({self._passing()}) AS passing GROUP BY GROUPING SETS ({sets})"""
        )

    def column(self, name: str) -> None:
        column = "category_id" if name == "category" else name
        self._add(
            f"""SELECT '{name}', {column}::text, count(*), NULL, NULL
            FROM ({self._passing(name)}) AS passing GROUP BY {column}"""
        )

    def variant(self, name: str) -> None:
        """Count products by a column of their active variants; the other one's filter holds for the same variant."""
        other = "size" if name == "color" else "color"
        chosen = getattr(self.filters, other)
        passing = self._passing(*_VARIANT_FACETS) if self.filters.size or self.filters.color else self._passing()
        stocked = (
            """JOIN products_stocklevel AS level ON level.variant_id = variant.id
            AND level.on_hand > level.reserved"""
            if self.filters.in_stock
            else ""
        )
        narrowed = f"AND variant.{other} = ANY (%s)" if chosen else ""
        self._add(
            f"""SELECT '{name}', variant.{name}, count(DISTINCT variant.product_id), NULL, NULL
            FROM ({passing}) AS passing
            JOIN products_variant AS variant ON variant.product_id = passing.id AND variant.is_active {stocked}
            WHERE variant.{name} <> '' {narrowed} GROUP BY variant.{name}""",
            *([list(chosen)] if chosen else []),
        )

    def price(self) -> None:
        self._add(
            f"""SELECT 'price', NULL, count(*), min(price), max(price)
            FROM ({self._passing("min_price", "max_price")}) AS passing"""
        )


def _read(rows: list[tuple[Any, ...]]) -> Facets:
    values: dict[str, list[Row]] = {name: [] for name in (*_COLUMN_FACETS, *_VARIANT_FACETS)}
    total, lowest, highest = 0, None, None
    own_price = any(facet == "price" for facet, *_ in rows)
    for facet, value, name, count, low, high in rows:
        if facet == "total":
            total = count
        if facet == ("price" if own_price else "total"):
            lowest, highest = low, high
        elif facet in values and value:
            values[facet].append({"value": value, "count": count, **({"name": name} if name else {})})
    for name, found in values.items():
        found.sort(key=lambda row: (-row["count"], row["value"]))
        values[name] = found[:MOST_VALUES]
    return Facets(total, values, lowest, highest)
