"""Goods that come back: from a customer after delivery, or with a parcel that was not
delivered. What of them is sold again, and what is given back for them.
"""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.db.models import F

from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.outbox import services as outbox
from orders import errors, events
from orders.models import (
    Fulfilment,
    FulfilmentLine,
    Order,
    OrderLine,
    Return,
    ReturnLine,
    ReturnRequestLine,
)
from orders.models.fulfilment import ParcelStatus
from orders.models.order_event import OrderEventKind
from orders.models.order_status import OrderStatus, PaymentStatus
from orders.models.return_request import OPEN_RETURNS
from orders.services import lifecycle, order_credits, parcels
from orders.services.lifecycle import Actor
from orders.staff_schemas import GoodsReturn, ParcelMove, ReturnedPieces
from products.services import purchases
from products.services.stock import movements


@transactions.durable
def take_back(goods: GoodsReturn, *, order_id: UUID, actor: Actor) -> Return:
    """Note what has come back: some pieces, or with `lines` None all that the customer has.

    Stock rises by what is sold again; once everything is back, the order is `returned`. With
    `refund` what was paid for the pieces goes back, too; the shipping with the whole order.

    Locks: the order, stock in variant order.

    Raises:
        NotFound: there is no such order.
        OrderNotIn: nothing of it was delivered, or a refund is asked for what is not paid.
        ReturnTooMany: more pieces than the customer has, of a line; or of none.
    """
    order = lifecycle.lock_order(order_id)
    held = count_held(order)
    # What a customer has asked back is judged in that return.
    for line_id, asked in count_asked(order).items():
        held[line_id] = held.get(line_id, 0) - asked
    return take_back_locked(order, goods, held=held, actor=actor)


@transactions.requires_transaction
def take_back_locked(
    order: Order, goods: GoodsReturn, *, held: Mapping[UUID, int], actor: Actor
) -> Return:
    """As `take_back`, of a locked order; `held` is what may come back, by line."""
    known = {line.pk: line for line in order.lines.all()}
    if not held or order.status == OrderStatus.RETURNED:
        raise errors.OrderNotIn(
            f"The order is {order.get_status_display().lower()}: nothing can come back.",
            order_status=order.status,
        )
    back = _check_lines(held, goods.lines)
    if not back:
        raise errors.ReturnTooMany("Everything is back already.")
    if goods.refund and order.payment_status != PaymentStatus.PAID:
        raise errors.OrderNotIn(
            "Nothing is paid that could be refunded.", order_status=order.status
        )
    parcel = Return.objects.create(
        order=order, reason=goods.reason, by_id=actor.user_id
    )
    restocked = _write_lines(parcel, known, back)
    _record_return(order, parcel, known, actor, goods.reason)
    if goods.refund or order.payment_status in (
        PaymentStatus.UNPAID,
        PaymentStatus.FAILED,
    ):
        order_credits.credit_pieces(
            order,
            [(known[each.line_id], each.quantity) for each in back],
            reason=goods.reason,
            actor=actor,
            cause=parcel.pk,
            # A customer who sends back one thing after another has had the delivery.
            with_shipping=sum(each.quantity for each in back)
            == sum(line.quantity - line.cancelled for line in known.values()),
        )
    movements.return_stock(restocked, actor_id=actor.user_id)
    return parcel


def count_held(order: Order) -> dict[UUID, int]:
    """Return how many pieces of each line have reached the customer and are not back; lines
    that never did are left out. Two queries.
    """
    held: dict[UUID, int] = {}
    for row in FulfilmentLine.objects.filter(
        fulfilment__order=order, fulfilment__status=ParcelStatus.DELIVERED
    ):
        held[row.line_id] = held.get(row.line_id, 0) + row.quantity
    for back in ReturnLine.objects.filter(
        parcel__order=order, parcel__fulfilment=None
    ):
        held[back.line_id] = held.get(back.line_id, 0) - back.quantity
    return held


def count_asked(order: Order) -> dict[UUID, int]:
    """Return how many pieces of each line the customer's open returns are about. One query."""
    asked: dict[UUID, int] = {}
    for row in ReturnRequestLine.objects.filter(
        request__order=order, request__status__in=OPEN_RETURNS
    ):
        asked[row.line_id] = asked.get(row.line_id, 0) + row.quantity
    return asked


def _check_lines(
    held: Mapping[UUID, int], lines: Sequence[ReturnedPieces] | None
) -> list[ReturnedPieces]:
    """Return what comes back, by line, checked against what the customer has."""
    if lines is None:
        return [
            ReturnedPieces(line_id=line_id, quantity=quantity)
            for line_id, quantity in held.items()
            if quantity > 0
        ]
    if any(each.quantity > held.get(each.line_id, 0) for each in lines):
        raise errors.ReturnTooMany
    return list(lines)


# --- Parcels that were not delivered -------------------------------------------------------------
@transactions.requires_transaction
def settle_parcel(
    order: Order, parcel: Fulfilment, move: ParcelMove, *, actor: Actor
) -> Return:
    """Settle a parcel that never arrived: it is back and counted in, or it is lost.

    What was paid for its pieces goes back; what was not is not owed any more. Pieces that can
    be sold again go on the shelf. Locks: stock.
    """
    parcels.set_parcel_status(
        order, parcel, move.status, actor=actor, note=move.note
    )
    restock = move.restock and move.status == ParcelStatus.RETURNED
    reason = (
        move.note or f"Parcel {parcel.position} was {_NOT_ARRIVED[move.status]}."
    )
    settled = Return.objects.create(
        order=order, fulfilment=parcel, reason=reason, by_id=actor.user_id
    )
    known = {line.pk: line for line in order.lines.all()}
    pieces = [
        ReturnedPieces(line_id=row.line_id, quantity=row.quantity, restock=restock)
        for row in parcel.lines.all()
    ]
    restocked = _write_lines(settled, known, pieces)
    _record_return(order, settled, known, actor, reason)
    order_credits.credit_pieces(
        order,
        [(known[each.line_id], each.quantity) for each in pieces],
        reason=reason,
        actor=actor,
        cause=settled.pk,
    )
    movements.return_stock(restocked, actor_id=actor.user_id)
    return settled


_NOT_ARRIVED: Mapping[str, str] = {
    ParcelStatus.RETURNED: "not delivered and came back",
    ParcelStatus.LOST: "lost on its way",
}


# --- Both ----------------------------------------------------------------------------------------
def _write_lines(
    parcel: Return, known: Mapping[UUID, OrderLine], back: Iterable[ReturnedPieces]
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
    before = order.status
    parcels.update_status(order, actor=actor, note=reason)
    if order.status == before:
        lifecycle.record_event(
            order,
            OrderEventKind.NOTE,
            actor=actor,
            note=f"Some pieces came back: {reason}",
        )
    outbox.add(events.GoodsReturned(order_id=order.pk, return_id=parcel.pk))
    if order.user_id is not None:
        gone = {line.product_id for line in known.values() if line.returned}
        gone -= {line.product_id for line in known.values() if line.kept}
        elsewhere = OrderLine.objects.filter(
            order__user=order.user_id,
            order__delivered_at__isnull=False,
            product__in=gone,
            returned__lt=F("shipped"),
        ).exclude(order=order)
        gone -= set(elsewhere.values_list("product", flat=True))
        purchases.forget_purchase(user_id=order.user_id, product_ids=gone)
