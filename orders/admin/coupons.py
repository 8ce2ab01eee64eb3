"""Coupons and where they were used."""

from django.contrib import admin
from django.http import HttpRequest

from markrin.admin.base import (
    ModelAdmin,
    ReadOnlyAdmin,
)
from markrin.admin.exact_search import ExactSearch
from markrin.admin.forms import StrictModelForm
from orders.models import (
    Coupon,
    CouponUse,
)


class CouponForm(StrictModelForm):
    class Meta:
        model = Coupon
        fields = (
            "code",
            "kind",
            "value",
            "min_spend",
            "starts_at",
            "ends_at",
            "total_limit",
            "per_customer_limit",
            "is_active",
        )

    def clean_code(self) -> str:
        """Return the code as it is kept."""
        return str(self.cleaned_data["code"]).upper()


@admin.register(Coupon)
class CouponAdmin(ModelAdmin):
    form = CouponForm
    list_display = (
        "code",
        "kind",
        "value",
        "min_spend",
        "used",
        "total_limit",
        "is_active",
        "starts_at",
        "ends_at",
    )
    list_filter = ("is_active", "kind")
    search_fields = ("code__istartswith",)
    readonly_fields = ("used",)

    def has_delete_permission(
        self, request: HttpRequest, obj: Coupon | None = None
    ) -> bool:
        """A coupon that was used stays: orders tell of it. Make it inactive instead."""
        return (
            obj is not None
            and not obj.used
            and super().has_delete_permission(request, obj)
        )


@admin.register(CouponUse)
class CouponUseAdmin(ExactSearch, ReadOnlyAdmin):
    list_display = ("coupon", "order", "slot")
    search_fields = ("coupon__code", "order__number")
    search_help_text = "a coupon's code, or an order's whole number"
    list_select_related = ("coupon", "order")
