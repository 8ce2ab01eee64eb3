"""What staff and customers do with an order. Each use case is a transaction that locks the
order first, stock last.
"""

from collections.abc import Callable, Mapping
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.outbox import services as outbox
from orders import errors, events, promotion_uses
from orders.customer_identity import Customer
from orders.models import Fulfilment, Order, OrderLine, Payment
from orders.models.fulfilment import ParcelStatus
from orders.models.order_event import OrderEventKind
from orders.models.order_status import (
    BEFORE_SHIPPING,
    OrderStatus,
    PaymentMethod,
    PaymentStatus,
)
from orders.models.payment import PaymentState
from orders.services import (
    fulfilments,
    idempotency,
    invoices,
    ledger,
    lifecycle,
    order_credits,
    parcels,
    refunds,
    rest_payments,
)
from orders.services.lifecycle import Actor
from orders.staff_schemas import Move, OrderNote, PiecesCancellation, Tracking
from products.services.stock import movements

PAID = (PaymentStatus.PAID, PaymentStatus.REFUNDED)
PIECES_CANCELLABLE = (*sorted(BEFORE_SHIPPING), OrderStatus.PARTIALLY_SHIPPED)


@transactions.durable
def cancel_order(*, customer: Customer, order_id: UUID, reason: str = "") -> Order:
    """Cancel one's own order while it has not been shipped: its stock is free again, what
    was paid goes back.

    Locks: the order, the coupon, stock in variant order.

    Raises:
        NotFound: there is none, or it is somebody else's.
        OrderNotIn: it is too late.
    """
    order = lifecycle.lock_order(order_id)
    if not customer.owns(order):
        raise NotFound
    actor = Actor(customer.actor, customer.user.pk if customer.user else None)
    cancel_locked_order(order, actor=actor, note=reason)
    return Order.objects.with_lines().get(pk=order_id)


@transactions.requires_transaction
def cancel_locked_order(order: Order, *, actor: Actor, note: str) -> None:
    """Cancel a locked order, within the caller's transaction. Locks: the coupon, then
    stock. Raises: OrderNotIn.
    """
    lifecycle.set_status(
        order,
        OrderStatus.CANCELLED,
        actor=actor,
        note=note,
        from_=BEFORE_SHIPPING,
        closed_at=timezone.now(),
        expires_at=None,
    )
    rest_payments.close_pages(order)
    released = {
        f"{line.pk}:{line.quantity}": (line.variant_id, line.to_ship)
        for line in order.lines.all()
        if line.to_ship
    }
    OrderLine.objects.filter(order=order).update(cancelled=F("quantity"))
    if (
        order.amount_paid > order.refunded
        and order.payment_status != PaymentStatus.REFUNDED
    ):
        refunds.request_refund(
            order,
            amount=order.amount_paid - order.refunded,
            reason="The order was cancelled.",
            actor=actor,
        )
    outbox.add(events.OrderCancelled(order_id=order.pk))
    promotion_uses.release_promotions(order_id=order.pk)
    for parcel in Fulfilment.objects.filter(
        order=order, status=ParcelStatus.PACKED
    ):
        parcels.set_parcel_status(
            order, parcel, ParcelStatus.CANCELLED, actor=actor, note=""
        )
    movements.release_stock(released)


@transactions.durable
def cancel_pieces(
    cancellation: PiecesCancellation, *, order_id: UUID, actor: Actor
) -> Order:
    """Cancel pieces that have not left, or all of these: their stock is free again, what was
    paid for them goes back, what was not is not owed any more.

    Pieces in a packed parcel are not free: unpack it first. The last piece cancels the order,
    unless others have left.

    Locks: the order, the coupon, stock in variant order.

    Raises:
        NotFound: there is no such order.
        OrderNotIn: it is over, or waits for an online payment.
        ParcelTooMany: more pieces than have not left and are not packed; or none.
    """
    return _cancel_pieces(cancellation, order_id=order_id, actor=actor)


