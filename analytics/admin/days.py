"""The shop's figures by day, and the reports over them. `/api/staff/reports/…` has the same
as JSON and CSV.
"""

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from analytics.admin import reports
from analytics.models import DailyFunnel, DailySales
from markrin.admin.amounts import show_money
from markrin.admin.base import ReadOnlyAdmin


@admin.register(DailySales)
class DailySalesAdmin(ReadOnlyAdmin):
    list_display = (
        "day",
        "orders",
        *(show_money(name, of="") for name in ("revenue", "ordered", "refunded")),
        "units",
        "new_customers",
        "returning_customers",
        "cancelled",
        "stock_outs",
        "made_at",
    )
    date_hierarchy = "day"
    export_columns = {
        "Day": "day",
        "Orders": "orders",
        "Revenue": "revenue",
        "Ordered": "ordered",
        "Refunded": "refunded",
        "Units": "units",
        "New customers": "new_customers",
        "Returning customers": "returning_customers",
        "Cancelled": "cancelled",
        "Stock-outs": "stock_outs",
    }

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, with one for each report."""
        own = path(
            "report/<slug:name>/",
            self.admin_site.admin_view(self.report_view),
            name="analytics_report",
        )
        return [own, *super().get_urls()]

    def report_view(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """Show a report."""
        return reports.show_report(self, request, name)


@admin.register(DailyFunnel)
class DailyFunnelAdmin(ReadOnlyAdmin):
    list_display = ("day", "visits", "views", "carts", "checkouts")
    date_hierarchy = "day"
