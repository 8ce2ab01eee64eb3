"""The order desk: a page for each queue, steps for many orders at once, and finding an order
from anywhere.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    QueryDict,
)
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from markrin import localized
from markrin.admin.base import SteppedAdmin
from markrin.api.errors import ShopError
from orders import queues, selectors, waiting_pieces
from orders.admin import forms
from orders.models import Fulfilment, Order, OrderLine, ReturnRequest
from orders.models.fulfilment import ParcelStatus
from orders.models.order_status import OrderStatus
from orders.queues import QueueName
from orders.services import fulfilments, transitions
from orders.services.lifecycle import Actor
from orders.staff_schemas import Move, Parcel, ParcelMove, Tracking

ORDERS_PER_PAGE = 50  # what one person does in a round
QUEUE_PARAM: Final = "queue"  # of an order's address: where it was opened from
_MAX_TRACKING: Final = 80


def script_url(request: HttpRequest) -> str:
    """Return the address of the desk's script: scanning, and marking all orders of a page."""
    return static("orders/desk.js")


# --- Steps for many ------------------------------------------------------------------------------
@dataclass(frozen=True)
class BulkStep:
    """What is done with each chosen order of a queue, in a transaction of its own. `take` raises
    a ShopError where it cannot be done, and then nothing of that order has changed.
    """

    title: str
    done: str
    take: Callable[[Order, QueryDict, Actor], None]


def _confirm(order: Order, sent: QueryDict, actor: Actor) -> None:
    transitions.move_order(
        Move(status=OrderStatus.CONFIRMED), order_id=order.pk, actor=actor
    )


def _pack(order: Order, sent: QueryDict, actor: Actor) -> None:
    fulfilments.create_parcel(Parcel(ship=False), order_id=order.pk, actor=actor)


def _send(order: Order, sent: QueryDict, actor: Actor) -> None:
    """Send the order's packed parcels, each under the number that was typed for it."""
    for parcel in order.fulfilments.all():
        if parcel.status != ParcelStatus.PACKED:
            continue
        if number := _read_tracking(sent, parcel):
            fulfilments.correct_parcel(
                Tracking(
                    carrier=sent.get("carrier", "")[:80], tracking_number=number
                ),
                fulfilment_id=parcel.pk,
                actor=actor,
            )
        fulfilments.move_parcel(
            ParcelMove(status=ParcelStatus.SHIPPED),
            fulfilment_id=parcel.pk,
            actor=actor,
        )


def tracking_field(parcel: Fulfilment) -> str:
    """Return the name of the field for a parcel's tracking number."""
    return f"tracking_{parcel.pk.hex}"


def _read_tracking(sent: QueryDict, parcel: Fulfilment) -> str:
    text = sent.get(tracking_field(parcel), "")
    return "".join(each for each in text if each.isprintable()).strip()[
        :_MAX_TRACKING
    ]


BULK_STEPS: Final[Mapping[QueueName, BulkStep]] = {
    QueueName.CONFIRM: BulkStep("Confirm", "confirmed", _confirm),
    QueueName.PACK: BulkStep("Pack all of it", "packed", _pack),
    QueueName.SEND: BulkStep("Send", "sent", _send),
}


def _take_bulk_step(
    request: HttpRequest, name: QueueName, actor: Actor
) -> HttpResponse:
    """Take the queue's step with each chosen order, tell what was done and what was not, and
    show the queue again.
    """
    step = BULK_STEPS[name]
    done: list[Order] = []
    refused: list[tuple[str, str]] = []
    for order in _list_chosen(request.POST):
        try:
            step.take(order, request.POST, actor)
        except ShopError as refusal:
            refused.append((order.number, refusal.detail))
        else:
            done.append(order)
    if done:
        count = "1 order is" if len(done) == 1 else f"{len(done)} orders are"
        papers = _link_papers(done) if name == QueueName.PACK else ""
        messages.success(request, format_html("{} {}.{}", count, step.done, papers))
    if refused:
        head = f"{len(refused)} could not be {step.done}, and stay as they are:"
        rows = format_html_join("", "<li>{}: {}</li>", refused)
        messages.error(request, format_html("{}<ul>{}</ul>", head, rows))
    if not done and not refused:
        messages.warning(request, "No order was chosen.")
    return HttpResponseRedirect(queue_link(name))


