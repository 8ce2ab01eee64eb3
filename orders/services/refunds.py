"""Money that goes back: requested in a transaction, paid out by a job, and counted once."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Sum
from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.outbox import handlers
from markrin.outbox import services as outbox
from orders import errors, events, gateways
from orders.gateways.base import ProviderDown, ProviderRefund, ProviderRefused
from orders.models import Order, Payment, Refund
from orders.models.gift_card import PROVIDER_NAME
from orders.models.order_event import OrderEventKind
from orders.models.order_status import PaymentMethod, PaymentStatus
from orders.models.payment import EXCHANGE, PaymentState, RefundState
from orders.services import (
    credit_notes,
    gift_cards,
    idempotency,
    ledger,
    lifecycle,
)
from orders.services.lifecycle import GATEWAY, SYSTEM, Actor


@transactions.durable
def refund_order(
    *,
    order_id: UUID,
    actor: Actor,
    amount: Decimal | None,
    reason: str,
    idempotency_key: str | None,
    to_store_credit: bool = False,
) -> tuple[Refund, bool]:
    """Give back `amount`, or all that is left: to the provider first, then in cash, then to gift
    cards, each up to what it gave; or with `to_store_credit` all of it as store credit.

    Cash has been handed over by now, an online payment a job sends back.

    Return the refund (the first, where several were needed), and whether the key had asked for
    it before. Locks: the key, the order, gift cards.

    Raises:
        IdempotencyKeyMissing, IdempotencyKeyReused, IdempotencyKeyInUse: see `idempotency`.
        NotFound: there is no such order.
        OrderNotIn: nothing of it is paid.
        RefundTooHigh: less than that is left.
        GiftCardSpent: it paid for gift cards on which less is left.
        NoAccount: store credit is for customers with an account.
    """
    key = idempotency.build_claim(
        scope=f"user:{actor.user_id}",
        key=idempotency_key,
        route=f"POST /api/staff/orders/{order_id}/refunds",
        body={
            "amount": amount,
            "reason": reason,
            "to_store_credit": to_store_credit,
        },
    )
    refund_id = uuid7()
    if (known := idempotency.claim_key(key, refund_id)) is not None:
        return Refund.objects.get(pk=known), True
    order = lifecycle.lock_order(order_id)
    if order.payment_status != PaymentStatus.PAID:
        raise errors.OrderNotIn(
            "Nothing is paid that could be refunded.", order_status=order.status
        )
    left = min(order.payable, _collected(order)) - order.refunded
    if (amount or left) > left or not left:
        raise errors.RefundTooHigh(left=str(left))
    made = request_refund(
        order,
        amount=amount or left,
        reason=reason,
        actor=actor,
        refund_id=refund_id,
        to_store_credit=to_store_credit,
    )
    hand_over_cash(order, made, actor=actor)
    return made[0], False


def hand_over_cash(order: Order, made: Iterable[Refund], *, actor: Actor) -> None:
    """Close those of a locked order's new refunds that staff have given back in cash."""
    for refund in made:
        if refund.state == RefundState.REQUESTED and _is_cash(refund):
            finish_refund(order, refund, RefundState.SUCCEEDED, actor=actor)


def _is_cash(refund: Refund) -> bool:
    return refund.payment is None or refund.payment.provider == PaymentMethod.COD


def request_refund(
    order: Order,
    *,
    amount: Decimal,
    reason: str,
    actor: Actor,
    surplus: Payment | None = None,
    refund_id: UUID | None = None,
    to_store_credit: bool = False,
) -> list[Refund]:
    """Ask for a refund of a locked order, within the caller's transaction: one for each payment
    that it goes back to.

    A job pays out what was paid online; what gift cards gave is on them at once; cash is for a
    person to hand over. `surplus` is a payment that came on top of the one that paid the order:
    it goes back without counting.

    Raises:
        GiftCardSpent: it paid for gift cards on which less is left.
        NoAccount: store credit is for customers with an account.
    """
    if surplus is not None:
        parts = [_Part(amount, payment=surplus)]
    elif to_store_credit:
        parts = [_Part(amount, gift_card_id=_find_store_credit(order))]
    else:
        parts = _split_refund(order, amount)
    if surplus is None and order.sells_gift_cards:
        _check_unspent(order, amount)
    made: list[Refund] = []
    for part in parts:
        refund = Refund.objects.create(
            pk=(refund_id if not made else None) or uuid7(),
            order=order,
            payment=part.payment,
            gift_card_id=part.gift_card_id,
            amount=part.amount,
            reason=reason,
            surplus=surplus is not None,
            by_id=actor.user_id,
        )
        made.append(refund)
        if surplus is None:
            _count(order, refund.amount)
    if surplus is None:
        credit_notes.settle(order, cause=made[0].pk, reason=reason)
    for refund in made:
        _send(order, refund, actor=actor)
    return made