@transactions.durable
def cancel_pieces_once(
    cancellation: PiecesCancellation,
    *,
    order_id: UUID,
    actor: Actor,
    key: str | None,
) -> bool:
    """As `cancel_pieces`, once for each idempotency key; return whether the key had asked for it
    before. Locks: the key, then as there.

    Raises:
        IdempotencyKeyMissing, IdempotencyKeyReused, IdempotencyKeyInUse: see `idempotency`.
    """
    claim = idempotency.build_claim(
        scope=f"user:{actor.user_id}",
        key=key,
        route=f"POST /api/staff/orders/{order_id}/cancellations",
        body=cancellation,
    )
    if idempotency.claim_key(claim, order_id) is not None:
        return True
    _cancel_pieces(cancellation, order_id=order_id, actor=actor)
    return False


def _cancel_pieces(
    cancellation: PiecesCancellation, *, order_id: UUID, actor: Actor
) -> Order:
    order = lifecycle.lock_order(order_id)
    if order.status not in PIECES_CANCELLABLE:
        raise errors.OrderNotIn(order_status=order.status)
    if not order.part_paid:
        fulfilments.refuse_unpaid(order)
    lines = {line.pk: line for line in order.lines.all()}
    chosen = parcels.choose_pieces(order, lines, cancellation.lines)
    if all(
        chosen.get(pk, 0) == line.quantity - line.cancelled
        for pk, line in lines.items()
    ):
        cancel_locked_order(order, actor=actor, note=cancellation.reason)
    else:
        cancel_some(order, lines, chosen, reason=cancellation.reason, actor=actor)
        if order.part_paid:
            _ask_for_less(order, actor)
    return order


def _ask_for_less(order: Order, actor: Actor) -> None:
    """Ask for what is left of the rest; a replacement that owes none by now is on its way."""
    rest_payments.renew_page(order)
    if order.payment_status == PaymentStatus.PAID and order.expires_at is not None:
        Order.objects.filter(pk=order.pk).update(expires_at=None)
        lifecycle.set_status(
            order, OrderStatus.CONFIRMED, actor=actor, from_=[OrderStatus.PENDING]
        )
        outbox.add(events.OrderPaid(order_id=order.pk))


@transactions.requires_transaction
def cancel_some(
    order: Order,
    lines: Mapping[UUID, OrderLine],
    chosen: Mapping[UUID, int],
    *,
    reason: str,
    actor: Actor,
) -> None:
    """Cancel so many pieces of these lines of a locked order, of which others remain. Locks: stock.

    `chosen` is pieces by line.
    """
    cancellation_id = uuid7()
    for pk, number in chosen.items():
        OrderLine.objects.filter(pk=pk).update(cancelled=F("cancelled") + number)
        lines[pk].cancelled += number
    what = ", ".join(f"{number} × {lines[pk].sku}" for pk, number in chosen.items())
    lifecycle.record_event(
        order,
        OrderEventKind.NOTE,
        actor=actor,
        note=f"Cancelled: {what}. {reason}"[:1000],
    )
    parcels.update_status(order, actor=actor, note=reason)
    order_credits.credit_pieces(
        order,
        [(lines[pk], number) for pk, number in chosen.items()],
        reason=reason,
        actor=actor,
        cause=cancellation_id,
    )
    outbox.add(
        events.PiecesCancelled(order_id=order.pk, cancellation_id=cancellation_id)
    )
    movements.release_stock(
        {
            f"{pk}:{lines[pk].cancelled}": (lines[pk].variant_id, number)
            for pk, number in chosen.items()
        }
    )


@transactions.durable
def move_order(move: Move, *, order_id: UUID, actor: Actor) -> None:
    """Take the order to its next status; carrier, tracking_number and tracking_url go with
    `shipped`. An order with an open dispute is shipped only `despite_dispute`.

    Locks: the order, the coupon, stock in variant order.

    Raises:
        NotFound: there is no such order.
        OrderNotIn: its status, or an online payment that has not arrived, does not allow it.
        DisputeOpen: the shopper's bank asks the payment back.
        PiecesNotThere: pieces are to leave that are not counted in.
    """
    order = lifecycle.lock_order(order_id)
    waits = (
        order.payment_method == PaymentMethod.ONLINE
        and order.payment_status not in PAID
    )
    if waits and move.status != OrderStatus.CANCELLED:
        raise errors.OrderNotIn(
            "The online payment has not arrived.", order_status=order.status
        )
    _TO[move.status](order, move, actor)


