"""Orders as staff work on them: what to pack, the steps of an order, refunds, coupons. Services write; pages ask."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import admin
from django.db.models import QuerySet, Sum
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from markrin.admin_base import ModelAdmin, ReadOnly, ReadOnlyAdmin, Step, SteppedAdmin, TabularInline
from markrin.forms import StrictForm, StrictModelForm
from orders import services
from orders.models import (
    Cart,
    CartLine,
    Coupon,
    CouponUse,
    IdempotencyKey,
    Order,
    OrderEvent,
    OrderLine,
    Payment,
    PaymentEvent,
    Refund,
    Return,
)
from orders.models.order import NEXT_STATUS, OrderStatus, PaymentMethod, PaymentStatus
from orders.models.payment import RefundState
from orders.services import Actor

_LONG = 1000


class NoteForm(StrictForm):
    note = forms.CharField(max_length=_LONG, required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}))


class OwnNoteForm(StrictForm):
    note = forms.CharField(max_length=_LONG, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))
    public = forms.BooleanField(required=False, label="The customer may read it")
    resolve = forms.BooleanField(required=False, label="This settles what needed a person")


class ShipForm(NoteForm):
    carrier = forms.CharField(max_length=80, required=False, widget=UnfoldAdminTextInputWidget)
    tracking_number = forms.CharField(max_length=80, required=False, widget=UnfoldAdminTextInputWidget)
    tracking_url = forms.RegexField(
        regex=r"\A(https://[^\s]+)?\Z",
        max_length=500,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="begins with https://",
    )


class RefundForm(StrictForm):
    amount = forms.DecimalField(
        max_digits=12, decimal_places=2, min_value=0, required=False, widget=UnfoldAdminDecimalFieldWidget,
        help_text="shop currency; empty: all that is left",
    )  # fmt: skip
    reason = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)
    key = forms.CharField(widget=forms.HiddenInput, initial=lambda: str(uuid4()))  # a form sent twice pays once


def _staff(request: HttpRequest) -> Actor:
    return Actor("staff", request.user.pk)


def _to(status: OrderStatus) -> Callable[[HttpRequest, Order, Mapping[str, Any]], str]:
    def move(request: HttpRequest, order: Order, data: Mapping[str, Any]) -> str:
        services.move_order(order_id=order.pk, to=status, actor=_staff(request), **data)
        return f"{order.number} is {status.value} now."

    return move


def _may(status: OrderStatus) -> Callable[[Order], bool]:
    return lambda order: status in NEXT_STATUS[order.status]


def _cash(request: HttpRequest, order: Order, data: Mapping[str, Any]) -> str:
    services.mark_cash_paid(order_id=order.pk, actor=_staff(request))
    return f"The cash of {order.number} has been received."


def _note(request: HttpRequest, order: Order, data: Mapping[str, Any]) -> str:
    services.note_order(order_id=order.pk, actor=_staff(request), **data)
    return "The note stands in the history."


def _refund(request: HttpRequest, order: Order, data: Mapping[str, Any]) -> str:
    refund, _again = services.refund_order(
        order_id=order.pk,
        actor=_staff(request),
        amount=data["amount"],
        reason=data["reason"],
        idempotency_key=data["key"],
    )
    return f"{refund.amount} {order.currency} go back."


class LineInline(ReadOnly, TabularInline):
    model = OrderLine
    extra = 0
    fields = ("sku", "name", "size", "color", "quantity", "returned", "unit_price", "line_total", "discount", "tax")
    readonly_fields = fields


class EventInline(ReadOnly, TabularInline):
    model = OrderEvent
    extra = 0
    fields = ("at", "kind", "from_status", "to_status", "actor", "by", "note", "is_public")
    readonly_fields = fields
    verbose_name_plural = "history"

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderEvent]:
        return super().get_queryset(request).select_related("by")  # type: ignore[no-any-return]  # unfold has no types


class PaymentInline(ReadOnly, TabularInline):
    model = Payment
    extra = 0
    fields = ("provider", "provider_ref", "amount", "state", "error", "created_at", "succeeded_at")
    readonly_fields = fields


class RefundInline(ReadOnly, TabularInline):
    model = Refund
    extra = 0
    fields = ("amount", "reason", "state", "error", "by", "created_at", "finished_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Refund]:
        return super().get_queryset(request).select_related("by")  # type: ignore[no-any-return]  # unfold has no types


@admin.register(Order)
class OrderAdmin(ReadOnly, SteppedAdmin):
    list_display = ("number", "status", "payment_status", "payment_method", "total", "recipient", "city", "created_at")
    list_filter = ("status", "payment_status", "payment_method", "created_at")
    search_fields = ("number__iexact", "email__iexact", "phone__exact", "recipient__istartswith")
    search_help_text = "number, e-mail, telephone (+91…), or the beginning of the name"
    ordering = ("-created_at", "-id")
    date_hierarchy = "created_at"
    show_full_result_count = False
    list_per_page = 50
    inlines = (LineInline, EventInline, PaymentInline, RefundInline)
    fieldsets = (
        (None, {"fields": (("number", "status", "payment_status"), "next_steps", "attention", "invoice")}),
        ("Money", {"fields": (("subtotal", "discount", "coupon_code"), ("shipping", "tax", "tax_included"),
                              ("total", "refunded", "currency"), ("payment_method", "paid_at", "expires_at"))}),
        ("Customer", {"fields": ("user", "email", "recipient", "phone", "street", ("city", "state"),
                                 ("postal_code", "country"))}),
        ("Parcel", {"fields": (("carrier", "tracking_number", "tracking_url"), ("shipped_at", "delivered_at"))}),
    )  # fmt: skip
    steps = {
        "confirm": Step("Confirm", _to(OrderStatus.CONFIRMED), NoteForm, _may(OrderStatus.CONFIRMED)),
        "process": Step("Start packing", _to(OrderStatus.PROCESSING), NoteForm, _may(OrderStatus.PROCESSING)),
        "ship": Step("Ship", _to(OrderStatus.SHIPPED), ShipForm, _may(OrderStatus.SHIPPED)),
        "deliver": Step("Mark delivered", _to(OrderStatus.DELIVERED), NoteForm, _may(OrderStatus.DELIVERED)),
        "cash": Step(
            "Cash received",
            _cash,
            offered=lambda order: (
                order.payment_method == PaymentMethod.COD
                and order.payment_status == PaymentStatus.UNPAID
                and order.status != OrderStatus.CANCELLED
            ),
        ),
        "refund": Step("Refund", _refund, RefundForm, lambda order: order.paid_at and order.refunded < order.total),
        "note": Step("Write a note", _note, OwnNoteForm),
        "cancel": Step("Cancel", _to(OrderStatus.CANCELLED), NoteForm, _may(OrderStatus.CANCELLED), danger=True),
    }

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["next_steps", "invoice"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return super().get_queryset(request).select_related("user")  # type: ignore[no-any-return]  # unfold has no types

    @admin.display(description="Invoice")
    def invoice(self, order: Order) -> SafeString:
        return format_html('<a class="underline" href="/api/orders/{}/invoice">PDF</a> (with a staff token)', order.pk)


def _settle(succeeded: bool) -> Callable[[HttpRequest, Refund, Mapping[str, Any]], str]:
    def settle(request: HttpRequest, refund: Refund, data: Mapping[str, Any]) -> str:
        services.settle_refund(refund_id=refund.pk, actor=_staff(request), succeeded=succeeded)
        return "The refund is closed."

    return settle


@admin.register(Refund)
class RefundAdmin(ReadOnly, SteppedAdmin):
    list_display = ("order", "amount", "state", "reason", "created_at", "finished_at")
    list_filter = ("state",)
    search_fields = ("order__number__iexact",)
    list_select_related = ("order", "by", "payment")
    show_full_result_count = False
    readonly_fields = ("next_steps",)
    fields = ("order", "payment", "amount", "reason", "state", "error", "by", "created_at", "finished_at", "next_steps")
    steps = {
        "done": Step("Paid out by hand", _settle(True), offered=lambda refund: refund.state == RefundState.REQUESTED),
        "failed": Step(
            "Will not be paid out",
            _settle(False),
            offered=lambda refund: refund.state == RefundState.REQUESTED,
            danger=True,
        ),
    }

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["next_steps", "created_at"]


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ("order", "provider", "provider_ref", "amount", "state", "created_at", "succeeded_at")
    list_filter = ("state", "provider")
    search_fields = ("order__number__iexact", "provider_ref__exact")
    list_select_related = ("order",)


@admin.register(PaymentEvent)
class PaymentEventAdmin(ReadOnlyAdmin):
    list_display = ("provider", "event_id", "type", "outcome", "received_at")
    list_filter = ("provider", "type")
    search_fields = ("event_id__exact",)
    list_select_related = ("payment",)


class CouponForm(StrictModelForm):
    class Meta:
        model = Coupon
        fields = (
            "code", "kind", "value", "min_spend", "starts_at", "ends_at", "total_limit", "per_customer_limit",
            "is_active",
        )  # fmt: skip

    def clean_code(self) -> str:
        """Return the code as it is kept."""
        return str(self.cleaned_data["code"]).upper()


@admin.register(Coupon)
class CouponAdmin(ModelAdmin):
    form = CouponForm
    list_display = ("code", "kind", "value", "min_spend", "used", "total_limit", "is_active", "starts_at", "ends_at")
    list_filter = ("is_active", "kind")
    search_fields = ("code__istartswith",)
    readonly_fields = ("used",)

    def has_delete_permission(self, request: HttpRequest, obj: Coupon | None = None) -> bool:
        """A coupon that was used stays: orders tell of it. Make it inactive instead."""
        return obj is not None and not obj.used and super().has_delete_permission(request, obj)


class CartLineInline(ReadOnly, TabularInline):
    model = CartLine
    extra = 0
    fields = ("variant", "quantity", "price_at_add", "created_at")
    readonly_fields = fields


@admin.register(Cart)
class CartAdmin(ReadOnlyAdmin):
    list_display = ("id", "user", "pieces", "updated_at")
    search_fields = ("user__email__iexact",)
    list_select_related = ("user", "coupon")
    fields = ("user", "coupon", "created_at", "updated_at")
    inlines = (CartLineInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Cart]:
        found: QuerySet[Cart] = super().get_queryset(request)
        return found.annotate(n=Sum("lines__quantity"))

    @admin.display(ordering="n")
    def pieces(self, cart: Any) -> int:
        return cart.n or 0


@admin.register(CouponUse)
class CouponUseAdmin(ReadOnlyAdmin):
    list_display = ("coupon", "order", "slot")
    search_fields = ("coupon__code__iexact", "order__number__iexact")
    list_select_related = ("coupon", "order")


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnlyAdmin):
    list_display = ("scope", "created_at", "result_id")
    fields = ("scope", "result_id", "created_at")
    search_fields = ("result_id__exact",)


@admin.register(Return)
class ReturnAdmin(ReadOnlyAdmin):
    list_display = ("order", "reason", "by", "created_at")
    search_fields = ("order__number__iexact",)
    list_select_related = ("order", "by")
