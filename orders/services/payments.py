"""Online payments: opened after the order's commit, paid only by the word of the provider's
signed webhook.
"""

from collections.abc import Mapping
from uuid import UUID

import structlog
from django.db import connection, transaction
from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.outbox import services as outbox
from orders import errors, events, gateways
from orders.customer_identity import Customer
from orders.gateways import Charge, Notice, Outcome, Started
from orders.models import Order, Payment, Refund
from orders.models.order import OrderStatus, PaymentMethod, PaymentStatus
from orders.models.payment import PaymentState
from orders.services import idempotency, lifecycle, refunds
from orders.services.idempotency import KeyClaim
from orders.services.lifecycle import GATEWAY

log = structlog.get_logger(__name__)

WAITING = (PaymentStatus.UNPAID, PaymentStatus.FAILED)


def open_payment(order: Order, *, base_url: str) -> Started | None:
    """Return how to pay the order: None if it is not waiting for an online payment, or the
    provider does not answer.

    Calls the provider, so never within a transaction; calling again leads to the same payment.
    """
    if order.payment_method != PaymentMethod.ONLINE:
        return None
    payment = Payment.objects.filter(order=order, state=PaymentState.CREATED).first()
    if payment is None:
        return None
    try:
        return _start_at_provider(order, payment, base_url=base_url)
    except (gateways.ProviderDown, gateways.ProviderRefused) as exc:
        log.warning("payment.not_started", payment_id=str(payment.pk), error=str(exc))
        return None


def start_payment(
    *, customer: Customer, order_id: UUID, idempotency_key: str | None, base_url: str
) -> tuple[Started, bool]:
    """Open a payment for one's own order: the one that is open already, or another after
    one has failed.

    Return how to pay, and whether the key had asked for it before. Locks: the key, the order.

    Raises:
        IdempotencyKeyMissing, IdempotencyKeyReused, IdempotencyKeyInUse: see `idempotency`.
        NotFound: there is no such order, or it is somebody else's.
        NothingToPay: it does not wait for an online payment.
        ProviderUnavailable: the provider does not answer; the key may be sent again.
    """
    route = f"POST /api/orders/{order_id}/payments"
    request = idempotency.build_claim(
        scope=customer.scope, key=idempotency_key, route=route, body={}
    )
    order, payment, replayed = transactions.retry_deadlocks(
        lambda: _open_locked(customer, order_id, request)
    )
    try:
        return _start_at_provider(order, payment, base_url=base_url), replayed
    except gateways.ProviderDown as exc:
        raise errors.ProviderUnavailable(headers={"Retry-After": "5"}) from exc
    except gateways.ProviderRefused as exc:
        log.warning("payment.refused", payment_id=str(payment.pk), error=str(exc))
        raise errors.PaymentMethodUnavailable from exc


@transaction.atomic(durable=True)
def _open_locked(
    customer: Customer, order_id: UUID, request: KeyClaim
) -> tuple[Order, Payment, bool]:
    transactions.limit_waits()
    provider = gateways.current()
    payment_id = uuid7()
    known = idempotency.claim_key(request, payment_id)
    order = lifecycle.lock_order(order_id)
    if not customer.owns(order):
        raise NotFound
    open_ = Payment.objects.filter(order=order, state=PaymentState.CREATED).first()
    if known is not None and open_ is not None:
        return order, open_, True
    waiting = order.status == OrderStatus.PENDING and order.payment_status in WAITING
    if (
        order.payment_method != PaymentMethod.ONLINE
        or not waiting
        or known is not None
        or provider is None
    ):
        raise errors.NothingToPay
    if open_ is None:
        open_ = Payment.objects.create(
            pk=payment_id,
            order=order,
            provider=provider.name,
            amount=order.total,
            currency=order.currency,
        )
        if order.payment_status == PaymentStatus.FAILED:
            lifecycle.set_payment_status(
                order,
                PaymentStatus.UNPAID,
                actor=lifecycle.Actor(customer.actor, order.user_id),
            )
    return order, open_, False


def _start_at_provider(order: Order, payment: Payment, *, base_url: str) -> Started:
    provider = gateways.get(payment.provider)
    if provider is None:
        raise gateways.ProviderRefused(f"{payment.provider} is not set up")
    charge = Charge(
        payment.pk, order.pk, order.number, payment.amount, payment.currency, base_url
    )
    started = provider.start(charge, ref=payment.provider_ref)
    if not payment.provider_ref:
        Payment.objects.filter(pk=payment.pk, provider_ref="").update(
            provider_ref=started.ref, updated_at=timezone.now()
        )
    return started


def abandon_payment(*, payment_id: UUID) -> None:
    """Tell the provider that the payment is not wanted any more; the body of a job.

    Raises: ProviderDown, and the job comes back. What cannot be called off is refunded once
    it succeeds."""
    payment = Payment.objects.filter(pk=payment_id).exclude(provider_ref="").first()
    provider = gateways.get(payment.provider) if payment else None
    if (
        payment is not None
        and provider is not None
        and payment.state == PaymentState.CANCELLED
    ):
        provider.abandon(payment.provider_ref)


def receive_webhook(
    *, provider_name: str, body: bytes, headers: Mapping[str, str]
) -> str:
    """Take a provider's webhook, and return what came of it: the first telling of an event
    takes effect, no other.

    Locks: the event's id, the order, stock in variant order.

    Raises:
        NotFound: the shop has no such provider.
        SignatureInvalid: it is not the provider's, or too old.
    """
    provider = gateways.get(provider_name)
    if provider is None:
        raise NotFound
    return record_notice(provider.read_webhook(body, headers))


