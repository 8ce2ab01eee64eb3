"""Goods that came back."""

from django.contrib import admin

from markrin.admin.base import (
    ReadOnlyAdmin,
)
from markrin.admin.exact_search import ExactSearch
from orders.models import (
    Return,
)


@admin.register(Return)
class ReturnAdmin(ExactSearch, ReadOnlyAdmin):
    list_display = ("order", "reason", "by", "created_at")
    search_fields = ("order__number",)
    search_help_text = "an order's whole number"
    list_select_related = ("order", "by")
