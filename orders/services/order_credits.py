"""What is given back, or not owed any more, for pieces that a customer does not get or keep."""

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from markrin.db import transactions
from orders.models import Order, OrderLine
from orders.models.order_status import PaymentStatus
from orders.services import credit_notes, lifecycle, refunds
from orders.services.lifecycle import Actor


@transactions.requires_transaction
def credit_pieces(
    order: Order,
    pieces: Iterable[tuple[OrderLine, int]],
    *,
    reason: str,
    actor: Actor,
    cause: UUID,
    with_shipping: bool = True,
) -> Decimal:
    """Give back what was paid for these pieces of a locked order, whose lines count them
    already; what was not paid is not owed any more. Return the amount.

    With the last piece, what is left goes back too, as shipping belongs to the whole order;
    not so without `with_shipping`.
    """
    amount = sum(
        (credit_notes.value_pieces(order, line, n) for line, n in pieces),
        Decimal(0),
    )
    left = order.payable - order.refunded
    if with_shipping and all(
        line.cancelled + line.returned == line.quantity
        for line in OrderLine.objects.filter(order=order)
    ):
        amount = left
    amount = min(amount, left)
    if amount <= 0 or order.payment_status == PaymentStatus.REFUNDED:
        return Decimal(0)
    if order.payment_status == PaymentStatus.PAID:
        give_back(order, amount, reason=reason, actor=actor)
    else:
        _waive_or_credit(order, amount, reason=reason, actor=actor, cause=cause)
    return amount


def _waive_or_credit(
    order: Order, amount: Decimal, *, reason: str, actor: Actor, cause: UUID
) -> None:
    """Let an order owe less that is not paid, or only in part: what goes beyond what is due goes
    back. Where nothing is due any more, it is paid.
    """
    due = min(amount, order.due)
    if amount == due:
        waive(order, due, cause=cause, reason=reason)
    elif due > 0:
        _lower_due(order, due)  # the refund's credit note is about both
    if order.amount_paid and order.due <= 0:
        lifecycle.set_payment_status(
            order, PaymentStatus.PAID, actor=actor, paid_at=timezone.now()
        )
    if amount > due:
        give_back(order, amount - due, reason=reason, actor=actor)


@transactions.requires_transaction
def give_back(
    order: Order,
    amount: Decimal,
    *,
    reason: str,
    actor: Actor,
    to_store_credit: bool = False,
) -> None:
    """Refund a part of a locked order. Cash that staff give back has been handed over by now.

    Raises: NoAccount where store credit is for a guest.
    """
    made = refunds.request_refund(
        order,
        amount=amount,
        reason=reason,
        actor=actor,
        to_store_credit=to_store_credit,
    )
    if actor.kind == "staff":
        refunds.hand_over_cash(order, made, actor=actor)


@transactions.requires_transaction
def waive(order: Order, amount: Decimal, *, cause: UUID, reason: str) -> None:
    """Let a locked order, which is not paid, owe less by `amount`. `cause` is the id of what
    was cancelled or came back.
    """
    _lower_due(order, amount)
    credit_notes.settle(order, cause=cause, reason=reason)


def _lower_due(order: Order, amount: Decimal) -> None:
    Order.objects.filter(pk=order.pk).update(
        waived=F("waived") + amount, updated_at=timezone.now()
    )
    order.waived += amount
