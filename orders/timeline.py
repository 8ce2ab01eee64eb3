"""What `manage.py trace` tells of orders: their history, payments, refunds, and what they
moved in the stock.
"""

from collections.abc import Iterator
from uuid import UUID

from django.db.models import Q

from markrin.ops.trace.timeline import TimelineEntry, TraceSearch
from orders.models import (
    FulfilmentLine,
    Order,
    OrderEvent,
    OrderLine,
    Payment,
    PaymentEvent,
    Refund,
    Return,
)
from products.selectors import stock_ledger

# orders of one request that are told whole, as where staff have changed many at once
MAX_ORDERS = 20


def find(*, clues: TraceSearch) -> None:
    """Add the orders that the id names, by number or id, or that the request has touched."""
    for order in (
        Order.objects.filter(_match_clues(clues))
        .distinct()
        .order_by("created_at", "id")[:MAX_ORDERS]
    ):
        clues.name(f"order {order.number}")
        clues.payload.add(("order_id", str(order.pk)))


def tell(*, clues: TraceSearch) -> dict[str, Iterator[TimelineEntry]]:
    """Return the moments of the orders that were found, by kind."""
    ids = [UUID(value) for name, value in clues.payload if name == "order_id"]
    return {
        "order events": _tell_events(ids),
        "payments": _tell_payments(ids),
        "stock moves": _tell_stock_moves(ids),
    }


def _match_clues(clues: TraceSearch) -> Q:
    given = clues.given
    named = Q(number=given.upper()) | Q(events__request_id=given)
    if (found := _parse_uuid(given)) is not None:
        named |= Q(pk=found) | Q(payments=found)
    of_jobs = [UUID(value) for name, value in clues.payload if name == "order_id"]
    return named | Q(pk__in=of_jobs)


def _parse_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _tell_events(ids: list[UUID]) -> Iterator[TimelineEntry]:
    for event in (
        OrderEvent.objects.filter(order__in=ids)
        .select_related("order")
        .order_by("at", "id")
    ):
        step = (
            f"{event.from_status} → {event.to_status}"
            if event.from_status
            else event.to_status
        )
        note = f": {event.note}" if event.note and not event.is_public else ""
        yield TimelineEntry(
            event.at,
            "order",
            f"{event.order.number} {event.kind} {step} by {event.actor}{note}".replace(
                "  ", " "
            ),
            event.request_id,
        )


def _tell_payments(ids: list[UUID]) -> Iterator[TimelineEntry]:
    for payment in Payment.objects.filter(order__in=ids):
        money = f"payment {payment.pk}: {payment.amount} {payment.currency} by {payment.provider}"
        yield TimelineEntry(payment.created_at, "payment", f"{money}, begun")
        if payment.succeeded_at is not None:
            yield TimelineEntry(
                payment.succeeded_at, "payment", f"{money}, succeeded"
            )
        elif payment.state != "created":
            yield TimelineEntry(
                payment.updated_at,
                "payment",
                f"{money}, {payment.state} {payment.error}".rstrip(),
            )
    for told in PaymentEvent.objects.filter(payment__order__in=ids):
        what = f"{told.provider} told {told.type} ({told.event_id}): {told.outcome}"
        yield TimelineEntry(told.received_at, "payment", what)
    for refund in Refund.objects.filter(order__in=ids):
        yield TimelineEntry(
            refund.created_at,
            "payment",
            f"refund {refund.pk}: {refund.amount}, requested",
        )
        if refund.finished_at is not None:
            yield TimelineEntry(
                refund.finished_at,
                "payment",
                f"refund {refund.pk}: {refund.state} {refund.error}".rstrip(),
            )


def _tell_stock_moves(ids: list[UUID]) -> Iterator[TimelineEntry]:
    lines = list(OrderLine.objects.filter(order__in=ids))
    back = list(
        Return.objects.filter(order__in=ids).values_list("lines__pk", flat=True)
    )
    sent = FulfilmentLine.objects.filter(fulfilment__order__in=ids)
    refs = [f"reserve:{line.pk}" for line in lines]
    refs += [f"ship:{pk}" for pk in sent.values_list("pk", flat=True)]
    for line in lines:  # a release is named by how many were cancelled by then
        counts = range(1, line.quantity + 1)
        refs += [f"release:{line.pk}:{count}" for count in counts]
    refs += [f"return:{line}" for line in back]
    for move in stock_ledger.list_movements_by_ref(refs=refs):
        deltas = f"on hand {move.d_on_hand:+}, reserved {move.d_reserved:+}"
        yield TimelineEntry(
            move.created_at, "stock", f"{move.kind} {move.variant.sku}: {deltas}"
        )
