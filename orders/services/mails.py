"""What customers are told by mail: the order as it is when the mail goes out. An erased
customer gets none.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils import translation

from markrin import localized
from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.mail import sending
from markrin.outbox import services as outbox
from orders import errors, events, order_links
from orders.models import (
    Fulfilment,
    Invoice,
    Order,
    OrderLine,
    Refund,
    ReturnRequest,
    ReturnRequestLine,
)
from orders.models.invoice import InvoiceKind
from orders.models.order_event import OrderEventKind
from orders.models.order_status import OrderStatus, PaymentMethod, PaymentStatus
from orders.services import invoice_files, lifecycle
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


def mail_shipped(*, order_id: UUID, fulfilment_id: UUID, attempt: int) -> Sent:
    """Tell the customer that a parcel is on its way, and what is in it."""
    return _send_parcel_mail("shipped", order_id, fulfilment_id, turn=str(attempt))


def mail_delivered(*, order_id: UUID, fulfilment_id: UUID) -> Sent:
    """Thank the customer, and ask for a review."""
    return _send_parcel_mail("delivered", order_id, fulfilment_id)


def mail_undelivered(*, order_id: UUID, fulfilment_id: UUID, attempt: int) -> Sent:
    """Tell the customer that a parcel could not be handed over, and what comes next."""
    return _send_parcel_mail(
        "undelivered", order_id, fulfilment_id, turn=str(attempt)
    )


def mail_tracking_corrected(
    *, order_id: UUID, fulfilment_id: UUID, change_id: UUID
) -> Sent:
    """Tell the customer a parcel's right tracking number."""
    return _send_parcel_mail(
        "tracking_corrected", order_id, fulfilment_id, turn=str(change_id)
    )


def _send_parcel_mail(
    name: str, order_id: UUID, fulfilment_id: UUID, *, turn: str = ""
) -> Sent:
    parcel = (
        Fulfilment.objects.select_related("order")
        .prefetch_related("lines__line")
        .get(pk=fulfilment_id)
    )
    if parcel.order.sells_gift_cards:  # their codes come by mails of their own
        return None
    key = f"{fulfilment_id}:{turn}" if turn else str(fulfilment_id)
    return _send_mail(
        name, order_id, key=key, describe=lambda: describe_parcel(parcel)
    )


def describe_parcel(parcel: Fulfilment) -> dict[str, object]:
    """Return what a mail about a parcel shows besides the order: the parcel, and its lines in
    the place of the order's.
    """
    return {
        "parcel": parcel,
        "lines": [
            _describe_line(row.line, row.quantity) for row in parcel.lines.all()
        ],
    }


def _describe_line(line: OrderLine, quantity: int) -> dict[str, object]:
    return {
        "quantity": quantity,
        "name": line.name,
        "kind": ", ".join(filter(None, (line.size, line.color))),
        # `with_lines` brings it along
        "on_back_order": getattr(line, "on_back_order", 0),
    }


def mail_cancelled(*, order_id: UUID) -> Sent:
    """Tell the customer that nothing will come, and why."""
    return _send_mail("cancelled", order_id, describe=lambda: _say_why(order_id))


def _say_why(order_id: UUID) -> dict[str, object]:
    return {"why": _get_cancel_reason(order_id)}


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


def mail_pieces_cancelled(*, order_id: UUID, cancellation_id: UUID) -> Sent:
    """Tell the customer which pieces will not come, of an order whose rest will."""
    order = Order.objects.with_lines().get(pk=order_id)
    # Where the rest is cancelled meanwhile, or they were in exchange for what was not accepted,
    # the mail about that says so.
    if order.status == OrderStatus.CANCELLED or _is_exchange(order):
        return None
    return _send_mail(
        "pieces_cancelled",
        order_id,
        key=str(cancellation_id),
        describe=lambda: describe_cancelled(order),
    )


def describe_cancelled(order: Order) -> dict[str, object]:
    """Return, in the place of the order's lines, the pieces of it that will not be sent."""
    lines = [line for line in order.lines.all() if line.cancelled]
    return {"lines": [_describe_line(line, line.cancelled) for line in lines]}


def mail_refunded(*, order_id: UUID, refund_id: UUID) -> Sent:
    """Tell the customer what goes back."""
    refund = Refund.objects.select_related("order", "gift_card").get(pk=refund_id)
    if refund.exchange_id is not None:
        return None  # it pays a replacement, as the mail about the return says
    return _send_mail(
        "refunded",
        order_id,
        key=str(refund_id),
        describe=lambda: {
            "back": localized.format_money(refund.amount, refund.order.currency),
            "gift_card": refund.gift_card,
        },
    )


def mail_return(*, request_id: UUID, status: str) -> Sent:
    """Tell the customer where a return of theirs is. One that has moved on meanwhile is told by
    the later mail.
    """
    request = ReturnRequest.objects.prefetch_related(
        "lines__line", "lines__variant__product"
    )
    asked = request.select_related("exchange", "order").get(pk=request_id)
    # The receipt of a withdrawal is owed even where it goes on at once.
    is_receipt = asked.is_withdrawal and status == "approved"
    if asked.status != status and not is_receipt:
        return None
    name = "withdrawn" if is_receipt else status
    return _send_mail(
        f"return_{name}",
        asked.order_id,
        key=f"{request_id}:{status}",
        describe=lambda: describe_return(asked),
    )


