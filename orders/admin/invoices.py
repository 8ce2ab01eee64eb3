"""Invoices, credit notes and vouchers: to look up, and to print as they were."""

from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from markrin.admin.amounts import show_money
from markrin.admin.base import ReadOnly, ReadOnlyAdmin, TabularInline
from markrin.admin.exact_search import ExactSearch
from orders.models import Invoice, InvoiceLine
from orders.services import invoice_files


class InvoiceLineInline(ReadOnly, TabularInline):
    model = InvoiceLine
    extra = 0
    fields = (
        *("name", "hs_code", "unit", "quantity"),
        show_money("charged", of="invoice.currency"),
        "rate",
        show_money("tax", of="invoice.currency"),
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[InvoiceLine]:
        # unfold has no types
        return super().get_queryset(request).select_related("invoice")  # type: ignore[no-any-return]

    @admin.display(description="percent")
    def rate(self, line: InvoiceLine) -> str:
        return f"{line.percent.normalize():f}"


_SUMS = (show_money("taxable"), show_money("tax"), show_money("total"))


@admin.register(Invoice)
class InvoiceAdmin(ExactSearch, ReadOnlyAdmin):
    list_display = (
        "number",
        "kind",
        "issued_on",
        "order",
        "original",
        show_money("total"),
        show_money("tax"),
        "pdf",
    )
    list_filter = ("kind",)
    search_fields = ("number", "order__number")
    search_help_text = "the whole number of an invoice or of an order"
    list_select_related = ("order", "original")
    ordering = ("-issued_at", "-id")
    inlines = (InvoiceLineInline,)
    fields = (
        "number",
        "kind",
        "issued_on",
        "order",
        "original",
        "reason",
        *_SUMS,
        "currency",
        "buyer_tax_id",
        "supply_country",
        "supply_state",
        "zero_rated",
        "anonymised_at",
        "pdf",
    )
    readonly_fields = ("pdf", *_SUMS)

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, with the files."""
        view = self.admin_site.admin_view(self.file_view)
        return [
            path("<uuid:pk>/file/", view, name="orders_invoice_file"),
            *super().get_urls(),
        ]

    @admin.display(description="PDF")
    def pdf(self, invoice: Invoice) -> SafeString | str:
        if invoice.anonymised_at:
            return ""
        link = reverse("admin:orders_invoice_file", args=[invoice.pk])
        return format_html('<a class="shop-link" href="{}">PDF</a>', link)

    def file_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Answer with an invoice's PDF."""
        invoice = Invoice.objects.filter(pk=pk, anonymised_at=None).first()
        if invoice is None or not self.has_view_permission(request, invoice):
            raise Http404
        kept = invoice_files.get_file(invoice_id=invoice.pk)
        return HttpResponse(
            bytes(kept.pdf),
            content_type="application/pdf",
            headers={
                "Content-Disposition": f'inline; filename="{invoice.number}.pdf"',
                "Cache-Control": "no-store",
            },
        )
