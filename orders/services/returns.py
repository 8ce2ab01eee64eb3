"""Goods that come back after delivery: what of them is sold again, and what is given back
for them.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.outbox import services as outbox
from orders import errors, events
from orders.models import Order, OrderLine, Return, ReturnLine
from orders.models.order import (
    OrderEventKind,
    OrderStatus,
    PaymentMethod,
    PaymentStatus,
)
from orders.models.payment import RefundState
from orders.pricing.money import from_units, part_of_line, to_units
from orders.services import ledger, lifecycle, refunds
from orders.services.lifecycle import Actor
from orders.staff_schemas import GoodsReturn, ReturnedPieces
from products.services import purchases
from products.services.stock import movements


@transactions.durable
def take_back(goods: GoodsReturn, *, order_id: UUID, actor: Actor) -> Return:
    """Note what has come back: some pieces, or with `lines` None all that are still out.
    Stock rises by what is sold again; once everything is back, the order is `returned`.
    With `refund` the pieces' price goes back, too: what was paid for them, not the
    shipping.

    Locks: the order, stock in variant order.

    Raises:
        NotFound: there is no such order.
        OrderNotIn: it was not delivered, or a refund is asked for what is not paid.
        ReturnTooMany: more pieces than are out, of a line; or of none.
    """
    order = lifecycle.lock_order(order_id)
    if order.status != OrderStatus.DELIVERED:
        raise errors.OrderNotIn(
            f"The order is {order.status}: nothing can come back.",
            order_status=order.status,
        )
    known = {line.pk: line for line in order.lines.all()}
    back = _check_lines(known, goods.lines)
    if not back:
        raise errors.ReturnTooMany("Everything is back already.")
    parcel = Return.objects.create(
        order=order, reason=goods.reason, by_id=actor.user_id
    )
    restocked = _write_lines(parcel, known, back)
    _record_return(order, parcel, known, actor, goods.reason)
    if goods.refund:
        _refund_pieces(order, known, back, actor, goods.reason)
    elif order.payment_status in (PaymentStatus.UNPAID, PaymentStatus.FAILED):
        # Cash that nobody has paid: it is not owed any more.
        worth = _value_all(order, known, back)
        ledger.book_credit(order, f"return:{parcel.pk}", worth, note=goods.reason)
    outbox.add(events.GoodsReturned(order_id=order.pk, return_id=parcel.pk))
    movements.return_stock(restocked, actor_id=actor.user_id)
    return parcel


def _check_lines(
    known: Mapping[UUID, OrderLine], lines: Sequence[ReturnedPieces] | None
) -> list[ReturnedPieces]:
    """Return what comes back, by line, checked against what is out."""
    if lines is None:
        return [
            ReturnedPieces(line_id=line.pk, quantity=line.quantity - line.returned)
            for line in known.values()
            if line.quantity > line.returned
        ]
    for wanted in lines:
        line = known.get(wanted.line_id)
        if line is None or wanted.quantity > line.quantity - line.returned:
            raise errors.ReturnTooMany
    return list(lines)


def _write_lines(
    parcel: Return, known: Mapping[UUID, OrderLine], back: Sequence[ReturnedPieces]
) -> dict[str, tuple[UUID, int]]:
    """Write the return's lines, and give what of them goes back on the shelf, as the stock
    takes it.
    """
    rows = [
        ReturnLine(
            id=uuid7(),
            parcel=parcel,
            line_id=each.line_id,
            quantity=each.quantity,
            restocked=each.restock,
        )
        for each in back
    ]
    ReturnLine.objects.bulk_create(rows)
    for row in rows:
        OrderLine.objects.filter(pk=row.line_id).update(
            returned=F("returned") + row.quantity
        )
        known[row.line_id].returned += row.quantity
    return {
        str(row.pk): (known[row.line_id].variant_id, row.quantity)
        for row in rows
        if row.restocked
    }


def _record_return(
    order: Order,
    parcel: Return,
    known: Mapping[UUID, OrderLine],
    actor: Actor,
    reason: str,
) -> None:
    """Write the return into the order's history; one that is complete ends the order and
    its purchases.
    """
    if all(line.returned == line.quantity for line in known.values()):
        lifecycle.set_status(
            order,
            OrderStatus.RETURNED,
            actor=actor,
            note=reason,
            closed_at=timezone.now(),
        )
    else:
        lifecycle.record_event(
            order,
            OrderEventKind.NOTE,
            actor=actor,
            note=f"Some pieces came back: {reason}",
        )
    if order.user_id is not None:
        kept = {
            line.product_id for line in known.values() if line.returned < line.quantity
        }
        gone = {line.product_id for line in known.values()} - kept
        elsewhere = OrderLine.objects.filter(
            order__user=order.user_id,
            order__status=OrderStatus.DELIVERED,
            product__in=gone,
            returned__lt=F("quantity"),
        )
        gone -= set(elsewhere.values_list("product", flat=True))
        purchases.forget_purchase(user_id=order.user_id, product_ids=gone)


def _refund_pieces(
    order: Order,
    known: Mapping[UUID, OrderLine],
    back: Sequence[ReturnedPieces],
    actor: Actor,
    reason: str,
) -> None:
    if order.payment_status != PaymentStatus.PAID:
        raise errors.OrderNotIn(
            "Nothing is paid that could be refunded.", order_status=order.status
        )
    amount = min(_value_all(order, known, back), order.total - order.refunded)
    if amount > 0:
        refund = refunds.request_refund(
            order, amount=amount, reason=reason, actor=actor
        )
        if order.payment_method == PaymentMethod.COD:
            refunds.finish_refund(order, refund, RefundState.SUCCEEDED, actor=actor)


def value_pieces(order: Order, line: OrderLine, quantity: int) -> Decimal:
    """Return what was paid for the line's last `quantity` returned pieces: after its discount,
    with its tax. All its pieces together give back what was paid for it, in whatever portions
    they come.
    """
    paid = line.line_total - line.discount
    if not order.tax_included:
        paid += line.tax
    before = line.returned - quantity
    units = part_of_line(
        to_units(paid, order.currency), quantity, line.quantity, before=before
    )
    return from_units(units, order.currency)


def _value_all(
    order: Order, known: Mapping[UUID, OrderLine], back: Sequence[ReturnedPieces]
) -> Decimal:
    return sum(
        (value_pieces(order, known[each.line_id], each.quantity) for each in back),
        Decimal(0),
    )