def _check_unspent(order: Order, amount: Decimal) -> None:
    """Raise GiftCardSpent where less is left on the cards that an order has bought than a refund
    takes off them.
    """
    if order.shipped_at is None:
        return
    to_take = order.refunded + order.waived + amount - ledger.credited(order)
    unspent = gift_cards.count_unspent(order)
    if unspent < to_take:
        raise errors.GiftCardSpent(
            left=gift_cards.show_amount(unspent, order.currency)
        )


@dataclass(frozen=True)
class _Part:
    """So much of a refund goes back this way; cash where neither is named."""

    amount: Decimal
    payment: Payment | None = None
    gift_card_id: UUID | None = None


def _find_store_credit(order: Order) -> UUID:
    if order.user_id is None:
        raise errors.NoAccount
    return gift_cards.lock_store_credit(order.user_id, order.currency).pk


def _split_refund(order: Order, amount: Decimal) -> list[_Part]:
    """Return to which payments an amount goes back: the provider's first, then cash, then gift
    cards, each up to what it gave and has not got back. Two queries.
    """
    paid = Payment.objects.filter(order=order, state=PaymentState.SUCCEEDED)
    every = sorted(paid.exclude(refunds__surplus=True), key=_rank)
    payments = [payment for payment in every if payment.provider != EXCHANGE]
    back = dict(
        Refund.objects.filter(payment__in=payments, surplus=False)
        .exclude(state=RefundState.FAILED)
        .values_list("payment")
        .annotate(sum=Sum("amount"))
        .order_by()
    )
    parts, left = [], amount
    for payment in payments:
        share = min(left, payment.amount - back.get(payment.pk, Decimal(0)))
        if share > 0:
            parts.append(_Part(share, payment, payment.gift_card_id))
            left -= share
    if left > 0 and len(payments) < len(every):
        # What pieces that came back have paid goes back to where it first came from.
        return parts + _split_refund(order.exchange_of.order, left)
    if left > 0:  # more than is known to have come: a person settles it
        parts.append(_Part(left))
    return parts


def _rank(payment: Payment) -> tuple[int, datetime | None, UUID]:
    ranks = {PaymentMethod.COD: 1, PROVIDER_NAME: 2}
    return ranks.get(payment.provider, 0), payment.succeeded_at, payment.pk


def _send(order: Order, refund: Refund, *, actor: Actor) -> None:
    """Let the money of a new refund go: to a card now, to a provider by a job."""
    if refund.gift_card_id is not None:
        gift_cards.credit_refund(order, refund, actor=actor)
        finish_refund(order, refund, RefundState.SUCCEEDED, actor=actor)
    elif not _is_cash(refund):
        outbox.add(events.RefundRequested(order_id=order.pk, refund_id=refund.pk))
    elif actor.kind != "staff":
        lifecycle.request_attention(
            order,
            f"{refund.amount} {order.currency} are to be given back in cash.",
        )


def _list_paying(order: Order) -> set[UUID]:
    """Return the payments that paid the order, without gift cards and without those that go back
    as they came on top. What pieces that came back have paid was paid where they were bought.
    """
    found = (
        Payment.objects.filter(order=order, state=PaymentState.SUCCEEDED)
        .exclude(refunds__surplus=True)
        .exclude(provider=PROVIDER_NAME)
        .order_by("succeeded_at", "id")
    )
    payments = list(found) if order.part_paid else list(found[:1])
    paying = {each.pk for each in payments if each.provider != EXCHANGE}
    if len(paying) < len(payments):
        paying |= _list_paying(order.exchange_of.order)
    return paying


def _collected(order: Order) -> Decimal:
    """Return what was paid for the order, without what came on top."""
    paid = Payment.objects.filter(order=order, state=PaymentState.SUCCEEDED)
    found = paid.exclude(refunds__surplus=True).aggregate(sum=Sum("amount"))["sum"]
    return found or Decimal(0)


