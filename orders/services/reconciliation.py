"""A provider's lists are held against what the shop has booked, both ways.

What the shop can book by itself it books: a payment whose webhook was lost, a refund or a dispute
that was made at the provider. Each is a difference that is settled at once. What it cannot is a
difference for a person, who says how it was settled. Running it again changes nothing more.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import islice
from typing import Final, TypeVar
from uuid import UUID

import psycopg
import structlog
from django.db import DatabaseError, DataError, IntegrityError
from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.db import transactions
from orders import errors, gateways
from orders.gateways.base import (
    Outcome,
    Period,
    Provider,
    ProviderCharge,
    ProviderDispute,
    ProviderDown,
    ProviderPayout,
    ProviderRefund,
    ProviderRefused,
)
from orders.models import (
    Difference,
    Dispute,
    Order,
    Payment,
    Reconciliation,
    Refund,
)
from orders.models.payment import PaymentState, RefundState
from orders.models.provider import DifferenceKind
from orders.services import disputes, lifecycle, payment_polling, payouts, refunds
from orders.services.lifecycle import Actor

T = TypeVar("T")
log = structlog.get_logger(__name__)

# A late payment is listed by the time at which the shopper tried to pay, up to days before.
LOOK_BACK: Final = timedelta(days=8)
# A refund that has gone out can come back for 30 days, and a bank decides about a dispute within
# months. Both are listed by when they began: those of so long before a period are looked at, too.
# Source: docs.stripe.com/refunds ("failed refunds"), docs.stripe.com/disputes; read 2026-11.
REFUNDS_CHANGE_FOR: Final = timedelta(days=45)
DISPUTES_CHANGE_FOR: Final = timedelta(days=120)
SLACK: Final = timedelta(hours=1)  # between the provider's clock and ours
BATCH: Final = 100  # things of the provider's that are looked up at once


@dataclass
class _Run:
    """One comparison with one provider."""

    provider: Provider
    period: Period
    row: Reconciliation

    def record_difference(
        self,
        kind: DifferenceKind,
        ref: str,
        cause: str,
        *,
        currency: str,
        ours: Decimal | None = None,
        theirs: Decimal | None = None,
        order_id: UUID | None = None,
        settled: str = "",
    ) -> None:
        """Record a difference, unless it is open already; `settled` says how it ended."""
        now = timezone.now()
        open_ = Difference.objects.filter(
            provider=self.provider.name, kind=kind, ref=ref, settled_at=None
        )
        if settled:
            # Also what an earlier run had left open: it could be booked by now.
            open_.update(settled_at=now, settled_how=settled[:200], updated_at=now)
        elif open_.exists():
            return
        Difference.objects.create(
            reconciliation=self.row,
            provider=self.provider.name,
            kind=kind,
            ref=ref[:120],
            order_id=order_id,
            ours=ours,
            theirs=theirs,
            currency=currency,
            cause=cause[:200],
            settled_at=now if settled else None,
            settled_how=settled[:200],
        )
        self.row.found += 1


def reconcile_recent() -> dict[str, int]:
    """Compare the last days with each provider that the shop has credentials for; return how many
    differences each has left for a person.
    """
    until = timezone.now()
    period = Period(until - LOOK_BACK, until)
    left = {
        provider.name: _count_open(reconcile(provider, period))
        for provider in gateways.configured()
        if provider.keeps_books
    }
    if sum(left.values()):
        log.error(
            "differences_open", **left
        )  # a person has to look: /admin/ > Differences
    return left


def reconcile(provider: Provider, period: Period) -> Reconciliation:
    """Hold a provider's charges, refunds, disputes and payouts of a period against ours.

    Never within a transaction; each thing that can be booked is booked in one of its own. If the
    provider stops answering, the row says so and the next run does the whole again.
    """
    row = Reconciliation.objects.create(
        provider=provider.name, since=period.since, until=period.until
    )
    run = _Run(provider, period, row)
    try:
        _compare_charges(run)
        _compare_refunds(run)
        _compare_disputes(run)
        _compare_payouts(run)
        row.finished_at = timezone.now()
    except (ProviderDown, ProviderRefused) as exc:
        row.error = f"{type(exc).__name__}: {exc}"[:200]
    row.save()
    log.info(
        "reconciliation",
        provider=provider.name,
        charges=row.charges,
        refunds=row.refunds,
        found=row.found,
        error=row.error,
    )
    return row


def list_open_differences(*, provider: str | None = None) -> Iterator[Difference]:
    """Yield the differences that nobody has settled, the oldest first."""
    found = Difference.objects.filter(settled_at=None).order_by("id")
    yield from found.filter(provider=provider) if provider else found


@transactions.durable
def settle_difference(*, difference_id: UUID, actor: Actor, how: str) -> None:
    """Say how a difference was settled. Locks: it.

    Raises: NotFound; DifferenceSettled, if somebody has.
    """
    difference = Difference.objects.locked().filter(pk=difference_id).first()
    if difference is None:
        raise NotFound
    if difference.settled_at is not None:
        raise errors.DifferenceSettled
    difference.settled_at, difference.settled_how = timezone.now(), how
    difference.settled_by_id = actor.user_id
    difference.save(
        update_fields=["settled_at", "settled_how", "settled_by", "updated_at"]
    )


def _in_batches(told: Iterable[T]) -> Iterator[list[T]]:
    """Yield what the provider lists, so many at a time that one statement can ask about."""
    rest = iter(told)
    while batch := list(islice(rest, BATCH)):
        yield batch


def _begin_earlier(period: Period, by: timedelta) -> Period:
    return Period(period.since - by, period.until)


def _count_open(row: Reconciliation) -> int:
    return row.differences.filter(settled_at=None).count()


# --- Charges -------------------------------------------------------------------------------------
def _compare_charges(run: _Run) -> None:
    seen: set[str] = set()
    for charges in _in_batches(run.provider.list_charges(run.period)):
        booked = _list_booked_charges(run, charges)
        for charge in charges:
            seen.add(charge.charge_ref)
            run.row.charges += 1
            if (charge.charge_ref, charge.amount, charge.currency) in booked:
                continue
            with _recording(run, DifferenceKind.CHARGE, charge.charge_ref, charge):
                _compare_charge(run, charge)
    ours = Payment.objects.filter(
        provider=run.provider.name,
        state=PaymentState.SUCCEEDED,
        created_at__gte=run.period.since + SLACK,
        succeeded_at__lt=run.period.until - SLACK,
    ).exclude(charge_ref__in=seen)
    for payment in ours.order_by("id").iterator():
        _look_for_payment(run, payment)


def _list_booked_charges(
    run: _Run, charges: list[ProviderCharge]
) -> set[tuple[str, Decimal, str]]:
    """Return reference, amount and currency of those that are booked: nearly all, as a rule."""
    return set(
        Payment.objects.filter(
            provider=run.provider.name,
            charge_ref__in=[charge.charge_ref for charge in charges],
            state=PaymentState.SUCCEEDED,
        ).values_list("charge_ref", "amount", "currency")
    )


def _compare_charge(run: _Run, charge: ProviderCharge) -> None:
    known = _payment_of(run, charge.charge_ref)
    settled = ""
    if known is None:
        settled = _book_charge(run, charge)
        known = _payment_of(run, charge.charge_ref)
        cause = "The money came, and no webhook or answer had told so."
    elif (known.amount, known.currency) == (charge.amount, charge.currency):
        return
    else:
        cause = "The provider took another amount than was booked."
    if known is None:
        cause = "The money is of no payment of the shop."
    run.record_difference(
        DifferenceKind.CHARGE,
        charge.charge_ref,
        cause,
        currency=charge.currency,
        ours=known.amount if known and not settled else None,
        theirs=charge.amount,
        order_id=known.order_id if known else None,
        settled=settled if known else "",
    )


def _book_charge(run: _Run, charge: ProviderCharge) -> str:
    """Book money that nobody has told of; return what was done, or "" if it is nobody's."""
    try:
        notice = run.provider.look_up(charge.charge_ref)
    except ProviderRefused:
        return ""
    if notice.outcome != Outcome.SUCCEEDED:
        return ""
    outcome = payment_polling.record_charge(notice)
    return f"Booked now: {outcome}."


