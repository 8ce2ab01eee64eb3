"""An order's page: what was bought, what happened, and the steps that are possible now."""

from collections import Counter
from io import BytesIO
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet, TextChoices
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from accounts.address_lines import list_address_lines
from markrin import localized
from markrin.admin.base import (
    Fieldsets,
    ReadOnly,
    Step,
    SteppedAdmin,
    TabularInline,
    render_once,
)
from markrin.admin.forms import StrictForm
from markrin.api.errors import NotFound
from orders import selectors
from orders.admin import desk, printing, steps
from orders.admin.fulfilments import FulfilmentInline
from orders.admin.paperwork import AttachmentInline
from orders.admin.return_requests import ReturnRequestInline
from orders.models import (
    CustomerRecord,
    Order,
    OrderAttachment,
    OrderEvent,
    OrderLine,
    Payment,
    Refund,
)
from orders.models.fulfilment import ParcelStatus
from orders.models.order_event import OrderEventKind
from orders.models.order_status import OrderStatus, PaymentStatus
from orders.models.return_request import ReturnStatus
from orders.services import invoice_files, order_edits

_STATUS = {
    OrderStatus.PENDING: "warning",
    OrderStatus.CONFIRMED: "info",
    OrderStatus.PROCESSING: "info",
    OrderStatus.PARTIALLY_SHIPPED: "primary",
    OrderStatus.SHIPPED: "primary",
    OrderStatus.UNDELIVERED: "danger",
    OrderStatus.DELIVERED: "success",
    OrderStatus.CANCELLED: "danger",
    OrderStatus.RETURNED: "danger",
}
_PAYMENT = {
    PaymentStatus.PAID: "success",
    PaymentStatus.FAILED: "danger",
    PaymentStatus.REFUNDED: "info",
    PaymentStatus.UNPAID: "warning",
}


# What the statuses of an event are of.
_STEPPED: dict[OrderEventKind, type[TextChoices]] = {
    OrderEventKind.STATUS: OrderStatus,
    OrderEventKind.PAYMENT: PaymentStatus,
    OrderEventKind.PARCEL: ParcelStatus,
    OrderEventKind.RETURN: ReturnStatus,
}


class LineInline(ReadOnly, TabularInline):
    model = OrderLine
    extra = 0
    fields = (
        "code",
        "name",
        "size",
        "color",
        "quantity",
        "cancelled",
        "shipped",
        "returned",
        "each",
        "sum",
        "off",
        "tax_part",
    )
    readonly_fields = fields
    verbose_name_plural = "what was bought"

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderLine]:
        # unfold has no types
        return super().get_queryset(request).select_related("order")  # type: ignore[no-any-return]

    @admin.display(description="SKU")
    def code(self, line: OrderLine) -> str:
        return line.sku

    @admin.display(description="unit price")
    def each(self, line: OrderLine) -> str:
        return localized.format_money(line.unit_price, line.order.currency)

    @admin.display(description="line total")
    def sum(self, line: OrderLine) -> str:
        return localized.format_money(line.line_total, line.order.currency)

    @admin.display(description="discount")
    def off(self, line: OrderLine) -> str:
        return (
            localized.format_money(line.discount, line.order.currency)
            if line.discount
            else ""
        )

    @admin.display(description="tax")
    def tax_part(self, line: OrderLine) -> str:
        return localized.format_money(line.tax, line.order.currency)


class EventInline(ReadOnly, TabularInline):
    model = OrderEvent
    extra = 0
    fields = ("at", "what", "who", "note", "is_public")
    readonly_fields = fields
    verbose_name_plural = "history"

    def get_queryset(self, request: HttpRequest) -> QuerySet[OrderEvent]:
        # unfold has no types
        return super().get_queryset(request).select_related("by")  # type: ignore[no-any-return]

    def what(self, event: OrderEvent) -> str:
        kind = str(event.get_kind_display())
        if not event.to_status:
            return kind
        words = dict(_STEPPED[OrderEventKind(event.kind)].choices)
        steps = " → ".join(
            str(words.get(status, status))
            for status in (event.from_status, event.to_status)
            if status
        )
        return steps if event.kind == OrderEventKind.STATUS else f"{kind}: {steps}"

    def who(self, event: OrderEvent) -> str:
        return str(event.by or event.actor.capitalize())


