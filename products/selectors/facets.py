"""How many products each further choice would leave: every facet counted with the other
filters applied.

Most products are counted by bitmaps, in a time that hardly grows with the catalogue; the few that
have changed since these were written, or whose variants must be looked at, by SQL.
"""

# ruff: noqa: S608 (the SQL is put together from constants and the ORM's own)

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import ArrayAgg
from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import BooleanField, Func, QuerySet, UUIDField, Value
from psycopg.rows import TupleRow
from pyroaring import BitMap

from markrin.db.sql import Row, fetch_prepared
from products import facet_bitmaps
from products.facet_bitmaps import PRICE_SCALE, SEPARATOR, FacetIndex
from products.models import Product, ProductStatus
from products.selectors import prices
from products.selectors.filters import Filters

MAX_CANDIDATES = 2_000
MAX_VALUES = 100  # of one facet, the most frequent ones
_COLUMN_FACETS = ("category", "brand", "gender", "material")
_VARIANT_FACETS = ("color", "size")
_FAMILY = "color_family"
# Which family a colour is of: itself, unless the shop says otherwise.
_FAMILY_OF = "coalesce(nullif(known.family, ''), color)"
_JOIN_FAMILY = (
    "LEFT JOIN products_color AS known ON lower(known.name) = lower(color)"
)
_BY_BITMAP = ("in_stock", "featured", "new_arrival", "on_sale", "status")
_OWN_PRICES = ("base_price", "sale_price", "sale_starts_at", "sale_ends_at")


MAX_SEARCHES = 200  # of which this process remembers what they find
_searches: dict[tuple[int, bool, object], BitMap] = {}


@dataclass(frozen=True)
class Facets:
    """Values with their counts by facet, `price` the lowest and highest, and how many
    products pass all filters.
    """

    total: int
    values: dict[str, list[Row]]
    lowest: Decimal | None
    highest: Decimal | None
    # Where there are few, the only products that may pass all filters.
    candidates: Collection[UUID] | None = field(default=None, compare=False)


@dataclass
class _Counts:
    """What has been counted: products by facet and value, the value a category's own id."""

    total: int = 0
    values: dict[str, Counter[str]] = field(
        default_factory=lambda: {
            name: Counter() for name in (*_COLUMN_FACETS, *_VARIANT_FACETS, _FAMILY)
        }
    )
    # Products by the further categories that list them and all above these, where their own
    # category does not count them.
    others: Counter[str] = field(default_factory=Counter)
    lowest: Decimal | None = None
    highest: Decimal | None = None

    def add(self, other: "_Counts") -> None:
        """Add what was counted of other products."""
        self.total += other.total
        for name, counted in other.values.items():
            self.values[name].update(counted)
        self.others.update(other.others)
        self.add_prices(other.lowest, other.highest)

    def add_prices(self, lowest: Decimal | None, highest: Decimal | None) -> None:
        """Widen the range of prices to these."""
        if lowest is not None:
            self.lowest = (
                lowest if self.lowest is None else min(self.lowest, lowest)
            )
        if highest is not None:
            self.highest = (
                highest if self.highest is None else max(self.highest, highest)
            )


def count_facets(
    products: QuerySet[Product], filters: Filters, *, for_staff: bool
) -> Facets:
    """Count every facet over `products`, which are all or, unless `for_staff`, those published.

    Four to seven queries, however many products there are: what has changed, the names of
    categories, the families of colours, what more than one category lists, what is asked for
    by words, tags or collections, and the changed products.
    """
    index = facet_bitmaps.read_index()
    if index.is_behind:
        return _name_values(_count_by_sql(products, filters))
    count = _BitmapCount(index, products, filters, for_staff=for_staff)
    if count.is_too_many:
        return _name_values(_count_by_sql(products, filters))
    counts = count.counted()
    if ids := count.products_apart:
        counts.add(_count_by_sql(products.filter(is_one_of(ids)), filters))
    return replace(_name_values(counts), candidates=count.find_candidates())


@dataclass(frozen=True)
class Matches:
    """How many products pass all filters and, where they are few, the only ones that may."""

    total: int
    candidates: Collection[UUID] | None = None