def _look_for_payment(run: _Run, payment: Payment) -> None:
    """A payment of ours is not in the list: ask for it by its name before saying so."""
    try:
        notice = run.provider.look_up(payment.charge_ref or payment.provider_ref)
        there = (
            notice.outcome == Outcome.SUCCEEDED and notice.amount == payment.amount
        )
    except ProviderRefused:
        there = False
    if not there:
        run.record_difference(
            DifferenceKind.CHARGE,
            payment.charge_ref or str(payment.pk),
            "The shop has booked a payment that the provider does not have.",
            currency=payment.currency,
            ours=payment.amount,
            order_id=payment.order_id,
        )


# --- Refunds -------------------------------------------------------------------------------------
def _compare_refunds(run: _Run) -> None:
    seen: set[str] = set()
    period = _begin_earlier(run.period, REFUNDS_CHANGE_FOR)
    for batch in _in_batches(run.provider.list_refunds(period)):
        booked = _list_booked_refunds(run, batch)
        for told in batch:
            seen.add(told.ref)
            run.row.refunds += 1
            if (told.charge_ref, told.ref, told.succeeded) in booked:
                continue
            with _recording(run, DifferenceKind.REFUND, told.ref, told):
                _compare_refund(run, told)
    ours = Refund.objects.filter(
        payment__provider=run.provider.name,
        state=RefundState.SUCCEEDED,
        created_at__gte=period.since + SLACK,
        finished_at__lt=period.until - SLACK,
    ).exclude(provider_ref__in=seen)
    for refund in ours.select_related("payment").order_by("id").iterator():
        run.record_difference(
            DifferenceKind.REFUND,
            refund.provider_ref or str(refund.pk),
            "The shop has booked a refund that the provider does not have.",
            currency=refund.payment.currency if refund.payment else "",
            ours=refund.amount,
            order_id=refund.order_id,
        )


