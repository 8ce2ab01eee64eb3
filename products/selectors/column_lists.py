"""Lists that columns of the products decide: most pages of a shop.

The ORM writes the SQL of a list anew each time, which takes longer than PostgreSQL needs to answer.
Here it is put together from constants, by what is asked for, and all values are parameters: each
kind of list is one text, which a connection plans once.
"""

# ruff: noqa: S608 (the SQL is put together from constants)

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from markrin.db.sql import Row, fetch_all, fetch_prepared
from products.selectors.filters import (
    ASKED_CATEGORIES,
    COLUMNS,
    FLAGS,
    Filters,
    resolve_order,
)
from products.selectors.prices import PRICE_CLOCK, PriceClock
from products.selectors.summaries import SUMMARIES

MAX_ONE_BY_ONE: Final = 200  # candidates
_CATEGORY: Final = "p.category_id = ANY (%(category)s::uuid[])"
_IN_CATEGORY_OR_ALSO: Final = f"""({_CATEGORY} OR p.id IN (
    SELECT product_id FROM products_product_also_in
    WHERE category_id = ANY (%(category)s::uuid[])))"""
# By the names of categories: first those of their own, which an index knows with most of what else
# is asked for, then those that are listed there besides.
_IN_NAMED_CATEGORY: Final = "p.category_id = ANY (ARRAY(SELECT id FROM asked))"
_ALSO_IN_NAMED_CATEGORY: Final = f"""p.id IN (SELECT product_id FROM products_product_also_in
    WHERE category_id = ANY (ARRAY(SELECT id FROM asked))) AND NOT {_IN_NAMED_CATEGORY}"""
_BY_TEXT: Final = {**COLUMNS, "status": "status"}
# One alone: of a range of prices both of whose ends lie outside of two limits, variants decide.
_LIMITS: Final = {
    "max_price": "p.price <= %(max_price)s::numeric",
    "min_price": "p.price_max >= %(min_price)s::numeric",
}
_COLUMN_FILTERS: Final = {"category", *_BY_TEXT, *FLAGS, *_LIMITS}
# The values of a filter: planned for these, or once for all (`markrin.db.sql.fetch_prepared`).
_THESE, _ANY_VALUES = "%({name})s::text[]", "(SELECT %({name})s::text[])::text[]"
_COLUMNS_OF: Final = {"stars": "rating"}
_KEYS: Final = {"stars": "coalesce(p.rating, 0)"}  # annotations of the ORM's lists
_IDS: Final = """
    SELECT p.id FROM {products} p WHERE {rules}
    ORDER BY {order} LIMIT %(limit)s::int OFFSET %(offset)s::int
"""
# All that pass are counted anyway, so they are sorted from where they were counted.
_FOUND: Final = "WITH {asked} found AS MATERIALIZED ({passing})"
_PASSING: Final = "SELECT {columns} FROM products_product p WHERE {rules}"
# One row where there are no cards.
_PAGE: Final = """
    {found} SELECT listed.*, cards.* FROM (
        SELECT clock.*, (SELECT count(*) FROM {products} p WHERE {rules}) AS total
        FROM ({clock}) AS clock
    ) AS listed LEFT JOIN ({cards}) AS cards ON true ORDER BY cards.place
"""


@dataclass(frozen=True)
class ColumnPage:
    """One page of a list, how many products are on all pages, and how prices stood."""

    cards: list[Row]
    total: int
    clock: PriceClock


