"""Categories."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from markrin.admin_base import ModelAdmin
from markrin.forms import StrictModelForm
from products.models import Category, Product


class CategoryForm(StrictModelForm):
    class Meta:
        model = Category
        fields = ("name", "slug", "parent", "position", "tax_percent", "description")


@admin.register(Category)
class CategoryAdmin(ModelAdmin):
    form = CategoryForm
    list_display = ("name", "slug", "parent", "position", "tax_percent", "product_count")
    search_fields = ("name__icontains", "slug__istartswith")
    list_select_related = ("parent",)
    autocomplete_fields = ("parent",)
    prepopulated_fields = {"slug": ("name",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        found: QuerySet[Category] = super().get_queryset(request)
        products = Product.objects.filter(category=OuterRef("pk")).order_by().values("category")
        return found.annotate(n=Subquery(products.annotate(n=Count("pk")).values("n")))

    @admin.display(description="products", ordering="n")
    def product_count(self, category: Any) -> int:
        return int(category.n or 0)
