"""What the steps of an order ask for."""

from uuid import uuid4

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from markrin import localized
from markrin.admin.forms import StrictForm
from orders import waiting_pieces
from orders.models import Carrier, Fulfilment, Order, OrderLine
from orders.models.cart import MAX_PER_LINE
from orders.models.fulfilment import UndeliveredReason
from orders.models.paperwork import MAX_FILE_BYTES, MAX_TAG_LENGTH, MAX_TAGS, TAG
from orders.services import disputes, mails, parcels, returns

_LONG = 1000


class NoteForm(StrictForm):
    note = forms.CharField(
        max_length=_LONG,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )


class OwnNoteForm(StrictForm):
    note = forms.CharField(
        max_length=_LONG, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )
    public = forms.BooleanField(
        required=False, label="The customer may read it", widget=UnfoldBooleanWidget
    )
    resolve = forms.BooleanField(
        required=False,
        label="This settles what needed a person",
        widget=UnfoldBooleanWidget,
    )


class DisputedForm(StrictForm):
    despite_dispute = forms.BooleanField(
        label="Ship although the shopper's bank asks the payment back",
        widget=UnfoldBooleanWidget,
    )


TRACKING = ("carrier", "tracking_number", "tracking_url")


def list_carriers() -> list[str]:
    """Return the names of the shop's carriers, the one used last first. Two queries."""
    used = Fulfilment.objects.exclude(carrier="").order_by("-id")[:1]
    known = [each.carrier for each in used]
    known += Carrier.objects.filter(is_active=True).values_list("name", flat=True)
    return list(dict.fromkeys(known))


def tracking_fields(parcel: Fulfilment | None = None) -> dict[str, forms.Field]:
    """Return the fields for who brings a parcel and under which number.

    The carriers are those of the table, the one used last first, so that only the number is
    to be typed. A shop without carriers writes the name.
    """
    known = [parcel.carrier] if parcel is not None and parcel.carrier else []
    names = list(dict.fromkeys([*known, *list_carriers()]))
    carrier: forms.Field = forms.CharField(
        max_length=80, required=False, widget=UnfoldAdminTextInputWidget
    )
    if names:
        carrier = forms.ChoiceField(
            choices=[*((name, name) for name in names), ("", "none")],
            initial=names[0],  # else a browser shows "none", whatever comes first
            required=False,
            widget=UnfoldAdminSelectWidget,
        )
    return {
        "carrier": carrier,
        "tracking_number": forms.CharField(
            max_length=80,
            required=False,
            initial=parcel.tracking_number if parcel else "",
            widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
        ),
        "tracking_url": forms.RegexField(
            regex=r"\A(https://[^\s]+)?\Z",
            max_length=500,
            required=False,
            label="Tracking link",
            widget=UnfoldAdminTextInputWidget,
            help_text="begins with https://; empty: the carrier's own",
        ),
    }


def ship_form(order: Order) -> type[forms.Form]:
    """Return the form that sends all of an order that is left."""
    made = {**tracking_fields(), "field_order": TRACKING}
    return type("ShipForm", _ship_bases(order), made)


def parcel_ship_form(parcel: Fulfilment) -> type[forms.Form]:
    """Return the form that sends a packed parcel, or one that came back undelivered."""
    made = {**tracking_fields(parcel), "field_order": TRACKING}
    return type("ParcelShipForm", _ship_bases(parcel.order), made)


def _ship_bases(order: Order) -> tuple[type[forms.Form], ...]:
    """Return what shipping asks for: while a dispute is open, also whether it is meant."""
    return (DisputedForm, NoteForm) if disputes.is_disputed(order) else (NoteForm,)


def correct_form(parcel: Fulfilment) -> type[forms.Form]:
    """Return the form that corrects a parcel's tracking."""
    return type("CorrectForm", (StrictForm,), dict(tracking_fields(parcel)))


class UndeliveredForm(NoteForm):
    reason = forms.ChoiceField(
        choices=UndeliveredReason.choices, widget=UnfoldAdminSelectWidget
    )
    field_order = ("reason", "note")


class CountInForm(NoteForm):
    restock = forms.BooleanField(
        required=False,
        initial=True,
        label="They can be sold again",
        widget=UnfoldBooleanWidget,
    )
    field_order = ("restock", "note")


def pieces_form(order: Order, *, all_of_them: bool) -> dict[str, forms.Field]:
    """Return a field for each line of which pieces are left to pack or cancel. With `all_of_them`
    each is filled in with all that is there.
    """
    packed = parcels.count_packed(order)
    missing = waiting_pieces.list_missing_pieces([order.pk]) if all_of_them else {}
    found: dict[str, forms.Field] = {}
    for line in order.lines.all():
        free = line.to_ship - packed.get(line.pk, 0)
        if free:
            found[line_field(line)] = forms.IntegerField(
                label=describe_line(line),
                min_value=0,
                max_value=free,
                initial=free - missing.get(line.pk, 0) if all_of_them else 0,
                widget=UnfoldAdminIntegerFieldWidget,
                help_text=_describe_free(free, missing.get(line.pk, 0)),
            )
    return found


def _describe_free(free: int, missing: int) -> str:
    if missing:
        return f"pieces, of {free}; {missing} not there yet"
    return f"pieces, of {free}"


def pack_form(order: Order) -> type[forms.Form]:
    """Return the form of a parcel: how many pieces of each line go into it."""
    return type(
        "PackForm", (StrictForm,), dict(pieces_form(order, all_of_them=True))
    )


