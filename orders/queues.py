"""The order desk's queues: which orders wait for which step of staff, the oldest first.

Each queue is a condition over an index of just its orders; counts end at `COUNTED`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from django.db import models
from django.db.models import (
    Exists,
    F,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce

from orders import waiting_pieces
from orders.models import (
    Fulfilment,
    FulfilmentLine,
    Order,
    OrderLine,
    ReturnRequest,
)
from orders.models.fulfilment import ParcelStatus
from orders.models.order_status import OrderStatus, PaymentMethod, PaymentStatus
from orders.models.return_request import ReturnStatus

COUNTED: Final = 1_000  # a longer queue is "more than" that
RETURNS_WAITING: Final = (ReturnStatus.REQUESTED, ReturnStatus.RECEIVED)
OLDEST: Final = ("created_at", "id")


class QueueName(models.TextChoices):
    """The queues, in the order in which an order passes them."""

    CONFIRM = "confirm", "To confirm"
    STOCK = "stock", "Waits for stock"
    PACK = "pack", "To pack"
    SEND = "send", "To send"
    UNDELIVERED = "undelivered", "Undelivered"
    RETURNS = "returns", "Returns to judge"
    ATTENTION = "attention", "Needs a person"


def _not_waiting_for_payment() -> Q:
    return Q(payment_method=PaymentMethod.COD) | Q(
        payment_status__in=[PaymentStatus.PAID, PaymentStatus.REFUNDED]
    )


def _list_to_confirm() -> QuerySet[Order]:
    return Order.objects.filter(
        _not_waiting_for_payment(), status=OrderStatus.PENDING
    )


def _list_with_free_pieces() -> QuerySet[Order]:
    """Orders with pieces that neither lie in a packed parcel nor have left."""
    packed = (
        FulfilmentLine.objects.filter(
            line=OuterRef("pk"), fulfilment__status=ParcelStatus.PACKED
        )
        .order_by()
        .values("line")
        .annotate(pieces=Sum("quantity"))
        .values("pieces")
    )
    free = OrderLine.objects.filter(
        order=OuterRef("pk"),
        quantity__gt=F("cancelled") + F("shipped") + Coalesce(Subquery(packed), 0),
    )
    return Order.objects.filter(
        _not_waiting_for_payment(),
        Exists(free),
        status__in=[
            OrderStatus.CONFIRMED,
            OrderStatus.PROCESSING,
            OrderStatus.PARTIALLY_SHIPPED,
        ],
    )


def _list_to_pack() -> QuerySet[Order]:
    """Orders of which all that is to be packed is there."""
    return _list_with_free_pieces().exclude(waiting_pieces.waits_for_stock())


def _list_waiting_for_stock() -> QuerySet[Order]:
    """Orders of which some pieces are on back order."""
    return _list_with_free_pieces().filter(waiting_pieces.waits_for_stock())


def _list_with_parcel(status: ParcelStatus) -> QuerySet[Order]:
    parcels = Fulfilment.objects.filter(status=status).order_by()
    return Order.objects.filter(pk__in=parcels.values("order"))


def _list_with_return() -> QuerySet[Order]:
    """Orders with a return that waits for staff: asked for, or here and not judged."""
    waiting = ReturnRequest.objects.filter(status__in=RETURNS_WAITING).order_by()
    return Order.objects.filter(pk__in=waiting.values("order"))


QUEUES: Final[Mapping[QueueName, Callable[[], QuerySet[Order]]]] = {
    QueueName.CONFIRM: _list_to_confirm,
    QueueName.STOCK: _list_waiting_for_stock,
    QueueName.PACK: _list_to_pack,
    QueueName.SEND: lambda: _list_with_parcel(ParcelStatus.PACKED),
    QueueName.UNDELIVERED: lambda: _list_with_parcel(ParcelStatus.UNDELIVERED),
    QueueName.RETURNS: _list_with_return,
    QueueName.ATTENTION: lambda: Order.objects.exclude(attention=""),
}


def list_waiting(
    name: QueueName, *, first: int, most: int
) -> tuple[list[Order], bool]:
    """Return the orders of a queue with their lines and parcels, the oldest first; and whether
    there are more after them. Five queries.
    """
    found = list(load_orders(QUEUES[name]())[first : first + most + 1])
    return found[:most], len(found) > most


def load_orders(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Return these orders, the oldest first, with what the desk shows and prints of them: lines
    with their variants, parcels with theirs, returns. Five queries.
    """
    by_sku = OrderLine.objects.select_related("variant").order_by("sku")
    return orders.order_by(*OLDEST).prefetch_related(
        Prefetch("lines", by_sku), "fulfilments__lines__line", "return_requests"
    )


def count_waiting() -> dict[QueueName, int]:
    """Return how many orders wait in each queue, counted up to COUNTED + 1. One query."""
    first, *others = (
        waiting().order_by().values_list(Value(str(name)))[: COUNTED + 1]
        for name, waiting in QUEUES.items()
    )
    found = Counter(name for (name,) in first.union(*others, all=True))
    return {name: found[str(name)] for name in QUEUES}


def show_count(count: int) -> str:
    """Return a count of `count_waiting` as people read it."""
    return f"{COUNTED:,}+" if count > COUNTED else f"{count:,}"


def find_next(name: QueueName, *, after: Order) -> Order | None:
    """Return the queue's next order after this one, from its beginning again where there is
    none; None once nothing else waits.
    """
    others = QUEUES[name]().exclude(pk=after.pk).order_by(*OLDEST)
    later = Q(created_at__gt=after.created_at) | Q(
        created_at=after.created_at, pk__gt=after.pk
    )
    return others.filter(later).first() or others.first()


# --- What to fetch -------------------------------------------------------------------------------
@dataclass(frozen=True)
class Pick:
    """What to fetch from the shelf for a round of orders. `place` is where it lies."""

    place: str
    sku: str
    name: str
    kind: str
    pieces: int
    orders: int


def count_free(order: Order) -> dict[OrderLine, int]:
    """Return how many pieces of each line are neither packed nor gone; of an order loaded by
    `list_waiting`. No query.
    """
    packed: Counter[object] = Counter()
    for parcel in order.fulfilments.all():
        if parcel.status == ParcelStatus.PACKED:
            for row in parcel.lines.all():
                packed[row.line_id] += row.quantity
    return {line: line.to_ship - packed[line.pk] for line in order.lines.all()}


def list_picks(orders: Iterable[Order]) -> list[Pick]:
    """Return what to fetch for these orders, in the order of a walk past the shelves: by place,
    then SKU. Orders loaded by `load_orders`: no query.
    """
    lines: dict[tuple[str, str], list[tuple[OrderLine, int]]] = defaultdict(list)
    for order in orders:
        for line, pieces in count_free(order).items():
            if pieces:
                key = (line.variant.bin_location, line.sku)
                lines[key].append((line, pieces))
    return [
        _sum_up_pick(place, sku, found)
        for (place, sku), found in sorted(lines.items())
    ]


def _sum_up_pick(place: str, sku: str, found: list[tuple[OrderLine, int]]) -> Pick:
    line, _ = found[0]  # all are of one variant
    kind = " · ".join(filter(None, (line.size, line.color)))
    return Pick(
        place, sku, line.name, kind, sum(pieces for _, pieces in found), len(found)
    )
