"""The steps of an order and of a refund: each a form and the service that it feeds. The
services write the history.
"""

from collections.abc import Callable

from django.http import HttpRequest

from markrin import localized
from markrin.admin.base import Step
from markrin.admin.forms import CleanedData
from markrin.api.casing import to_camel
from markrin.api.errors import Invalid
from markrin.api.unset import UNSET
from orders import errors
from orders.admin import forms
from orders.models import Order, Refund
from orders.models.order_status import (
    BEFORE_SHIPPING,
    NEXT_STATUS,
    OrderStatus,
    PaymentMethod,
    PaymentStatus,
)
from orders.models.paperwork import MAX_FILE_BYTES
from orders.models.payment import RefundState
from orders.schemas import ShippingAddress
from orders.services import (
    fulfilments,
    mails,
    order_additions,
    order_edits,
    payment_links,
    refunds,
    returns,
    transitions,
)
from orders.services.lifecycle import Actor
from orders.staff_schemas import (
    GoodsReturn,
    Move,
    OrderChange,
    OrderNote,
    Parcel,
    ParcelPieces,
    PieceAddition,
    PiecesCancellation,
    ReturnedPieces,
)

_PAID = (PaymentStatus.PAID, PaymentStatus.REFUNDED)


def get_actor(request: HttpRequest) -> Actor:
    return Actor("staff", request.user.pk)


def _change_status_to(
    status: OrderStatus,
) -> Callable[[HttpRequest, Order, CleanedData], str]:
    def move(request: HttpRequest, order: Order, data: CleanedData) -> str:
        transitions.move_order(
            Move(status=status, **data), order_id=order.pk, actor=get_actor(request)
        )
        return f"{order.number} is {status.value} now."

    return move


def _is_allowed(status: OrderStatus) -> Callable[[Order], bool]:
    def may(order: Order) -> bool:
        waits = (
            order.payment_method == PaymentMethod.ONLINE
            and order.payment_status not in _PAID
        )
        return status in NEXT_STATUS[order.status] and (
            status == OrderStatus.CANCELLED or not waits
        )

    return may


def _mark_cash_paid(request: HttpRequest, order: Order, data: CleanedData) -> str:
    transitions.mark_cash_paid(order_id=order.pk, actor=get_actor(request))
    return f"The cash of {order.number} has been received."


def _waits_for_cash(order: Order) -> bool:
    cash = (
        order.payment_method == PaymentMethod.COD
        and order.payment_status == PaymentStatus.UNPAID
    )
    return cash and order.status != OrderStatus.CANCELLED


def _write_note(request: HttpRequest, order: Order, data: CleanedData) -> str:
    transitions.note_order(
        OrderNote(**data), order_id=order.pk, actor=get_actor(request)
    )
    return "The note stands in the history."


def _refund_order(request: HttpRequest, order: Order, data: CleanedData) -> str:
    refund, _again = refunds.refund_order(
        order_id=order.pk,
        actor=get_actor(request),
        amount=data["amount"],
        reason=data["reason"],
        to_store_credit=data["to_store_credit"],
        idempotency_key=data["key"],
    )
    return f"{localized.format_money(refund.amount, order.currency)} go back."


def _take_back(request: HttpRequest, order: Order, data: CleanedData) -> str:
    wanted = [
        ReturnedPieces(
            line_id=line.pk,
            quantity=data[forms.line_field(line)],
            restock=data["restock"],
        )
        for line in order.lines.all()
        if data.get(forms.line_field(line))
    ]
    if not wanted:
        raise errors.ReturnTooMany(
            "Say of at least one line how many pieces came back."
        )
    returns.take_back(
        GoodsReturn(reason=data["reason"], lines=wanted, refund=data["refund"]),
        order_id=order.pk,
        actor=get_actor(request),
    )
    return f"{sum(each.quantity for each in wanted)} pieces are back."