def cancel_pieces_form(order: Order) -> type[forms.Form]:
    """Return the form that cancels pieces of an order's lines."""
    made = pieces_form(order, all_of_them=False)
    made["reason"] = forms.CharField(
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text="the customer reads it",
    )
    return type("CancelPiecesForm", (StrictForm,), made)


def refund_form(order: Order) -> type[forms.Form]:
    """Return the form of a refund, which says what is left to give back."""
    left = order.payable - order.refunded

    class RefundForm(StrictForm):
        amount = forms.DecimalField(
            max_digits=12,
            decimal_places=2,
            min_value=0,
            max_value=left,
            required=False,
            label=f"Amount ({order.currency})",
            widget=UnfoldAdminDecimalFieldWidget,
            help_text=(
                f"{localized.format_money(left, order.currency)} of"
                f" {localized.format_money(order.total, order.currency)} are left; empty:"
                " all of it"
            ),
        )
        reason = forms.CharField(
            max_length=200,
            widget=UnfoldAdminTextInputWidget,
            help_text="the customer reads it in the mail",
        )
        to_store_credit = forms.BooleanField(
            required=False,
            label="As store credit, not the way it was paid",
            widget=UnfoldBooleanWidget,
        )
        key = forms.CharField(
            widget=forms.HiddenInput, initial=lambda: str(uuid4())
        )  # a form sent twice pays once

    return RefundForm


def contact_form(order: Order) -> type[forms.Form]:
    """Return the form that corrects where an order goes, and how its customer is reached."""
    made: dict[str, object] = {
        name: forms.CharField(
            max_length=size,
            required=name in ("recipient", "phone", "street", "city"),
            initial=getattr(order, name),
            widget=UnfoldAdminTextInputWidget,
        )
        for name, size in (
            ("recipient", 120),
            ("phone", 40),
            ("street", 200),
            ("city", 80),
            ("state", 80),
            ("postal_code", 12),
        )
    }
    if order.user_id is None:
        made["email"] = forms.EmailField(
            max_length=254,
            required=False,
            initial=order.email,
            label="E-mail",
            widget=UnfoldAdminTextInputWidget,
        )
    made["reason"] = forms.CharField(
        max_length=500, required=False, widget=UnfoldAdminTextInputWidget
    )
    return type("ContactForm", (StrictForm,), made)


class AddPiecesForm(StrictForm):
    sku = forms.CharField(
        max_length=64, label="SKU", widget=UnfoldAdminTextInputWidget
    )
    quantity = forms.IntegerField(
        min_value=1,
        max_value=MAX_PER_LINE,
        initial=1,
        label="Pieces",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    reason = forms.CharField(
        max_length=200, required=False, widget=UnfoldAdminTextInputWidget
    )
    key = forms.CharField(
        widget=forms.HiddenInput, initial=lambda: str(uuid4())
    )  # a form sent twice adds once


def tags_form(order: Order) -> type[forms.Form]:
    """Return the form of an order's tags."""
    tags = SimpleArrayField(
        tag_field(),
        required=False,
        max_length=MAX_TAGS,
        initial=order.tags,
        widget=UnfoldAdminTextInputWidget,
        help_text="separated by commas: vip, gift-wrap",
    )
    return type("TagsForm", (StrictForm,), {"tags": tags})


def tag_field() -> forms.RegexField:
    """Return the field of one tag."""
    return forms.RegexField(
        regex=rf"\A{TAG}\Z",
        max_length=MAX_TAG_LENGTH,
        strip=True,
        error_messages={
            "invalid": "A tag has lower-case letters, digits and hyphens."
        },
    )


class AttachForm(StrictForm):
    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget,
        help_text=f"PDF, JPEG, PNG or WebP, at most {MAX_FILE_BYTES // 1_000_000} MB",
    )


def resend_form(order: Order) -> type[forms.Form]:
    """Return the form that asks which of the order's mails is to go out again."""

    class ResendForm(StrictForm):
        mail = forms.ChoiceField(
            choices=[(name, mails.MAILS[name]) for name in mails.list_mails(order)],
            widget=UnfoldAdminSelectWidget,
            help_text="to the address that the order has now",
        )

    return ResendForm


def return_form(order: Order) -> type[forms.Form]:
    """Return the form of goods that came back: how many pieces of each line."""
    held = returns.count_held(order)
    made: dict[str, object] = {}
    for line in order.lines.all():
        out = held.get(line.pk, 0)
        if out:
            made[line_field(line)] = forms.IntegerField(
                label=describe_line(line),
                min_value=0,
                max_value=out,
                initial=out,
                widget=UnfoldAdminIntegerFieldWidget,
                help_text=f"pieces that came back, of {out}",
            )
    made["restock"] = forms.BooleanField(
        required=False,
        initial=True,
        label="They can be sold again",
        widget=UnfoldBooleanWidget,
    )
    made["refund"] = forms.BooleanField(
        required=False,
        initial=order.paid_at is not None,
        label="Give back what was paid for them",
        widget=UnfoldBooleanWidget,
    )
    made["reason"] = forms.CharField(
        max_length=200, widget=UnfoldAdminTextInputWidget
    )
    return type("ReturnForm", (StrictForm,), made)


def describe_line(line: OrderLine) -> str:
    """Return a line as a form's label."""
    kind = " · ".join(filter(None, (line.size, line.color)))
    return f"{line.name} · {line.sku}" + (f" ({kind})" if kind else "")


def line_field(line: OrderLine) -> str:
    """Return the name of the line's field in a form that asks for pieces."""
    return f"line_{line.pk.hex}"
