"""Providers are asked after everything that they may still take: a webhook can be lost, a declined
card be followed by another, and money arrive after the order was cancelled.

Each payment is asked after at growing intervals, from two minutes up to six hours, until its page
cannot take anything any more, at the latest a week after its end. What comes later than that is
found by the nightly comparison (`reconciliation`).
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.utils import timezone

from orders import gateways
from orders.gateways.base import Notice, Outcome, ProviderDown, ProviderRefused
from orders.models import Payment
from orders.models.order_status import BEFORE_SHIPPING
from orders.models.payment import PaymentState
from orders.services import provider_events

log = structlog.get_logger(__name__)

SHORTEST: Final = timedelta(
    minutes=2
)  # how long a webhook may take before the provider is asked
LONGEST: Final = timedelta(hours=6)
AFTER_END: Final = timedelta(days=7)
UNKNOWN_LIFE: Final = timedelta(
    days=1
)  # of a page that does not say when it closes
MAX_AT_ONCE: Final = 200
MAX_SILENCES: Final = (
    3  # calls in vain before a provider is left alone for this run
)


def ask_due() -> int:
    """Ask after the payments whose time has come; return of how many the provider knew anything."""
    due = (
        Payment.objects.filter(ask_at__lte=timezone.now())
        .select_related("order")
        .order_by("ask_at", "id")
    )
    return ask_all(due[:MAX_AT_ONCE])


def ask_all(payments: Iterable[Payment]) -> int:
    """Ask after these payments; return of how many the provider knew anything.

    A provider that has not answered three times in a row is not asked any more in this run.
    """
    silences: Counter[str] = Counter()
    known = 0
    for payment in list(payments):
        if silences[payment.provider] >= MAX_SILENCES:
            continue
        try:
            known += ask(payment)
            silences[payment.provider] = 0
        except (ProviderDown, ProviderRefused) as exc:
            silences[payment.provider] += isinstance(exc, ProviderDown)
            log.warning(
                "payment.not_asked", payment_id=str(payment.pk), error=str(exc)
            )
            _ask_again(payment)
    return known


def ask(payment: Payment) -> bool:
    """Ask what has become of a payment, and let it take effect; return whether anything was known.

    Never within a transaction. What is only authorized is captured if its order still waits for
    it, and else left: the provider gives it back by itself.

    Raises: ProviderDown, ProviderRefused.
    """
    provider = gateways.get(payment.provider) if payment.provider_ref else None
    if provider is None:
        Payment.objects.filter(pk=payment.pk).update(ask_at=None)
        return False
    order = payment.order
    waits = (
        order.status in BEFORE_SHIPPING
        and order.payment_status in provider_events.WAITING
        and payment.state != PaymentState.SUCCEEDED
    )
    asked = provider.ask(payment.provider_ref, capture=waits)
    for notice in _in_order(asked.notices):
        provider_events.record_notice(notice)
    if asked.is_over:
        Payment.objects.filter(pk=payment.pk).update(ask_at=None)
    else:
        _ask_again(payment)
    return bool(asked.notices)


def look_up_charge(*, provider_name: str, charge_ref: str) -> dict[str, str]:
    """Find out for which payment money came, and let it take effect; the body of a job.

    Raises: ProviderDown, and the job comes back.
    """
    provider = gateways.get(provider_name)
    if provider is None:
        return {"outcome": "no such provider"}
    try:
        notice = provider.look_up(charge_ref)
    except ProviderRefused as exc:
        return {"outcome": str(exc)[:200]}
    return {"outcome": record_charge(notice)}


def record_charge(notice: Notice) -> str:
    """Let an answer about a charge take effect; one that is only authorized is asked after by its
    page, which captures it or leaves it.
    """
    if notice.outcome != Outcome.ASK:
        return provider_events.record_notice(notice)
    payment = _payment_of(notice.provider, notice.ref, notice.payment_id)
    if payment is None:
        return "unknown payment"
    ask(payment)
    return "asked after"


def _payment_of(provider: str, ref: str, payment_id: UUID | None) -> Payment | None:
    payments = Payment.objects.select_related("order").filter(provider=provider)
    found = payments.filter(provider_ref=ref).first() if ref else None
    return found or (payments.filter(pk=payment_id).first() if payment_id else None)


def _in_order(notices: tuple[Notice, ...]) -> list[Notice]:
    """Return declines first, then what was paid, then that the page has ended."""
    rank = {Outcome.DECLINED: 0, Outcome.SUCCEEDED: 1}
    return sorted(
        (one for one in notices if one.outcome not in (Outcome.ASK, Outcome.OTHER)),
        key=lambda one: rank.get(one.outcome, 2),
    )


def _ask_again(payment: Payment) -> None:
    now = timezone.now()
    Payment.objects.filter(pk=payment.pk).exclude(
        state=PaymentState.SUCCEEDED
    ).update(
        ask_at=next_ask(now, created_at=payment.created_at, ends_at=payment.ends_at)
    )


def next_ask(
    now: datetime, *, created_at: datetime, ends_at: datetime | None
) -> datetime | None:
    """Return when to ask after a page again, or None where it is time to leave it.

    Half its age later, at least two minutes and at most six hours; and once just after its end.
    """
    ends_at = ends_at or created_at + UNKNOWN_LIFE
    if now >= ends_at + AFTER_END:
        return None
    then = now + min(max((now - created_at) / 2, SHORTEST), LONGEST)
    just_after = ends_at + timedelta(seconds=30)
    return min(then, just_after) if now < just_after else then