def count_matches(
    products: QuerySet[Product],
    filters: Filters,
    *,
    for_staff: bool,
    most: int = MAX_CANDIDATES,
) -> Matches:
    """Count what passes the filters as `count_facets` does, but no facet, and name at most so
    many candidates.

    One query in a small shop, whose time grows with the catalogue. In a large one by the bitmaps:
    two to four more, whose time hardly grows.
    """
    if not facet_bitmaps.knows_many():
        total = filters.apply(products).count()
        if total >= facet_bitmaps.MANY_PRODUCTS:
            facet_bitmaps.read_index()  # for the next time
        return Matches(total)
    index = facet_bitmaps.read_index()
    if index.is_behind:
        return Matches(filters.apply(products).count())
    count = _BitmapCount(index, products, filters, for_staff=for_staff)
    if count.is_too_many:
        return Matches(filters.apply(products).count())
    total = count.count_passing()
    if ids := count.products_apart:
        total += filters.apply(products.filter(is_one_of(ids))).count()
    return Matches(total, count.find_candidates(most))


def is_one_of(ids: Collection[UUID]) -> Func:
    """Return the condition that a product is one of these."""
    array = Value(list(ids), output_field=ArrayField(UUIDField()))
    return Func(
        "pk",
        array,
        arg_joiner=" = ANY (",
        template="%(expressions)s)",
        output_field=BooleanField(),
    )


def _count_by_sql(products: QuerySet[Product], filters: Filters) -> _Counts:
    """Count in one query, whose answers are (facet, value, count, low, high)."""
    parts = _FacetQuery(products, filters)
    parts.shared()
    parts.others()
    for name in _COLUMN_FACETS:
        if getattr(filters, name):
            parts.column(name)
    if filters.size or filters.color or filters.has_price_limits:
        parts.variant("color", other="size")
        parts.variant("size", other="color")
        parts.variant(_FAMILY, other="size")
    if filters.min_price is not None or filters.max_price is not None:
        parts.price()
    with connection.cursor() as cursor:
        cursor.execute(parts.sql(), parts.params)
        return _read_counts(cursor.fetchall())


