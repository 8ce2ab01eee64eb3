"""What staff and customers do with an order. Each use case is a transaction that locks the
order first, stock last.
"""

from collections.abc import Callable
from uuid import UUID

from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.db import transactions
from markrin.outbox import services as outbox
from orders import coupon_rules, errors, events
from orders.customer_identity import Customer
from orders.models import Order, Payment
from orders.models.order import (
    OrderEventKind,
    OrderStatus,
    PaymentMethod,
    PaymentStatus,
)
from orders.models.payment import PaymentState
from orders.services import disputes, ledger, lifecycle, refunds
from orders.services.lifecycle import BEFORE_SHIPPING, Actor
from orders.staff_schemas import Move, OrderNote
from products.services import purchases
from products.services.stock import movements

PAID = (PaymentStatus.PAID, PaymentStatus.REFUNDED)


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
    for payment in Payment.objects.filter(order=order, state=PaymentState.CREATED):
        payment.state = PaymentState.CANCELLED
        payment.save(update_fields=["state", "updated_at"])
        outbox.add(events.PaymentAbandoned(payment_id=payment.pk))
    if order.payment_status == PaymentStatus.PAID and order.total > order.refunded:
        refunds.request_refund(
            order,
            amount=order.total - order.refunded,
            reason="The order was cancelled.",
            actor=actor,
        )
    outbox.add(events.OrderCancelled(order_id=order.pk))
    coupon_rules.release_use(order_id=order.pk)
    movements.release_stock(lifecycle.list_pieces(order))


@transactions.durable
def move_order(move: Move, *, order_id: UUID, actor: Actor) -> None:
    """Take the order to its next status; carrier, tracking_number and tracking_url go with
    `shipped`. An order with an open dispute is shipped only `despite_dispute`.

    Locks: the order, the coupon, stock in variant order.

    Raises:
        NotFound: there is no such order.
        OrderNotIn: its status, or an online payment that has not arrived, does not allow it.
        DisputeOpen: the shopper's bank asks the payment back.
    """
    order = lifecycle.lock_order(order_id)
    if move.status == OrderStatus.SHIPPED and not move.despite_dispute:
        disputes.refuse_if_open(order)
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
    lifecycle.set_status(
        order,
        OrderStatus.SHIPPED,
        actor=actor,
        note=move.note,
        shipped_at=timezone.now(),
        carrier=move.carrier,
        tracking_number=move.tracking_number,
        tracking_url=move.tracking_url,
    )
    outbox.add(events.OrderShipped(order_id=order.pk))
    ledger.book_sale(order)
    movements.ship_stock(lifecycle.list_pieces(order), actor_id=actor.user_id)


def _deliver_order(order: Order, move: Move, actor: Actor) -> None:
    lifecycle.set_status(
        order,
        OrderStatus.DELIVERED,
        actor=actor,
        note=move.note,
        delivered_at=timezone.now(),
    )
    outbox.add(events.OrderDelivered(order_id=order.pk))
    if order.user_id is not None:
        bought = {line.product_id for line in order.lines.all()}
        purchases.record_purchase(user_id=order.user_id, product_ids=bought)


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
    open_ = order.payment_status not in PAID and order.status != OrderStatus.CANCELLED
    if order.payment_method != PaymentMethod.COD or not open_:
        raise errors.OrderNotIn(
            "The order is not waiting for cash.", order_status=order.status
        )
    now = timezone.now()
    # What came back unpaid is not owed any more.
    owed = ledger.owed(order.pk) if order.shipped_at else order.total
    payment = Payment.objects.create(
        order=order,
        provider=PaymentMethod.COD,
        amount=owed if owed > 0 else order.total,
        currency=order.currency,
        state=PaymentState.SUCCEEDED,
        succeeded_at=now,
    )
    ledger.book_payment(payment)
    lifecycle.set_payment_status(order, PaymentStatus.PAID, actor=actor, paid_at=now)
