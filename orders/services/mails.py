"""What customers are told by mail: the order as it is when the mail goes out. An erased
customer gets none.
"""

from typing import Final
from uuid import UUID

from django.conf import settings

from markrin import localized
from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.mail import sending
from markrin.outbox import services as outbox
from orders import errors, events
from orders.models import Order, Refund
from orders.models.order import (
    OrderEventKind,
    OrderStatus,
    PaymentMethod,
    PaymentStatus,
)
from orders.services import lifecycle
from orders.services.lifecycle import Actor

Sent = dict[str, str] | None
# What staff may send again: the template's name → what they call it.
MAILS: Final = {
    "placed": "Confirmation of the order",
    "shipped": "The parcel is on its way",
    "delivered": "The parcel has arrived",
    "cancelled": "The order is cancelled",
}


def mail_confirmation(*, order_id: UUID) -> Sent:
    """Tell the customer that the order has arrived, and what is in it."""
    return _send_mail("placed", order_id)


def mail_shipped(*, order_id: UUID) -> Sent:
    """Tell the customer that the parcel is on its way."""
    return _send_mail("shipped", order_id)


def mail_delivered(*, order_id: UUID) -> Sent:
    """Thank the customer, and ask for a review."""
    return _send_mail("delivered", order_id)


def mail_cancelled(*, order_id: UUID) -> Sent:
    """Tell the customer that nothing will come, and why."""
    return _send_mail("cancelled", order_id, why=_get_cancel_reason(order_id))


def _get_cancel_reason(order_id: UUID) -> str:
    order = Order.objects.with_lines().get(pk=order_id)
    return next(
        (
            event.note
            for event in order.events.all()
            # A guest may have given a stranger's address: nobody is mailed a guest's words.
            if event.to_status == "cancelled" and event.actor != "guest"
        ),
        "",
    )


def mail_refunded(*, order_id: UUID, refund_id: UUID) -> Sent:
    """Tell the customer what goes back."""
    refund = Refund.objects.get(pk=refund_id)
    return _send_mail(
        "refunded",
        order_id,
        key=refund_id,
        back=localized.format_money(refund.amount, settings.SHOP_CURRENCY),
    )


def mail_staff(*, order_id: UUID) -> Sent:
    """Tell staff (STAFF_MAIL) of an order that needs a person; nothing once somebody has
    seen to it.
    """
    order = Order.objects.with_lines().get(pk=order_id)
    if not order.attention:
        return None
    sent: dict[str, str] = {}
    for to in settings.STAFF_MAIL:
        key = f"orders.person_needed:{order.pk}:{order.attention}:{to}"
        sent |= sending.send_mail(
            template="orders/person_needed",
            to=to,
            context=build_context(order),
            key=key,
        )
    return sent


def list_mails(order: Order) -> list[str]:
    """Return the names of the mails that fit where the order is now: those which it has had
    and that are still true.
    """
    had = {
        "placed": True,
        "shipped": order.status in (OrderStatus.SHIPPED, OrderStatus.DELIVERED),
        "delivered": order.status == OrderStatus.DELIVERED,
        "cancelled": order.status == OrderStatus.CANCELLED,
    }
    return [name for name in MAILS if had[name] and order.email]


@transactions.durable
def resend_mail(*, order_id: UUID, mail_name: str, actor: Actor) -> None:
    """Have one of the order's mails sent again, by a job, and write that into the private
    history. Locks: the order.

    Raises:
        NotFound: there is no such order.
        OrderNotIn: the mail does not fit where the order is now, or there is no address to
            send it to.
    """
    order = lifecycle.lock_order(order_id)
    if mail_name not in list_mails(order):
        raise errors.OrderNotIn(
            "This mail does not fit the order as it is now.", order_status=order.status
        )
    note = f"To be sent again: {MAILS[mail_name]}."
    lifecycle.record_event(
        order, OrderEventKind.MAIL, actor=actor, note=note, public=False
    )
    outbox.add(
        events.MailWanted(order_id=order.pk, mail_name=mail_name, wanted_id=uuid7())
    )


def send_mail_again(*, order_id: UUID, mail_name: str, wanted_id: UUID) -> Sent:
    """Send a mail of the order once more: the body of the job. Its Message-ID is its own,
    and the same at each try.
    """
    more = {"why": _get_cancel_reason(order_id)} if mail_name == "cancelled" else {}
    return _send_mail(mail_name, order_id, key=wanted_id, **more)


def _send_mail(
    name: str, order_id: UUID, *, key: UUID | None = None, **more: object
) -> Sent:
    order = Order.objects.with_lines().select_related("user").get(pk=order_id)
    to = order.user.email if order.user is not None else order.email
    if not order.email or (order.user is not None and not order.user.is_active):
        return None
    return sending.send_mail(
        template=f"orders/{name}",
        to=to,
        context={**build_context(order), **more},
        key=f"orders.{name}:{key or order.pk}",
        language=order.language or None,
    )


def build_context(order: Order) -> dict[str, object]:
    """Return what every template of an order may show: the order, its lines and its amounts
    as text.
    """
    names = ("subtotal", "discount", "shipping", "tax", "total", "refunded")
    return {
        "order": order,
        "lines": [
            {
                "quantity": line.quantity,
                "name": line.name,
                "kind": ", ".join(filter(None, (line.size, line.color))),
                "total": localized.format_money(line.line_total, order.currency),
            }
            for line in order.lines.all()
        ],
        "amounts": {
            name: localized.format_money(getattr(order, name), order.currency)
            for name in names
        },
        "waits_for_payment": order.payment_method == PaymentMethod.ONLINE
        and order.payment_status in (PaymentStatus.UNPAID, PaymentStatus.FAILED),
        "cash": order.payment_method == PaymentMethod.COD
        and order.payment_status == PaymentStatus.UNPAID,
    }