@transactions.durable
def settle_refund(*, refund_id: UUID, actor: Actor, succeeded: bool) -> Refund:
    """Close an open refund by hand: cash was given back, or the money went another way; or
    it will not.

    Locks: the order. Raises: NotFound; OrderNotIn where it is closed already.
    """
    order, refund = _lock_refund(refund_id)
    if refund.state != RefundState.REQUESTED:
        raise errors.OrderNotIn(
            "The refund is closed already.", order_status=order.status
        )
    finish_refund(
        order,
        refund,
        RefundState.SUCCEEDED if succeeded else RefundState.FAILED,
        actor=actor,
    )
    return refund


def send_refund(*, refund_id: UUID) -> dict[str, str] | None:
    """Have the provider pay the refund out; the body of the job. Called again, the provider
    pays once.

    Raises:
        Unreachable: the provider does not answer; the job comes back.
        NotFound: there is no such refund.
    """
    refund = Refund.objects.select_related("payment").filter(pk=refund_id).first()
    if refund is None or refund.payment is None:
        raise NotFound
    if refund.state != RefundState.REQUESTED or refund.provider_ref:
        return None
    provider = gateways.get(refund.payment.provider)
    if provider is None:
        raise handlers.Permanent(
            f"the provider {refund.payment.provider} is not set up"
        )
    handlers.check_lease()
    try:
        made = provider.refund(
            charge_ref=refund.payment.charge_ref or refund.payment.provider_ref,
            refund_id=refund.pk,
            amount=refund.amount,
            currency=refund.payment.currency,
        )
    except ProviderDown as exc:
        raise handlers.Unreachable(str(exc)) from exc
    except ProviderRefused as exc:
        close_refund(refund_id=refund_id, ref="", succeeded=False, error=str(exc))
        return {"refused": str(exc)[:200]}
    close_refund(
        refund_id=refund_id,
        ref=made.ref,
        succeeded=made.succeeded,
        error=made.error,
    )
    return {"provider_ref": made.ref}


@transactions.durable
def close_refund(
    *, refund_id: UUID, ref: str, succeeded: bool | None, error: str = ""
) -> None:
    """Write down what the provider made of a refund; None where it does not know yet.
    Locks: the order.
    """
    order, refund = _lock_refund(refund_id)
    settle_locked_refund(order, refund, ref=ref, succeeded=succeeded, error=error)


def settle_locked_refund(
    order: Order,
    refund: Refund,
    *,
    ref: str,
    succeeded: bool | None,
    error: str = "",
) -> None:
    """As `close_refund`, for a locked order within the caller's transaction."""
    if refund.state != RefundState.REQUESTED:
        return
    refund.provider_ref, refund.error = ref[:120], " ".join(error.split())[:200]
    if succeeded is None:
        refund.save(update_fields=["provider_ref", "updated_at"])
        return
    finish_refund(
        order,
        refund,
        RefundState.SUCCEEDED if succeeded else RefundState.FAILED,
        actor=SYSTEM,
    )


def _lock_refund(refund_id: UUID) -> tuple[Order, Refund]:
    order_id = (
        Refund.objects.filter(pk=refund_id).values_list("order", flat=True).first()
    )
    if order_id is None:
        raise NotFound
    order = lifecycle.lock_order(order_id)
    return order, Refund.objects.get(pk=refund_id)


def finish_refund(
    order: Order, refund: Refund, state: RefundState, *, actor: Actor
) -> None:
    """Close an open refund of a locked order, within the caller's transaction."""
    refund.state, refund.finished_at = state, timezone.now()
    refund.save(
        update_fields=[
            "state",
            "finished_at",
            "provider_ref",
            "error",
            "updated_at",
        ]
    )
    if state == RefundState.FAILED:
        if not refund.surplus:
            # What was credited stays so: it is owed to the customer until it is paid.
            _count(order, -refund.amount)
        lifecycle.request_attention(
            order, f"A refund of {refund.amount} {order.currency} failed."
        )
        return
    ledger.book_refund(order, refund)
    credit_notes.issue_refund_voucher(order, refund)
    lifecycle.record_event(
        order,
        OrderEventKind.REFUND,
        actor=actor,
        note=f"{refund.amount} {order.currency}: {refund.reason}",
    )
    outbox.add(events.RefundMade(order_id=order.pk, refund_id=refund.pk))
    back = Refund.objects.filter(
        order=order, state=RefundState.SUCCEEDED, surplus=False
    )
    if (
        order.payment_status == PaymentStatus.PAID
        and back.aggregate(sum=Sum("amount"))["sum"] == order.payable
    ):
        lifecycle.set_payment_status(order, PaymentStatus.REFUNDED, actor=actor)


