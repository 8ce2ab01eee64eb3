"""Which products a list shows, and in what order."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Final, Self
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from markrin.db.sql import fetch_prepared
from products.models import Product, Variant
from products.schemas.products import ProductFilter
from products.search import Query
from products.selectors import collections, prices, search_lookup, search_ranking
from products.selectors.collections import NO_COLLECTIONS, FoundCollections
from products.selectors.prices import PriceClock

# The last column of each is unique, none is ever NULL: lists are also walked by cursor.
ORDERS: dict[str, tuple[str, ...]] = {
    "newest": ("-created_at", "-id"),
    "price_asc": ("price", "id"),
    "price_desc": ("-price", "-id"),
    "name_asc": ("name", "id"),
    "name_desc": ("-name", "-id"),
    "rating": ("-stars", "-id"),
    "popularity": ("-popularity", "-id"),
    "relevance": ("-relevance", "-popularity", "-id"),
}
# Facets whose filter is a plain column of the product.
COLUMNS = {
    "brand": "brand",
    "collection": "collection",
    "gender": "gender",
    "material": "material",
}
# Filters that are a column's yes or no.
FLAGS = {
    "in_stock": "in_stock",
    "featured": "is_featured",
    "new_arrival": "is_new_arrival",
}

# The categories of these slugs or ids, and all below them.
ASKED_CATEGORIES: Final = """
    SELECT id FROM products_category
    WHERE ancestors && ARRAY(SELECT id FROM products_category
        WHERE slug = ANY (%(names)s::text[]) OR id::text = ANY (%(names)s::text[]))
"""
_CLOCK_AND_CATEGORIES: Final = f"""
    SELECT clock.*, ids, EXISTS (SELECT FROM products_product_also_in
        WHERE category_id = ANY (ids)) AS has_others
    FROM ({prices.PRICE_CLOCK}) AS clock, (SELECT ARRAY({ASKED_CATEGORIES}) AS ids) AS found
"""  # noqa: S608 (constants)


# What variants call the colours of these names, in any case, and of these families, or of their
# names: leaps from colour to colour along their index.
_COLORS = """
    WITH RECURSIVE leaps AS (
        (SELECT color FROM products_variant WHERE is_active AND color > '' ORDER BY color LIMIT 1)
        UNION ALL
        SELECT (SELECT color FROM products_variant WHERE is_active AND color > leaps.color
            ORDER BY color LIMIT 1)
        FROM leaps WHERE leaps.color IS NOT NULL
    )
    SELECT ARRAY(
        SELECT color FROM leaps
        WHERE lower(color) IN (SELECT lower(unnest(%(names)s::text[]))
            UNION SELECT lower(name) FROM products_color
            WHERE lower(family) IN (SELECT lower(unnest(%(families)s::text[])))
            UNION SELECT lower(unnest(%(families)s::text[])))
    ) AS colors