class _BitmapCount:
    """Counts by the bitmaps, without the products that must be looked at one by one."""

    def __init__(
        self,
        index: FacetIndex,
        products: QuerySet[Product],
        filters: Filters,
        *,
        for_staff: bool,
    ) -> None:
        self.bitmaps, self.filters = index.bitmaps, filters
        self.for_staff = for_staff
        base = self.bitmaps.all()
        if not for_staff:
            base = self.bitmaps.any_of("status", [ProductStatus.PUBLISHED])
        self.apart = BitMap(
            number for number in index.changed.values() if number is not None
        )
        # Known only by the catalogue itself: words, tags and collections.
        words = filters.without(
            *_COLUMN_FACETS, *_VARIANT_FACETS, *_BY_BITMAP, "min_price", "max_price"
        )
        if words.query is not None or words.by_membership or words.updated_since:
            base = base & self._find_numbers(index, products, words)
        # Variants with prices of their own may be dearer or cheaper than their product says.
        own = (
            self.bitmaps.any_of("own_price", [""])
            if filters.has_price_limits or filters.on_sale is not None
            else BitMap()
        )
        self.prices = facet_bitmaps.PricesNow(index.bitmaps, index.now)
        looked_at = (own | self.prices.unknown) & base
        looked_at |= _find_also_listed() & base
        self.is_too_many = len(looked_at) > facet_bitmaps.MAX_CHANGES
        self.apart |= looked_at
        self.base = self._pass_flags(base - self.apart)
        self.products_apart = set(index.changed)
        if looked_at and not self.is_too_many:
            self.products_apart |= _find_ids(looked_at)

    def _find_numbers(
        self, index: FacetIndex, products: QuerySet[Product], words: Filters
    ) -> BitMap:
        """Return those products that the words, tags and collections find. A search is not asked
        twice of the same index: what has changed since is counted by itself.
        """
        if words.by_membership or words.updated_since or words.query is None:
            return _find_numbers(words.apply(products))
        asked = words.query.matching, tuple(words.query.exact)
        key = index.bitmaps.checksum, self.for_staff, asked
        if (found := _searches.get(key)) is None:
            if len(_searches) >= MAX_SEARCHES:
                _searches.clear()
            found = _searches[key] = _find_numbers(words.apply(products))
        return found

    def _pass_flags(self, found: BitMap) -> BitMap:
        flags = {
            "in_stock": self.filters.in_stock,
            "featured": self.filters.featured,
            "new_arrival": self.filters.new_arrival,
        }
        for name, value in flags.items():
            if value is not None:
                found = found & self.bitmaps.any_of(name, [str(value).lower()])
        if self.filters.on_sale is not None:
            reduced = self.prices.reduced()
            found = found & reduced if self.filters.on_sale else found - reduced
        if self.filters.status:
            found = found & self.bitmaps.any_of("status", self.filters.status)
        return found

    @cached_property
    def _rules(self) -> dict[str, BitMap]:
        """The products that pass each filter that a facet has."""
        filters, rules = self.filters, dict[str, BitMap]()
        if filters.category:
            rules["category"] = self.bitmaps.any_of(
                "category", filters.category_ids
            )
        for name in ("brand", "gender", "material"):
            if chosen := getattr(filters, name):
                rules[name] = self.bitmaps.any_of(name, chosen)
        if filters.color or filters.size:
            rules["option"] = self._options(filters.color, filters.size)
        if filters.has_price_limits:
            rules["price"] = self._within_limits()
        return rules

    def _within_limits(self) -> BitMap:
        found, low, high = self.base, self.filters.min_price, self.filters.max_price
        if high is not None:
            found = self.prices.at_most(found, int(high * PRICE_SCALE))
        if low is not None and low > 0:
            found = found - self.prices.at_most(found, int(low * PRICE_SCALE) - 1)
        return found

    def _passing(self, *without: str) -> BitMap:
        found = self.base
        for name, rule in self._rules.items():
            if name not in without:
                found = found & rule
        return found

    def _options(self, colors: Sequence[str], sizes: Sequence[str]) -> BitMap:
        """Return the products one variant of which has one of the colours and of the sizes."""
        found = BitMap()
        for option, bitmap in self.bitmaps.values_of(
            self._stocked("option")
        ).items():
            color, _, size = option.partition(SEPARATOR)
            if (not colors or color in colors) and (not sizes or size in sizes):
                found |= bitmap
        return found

    def _stocked(self, name: str) -> str:
        return f"stocked_{name}" if self.filters.in_stock else name

    def counted(self) -> _Counts:
        """Return the counts."""
        passing, counts = self._passing(), _Counts()
        counts.total = len(passing)
        for name in _COLUMN_FACETS:
            others = self._passing(name) if name in self._rules else passing
            counts.values[name] = _count(
                others, self.bitmaps.values_of(name).items()
            )
        others = self._passing("option") if "option" in self._rules else passing
        for name, other in (("color", "size"), ("size", "color")):
            values: Iterable[tuple[str, BitMap]] = self.bitmaps.values_of(
                self._stocked(name)
            ).items()
            if getattr(self.filters, other):
                values = self._group_options(name)
            counts.values[name] = _count(others, values)
            if name == "color":
                counts.values[_FAMILY] = _count(others, _group_families(values))
        if priced := self._passing("price"):
            counts.add_prices(
                Decimal(self.prices.lowest(priced)) / PRICE_SCALE,
                Decimal(self.prices.highest(priced)) / PRICE_SCALE,
            )
        return counts

    def count_passing(self) -> int:
        """Return how many pass all filters."""
        return len(self._passing())

    def find_candidates(self, most: int = MAX_CANDIDATES) -> set[UUID] | None:
        """Return the products that may pass all filters, or None if these are more, or if a
        search finds them as soon by itself.
        """
        if self.filters.given == {"search"}:
            return None
        passing = self._passing()
        if len(passing) + len(self.products_apart) > most:
            return None
        return _find_ids(passing) | self.products_apart

    def _group_options(self, name: str) -> Iterable[tuple[str, BitMap]]:
        """Return the products by one part of a variant, whose other part is a chosen one."""
        grouped: dict[str, BitMap] = {}
        for option, bitmap in self.bitmaps.values_of(
            self._stocked("option")
        ).items():
            color, _, size = option.partition(SEPARATOR)
            value, other = (color, size) if name == "color" else (size, color)
            chosen = self.filters.size if name == "color" else self.filters.color
            if value and other in chosen:
                grouped[value] = grouped.get(value, BitMap()) | bitmap
        return grouped.items()


