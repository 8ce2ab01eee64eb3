"""The shop's figures by day, as staff look at them. `/api/staff/reports/…` has the same as JSON and CSV."""

from django.contrib import admin

from analytics.models import DailyFunnel, DailySales
from markrin.admin_base import ReadOnlyAdmin


@admin.register(DailySales)
class DailySalesAdmin(ReadOnlyAdmin):
    list_display = (
        "day", "orders", "revenue", "refunded", "units", "new_customers", "returning_customers", "cancelled",
        "stock_outs", "made_at",
    )  # fmt: skip
    date_hierarchy = "day"


@admin.register(DailyFunnel)
class DailyFunnelAdmin(ReadOnlyAdmin):
    list_display = ("day", "visits", "views", "carts", "checkouts")
    date_hierarchy = "day"