"""


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a shopper, or staff, narrowed the list down to; several values of one filter are
    alternatives.
    """

    category: Sequence[str] = ()
    collection: Sequence[str] = ()
    in_collection: Sequence[str] = ()
    brand: Sequence[str] = ()
    material: Sequence[str] = ()
    color: Sequence[str] = ()
    color_family: Sequence[str] = ()
    size: Sequence[str] = ()
    gender: Sequence[str] = ()
    tag: Sequence[str] = ()
    status: Sequence[str] = ()
    updated_since: datetime | None = None
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    in_stock: bool | None = None
    featured: bool | None = None
    new_arrival: bool | None = None
    on_sale: bool | None = None
    search: str | None = None

    # Whether stored list prices have ended: see `prices.PriceClock`.
    has_moved: bool = False
    # Products any variant of which may be within the price limits, for counts by variant.
    loose_prices: bool = False
    # What `prepared` found in the database:
    category_ids: Sequence[UUID] = ()
    has_others: bool = (
        False  # whether products of other categories are also in these
    )
    collections: FoundCollections = NO_COLLECTIONS
    query: Query | None = None

    @classmethod
    def from_query(cls, query: ProductFilter) -> Self:
        """Return what a list was asked for, without its paging and order."""
        asked = query.__dict__
        return cls(**{name: asked[name] for name in _ASKED_FOR if name in asked})

    def prepared(self, *, for_staff: bool = False) -> tuple[Self, PriceClock]:
        """Return the filters with their categories' whole subtrees, and how list prices stand:
        one query; with their colours and collections, one more for each; and with the search
        understood, see `search_lookup`.
        """
        query, colors, found_collections = None, self.color, self.collections
        clock, ids, has_others = self._read_ground()
        if self.color or self.color_family:
            given = {"names": list(self.color), "families": list(self.color_family)}
            [found] = fetch_prepared(_COLORS, given)
            # A name or a family that no colour is of is a colour that nothing has.
            colors = found["colors"] or [*self.color, *self.color_family]
        if self.in_collection:
            found_collections = collections.find_published(self.in_collection)
        if self.search is not None:
            query = search_lookup.understand(self.search, for_staff=for_staff)
        filters = replace(
            self,
            has_moved=clock.has_moved,
            category_ids=ids,
            has_others=has_others,
            collections=found_collections,
            query=query,
            color=colors,
            color_family=(),
        )
        return filters, clock

    def _read_ground(self) -> tuple[PriceClock, Sequence[UUID], bool]:
        if not self.category:
            return prices.read_price_clock(), (), False
        [found] = fetch_prepared(
            _CLOCK_AND_CATEGORIES, {"names": list(self.category)}
        )
        clock = PriceClock(found["has_moved"], found["fresh_for_s"])
        return clock, found["ids"], found["has_others"]

    @cached_property
    def given(self) -> set[str]:
        """The names of the filters that are asked for."""
        given = ((name, getattr(self, name)) for name in _ASKED_FOR)
        return {name for name, value in given if value is not None and value != ()}

    @property
    def by_membership(self) -> bool:
        """Whether tags or collections are asked for, by either name."""
        return bool(self.tag or self.collection or self.in_collection)

    def without(self, *names: str) -> Self:
        """Return the filters less the named ones."""
        empty = {
            field.name: field.default
            for field in fields(self)
            if field.name in names
        }
        return replace(self, **empty)  # type: ignore[arg-type]  # defaults have their fields' types

    def apply(self, products: QuerySet[Product]) -> QuerySet[Product]:
        """Return the products that pass; `prepared` must have been called."""
        rule = Q()
        if self.category:
            rule &= self._categories()
        if self.in_collection:
            rule &= self.collections.match()
        for name, column in COLUMNS.items():
            if values := getattr(self, name):
                rule &= Q(**{f"{column}__in": values})
        if self.tag:
            rule &= Q(tags__overlap=list(self.tag))
        if self.status:
            rule &= Q(status__in=self.status)
        if self.updated_since is not None:
            changed = Variant.objects.filter(
                product=OuterRef("pk"), updated_at__gte=self.updated_since
            )
            rule &= Q(updated_at__gte=self.updated_since) | Q(Exists(changed))
        if self.query is not None:
            hits = Q(search=search_ranking.Lexemes(self.query.matching))
            rule &= hits | Q(pk__in=self.query.exact) if self.query.exact else hits
        if self.has_moved:
            products = products.annotate(
                list_price=prices.list_price("price"),
                list_price_max=prices.list_price("price_max"),
            )
        return products.filter(
            rule & self._flags() & self._prices() & self._variants()
        )

    def _categories(self) -> Q:
        rule = Q(category__in=self.category_ids)
        if self.has_others:
            also = Product.also_in.through.objects.filter(
                category__in=self.category_ids
            )
            rule |= Q(pk__in=also.values("product_id"))
        return rule

    def _flags(self) -> Q:
        rule = Q()
        for name, column in FLAGS.items():
            if (value := getattr(self, name)) is not None:
                rule &= Q(**{column: value})
        return rule

    @property
    def price_column(self) -> str:
        """The column, or where stored prices have ended the expression, that lists sort by."""
        return "list_price" if self.has_moved else "price"

    def _prices(self) -> Q:
        """Return the rule for the price alone: that one of the variants that the list shows
        the prices of is within the limits. With a size or a colour, see `_variants`.
        """
        if not self.has_price_limits:
            return Q()
        within = self._price_range()
        if self.size or self.color or self.loose_prices:
            # Of variants with prices of their own, also one that is sold out may be meant.
            own = Variant.objects.filter(
                product=OuterRef("pk"), is_active=True, base_price__isnull=False
            )
            return within | Q(Exists(own))
        if self.min_price is not None and self.max_price is not None:
            # Of a range of prices, both ends may lie outside of the limits.
            offered = self._priced_variants().filter(
                Q(product__in_stock=False) | Q(stock__sellable__gt=0)
            )
            one_price = Q(**{self.price_column: F(f"{self.price_column}_max")})
            within &= one_price | Q(Exists(offered))
        return within

    def _price_range(self) -> Q:
        rule, column = Q(), self.price_column
        if self.max_price is not None:
            rule &= Q(**{f"{column}__lte": self.max_price})
        if self.min_price is not None:
            rule &= Q(**{f"{column}_max__gte": self.min_price})
        return rule

    @property
    def has_price_limits(self) -> bool:
        """Whether a lowest or a highest price is asked for."""
        return self.min_price is not None or self.max_price is not None

    def _variants(self) -> Q:
        """Return the rule for one and the same variant: size, colour, price, that a piece of
        it is left, and that it is on sale.
        """
        rule = Q()
        if self.on_sale is not None:
            sold = self._match_options(self._priced_variants())
            reduced = Exists(sold.filter(Q(price__lt=prices.variant_base_price())))
            # Most products have no sale at all, and need no look at their variants.
            own = Variant.objects.filter(
                product=OuterRef("pk"), is_active=True, sale_price__isnull=False
            )
            has_sale = Q(sale_price__isnull=False) | Q(Exists(own))
            on_sale = has_sale & Q(reduced)
            rule &= on_sale if self.on_sale else ~on_sale
        if self.size or self.color:
            rule &= Q(Exists(self._match_options(self._priced_variants())))
        return rule

    def _priced_variants(self) -> QuerySet[Variant]:
        """Return a product's active variants whose price is within the limits."""
        variants = Variant.objects.filter(product=OuterRef("pk"), is_active=True)
        if self.has_price_limits or self.on_sale is not None:
            variants = variants.annotate(price=prices.variant_price())
        if self.min_price is not None:
            variants = variants.filter(Q(price__gte=self.min_price))
        if self.max_price is not None:
            variants = variants.filter(Q(price__lte=self.max_price))
        return variants

    def _match_options(self, variants: QuerySet[Variant]) -> QuerySet[Variant]:
        if self.size:
            variants = variants.filter(size__in=self.size)
        if self.color:
            variants = variants.filter(color__in=self.color)
        if self.in_stock:
            variants = variants.filter(stock__sellable__gt=0)
        return variants

    def by_relevance(self, sort: str | None) -> bool:
        """Return whether the best hits of a search come first, as they do unless it is
        sorted otherwise.
        """
        return self.query is not None and sort in (None, "relevance")

    def ordered(
        self, found: QuerySet[Product], sort: str | None
    ) -> tuple[QuerySet[Product], tuple[str, ...]]:
        """Return what `apply` has found with what the order needs, and the order. Without a
        search, relevance is newest; with one, it leaves the hits that `search_ranking` ranks."""
        if self.query is not None and self.by_relevance(sort):
            return search_ranking.rank_matches(found, self.query), ORDERS[
                "relevance"
            ]
        in_order = sort in (None, "relevance") and len(self.collections.rows) == 1
        if in_order:
            sort = self.collections.rows[0]["sort"]
        if sort == "rating":
            found = found.annotate(stars=search_ranking.STARS)
        order = resolve_order(sort)
        if in_order:
            found = found.annotate(place=self.collections.place())
            order = ("place", *order)
        if self.has_moved:
            order = tuple(name.replace("price", "list_price") for name in order)
        return found, order


def resolve_order(sort: str | None) -> tuple[str, ...]:
    """Return the order of a list that is no search's: relevance, or none, is newest."""
    return ORDERS["newest" if sort is None or sort == "relevance" else sort]


_FOUND: Final = {
    "has_moved",
    "loose_prices",
    "category_ids",
    "has_others",
    "collections",
    "query",
}
_ASKED_FOR: Final = [
    field.name for field in fields(Filters) if field.name not in _FOUND
]
NO_FILTERS: Final = Filters()