def _group_families(
    colors: Iterable[tuple[str, BitMap]],
) -> Iterable[tuple[str, BitMap]]:
    """Return the products by the family of their colours."""
    rows = fetch_prepared(
        "SELECT lower(name) AS name, family FROM products_color WHERE family <> ''"
    )
    families = {row["name"]: row["family"] for row in rows}
    grouped: dict[str, BitMap] = {}
    for color, bitmap in colors:
        family = families.get(color.lower(), color)
        grouped[family] = grouped.get(family, BitMap()) | bitmap
    return grouped.items()


def _count(found: BitMap, values: Iterable[tuple[str, BitMap]]) -> Counter[str]:
    return Counter(
        {
            value: count
            for value, bitmap in values
            if (count := found.intersection_cardinality(bitmap))
        }
    )


def _find_numbers(products: QuerySet[Product]) -> BitMap:
    found = products.filter(facet_number__isnull=False).order_by()
    numbers = found.aggregate(numbers=ArrayAgg("facet_number__number"))["numbers"]
    return BitMap(numbers or ())


def _find_also_listed() -> BitMap:
    """Return the products that more than one category lists."""
    rows = fetch_prepared(
        """SELECT coalesce(array_agg(number), '{}') AS numbers FROM products_facetnumber
        WHERE product_id IN (SELECT product_id FROM products_product_also_in)"""
    )
    return BitMap(rows[0]["numbers"])


