"""Where the money is: disputes, payouts, the ledger, and what providers and the shop differ on."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextInputWidget

from markrin.admin.amounts import show_money
from markrin.admin.base import (
    ReadOnly,
    ReadOnlyAdmin,
    Step,
    SteppedAdmin,
    TabularInline,
    known_values,
)
from markrin.admin.exact_search import ExactSearch
from markrin.admin.forms import CleanedData, StrictForm
from orders import gateways
from orders.models import (
    Difference,
    Dispute,
    LedgerEntry,
    LedgerLine,
    Payout,
    Reconciliation,
)
from orders.services import reconciliation
from orders.services.lifecycle import Actor

_PROVIDERS = known_values("provider", lambda: gateways.PROVIDERS)


@admin.register(Dispute)
class DisputeAdmin(ExactSearch, ReadOnlyAdmin):
    list_display = (
        "order",
        show_money("amount"),
        "status",
        "reason",
        "opened_at",
        "closed_at",
    )
    list_filter = ("status",)
    search_fields = ("order__number", "provider_ref")
    search_help_text = "an order's whole number, or the provider's reference"
    list_select_related = ("order",)


@admin.register(Payout)
class PayoutAdmin(ReadOnlyAdmin):
    list_display = (
        "provider",
        "provider_ref",
        show_money("amount"),
        show_money("fees"),
        "paid_at",
        "failed",
    )
    list_filter = (_PROVIDERS,)
    search_fields = ("provider_ref__exact",)


class LedgerLineInline(ReadOnly, TabularInline):
    model = LedgerLine
    extra = 0
    fields = ("account", show_money("amount"), "currency")
    readonly_fields = fields


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ExactSearch, ReadOnlyAdmin):
    list_display = ("at", "kind", "key", "order", "note")
    list_filter = ("kind",)
    search_fields = ("order__number", "key")
    search_help_text = "an order's whole number, or an entry's key"
    list_select_related = ("order",)
    ordering = ("-at", "-id")
    inlines = (LedgerLineInline,)


_BOTH = (show_money("ours"), show_money("theirs"))


class DifferenceInline(ReadOnly, TabularInline):
    model = Difference
    extra = 0
    fields = (
        "kind",
        "ref",
        "order",
        *_BOTH,
        "cause",
        "settled_how",
    )
    readonly_fields = fields
    show_change_link = True


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    list_display = (
        "provider",
        "since",
        "until",
        "charges",
        "refunds",
        "disputes",
        "payouts",
        "found",
        "error",
    )
    list_filter = (_PROVIDERS,)
    inlines = (DifferenceInline,)


class SettleForm(StrictForm):
    how = forms.CharField(
        max_length=200,
        label="How it was settled",
        widget=UnfoldAdminTextInputWidget,
        help_text="as an accountant would want to read it",
    )


def _settle(request: HttpRequest, difference: Difference, data: CleanedData) -> str:
    reconciliation.settle_difference(
        difference_id=difference.pk,
        actor=Actor("staff", request.user.pk),
        how=data["how"],
    )
    return f"{difference} is settled."


class Open(admin.SimpleListFilter):
    """Open ones first of all: they are what somebody has to do."""

    title = "state"
    parameter_name = "open"

    def lookups(
        self, request: HttpRequest, model_admin: object
    ) -> list[tuple[str, str]]:
        """Return the choices."""
        return [("1", "open"), ("0", "settled")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Difference]
    ) -> QuerySet[Difference]:
        """Return the rows of the chosen state."""
        if self.value() in ("0", "1"):
            return queryset.filter(settled_at__isnull=self.value() == "1")
        return queryset


@admin.register(Difference)
class DifferenceAdmin(ExactSearch, ReadOnly, SteppedAdmin):
    list_display = (
        "created_at",
        "provider",
        "kind",
        "ref",
        "order",
        *_BOTH,
        "cause",
        "settled_how",
        "settled_by",
    )
    list_filter = (Open, "kind", _PROVIDERS)
    search_fields = ("order__number", "ref")
    search_help_text = "an order's whole number, or the provider's reference"
    list_select_related = ("order", "settled_by")
    fields = (
        "provider",
        "kind",
        "ref",
        "order",
        *_BOTH,
        "currency",
        "cause",
        "created_at",
        "settled_at",
        "settled_by",
        "settled_how",
        "next_steps",
    )
    steps = {
        "settle": Step(
            "Settle",
            _settle,
            SettleForm,
            offered=lambda difference: difference.settled_at is None,
        )
    }
    export_columns = {
        "Found at": "created_at",
        "Provider": "provider",
        "Kind": "kind",
        "Reference": "ref",
        "Order": "order__number",
        "Ours": "ours",
        "Theirs": "theirs",
        "Currency": "currency",
        "Cause": "cause",
        "Settled at": "settled_at",
        "Settled by": "settled_by__email",
        "How": "settled_how",
    }

    def get_readonly_fields(
        self, request: HttpRequest, obj: object = None
    ) -> list[Any]:
        return ["next_steps", "created_at", *_BOTH]