def _list_booked_refunds(
    run: _Run, told: list[ProviderRefund]
) -> set[tuple[str, str, bool]]:
    """Return charge, reference and outcome of those that are booked as they went."""
    ended = Refund.objects.filter(
        payment__provider=run.provider.name,
        payment__charge_ref__in=[refund.charge_ref for refund in told],
        provider_ref__in=[refund.ref for refund in told],
        state__in=(RefundState.SUCCEEDED, RefundState.FAILED),
    ).values_list("payment__charge_ref", "provider_ref", "state")
    return {
        (charge, ref, state == RefundState.SUCCEEDED)
        for charge, ref, state in ended
    }


def _compare_refund(run: _Run, told: ProviderRefund) -> None:
    payment = _payment_of(run, told.charge_ref)
    if payment is None:
        if told.succeeded is not False and _is_ours_to_know(run, told.charge_ref):
            run.record_difference(
                DifferenceKind.REFUND,
                told.ref,
                "The refund is of no payment of the shop.",
                currency=told.currency,
                theirs=told.amount,
            )
        return
    outcome = _within(
        payment,
        lambda order: refunds.take_from_provider(
            order, payment, told, is_current=True
        ),
    )
    if outcome in ("known already", "refund_pending"):
        return
    if told.succeeded is False and outcome == "refund_failed":
        known = Refund.objects.filter(
            payment=payment, provider_ref=told.ref
        ).exists()
        if not known:
            return  # it failed before we heard of it: nothing has moved
    run.record_difference(
        DifferenceKind.REFUND,
        told.ref,
        "No webhook had told how the refund went.",
        currency=told.currency,
        theirs=told.amount,
        order_id=payment.order_id,
        settled=f"Booked now: {outcome}.",
    )


