"""The queue of orders that a limit refused: kept for staff, who allow one more or dismiss it."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.db import transactions
from orders import errors
from orders.models import Cart, RefusedOrder
from orders.models.refused import NEXT_REFUSED_STATE, RefusedOrderState
from orders.services.lifecycle import Actor
from orders.services.order_limits import OrderLimitReached

ALLOWED_FOR = timedelta(hours=24)
COUNTED = 1_000  # a longer queue is "more than" that


@dataclass(frozen=True)
class Sender:
    """Who wanted to order, as they say; `user` is the account that they were signed in to."""

    email: str
    phone: str
    recipient: str
    user_id: UUID | None = None
    cart: Cart | None = None


@transactions.durable
def record_refusal(refusal: OrderLimitReached, sender: Sender) -> None:
    """Put a refused order into the queue, or count one more try of the one that is open."""
    seen = {
        "email": sender.email.lower(),
        "phone": sender.phone,
        "recipient": sender.recipient,
        "pieces": refusal.pieces,
        "cart": sender.cart,
        "user_id": sender.user_id,
        "last_at": timezone.now(),
    }
    is_known = RefusedOrder.objects.filter(
        limit=refusal.limit, sender=refusal.sender, state=RefusedOrderState.OPEN
    ).update(tries=F("tries") + 1, updated_at=timezone.now(), **seen)
    if not is_known:
        row = RefusedOrder(limit=refusal.limit, sender=refusal.sender, **seen)
        # Another request may have put it there since.
        RefusedOrder.objects.bulk_create([row], ignore_conflicts=True)


@transactions.requires_transaction
def use_allowance(*, email: str, phone: str) -> bool:
    """Return whether staff have allowed this person one order more, and use that up.

    Part of the order's transaction: an order that fails uses nothing up. Locks: the row.
    """
    allowed = (
        RefusedOrder.objects.filter(
            state=RefusedOrderState.ALLOWED,
            email=email.lower(),
            phone=phone,
            allowed_until__gt=timezone.now(),
        )
        .order_by("pk")
        .select_for_update(no_key=True, skip_locked=True, of=("self",))
        .first()
    )
    if allowed is None:
        return False
    allowed.state = RefusedOrderState.USED
    allowed.save(update_fields=["state", "updated_at"])
    return True


@transactions.durable
def allow_order(*, refused_id: UUID, actor: Actor) -> RefusedOrder:
    """Let the person order once more within ALLOWED_FOR, whatever the limits say. Locks: the row.

    Raises: NotFound; RefusedOrderDecided, if somebody has decided already.
    """
    row = _decide(refused_id, RefusedOrderState.ALLOWED, actor)
    row.allowed_until = timezone.now() + ALLOWED_FOR
    row.save()
    return row


@transactions.durable
def dismiss_order(*, refused_id: UUID, actor: Actor) -> RefusedOrder:
    """Leave the refusal as it is, or take an allowance back. Locks: the row.

    Raises: NotFound; RefusedOrderDecided, if somebody has decided already.
    """
    row = _decide(refused_id, RefusedOrderState.DISMISSED, actor)
    row.save()
    return row


def _decide(
    refused_id: UUID, state: RefusedOrderState, actor: Actor
) -> RefusedOrder:
    row = RefusedOrder.objects.locked().filter(pk=refused_id).first()
    if row is None:
        raise NotFound
    if state not in NEXT_REFUSED_STATE[row.state]:
        raise errors.RefusedOrderDecided
    row.state, row.decided_at, row.decided_by_id = (
        state,
        timezone.now(),
        actor.user_id,
    )
    return row


def count_open() -> int:
    """Return how many wait for staff, counted up to COUNTED + 1. One query."""
    waiting = RefusedOrder.objects.filter(state=RefusedOrderState.OPEN).order_by()
    return waiting[: COUNTED + 1].count()
