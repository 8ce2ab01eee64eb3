"""How staff find products among very many: by indexes, where Django's own search would read
every row.
"""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from products.models import Category, Product, Variant
from products.selectors import search_lookup, search_ranking


class ProductSearch:
    """Mixed into the product's ModelAdmin: words as a shopper may search for them, in products
    of any status; a slug; a SKU.
    """

    search_fields = ("name",)  # that there is a search; what it does stands below

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Product], search_term: str
    ) -> tuple[QuerySet[Product], bool]:
        """Return the products that match."""
        term = search_term.strip()
        if not term:
            return queryset, False
        query = search_lookup.understand(term, for_staff=True)
        ids = {*query.exact, *map(str, find_products_by_sku(term))}
        wanted = Q(pk__in=ids) | Q(slug__startswith=term.lower())
        if query.matching:
            wanted |= Q(search=search_ranking.Lexemes(query.matching))
        return queryset.filter(wanted), False


def find_products_by_sku(term: str) -> list[UUID]:
    """Return the products that have a variant of this SKU, however it was typed: SKUs are
    told apart by their case.
    """
    spelt = {term, term.upper(), term.lower()}
    return list(
        Variant.objects.filter(sku__in=spelt).values_list("product_id", flat=True)
    )


class CategoryFilter(AutocompleteSelectFilter):
    """A category, with all that lies below it."""

    def value(self) -> Any:
        """Return the category's id, if it is one."""
        found = super().value()
        return found if found and _is_uuid(found) else None

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Product]
    ) -> QuerySet[Product]:
        """Return the products of the category that is asked for."""
        if not self.value():
            return queryset
        below = Category.objects.filter(
            ancestors__contains=[UUID(self.value())]
        ).values_list("pk", flat=True)
        return queryset.filter(category__in=list(below))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
