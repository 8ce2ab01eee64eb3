"""Returns that customers asked for: decided, received, and judged piece by piece."""

from collections.abc import Callable
from uuid import UUID, uuid4

from django import forms as django_forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import CharField, QuerySet, Value
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from markrin import localized
from markrin.admin.base import ReadOnly, Step, SteppedAdmin, TabularInline
from markrin.admin.exact_search import ExactSearch
from markrin.admin.forms import CleanedData, StrictForm
from markrin.api.errors import ShopError
from orders import return_label, selectors
from orders.admin import desk, forms
from orders.admin.steps import get_actor
from orders.models import ReturnRequest, ReturnRequestLine
from orders.models.return_request import NEXT_RETURN_STATUS, ReturnStatus
from orders.services import return_requests
from orders.staff_schemas import JudgedPieces, ReturnApproval, ReturnJudgement

_STATUS = {
    ReturnStatus.REQUESTED: "warning",
    ReturnStatus.APPROVED: "info",
    ReturnStatus.RECEIVED: "warning",
    ReturnStatus.COMPLETED: "success",
    ReturnStatus.REJECTED: "danger",
    ReturnStatus.CANCELLED: "danger",
}
_JUDGED = {
    "sellable": "back on the shelf",
    "damaged": "damaged, but paid back",
    "refused": "refused: not paid back",
}


# --- Steps ---------------------------------------------------------------------------------------
class ToldForm(StrictForm):
    note = django_forms.CharField(
        max_length=900,
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text="the customer reads it",
    )


class RejectForm(StrictForm):
    note = django_forms.CharField(
        max_length=900,
        label="Why",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="the customer reads it",
    )


def approve_form(request: ReturnRequest) -> type[django_forms.Form]:
    """Return the form of an approval: who brings the parcel, where that is known already."""
    made = forms.tracking_fields()
    made["label_url"] = django_forms.RegexField(
        regex=r"\A(https://[^\s]+)?\Z",
        max_length=500,
        required=False,
        label="The carrier's label",
        widget=UnfoldAdminTextInputWidget,
        help_text="begins with https://; empty: the shop's own label is enough",
    )
    order = ("note", *forms.TRACKING, "label_url")
    return type("ApproveForm", (ToldForm,), {**made, "field_order": order})


def judge_form(request: ReturnRequest) -> type[django_forms.Form]:
    """Return the form that counts the pieces of each line, all of them sellable at first."""
    made: dict[str, object] = {}
    for row in request.lines.select_related("line"):
        for name, label in _JUDGED.items():
            made[_field(row.line_id, name)] = django_forms.IntegerField(
                label=f"{forms.describe_line(row.line)}: {label}",
                min_value=0,
                max_value=row.quantity,
                initial=row.quantity if name == "sellable" else 0,
                widget=UnfoldAdminIntegerFieldWidget,
                help_text=f"pieces, of {row.quantity}; what is not counted never came",
            )
    if request.order.user_id is not None:
        made["to_store_credit"] = django_forms.BooleanField(
            required=False,
            label="As store credit, not the way it was paid",
            widget=UnfoldBooleanWidget,
            help_text="only where the customer has agreed to it",
        )
    made["key"] = django_forms.CharField(
        widget=django_forms.HiddenInput, initial=lambda: str(uuid4())
    )  # a form sent twice pays once
    return type("JudgeForm", (ToldForm,), made)


def _field(line_id: UUID, name: str) -> str:
    return f"{name}_{line_id.hex}"


def _approve(request: HttpRequest, row: ReturnRequest, data: CleanedData) -> str:
    return_requests.approve_request(
        ReturnApproval(**data), request_id=row.pk, actor=get_actor(request)
    )
    return f"{row.number} is approved: the customer has the label."


def _reject(request: HttpRequest, row: ReturnRequest, data: CleanedData) -> str:
    return_requests.reject_request(
        data["note"], request_id=row.pk, actor=get_actor(request)
    )
    return f"{row.number} is refused."


def _receive(request: HttpRequest, row: ReturnRequest, data: CleanedData) -> str:
    return_requests.receive_request(
        data["note"], request_id=row.pk, actor=get_actor(request)
    )
    return f"{row.number} is here."


def _judge(request: HttpRequest, row: ReturnRequest, data: CleanedData) -> str:
    lines = [
        JudgedPieces(
            line_id=line.line_id,
            **{name: data[_field(line.line_id, name)] or 0 for name in _JUDGED},
        )
        for line in row.lines.all()
    ]
    return_requests.judge_request(
        ReturnJudgement(
            lines=lines,
            note=data["note"],
            to_store_credit=data.get("to_store_credit", False),
        ),
        request_id=row.pk,
        actor=get_actor(request),
        key=data["key"],
    )
    return f"{row.number} is judged."


def _may_become(status: ReturnStatus) -> Callable[[ReturnRequest], bool]:
    def is_allowed(row: ReturnRequest) -> bool:
        return status in NEXT_RETURN_STATUS[row.status]

    return is_allowed


RETURN_STEPS = {
    "approve": Step(
        "Approve",
        _approve,
        form_of=approve_form,
        offered=_may_become(ReturnStatus.APPROVED),
    ),
    "receive": Step(
        "Received", _receive, ToldForm, offered=_may_become(ReturnStatus.RECEIVED)
    ),
    "judge": Step(
        "Judge",
        _judge,
        form_of=judge_form,
        offered=_may_become(ReturnStatus.COMPLETED),
        warning=(
            "What was paid for accepted pieces goes back, or pays their replacements."
        ),
    ),
    "reject": Step(
        "Refuse",
        _reject,
        RejectForm,
        offered=_may_become(ReturnStatus.REJECTED),
        danger=True,
    ),
}


