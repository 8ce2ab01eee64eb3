"""Orders that a limit refused: who it was, and what to do about it."""

from collections.abc import Mapping

from django.contrib import admin
from django.http import HttpRequest

from markrin.admin.base import ReadOnly, Step, SteppedAdmin
from orders.admin.steps import get_actor
from orders.models import RefusedOrder
from orders.models.refused import RefusedOrderState
from orders.services import refused_orders

_LIMITS = {
    "order_account": "orders of an account",
    "order_email": "orders with an e-mail address",
    "order_phone": "orders with a telephone",
    "order_network": "orders from a network",
    "order_pieces_email": "pieces for an e-mail address",
    "order_pieces_phone": "pieces for a telephone",
    "order_pieces_network": "pieces for a network",
    "order_variant_network": "pieces of one variant",
}


def _allow(
    request: HttpRequest, row: RefusedOrder, data: Mapping[str, object]
) -> str:
    refused_orders.allow_order(refused_id=row.pk, actor=get_actor(request))
    return f"{row.email} with {row.phone} may order once more within 24 hours."


def _dismiss(
    request: HttpRequest, row: RefusedOrder, data: Mapping[str, object]
) -> str:
    refused_orders.dismiss_order(refused_id=row.pk, actor=get_actor(request))
    return "It is dismissed."


@admin.register(RefusedOrder)
class RefusedOrderAdmin(ReadOnly, SteppedAdmin):
    list_display = (
        "last_at",
        "recipient",
        "email",
        "phone",
        "pieces",
        "reached",
        "tries",
        "state",
    )
    list_filter = ("state",)
    search_fields = ("email__istartswith", "phone__startswith")
    search_help_text = "the beginning of an e-mail address or a telephone"
    list_select_related = ("user", "cart", "decided_by")
    readonly_fields = ("next_steps", "reached")
    fields = (
        "next_steps",
        "recipient",
        ("email", "phone"),
        ("user", "cart"),
        ("pieces", "tries"),
        ("reached", "sender"),
        ("created_at", "last_at"),
        ("state", "allowed_until"),
        ("decided_by", "decided_at"),
    )
    steps = {
        "allow": Step(
            "Allow one order",
            _allow,
            offered=lambda row: row.state == RefusedOrderState.OPEN,
            warning=(
                "Ring them first. Whoever gives this e-mail address and this telephone may "
                "order once within 24 hours, however much."
            ),
        ),
        "dismiss": Step(
            "Dismiss",
            _dismiss,
            danger=True,
            offered=lambda row: (
                row.state in (RefusedOrderState.OPEN, RefusedOrderState.ALLOWED)
            ),
            warning="The limits hold as before. A further try comes back into the queue.",
        ),
    }

    @admin.display(description="limit")
    def reached(self, row: RefusedOrder) -> str:
        return _LIMITS.get(row.limit, row.limit)