def _pack(request: HttpRequest, order: Order, data: CleanedData) -> str:
    parcel = Parcel(lines=_read_pieces(order, data), ship=False)
    made = fulfilments.create_parcel(
        parcel, order_id=order.pk, actor=get_actor(request)
    )
    return f"Parcel {made.position} of {order.number} is packed."


def _cancel_pieces(request: HttpRequest, order: Order, data: CleanedData) -> str:
    wanted = _read_pieces(order, data)
    transitions.cancel_pieces(
        PiecesCancellation(lines=wanted, reason=data["reason"]),
        order_id=order.pk,
        actor=get_actor(request),
    )
    return f"{sum(each.quantity for each in wanted)} pieces are cancelled."


def _read_pieces(order: Order, data: CleanedData) -> list[ParcelPieces]:
    wanted = [
        ParcelPieces(line_id=line.pk, quantity=data[forms.line_field(line)])
        for line in order.lines.all()
        if data.get(forms.line_field(line))
    ]
    if not wanted:
        raise errors.ParcelTooMany("Say of at least one line how many pieces.")
    return wanted


def _is_cod_pending(order: Order) -> bool:
    return (
        order.payment_method == PaymentMethod.COD
        and order.status == OrderStatus.PENDING
    )


def _can_be_packed(order: Order) -> bool:
    waits = (
        order.payment_method == PaymentMethod.ONLINE
        and order.payment_status not in _PAID
    )
    return order.status in fulfilments.PACKABLE and not waits


def _resend_mail(request: HttpRequest, order: Order, data: CleanedData) -> str:
    mails.resend_mail(
        order_id=order.pk, mail_name=data["mail"], actor=get_actor(request)
    )
    return f"{mails.MAILS[data['mail']]}: the mail goes out again."


def _correct_contact(request: HttpRequest, order: Order, data: CleanedData) -> str:
    sent = {to_camel(name): data[name] for name in _ADDRESS if data[name]}
    try:
        address = ShippingAddress().load({**sent, "country": order.country})
    except Invalid as refusal:
        raise errors.AddressUnknown(
            " ".join(each["message"] for each in refusal.errors)
        ) from refusal
    change = OrderChange(
        shipping_address=address,
        email=data.get("email", UNSET),
        reason=data["reason"],
    )
    order_edits.edit_order(change, order_id=order.pk, actor=get_actor(request))
    return f"{order.number} is corrected."


_ADDRESS = ("recipient", "phone", "street", "city", "state", "postal_code")


def _add_pieces(request: HttpRequest, order: Order, data: CleanedData) -> str:
    addition = PieceAddition(
        sku=data["sku"], quantity=data["quantity"], reason=data["reason"]
    )
    changed, _ = order_additions.add_pieces(
        addition, order_id=order.pk, actor=get_actor(request), key=data["key"]
    )
    total = localized.format_money(changed.total, changed.currency)
    return f"{order.number} has {data['quantity']} × {data['sku']} more: {total}."


def _set_tags(request: HttpRequest, order: Order, data: CleanedData) -> str:
    change = OrderChange(tags=data["tags"])
    order_edits.edit_order(change, order_id=order.pk, actor=get_actor(request))
    return f"Tags of {order.number}: {', '.join(data['tags']) or 'none'}."


def _attach(request: HttpRequest, order: Order, data: CleanedData) -> str:
    file = data["file"]
    if file.size > MAX_FILE_BYTES:  # before it is read
        raise errors.FileRefused
    kept = order_edits.attach_file(
        order_id=order.pk,
        name=file.name[-120:],
        content=file.read(),
        actor=get_actor(request),
    )
    return f"{kept.name} is attached."


def _mail_payment_link(
    request: HttpRequest, order: Order, data: CleanedData
) -> str:
    payment_links.request_payment_link(order_id=order.pk, actor=get_actor(request))
    return "The link to pay goes out by mail."


