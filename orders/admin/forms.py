"""What the steps of an order ask for."""

from uuid import uuid4

from django import forms
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from markrin import localized
from markrin.admin.forms import StrictForm
from orders.models import Order, OrderLine
from orders.services import disputes, mails

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


class ShipForm(NoteForm):
    carrier = forms.CharField(
        max_length=80, required=False, widget=UnfoldAdminTextInputWidget
    )
    tracking_number = forms.CharField(
        max_length=80, required=False, widget=UnfoldAdminTextInputWidget
    )
    tracking_url = forms.RegexField(
        regex=r"\A(https://[^\s]+)?\Z",
        max_length=500,
        required=False,
        label="Tracking link",
        widget=UnfoldAdminTextInputWidget,
        help_text="begins with https://",
    )
    field_order = ("carrier", "tracking_number", "tracking_url", "note")


def refund_form(order: Order) -> type[forms.Form]:
    """Return the form of a refund, which says what is left to give back."""
    left = order.total - order.refunded

    class RefundForm(StrictForm):
        amount = forms.DecimalField(
            max_digits=12,
            decimal_places=2,
            min_value=0,
            max_value=left,
            required=False,
            label=f"Amount ({order.currency})",
            widget=UnfoldAdminDecimalFieldWidget,
            help_text=f"{localized.format_money(left, order.currency)} of {localized.format_money(order.total, order.currency)} are left; "
            "empty: all of it",
        )
        reason = forms.CharField(
            max_length=200,
            widget=UnfoldAdminTextInputWidget,
            help_text="the customer reads it in the mail",
        )
        key = forms.CharField(
            widget=forms.HiddenInput, initial=lambda: str(uuid4())
        )  # a form sent twice pays once

    return RefundForm


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
    lines = list(order.lines.all())
    made: dict[str, object] = {}
    for line in lines:
        out = line.quantity - line.returned
        if out:
            made[line_field(line)] = forms.IntegerField(
                label=f"{line.name} · {line.sku} ({' · '.join(filter(None, (line.size, line.color)))})",
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
    made["reason"] = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)
    return type("ReturnForm", (StrictForm,), made)


def line_field(line: OrderLine) -> str:
    """Return the name of the line's field in the form of a return."""
    return f"line_{line.pk.hex}"


def build_ship_form(order: Order) -> type[forms.Form]:
    """Return what shipping asks for: while a dispute is open, also whether it is meant."""
    if not disputes.is_disputed(order):
        return ShipForm
    return type("DisputedShipForm", (DisputedForm, ShipForm), {})
