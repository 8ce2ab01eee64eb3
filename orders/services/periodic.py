"""The clock's part: unpaid orders expire, lost webhooks are asked after, and nobody's money
stays behind.

Every one of these is a sweep: right whenever and however often it runs, by several processes too.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from markrin.db import transactions
from orders import gateways
from orders.models import Cart, IdempotencyKey, Order, Payment, Refund
from orders.models.order import OrderStatus, PaymentStatus
from orders.models.payment import PaymentState, RefundState
from orders.services import payments, refunds, transitions
from orders.services.lifecycle import SYSTEM

log = structlog.get_logger(__name__)

MAX_AT_ONCE = 200
BATCH = 1000
ASK_AFTER = timedelta(
    minutes=2
)  # how long a webhook may take before the provider is asked
ASK_UNTIL = timedelta(days=3)
KEEP_KEYS = timedelta(hours=48)
KEEP_GUEST_CARTS = timedelta(days=60)


def expire_orders() -> int:
    """Cancel the unpaid orders whose time is up, each in a transaction of its own; return how many.

    The provider is asked first, so that a payment whose webhook was lost still counts.
    Locks: an order, its coupon, its stock; an order that another process has locked is left
    for the next run."""
    due = Order.objects.filter(
        _waiting_for_payment(), expires_at__lte=timezone.now()
    ).order_by("expires_at")
    ids = list(due.values_list("pk", flat=True)[:MAX_AT_ONCE])
    _ask_providers(Payment.objects.filter(order__in=ids, state=PaymentState.CREATED))
    return sum(
        transactions.retry_deadlocks(partial(_expire_order, order_id))
        for order_id in ids
    )


def _waiting_for_payment() -> Q:
    return Q(status=OrderStatus.PENDING, payment_status__in=payments.WAITING)


@transaction.atomic(durable=True)
def _expire_order(order_id: UUID) -> bool:
    transactions.limit_waits()
    order = (
        Order.objects.filter(
            _waiting_for_payment(), pk=order_id, expires_at__lte=timezone.now()
        )
        .select_for_update(skip_locked=True, no_key=True, of=("self",))
        .first()
    )
    if order is None:
        return False
    transitions.cancel_locked_order(
        order, actor=SYSTEM, note="It was not paid in time."
    )
    return True


def settle_payments() -> dict[str, int]:
    """Find what the webhooks have left open, and settle it; return what was done.

    Open payments are asked after; orders that are cancelled but paid are refunded. Refunds
    have jobs of their own:
    those an hour old are only counted.
    """
    now = timezone.now()
    asked = _ask_providers(
        Payment.objects.filter(
            state=PaymentState.CREATED,
            created_at__lte=now - ASK_AFTER,
            created_at__gte=now - ASK_UNTIL,
        )
    )
    stranded = Order.objects.filter(
        status=OrderStatus.CANCELLED,
        payment_status=PaymentStatus.PAID,
        refunded__lt=F("total"),
    ).exclude(refunds__state=RefundState.FAILED)
    refunded = sum(
        _refund_cancelled(order_id)
        for order_id in list(stranded.values_list("pk", flat=True)[:MAX_AT_ONCE])
    )
    waiting = Refund.objects.filter(
        state=RefundState.REQUESTED, created_at__lte=now - timedelta(hours=1)
    ).count()
    return {"asked": asked, "refunded": refunded, "waiting": waiting}


@transaction.atomic(durable=True)
def _refund_cancelled(order_id: UUID) -> bool:
    order = (
        Order.objects.filter(
            pk=order_id, status=OrderStatus.CANCELLED, payment_status=PaymentStatus.PAID
        )
        .select_for_update(skip_locked=True, no_key=True, of=("self",))
        .first()
    )
    if order is None or order.refunded >= order.total:
        return False
    refunds.request_refund(
        order,
        amount=order.total - order.refunded,
        reason="The order was cancelled.",
        actor=SYSTEM,
    )
    return True


def _ask_providers(open_payments: Iterable[Payment]) -> int:
    """Ask the providers of these payments what became of them, and let it take effect;
    return of how many they knew.
    """
    known = 0
    for payment in list(open_payments):
        provider = gateways.get(payment.provider) if payment.provider_ref else None
        if provider is None:
            continue
        try:
            notice = provider.poll(payment.provider_ref)
        except (gateways.ProviderDown, gateways.ProviderRefused) as exc:
            log.warning("payment.not_asked", payment_id=str(payment.pk), error=str(exc))
            continue
        if notice is not None:
            payments.record_notice(notice)
            known += 1
    return known


def forget_old() -> dict[str, int]:
    """Delete idempotency keys after 48 hours and guests' carts untouched for 60 days, 1,000
    at a time; return how many.

    Locks: the carts that are deleted, unless somebody is using one just now.
    """
    now = timezone.now()
    return {
        "keys": _repeat_batches(lambda: _forget_keys(now)),
        "carts": _repeat_batches(lambda: _forget_carts(now)),
    }


def _repeat_batches(batch: Callable[[], int]) -> int:
    total = 0
    while deleted := batch():
        total += deleted
    return total


def _forget_keys(now: datetime) -> int:
    old = IdempotencyKey.objects.filter(created_at__lt=now - KEEP_KEYS).order_by(
        "created_at"
    )
    return IdempotencyKey.objects.filter(pk__in=old.values("pk")[:BATCH]).delete()[0]


@transaction.atomic(durable=True)
def _forget_carts(now: datetime) -> int:
    old = Cart.objects.filter(
        user=None, updated_at__lt=now - KEEP_GUEST_CARTS
    ).order_by("updated_at")
    ids = list(
        old.select_for_update(skip_locked=True, of=("self",)).values_list(
            "pk", flat=True
        )[:BATCH]
    )
    Cart.objects.filter(pk__in=ids).delete()
    return len(ids)
