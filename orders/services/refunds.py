"""Money that goes back: requested in a transaction, paid out by a job, and counted once."""

from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.db.models import uuid7
from markrin.outbox import handlers
from markrin.outbox import services as outbox
from orders import errors, events, gateways
from orders.models import Order, Payment, Refund
from orders.models.order import OrderEventKind, PaymentMethod, PaymentStatus
from orders.models.payment import PaymentState, RefundState
from orders.services import idempotency, lifecycle
from orders.services.lifecycle import SYSTEM, Actor


@transaction.atomic(durable=True)
def refund_order(
    *,
    order_id: UUID,
    actor: Actor,
    amount: Decimal | None,
    reason: str,
    idempotency_key: str | None,
) -> tuple[Refund, bool]:
    """Give back `amount`, or all that is left; cash has been handed over by now, an online
    payment a job sends back.

    Return the refund, and whether the key had asked for it before. Locks: the key, the order.

    Raises:
        IdempotencyKeyMissing, IdempotencyKeyReused, IdempotencyKeyInUse: see `idempotency`.
        NotFound: there is no such order.
        OrderNotIn: nothing of it is paid.
        RefundTooHigh: less than that is left.
    """
    key = idempotency.build_claim(
        scope=f"user:{actor.user_id}",
        key=idempotency_key,
        route=f"POST /api/staff/orders/{order_id}/refunds",
        body={"amount": amount, "reason": reason},
    )
    refund_id = uuid7()
    if (known := idempotency.claim_key(key, refund_id)) is not None:
        return Refund.objects.get(pk=known), True
    order = lifecycle.lock_order(order_id)
    if order.payment_status != PaymentStatus.PAID:
        raise errors.OrderNotIn(
            "Nothing is paid that could be refunded.", order_status=order.status
        )
    left = order.total - order.refunded
    if (amount or left) > left or not left:
        raise errors.RefundTooHigh(left=str(left))
    refund = request_refund(
        order, amount=amount or left, reason=reason, actor=actor, refund_id=refund_id
    )
    if order.payment_method == PaymentMethod.COD:
        finish_refund(order, refund, RefundState.SUCCEEDED, actor=actor)
    return refund, False


def request_refund(
    order: Order,
    *,
    amount: Decimal,
    reason: str,
    actor: Actor,
    surplus: Payment | None = None,
    refund_id: UUID | None = None,
) -> Refund:
    """Ask for a refund of a locked order, within the caller's transaction. A job pays out
    what was paid online.

    `surplus` is a payment that came on top of the one that paid the order: it goes back
    without counting. Cash is for a person to hand over."""
    payment = surplus or _find_paying_payment(order)
    refund = Refund.objects.create(
        pk=refund_id or uuid7(),
        order=order,
        payment=payment,
        amount=amount,
        reason=reason,
        surplus=surplus is not None,
        by_id=actor.user_id,
    )
    if surplus is None:
        Order.objects.filter(pk=order.pk).update(
            refunded=F("refunded") + amount, updated_at=timezone.now()
        )
        order.refunded += amount
    if payment is not None and payment.provider != PaymentMethod.COD:
        outbox.add(events.RefundRequested(order_id=order.pk, refund_id=refund.pk))
    elif actor.kind != "staff":
        lifecycle.request_attention(
            order, f"{amount} {order.currency} are to be given back in cash."
        )
    return refund


def _find_paying_payment(order: Order) -> Payment | None:
    """Return the payment that paid the order: the first that succeeded."""
    return (
        Payment.objects.filter(order=order, state=PaymentState.SUCCEEDED)
        .order_by("succeeded_at", "id")
        .first()
    )


@transaction.atomic(durable=True)
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
            ref=refund.payment.provider_ref,
            refund_id=refund.pk,
            amount=refund.amount,
            currency=refund.payment.currency,
        )
    except gateways.ProviderDown as exc:
        raise handlers.Unreachable(str(exc)) from exc
    except gateways.ProviderRefused as exc:
        close_refund(refund_id=refund_id, ref="", succeeded=False, error=str(exc))
        return {"refused": str(exc)[:200]}
    close_refund(
        refund_id=refund_id, ref=made.ref, succeeded=True if made.done else None
    )
    return {"provider_ref": made.ref}


@transaction.atomic(durable=True)
def close_refund(
    *, refund_id: UUID, ref: str, succeeded: bool | None, error: str = ""
) -> None:
    """Write down what the provider made of a refund; None where it does not know yet.
    Locks: the order.
    """
    order, refund = _lock_refund(refund_id)
    settle_locked_refund(order, refund, ref=ref, succeeded=succeeded, error=error)


def settle_locked_refund(
    order: Order, refund: Refund, *, ref: str, succeeded: bool | None, error: str = ""
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
        update_fields=["state", "finished_at", "provider_ref", "error", "updated_at"]
    )
    if state == RefundState.FAILED:
        if not refund.surplus:
            Order.objects.filter(pk=order.pk).update(
                refunded=F("refunded") - refund.amount, updated_at=timezone.now()
            )
            order.refunded -= refund.amount
        lifecycle.request_attention(
            order, f"A refund of {refund.amount} {order.currency} failed."
        )
        return
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
        and back.aggregate(sum=Sum("amount"))["sum"] == order.total
    ):
        lifecycle.set_payment_status(order, PaymentStatus.REFUNDED, actor=actor)
