"""Tax classes."""

from django.contrib import admin

from markrin.admin.base import ModelAdmin
from products.models import TaxClass


@admin.register(TaxClass)
class TaxClassAdmin(ModelAdmin):
    list_display = ("code", "name", "hsn", "is_default")
    search_fields = ("code__istartswith", "name__icontains")
    fields = ("code", "name", "hsn", "is_default")