def _link_papers(packed: Iterable[Order]) -> SafeString:
    """Return links to what is printed for orders that have just been packed."""
    orders = list(packed)
    return format_html_join(
        "",
        ' <a class="shop-link" href="{}" target="_blank">{}</a>',
        [
            (print_link(kind, orders), f"Print their {what}")
            for kind, what in (("slips", "packing slips"), ("labels", "labels"))
        ],
    )


def print_link(kind: str, orders: Iterable[Order]) -> str:
    """Return the address of papers for these orders."""
    link = reverse("admin:orders_order_print", args=[kind])
    return f"{link}?{urlencode([('order', str(order.pk)) for order in orders])}"


def _list_chosen(sent: QueryDict) -> list[Order]:
    """Return the orders that were marked, or for which a number was typed, the oldest first."""
    ids = {UUID(text) for text in sent.getlist("order") if _is_uuid(text)}
    typed = [
        name.removeprefix("tracking_")
        for name, value in sent.items()
        if name.startswith("tracking_") and str(value).strip()
    ]
    parcels = [UUID(text) for text in typed if _is_uuid(text)]
    if parcels:
        ids |= set(
            Fulfilment.objects.filter(pk__in=parcels).values_list(
                "order", flat=True
            )
        )
    chosen = Order.objects.filter(pk__in=list(ids)[: 2 * ORDERS_PER_PAGE])
    return list(queues.load_orders(chosen))


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


# --- A queue's page ------------------------------------------------------------------------------
def queue_link(name: QueueName) -> str:
    """Return the address of a queue's page."""
    return reverse("admin:orders_order_queue", args=[name])


def order_link(order: Order, name: QueueName | None = None) -> str:
    """Return the address of an order's page, opened from a queue or not."""
    link = reverse("admin:orders_order_change", args=[order.pk])
    return f"{link}?{urlencode({QUEUE_PARAM: name})}" if name else link


def write_queue_query(row: Order | Fulfilment | ReturnRequest) -> str:
    """Return the query string, "?queue=…", that a page's links take along, so that whoever opened
    the row from a queue comes back to it; "" for none.
    """
    queue = getattr(row, "queue", None)
    return f"?{urlencode({QUEUE_PARAM: queue})}" if queue else ""


def read_queue(request: HttpRequest) -> QueueName | None:
    """Return the queue that an order was opened from, None where it was none."""
    text = request.GET.get(QUEUE_PARAM, "")
    return QueueName(text) if text in QueueName.values else None


def show_queue(
    admin: SteppedAdmin, request: HttpRequest, name: str
) -> HttpResponse:
    """Show a page of a queue, or take its step; `admin` is the orders' ModelAdmin. A fixed
    number of queries for however many orders.
    """
    if not admin.has_view_permission(request):
        raise PermissionDenied
    if name not in QueueName.values:
        raise Http404
    queue = QueueName(name)
    may_step = admin.may_step(request)
    if request.method == "POST":
        if not may_step or queue not in BULK_STEPS:
            raise PermissionDenied
        return _take_bulk_step(request, queue, Actor("staff", request.user.pk))
    number = _read_page_number(request)
    orders, more = queues.list_waiting(
        queue, first=(number - 1) * ORDERS_PER_PAGE, most=ORDERS_PER_PAGE
    )
    counts = queues.count_waiting()
    now = timezone.now()
    missing = _list_missing(queue, orders)
    context = {
        **admin.admin_site.each_context(request),
        "title": queue.label,
        "queue": queue,
        "tabs": [
            (each, queue_link(each), queues.show_count(counts[each]))
            for each in QueueName
        ],
        "rounds": [
            _describe_order(admin, queue, order, now, missing) for order in orders
        ],
        "step": BULK_STEPS.get(queue) if may_step else None,
        "carriers": forms.list_carriers() if queue == QueueName.SEND else [],
        "picks": queues.list_picks(orders) if queue == QueueName.PACK else [],
        "page": number,
        "papers": [
            (reverse("admin:orders_order_print", args=[kind]), name)
            for kind, name in _PAPERS_SHOWN.get(queue, ())
        ],
        "earlier": number - 1,
        "later": number + 1 if more else None,
        "total": queues.show_count(counts[queue]),
        "counted": counts[queue],
        "as_of": now,
    }
    answer: HttpResponse = TemplateResponse(request, "orders/queue.html", context)
    return answer


