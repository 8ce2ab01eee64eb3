"""Which products a list shows, and in what order."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Self
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from markrin.db.sql import fetch_prepared
from products import search as searching
from products.models import Product, Variant
from products.schemas.products import ProductFilter
from products.selectors import search_ranking

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

_PREPARE = f"""
    SELECT
        (SELECT coalesce(array_agg(id), '{{}}') FROM products_category
         WHERE ancestors && ARRAY(SELECT id FROM products_category WHERE slug = ANY (%(slugs)s::text[]))) AS ids,
        ({searching.WORDS_SQL}) AS words
"""  # noqa: S608 (constants)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a shopper, or staff, narrowed the list down to; several values of one filter are
    alternatives.
    """

    category: Sequence[str] = ()
    collection: Sequence[str] = ()
    brand: Sequence[str] = ()
    material: Sequence[str] = ()
    color: Sequence[str] = ()
    size: Sequence[str] = ()
    gender: Sequence[str] = ()
    tag: Sequence[str] = ()
    status: Sequence[str] = ()
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    in_stock: bool | None = None
    featured: bool | None = None
    new_arrival: bool | None = None
    on_sale: bool | None = None
    search: str | None = None

    # What `prepared` found in the database:
    category_ids: Sequence[UUID] = ()
    lexemes: searching.Lexemes | None = None

    @classmethod
    def from_query(cls, query: ProductFilter) -> Self:
        """Return what a list was asked for, without its paging and order."""
        given = {
            field.name: getattr(query, field.name)
            for field in fields(cls)
            if hasattr(query, field.name)
        }
        return cls(**given)

    def prepared(self) -> Self:
        """Return the filters with their categories' whole subtrees, and the search's words
        understood: one query.
        """
        if not self.category and self.search is None:
            return self
        given = {
            "slugs": list(self.category),
            "words": searching.words(self.search or ""),
        }
        [found] = fetch_prepared(_PREPARE, given)
        lexemes = None if self.search is None else searching.query(found["words"])
        return replace(self, category_ids=found["ids"], lexemes=lexemes)

    def without(self, *names: str) -> Self:
        """Return the filters less the named ones."""
        empty = {
            field.name: field.default for field in fields(self) if field.name in names
        }
        return replace(self, **empty)  # type: ignore[arg-type]  # defaults have their fields' types

    def apply(self, products: QuerySet[Product]) -> QuerySet[Product]:
        """Return the products that pass; `prepared` must have been called."""
        rule = Q()
        if self.category:
            rule &= Q(category__in=self.category_ids)
        for name, column in COLUMNS.items():
            if values := getattr(self, name):
                rule &= Q(**{f"{column}__in": values})
        if self.tag:
            rule &= Q(tags__overlap=list(self.tag))
        if self.status:
            rule &= Q(status__in=self.status)
        if self.min_price is not None:
            rule &= Q(price__gte=self.min_price)
        if self.max_price is not None:
            rule &= Q(price__lte=self.max_price)
        if self.lexemes is not None:
            rule &= Q(search=self.lexemes)
        return products.filter(rule & self._flags() & self._variants())

    def _flags(self) -> Q:
        rule = Q()
        if self.in_stock is not None:
            rule &= Q(in_stock=self.in_stock)
        if self.featured is not None:
            rule &= Q(is_featured=self.featured)
        if self.new_arrival is not None:
            rule &= Q(is_new_arrival=self.new_arrival)
        if self.on_sale is not None:
            rule &= Q(sale_price__isnull=not self.on_sale)
        return rule

    def _variants(self) -> Q:
        """Return the rule for one and the same variant: size, colour, and that a piece of
        it is left.
        """
        if not self.size and not self.color:
            return Q()
        variants = Variant.objects.filter(product=OuterRef("pk"), is_active=True)
        if self.size:
            variants = variants.filter(size__in=self.size)
        if self.color:
            variants = variants.filter(color__in=self.color)
        if self.in_stock:
            variants = variants.filter(stock__on_hand__gt=F("stock__reserved"))
        return Q(Exists(variants))

    @property
    def alone(self) -> bool:
        """Whether one searched word is all there is."""
        rest = replace(self, search=None, lexemes=None, category_ids=())
        return (
            self.lexemes is not None and self.lexemes.places == 1 and rest == Filters()
        )

    def by_relevance(self, sort: str | None) -> bool:
        """Return whether the best hits of a search come first, as they do unless it is
        sorted otherwise.
        """
        return self.lexemes is not None and sort in (None, "relevance")

    def ordered(
        self, found: QuerySet[Product], sort: str | None
    ) -> tuple[QuerySet[Product], tuple[str, ...]]:
        """Return what `apply` has found with what the order needs, and the order. Without a
        search, relevance is newest; with one, it leaves the hits that `search_ranking` ranks."""
        if self.lexemes is not None and self.by_relevance(sort):
            return search_ranking.rank_matches(
                found, self.lexemes, alone=self.alone
            ), ORDERS["relevance"]
        if sort == "rating":
            found = found.annotate(stars=Coalesce("rating", Decimal(0)))
        return found, ORDERS["newest" if sort in (None, "relevance") else sort]
