"""Variants within a product's page: a table of them, and a grid made in one go."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from markrin.admin.base import TabularInline
from markrin.admin.forms import CleanedData, StrictForm, StrictModelForm
from products.models import InventoryPolicy, StockLevel, Variant
from products.schemas.variants import MAX_PIECES, NewVariant
from products.services.variants import VariantGrid


def describe_level(level: StockLevel) -> str:
    """Return in words what is there, and how much of it is promised."""
    if level.inventory_policy == InventoryPolicy.UNTRACKED:
        return "not counted"
    text = f"{level.count_in_stock} ({level.reserved} reserved)"
    missing = level.reserved - level.on_hand
    return f"{text}, {missing} not there yet" if missing > 0 else text


class VariantForm(StrictModelForm):
    """A variant; its first pieces are asked for while it is new, after that stock only moves."""

    stock = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_PIECES,
        label="first pieces",
        widget=UnfoldAdminIntegerFieldWidget(attrs={"aria-label": "first pieces"}),
    )
    inventory_policy = forms.ChoiceField(
        choices=InventoryPolicy.choices,
        initial=InventoryPolicy.DENY,
        required=False,
        label="may be sold",
        widget=UnfoldAdminSelectWidget(attrs={"aria-label": "may be sold"}),
    )

    class Meta:
        model = Variant
        fields = (
            "sku",
            "size",
            "color",
            "base_price",
            "sale_price",
            "barcode",
            "weight_g",
            "bin_location",
            "position",
            "is_active",
        )
        labels = {"sku": "SKU", "weight_g": "grams", "bin_location": "place"}

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial["inventory_policy"] = self.instance.inventory_policy
            self.fields["stock"].disabled = True
            self.fields["stock"].widget.attrs["title"] = (
                "after the first pieces, stock only moves"
            )

    def clean(self) -> CleanedData:
        """Refuse pieces of what is not counted."""
        data = super().clean()
        data["inventory_policy"] = (
            data.get("inventory_policy") or InventoryPolicy.DENY
        )
        is_uncounted = data.get("inventory_policy") == InventoryPolicy.UNTRACKED
        if is_uncounted and data.get("stock") and self.instance._state.adding:
            self.add_error("stock", "What is not counted has no stock.")
        return data

    def _get_validation_exclusions(self) -> set[str]:
        """Check nothing of a row that stays as it is: each rule would be a query."""
        found: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # Django's own
        return found if self.has_changed() else found | set(self.fields)


class VariantInline(TabularInline):
    model = Variant
    form = VariantForm
    extra = 0
    fields = (
        "sku",
        "size",
        "color",
        "base_price",
        "sale_price",
        "stock",
        "inventory_policy",
        "barcode",
        "weight_g",
        "bin_location",
        "position",
        "is_active",
        "sellable",
        "page",
    )
    readonly_fields = ("sellable", "page")
    can_delete = False
    hide_title = (
        True  # above a row, where the headings no longer stand over their cells
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        # unfold has no types
        return super().get_queryset(request).select_related("stock")  # type: ignore[no-any-return]

    def sellable(self, variant: Variant) -> str:
        level = getattr(variant, "stock", None)
        return "" if level is None else describe_level(level)

    @admin.display(description="move stock")
    def page(self, variant: Variant) -> SafeString | str:
        if variant._state.adding:
            return ""
        address = reverse(
            "admin:products_variant_step", args=[variant.pk, "adjust"]
        )
        return format_html(
            '<a class="underline" href="{}">Adjust stock of {}</a>',
            address,
            variant.sku,
        )


class GridForm(StrictForm):
    """Which sizes and colours a product comes in."""

    sizes = forms.CharField(
        max_length=1000,
        widget=UnfoldAdminTextInputWidget,
        help_text="with commas between them: S, M, L",
    )
    colors = forms.CharField(
        label="Colours",
        max_length=2000,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="with commas between them: Black, Navy blue; or none",
    )
    sku = forms.CharField(
        label="SKU",
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        help_text="begins each SKU; colour and size follow: TEE becomes TEE-BLACK-S",
    )
    stock = forms.IntegerField(
        min_value=0,
        max_value=MAX_PIECES,
        initial=0,
        label="First pieces of each",
        widget=UnfoldAdminIntegerFieldWidget,
    )

    inventory_policy = forms.ChoiceField(
        choices=InventoryPolicy.choices,
        initial=InventoryPolicy.DENY,
        required=False,
        label="May be sold",
        widget=UnfoldAdminSelectWidget,
    )

    def clean(self) -> CleanedData:
        """Refuse pieces of what is not counted."""
        data = super().clean()
        if data.get("inventory_policy") == InventoryPolicy.UNTRACKED and data.get(
            "stock"
        ):
            self.add_error("stock", "What is not counted has no stock.")
        return data

    def grid(self) -> VariantGrid:
        """Return the grid, each size and colour once."""
        data = self.cleaned_data
        return VariantGrid(
            sku=data["sku"],
            sizes=_split_names(data["sizes"]),
            colors=_split_names(data["colors"]) or [""],
            stock=data["stock"],
            inventory_policy=InventoryPolicy(
                data["inventory_policy"] or InventoryPolicy.DENY
            ),
        )


def _split_names(text: str) -> list[str]:
    names = (name.strip() for name in text.split(","))
    return list(dict.fromkeys(name for name in names if name))


def variant_row(values: Mapping[str, Any]) -> NewVariant:
    """Return the new variant that a row of the table describes."""
    return NewVariant(
        sku=values["sku"],
        size=values["size"],
        color=values["color"],
        stock=values.get("stock") or 0,
        inventory_policy=InventoryPolicy(
            values.get("inventory_policy") or InventoryPolicy.DENY
        ),
        base_price=values.get("base_price"),
        sale_price=values.get("sale_price"),
        barcode=values.get("barcode") or "",
        weight_g=values.get("weight_g"),
        bin_location=values.get("bin_location") or "",
    )
