"""Exchanges: a return and a new order. Its pieces are reserved when the return is approved, and it
is paid by what the pieces that come back are worth.

A replacement of the same product costs what the first piece cost, and what its price differs from
the first one's today; one of another product costs its price of today. The customer pays what it
costs more, once the pieces are accepted; what it costs less goes back. Nothing is sent before that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.outbox import services as outbox
from orders import errors, events
from orders.cart_lines import CartItem
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
from orders.pricing.money import from_units, part_of_line, share_of, to_units
from orders.schemas import ReturnPieces
from orders.services import (
    checkout,
    credit_notes,
    invoices,
    ledger,
    lifecycle,
    order_credits,
    refunds,
    rest_payments,
    transitions,
)
from orders.services.lifecycle import SYSTEM, Actor
from products.selectors import offers
from products.selectors.offers import Offer
from products.services.stock import movements

_ZERO: Final = Decimal(0)


def price_replacements(
    order: Order, wanted: Sequence[ReturnPieces]
) -> dict[UUID, Decimal]:
    """Return by line what the replacements cost more than the pieces to come back, below 0 for
    less, at today's prices. Lines for money are left out. One query, none without replacements.

    Raises: VariantNotOnSale: it cannot be had instead.
    """
    lines = {line.pk: line for line in order.lines.all()}
    swaps = [
        _Swap(lines[each.line_id], each.quantity, each.exchange_variant_id)
        for each in wanted
        if each.exchange_variant_id is not None
    ]
    found = _find_offers(swaps)
    for swap in swaps:
        offer = found.get(swap.variant_id)
        if offer is None or not offer.on_sale or offer.is_gift_card:
            raise errors.VariantNotOnSale
    return {
        swap.line.pk: from_units(
            _price_difference(order, swap, found)[1], order.currency
        )
        for swap in swaps
    }


@dataclass(frozen=True)
class _Swap:
    """So many pieces of a line for as many of a variant."""

    line: OrderLine
    quantity: int
    variant_id: UUID


def _find_offers(swaps: Sequence[_Swap]) -> dict[UUID, Offer]:
    wanted = [
        pk for swap in swaps for pk in (swap.variant_id, swap.line.variant_id)
    ]
    return offers.get_offers(wanted) if wanted else {}


def _price_difference(
    order: Order, swap: _Swap, found: Mapping[UUID, Offer]
) -> tuple[int, int]:
    """Return what the replacements cost more, in the smallest unit: without tax where it comes on
    top, and with it.
    """
    line, offer = swap.line, found[swap.variant_id]
    first = found.get(line.variant_id)
    if first is not None and first.product_id == offer.product_id:
        piece = offer.price - first.price
        net = to_units(piece * swap.quantity, order.currency)
    else:
        price = to_units(offer.price * swap.quantity, order.currency)
        net = price - _worth(order, swap)
    if order.tax_included:
        return net, net
    return net, net + (1 if net > 0 else -1) * share_of(abs(net), line.tax_percent)


def _worth(order: Order, swap: _Swap) -> int:
    """Return what the pieces of the line cost, without tax where it comes on top."""
    paid = to_units(swap.line.line_total - swap.line.discount, order.currency)
    return part_of_line(paid, swap.quantity, swap.line.quantity)


@transactions.requires_transaction
def place_exchange(order: Order, request: ReturnRequest, *, actor: Actor) -> None:
    """Order the replacements of an approved return and reserve them; nothing where there are
    none. Locks: stock in variant order.

    Raises:
        OrderNotIn: the order is not paid: there is nothing to pay them with.
        OutOfStock: fewer pieces are left.
        VariantNotOnSale: it is not for sale any more.
    """
    rows = [row for row in request.lines.select_related("line") if row.variant_id]
    if not rows:
        return
    if order.payment_status != PaymentStatus.PAID:
        raise errors.OrderNotIn(
            "The order is not paid, so its pieces cannot pay for others.",
            order_status=order.status,
        )
    swaps = [
        _Swap(row.line, row.quantity, row.variant_id)
        for row in rows
        if row.variant_id is not None
    ]
    found = _find_offers(swaps)
    if any(swap.variant_id not in found for swap in swaps):
        raise errors.VariantNotOnSale
    for row, swap in zip(rows, swaps, strict=True):
        _, more = _price_difference(order, swap, found)
        row.difference = from_units(more, order.currency)  # of today
        row.save(update_fields=["difference"])
    made = checkout.place_replacements(_build_items(order, swaps, found), order)
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


def _build_items(
    order: Order, swaps: Sequence[_Swap], found: Mapping[UUID, Offer]
) -> list[CartItem]:
    """Return the replacements as lines of a cart. A price per piece is rounded up; what that is too
    much is waived when they are paid.
    """
    worth: dict[UUID, int] = {}
    pieces: dict[UUID, int] = {}
    for swap in swaps:
        key = swap.variant_id
        paid = to_units(swap.line.line_total - swap.line.discount, order.currency)
        # What is not the same for each piece can differ by one unit when it is given back.
        slack = 1 if paid % swap.line.quantity else 0
        more, _ = _price_difference(order, swap, found)
        cost = max(_worth(order, swap) + slack + more, 0)
        worth[key] = worth.get(key, 0) + cost
        pieces[key] = pieces.get(key, 0) + swap.quantity
    return [
        CartItem(
            id=uuid7(),
            offer=replace(found[variant_id], price=price),
            quantity=number,
            price_at_add=price,
        )
        for variant_id, number in pieces.items()
        for price in [from_units(-(-worth[variant_id] // number), order.currency)]
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
    made = (
        lifecycle.lock_order(request.exchange_id) if request.exchange_id else None
    )
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
    values = (
        credit_notes.value_pieces(order, line, back[line.pk]) for line in lines
    )
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
    price = max(worth + _sum_difference(made, rows), _ZERO)
    if made.payable > price:  # rounded up, or lowered before it came back
        order_credits.waive(
            made, made.payable - price, cause=request.pk, reason=request.number
        )
    paid = min(worth, made.payable)
    is_paid = paid == made.payable
    if not is_paid:
        Order.objects.filter(pk=made.pk).update(part_paid=paid)
        made.part_paid = paid
    elif made.payment_status != PaymentStatus.PAID:
        lifecycle.set_payment_status(
            made, PaymentStatus.PAID, actor=actor, paid_at=timezone.now()
        )
    if paid > 0:
        _transfer(order, made, paid, request, actor)
    if is_paid:
        outbox.add(events.OrderPaid(order_id=made.pk))
        lifecycle.set_status(
            made, OrderStatus.CONFIRMED, actor=actor, from_=[OrderStatus.PENDING]
        )
    else:
        rest_payments.let_replacement_wait(made)
    return worth - paid


def _sum_difference(made: Order, rows: Sequence[ReturnRequestLine]) -> Decimal:
    """Return what the replacements of the accepted pieces cost more than these did."""
    units = 0
    for row in rows:
        whole = to_units(row.difference, made.currency)
        part = part_of_line(abs(whole), row.accepted, row.quantity)
        units += part if whole > 0 else -part
    return from_units(units, made.currency)


def _cancel_missing(
    made: Order,
    rows: Sequence[ReturnRequestLine],
    request: ReturnRequest,
    actor: Actor,
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