# --- Pages ---------------------------------------------------------------------------------------
class ReturnLineInline(ReadOnly, TabularInline):
    model = ReturnRequestLine
    extra = 0
    fields = ("what", "quantity", "instead", "sellable", "damaged", "refused")
    readonly_fields = fields
    verbose_name_plural = "pieces"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReturnRequestLine]:
        # unfold has no types
        return (  # type: ignore[no-any-return]
            super().get_queryset(request).select_related("line__order", "variant")
        )

    def what(self, row: ReturnRequestLine) -> str:
        return forms.describe_line(row.line)

    @admin.display(description="in exchange for")
    def instead(self, row: ReturnRequestLine) -> str:
        if row.variant is None:
            return "money"
        if not row.difference:
            return row.variant.sku
        amount = localized.format_money(
            abs(row.difference), row.line.order.currency
        )
        return f"{row.variant.sku} ({amount} {'more' if row.difference > 0 else 'less'})"


@admin.register(ReturnRequest)
class ReturnRequestAdmin(desk.OpenedFromQueue, ExactSearch, ReadOnly, SteppedAdmin):
    list_display = (
        "number",
        "shown_status",
        "recipient",
        "shown_reason",
        "pieces",
        "created_at",
        "updated_at",
    )
    list_filter = ("status", "is_withdrawal")
    search_fields = ("number", "order__number", "tracking_number")
    search_help_text = "a return's or an order's whole number, or a tracking number"
    list_select_related = ("order",)
    inlines = (ReturnLineInline,)
    fields = (
        ("of_order", "status"),
        "next_steps",
        "shown_reason",
        "is_withdrawal",
        "note",
        ("carrier", "tracking_number"),
        "papers",
        "replacement",
        ("send_by", "received_at", "closed_at"),
    )
    steps = RETURN_STEPS
    logs_steps = False

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, with the labels."""
        own = path(
            "<uuid:pk>/label/",
            self.admin_site.admin_view(self.label_view),
            name="orders_returnrequest_label",
        )
        return [own, *super().get_urls()]

    def get_readonly_fields(
        self, request: HttpRequest, obj: object = None
    ) -> list[str]:
        return ["of_order", "next_steps", "shown_reason", "papers", "replacement"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReturnRequest]:
        # unfold has no types
        return super().get_queryset(request).prefetch_related("lines")  # type: ignore[no-any-return]

    @display(description="status", ordering="status", label=_STATUS)
    def shown_status(self, row: ReturnRequest) -> tuple[str, str]:
        return row.status, row.get_status_display()

    @admin.display(description="reason")
    def shown_reason(self, row: ReturnRequest) -> str:
        return row.reason_words

    @admin.display(description="from")
    def recipient(self, row: ReturnRequest) -> str:
        return row.order.recipient

    @admin.display(description="pieces")
    def pieces(self, row: ReturnRequest) -> int:
        return sum(line.quantity for line in row.lines.all())

    @admin.display(description="order")
    def of_order(self, row: ReturnRequest) -> SafeString:
        return _link_order(row.order_id, str(row.order))

    @admin.display(description="replacement")
    def replacement(self, row: ReturnRequest) -> SafeString | str:
        if row.exchange is None:
            return "none"
        return _link_order(row.exchange.pk, row.exchange.number)

    @admin.display(description="papers")
    def papers(self, row: ReturnRequest) -> SafeString | str:
        if row.status not in (ReturnStatus.APPROVED, ReturnStatus.RECEIVED):
            return ""
        link = reverse("admin:orders_returnrequest_label", args=[row.pk])
        return format_html('<a class="shop-link" href="{}">Label (PDF)</a>', link)

    def label_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Answer with the label."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            asked = selectors.get_any_return(request_id=pk)
            label = return_label.render_label(asked)
        except ShopError as refusal:
            raise Http404 from refusal
        named = {
            "Content-Disposition": f'inline; filename="{asked.number}.pdf"',
            "Cache-Control": "no-store",
        }
        return HttpResponse(label, content_type="application/pdf", headers=named)


def _link_order(order_id: UUID, text: str) -> SafeString:
    link = reverse("admin:orders_order_change", args=[order_id])
    return format_html('<a class="shop-link" href="{}">{}</a>', link, text)


class ReturnRequestInline(ReadOnly, TabularInline):
    """An order's returns, on its page, each with its steps."""

    model = ReturnRequest
    fk_name = "order"
    extra = 0
    fields = ("shown_number", "status", "shown_reason", "created_at", "actions")
    readonly_fields = fields
    verbose_name_plural = "returns that the customer asked for"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReturnRequest]:
        asked: QuerySet[ReturnRequest] = super().get_queryset(request)
        queue = Value(desk.read_queue(request) or "", output_field=CharField())
        return asked.annotate(queue=queue)

    @admin.display(description="return")
    def shown_number(self, row: ReturnRequest) -> SafeString:
        link = reverse("admin:orders_returnrequest_change", args=[row.pk])
        return format_html(
            '<a class="shop-link" href="{}">{}</a>', link, row.number
        )

    @admin.display(description="reason")
    def shown_reason(self, row: ReturnRequest) -> str:
        return row.reason_words

    @admin.display(description="next")
    def actions(self, row: ReturnRequest) -> SafeString:
        return format_html_join(
            " · ",
            '<a class="shop-link" href="{}">{}</a>',
            (
                (
                    reverse("admin:orders_returnrequest_step", args=[row.pk, name])
                    + desk.write_queue_query(row),
                    step.title,
                )
                for name, step in RETURN_STEPS.items()
                if step.offered(row)
            ),
        )
