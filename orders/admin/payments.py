"""Payments, and what their providers told about them."""

from django.contrib import admin

from markrin.admin.amounts import show_money
from markrin.admin.base import (
    ReadOnlyAdmin,
    known_values,
)
from markrin.admin.exact_search import ExactSearch
from orders import gateways
from orders.models import (
    Payment,
    PaymentEvent,
)

_PROVIDERS = known_values("provider", lambda: ("cod", *gateways.PROVIDERS))


@admin.register(Payment)
class PaymentAdmin(ExactSearch, ReadOnlyAdmin):
    list_display = (
        "order",
        "provider",
        "provider_ref",
        show_money("amount"),
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
