"""Carts as their customers left them."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest

from markrin.admin.base import (
    ReadOnly,
    ReadOnlyAdmin,
    TabularInline,
)
from markrin.admin.exact_search import ExactSearch
from orders.models import (
    Cart,
    CartLine,
)


class CartLineInline(ReadOnly, TabularInline):
    model = CartLine
    extra = 0
    fields = ("variant", "quantity", "price_at_add", "created_at")
    readonly_fields = fields


@admin.register(Cart)
class CartAdmin(ExactSearch, ReadOnlyAdmin):
    list_display = ("id", "user", "pieces", "updated_at")
    search_fields = ("user__email",)
    search_help_text = "an address"
    list_select_related = ("user",)
    fields = ("user", "coupon_codes", "created_at", "updated_at")
    inlines = (CartLineInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cart]:
        found: QuerySet[Cart] = super().get_queryset(request)
        lines = (
            CartLine.objects.filter(cart=OuterRef("pk")).order_by().values("cart")
        )
        return found.annotate(
            n=Subquery(lines.annotate(n=Sum("quantity")).values("n"))
        )

    @admin.display(ordering="n")
    def pieces(self, cart: Any) -> int:
        return cart.n or 0