def _cancel_order(order: Order, move: Move, actor: Actor) -> None:
    cancel_locked_order(order, actor=actor, note=move.note)


def _confirm_order(order: Order, move: Move, actor: Actor) -> None:
    lifecycle.set_status(order, OrderStatus.CONFIRMED, actor=actor, note=move.note)


def _start_packing(order: Order, move: Move, actor: Actor) -> None:
    lifecycle.set_status(order, OrderStatus.PROCESSING, actor=actor, note=move.note)


def _ship_order(order: Order, move: Move, actor: Actor) -> None:
    """Send all that has not left: packed parcels as they are, the rest in one of its own."""
    if order.status not in (OrderStatus.PROCESSING, OrderStatus.PARTIALLY_SHIPPED):
        raise errors.OrderNotIn(
            f"The order is {order.get_status_display().lower()}: it cannot be sent.",
            order_status=order.status,
        )
    tracking = Tracking(
        carrier=move.carrier,
        tracking_number=move.tracking_number,
        tracking_url=move.tracking_url,
    )
    packed = parcels.count_packed(order)
    if any(line.to_ship > packed.get(line.pk, 0) for line in order.lines.all()):
        fulfilments.pack_parcel(order, None, tracking=tracking, actor=actor)
    for parcel in Fulfilment.objects.filter(
        order=order, status=ParcelStatus.PACKED
    ):
        fulfilments.send_parcel(
            order,
            parcel,
            actor=actor,
            note=move.note,
            despite_dispute=move.despite_dispute,
        )


def _deliver_order(order: Order, move: Move, actor: Actor) -> None:
    """All parcels that are on their way have arrived."""
    under_way = Fulfilment.objects.filter(order=order, status=ParcelStatus.SHIPPED)
    if order.status != OrderStatus.SHIPPED or not under_way:
        raise errors.OrderNotIn(
            f"The order is {order.get_status_display().lower()}: it cannot become delivered.",
            order_status=order.status,
        )
    for parcel in under_way:
        fulfilments.deliver_parcel(order, parcel, actor=actor, note=move.note)


_TO: dict[str, Callable[[Order, Move, Actor], None]] = {
    OrderStatus.CONFIRMED: _confirm_order,
    OrderStatus.PROCESSING: _start_packing,
    OrderStatus.SHIPPED: _ship_order,
    OrderStatus.DELIVERED: _deliver_order,
    OrderStatus.CANCELLED: _cancel_order,
}


@transactions.durable
def note_order(note: OrderNote, *, order_id: UUID, actor: Actor) -> None:
    """Write a note into the order's history, and with `resolve` take it off those that need
    a person.

    Locks: the order. Raises: NotFound.
    """
    order = lifecycle.lock_order(order_id)
    lifecycle.record_event(
        order, OrderEventKind.NOTE, actor=actor, note=note.note, public=note.public
    )
    if note.resolve and order.attention:
        Order.objects.filter(pk=order.pk).update(
            attention="", updated_at=timezone.now()
        )


@transactions.durable
def mark_cash_paid(*, order_id: UUID, actor: Actor) -> None:
    """Note that the order's cash has been received. Locks: the order.

    Raises:
        NotFound: there is no such order.
        OrderNotIn: it is not to be paid in cash, is paid already, or was cancelled.
    """
    order = lifecycle.lock_order(order_id)
    open_ = (
        order.payment_status not in PAID
        and order.status != OrderStatus.CANCELLED
        and order.due > 0
    )
    if order.payment_method != PaymentMethod.COD or not open_:
        raise errors.OrderNotIn(
            "The order is not waiting for cash.", order_status=order.status
        )
    now = timezone.now()
    payment = Payment.objects.create(
        order=order,
        provider=PaymentMethod.COD,
        amount=order.due,
        currency=order.currency,
        state=PaymentState.SUCCEEDED,
        succeeded_at=now,
    )
    ledger.book_payment(payment)
    lifecycle.set_payment_status(
        order, PaymentStatus.PAID, actor=actor, paid_at=now
    )
    invoices.issue_for_payment(order, payment)
