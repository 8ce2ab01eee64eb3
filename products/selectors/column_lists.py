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
from products.selectors.filters import COLUMNS, FLAGS, Filters, resolve_order
from products.selectors.summaries import SUMMARIES

_RULES: Final = {
    "category": "p.category_id = ANY (%(category)s::uuid[])",
    **{
        name: f"p.{column} = ANY (%({name})s::text[])"
        for name, column in COLUMNS.items()
    },
    **{name: f"p.{column} = %({name})s::boolean" for name, column in FLAGS.items()},
    "status": "p.status = ANY (%(status)s::text[])",
}
_IN_CATEGORY_OR_ALSO: Final = f"""({_RULES["category"]} OR p.id IN (
    SELECT product_id FROM products_product_also_in
    WHERE category_id = ANY (%(category)s::uuid[])))"""
_KEYS: Final = {"stars": "coalesce(p.rating, 0)"}  # annotations of the ORM's lists
_IDS: Final = """
    SELECT p.id FROM products_product p WHERE {rules}
    ORDER BY {order} LIMIT %(limit)s::int OFFSET %(offset)s::int
"""
_COUNT: Final = "SELECT count(*) FROM products_product p WHERE {rules}"


@dataclass(frozen=True, kw_only=True)
class ColumnList:
    """One page of a list: which products, in which order."""

    filters: Filters
    sort: str | None
    offset: int
    limit: int
    for_staff: bool

    @property
    def is_possible(self) -> bool:
        """Whether nothing is asked for but what a column says, as it is stored."""
        by_price = "price" in (self.sort or "")
        is_stored = not (by_price and self.filters.has_moved)
        return is_stored and self.filters.given <= _RULES.keys()

    def fetch_cards(self) -> tuple[list[Row], int]:
        """Return the page's cards and how many products there are on all pages: one query, whose
        time grows with the catalogue; two beyond the last page.
        """
        rules, values = self._build_rules()
        # With a filter, walking an order's index may meet all products before a page is full.
        ids = _IDS.format(
            rules=rules,
            order=self._build_order(by_index=not self.filters.given),
        )
        count = _COUNT.format(rules=rules)
        total = f"({count}) AS total,"
        cards = fetch_prepared(
            SUMMARIES.format(total=total, ids=f"ARRAY({ids})", best=""), values
        )
        if cards:
            return cards, int(cards[0]["total"])
        if not self.offset:
            return [], 0
        return [], int(fetch_prepared(count, values)[0]["count"])

    def find_ids(
        self, candidates: Collection[UUID] | None, *, by_index: bool
    ) -> Sequence[UUID]:
        """Return the page's products, which are among the candidates if there are any: one
        query, planned for these values, as in a large catalogue the best plan depends on them.
        """
        rules, values = self._build_rules()
        if candidates is not None:
            rules += " AND p.id = ANY (%(candidates)s::uuid[])"
            values["candidates"] = sorted(candidates)
        sql = _IDS.format(rules=rules, order=self._build_order(by_index=by_index))
        return [row["id"] for row in fetch_all(sql, values)]

    def _build_rules(self) -> tuple[str, dict[str, Any]]:
        rules = ["true"] if self.for_staff else ["p.status = 'published'"]
        values: dict[str, Any] = {"limit": self.limit, "offset": self.offset}
        for name in sorted(self.filters.given):
            value = getattr(self.filters, name)
            values[name] = value if isinstance(value, bool) else [*map(str, value)]
            rules.append(_RULES[name])
        if "category" in values:
            values["category"] = list(self.filters.category_ids)
            if self.filters.has_others:
                rules.remove(_RULES["category"])
                rules.append(_IN_CATEGORY_OR_ALSO)
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
