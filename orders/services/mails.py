"""What customers are told by mail: the order as it is when the mail goes out. An erased customer gets none."""

from typing import Any
from uuid import UUID

from django.conf import settings

from markrin import mail
from orders import money
from orders.models import Order, Refund
from orders.models.order import PaymentMethod, PaymentStatus

Sent = dict[str, str] | None


def confirm_by_mail(*, order_id: UUID) -> Sent:
    """Tell the customer that the order has arrived, and what is in it."""
    return _send("placed", order_id)


def shipped_by_mail(*, order_id: UUID) -> Sent:
    """Tell the customer that the parcel is on its way."""
    return _send("shipped", order_id)


def delivered_by_mail(*, order_id: UUID) -> Sent:
    """Thank the customer, and ask for a review."""
    return _send("delivered", order_id)


def cancelled_by_mail(*, order_id: UUID) -> Sent:
    """Tell the customer that nothing will come, and why."""
    order = Order.objects.with_lines().get(pk=order_id)
    why = next((event.note for event in order.events.all() if event.to_status == "cancelled"), "")
    return _send("cancelled", order_id, why=why)


def refunded_by_mail(*, order_id: UUID, refund_id: UUID) -> Sent:
    """Tell the customer what goes back."""
    refund = Refund.objects.get(pk=refund_id)
    return _send("refunded", order_id, key=refund_id, back=money.spoken(refund.amount, settings.SHOP_CURRENCY))


def call_staff_by_mail(*, order_id: UUID) -> Sent:
    """Tell staff (STAFF_MAIL) of an order that needs a person; nothing once somebody has seen to it."""
    order = Order.objects.with_lines().get(pk=order_id)
    if not order.attention:
        return None
    sent: dict[str, str] = {}
    for to in settings.STAFF_MAIL:
        key = f"orders.person_needed:{order.pk}:{order.attention}:{to}"
        sent |= mail.send(template="orders/person_needed", to=to, context=shown(order), key=key)
    return sent


def _send(name: str, order_id: UUID, *, key: UUID | None = None, **more: Any) -> Sent:
    order = Order.objects.with_lines().select_related("user").get(pk=order_id)
    to = order.user.email if order.user is not None else order.email
    if not order.email or (order.user is not None and not order.user.is_active):
        return None
    return mail.send(
        template=f"orders/{name}",
        to=to,
        context={**shown(order), **more},
        key=f"orders.{name}:{key or order.pk}",
        language=order.language or None,
    )


def shown(order: Order) -> dict[str, Any]:
    """Return what every template of an order may show: the order, its lines and its amounts as text."""
    names = ("subtotal", "discount", "shipping", "tax", "total", "refunded")
    return {
        "order": order,
        "lines": [
            {
                "quantity": line.quantity,
                "name": line.name,
                "kind": ", ".join(filter(None, (line.size, line.color))),
                "total": money.spoken(line.line_total, order.currency),
            }
            for line in order.lines.all()
        ],
        "amounts": {name: money.spoken(getattr(order, name), order.currency) for name in names},
        "waits_for_payment": order.payment_method == PaymentMethod.ONLINE
        and order.payment_status in (PaymentStatus.UNPAID, PaymentStatus.FAILED),
        "cash": order.payment_method == PaymentMethod.COD and order.payment_status == PaymentStatus.UNPAID,
    }
