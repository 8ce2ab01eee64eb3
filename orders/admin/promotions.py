"""Promotions with their tiers and codes, and what they took off."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from markrin.admin.amounts import show_money
from markrin.admin.base import (
    FirstRows,
    ReadOnlyAdmin,
    Step,
    SteppedAdmin,
    TabularInline,
)
from markrin.admin.exact_search import ExactSearch
from markrin.admin.forms import CleanedData, StrictForm, StrictModelForm
from markrin.admin.previews import Preview, PreviewedAdmin
from orders import promotion_preview
from orders.codes import normalize_code
from orders.models import Coupon, OrderDiscount, Promotion, PromotionTier
from orders.services import promotion_codes


class PromotionForm(StrictModelForm):
    class Meta:
        model = Promotion
        fields = (
            *("name", "is_active", "needs_code", "priority", "exclusive"),
            *("kind", "percent", "cap", "amount", "buy", "get", "tier_by"),
            *("starts_at", "ends_at", "min_spend", "min_pieces", "products"),
            *("categories", "collections", "exclude_sale_items", "customer_groups"),
            *("first_order_only", "countries", "total_limit", "per_customer_limit"),
        )


class TierInline(TabularInline):
    model = PromotionTier
    extra = 0
    fields = ("threshold", "percent", "amount")


class CouponInline(FirstRows):
    model = Coupon
    fields = ("code", "used", "total_limit")
    readonly_fields = ("code", "used", "total_limit")
    verbose_name_plural = "codes (the first 50)"


class CodeField(forms.RegexField):
    """A coupon's code, or the beginning of many, as people paste it."""

    def to_python(self, value: object) -> str:
        return normalize_code(str(super().to_python(value)))


class NewCodesForm(StrictForm):
    code = CodeField(
        regex=r"\A[A-Z0-9][A-Z0-9-]{0,23}\Z",
        label="Code, or beginning of the codes",
        widget=UnfoldAdminTextInputWidget,
    )
    number = forms.IntegerField(
        min_value=1,
        max_value=promotion_codes.MAX_CODES,
        initial=1,
        help_text="1 makes just this code; more make as many, each with an ending of its own",
        widget=UnfoldAdminIntegerFieldWidget,
    )
    total_limit = forms.IntegerField(
        min_value=1,
        required=False,
        label="Uses of each code",
        help_text="empty: any number",
        widget=UnfoldAdminIntegerFieldWidget,
    )


def _make_codes(
    request: HttpRequest, promotion: Promotion, form: CleanedData
) -> str:
    made = promotion_codes.make_codes(
        promotion_id=promotion.pk,
        beginning=form["code"],
        number=form["number"],
        total_limit=form["total_limit"],
    )
    return f"{made} code{'s' if made > 1 else ''} made; the list of coupons exports them."


@admin.register(Promotion)
class PromotionAdmin(PreviewedAdmin, SteppedAdmin):
    form = PromotionForm
    inlines = (TierInline, CouponInline)
    steps = {"codes": Step("Make codes", _make_codes, form=NewCodesForm)}
    list_display = (
        *("name", "kind", "is_active", "needs_code", "priority", "exclusive"),
        *("starts_at", "ends_at", "orders", "taken_off"),
    )
    list_filter = ("is_active", "needs_code", "kind")
    search_fields = ("name__icontains",)
    autocomplete_fields = (
        *("products", "categories", "collections", "customer_groups"),
    )
    readonly_fields = ("next_steps", "used")

    def get_fieldsets(self, request: HttpRequest, obj: object = None) -> object:
        fields = PromotionForm.Meta.fields
        own = ["next_steps", "used"] if obj else []
        return [
            (None, {"fields": [*fields[:5], *own]}),
            ("What it takes off", {"fields": fields[5:12]}),
            ("When, and for what", {"fields": fields[12:]}),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Promotion]:
        promotions: QuerySet[Promotion] = super().get_queryset(request)
        uses = (
            OrderDiscount.objects.filter(promotion=OuterRef("pk"), counts=True)
            .order_by()
            .values("promotion")
        )
        return promotions.annotate(
            n_orders=Subquery(uses.annotate(n=Count("*")).values("n")),
            n_taken=Subquery(uses.annotate(n=Sum("amount")).values("n")),
        )

    @admin.display(description="orders")
    def orders(self, promotion: Any) -> int:
        return promotion.n_orders or 0

    @admin.display(description="took off")
    def taken_off(self, promotion: Any) -> str:
        return f"{promotion.n_taken or 0:.2f}"

    def has_delete_permission(
        self, request: HttpRequest, obj: Promotion | None = None
    ) -> bool:
        """One that was used stays: orders tell of it. Make it inactive instead."""
        used = obj is not None and obj.discounts.exists()
        return not used and bool(super().has_delete_permission(request, obj))

    def save_related(
        self,
        request: HttpRequest,
        form: "forms.ModelForm[Promotion]",
        formsets: object,
        change: bool,
    ) -> None:
        super().save_related(request, form, formsets, change)
        promotion_codes.count_uses(promotion_id=form.instance.pk)

    def take_sample(self, request: HttpRequest) -> object:
        return promotion_preview.price_last_week()

    def compare_samples(self, before: Any, after: Any) -> Preview:
        return Preview(*promotion_preview.compare_weeks(before, after))


@admin.register(Coupon)
class CouponAdmin(ReadOnlyAdmin):
    list_display = ("code", "promotion", "used", "total_limit", "created_at")
    list_select_related = ("promotion",)
    search_fields = ("code__istartswith",)
    ordering = ("code",)

    export_columns = {
        "Code": "code",
        "Promotion": "promotion__name",
        "Uses": "used",
        "Limit": "total_limit",
        "Made at": "created_at",
    }

    def get_search_results(
        self, request: HttpRequest, queryset: object, search_term: str
    ) -> object:
        """Search for a code as it was pasted."""
        return super().get_search_results(
            request, queryset, normalize_code(search_term)
        )


@admin.register(OrderDiscount)
class OrderDiscountAdmin(ExactSearch, ReadOnlyAdmin):
    list_display = (
        *("order", "name", "code"),
        show_money("amount", of="order.currency"),
        show_money("shipping_amount", of="order.currency"),
        "counts",
    )
    list_select_related = ("order",)
    search_fields = ("code", "order__number")
    search_help_text = "a coupon's code, or an order's whole number"
    ordering = ("-id",)