def describe_return(asked: ReturnRequest) -> dict[str, object]:
    """Return what a mail about a return shows besides the order: the return, and its pieces in
    the place of the order's lines.
    """
    rows = list(asked.lines.all())
    return {
        "asked": asked,
        "asked_at": localized.format_moment(asked.created_at),
        "send_by": localized.format_day(asked.send_by) if asked.send_by else "",
        "lines": [
            {
                **_describe_line(row.line, row.quantity),
                "instead": _describe_replacement(row),
                "is_exchange": row.variant is not None,
                "accepted": row.accepted,
                "refused": row.refused,
            }
            for row in rows
        ],
        "exchanges": any(row.variant for row in rows),
        **_describe_difference(
            asked, sum((row.difference for row in rows), Decimal(0))
        ),
    }


def _describe_replacement(row: ReturnRequestLine) -> str:
    """Return what is had for pieces: the variant, with its product's name if it is another's."""
    if row.variant is None:
        return ""
    other = row.variant.product_id != row.line.product_id
    name = row.variant.product.name if other else ""
    return ", ".join(filter(None, (name, row.variant.size, row.variant.color)))


def _describe_difference(asked: ReturnRequest, more: Decimal) -> dict[str, object]:
    """Return what replacements cost more or less, and whether the rest is waited for."""
    made = asked.exchange
    amount = localized.format_money(abs(more), asked.order.currency)
    return {
        "costs_more": amount if more > 0 else "",
        "costs_less": amount if more < 0 else "",
        "waits_for_rest": made is not None and made.amount_due > 0,
    }


def mail_invoice(*, order_id: UUID, invoice_id: UUID) -> Sent:
    """Send the customer an invoice or a credit note, where INVOICE_BY_MAIL is on."""
    wanted = (InvoiceKind.INVOICE, InvoiceKind.CREDIT_NOTE)
    invoice = Invoice.objects.filter(pk=invoice_id, kind__in=wanted).first()
    if not settings.INVOICE_BY_MAIL or invoice is None:
        return None
    kept = invoice_files.get_file(invoice_id=invoice_id)
    return _send_mail(
        "invoice",
        order_id,
        describe=lambda: {
            "invoice": invoice,
            "is_note": invoice.kind == InvoiceKind.CREDIT_NOTE,
        },
        key=str(invoice_id),
        attachments=[(f"{invoice.number}.pdf", bytes(kept.pdf), "application/pdf")],
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
        "shipped": order.shipped_at is not None
        and order.status not in (OrderStatus.RETURNED, OrderStatus.UNDELIVERED),
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
            "This mail does not fit the order as it is now.",
            order_status=order.status,
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
    and the same at each try. A mail about a parcel is about the last one.
    """
    if mail_name in ("shipped", "delivered"):
        sent = Fulfilment.objects.filter(order=order_id, shipped_at__isnull=False)
        last = sent.order_by("-position").values_list("pk", flat=True)[0]
        return _send_parcel_mail(mail_name, order_id, last, turn=str(wanted_id))
    return _send_mail(
        mail_name,
        order_id,
        key=str(wanted_id),
        describe=lambda: _say_why(order_id) if mail_name == "cancelled" else {},
    )


def send_order_mail(name: str, order_id: UUID, *, key: str, **more: object) -> Sent:
    """Send a mail of the order, with `more` for its template; `key` is what it is sent once for."""
    return _send_mail(name, order_id, key=key, describe=lambda: more)


def _send_mail(
    name: str,
    order_id: UUID,
    *,
    key: str = "",
    describe: Callable[[], dict[str, object]] = dict,
    attachments: Sequence[tuple[str, bytes, str]] = (),
) -> Sent:
    """Send a mail of an order; `describe` returns what it shows besides, worded in the order's
    language, as amounts and days are.
    """
    order = Order.objects.with_lines().select_related("user").get(pk=order_id)
    to = order.user.email if order.user is not None else order.email
    if not order.email or (order.user is not None and not order.user.is_active):
        return None
    with translation.override(order.language or settings.LANGUAGE_CODE):
        context = {**build_context(order), **describe()}
    return sending.send_mail(
        template=f"orders/{name}",
        to=to,
        context=context,
        key=f"orders.{name}:{key or order.pk}",
        language=order.language or None,
        attachments=attachments,
    )


def describe_promise(order: Order) -> str:
    """Return the days on which the order should arrive, in words; "" where none were promised."""
    if order.delivers_from is None or order.delivers_until is None:
        return ""
    first = localized.format_day(order.delivers_from)
    last = localized.format_day(order.delivers_until)
    return first if first == last else f"{first} – {last}"


def build_context(order: Order) -> dict[str, object]:
    """Return what every template of an order may show: the order, its lines and its amounts
    as text.
    """
    names = (
        "subtotal",
        "discount",
        "shipping",
        "cod_fee",
        "tax",
        "total",
        "refunded",
        "payable",
        "due",
        "gift_card_amount",
        "part_paid",
    )
    is_exchange = _is_exchange(order)
    lines = [
        {
            **_describe_line(line, line.quantity),
            "total": localized.format_money(line.line_total, order.currency),
        }
        for line in order.lines.all()
    ]
    return {
        "order": order,
        "lines": lines,
        "back_ordered": [line for line in lines if line["on_back_order"]],
        "amounts": {
            name: localized.format_money(getattr(order, name), order.currency)
            for name in names
        },
        "promised": describe_promise(order),
        "order_link": order_links.link_to(order),
        "is_exchange": is_exchange,
        "waits_for_payment": (not is_exchange or order.part_paid > 0)
        and order.payment_method == PaymentMethod.ONLINE
        and order.payment_status in (PaymentStatus.UNPAID, PaymentStatus.FAILED),
        "cash": order.payment_method == PaymentMethod.COD
        and order.payment_status == PaymentStatus.UNPAID,
    }


def _is_exchange(order: Order) -> bool:
    """Return whether pieces that come back pay for it. One query, none for an order not saved."""
    return (
        not order._state.adding
        and ReturnRequest.objects.filter(exchange=order).exists()
    )
