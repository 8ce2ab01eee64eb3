"""Categories."""

from typing import Any

from django.contrib import admin
from django.db.models import Count
from django.http import HttpRequest

from markrin.admin.base import ModelAdmin
from markrin.admin.forms import StrictModelForm
from products.models import Category, Product


class CategoryForm(StrictModelForm):
    class Meta:
        model = Category
        fields = ("name", "slug", "parent", "position", "tax_class", "description")


@admin.register(Category)
class CategoryAdmin(ModelAdmin):
    form = CategoryForm
    list_display = (
        "name",
        "slug",
        "parent",
        "position",
        "tax_class",
        "product_count",
    )
    search_fields = ("name__icontains", "slug__istartswith")
    list_select_related = ("parent", "tax_class")
    autocomplete_fields = ("parent",)
    prepopulated_fields = {"slug": ("name",)}

    def get_changelist_instance(self, request: HttpRequest) -> object:
        """Return the list, with the number of products of each category that is shown: one
        query over their index.
        """
        shown = super().get_changelist_instance(request)
        products = Product.objects.filter(
            category__in=[row.pk for row in shown.result_list]
        )
        counts = dict(
            products.order_by().values_list("category").annotate(n=Count("*"))
        )
        for row in shown.result_list:
            row.n = counts.get(row.pk, 0)
        return shown

    @admin.display(description="products")
    def product_count(self, category: Any) -> int:
        return int(category.n)