class PaymentInline(ReadOnly, TabularInline):
    model = Payment
    extra = 0
    fields = (
        "provider",
        "provider_ref",
        "sum",
        "state",
        "error",
        "created_at",
        "succeeded_at",
    )
    readonly_fields = fields

    @admin.display(description="amount")
    def sum(self, payment: Payment) -> str:
        return localized.format_money(payment.amount, payment.currency)


class RefundInline(ReadOnly, TabularInline):
    model = Refund
    fk_name = "order"
    extra = 0
    fields = ("sum", "reason", "state", "error", "by", "created_at", "finished_at")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Refund]:
        return super().get_queryset(request).select_related("by", "order")  # type: ignore[no-any-return]  # unfold has no types

    @admin.display(description="amount")
    def sum(self, refund: Refund) -> str:
        return localized.format_money(refund.amount, refund.order.currency)


class NeedsAPerson(admin.SimpleListFilter):
    title = "needs a person"
    parameter_name = "attention"

    def lookups(
        self, request: HttpRequest, model_admin: object
    ) -> list[tuple[str, str]]:
        """Return the choices."""
        return [("yes", "Yes")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Order]
    ) -> QuerySet[Order]:
        """Return those that were left for a person to decide."""
        return queryset.exclude(attention="") if self.value() == "yes" else queryset


class HasTag(admin.SimpleListFilter):
    """By one of the tags in use, the most frequent of the newest orders first."""

    title = "tag"
    parameter_name = "tag"

    def lookups(
        self, request: HttpRequest, model_admin: object
    ) -> list[tuple[str, str]]:
        """Return the choices: a bounded look at the newest orders with tags."""
        tagged = Order.objects.filter(~Q(tags=[])).order_by("-created_at", "-id")
        found = Counter(
            tag
            for tags in tagged.values_list("tags", flat=True)[:500]
            for tag in tags
        )
        return [(tag, tag) for tag, _ in found.most_common(30)]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Order]
    ) -> QuerySet[Order]:
        """Return the orders with the tag."""
        return (
            queryset.filter(tags__contains=[self.value()])
            if self.value()
            else queryset
        )


