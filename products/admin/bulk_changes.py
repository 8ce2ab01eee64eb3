"""Bulk changes of prices and categories: a rule, a preview of every product, one button to
apply and one to undo.
"""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminDecimalFieldWidget, UnfoldAdminSelectWidget

from markrin.admin.base import ModelAdmin, ReadOnly
from markrin.admin.forms import StrictForm
from markrin.api.errors import ShopError
from products.models import BulkChange, BulkChangeRow, Category, Product, Variant
from products.models.bulk_change import (
    BulkEnding,
    BulkHow,
    BulkKind,
    BulkResult,
    BulkState,
)
from products.services import bulk_changes
from products.services.bulk_changes import ChangeRule

ROWS_A_PAGE = 100
_MIN_VALUE = Decimal("-99999999.00")
_PRICED = (BulkKind.BASE, BulkKind.SALE, BulkKind.BOTH)
# result → the count of the change that says how many rows have it
_COUNTS = {
    BulkResult.PROBLEM: "problems",
    BulkResult.READY: "ready",
    BulkResult.UNCHANGED: "unchanged",
    BulkResult.APPLIED: "applied",
    BulkResult.SKIPPED: "skipped",
    BulkResult.UNDONE: "undone",
    BulkResult.KEPT: "kept",
}


class RuleForm(StrictForm):
    """What is to change, and how."""

    kind = forms.ChoiceField(
        label="What changes",
        choices=[each for each in BulkKind.choices if each[0]],
        widget=UnfoldAdminSelectWidget,
    )
    how = forms.ChoiceField(
        label="How",
        choices=BulkHow.choices,
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    value = forms.DecimalField(
        label="Percent, amount or price",
        required=False,
        max_digits=10,
        decimal_places=2,
        min_value=_MIN_VALUE,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "0.01"}),
        help_text="-20 by percent makes it a fifth cheaper",
    )
    ending = forms.ChoiceField(
        label="Round",
        choices=BulkEnding.choices,
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    category = forms.ModelChoiceField(
        label="New category",
        queryset=Category.objects.all(),
        required=False,
        widget=AutocompleteSelect(Product._meta.get_field("category"), admin.site),
    )

    def clean(self) -> dict[str, object]:
        """Ask for what the kind of change needs, and leave out what it does not."""
        data = super().clean() or self.cleaned_data
        kind, how, value = data.get("kind"), data.get("how"), data.get("value")
        if kind in _PRICED:
            self._check_price(kind, how, value)
        else:
            data |= {"how": "", "value": None, "ending": ""}
        if (
            kind == BulkKind.CATEGORY
            and data.get("category") is None
            and "category" not in self.errors
        ):
            self.add_error(
                "category", "Choose the category that the products go to."
            )
        return data

    def _check_price(
        self, kind: str, how: str | None, value: Decimal | None
    ) -> None:
        if not how:
            self.add_error("how", "Say how the price changes.")
        if value is None:
            if "value" not in self.errors:
                self.add_error("value", "Say by how much, or to what.")
        elif how == BulkHow.SET:
            if value < 0 or (kind != BulkKind.BASE and value == 0):
                self.add_error("value", "A price is above zero.")
        elif kind == BulkKind.SALE and value >= 0:
            self.add_error(
                "value",
                "A sale price lies below the base price: write -20 for 20 less.",
            )
        elif how == BulkHow.PERCENT and not -100 <= value <= 1000:
            self.add_error("value", "This takes -100 to 1000 percent.")

    def rule(self) -> ChangeRule:
        """Return what is to change, and how."""
        data = self.cleaned_data
        category = data["category"]
        to_category = category and data["kind"] == BulkKind.CATEGORY
        return ChangeRule(
            kind=BulkKind(data["kind"]),
            how=BulkHow(data["how"]),
            value=data["value"],
            ending=BulkEnding(data["ending"]),
            category_id=category.pk if to_category else None,
        )


@admin.register(BulkChange)
class BulkChangeAdmin(ReadOnly, ModelAdmin):
    """The changes that were made or only previewed; each has one page, from its rule to its
    undoing.
    """

    list_display = (
        "__str__",
        "state",
        "actor",
        "applied",
        "skipped",
        "problems",
        "undone",
        "kept",
        "created_at",
    )
    list_filter = ("state", "kind")
    list_select_related = ("actor", "category")
    ordering = ("-id",)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> BulkChange | None:
        """Return the change with what its page shows."""
        try:
            return (
                BulkChange.objects.select_related("actor", "category")
                .filter(pk=UUID(object_id))
                .first()
            )
        except ValueError:
            return None

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: object = None,
    ) -> HttpResponseBase:
        """Show the change; on POST preview, apply or undo it, as the button says. Services
        have their transactions.
        """
        change = self.get_object(request, object_id)
        if change is None:
            return self._get_obj_does_not_exist_redirect(  # type: ignore[no-any-return]  # Django's
                request, self.opts, object_id
            )
        if not self.has_view_permission(request, change):
            raise PermissionDenied
        may = request.user.has_perm("products.change_product")
        if request.method != "POST":
            return self._page(
                request, change, RuleForm(initial=_initial_values(change)), may
            )
        if not may:
            raise PermissionDenied
        form = RuleForm(
            request.POST if request.POST.get("do") == "preview" else None,
            initial=_initial_values(change),
        )
        if form.is_bound and not form.is_valid():
            return self._page(request, change, form, may, status=422)
        try:
            self._do(request, change, form)
        except ShopError as refusal:
            self.message_user(request, refusal.detail, messages.ERROR)
        return HttpResponseRedirect(_change_address(change.pk))

    def _do(self, request: HttpRequest, change: BulkChange, form: RuleForm) -> None:
        match request.POST.get("do"):
            case "preview":
                bulk_changes.preview_change(form.rule(), change_id=change.pk)
                return
            case "apply":
                bulk_changes.apply_change(change_id=change.pk)
            case "undo":
                bulk_changes.undo_change(change_id=change.pk)
            case _:
                return
        change.refresh_from_db()
        said = _describe_result(change)
        self.log_change(request, change, said)
        self.message_user(
            request, said, messages.INFO if change.is_at_work else messages.SUCCESS
        )

    def _page(
        self,
        request: HttpRequest,
        change: BulkChange,
        form: RuleForm,
        may: bool,
        *,
        status: int = 200,
    ) -> HttpResponse:
        show = request.GET.get("show", "")
        page = _page_rows(
            change, show if show in BulkResult.values else "", request.GET.get("p")
        )
        context = {
            **self.admin_site.each_context(request),
            "title": str(change),
            "opts": self.opts,
            "original": change,
            "change": change,
            "form": form,
            "media": self.media + form.media,
            "may": may,
            "page": page,
            "show": show,
            "counts": [
                (each, getattr(change, name))
                for each, name in _COUNTS.items()
                if getattr(change, name)
            ],
            "by_category": change.kind == BulkKind.CATEGORY,
            "is_open": change.state in (BulkState.CHOSEN, BulkState.PREVIEWED),
            "done": _count_processed(change),
        }
        return TemplateResponse(
            request, "admin/products/bulk_change.html", context, status=status
        )