def _settle_refund(
    succeeded: bool,
) -> Callable[[HttpRequest, Refund, CleanedData], str]:
    def settle(request: HttpRequest, refund: Refund, data: CleanedData) -> str:
        refunds.settle_refund(
            refund_id=refund.pk, actor=get_actor(request), succeeded=succeeded
        )
        return "The refund is closed."

    return settle


ORDER_STEPS = {
    "confirm": Step(
        "Confirm",
        _change_status_to(OrderStatus.CONFIRMED),
        forms.NoteForm,
        _is_allowed(OrderStatus.CONFIRMED),
    ),
    "process": Step(
        "Start packing",
        _change_status_to(OrderStatus.PROCESSING),
        forms.NoteForm,
        _is_allowed(OrderStatus.PROCESSING),
    ),
    "ship": Step(
        "Ship",
        _change_status_to(OrderStatus.SHIPPED),
        form_of=forms.ship_form,
        offered=lambda order: (
            order.status in (OrderStatus.PROCESSING, OrderStatus.PARTIALLY_SHIPPED)
            and _can_be_packed(order)
        ),
    ),
    "pack": Step(
        "Pack a part", _pack, form_of=forms.pack_form, offered=_can_be_packed
    ),
    "deliver": Step(
        "Mark delivered",
        _change_status_to(OrderStatus.DELIVERED),
        forms.NoteForm,
        _is_allowed(OrderStatus.DELIVERED),
    ),
    "cash": Step("Cash received", _mark_cash_paid, offered=_waits_for_cash),
    "return": Step(
        "Goods came back",
        _take_back,
        form_of=forms.return_form,
        offered=lambda order: bool(returns.count_held(order)),
    ),
    "refund": Step(
        "Refund",
        _refund_order,
        form_of=forms.refund_form,
        offered=lambda order: (
            order.payment_status == PaymentStatus.PAID
            and order.refunded < order.payable
        ),
    ),
    "note": Step("Write a note", _write_note, forms.OwnNoteForm),
    "contact": Step(
        "Correct the address",
        _correct_contact,
        form_of=forms.contact_form,
        offered=lambda order: order.status in BEFORE_SHIPPING,
    ),
    "add_pieces": Step(
        "Add pieces",
        _add_pieces,
        forms.AddPiecesForm,
        order_additions.can_take_more,
        warning=(
            "At the prices and with the promotions that the order was placed with. The"
            " customer gets the confirmation again. What is paid stays paid: the difference"
            " is paid at the door, or online by a link that is mailed."
        ),
    ),
    "tags": Step("Tags", _set_tags, form_of=forms.tags_form),
    "attach": Step("Attach a file", _attach, forms.AttachForm),
    "payment_link": Step(
        "Mail the link to pay",
        _mail_payment_link,
        offered=lambda order: (
            bool(order.email) and payment_links.waits_for_payment(order)
        ),
    ),
    "resend": Step(
        "Resend a mail",
        _resend_mail,
        form_of=forms.resend_form,
        offered=lambda order: bool(mails.list_mails(order)),
    ),
    "cancel_pieces": Step(
        "Cancel pieces",
        _cancel_pieces,
        form_of=forms.cancel_pieces_form,
        offered=lambda order: (
            _can_be_packed(order) or _is_cod_pending(order) or order.part_paid > 0
        ),
        danger=True,
    ),
    "cancel": Step(
        "Cancel",
        _change_status_to(OrderStatus.CANCELLED),
        forms.NoteForm,
        _is_allowed(OrderStatus.CANCELLED),
        danger=True,
        warning=(
            "What was paid goes back, the pieces are for sale again, and the customer is"
            " told, with your note."
        ),
    ),
}

REFUND_STEPS = {
    "done": Step(
        "Paid out by hand",
        _settle_refund(True),
        offered=lambda refund: refund.state == RefundState.REQUESTED,
    ),
    "failed": Step(
        "Will not be paid out",
        _settle_refund(False),
        offered=lambda refund: refund.state == RefundState.REQUESTED,
        danger=True,
    ),
}
