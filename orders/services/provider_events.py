"""What a provider tells takes effect here: once, whichever way it arrives and in whatever order.

It comes by a signed webhook, as an answer when the provider is asked (`payment_polling`), or from
its lists (`reconciliation`). Every amount at a provider is an order's, or it goes back.
"""

from collections.abc import Mapping
from decimal import Decimal

import structlog
from django.db import connection
from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.db import transactions
from markrin.outbox import services as outbox
from orders import events, gateways
from orders.gateways.base import Notice, Outcome
from orders.models import Order, Payment
from orders.models.order_status import BEFORE_SHIPPING, OrderStatus, PaymentStatus
from orders.models.payment import PaymentState
from orders.services import (
    disputes,
    invoices,
    ledger,
    lifecycle,
    refunds,
    rest_payments,
)
from orders.services.lifecycle import GATEWAY

log = structlog.get_logger(__name__)

WAITING = (PaymentStatus.UNPAID, PaymentStatus.FAILED)
_REFUNDS = (Outcome.REFUND_PENDING, Outcome.REFUNDED, Outcome.REFUND_FAILED)


def receive_webhook(
    *, provider_name: str, body: bytes, headers: Mapping[str, str]
) -> str:
    """Take a provider's webhook, and return what came of it: the first telling of an event
    takes effect, no other.

    Locks: the event's id, the order, stock in variant order.

    Raises:
        NotFound: the shop has no credentials of such a provider.
        SignatureInvalid: it is not the provider's, or too old.
    """
    provider = gateways.get(provider_name)
    if provider is None:
        raise NotFound
    return record_notice(provider.read_webhook(body, headers))


def record_notice(notice: Notice) -> str:
    """Let what a provider told take effect, once; see `receive_webhook`."""
    outcome = _record_once(notice)
    log.info(
        "payment.event",
        provider=notice.provider,
        event_id=notice.event_id,
        type=notice.type,
        outcome=outcome,
    )
    return outcome


@transactions.durable
def _record_once(notice: Notice) -> str:
    if not _insert(notice):
        return "duplicate"
    if notice.outcome == Outcome.OTHER:
        return _noted(notice, None, "ignored")
    if notice.outcome == Outcome.PAID_OUT:
        outbox.add(
            events.PayoutTold(
                provider=notice.provider, payout_ref=notice.payout_ref
            )
        )
        return _noted(notice, None, "asked after")
    payment = _find(notice)
    if payment is None:
        return _noted(notice, None, _unknown(notice))
    order = lifecycle.lock_order(payment.order_id)
    payment = Payment.objects.get(pk=payment.pk)
    return _noted(notice, payment, _take_effect(order, payment, notice))


def _take_effect(order: Order, payment: Payment, notice: Notice) -> str:
    if notice.outcome == Outcome.ASK:
        # At once, by the sweep; a job besides, so that it does not wait for the sweep.
        outbox.add(
            events.ChargeTold(
                provider=notice.provider, charge_ref=notice.charge_ref
            )
        )
        return "asked after"
    if notice.outcome == Outcome.SUCCEEDED:
        return _succeeded(order, payment, notice)
    if notice.outcome == Outcome.DECLINED:
        return _declined(order, payment, notice)
    if notice.outcome in _REFUNDS and notice.refund is not None:
        return refunds.take_from_provider(order, payment, notice.refund)
    if notice.outcome == Outcome.DISPUTED and notice.dispute is not None:
        return disputes.take_from_provider(order, payment, notice.dispute)
    return _failed(order, payment, notice)


def _unknown(notice: Notice) -> str:
    """Ask after money that is of none of our payments, as far as the webhook says: the provider
    knows by which page it came. What nobody knows is found by the nightly comparison.
    """
    tries = (Outcome.SUCCEEDED, Outcome.ASK, Outcome.DECLINED)
    is_money = notice.outcome in tries and notice.charge_ref
    if is_money and not notice.event_id.startswith("ask:"):
        told = events.ChargeTold(
            provider=notice.provider, charge_ref=notice.charge_ref
        )
        outbox.add(told)
    log.warning(
        "payment.unknown", provider=notice.provider, event_id=notice.event_id
    )
    return "unknown payment"


