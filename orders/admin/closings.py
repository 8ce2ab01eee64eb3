"""The tax report of a month as a page and as files, and the months that are closed."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from markrin.admin.base import ReadOnlyAdmin
from markrin.admin.exports import cell_text
from markrin.admin.forms import StrictForm
from markrin.api.errors import ShopError
from markrin.localized import format_money
from orders.models import MonthClosing
from orders.services import closings
from orders.services.lifecycle import Actor
from orders.tax_sheets import Sheet

SHOWN = 200  # rows of a sheet on the page; its file has all


class MonthForm(StrictForm):
    month = forms.RegexField(
        r"^\d{4}-(0[1-9]|1[0-2])$",
        label="Month",
        widget=UnfoldAdminTextInputWidget(attrs={"type": "month"}),
        error_messages={"invalid": "Write a month as 2026-11."},
    )


class CloseForm(MonthForm):
    compared = forms.BooleanField(
        label="The figures were looked at: freeze them",
        widget=UnfoldBooleanWidget,
    )


@admin.register(MonthClosing)
class MonthClosingAdmin(ReadOnlyAdmin):
    list_display = ("month_name", "closed_at", "closed_by", "documents")
    list_select_related = ("closed_by",)
    fields = (
        "month_name",
        "closed_at",
        "closed_by",
        "documents",
        "accounts",
        "late",
        "report",
    )
    readonly_fields = ("month_name", "accounts", "late", "report")

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, with the tax report's."""
        view = self.admin_site.admin_view(self.report_view)
        own = path("tax-report/", view, name="orders_tax_report")
        return [own, *super().get_urls()]

    @admin.display(description="Month", ordering="month")
    def month_name(self, closing: MonthClosing) -> str:
        return str(closing)

    @admin.display(description="Accounts")
    def accounts(self, closing: MonthClosing) -> SafeString:
        """Show what the ledger's entries of the month came to."""
        return _table(
            ("Account", "Debit", "Credit"),
            [
                (
                    one["account"],
                    format_money(Decimal(one["debit"]), one["currency"]),
                    format_money(Decimal(one["credit"]), one["currency"]),
                )
                for one in closing.balances
            ],
        )

    @admin.display(description="Booked since into this month")
    def late(self, closing: MonthClosing) -> SafeString | str:
        """Show what came after the closing, which changes no figure above."""
        rows = [
            (one.account, format_money(one.amount, one.currency))
            for one in closings.list_late_amounts(closing)
        ]
        return _table(("Account", "Amount"), rows) if rows else "nothing"

    @admin.display(description="Tax report")
    def report(self, closing: MonthClosing) -> SafeString:
        link = f"{reverse('admin:orders_tax_report')}?month={closing}"
        return format_html(
            '<a class="shop-link" href="{}">as it was closed</a>', link
        )

    def report_view(self, request: HttpRequest) -> HttpResponseBase:
        """Show a month's sheets, answer with one of them as a file, or close the month."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return self._close(request)
        form = MonthForm(
            {"month": f"{timezone.localdate():%Y-%m}", **request.GET.dict()}
        )
        if not form.is_valid():
            return self._show(
                request, form, timezone.localdate().replace(day=1), [], 422
            )
        month = _first_day(form.cleaned_data["month"])
        sheets = closings.get_sheets(month)
        if name := request.GET.get("sheet"):
            return _answer_file(month, sheets, name)
        return self._show(request, form, month, sheets, 200)

    def _close(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm("orders.add_monthclosing"):
            raise PermissionDenied
        form = CloseForm(request.POST)
        if not form.is_valid():
            messages.error(request, "Say first that the figures were looked at.")
            return HttpResponseRedirect(request.get_full_path())
        month = _first_day(form.cleaned_data["month"])
        try:
            closing = closings.close_month(
                month=month, actor=Actor("staff", request.user.pk)
            )
        except ShopError as refused:
            messages.error(request, refused.detail)
        else:
            messages.success(request, f"{closing} is closed.")
        link = f"{reverse('admin:orders_tax_report')}?month={month:%Y-%m}"
        return HttpResponseRedirect(link)

    def _show(
        self,
        request: HttpRequest,
        form: MonthForm,
        month: date,
        sheets: Sequence[Sheet],
        status: int,
    ) -> TemplateResponse:
        closing = MonthClosing.objects.filter(month=month).first()
        may_close = request.user.has_perm("orders.add_monthclosing")
        context = {
            **self.admin_site.each_context(request),
            "title": "Tax report",
            "opts": self.opts,
            "form": form,
            "month": f"{month:%Y-%m}",
            "closing": closing,
            "close_form": CloseForm(initial={"month": f"{month:%Y-%m}"})
            if may_close and closing is None and month == closings.find_open_month()
            else None,
            "sheets": [_present(sheet) for sheet in sheets],
            "shown": SHOWN,
        }
        return TemplateResponse(
            request, "orders/tax_report.html", context, status=status
        )


def _present(sheet: Sheet) -> dict[str, object]:
    """Return what the page shows of a sheet: no column that is empty in every row."""
    used = [
        number
        for number, _ in enumerate(sheet.columns)
        if any(row[number] not in ("", None) for row in sheet.rows)
    ]
    return {
        "name": sheet.name,
        "count": len(sheet.rows),
        "columns": [sheet.columns[number] for number in used],
        "rows": [[row[number] for number in used] for row in sheet.rows[:SHOWN]],
    }


def _answer_file(month: date, sheets: Sequence[Sheet], name: str) -> HttpResponse:
    sheet = next((one for one in sheets if one.name == name), None)
    if sheet is None:
        raise Http404
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(sheet.columns)
    writer.writerows([[cell_text(value) for value in row] for row in sheet.rows])
    file = f"{month:%Y-%m}-{sheet.name}.csv"
    return HttpResponse(
        out.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file}"'},
    )


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> SafeString:
    heads = format_html_join(
        "", '<th scope="col">{}</th>', ((one,) for one in headings)
    )
    lines = [
        format_html(
            "<tr>{}</tr>", format_html_join("", "<td>{}</td>", ((c,) for c in row))
        )
        for row in rows
    ]
    body = format_html_join("", "{}", ((line,) for line in lines))
    return format_html(
        '<table class="shop-table"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>',
        heads,
        body,
    )


def _first_day(month: str) -> date:
    return date.fromisoformat(f"{month}-01")
