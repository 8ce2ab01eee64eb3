"""What other systems are told of orders: each event carries the order as it then is."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from rest_framework import serializers as drf

from markrin.webhooks.public_events import PublicEvent, Snapshot
from orders import serializers
from orders.models import Invoice, Order

_OF_ORDERS = {
    "order.placed": "An order was placed; it may still have to be paid.",
    "order.paid": "An order was paid in full.",
    "order.shipped": "A parcel of an order has left.",
    "order.delivered": "A parcel of an order has arrived.",
    "order.undelivered": "A parcel of an order could not be handed over.",
    "order.pieces_cancelled": "Some pieces of an order will not be sent.",
    "order.cancelled": "An order was cancelled.",
    "order.returned": "Pieces of an order have come back.",
    "order.return_moved": "A return of an order was asked for, or has gone on.",
    "refund.made": "Money of an order was given back.",
}


class OrderSnapshot(serializers.OrderDetail):
    """An order as its customer sees it, with whom it is for."""

    email = drf.CharField()
    phone = drf.CharField()
    customer_id = drf.UUIDField(source="user_id", allow_null=True)


class InvoiceSnapshot(serializers.Invoice):
    """An invoice, a note or a voucher, without its lines."""

    order_id = drf.UUIDField()


def list_events() -> Sequence[PublicEvent]:
    """Return them (settings.HOOKS)."""
    of_orders = [
        PublicEvent(
            event_type=name,
            summary=summary,
            subject="order",
            group="orders",
            shape=OrderSnapshot,
            find_subjects=_find_order,
            make_snapshots=_show_orders,
        )
        for name, summary in _OF_ORDERS.items()
    ]
    invoices = PublicEvent(
        event_type="invoice.issued",
        summary="An invoice, a credit note or a voucher was written.",
        subject="invoice",
        group="orders",
        shape=InvoiceSnapshot,
        find_subjects=_find_invoice,
        make_snapshots=_show_invoices,
    )
    return [*of_orders, invoices]


def _find_order(payload: Mapping[str, str]) -> list[UUID]:
    return [UUID(payload["order_id"])]


def _find_invoice(payload: Mapping[str, str]) -> list[UUID]:
    return [UUID(payload["invoice_id"])]


def _show_orders(ids: Sequence[UUID]) -> dict[UUID, Snapshot]:
    orders = Order.objects.with_lines().filter(pk__in=ids)
    return {order.pk: OrderSnapshot(order).data for order in orders}


def _show_invoices(ids: Sequence[UUID]) -> dict[UUID, Snapshot]:
    invoices = Invoice.objects.filter(pk__in=ids)
    return {invoice.pk: InvoiceSnapshot(invoice).data for invoice in invoices}
