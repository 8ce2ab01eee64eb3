"""Taxes, as staff keep them: the shop's registration, zones, rates with their parts."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from markrin.admin.amounts import show_money
from markrin.admin.base import ModelAdmin, TabularInline
from markrin.admin.previews import Preview, PreviewedAdmin
from orders import tax_preview
from orders.models import ConfirmedTaxId, TaxPart, TaxRate, TaxSettings, TaxZone


class TaxAdmin(PreviewedAdmin):
    """A page whose preview shows what is on sale with its tax before and after."""

    def take_sample(self, request: HttpRequest) -> object:
        return tax_preview.tax_all_prices()

    def compare_samples(self, before: Any, after: Any) -> Preview:
        products, rows = tax_preview.list_changes(before, after)
        if not rows:
            return Preview(
                "Nothing that is on sale today would be taxed differently."
            )
        return Preview(
            f"{products} products would be taxed differently from today on. The prices that"
            " most of them have:",
            ("Class", "Zone", "Price", "Products", "Tax now", "Tax then"),
            rows,
        )


class TaxPartInline(TabularInline):
    model = TaxPart
    extra = 0
    min_num = 1
    fields = ("position", "name", "percent")


@admin.register(TaxRate)
class TaxRateAdmin(TaxAdmin):
    list_display = (
        "tax_class",
        "zone",
        show_money("up_to", of=""),
        "percentages",
        "valid_from",
        "valid_until",
    )
    list_filter = ("zone", "tax_class")
    list_select_related = ("tax_class", "zone")
    fields = ("tax_class", "zone", "up_to", "valid_from", "valid_until")
    inlines = (TaxPartInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[TaxRate]:
        rates: QuerySet[TaxRate] = super().get_queryset(request)
        return rates.prefetch_related("parts")

    @admin.display(description="parts")
    def percentages(self, rate: TaxRate) -> str:
        """Show the rate's parts: CGST 9 % + SGST 9 %."""
        return " + ".join(map(str, rate.parts.all())) or "no tax"


@admin.register(TaxZone)
class TaxZoneAdmin(TaxAdmin):
    list_display = ("name", "country", "states")
    search_fields = ("name__icontains",)
    fields = ("name", "country", "states")


@admin.register(TaxSettings)
class TaxSettingsAdmin(TaxAdmin):
    list_display = ("scheme", "country", "state_code", "one_stop_shop")
    autocomplete_fields = ("exempt_groups",)
    fields = (
        "scheme",
        "country",
        "state_code",
        "one_stop_shop",
        "exports_zero_rated",
        "exempt_groups",
        "shipping_levy",
        "shipping_class",
        "fees_levy",
        "fees_class",
    )

    def has_delete_permission(
        self, request: HttpRequest, obj: object = None
    ) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        may: bool = super().has_add_permission(request)
        return may and not TaxSettings.objects.exists()


@admin.register(ConfirmedTaxId)
class ConfirmedTaxIdAdmin(ModelAdmin):
    list_display = ("tax_id", "note", "confirmed_by", "created_at")
    search_fields = ("tax_id__istartswith",)
    list_select_related = ("confirmed_by",)
    fields = ("tax_id", "note")

    def save_model(
        self, request: HttpRequest, obj: ConfirmedTaxId, form: object, change: bool
    ) -> None:
        obj.confirmed_by = request.user  # type: ignore[assignment]  # staff are signed in
        super().save_model(request, obj, form, change)