def _find_ids(numbers: BitMap) -> set[UUID]:
    rows = fetch_prepared(
        """SELECT product_id FROM products_facetnumber
        WHERE number = ANY (%(numbers)s::int[])""",
        {"numbers": list(numbers)},
    )
    return {row["product_id"] for row in rows}


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
        return f"""
            SELECT facet, value, sum(count)::int, min(low), max(high)
            FROM ({" UNION ALL ".join(self.selects)}) AS counted
            GROUP BY facet, value
        """

    def _add(self, select: str, *params: object) -> None:
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
        sql, params = query.get_compiler(
            connection.alias, elide_empty=False
        ).as_sql()
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
        values = {
            name: f"ARRAY[{column}::text]" for name, column in columns.items()
        }
        if not (
            self.filters.size or self.filters.color or self.filters.has_price_limits
        ):
            options = {
                name: f"stocked_{name}s" if self.filters.in_stock else f"{name}s"
                for name in _VARIANT_FACETS
            }
            columns |= options
            values |= {
                name: f"{column}::text[]" for name, column in options.items()
            }
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
            f"""WITH alike AS MATERIALIZED (
                SELECT CASE {which or "WHEN false THEN ''"} ELSE 'total' END AS facet,
                    CASE {value or "WHEN false THEN NULL"} ELSE ARRAY[NULL]::text[] END AS same,
                    count(*) AS count, min({self.low}) AS low, max({self.high}) AS high
                FROM ({passing}) AS passing GROUP BY GROUPING SETS ({sets})
            )
            SELECT facet, value, sum(count) AS count, min(low) AS low, max(high) AS high
            FROM alike, unnest(same) AS value GROUP BY facet, value
            UNION ALL
            SELECT '{_FAMILY}', family, sum(count), NULL, NULL
            FROM alike CROSS JOIN LATERAL (SELECT DISTINCT {_FAMILY_OF} AS family
                FROM unnest(same) AS color {_JOIN_FAMILY}) AS families
            WHERE facet = 'color' GROUP BY family"""
        )

    def column(self, name: str) -> None:
        column = "category_id" if name == "category" else name
        self._add(
            f"""SELECT '{name}', {column}::text, count(*), NULL, NULL
            FROM ({self._passing(name, columns=[column])}) AS passing GROUP BY {column}"""
        )

    def others(self) -> None:
        """Count the products that are also listed in further categories, for each of these and
        all above it, where their own category does not count them already.
        """
        also = Product.also_in.through.objects.values("product_id")
        passing = self.filters.without("category").apply(
            self.products.filter(pk__in=also)
        )
        sql, params = (
            passing.order_by()
            .values("id", "category_id")
            .query.get_compiler(connection.alias, elide_empty=False)
            .as_sql()
        )
        self._add(
            f"""SELECT 'others', above::text, count(DISTINCT passing.id), NULL, NULL
            FROM ({sql}) AS passing
            JOIN products_product_also_in AS also ON also.product_id = passing.id
            JOIN products_category AS other ON other.id = also.category_id
            JOIN products_category AS main ON main.id = passing.category_id,
            unnest(other.ancestors) AS above
            WHERE above <> ALL (main.ancestors) GROUP BY above""",
            *params,
        )

    def variant(self, name: str, other: str) -> None:
        """Count products by one of the two; the other one's filter, and the price limits,
        hold for the same variant.
        """
        passing = self._passing(*_VARIANT_FACETS, columns=["id", *_OWN_PRICES])
        value, join = name, ""
        if name == _FAMILY:
            value, join = _FAMILY_OF, _JOIN_FAMILY
        rules, params = [f"{value} <> ''"], list[Any]()
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
            f"""SELECT '{name}', value, count(*), NULL, NULL FROM (
                SELECT DISTINCT variant.product_id, {value} AS value
                FROM ({passing}) AS passing {self._join_variants()} {join}
                WHERE {" AND ".join(rules)}
            ) AS options GROUP BY value""",
            *params,
        )

    def _join_variants(self) -> str:
        join = """JOIN products_variant AS variant
            ON variant.product_id = passing.id AND variant.is_active"""
        if not self.filters.in_stock:
            return join
        return f"""{join} JOIN products_stocklevel AS level ON level.variant_id = variant.id
            AND level.sellable > 0"""

    def price(self) -> None:
        # Without a count, which nobody asks for: the two ends of an index are enough where
        # there is one.
        self._add(
            f"""SELECT 'price', NULL, NULL, min({self.low}), max({self.high})
            FROM ({self._passing("min_price", "max_price", columns=[self.low, self.high])}) AS
                passing"""
        )


def _read_counts(rows: list[TupleRow]) -> _Counts:
    counts = _Counts()
    own_price = any(facet == "price" for facet, *_ in rows)
    for facet, value, count, low, high in rows:
        if facet == "total":
            counts.total = count
        if facet == ("price" if own_price else "total"):
            counts.add_prices(low, high)
        elif facet == "others":
            counts.others[value] = count
        elif facet in counts.values and value:
            counts.values[facet][value] = count
    return counts


_CATEGORIES = (
    "SELECT id::text, slug, name, ancestors::text[] FROM products_category"
)


def _name_values(counts: _Counts) -> Facets:
    """Return the most frequent values of each facet, a category by its slug and with its name.

    A category's products count for each category above it, too.
    """
    values: dict[str, list[Row]] = {
        name: [{"value": value, "count": count} for value, count in counted.items()]
        for name, counted in counts.values.items()
    }
    values["category"] = _count_categories(counts.values["category"], counts.others)
    for name, found in values.items():
        found.sort(key=lambda row: (-row["count"], row["value"]))
        values[name] = found[:MAX_VALUES]
    return Facets(counts.total, values, counts.lowest, counts.highest)


def _count_categories(own: Counter[str], others: Counter[str]) -> list[Row]:
    any_ = own or others
    known = {row["id"]: row for row in fetch_prepared(_CATEGORIES)} if any_ else {}
    counted: Counter[str] = Counter()
    for category, count in own.items():
        for above in known[category]["ancestors"] if category in known else ():
            counted[above] += count
    counted.update({key: count for key, count in others.items() if key in known})
    return [
        {"value": known[key]["slug"], "count": count, "name": known[key]["name"]}
        for key, count in counted.items()
    ]
