"""Shipping zones with their methods on one page, their lists of postal codes, and holidays."""

import re
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

import pycountry
from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from accounts.state_codes import is_state_code
from markrin.admin.base import Fieldsets, ModelAdmin, StackedInline
from markrin.admin.forms import CleanedData, StrictModelForm
from orders.admin.shipping_postcodes import edit_postcodes, export_postcodes
from orders.models import Holiday, ShippingMethod, ShippingStep, ShippingZone
from orders.services import shipping

MAX_STEPS: Final = 50
_STEP = re.compile(
    r"\s*([0-9]{1,9}(?:\.[0-9]{1,3})?)\s*=\s*([0-9]{1,9}(?:\.[0-9]{1,3})?)\s*"
)


class ZoneForm(StrictModelForm):
    class Meta:
        model = ShippingZone
        fields = (
            *("name", "is_active", "position", "countries", "states"),
            "postal_patterns",
        )
        widgets = {
            "countries": UnfoldAdminTextInputWidget,
            "states": UnfoldAdminTextareaWidget(attrs={"rows": 2}),
            "postal_patterns": UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        }

    def clean_countries(self) -> list[str]:
        """Take countries as people write them; refuse what is none."""
        found = _upper(self.cleaned_data["countries"])
        for code in found:
            if pycountry.countries.get(alpha_2=code) is None:
                raise forms.ValidationError(
                    f"{code} is no country: write IN for India."
                )
        return found

    def clean_states(self) -> list[str]:
        """Refuse a state that is in none of the countries."""
        found = _upper(self.cleaned_data["states"])
        for code in found:
            country = code.partition("-")[0]
            if country not in self.cleaned_data.get("countries", [country]):
                raise forms.ValidationError(
                    f"{code} is in none of the zone's countries."
                )
            if not is_state_code(country, code):
                raise forms.ValidationError(
                    f"{code} is no state: write IN-KA for Karnataka."
                )
        return found

    def clean_postal_patterns(self) -> list[str]:
        return _upper(self.cleaned_data["postal_patterns"])

    def clean(self) -> CleanedData:
        """Refuse to leave the country of a list of postal codes."""
        found = super().clean()
        zone: ShippingZone = self.instance
        if (
            not zone._state.adding
            and "countries" in self.changed_data
            and zone.postcodes.exists()
        ):
            self.add_error(
                "countries",
                "The zone has a list of postal codes of its country: take that away first.",
            )
        return found


def _upper(values: list[str]) -> list[str]:
    """Return the values once, in upper case and without spaces around them."""
    return list(
        dict.fromkeys(value.strip().upper() for value in values if value.strip())
    )


class MethodForm(StrictModelForm):
    steps = forms.CharField(
        required=False,
        label="Steps of the price",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=(
            "one a line, from so much on = price: “500 = 60” is 60 from 500 g, or from goods"
            " that cost 500"
        ),
    )

    class Meta:
        model = ShippingMethod
        fields = (
            *("name", "position", "is_active", "customer_groups", "price_by"),
            *("price", "steps"),
            *("free_above", "takes_free_shipping", "default_weight_g"),
            *("max_weight_g", "min_days", "max_days", "cut_off", "weekdays"),
            *("cod_allowed", "cod_fee", "cod_max_total", "cod_max_open"),
        )
        labels = {
            "default_weight_g": "Weight of a piece (g)",
            "max_weight_g": "Heaviest order (g)",
            "min_days": "Fewest days",
            "max_days": "Most days",
            "cut_off": "Order by",
            "weekdays": "Working days",
            "cod_fee": "Its fee",
            "cod_max_total": "Dearest order",
            "cod_max_open": "Open orders at most",
        }

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        method: ShippingMethod = self.instance
        if not method._state.adding:
            self.initial["steps"] = "\n".join(map(str, method.steps.all()))

    def clean_steps(self) -> list[tuple[Decimal, Decimal]]:
        """Return each step's threshold and price, the lowest first."""
        found: dict[Decimal, Decimal] = {}
        for number, line in enumerate(
            self.cleaned_data["steps"].splitlines(), start=1
        ):
            if not line.strip():
                continue
            parts = _STEP.fullmatch(line)
            if parts is None:
                raise forms.ValidationError(
                    f"Line {number} is no step: write “500 = 60”, from so much on = price."
                )
            threshold, price = map(Decimal, parts.groups())
            if threshold in found:
                raise forms.ValidationError(
                    f"Line {number}: {threshold} has a price already."
                )
            found[threshold] = price
        if len(found) > MAX_STEPS:
            raise forms.ValidationError(f"A method has at most {MAX_STEPS} steps.")
        return sorted(found.items())

    def clean(self) -> CleanedData:
        """Refuse steps that mean nothing."""
        found = super().clean()
        if found.get("steps") and found.get("price_by") == "flat":
            self.add_error(
                "steps", "Say what the steps go by: weight, or what goods cost."
            )
        return found

    def save(self, commit: bool = True) -> ShippingMethod:
        """Save the method with its steps."""
        method: ShippingMethod = super().save(commit=commit)
        if commit and "steps" in self.changed_data:
            method.steps.all().delete()
            ShippingStep.objects.bulk_create(
                ShippingStep(method=method, threshold=threshold, price=price)
                for threshold, price in self.cleaned_data["steps"]
            )
        return method