def _list_missing(queue: QueueName, orders: Iterable[Order]) -> dict[UUID, int]:
    """Return how many pieces are not there yet, by line, where that is what the queue is about."""
    if queue != QueueName.STOCK:
        return {}
    return waiting_pieces.list_missing_pieces([order.pk for order in orders])


def _describe_order(
    admin: SteppedAdmin,
    queue: QueueName,
    order: Order,
    now: datetime,
    missing: Mapping[UUID, int],
) -> dict[str, object]:
    order.queue = queue  # type: ignore[attr-defined]  # its steps lead back to the queue
    parcel_pages = _get_pages(admin, Fulfilment)
    parcels = [
        parcel
        for parcel in order.fulfilments.all()
        if parcel.status == _PARCELS_SHOWN.get(queue)
    ]
    for parcel in parcels:
        parcel.order = order  # which knows the queue
    return {
        "order": order,
        "lines": [
            (line, pieces, missing.get(line.pk, 0))
            for line, pieces in _list_lines(queue, order, parcels)
        ],
        "pays": order.get_payment_method_display().lower(),
        "amount": localized.format_money(order.payable, order.currency),
        "waits": _format_wait((now - order.created_at).total_seconds()),
        "link": order_link(order, queue),
        "steps": admin.step_links(order, *_STEPS_SHOWN[queue]),
        "parcels": [
            {
                "parcel": parcel,
                "pieces": sum(row.quantity for row in parcel.lines.all()),
                "field": tracking_field(parcel),
                "link": reverse("admin:orders_fulfilment_change", args=[parcel.pk])
                + f"?{urlencode({QUEUE_PARAM: queue})}",
                "steps": parcel_pages.step_links(parcel, *_PARCEL_STEPS_SHOWN)
                if queue == QueueName.UNDELIVERED
                else "",
            }
            for parcel in parcels
        ],
        "returns": _list_returns(admin, queue, order),
    }


def _get_pages(admin: SteppedAdmin, model: type[models.Model]) -> SteppedAdmin:
    """Return the pages of another model whose rows are moved by steps."""
    pages = admin.admin_site.get_model_admin(model)
    if not isinstance(pages, SteppedAdmin):
        raise TypeError(f"{model.__name__} has no steps")
    return pages


def _list_returns(
    admin: SteppedAdmin, queue: QueueName, order: Order
) -> list[dict[str, object]]:
    """Return the order's returns that wait for staff, each with its steps."""
    if queue != QueueName.RETURNS:
        return []
    pages = _get_pages(admin, ReturnRequest)
    found = []
    for asked in order.return_requests.all():
        if asked.status in queues.RETURNS_WAITING:
            asked.order = order  # which knows the queue
            link = reverse("admin:orders_returnrequest_change", args=[asked.pk])
            found.append(
                {
                    "asked": asked,
                    "link": f"{link}{write_queue_query(order)}",
                    "steps": pages.step_links(asked),
                }
            )
    return found


def _list_lines(
    queue: QueueName, order: Order, parcels: Iterable[Fulfilment]
) -> list[tuple[OrderLine, int]]:
    """Return what the queue is about: what is to be packed, what lies in these parcels, or all."""
    shown = list(parcels)
    if shown:
        return [
            (row.line, row.quantity) for each in shown for row in each.lines.all()
        ]
    free = queues.count_free(order)
    if queue in (QueueName.PACK, QueueName.STOCK):
        return [(line, pieces) for line, pieces in free.items() if pieces]
    return [(line, line.quantity) for line in free]


