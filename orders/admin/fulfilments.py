"""Carriers, and parcels with the steps that they take."""

from collections.abc import Callable

from django.contrib import admin
from django.db.models import CharField, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from markrin.admin.base import (
    ModelAdmin,
    ReadOnly,
    Step,
    SteppedAdmin,
    TabularInline,
)
from markrin.admin.forms import CleanedData, StrictModelForm
from orders.admin import desk, forms
from orders.admin.steps import get_actor
from orders.models import Carrier, Fulfilment, FulfilmentLine
from orders.models.fulfilment import NEXT_PARCEL_STATUS, ParcelStatus
from orders.services import fulfilments
from orders.staff_schemas import ParcelMove, Tracking

_STATUS = {
    ParcelStatus.PACKED: "warning",
    ParcelStatus.SHIPPED: "primary",
    ParcelStatus.DELIVERED: "success",
    ParcelStatus.UNDELIVERED: "danger",
    ParcelStatus.RETURNED: "info",
    ParcelStatus.LOST: "danger",
    ParcelStatus.CANCELLED: "info",
}


class CarrierForm(StrictModelForm):
    class Meta:
        model = Carrier
        fields = ("name", "url_pattern", "is_active")


@admin.register(Carrier)
class CarrierAdmin(ModelAdmin):
    form = CarrierForm
    list_display = ("name", "url_pattern", "is_active")
    search_fields = ("name",)


# --- Steps ---------------------------------------------------------------------------------------
def _move_to(
    status: ParcelStatus,
) -> Callable[[HttpRequest, Fulfilment, CleanedData], str]:
    def move(request: HttpRequest, parcel: Fulfilment, data: CleanedData) -> str:
        body = ParcelMove(status=status, **data)
        fulfilments.move_parcel(
            body, fulfilment_id=parcel.pk, actor=get_actor(request)
        )
        return f"Parcel {parcel.position} is {status.label.lower()} now."

    return move


def _is_allowed(status: ParcelStatus) -> Callable[[Fulfilment], bool]:
    def is_allowed(parcel: Fulfilment) -> bool:
        return status in NEXT_PARCEL_STATUS[parcel.status]

    return is_allowed


def _ship(request: HttpRequest, parcel: Fulfilment, data: CleanedData) -> str:
    tracking = {name: data[name] for name in forms.TRACKING}
    if any(tracking.values()):
        fulfilments.correct_parcel(
            Tracking(**tracking), fulfilment_id=parcel.pk, actor=get_actor(request)
        )
    more = {
        name: value for name, value in data.items() if name not in forms.TRACKING
    }
    return _move_to(ParcelStatus.SHIPPED)(request, parcel, more)


def _correct(request: HttpRequest, parcel: Fulfilment, data: CleanedData) -> str:
    fulfilments.correct_parcel(
        Tracking(**data), fulfilment_id=parcel.pk, actor=get_actor(request)
    )
    return f"Parcel {parcel.position}: {data['carrier']} {data['tracking_number']}."


PARCEL_STEPS = {
    "ship": Step(
        "Send",
        _ship,
        form_of=forms.parcel_ship_form,
        offered=_is_allowed(ParcelStatus.SHIPPED),
    ),
    "deliver": Step(
        "Mark delivered",
        _move_to(ParcelStatus.DELIVERED),
        forms.NoteForm,
        _is_allowed(ParcelStatus.DELIVERED),
    ),
    "undelivered": Step(
        "Could not be delivered",
        _move_to(ParcelStatus.UNDELIVERED),
        forms.UndeliveredForm,
        _is_allowed(ParcelStatus.UNDELIVERED),
        warning="The customer is told. Afterwards send it again, or count it in.",
    ),
    "back": Step(
        "Count it in",
        _move_to(ParcelStatus.RETURNED),
        forms.CountInForm,
        _is_allowed(ParcelStatus.RETURNED),
        warning="What was paid for its pieces goes back; what was not is not owed any more.",
    ),
    "lost": Step(
        "It is lost",
        _move_to(ParcelStatus.LOST),
        forms.NoteForm,
        _is_allowed(ParcelStatus.LOST),
        danger=True,
        warning="What was paid for its pieces goes back; what was not is not owed any more.",
    ),
    "correct": Step(
        "Correct the tracking",
        _correct,
        form_of=forms.correct_form,
        offered=lambda parcel: (
            parcel.status in ("packed", "shipped", "undelivered")
        ),
    ),
    "unpack": Step(
        "Unpack",
        _move_to(ParcelStatus.CANCELLED),
        forms.NoteForm,
        _is_allowed(ParcelStatus.CANCELLED),
        danger=True,
    ),
}


