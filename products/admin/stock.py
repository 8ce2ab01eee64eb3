"""Stock: looked at per variant, moved by a step, never edited."""

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from markrin.admin.base import (
    FirstRows,
    ReadOnly,
    ReadOnlyAdmin,
    Step,
    SteppedAdmin,
    TabularInline,
)
from markrin.admin.exact_search import ExactSearch
from markrin.admin.forms import CleanedData, StrictForm
from products.admin.variants import describe_level
from products.models import (
    BackInStockRequest,
    LowStock,
    StockLevel,
    StockMovement,
    Variant,
)
from products.schemas.variants import StockAdjustment
from products.services.stock import back_in_stock


class AdjustForm(StrictForm):
    delta = forms.IntegerField(
        min_value=-1_000_000,
        max_value=1_000_000,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="pieces more (5) or fewer (-5) on the shelf",
    )
    note = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)


def _adjust_stock(request: HttpRequest, variant: Variant, data: CleanedData) -> str:
    back_in_stock.adjust_stock(
        StockAdjustment(delta=data["delta"], note=data["note"]),
        variant_id=variant.pk,
        actor_id=request.user.pk,  # type: ignore[arg-type]  # signed in
    )
    return f"{data['delta']:+} pieces of {variant.sku}."


class LevelInline(ReadOnly, TabularInline):
    model = StockLevel
    extra = 0
    fields = (
        "inventory_policy",
        "on_hand",
        "reserved",
        "overpromised",
        "counted_at",
    )
    readonly_fields = fields


class NewestMoves(FirstRows):
    model = StockMovement
    fields = (
        "created_at",
        "kind",
        "d_on_hand",
        "d_reserved",
        "ref",
        "actor",
        "note",
    )
    readonly_fields = fields
    verbose_name_plural = "the newest movements"

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockMovement]:
        # unfold has no types
        return super().get_queryset(request).select_related("actor")  # type: ignore[no-any-return]


@admin.register(Variant)
class VariantAdmin(ExactSearch, ReadOnly, SteppedAdmin):
    ordering = ("-id",)  # by the index that every table has
    list_display = (
        "sku",
        "product",
        "size",
        "color",
        "bin_location",
        "is_active",
        "sellable",
    )
    list_filter = ("is_active",)
    search_fields = ("sku",)
    search_help_text = "a whole SKU"
    list_select_related = ("product", "stock")
    show_full_result_count = False
    fields = (
        "sku",
        "product",
        "size",
        "color",
        "bin_location",
        "is_active",
        "next_steps",
    )
    inlines = (LevelInline, NewestMoves)
    steps = {"adjust": Step("Adjust stock", _adjust_stock, AdjustForm)}

    def get_readonly_fields(
        self, request: HttpRequest, obj: object = None
    ) -> list[str]:
        return ["next_steps"]

    @admin.display(description="in stock")
    def sellable(self, variant: Variant) -> str:
        level = getattr(variant, "stock", None)
        return "" if level is None else describe_level(level)


@admin.register(StockMovement)
class StockMovementAdmin(ExactSearch, ReadOnlyAdmin):
    search_fields = ("variant__sku",)
    search_help_text = "a whole SKU"
    list_display = (
        "created_at",
        "variant",
        "kind",
        "d_on_hand",
        "d_reserved",
        "ref",
        "actor",
        "note",
    )
    sortable_by = ()  # a ledger is read as it was written; it is the longest table of all
    list_filter = ("kind",)
    list_select_related = ("variant", "actor")


@admin.register(StockLevel)
class StockLevelAdmin(ExactSearch, ReadOnlyAdmin):
    search_fields = ("variant__sku",)
    search_help_text = "a whole SKU"
    list_display = (
        "variant",
        "inventory_policy",
        "on_hand",
        "reserved",
        "counted_at",
    )
    list_filter = ("inventory_policy",)
    list_select_related = ("variant",)


@admin.register(BackInStockRequest)
class BackInStockRequestAdmin(ExactSearch, ReadOnlyAdmin):
    list_display = ("variant", "email", "created_at", "notified_at")
    search_fields = ("variant__sku", "email")
    search_help_text = "a whole SKU, or an address"
    list_select_related = ("variant",)


@admin.register(LowStock)
class LowStockAdmin(ExactSearch, ReadOnlyAdmin):
    search_fields = ("variant__sku",)
    search_help_text = "a whole SKU"
    list_display = ("variant", "fell_at", "told_at")
    list_select_related = ("variant",)
