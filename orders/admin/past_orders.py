"""Orders of the shop's former system, to look at."""

from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from markrin.admin.amounts import show_money
from markrin.admin.base import ModelAdmin, ReadOnly
from orders.models import PastOrder


@admin.register(PastOrder)
class PastOrderAdmin(ReadOnly, ModelAdmin):
    list_display = (
        "number",
        "source",
        "placed_at",
        "email",
        "status",
        show_money("total"),
    )
    list_filter = ("source", "status")
    search_fields = ("number__istartswith", "email__istartswith")
    list_select_related = ("user",)
    readonly_fields = ("goods",)
    fields = (
        ("source", "number"),
        ("placed_at", "status"),
        ("email", "user"),
        ("total", "currency"),
        "goods",
    )

    @admin.display(description="goods")
    def goods(self, order: PastOrder) -> SafeString:
        rows = (
            (line["quantity"], line["name"], line["sku"], line["price"])
            for line in order.lines
        )
        return format_html_join("\n", "<p>{} × {} ({}) {}</p>", rows)