# --- At the provider -----------------------------------------------------------------------------
def take_from_provider(
    order: Order,
    payment: Payment,
    told: ProviderRefund,
    *,
    is_current: bool = False,
) -> str:
    """Write down what the provider says of a refund of a locked order, within the caller's
    transaction: one of ours, or one that somebody made in the provider's dashboard.

    A webhook can be older than what is known; `is_current` is what the provider answers now.
    """
    known = Refund.objects.filter(payment=payment)
    refund = known.filter(pk=told.refund_id).first() if told.refund_id else None
    refund = refund or known.filter(provider_ref=told.ref).first()
    if refund is not None and refund.order_id != order.pk:
        order = lifecycle.lock_order(
            refund.order_id
        )  # of an exchange that it had paid
    if refund is None:
        if told.succeeded is False:
            return "refund_failed"  # before we heard of it: nothing has moved
        return _book_from_provider(order, payment, told)
    if refund.state == RefundState.REQUESTED:
        settle_locked_refund(
            order, refund, ref=told.ref, succeeded=told.succeeded, error=told.error
        )
        return _OUTCOMES[told.succeeded]
    if refund.state == RefundState.SUCCEEDED and told.succeeded is False:
        _undo(order, refund, told.error)
        return "refund_failed"
    if refund.state == RefundState.FAILED and told.succeeded and is_current:
        _redo(order, refund, told)
        return "refunded"
    return "known already"


_OUTCOMES = {None: "refund_pending", True: "refunded", False: "refund_failed"}


def _book_from_provider(
    order: Order, payment: Payment, told: ProviderRefund
) -> str:
    """Book a refund that was not made here, so that nobody gives the money back again."""
    surplus = payment.pk not in _list_paying(order)
    if not surplus:
        _make_room(order, payment, told.amount)
    # More than was left: it went back on top of what this order may give back.
    surplus = surplus or told.amount > order.total - order.refunded
    refund = Refund.objects.create(
        order=order,
        payment=payment,
        amount=told.amount,
        reason=f"Made at {payment.provider}, not in the shop.",
        surplus=surplus,
        made_at_provider=True,
        provider_ref=told.ref[:120],
    )
    if not surplus:
        _count(order, told.amount)
        credit_notes.settle(order, cause=refund.pk, reason=refund.reason)
    if told.succeeded:
        finish_refund(order, refund, RefundState.SUCCEEDED, actor=GATEWAY)
    lifecycle.request_attention(
        order,
        f"{told.amount} {told.currency} were refunded at {payment.provider} ({told.ref}).",
    )
    return _OUTCOMES[told.succeeded]


def _make_room(order: Order, payment: Payment, amount: Decimal) -> None:
    """Give up our own refunds that the provider has not got yet, as far as the money that they
    would send has gone already.
    """
    unsent = Refund.objects.filter(
        payment=payment, state=RefundState.REQUESTED, provider_ref="", surplus=False
    )
    for refund in unsent.order_by("id"):
        if amount <= order.total - order.refunded:
            return
        refund.error = "It was refunded at the provider meanwhile."
        finish_refund(order, refund, RefundState.FAILED, actor=GATEWAY)


def _undo(order: Order, refund: Refund, error: str) -> None:
    """A refund that had gone out came back: the money is at the provider again."""
    refund.error = " ".join(error.split())[:200]
    ledger.unbook_refund(order, refund)
    if order.payment_status == PaymentStatus.REFUNDED and not refund.surplus:
        lifecycle.set_payment_status(
            order, PaymentStatus.PAID, actor=GATEWAY, note=refund.error
        )
    finish_refund(order, refund, RefundState.FAILED, actor=GATEWAY)


def _redo(order: Order, refund: Refund, told: ProviderRefund) -> None:
    """A refund that we took for failed has been paid."""
    refund.error, refund.provider_ref = "", told.ref[:120]
    if not refund.surplus:
        _count(order, refund.amount)
        credit_notes.settle(order, cause=refund.pk, reason=refund.reason)
    finish_refund(order, refund, RefundState.SUCCEEDED, actor=GATEWAY)


def _count(order: Order, amount: Decimal) -> None:
    Order.objects.filter(pk=order.pk).update(
        refunded=F("refunded") + amount, updated_at=timezone.now()
    )
    order.refunded += amount
