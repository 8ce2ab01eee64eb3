"""Categories and size charts."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from markrin.admin_base import ModelAdmin, TabularInline
from products.models import (
    Category,
    SizeChart,
    SizeChartEntry,
)


@admin.register(Category)
class CategoryAdmin(ModelAdmin):
    list_display = ("name", "slug", "parent", "position", "tax_percent", "product_count")
    search_fields = ("name__icontains", "slug__istartswith")
    list_select_related = ("parent",)
    autocomplete_fields = ("parent",)
    prepopulated_fields = {"slug": ("name",)}
    fields = ("name", "slug", "parent", "position", "tax_percent", "description")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        found: QuerySet[Category] = super().get_queryset(request)
        return found.annotate(n=Count("products"))

    @admin.display(description="products", ordering="n")
    def product_count(self, category: Any) -> int:
        return int(category.n)


class SizeChartEntryInline(TabularInline):
    model = SizeChartEntry
    extra = 0


@admin.register(SizeChart)
class SizeChartAdmin(ModelAdmin):
    list_display = ("title", "category")
    list_select_related = ("category",)
    autocomplete_fields = ("category",)
    search_fields = ("title__icontains", "category__name__icontains")
    inlines = (SizeChartEntryInline,)