class FulfilmentLineInline(ReadOnly, TabularInline):
    model = FulfilmentLine
    extra = 0
    fields = ("sku", "name", "quantity")
    readonly_fields = fields
    verbose_name_plural = "what is in it"

    def get_queryset(self, request: HttpRequest) -> QuerySet[FulfilmentLine]:
        # unfold has no types
        return super().get_queryset(request).select_related("line")  # type: ignore[no-any-return]

    @admin.display(description="SKU")
    def sku(self, row: FulfilmentLine) -> str:
        return row.line.sku

    def name(self, row: FulfilmentLine) -> str:
        return row.line.name


@admin.register(Fulfilment)
class FulfilmentAdmin(desk.OpenedFromQueue, ReadOnly, SteppedAdmin):
    """Parcels. `status` as a filter makes the queues: packed, under way, undelivered."""

    list_display = (
        "order",
        "position",
        "shown_status",
        "carrier",
        "tracking_number",
        "shipped_at",
        "updated_at",
    )
    list_filter = ("status", "carrier")
    search_fields = ("tracking_number__exact", "order__number__exact")
    search_help_text = "a whole tracking number, or an order's whole number"
    list_select_related = ("order",)
    ordering = ("-id",)
    inlines = (FulfilmentLineInline,)
    fields = (
        "of_order",
        "status",
        "undelivered_reason",
        "carrier",
        "tracking_number",
        "tracking",
        "attempts",
        "shipped_at",
        "delivered_at",
        "next_steps",
    )
    steps = PARCEL_STEPS
    logs_steps = False

    def get_readonly_fields(
        self, request: HttpRequest, obj: object = None
    ) -> list[str]:
        return ["of_order", "tracking", "next_steps"]

    @display(description="status", ordering="status", label=_STATUS)
    def shown_status(self, parcel: Fulfilment) -> tuple[str, str]:
        return parcel.status, parcel.get_status_display()

    @admin.display(description="order")
    def of_order(self, parcel: Fulfilment) -> SafeString:
        link = reverse("admin:orders_order_change", args=[parcel.order_id])
        return format_html(
            '<a class="shop-link" href="{}">{}</a>', link, parcel.order
        )

    @admin.display(description="where it is")
    def tracking(self, parcel: Fulfilment) -> SafeString | str:
        if not parcel.tracking_url:
            return ""
        return format_html(
            '<a class="shop-link" href="{0}" rel="noreferrer">{0}</a>',
            parcel.tracking_url,
        )


class FulfilmentInline(ReadOnly, TabularInline):
    """An order's parcels, on its page, each with its steps."""

    model = Fulfilment
    extra = 0
    fields = (
        "parcel",
        "status",
        "carrier",
        "tracking_number",
        "shipped_at",
        "actions",
    )
    readonly_fields = fields
    verbose_name_plural = "parcels"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Fulfilment]:
        parcels: QuerySet[Fulfilment] = super().get_queryset(request)
        queue = Value(desk.read_queue(request) or "", output_field=CharField())
        return parcels.prefetch_related("lines").annotate(queue=queue)

    def parcel(self, parcel: Fulfilment) -> SafeString:
        link = reverse("admin:orders_fulfilment_change", args=[parcel.pk])
        pieces = sum(row.quantity for row in parcel.lines.all())
        return format_html(
            '<a class="shop-link" href="{}">{}: {} {}</a>',
            link,
            parcel.position,
            pieces,
            "piece" if pieces == 1 else "pieces",
        )

    @admin.display(description="next")
    def actions(self, parcel: Fulfilment) -> SafeString:
        return format_html_join(
            " · ",
            '<a class="shop-link" href="{}">{}</a>',
            (
                (
                    reverse("admin:orders_fulfilment_step", args=[parcel.pk, name])
                    + desk.write_queue_query(parcel),
                    step.title,
                )
                for name, step in PARCEL_STEPS.items()
                if step.offered(parcel)
            ),
        )