@dataclass(frozen=True, kw_only=True)
class ColumnList:
    """What is asked for: which products, in which order, and which page of them."""

    filters: Filters
    sort: str | None
    offset: int
    limit: int
    for_staff: bool

    @property
    def is_by_columns(self) -> bool:
        """Whether nothing is asked for but what a column says."""
        given = self.filters.given
        return given <= _COLUMN_FILTERS and not given >= _LIMITS.keys()

    @property
    def is_by_price(self) -> bool:
        """Whether prices matter, which a column says only until a sale starts or ends: see
        `prices.PriceClock`."""
        return "price" in (self.sort or "") or self.filters.has_price_limits

    def fetch_page(self) -> ColumnPage:
        """Return the page: one query, whose time grows with the catalogue. The filters need not
        be prepared.
        """
        rules, values = self._build_rules(_ANY_VALUES)
        products = "products_product"
        found, order = "", self._build_order(by_index=True)
        if self.filters.given:
            found = self._build_found(rules, values)
            products, rules = "found", "true"
        ids = _IDS.format(products=products, rules=rules, order=order)
        page = _PAGE.format(
            found=found,
            products=products,
            rules=rules,
            clock=PRICE_CLOCK,
            cards=SUMMARIES.format(ids=f"ARRAY({ids})", best=""),
        )
        rows = fetch_prepared(page, values)
        first = rows[0]
        return ColumnPage(
            cards=[] if first["id"] is None else rows,
            total=first["total"],
            clock=PriceClock(first["has_moved"], first["fresh_for_s"]),
        )

    def find_ids(
        self, candidates: Collection[UUID] | None, *, by_index: bool
    ) -> Sequence[UUID]:
        """Return the page's products, which are among the candidates if there are any, by
        prepared filters: one query, planned for these values, as in a large catalogue the best
        plan depends on them. Of many candidates an index knows all that is asked for.
        """
        rules, values = self._build_rules(_THESE)
        if self.filters.category:
            others = self.filters.has_others
            rules += f" AND {_IN_CATEGORY_OR_ALSO if others else _CATEGORY}"
            values["category"] = list(self.filters.category_ids)
        if candidates is not None and len(candidates) <= MAX_ONE_BY_ONE:
            rules += " AND p.id = ANY (%(candidates)s::uuid[])"
            values["candidates"] = list(candidates)
        order = self._build_order(by_index=by_index)
        sql = _IDS.format(products="products_product", rules=rules, order=order)
        return [row["id"] for row in fetch_all(sql, values)]

    def _build_found(self, rules: str, values: dict[str, Any]) -> str:
        """Return the SQL of all products that pass, with what they are sorted by."""
        keys = {name.removeprefix("-") for name in resolve_order(self.sort)}
        columns = ", ".join(
            f"p.{_COLUMNS_OF.get(key, key)}" for key in sorted(keys)
        )
        passing = _PASSING.format(columns=columns, rules=rules)
        if not self.filters.category:
            return _FOUND.format(asked="", passing=passing)
        values["names"] = list(self.filters.category)
        return _FOUND.format(
            asked=f"asked AS MATERIALIZED ({ASKED_CATEGORIES}),",
            passing=f"{passing} AND {_IN_NAMED_CATEGORY}"
            f" UNION ALL {passing} AND {_ALSO_IN_NAMED_CATEGORY}",
        )

    def _build_rules(self, array: str) -> tuple[str, dict[str, Any]]:
        """Return the rules of all filters but that of categories."""
        rules = ["true"] if self.for_staff else ["p.status = 'published'"]
        values: dict[str, Any] = {"limit": self.limit, "offset": self.offset}
        for name in sorted(self.filters.given - {"category"}):
            value = getattr(self.filters, name)
            if name in FLAGS:
                rules.append(f"p.{FLAGS[name]} IS {value}")
            elif name in _LIMITS:
                rules.append(_LIMITS[name])
                values[name] = value
            else:
                values[name] = [str(each) for each in value]
                rules.append(
                    f"p.{_BY_TEXT[name]} = ANY ({array.format(name=name)})"
                )
        return " AND ".join(rules), values

    def _build_order(self, *, by_index: bool) -> str:
        return ", ".join(
            _build_key(name, by_index=by_index) for name in resolve_order(self.sort)
        )


def _build_key(name: str, *, by_index: bool) -> str:
    column = name.removeprefix("-")
    key = _KEYS.get(column, f"p.{column}")
    if not by_index:
        key = f"coalesce({key}, {key})"  # see search_ranking.unindexed_key
    return f"{key} DESC" if name.startswith("-") else key