def _is_ours_to_know(run: _Run, charge_ref: str) -> bool:
    """Return whether the money of a refund had come in: what was only authorized went back by
    itself, and was never the shop's.
    """
    try:
        return run.provider.look_up(charge_ref).outcome == Outcome.SUCCEEDED
    except ProviderRefused:
        return True


# --- Disputes and payouts ------------------------------------------------------------------------
def _compare_disputes(run: _Run) -> None:
    seen: set[str] = set()
    period = _begin_earlier(run.period, DISPUTES_CHANGE_FOR)
    for told in run.provider.list_disputes(period):
        seen.add(told.ref)
        run.row.disputes += 1
        with _recording(run, DifferenceKind.DISPUTE, told.ref, told):
            _compare_dispute(run, told)
    ours = Dispute.objects.filter(
        payment__provider=run.provider.name,
        opened_at__gte=period.since + SLACK,
        opened_at__lt=period.until - SLACK,
    ).exclude(provider_ref__in=seen)
    for dispute in ours.order_by("id").iterator():
        run.record_difference(
            DifferenceKind.DISPUTE,
            dispute.provider_ref,
            "The shop has booked a dispute that the provider does not have.",
            currency=dispute.currency,
            ours=dispute.amount,
            order_id=dispute.order_id,
        )


def _compare_dispute(run: _Run, told: ProviderDispute) -> None:
    payment = _payment_of(run, told.charge_ref)
    if payment is None:
        run.record_difference(
            DifferenceKind.DISPUTE,
            told.ref,
            "The dispute is of no payment of the shop.",
            currency=told.currency,
            theirs=told.amount,
        )
        return
    outcome = _within(
        payment, lambda order: disputes.take_from_provider(order, payment, told)
    )
    if outcome != "known already":
        run.record_difference(
            DifferenceKind.DISPUTE,
            told.ref,
            "No webhook had told how the dispute stands.",
            currency=told.currency,
            theirs=told.amount,
            order_id=payment.order_id,
            settled=f"Booked now: {outcome}.",
        )


def _compare_payouts(run: _Run) -> None:
    for told in run.provider.list_payouts(run.period):
        run.row.payouts += 1
        with _recording(run, DifferenceKind.PAYOUT, told.ref, told):
            _compare_payout(run, told)


def _compare_payout(run: _Run, told: ProviderPayout) -> None:
    if payouts.take_from_provider(run.provider.name, told):
        run.record_difference(
            DifferenceKind.PAYOUT,
            told.ref,
            "No webhook had told of the payout.",
            currency=told.currency,
            theirs=told.amount,
            settled="Booked now.",
        )


@contextmanager
def _recording(
    run: _Run,
    kind: DifferenceKind,
    ref: str,
    told: ProviderCharge | ProviderRefund | ProviderDispute | ProviderPayout,
) -> Iterator[None]:
    """Record what the books cannot take as a difference for a person, and go on: one thing of the
    provider's must not keep all others from being compared.
    """
    try:
        yield
    except (IntegrityError, DataError) as exc:
        rule = _rule_of(exc)
        log.exception("cannot_be_booked", kind=kind, ref=ref, rule=rule)
        run.record_difference(
            kind,
            ref,
            f"It cannot be booked: it breaks the rule {rule or 'of its amounts'}.",
            currency=told.currency,
            theirs=told.amount,
        )


def _rule_of(exc: DatabaseError) -> str | None:
    cause = exc.__cause__
    return cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None


@transactions.durable
def _within(payment: Payment, book: Callable[[Order], str]) -> str:
    """Run `book` in a transaction with the payment's order locked; return what it returns."""
    return book(lifecycle.lock_order(payment.order_id))


def _payment_of(run: _Run, charge_ref: str) -> Payment | None:
    return Payment.objects.filter(
        provider=run.provider.name,
        charge_ref=charge_ref,
        state=PaymentState.SUCCEEDED,
    ).first()
