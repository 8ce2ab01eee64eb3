"""Exchanges: a return and a new order. Its pieces are reserved when the return is approved, and it
is paid by what the pieces that come back are worth.

The customer pays what the first pieces cost, whatever the replacement costs by now; only one that
costs more than what it replaces is refused. Nothing is sent before the pieces have come back.
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.outbox import services as outbox
from orders import errors, events
from orders.cart_summary import CartItem
from orders.models import (
    Order,
    OrderLine,
    Payment,
    Refund,
    Return,
    ReturnRequest,
    ReturnRequestLine,
)
from orders.models.order_event import OrderEventKind
from orders.models.order_status import OrderStatus, PaymentStatus
from orders.models.payment import EXCHANGE, PaymentState, RefundState
from orders.pricing.money import from_units, part_of_line, to_units
from orders.schemas import ReturnPieces
from orders.services import (
    checkout,
    credit_notes,
    invoices,
    ledger,
    lifecycle,
    order_credits,
    refunds,
    transitions,
)
from orders.services.lifecycle import SYSTEM, Actor
from products.selectors import offers
from products.services.stock import movements

_ZERO: Final = Decimal(0)


def check_replacements(order: Order, wanted: Sequence[ReturnPieces]) -> None:
    """Refuse what cannot be had instead. One query, none where only money is wanted.

    Raises:
        OtherProduct, VariantNotOnSale: it is another product's, or not for sale.
        ExchangeCostsMore: it costs more than what it replaces, both at today's price.
    """
    pairs = [(each.line_id, each.exchange_variant_id) for each in wanted]
    lines = {line.pk: line for line in order.lines.all()}
    named = [variant_id for _, variant_id in pairs if variant_id is not None]
    if not named:
        return
    found = offers.get_offers(
        [*named, *(lines[line_id].variant_id for line_id, _ in pairs)]
    )
    for line_id, variant_id in pairs:
        if variant_id is None:
            continue
        offer, before = found.get(variant_id), found.get(lines[line_id].variant_id)
        if offer is None or not offer.on_sale:
            raise errors.VariantNotOnSale
        if offer.product_id != lines[line_id].product_id:
            raise errors.OtherProduct(
                "Pieces are exchanged for another variant of the same product."
            )
        if before is not None and offer.price > before.price:
            raise errors.ExchangeCostsMore


@transactions.requires_transaction
def place_exchange(order: Order, request: ReturnRequest, *, actor: Actor) -> None:
    """Order the replacements of an approved return and reserve them; nothing where there are
    none. Locks: stock in variant order.

    Raises:
        OrderNotIn: the order is not paid: there is nothing to pay them with.
        OutOfStock: fewer pieces are left.
    """
    rows = [row for row in request.lines.select_related("line") if row.variant_id]
    if not rows:
        return
    if order.payment_status != PaymentStatus.PAID:
        raise errors.OrderNotIn(
            "The order is not paid, so its pieces cannot pay for others.",
            order_status=order.status,
        )
    made = checkout.place_replacements(_build_items(order, rows), order)
    request.exchange = made
    request.save(update_fields=["exchange", "updated_at"])
    lifecycle.record_event(
        made,
        OrderEventKind.NOTE,
        actor=actor,
        note=f"In exchange for pieces of {order.number} ({request.number}).",
    )
    outbox.add(events.OrderPlaced(order_id=made.pk))
    movements.reserve_stock(
        {line.pk: (line.variant_id, line.quantity) for line in made.lines.all()}
    )


def _build_items(order: Order, rows: Sequence[ReturnRequestLine]) -> list[CartItem]:
    """Return the replacements as lines of a cart, priced by what the first pieces cost.

    A price per piece is rounded up; what that is too much is waived when they are paid.
    """
    worth: dict[UUID, int] = {}
    pieces: dict[UUID, int] = {}
    for row in rows:
        if row.variant_id is None:
            continue
        paid = to_units(row.line.line_total - row.line.discount, order.currency)
        # What is not the same for each piece can differ by one unit when it is given back.
        slack = 1 if paid % row.line.quantity else 0
        part = part_of_line(paid, row.quantity, row.line.quantity, before=0) + slack
        worth[row.variant_id] = worth.get(row.variant_id, 0) + part
        pieces[row.variant_id] = pieces.get(row.variant_id, 0) + row.quantity
    found = offers.get_offers(pieces)
    return [
        CartItem(
            id=uuid7(),
            offer=replace(offer, price=price),
            quantity=pieces[variant_id],
            price_at_add=price,
        )
        for variant_id, offer in found.items()
        for price in [
            from_units(-(-worth[variant_id] // pieces[variant_id]), order.currency)
        ]
    ]


@transactions.requires_transaction
def cancel_exchange(request: ReturnRequest, *, actor: Actor, note: str) -> None:
    """Let go of the replacements of a return that will not be. Locks: their order, stock."""
    if request.exchange_id is None:
        return
    made = lifecycle.lock_order(request.exchange_id)
    if made.status == OrderStatus.PENDING:
        transitions.cancel_locked_order(made, actor=actor, note=note)


@transactions.requires_transaction
def settle_exchange(
    order: Order,
    request: ReturnRequest,
    rows: Sequence[ReturnRequestLine],
    goods: Return | None,
    *,
    actor: Actor,
    to_store_credit: bool = False,
) -> None:
    """Give back what was paid for the accepted pieces of a judged return: as money or store
    credit, or as the payment of their replacements, whose order can be packed then.

    Locks: the order of the replacements, stock. Raises: NoAccount.
    """
    made = lifecycle.lock_order(request.exchange_id) if request.exchange_id else None
    if made is not None and made.status != OrderStatus.PENDING:
        made = None  # somebody has cancelled it: the money goes back instead
    swapped = [row for row in rows if made is not None and row.variant_id]
    plain = [row for row in rows if row not in swapped]
    # Both before any of it is credited: a credit note takes all pieces that are back.
    worth, value = _value(order, swapped), _value(order, plain)
    rest = _ZERO
    if made is not None:
        rest = _pay_exchange(order, made, worth, swapped, request, actor)
    if goods is None or order.payment_status != PaymentStatus.PAID:
        return
    left = order.payable - order.refunded
    accepted = sum(row.accepted for row in plain)
    # Shipping comes back where all of the order comes back at once, for money.
    whole = not swapped and accepted == _count_wanted(order)
    amount = left if whole else min(value + rest, left)
    if amount > 0:
        # What is given back is sent, not handed over at a counter: cash waits for a person.
        sender = Actor(SYSTEM.kind, actor.user_id)
        order_credits.give_back(
            order,
            amount,
            reason=f"Return {request.number}",
            actor=sender,
            to_store_credit=to_store_credit,
        )
    credit_notes.settle(order, cause=goods.pk, reason=f"Return {request.number}")


def _value(order: Order, rows: Sequence[ReturnRequestLine]) -> Decimal:
    """Return what was paid for the accepted pieces, whose lines count them as back."""
    back = {row.line_id: row.accepted for row in rows if row.accepted}
    lines = OrderLine.objects.filter(pk__in=back)
    values = (credit_notes.value_pieces(order, line, back[line.pk]) for line in lines)
    return sum(values, _ZERO)


def _count_wanted(order: Order) -> int:
    lines = OrderLine.objects.filter(order=order)
    return sum(line.quantity - line.cancelled for line in lines)


def _pay_exchange(
    order: Order,
    made: Order,
    worth: Decimal,
    rows: Sequence[ReturnRequestLine],
    request: ReturnRequest,
    actor: Actor,
) -> Decimal:
    """Pay the replacements with what the accepted pieces are worth. Pieces that were not accepted
    have no replacement. Return what is left over.
    """
    accepted = any(row.accepted for row in rows)
    worth = min(worth, order.payable - order.refunded)
    if not accepted or (worth <= 0 and made.total > 0):
        note = f"{request.number}: nothing of it was accepted, or all is refunded."
        transitions.cancel_locked_order(made, actor=actor, note=note)
        return _ZERO
    _cancel_missing(made, rows, request, actor)
    paid = min(worth, made.payable)
    if made.payable > paid:
        order_credits.waive(
            made, made.payable - paid, cause=request.pk, reason=request.number
        )
    if paid > 0:
        _transfer(order, made, paid, request, actor)
    if made.payment_status != PaymentStatus.PAID:
        lifecycle.set_payment_status(
            made, PaymentStatus.PAID, actor=actor, paid_at=timezone.now()
        )
    outbox.add(events.OrderPaid(order_id=made.pk))
    lifecycle.set_status(
        made, OrderStatus.CONFIRMED, actor=actor, from_=[OrderStatus.PENDING]
    )
    return worth - paid


def _cancel_missing(
    made: Order, rows: Sequence[ReturnRequestLine], request: ReturnRequest, actor: Actor
) -> None:
    refused: dict[UUID, int] = {}
    for row in rows:
        if row.variant_id and row.quantity > row.accepted:
            count = row.quantity - row.accepted
            refused[row.variant_id] = refused.get(row.variant_id, 0) + count
    lines = {line.pk: line for line in made.lines.all()}
    chosen = {
        pk: refused[line.variant_id]
        for pk, line in lines.items()
        if line.variant_id in refused
    }
    if chosen:
        reason = f"{request.number}: not accepted, or not sent."
        transitions.cancel_some(made, lines, chosen, reason=reason, actor=actor)


def _transfer(
    order: Order, made: Order, amount: Decimal, request: ReturnRequest, actor: Actor
) -> None:
    """Move money from the order of the return to that of the replacements."""
    now = timezone.now()
    refund = Refund.objects.create(
        order=order,
        amount=amount,
        reason=f"{request.number}: pays {made.number}",
        exchange=made,
        by_id=actor.user_id,
    )
    Order.objects.filter(pk=order.pk).update(
        refunded=F("refunded") + amount, updated_at=now
    )
    order.refunded += amount
    refunds.finish_refund(order, refund, RefundState.SUCCEEDED, actor=actor)
    payment = Payment.objects.create(
        order=made,
        provider=EXCHANGE,
        amount=amount,
        currency=made.currency,
        state=PaymentState.SUCCEEDED,
        succeeded_at=now,
    )
    ledger.book_payment(payment)
    invoices.issue_for_payment(made, payment)
    credit_notes.settle(made, cause=payment.pk, reason=request.number)