_STEPS_SHOWN: Final[Mapping[QueueName, tuple[str, ...]]] = {
    QueueName.CONFIRM: ("confirm", "cancel"),
    QueueName.STOCK: ("pack", "cancel_pieces"),
    QueueName.PACK: ("pack", "cancel_pieces"),
    QueueName.SEND: ("ship",),
    QueueName.UNDELIVERED: ("note",),
    QueueName.RETURNS: ("note",),
    QueueName.ATTENTION: ("note", "refund"),
}
_PARCELS_SHOWN: Final[Mapping[QueueName, ParcelStatus]] = {
    QueueName.SEND: ParcelStatus.PACKED,
    QueueName.UNDELIVERED: ParcelStatus.UNDELIVERED,
}
# What becomes of a parcel that could not be handed over.
_PARCEL_STEPS_SHOWN: Final = ("ship", "back", "lost")
_PAPERS_SHOWN: Final[Mapping[QueueName, tuple[tuple[str, str], ...]]] = {
    QueueName.PACK: (("picks", "Pick list"), ("slips", "Packing slips")),
    QueueName.SEND: (("slips", "Packing slips"), ("labels", "Labels")),
}


class OpenedFromQueue:
    """Mixed into a SteppedAdmin of orders, or of rows with an `order`: a row that was opened from
    a queue keeps it, and its steps lead to the queue's next order.
    """

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return the row, whose order knows the queue that it was opened from."""
        row = super().get_object(request, object_id, from_field)  # type: ignore[misc]  # the ModelAdmin's
        if row is not None:
            _order_of(row).queue = read_queue(request)  # type: ignore[attr-defined]  # for step_query
        return row

    def step_query(self, row: models.Model) -> str:
        """Keep the queue in the links of the steps."""
        return write_queue_query(_order_of(row))

    def after_step(
        self, request: HttpRequest, row: models.Model, *, back: str
    ) -> str:
        """Lead on to the queue's next order."""
        return lead_on(request, _order_of(row), back=back)


def _order_of(row: models.Model) -> Order:
    """Return the order, or the one of a parcel or return."""
    # a parcel or a return, which both have one
    found: Order = row if isinstance(row, Order) else row.order  # type: ignore[attr-defined]
    return found


def lead_on(request: HttpRequest, order: Order, *, back: str) -> str:
    """Return where to go after a step with an order: to the next of the queue that it was
    opened from, to the queue's page where that is the last; else to `back`.
    """
    queue = read_queue(request)
    if queue is None:
        return back
    following = queues.find_next(queue, after=order)
    return order_link(following, queue) if following else queue_link(queue)


def _read_page_number(request: HttpRequest) -> int:
    """Return the page that is asked for, the first where that makes no sense."""
    text = request.GET.get("p", "1")
    known = text.isascii() and text.isdecimal() and len(text) < 4 and int(text) >= 1
    return int(text) if known else 1


def _format_wait(seconds: float) -> str:
    hours = int(seconds // 3600)
    if hours < 1:
        return "less than an hour"
    return f"{hours} h" if hours < 48 else f"{hours // 24} days"


# --- From anywhere -------------------------------------------------------------------------------
def find_order(admin: SteppedAdmin, request: HttpRequest) -> HttpResponse:
    """Open the one order that was typed or scanned; where several fit, or none, the list."""
    if not admin.has_view_permission(request):
        raise PermissionDenied
    text = " ".join(request.GET.get("q", "").split())[:120]
    if not text:
        return HttpResponseRedirect(reverse("admin:orders_order_changelist"))
    found: Iterable[Order] = Order.objects.filter(
        selectors.match_search(text)
    ).only("pk")[:2]
    orders = list(found)
    if len(orders) == 1:
        return HttpResponseRedirect(order_link(orders[0]))
    listed = reverse("admin:orders_order_changelist")
    return HttpResponseRedirect(f"{listed}?{urlencode({'q': text})}")