@admin.register(Order)
class OrderAdmin(desk.OpenedFromQueue, ReadOnly, SteppedAdmin):
    list_display = (
        "number",
        "shown_status",
        "shown_payment",
        "paid_by",
        "amount",
        "recipient",
        "city",
        "created_at",
    )
    list_filter = (
        NeedsAPerson,
        HasTag,
        "status",
        "payment_status",
        "payment_method",
        "created_at",
    )
    search_fields = (
        "number",
        "email",
        "phone",
        "recipient",
    )  # see get_search_results
    search_help_text = (
        "number or its end, e-mail, telephone, part of the name, city, postal code, SKU,"
        " tracking number"
    )
    ordering = ("-created_at", "-id")
    inlines = (
        LineInline,
        FulfilmentInline,
        ReturnRequestInline,
        EventInline,
        AttachmentInline,
        PaymentInline,
        RefundInline,
    )
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("status", "payment_status", "paid_by"),
                    "next_steps",
                    "needs",
                    "papers",
                    "shown_tags",
                )
            },
        ),
        ("Money", {"fields": ("sums",)}),
        ("Customer and parcel", {"fields": (("customer", "parcel"),)}),
    )
    steps = steps.ORDER_STEPS
    logs_steps = False
    export_columns = {
        "Number": "number",
        "Placed at": "created_at",
        "Status": "status",
        "Payment": "payment_status",
        "Method": "payment_method",
        "Subtotal": "subtotal",
        "Discount": "discount",
        "Coupon": "coupon_code",
        "Shipping": "shipping",
        "Shipping method": "shipping_name",
        "Deliver by": "delivers_until",
        "Cash fee": "cod_fee",
        "Tax": "tax",
        "Total": "total",
        "Refunded": "refunded",
        "Currency": "currency",
        "Recipient": "recipient",
        "E-mail": "email",
        "Telephone": "phone",
        "City": "city",
        "State": "state",
        "Postal code": "postal_code",
        "Country": "country",
        "Shipped at": "shipped_at",
        "Delivered at": "delivered_at",
    }

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, with the desk's queues and the invoices."""
        view = self.admin_site.admin_view
        own = [
            path("find/", view(self.find_view), name="orders_order_find"),
            path(
                "<uuid:pk>/file/<uuid:file>/",
                view(self.file_view),
                name="orders_order_file",
            ),
            path("<uuid:pk>/file/<uuid:file>/delete/", view(self.file_delete_view)),
            path(
                "print/<slug:kind>/",
                view(self.print_view),
                name="orders_order_print",
            ),
            path(
                "queue/<slug:name>/",
                view(self.queue_view),
                name="orders_order_queue",
            ),
            path(
                "<uuid:pk>/invoice/<uuid:invoice_pk>/",
                view(self.invoice_view),
                name="orders_order_invoice",
            ),
        ]
        return [*own, *super().get_urls()]

    def get_readonly_fields(
        self, request: HttpRequest, obj: object = None
    ) -> list[str]:
        return [
            "next_steps",
            "needs",
            "papers",
            "shown_tags",
            "sums",
            "customer",
            "parcel",
            "paid_by",
        ]

    def get_fieldsets(
        self, request: HttpRequest, obj: Order | None = None
    ) -> Fieldsets:
        """Leave out what nobody has to look at."""
        if obj is not None and obj.attention:
            return self.fieldsets
        return (
            (
                None,
                {
                    "fields": (
                        ("status", "payment_status", "paid_by"),
                        "next_steps",
                        "papers",
                        "shown_tags",
                    )
                },
            ),
            *self.fieldsets[1:],
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        # unfold has no types
        return super().get_queryset(request).select_related("user")  # type: ignore[no-any-return]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        """Find what staff mean, as the API does: by the columns that have indexes."""
        return (
            queryset.filter(selectors.match_search(search_term))
            if search_term.strip()
            else queryset
        ), False

    @display(description="status", ordering="status", label=_STATUS)
    def shown_status(self, order: Order) -> tuple[str, str]:
        return order.status, order.get_status_display()

    @display(description="payment", ordering="payment_status", label=_PAYMENT)
    def shown_payment(self, order: Order) -> tuple[str, str]:
        return order.payment_status, order.get_payment_status_display()

    @admin.display(description="method", ordering="payment_method")
    def paid_by(self, order: Order) -> str:
        return str(order.get_payment_method_display())

    @admin.display(description="total", ordering="total")
    def amount(self, order: Order) -> str:
        return localized.format_money(order.total, order.currency)

    @admin.display(description="Needs a person")
    def needs(self, order: Order) -> SafeString:
        return format_html('<strong class="shop-bad">{}</strong>', order.attention)

    @admin.display(description="Papers")
    @render_once
    def papers(self, order: Order) -> SafeString:
        links = [
            *(
                (
                    reverse(
                        "admin:orders_order_invoice", args=[order.pk, invoice.pk]
                    ),
                    f"{invoice.get_kind_display().capitalize()} {invoice.number}",
                )
                for invoice in selectors.list_invoices(order=order)
            ),
            *(
                (desk.print_link(kind, [order]), name)
                for kind, name in (("slips", "Packing slip"), ("labels", "Label"))
            ),
        ]
        return format_html_join(
            " · ", '<a class="shop-link" href="{}">{}</a>', links
        )

    @admin.display(description="Tags")
    def shown_tags(self, order: Order) -> str:
        return ", ".join(order.tags) or "none"

    @admin.display(description="")
    def sums(self, order: Order) -> SafeString:
        return render_to_string(
            "orders/sums.html", {"rows": _list_sums(order), "order": order}
        )

    @admin.display(description="Customer")
    @render_once
    def customer(self, order: Order) -> SafeString:
        record = CustomerRecord.objects.filter(user=order.user_id).first()
        return render_to_string(
            "orders/customer.html",
            {
                "order": order,
                "address": list_address_lines(order),
                "record": record if order.user_id else None,
            },
        )

    @admin.display(description="Parcel")
    def parcel(self, order: Order) -> SafeString:
        return render_to_string("orders/parcel.html", {"order": order})

    def queue_view(self, request: HttpRequest, name: str) -> HttpResponse:
        """Show one of the desk's queues, or take its step with many orders."""
        return desk.show_queue(self, request, name)

    def print_view(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Show papers for printing: packing slips, labels, the pick list."""
        return printing.show_papers(self, request, kind)

    def file_view(self, request: HttpRequest, pk: UUID, file: UUID) -> HttpResponse:
        """Answer with a file of the order, to be saved and never shown."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        kept = OrderAttachment.objects.filter(pk=file, order=pk).first()
        if kept is None:
            raise Http404
        return FileResponse(
            BytesIO(kept.content),
            as_attachment=True,
            filename=kept.name,
            content_type=kept.content_type,
        )  # type: ignore[return-value]  # Django's own

    def file_delete_view(
        self, request: HttpRequest, pk: UUID, file: UUID
    ) -> HttpResponse:
        """Ask, and delete a file of the order."""
        if not self.may_step(request):
            raise PermissionDenied
        kept = (
            OrderAttachment.objects.filter(pk=file, order=pk)
            .defer("content")
            .first()
        )
        if kept is None:
            raise Http404
        back = reverse("admin:orders_order_change", args=[pk])
        if request.method == "POST":
            order_edits.remove_file(
                attachment_id=file, order_id=pk, actor=steps.get_actor(request)
            )
            self.message_user(request, f"{kept.name} is deleted.")
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Delete {kept.name}?",
            "original": kept,
            "form": StrictForm(),
            "step": Step("Delete", lambda *_: "", danger=True),
            "back": back,
        }
        return TemplateResponse(request, "admin/step.html", context)

    def find_view(self, request: HttpRequest) -> HttpResponse:
        """Open the order that was typed or scanned."""
        return desk.find_order(self, request)

    def invoice_view(
        self, request: HttpRequest, pk: UUID, invoice_pk: UUID
    ) -> HttpResponse:
        """Answer with one of the order's invoices."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        order = Order.objects.filter(pk=pk).first()
        if order is None:
            raise Http404
        try:
            invoice = selectors.get_invoice(order=order, invoice_id=invoice_pk)
        except NotFound:
            raise Http404 from None
        kept = invoice_files.get_file(invoice_id=invoice.pk)
        named = {
            "Content-Disposition": f'inline; filename="{invoice.number}.pdf"',
            "Cache-Control": "no-store",
        }
        return HttpResponse(
            bytes(kept.pdf), content_type="application/pdf", headers=named
        )


def _list_sums(order: Order) -> list[tuple[str, str]]:
    """Return what the order comes to, line by line, as people read it."""
    rows = [("Subtotal", order.subtotal)]
    if order.discount:
        rows.append((f"Discount {order.coupon_code}".strip(), -order.discount))
    rows.append((f"Shipping {order.shipping_name}".strip(), order.shipping))
    if order.cod_fee:
        rows.append(("Fee for cash on delivery", order.cod_fee))
    rows.append(("Tax, included" if order.tax_included else "Tax", order.tax))
    rows.append(("Total", order.total))
    if order.gift_card_amount:
        rows.append(("Gift cards and store credit", -order.gift_card_amount))
    if order.part_paid:
        rows.append(
            ("Paid before pieces were added or exchanged", -order.part_paid)
        )
    if order.gift_card_amount or order.part_paid:
        rows.append(("In cash or online", order.due))
    if order.waived:
        rows.append(("Not owed any more", -order.waived))
    if order.refunded:
        rows.append(("Refunded", -order.refunded))
    if order.waived or order.refunded:
        rows.append(("Left", order.payable - order.refunded))
    return [
        (name, localized.format_money(amount, order.currency))
        for name, amount in rows
    ]
