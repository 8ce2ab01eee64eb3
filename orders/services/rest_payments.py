"""The rest of an order's money: what is owed again once pieces were added to an order that is paid,
or a replacement costs more than what it replaces. What was paid stays paid (`Order.part_paid`).
"""

from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.outbox import services as outbox
from orders import errors, events, gateways
from orders.models import Order, Payment
from orders.models.order_status import OrderStatus, PaymentMethod, PaymentStatus
from orders.models.payment import PaymentState
from orders.services import lifecycle
from orders.services.lifecycle import Actor


@transactions.requires_transaction
def close_pages(order: Order) -> None:
    """Give up the pages on which a locked order could be paid; a job tells the provider. What is
    paid on one all the same is told by it: see `provider_events`.
    """
    for payment in Payment.objects.filter(order=order, state=PaymentState.CREATED):
        payment.state = PaymentState.CANCELLED
        payment.save(update_fields=["state", "updated_at"])
        outbox.add(events.PaymentAbandoned(payment_id=payment.pk))


@transactions.requires_transaction
def owe_rest(order: Order, paid: Decimal, *, actor: Actor) -> bool:
    """Let a locked order, which was paid and costs more by now, wait for the difference. Return as
    `renew_page`.

    `paid` is what was paid for it, without gift cards. Cash is collected at the door; else a page
    is opened and its link mailed.

    Raises: OrderNotIn: no provider is set up.
    """
    lifecycle.set_payment_status(
        order, PaymentStatus.UNPAID, actor=actor, paid_at=None, part_paid=paid
    )
    return renew_page(order)


@transactions.requires_transaction
def renew_page(order: Order) -> bool:
    """Open a page for what a locked order owes by now, in the place of another, and have its link
    mailed. Return whether there is one: not where it owes nothing, or cash.

    Raises: OrderNotIn: no provider is set up.
    """
    close_pages(order)
    waits = order.payment_status in (PaymentStatus.UNPAID, PaymentStatus.FAILED)
    if order.payment_method != PaymentMethod.ONLINE or not waits or order.due <= 0:
        return False
    provider = gateways.current()
    if provider is None:
        raise errors.OrderNotIn(
            "There is no way to pay the rest online.", order_status=order.status
        )
    earlier = Payment.objects.filter(order=order).order_by("-id")
    Payment.objects.create(
        order=order,
        provider=provider.name,
        amount=order.due,
        currency=order.currency,
        return_url=earlier.values_list("return_url", flat=True).first() or "",
    )
    outbox.add(events.PaymentLinkWanted(order_id=order.pk, wanted_id=uuid7()))
    return True


@transactions.requires_transaction
def count_part(order: Order, payment: Payment) -> None:
    """Count a payment of a locked order, of less than is due by now, as a part of it, and ask for
    the rest.
    """
    part = order.part_paid + payment.amount
    Order.objects.filter(pk=order.pk).update(
        part_paid=part, updated_at=timezone.now()
    )
    order.part_paid = part
    renew_page(order)


@transactions.requires_transaction
def let_replacement_wait(made: Order) -> None:
    """Let the locked order of a replacement, which pieces that came back have paid in part, wait
    for the difference: by a link for ORDER_LINK_TTL_S, or at the door where there is no provider.
    """
    if gateways.current() is None:
        Order.objects.filter(pk=made.pk).update(payment_method=PaymentMethod.COD)
        made.payment_method = PaymentMethod.COD
        lifecycle.set_status(
            made,
            OrderStatus.CONFIRMED,
            actor=lifecycle.SYSTEM,
            from_=[OrderStatus.PENDING],
        )
        return
    ends = timezone.now() + timedelta(seconds=settings.ORDER_LINK_TTL_S)
    Order.objects.filter(pk=made.pk).update(expires_at=ends)
    made.expires_at = ends
    renew_page(made)
