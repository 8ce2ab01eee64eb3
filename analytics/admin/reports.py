"""The reports as pages: a period, a table, and the same as a CSV file."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from psycopg.rows import TupleRow
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from analytics import csv_response, days, report_cells
from analytics.models import ReportSnapshot
from analytics.selectors import first_rows, reports
from analytics.selectors.reports import Column, Report
from markrin import localized
from markrin.admin.base import ModelAdmin
from markrin.admin.forms import CleanedData, StrictForm

SHOWN = ReportSnapshot.MAX_ROWS - 1  # rows on the page; the file has more
MAX_DAYS = 1100
_LINKS = {
    "productId": "admin:products_product_change",
    "variantId": "admin:products_variant_change",
    "categoryId": "admin:products_category_change",
    "promotionId": "admin:orders_promotion_change",
}
_PERMISSIONS = {"stock": ("products.view_stocklevel",)}


class PeriodForm(StrictForm):
    """From which day to which, and what a row stands for."""

    first = forms.DateField(
        label="From", widget=UnfoldAdminTextInputWidget(attrs={"type": "date"})
    )
    last = forms.DateField(
        label="To", widget=UnfoldAdminTextInputWidget(attrs={"type": "date"})
    )
    interval = forms.ChoiceField(
        label="By",
        choices=[(name, name) for name in ("day", "week", "month")],
        widget=UnfoldAdminSelectWidget,
    )

    def clean(self) -> CleanedData:
        """Refuse a period that ends before it begins, or is longer than three years."""
        cleaned = super().clean()
        if "first" in cleaned and "last" in cleaned:
            span = (cleaned["last"] - cleaned["first"]).days
            if not 0 <= span < MAX_DAYS:
                raise forms.ValidationError(
                    "The period ends before it begins, or is longer than three years."
                )
        return cleaned


def may_see(request: HttpRequest, name: str) -> bool:
    """Return whether the user may see the report."""
    permissions = _PERMISSIONS.get(name, ("analytics.view_dailysales",))
    return all(request.user.has_perm(each) for each in permissions)


def show_report(
    admin: ModelAdmin, request: HttpRequest, name: str
) -> HttpResponseBase:
    """Show a report over the period asked for, of 30 days where none is, or answer with its CSV."""
    if name not in reports.REPORTS:
        raise Http404
    if not may_see(request, name):
        raise PermissionDenied
    today = days.get_day(timezone.now())
    usual = {"first": today - timedelta(days=29), "last": today, "interval": "day"}
    form = PeriodForm(
        {**{key: str(value) for key, value in usual.items()}, **request.GET.dict()}
    )
    params = form.cleaned_data if form.is_valid() else usual
    if form.is_valid() and request.GET.get("format") == "csv":
        return csv_response.build_csv_response(
            reports.get_report(name=name, **params)
        )
    report = _read_rows(name, params)
    query = request.GET.copy()
    query["format"] = "csv"
    context = {
        **admin.admin_site.each_context(request),
        "title": report.definition.title,
        "form": form,
        "report": report,
        "headings": [
            _format_heading(column)
            for column in report.definition.columns
            if column.kind != "id"
        ],
        "rows": [_format_row(report, row) for row in report.rows[:SHOWN]],
        "more": len(report.rows) > SHOWN,
        "shown": SHOWN,
        "most": f"{reports.MAX_ROWS:,}",
        "csv": f"?{query.urlencode()}",
        "others": [
            {
                "title": each.title,
                "link": reverse("admin:analytics_report", args=[key]),
                "active": key == name,
            }
            for key, each in reports.REPORTS.items()
            if may_see(request, key)
        ],
    }
    return TemplateResponse(
        request,
        "analytics/report.html",
        context,
        status=200 if form.is_valid() else 422,
    )


def _read_rows(name: str, params: dict[str, Any]) -> Report:
    """Return the report's first rows, one more than are shown; they may be some minutes
    old, and say so.
    """
    if name not in ("stock", "products"):
        return reports.get_report(name=name, **params)
    first, last = params["first"], params["last"]
    read_at, rows = first_rows.get_first_rows(
        name=name, first=first, last=last, limit=SHOWN + 1
    )
    return Report(
        name, reports.REPORTS[name], first, last, params["interval"], read_at, rows
    )


def _format_heading(column: Column) -> dict[str, object]:
    words = "".join(
        f" {letter.lower()}" if letter.isupper() else letter
        for letter in column.name
    )
    return {
        "text": words.capitalize(),
        "right": column.kind in ("number", "money", "ratio"),
    }


def _format_row(report: Report, values: TupleRow) -> list[dict[str, object]]:
    """Return the row's cells as people read them; an id becomes the next cell's link."""
    shown, link = [], ""
    for column, value in zip(report.definition.columns, values, strict=True):
        if column.kind == "id":
            link = _link_to_object(column, value)
            continue
        text = format_value(column, value)
        if link:
            text = format_html('<a class="underline" href="{}">{}</a>', link, text)
            link = ""
        shown.append(
            {"text": text, "right": column.kind in ("number", "money", "ratio")}
        )
    return shown


def _link_to_object(column: Column, value: UUID) -> str:
    return reverse(_LINKS[column.name], args=[value])


def format_value(column: Column, value: Any) -> str:
    """Return a value as people read it."""
    if value is None:
        return "–"
    if column.kind == "money":
        return localized.format_money(value, settings.SHOP_CURRENCY)
    if column.name == "conversion":
        return f"{float(value):.1%}"
    if column.kind == "number":
        return f"{int(value):,}"
    if isinstance(value, date):
        return f"{value:%d %b %Y}"
    return str(report_cells.format_cell(value, column.kind))
