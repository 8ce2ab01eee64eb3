"""Which products a list shows, and in what order."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from django.contrib.postgres.search import SearchRank
from django.db import connection
from django.db.models import Exists, F, IntegerField, OuterRef, Q, QuerySet
from django.db.models.functions import Cast, Coalesce

from products import search as searching
from products.models import Product, Variant

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
COLUMNS = {"brand": "brand", "collection": "collection", "gender": "gender", "material": "material"}

_PREPARE = f"""
    SELECT
        (SELECT coalesce(array_agg(id), '{{}}') FROM products_category
         WHERE ancestors && ARRAY(SELECT id FROM products_category WHERE slug = ANY (%(slugs)s))),
        ({searching.WORDS_SQL})
"""  # noqa: S608 (constants)


@dataclass(frozen=True, kw_only=True)
class Filters:
    """What a shopper, or staff, narrowed the list down to; several values of one filter are alternatives."""

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

    def prepared(self) -> Self:
        """Return the filters with their categories' whole subtrees, and the search's words understood: one query."""
        if not self.category and self.search is None:
            return self
        given = {"slugs": list(self.category), "words": searching.words(self.search or "")}
        with connection.cursor() as cursor:
            cursor.execute(_PREPARE, given)
            category_ids, found = cursor.fetchone()
        lexemes = None if self.search is None else searching.query(found)
        return replace(self, category_ids=category_ids, lexemes=lexemes)

    def without(self, *names: str) -> Self:
        """Return the filters less the named ones."""
        empty = {field.name: field.default for field in fields(self) if field.name in names}
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
        """Return the rule for one and the same variant: size, colour, and that a piece of it is left."""
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

    def ordered(self, products: QuerySet[Product], sort: str | None) -> tuple[QuerySet[Product], tuple[str, ...]]:
        """Return the products with what the order needs, and the order. Without a search, relevance is newest."""
        if self.lexemes is None:
            sort = "newest" if sort in (None, "relevance") else sort
        added: dict[str, Any] = {}
        if sort == "rating":
            added["stars"] = Coalesce("rating", Decimal(0))
        if self.lexemes is not None and sort in (None, "relevance"):
            sort = "relevance"
            # A whole number, as a float would not be equal to itself again in a cursor.
            added["relevance"] = Cast(SearchRank(F("search"), self.lexemes) * 1_000_000, IntegerField())
        return products.annotate(**added), ORDERS[sort or "newest"]