def begin_change(
    request: HttpRequest, products: QuerySet[Product]
) -> HttpResponseRedirect:
    """Begin a bulk change of the products that are selected in a list, and lead to its page."""
    actor_id: UUID = request.user.pk  # type: ignore[assignment]  # signed in
    change_id = bulk_changes.choose_products(products=products, actor_id=actor_id)
    return HttpResponseRedirect(_change_address(change_id))


def _change_address(change_id: UUID) -> str:
    return reverse("admin:products_bulkchange_change", args=[change_id])


def _initial_values(change: BulkChange) -> dict[str, object]:
    names = ("kind", "how", "value", "ending", "category_id")
    return (
        {name.removesuffix("_id"): getattr(change, name) for name in names}
        if change.kind
        else {}
    )


def _count_processed(change: BulkChange) -> int:
    """Return how many products the work has come past."""
    match change.state:
        case BulkState.PREVIEWING:
            return int(change.ready + change.problems + change.unchanged)
        case BulkState.APPLYING:
            return int(change.total - change.ready)
        case _:
            return int(change.total - change.applied)


def _describe_result(change: BulkChange) -> str:
    match change.state:
        case BulkState.APPLIED:
            rest = f", {change.skipped} left as they are" if change.skipped else ""
            return f"{change.applied} products are changed{rest}."
        case BulkState.UNDONE:
            rest = (
                f", {change.kept} have changed since and stay"
                if change.kept
                else ""
            )
            return f"{change.undone} products are changed back{rest}."
        case _:
            return f"{change.total:,} products are many: this page shows how far it has come."


class _CountedPaginator(Paginator):  # type: ignore[type-arg]  # it takes no parameter when it runs
    """Pages of rows whose number the change itself has counted."""

    def __init__(self, rows: QuerySet[BulkChangeRow], number: int) -> None:
        super().__init__(rows, ROWS_A_PAGE)
        self.__dict__["count"] = number


def _page_rows(
    change: BulkChange, result: str, number: str | None
) -> "Page[BulkChangeRow]":
    """Return a page of the change's rows, each with what the page shows of its product: two
    queries.
    """
    rows = change.rows.select_related("product", "old_category").order_by(
        "product_id"
    )
    rows = rows.defer("product__search", "product__description")
    count = change.total
    if result:
        rows, count = (
            rows.filter(result=result),
            getattr(change, _COUNTS.get(BulkResult(result), "total")),
        )
    page = _CountedPaginator(rows, count).get_page(number)
    _count_variants(list(page.object_list), page)
    return page


def _count_variants(
    rows: Sequence[BulkChangeRow], page: "Page[BulkChangeRow]"
) -> None:
    on_sale = Variant.objects.filter(
        product__in=[row.product_id for row in rows], is_active=True
    )
    number = dict(on_sale.order_by().values_list("product").annotate(n=Count("pk")))
    for row in rows:
        # for the template alone
        row.variants = number.get(row.product_id, 0)  # type: ignore[attr-defined]
    page.object_list = rows
