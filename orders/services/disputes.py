"""Disputes: a shopper's bank asks the money of a payment back. Opened, won and lost at the
provider; the shop books what is taken, tells staff, and ships nothing meanwhile."""

from django.utils import timezone

from orders import errors
from orders.gateways.base import ProviderDispute
from orders.models import Dispute, Order, Payment
from orders.models.order_event import OrderEventKind
from orders.models.provider import DisputeStatus
from orders.services import ledger, lifecycle
from orders.services.lifecycle import GATEWAY


def take_from_provider(
    order: Order, payment: Payment, told: ProviderDispute
) -> str:
    """Write down what the provider says of a dispute of a locked order, within the caller's
    transaction. A telling that is older than what is known changes nothing.
    """
    status = DisputeStatus(told.status.value)
    known = Dispute.objects.filter(payment=payment, provider_ref=told.ref).first()
    if known is None:
        return _open_dispute(order, payment, told, status)
    if status == DisputeStatus.OPEN and known.status != DisputeStatus.OPEN:
        return "known already"
    before, was = known.withdrawn, known.status
    # A won one has been given back by the time that all has arrived, any other taken.
    latest = min if status == DisputeStatus.WON else max
    known.withdrawn = latest(before, told.withdrawn)
    if status == DisputeStatus.WON and was == DisputeStatus.OPEN:
        known.withdrawn = told.withdrawn
    if was == DisputeStatus.OPEN and status != DisputeStatus.OPEN:
        known.status, known.closed_at = status, timezone.now()
    if known.status == was and known.withdrawn == before:
        return "known already"
    known.save(update_fields=["withdrawn", "status", "closed_at", "updated_at"])
    ledger.book_dispute(order, known, withdrawn_before=before)
    if known.status != was:
        _tell(order, known)
    return f"dispute {known.status}"


def _open_dispute(
    order: Order, payment: Payment, told: ProviderDispute, status: DisputeStatus
) -> str:
    closed = status != DisputeStatus.OPEN
    dispute = Dispute.objects.create(
        order=order,
        payment=payment,
        provider_ref=told.ref,
        amount=told.amount,
        withdrawn=told.withdrawn,
        currency=told.currency,
        status=status,
        reason=told.reason[:100],
        opened_at=told.opened_at,
        closed_at=timezone.now() if closed else None,
    )
    ledger.book_dispute(order, dispute, withdrawn_before=dispute.withdrawn * 0)
    _tell(order, dispute)
    return f"dispute {dispute.status}"


def _tell(order: Order, dispute: Dispute) -> None:
    what = (
        f"A dispute over {dispute.amount} {dispute.currency} ({dispute.reason}) is"
    )
    if dispute.status == DisputeStatus.WON:
        lifecycle.record_event(
            order,
            OrderEventKind.NOTE,
            actor=GATEWAY,
            note=f"{what} won.",
            public=False,
        )
        return
    act = (
        "answer it at the provider"
        if dispute.status == DisputeStatus.OPEN
        else "a loss"
    )
    lifecycle.request_attention(order, f"{what} {dispute.status}: {act}."[:200])


def is_disputed(order: Order) -> bool:
    """Return whether a dispute of the order is open. One query."""
    return Dispute.objects.filter(order=order, status=DisputeStatus.OPEN).exists()


def refuse_if_open(order: Order) -> None:
    """Raises: DisputeOpen, if a dispute of the order is open."""
    if is_disputed(order):
        raise errors.DisputeOpen
