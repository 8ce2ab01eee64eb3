"""Refunds: what goes back, and the two ways to close one by hand."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from markrin.admin.amounts import show_money
from markrin.admin.base import (
    ReadOnly,
    SteppedAdmin,
)
from markrin.admin.exact_search import ExactSearch
from orders.admin import steps
from orders.models import (
    Refund,
)

_AMOUNT = show_money("amount", of="order.currency")


@admin.register(Refund)
class RefundAdmin(ExactSearch, ReadOnly, SteppedAdmin):
    list_display = (
        "order",
        _AMOUNT,
        "state",
        "reason",
        "created_at",
        "finished_at",
    )
    list_filter = ("state",)
    search_fields = ("order__number",)
    search_help_text = "an order's whole number"
    list_select_related = ("order", "by", "payment")
    show_full_result_count = False
    readonly_fields = ("next_steps", _AMOUNT)
    fields = (
        "order",
        "payment",
        _AMOUNT,
        "reason",
        "state",
        "error",
        "by",
        "created_at",
        "finished_at",
        "next_steps",
    )
    steps = steps.REFUND_STEPS
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

    def get_readonly_fields(
        self, request: HttpRequest, obj: object = None
    ) -> list[Any]:
        return ["next_steps", "created_at", _AMOUNT]