def record_notice(notice: Notice) -> str:
    """Let what a provider told take effect, once; see `receive_webhook`."""
    outcome = transactions.retry_deadlocks(lambda: _record_once(notice))
    log.info(
        "payment.event",
        provider=notice.provider,
        event_id=notice.event_id,
        type=notice.type,
        outcome=outcome,
    )
    return outcome


@transaction.atomic(durable=True)
def _record_once(notice: Notice) -> str:
    transactions.limit_waits()
    if not _insert_event(notice):
        return "duplicate"
    if notice.outcome in (Outcome.REFUNDED, Outcome.REFUND_FAILED):
        return _note_outcome(notice, None, _take_refund_notice(notice))
    if notice.outcome == Outcome.OTHER:
        return _note_outcome(notice, None, "ignored")
    payment = _find_payment(notice)
    if payment is None:
        log.warning(
            "payment.unknown", provider=notice.provider, event_id=notice.event_id
        )
        return _note_outcome(notice, None, "unknown payment")
    order = lifecycle.lock_order(payment.order_id)
    payment = Payment.objects.get(pk=payment.pk)
    if notice.outcome == Outcome.SUCCEEDED:
        return _note_outcome(notice, payment, _take_success(order, payment, notice))
    return _note_outcome(notice, payment, _take_failure(order, payment, notice))


def _insert_event(notice: Notice) -> bool:
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


def _note_outcome(notice: Notice, payment: Payment | None, outcome: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE orders_paymentevent SET outcome = %s, payment_id = %s WHERE provider = %s AND event_id = %s",
            [
                outcome,
                payment.pk if payment else None,
                notice.provider,
                notice.event_id[:120],
            ],
        )
    return outcome


def _find_payment(notice: Notice) -> Payment | None:
    """Return the payment told of: by the provider's id, or by ours if the webhook was
    faster than its answer.
    """
    payments = Payment.objects.filter(provider=notice.provider)
    known = payments.filter(provider_ref=notice.ref).first() if notice.ref else None
    if known is None and notice.payment_id is not None:
        known = payments.filter(pk=notice.payment_id, provider_ref="").first()
    return known


def _take_success(order: Order, payment: Payment, notice: Notice) -> str:
    if payment.state == PaymentState.SUCCEEDED:
        return "known already"
    if notice.currency != payment.currency or notice.amount != payment.amount:
        lifecycle.request_attention(
            order,
            f"The provider was paid {notice.amount} {notice.currency}, not what is owed.",
        )
        return "another amount"
    first = order.payment_status in WAITING
    payment.state, payment.succeeded_at, payment.error = (
        PaymentState.SUCCEEDED,
        timezone.now(),
        "",
    )
    payment.provider_ref = payment.provider_ref or notice.ref
    payment.save(
        update_fields=["state", "succeeded_at", "error", "provider_ref", "updated_at"]
    )
    if not first:
        refunds.request_refund(
            order,
            amount=payment.amount,
            reason="The order was paid twice.",
            actor=GATEWAY,
            surplus=payment,
        )
        return "paid twice: refunded"
    for other in Payment.objects.filter(order=order, state=PaymentState.CREATED):
        other.state = PaymentState.CANCELLED
        other.save(update_fields=["state", "updated_at"])
        outbox.add(events.PaymentAbandoned(payment_id=other.pk))
    lifecycle.set_payment_status(
        order,
        PaymentStatus.PAID,
        actor=GATEWAY,
        paid_at=timezone.now(),
        expires_at=None,
    )
    outbox.add(events.OrderPaid(order_id=order.pk))
    if order.status == OrderStatus.CANCELLED:
        # Too late: the pieces may be somebody else's by now. The money goes back, and staff see it.
        refunds.request_refund(
            order,
            amount=order.total,
            reason="The payment came after the order had been cancelled.",
            actor=GATEWAY,
        )
        lifecycle.request_attention(
            order, "Paid after it was cancelled: the payment is being refunded."
        )
        return "too late: refunded"
    lifecycle.set_status(
        order, OrderStatus.CONFIRMED, actor=GATEWAY, from_=[OrderStatus.PENDING]
    )
    return "paid"


def _take_failure(order: Order, payment: Payment, notice: Notice) -> str:
    """Note a failure. The order keeps its stock until it expires, so that the shopper may
    try once more.
    """
    if payment.state != PaymentState.CREATED:
        return "known already"
    payment.state, payment.error = (
        PaymentState.FAILED,
        " ".join(notice.error.split())[:200],
    )
    payment.save(update_fields=["state", "error", "updated_at"])
    if (
        order.payment_status == PaymentStatus.UNPAID
        and order.status == OrderStatus.PENDING
    ):
        lifecycle.set_payment_status(
            order, PaymentStatus.FAILED, actor=GATEWAY, note=payment.error
        )
    return "failed"


def _take_refund_notice(notice: Notice) -> str:
    refund = (
        Refund.objects.filter(pk=notice.refund_id).first() if notice.refund_id else None
    )
    if refund is None:
        refund = Refund.objects.filter(
            payment__provider=notice.provider, provider_ref=notice.refund_ref
        ).first()
    if refund is None:
        return "unknown refund"
    order = lifecycle.lock_order(refund.order_id)
    refund = Refund.objects.get(pk=refund.pk)
    refunds.settle_locked_refund(
        order,
        refund,
        ref=notice.refund_ref,
        succeeded=notice.outcome == Outcome.REFUNDED,
        error=notice.error,
    )
    return notice.outcome.value
