"""The rest of the shop's trade: refunds, payments, coupons, carts, returns."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest

from markrin.admin.base import (
    ModelAdmin,
    ReadOnly,
    ReadOnlyAdmin,
    SteppedAdmin,
    TabularInline,
    known_values,
)
from markrin.admin.exact_search import ExactSearch
from markrin.admin.forms import StrictModelForm
from orders import gateways
from orders.admin import steps
from orders.models import (
    Cart,
    CartLine,
    Coupon,
    CouponUse,
    IdempotencyKey,
    Payment,
    PaymentEvent,
    Refund,
    Return,
)

_PROVIDERS = known_values("provider", lambda: ("cod", *gateways.PROVIDERS))


@admin.register(Refund)
class RefundAdmin(ExactSearch, ReadOnly, SteppedAdmin):
    list_display = ("order", "amount", "state", "reason", "created_at", "finished_at")
    list_filter = ("state",)
    search_fields = ("order__number",)
    search_help_text = "an order's whole number"
    list_select_related = ("order", "by", "payment")
    show_full_result_count = False
    readonly_fields = ("next_steps",)
    fields = (
        "order",
        "payment",
        "amount",
        "reason",
        "state",
        "error",
        "by",
        "created_at",
        "finished_at",
        "next_steps",
    )
    steps = steps.OF_REFUND
    logs_steps = False
    export_columns = {
        "Order": "order__number",
        "Amount": "amount",
        "Currency": "order__currency",
        "State": "state",
        "Reason": "reason",
        "By": "by__email",
        "Asked for at": "created_at",
        "Closed at": "finished_at",
    }

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["next_steps", "created_at"]


@admin.register(Payment)
class PaymentAdmin(ExactSearch, ReadOnlyAdmin):
    list_display = (
        "order",
        "provider",
        "provider_ref",
        "amount",
        "state",
        "created_at",
        "succeeded_at",
    )
    list_filter = ("state", _PROVIDERS)
    search_fields = ("order__number", "provider_ref")
    search_help_text = "an order's whole number, or the provider's reference"
    list_select_related = ("order",)


@admin.register(PaymentEvent)
class PaymentEventAdmin(ReadOnlyAdmin):
    list_display = ("provider", "event_id", "type", "outcome", "received_at")
    list_filter = (_PROVIDERS,)
    search_fields = ("event_id__exact",)
    list_select_related = ("payment",)


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
    list_select_related = ("user", "coupon")
    fields = ("user", "coupon", "created_at", "updated_at")
    inlines = (CartLineInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cart]:
        found: QuerySet[Cart] = super().get_queryset(request)
        lines = CartLine.objects.filter(cart=OuterRef("pk")).order_by().values("cart")
        return found.annotate(n=Subquery(lines.annotate(n=Sum("quantity")).values("n")))

    @admin.display(ordering="n")
    def pieces(self, cart: Any) -> int:
        return cart.n or 0


@admin.register(CouponUse)
class CouponUseAdmin(ExactSearch, ReadOnlyAdmin):
    list_display = ("coupon", "order", "slot")
    search_fields = ("coupon__code", "order__number")
    search_help_text = "a coupon's code, or an order's whole number"
    list_select_related = ("coupon", "order")


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnlyAdmin):
    list_display = ("scope", "created_at", "result_id")
    fields = ("scope", "result_id", "created_at")
    search_fields = ("result_id__exact",)


@admin.register(Return)
class ReturnAdmin(ExactSearch, ReadOnlyAdmin):
    list_display = ("order", "reason", "by", "created_at")
    search_fields = ("order__number",)
    search_help_text = "an order's whole number"
    list_select_related = ("order", "by")
