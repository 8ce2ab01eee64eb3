"""The clock's part: unpaid orders expire, lost webhooks are asked after, and nobody's money
stays behind.

Every one of these is a sweep: right whenever and however often it runs, by several processes too.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import F, Q
from django.utils import timezone

from markrin.db import transactions
from orders.models import (
    Cart,
    IdempotencyKey,
    Order,
    Payment,
    PaymentEvent,
    Refund,
    RefusedOrder,
)
from orders.models.order_status import OrderStatus, PaymentStatus
from orders.models.payment import PaymentState, RefundState
from orders.services import (
    invoice_files,
    payment_polling,
    refunds,
    transitions,
)
from orders.services.lifecycle import SYSTEM
from orders.services.provider_events import WAITING

log = structlog.get_logger(__name__)

MAX_AT_ONCE = 200
BATCH = 1000
KEEP_KEYS = timedelta(hours=48)
KEEP_GUEST_CARTS = timedelta(days=60)
KEEP_REFUSED = timedelta(days=30)
KEEP_EVENTS = timedelta(
    days=90
)  # providers repeat a webhook for days, not for months


def expire_orders() -> int:
    """Cancel the unpaid orders whose time is up, each in a transaction of its own; return how many.

    The provider is asked first, so that a payment whose webhook was lost still counts.
    Locks: an order, its coupon, its stock; an order that another process has locked is left
    for the next run."""
    due = Order.objects.filter(
        _waiting_for_payment(), expires_at__lte=timezone.now()
    ).order_by("expires_at")
    ids = list(due.values_list("pk", flat=True)[:MAX_AT_ONCE])
    # Whatever we took a payment for: a card that was declined may have been followed by another.
    payment_polling.ask_all(
        Payment.objects.filter(order__in=ids)
        .exclude(state=PaymentState.SUCCEEDED)
        .select_related("order")
        .order_by("id")
    )
    return sum(_expire_order(order_id) for order_id in ids)


def _waiting_for_payment() -> Q:
    return Q(status=OrderStatus.PENDING, payment_status__in=WAITING)


@transactions.durable
def _expire_order(order_id: UUID) -> bool:
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
    asked = payment_polling.ask_due()
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


@transactions.durable
def _refund_cancelled(order_id: UUID) -> bool:
    order = (
        Order.objects.filter(
            pk=order_id,
            status=OrderStatus.CANCELLED,
            payment_status=PaymentStatus.PAID,
        )
        .select_for_update(skip_locked=True, no_key=True, of=("self",))
        .first()
    )
    if order is None or order.refunded >= order.payable:
        return False
    refunds.request_refund(
        order,
        amount=order.payable - order.refunded,
        reason="The order was cancelled.",
        actor=SYSTEM,
    )
    return True


def forget_old() -> dict[str, int]:
    """Delete idempotency keys after 48 hours, orders that a limit refused after 30 days, guests'
    carts untouched for 60 and providers' webhooks after 90, 1,000 at a time; return how many.

    Locks: the carts that are deleted, unless somebody is using one just now.
    """
    now = timezone.now()
    return {
        "keys": _repeat_batches(lambda: _forget_keys(now)),
        "carts": _repeat_batches(lambda: _forget_carts(now)),
        "payment_events": _repeat_batches(lambda: _forget_events(now)),
        "refused_orders": _repeat_batches(lambda: _forget_refused(now)),
        "invoices": _repeat_batches(lambda: invoice_files.anonymise_old(now)),
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
    return IdempotencyKey.objects.filter(pk__in=old.values("pk")[:BATCH]).delete()[
        0
    ]


def _forget_refused(now: datetime) -> int:
    old = RefusedOrder.objects.filter(last_at__lt=now - KEEP_REFUSED).order_by(
        "last_at"
    )
    return RefusedOrder.objects.filter(pk__in=old.values("pk")[:BATCH]).delete()[0]


@transactions.durable
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


def _forget_events(now: datetime) -> int:
    """Delete a batch of the oldest events, if they are old enough; the ids are in their order."""
    oldest = PaymentEvent.objects.order_by("id").values_list("pk", "received_at")[
        :BATCH
    ]
    old = [pk for pk, received_at in oldest if received_at < now - KEEP_EVENTS]
    return PaymentEvent.objects.filter(pk__in=old).delete()[0] if old else 0
