"""What every step of a parcel needs, inside its transaction: the lock, the parcel's status, and
the order's status that follows from it.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.db import transactions
from orders import errors
from orders.fulfilment_rules import compute_status, count_pieces
from orders.models import Fulfilment, FulfilmentLine, Order, OrderLine
from orders.models.fulfilment import NEXT_PARCEL_STATUS, ParcelStatus
from orders.models.order_event import OrderEventKind
from orders.models.order_status import OrderStatus
from orders.services import lifecycle
from orders.services.lifecycle import Actor
from orders.staff_schemas import ParcelPieces


@transactions.requires_transaction
def lock_parcel(fulfilment_id: UUID) -> tuple[Order, Fulfilment]:
    """Return the parcel and its order. Locks: the order, which guards its parcels.

    Raises:
        NotFound: there is no such parcel.
    """
    found = Fulfilment.objects.filter(pk=fulfilment_id).values_list(
        "order", flat=True
    )
    order_id = found.first()
    if order_id is None:
        raise NotFound
    order = lifecycle.lock_order(order_id)
    return order, Fulfilment.objects.get(pk=fulfilment_id)


@transactions.requires_transaction
def set_parcel_status(
    order: Order,
    parcel: Fulfilment,
    to: ParcelStatus,
    *,
    actor: Actor,
    note: str,
    **columns: object,
) -> None:
    """Change a parcel's status with these columns, and write that into the order's history."""
    before = parcel.status
    if to not in NEXT_PARCEL_STATUS[before]:
        raise errors.ParcelNotIn(
            f"The parcel is {ParcelStatus(before).label.lower()}:"
            f" it cannot become {to.label.lower()}.",
            parcel_status=before,
        )
    for name, value in {"status": to, **columns}.items():
        setattr(parcel, name, value)
    parcel.save(update_fields=["status", *columns, "updated_at"])
    said = [f"Parcel {parcel.position}."]
    if to == ParcelStatus.UNDELIVERED:
        said.append(f"{parcel.get_undelivered_reason_display().capitalize()}.")
    lifecycle.record_event(
        order,
        OrderEventKind.PARCEL,
        actor=actor,
        note=" ".join([*said, note]).strip(),
        from_status=before,
        to_status=to,
        public=False,
    )


@transactions.requires_transaction
def update_status(order: Order, *, actor: Actor, note: str = "") -> None:
    """Set a locked order's status to what its pieces and parcels say. Two queries."""
    parcels = set(
        Fulfilment.objects.filter(order=order).values_list("status", flat=True)
    )
    lines = list(OrderLine.objects.filter(order=order))
    status = compute_status(OrderStatus(order.status), count_pieces(lines), parcels)
    now = timezone.now()
    columns: dict[str, Any] = {}
    if order.shipped_at is None and any(line.shipped for line in lines):
        columns["shipped_at"] = now
    if status == OrderStatus.DELIVERED and order.delivered_at is None:
        columns["delivered_at"] = now
    if status == OrderStatus.RETURNED and order.closed_at is None:
        columns["closed_at"] = now
    if status != order.status:
        lifecycle.set_status(order, status, actor=actor, note=note, **columns)


def count_packed(order: Order) -> dict[UUID, int]:
    """Return how many pieces of each line lie in parcels that have not left. One query."""
    packed: dict[UUID, int] = {}
    for row in FulfilmentLine.objects.filter(
        fulfilment__order=order, fulfilment__status=ParcelStatus.PACKED
    ):
        packed[row.line_id] = packed.get(row.line_id, 0) + row.quantity
    return packed


def choose_pieces(
    order: Order,
    lines: Mapping[UUID, OrderLine],
    pieces: Iterable[ParcelPieces] | None,
) -> dict[UUID, int]:
    """Return how many pieces of which line are meant, of those that neither have left nor lie in a
    parcel: all of them where `pieces` is None. One query.

    Raises:
        ParcelTooMany: more than are free, or none.
    """
    packed = count_packed(order)
    free = {pk: line.to_ship - packed.get(pk, 0) for pk, line in lines.items()}
    if pieces is None:
        chosen = {pk: count for pk, count in free.items() if count}
    else:
        chosen = {each.line_id: each.quantity for each in pieces}
    if not chosen or any(count > free.get(pk, 0) for pk, count in chosen.items()):
        raise errors.ParcelTooMany
    return chosen