class MethodInline(StackedInline):
    model = ShippingMethod
    form = MethodForm
    extra = 0
    collapsible = True
    autocomplete_fields = ("customer_groups",)
    verbose_name = "method"
    verbose_name_plural = "methods (none: nothing is delivered to this zone)"
    fieldsets = (
        (None, {"fields": ("name", ("position", "is_active"), "customer_groups")}),
        (
            "What it costs",
            {
                "fields": (
                    ("price_by", "price"),
                    "steps",
                    ("free_above", "takes_free_shipping"),
                    ("default_weight_g", "max_weight_g"),
                )
            },
        ),
        (
            "When it arrives",
            {"fields": (("min_days", "max_days"), ("cut_off", "weekdays"))},
        ),
        (
            "Cash on delivery",
            {
                "fields": (
                    ("cod_allowed", "cod_fee"),
                    ("cod_max_total", "cod_max_open"),
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShippingMethod]:
        methods: QuerySet[ShippingMethod] = super().get_queryset(request)
        return methods.prefetch_related("steps")


@admin.register(ShippingZone)
class ShippingZoneAdmin(ModelAdmin):
    form = ZoneForm
    inlines = (MethodInline,)
    list_display = (
        "name",
        "where",
        "methods_shown",
        "listed",
        "position",
        "is_active",
    )
    search_fields = ("name__icontains",)
    readonly_fields = ("postal_list",)

    def get_fieldsets(self, request: HttpRequest, obj: object = None) -> Fieldsets:
        own = ["postal_list"] if obj else []
        return [
            (None, {"fields": ["name", ("position", "is_active")]}),
            (
                "Where (the nearest zone counts: postal codes before states, before countries)",
                {"fields": ["countries", "states", "postal_patterns", *own]},
            ),
        ]

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, with those of the list of postal codes."""
        view = self.admin_site.admin_view
        own = [
            path(
                "<uuid:zone_id>/postcodes/",
                view(self.postcodes_view),
                name="orders_shippingzone_postcodes",
            ),
            path(
                "<uuid:zone_id>/postcodes.csv",
                view(self.download_view),
                name="orders_shippingzone_postcodes_csv",
            ),
        ]
        return [*own, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ShippingZone]:
        zones: QuerySet[ShippingZone] = super().get_queryset(request)
        return zones.annotate(n_codes=Count("postcodes")).prefetch_related(
            "methods"
        )

    def save_model(
        self,
        request: HttpRequest,
        obj: ShippingZone,
        form: forms.Form,
        change: bool,
    ) -> None:
        """Save the zone. Before the first one the settings become a zone, so that other places
        get what they got.
        """
        if not change and shipping.write_settings_zone():
            self.message_user(
                request, "The zone “Everywhere” was made of the settings as well."
            )
        super().save_model(request, obj, form, change)

    @admin.display(description="where")
    def where(self, zone: ShippingZone) -> str:
        """Show the countries and states, a few of them."""
        named = [*zone.states] or [*zone.countries]
        more = f" and {len(named) - 5} more" if len(named) > 5 else ""
        return ", ".join(named[:5]) + more or "everywhere"

    @admin.display(description="methods")
    def methods_shown(self, zone: ShippingZone) -> str:
        active = [method.name for method in zone.methods.all() if method.is_active]
        return ", ".join(active) or "none: not delivered there"

    @admin.display(description="postal codes", ordering="n_codes")
    def listed(self, zone: Any) -> str:
        if zone.n_codes:
            return f"{zone.n_codes:,} listed"
        return (
            f"{len(zone.postal_patterns)} patterns"
            if zone.postal_patterns
            else "all"
        )

    @admin.display(description="List of postal codes")
    def postal_list(self, zone: Any) -> SafeString:
        """Show how long the list is, and lead to its page."""
        return format_html(
            '{} · <a class="shop-link" href="{}">Upload or edit the list</a>{}',
            f"{zone.n_codes:,} postal codes" if zone.n_codes else "none",
            reverse("admin:orders_shippingzone_postcodes", args=[zone.pk]),
            format_html(
                ' · <a class="shop-link" href="{}">Download it (CSV)</a>',
                reverse("admin:orders_shippingzone_postcodes_csv", args=[zone.pk]),
            )
            if zone.n_codes
            else "",
        )

    def postcodes_view(self, request: HttpRequest, zone_id: UUID) -> HttpResponse:
        """Edit the zone's list of postal codes."""
        zone = self.get_object(request, str(zone_id))
        if zone is None:
            return self._get_obj_does_not_exist_redirect(  # type: ignore[no-any-return]  # Django's
                request, self.opts, str(zone_id)
            )
        if not self.has_change_permission(request, zone):
            raise PermissionDenied
        return edit_postcodes(self, request, zone)

    def download_view(self, request: HttpRequest, zone_id: UUID) -> HttpResponse:
        """Answer with the zone's list as CSV."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return export_postcodes(zone_id)


@admin.register(Holiday)
class HolidayAdmin(ModelAdmin):
    list_display = ("day", "name")
    ordering = ("-day",)
    fields = ("day", "name")
