"""Links under which an order can be paid: of orders that staff have taken by telephone, and for the
rest of one that costs more by now.
"""

from uuid import UUID

from django.conf import settings

from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.outbox import services as outbox
from orders import errors, events, gateways
from orders.gateways.base import ProviderRefused, Started
from orders.models import Order, Payment
from orders.models.order_event import OrderEventKind
from orders.models.order_status import BEFORE_SHIPPING
from orders.models.payment import PaymentState
from orders.services import lifecycle, mails, payments
from orders.services.lifecycle import Actor


def get_payment_link(*, order_id: UUID) -> str:
    """Return the address of the page on which the order can be paid, "" where it waits for no
    payment any more or its page has ended. Calls the provider: never within a transaction.

    Raises:
        ProviderDown: it does not answer.
    """
    order = Order.objects.get(pk=order_id)
    payment = Payment.objects.filter(
        order=order, state=PaymentState.CREATED
    ).first()
    if payment is None or order.status not in BEFORE_SHIPPING:
        return ""
    if gateways.get(payment.provider) is None:
        return ""
    try:
        started: Started = payments.start_at_provider(
            order, payment, base_url=settings.SHOP_URL
        )
    except ProviderRefused:
        return ""
    return started.redirect_url or ""


def mail_payment_link(*, order_id: UUID, wanted_id: UUID) -> mails.Sent:
    """Mail the customer the link to pay; nothing where there is none any more: the body of a
    job. Raises: ProviderDown, and the job comes back.
    """
    link = get_payment_link(order_id=order_id)
    if not link:
        return None
    return mails.send_order_mail(
        "payment_link", order_id, key=str(wanted_id), link=link
    )


@transactions.durable
def request_payment_link(*, order_id: UUID, actor: Actor) -> None:
    """Have the link to pay mailed, by a job. Locks: the order.

    Raises:
        NotFound: there is no such order.
        OrderNotIn: it waits for no online payment, or has no address for mails.
    """
    order = lifecycle.lock_order(order_id)
    if not waits_for_payment(order) or not order.email:
        raise errors.OrderNotIn(order_status=order.status)
    lifecycle.record_event(
        order,
        OrderEventKind.MAIL,
        actor=actor,
        note="The link to pay is mailed.",
        public=False,
    )
    outbox.add(events.PaymentLinkWanted(order_id=order.pk, wanted_id=uuid7()))


def waits_for_payment(order: Order) -> bool:
    """Return whether a link could be of use. One query."""
    return (
        order.status in BEFORE_SHIPPING
        and Payment.objects.filter(order=order, state=PaymentState.CREATED).exists()
    )