def _insert(notice: Notice) -> bool:
    """Return whether this is the first telling. A twin waits here for the first, and then
    is none.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO orders_paymentevent (provider, event_id, type, outcome, received_at)"
            " VALUES (%s, %s, %s, '', now()) ON CONFLICT (provider, event_id) DO NOTHING",
            [notice.provider, notice.event_id[:120], notice.type[:60]],
        )
        return bool(cursor.rowcount)


def _noted(notice: Notice, payment: Payment | None, outcome: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE orders_paymentevent SET outcome = %s, payment_id = %s"
            " WHERE provider = %s AND event_id = %s",
            [
                outcome,
                payment.pk if payment else None,
                notice.provider,
                notice.event_id[:120],
            ],
        )
    return outcome


def _find(notice: Notice) -> Payment | None:
    """Return the payment told of: by the money, by the page, or by our own id, as a webhook can
    be faster than the answer that names the page.
    """
    payments = Payment.objects.filter(provider=notice.provider)
    if notice.charge_ref and (
        found := payments.filter(charge_ref=notice.charge_ref).first()
    ):
        return found
    if notice.ref and (found := payments.filter(provider_ref=notice.ref).first()):
        return found
    return (
        payments.filter(pk=notice.payment_id).first() if notice.payment_id else None
    )


# --- Payments ------------------------------------------------------------------------------------
def _succeeded(order: Order, payment: Payment, notice: Notice) -> str:
    if notice.amount is None:
        raise ValueError(f"{notice.provider} told of no amount: {notice.event_id}")
    charge_ref = notice.charge_ref or notice.ref
    if payment.state == PaymentState.SUCCEEDED:
        if payment.charge_ref in ("", charge_ref):
            return "known already"
        # A second try on the same page has succeeded too.
        return _give_back(order, payment, notice, "The order was paid twice.")
    if notice.currency != payment.currency or notice.amount != payment.amount:
        lifecycle.request_attention(
            order,
            f"The provider was paid {notice.amount} {notice.currency}, not what is owed.",
        )
        _give_back(order, payment, notice, "Another amount was paid than is owed.")
        return "another amount"
    _close(payment, notice, charge_ref)
    ledger.book_payment(payment)
    if order.payment_status not in WAITING:
        _refund_surplus(order, payment, "The order was paid twice.")
        return "paid twice: refunded"
    if payment.amount != order.due:
        return _take_other_amount(order, payment)
    rest_payments.close_pages(order)
    lifecycle.set_payment_status(
        order,
        PaymentStatus.PAID,
        actor=GATEWAY,
        paid_at=timezone.now(),
        expires_at=None,
    )
    outbox.add(events.OrderPaid(order_id=order.pk))
    if order.status == OrderStatus.CANCELLED:
        # Too late: the pieces may be somebody else's by now. The money goes back, and staff
        # see it.
        refunds.request_refund(
            order,
            amount=order.payable - order.refunded,
            reason="The payment came after the order had been cancelled.",
            actor=GATEWAY,
        )
        lifecycle.request_attention(
            order, "Paid after it was cancelled: the payment is being refunded."
        )
        return "too late: refunded"
    if order.status == OrderStatus.PENDING:  # else only the rest of it was owed
        lifecycle.set_status(order, OrderStatus.CONFIRMED, actor=GATEWAY)
    invoices.issue_for_payment(order, payment)
    return "paid"


def _take_other_amount(order: Order, payment: Payment) -> str:
    """Take what was paid on a page from before the order had changed: less than is due by now is
    a part of it; more goes back, and so does what comes after a cancellation.
    """
    if payment.amount < order.due and order.status in BEFORE_SHIPPING:
        rest_payments.count_part(order, payment)
        invoices.issue_for_payment(order, payment)
        return "paid in part"
    lifecycle.request_attention(
        order,
        f"{payment.amount} {payment.currency} were paid, not what is owed by now.",
    )
    _refund_surplus(order, payment, "Another amount was paid than is owed.")
    return "another amount"


def _close(payment: Payment, notice: Notice, charge_ref: str) -> None:
    payment.state, payment.succeeded_at = PaymentState.SUCCEEDED, timezone.now()
    payment.error, payment.ask_at = "", None
    payment.charge_ref = charge_ref
    payment.provider_ref = payment.provider_ref or notice.ref
    payment.save(
        update_fields=[
            "state",
            "succeeded_at",
            "error",
            "ask_at",
            "charge_ref",
            "provider_ref",
            "updated_at",
        ]
    )


def _give_back(order: Order, page: Payment, notice: Notice, why: str) -> str:
    """Book money that came by a page besides or instead of what was owed, and refund it."""
    extra = Payment.objects.create(
        order=order,
        provider=page.provider,
        provider_ref=notice.charge_ref,
        charge_ref=notice.charge_ref,
        amount=notice.amount or Decimal(0),
        currency=notice.currency,
        state=PaymentState.SUCCEEDED,
        succeeded_at=timezone.now(),
    )
    ledger.book_payment(extra)
    _refund_surplus(order, extra, why)
    return "paid twice: refunded"


def _refund_surplus(order: Order, payment: Payment, why: str) -> None:
    refunds.request_refund(
        order, amount=payment.amount, reason=why, actor=GATEWAY, surplus=payment
    )


def _declined(order: Order, payment: Payment, notice: Notice) -> str:
    """Note a card that was declined. The page stays open: another card may succeed on it."""
    if payment.state != PaymentState.CREATED:
        return "known already"
    payment.error = _one_line(notice.error)
    payment.save(update_fields=["error", "updated_at"])
    _note_failure(order, payment.error)
    return "declined"


def _failed(order: Order, payment: Payment, notice: Notice) -> str:
    """Note a page that has ended without a payment. The order keeps its stock until it expires,
    so that the shopper may try once more.
    """
    if payment.state != PaymentState.CREATED:
        return "known already"
    payment.state, payment.error = PaymentState.FAILED, _one_line(notice.error)
    payment.save(update_fields=["state", "error", "updated_at"])
    _note_failure(order, payment.error)
    return "failed"


def _note_failure(order: Order, error: str) -> None:
    if (
        order.payment_status == PaymentStatus.UNPAID
        and order.status == OrderStatus.PENDING
    ):
        lifecycle.set_payment_status(
            order, PaymentStatus.FAILED, actor=GATEWAY, note=error
        )


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]
