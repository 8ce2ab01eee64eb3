"""Parcels: packed, sent, corrected, delivered, or not delivered and counted in.

Each use case locks the order first and stock last. The order's own status follows from its
pieces and parcels (`orders/fulfilment_rules.py`).
"""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db.models import F, Max
from django.utils import timezone

from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.outbox import services as outbox
from orders import errors, events, waiting_pieces
from orders.models import Carrier, Fulfilment, FulfilmentLine, Order, OrderLine
from orders.models.fulfilment import ParcelStatus
from orders.models.order_event import OrderEventKind
from orders.models.order_status import OrderStatus, PaymentMethod, PaymentStatus
from orders.services import (
    credit_notes,
    disputes,
    idempotency,
    invoices,
    lifecycle,
    parcels,
    returns,
)
from orders.services.lifecycle import Actor
from orders.staff_schemas import Parcel, ParcelMove, ParcelPieces, Tracking
from products.errors import PiecesNotThere
from products.services import purchases
from products.services.stock import movements

PACKABLE = (
    OrderStatus.CONFIRMED,
    OrderStatus.PROCESSING,
    OrderStatus.PARTIALLY_SHIPPED,
)
PAID = (PaymentStatus.PAID, PaymentStatus.REFUNDED)


# --- Packing and sending -------------------------------------------------------------------------
@transactions.durable
def create_parcel(parcel: Parcel, *, order_id: UUID, actor: Actor) -> Fulfilment:
    """Pack a parcel of these pieces, or of all that are left to send; with `ship` it leaves.

    Locks: the order, stock in variant order.

    Raises:
        NotFound: there is no such order.
        OrderNotIn: it cannot be packed: not confirmed, not paid online, or over.
        ParcelTooMany: more pieces of a line than are left to send; or of none.
        PiecesNotThere: more pieces than are counted in.
    """
    return _create_parcel(parcel, order_id=order_id, actor=actor)


@transactions.durable
def create_parcel_once(
    parcel: Parcel, *, order_id: UUID, actor: Actor, key: str | None
) -> bool:
    """As `create_parcel`, once for each idempotency key; return whether the key had asked for it
    before. Locks: the key, then as there.

    Raises:
        IdempotencyKeyMissing, IdempotencyKeyReused, IdempotencyKeyInUse: see `idempotency`.
    """
    claim = idempotency.build_claim(
        scope=f"user:{actor.user_id}",
        key=key,
        route=f"POST /api/staff/orders/{order_id}/fulfilments",
        body=parcel,
    )
    if idempotency.claim_key(claim, order_id) is not None:
        return True
    _create_parcel(parcel, order_id=order_id, actor=actor)
    return False


def _create_parcel(parcel: Parcel, *, order_id: UUID, actor: Actor) -> Fulfilment:
    order = lifecycle.lock_order(order_id)
    made = pack_parcel(order, parcel.lines, tracking=parcel.tracking, actor=actor)
    if parcel.ship:
        send_parcel(
            order, made, actor=actor, despite_dispute=parcel.despite_dispute
        )
    return made


@transactions.requires_transaction
def pack_parcel(
    order: Order,
    pieces: Iterable[ParcelPieces] | None,
    *,
    tracking: Tracking,
    actor: Actor,
) -> Fulfilment:
    """Pack a parcel of a locked order. Its first makes the order `processing`."""
    refuse_unpaid(order)
    if order.status not in PACKABLE:
        raise errors.OrderNotIn(
            f"The order is {order.get_status_display().lower()}: nothing can be packed.",
            order_status=order.status,
        )
    lines = {line.pk: line for line in order.lines.all()}
    chosen = parcels.choose_pieces(order, lines, pieces)
    _refuse_missing(lines, chosen)
    last = Fulfilment.objects.filter(order=order).aggregate(last=Max("position"))
    parcel = Fulfilment.objects.create(
        order=order, position=(last["last"] or 0) + 1, **find_tracking(tracking)
    )
    FulfilmentLine.objects.bulk_create(
        [
            FulfilmentLine(id=uuid7(), fulfilment=parcel, line_id=line, quantity=n)
            for line, n in chosen.items()
        ]
    )
    if order.status == OrderStatus.CONFIRMED:
        lifecycle.set_status(order, OrderStatus.PROCESSING, actor=actor)
    return parcel


def refuse_unpaid(order: Order) -> None:
    """Refuse an online order whose payment has not arrived."""
    if (
        order.payment_method == PaymentMethod.ONLINE
        and order.payment_status not in PAID
    ):
        raise errors.OrderNotIn(
            "The online payment has not arrived.", order_status=order.status
        )


def _refuse_missing(
    lines: Mapping[UUID, OrderLine], chosen: Mapping[UUID, int]
) -> None:
    """Refuse pieces that are on back order. Only a look: sending decides. One query."""
    there = waiting_pieces.count_packable({lines[pk].variant_id for pk in chosen})
    short = [
        {
            "variantId": lines[pk].variant_id,
            "sku": lines[pk].sku,
            "requested": pieces,
            "onHand": max(0, there[lines[pk].variant_id]),
        }
        for pk, pieces in chosen.items()
        if pieces > there.get(lines[pk].variant_id, pieces)
    ]
    if short:
        waiting = ", ".join(str(each["sku"]) for each in short)
        raise PiecesNotThere(f"Not counted in yet: {waiting}.", lines=short)


def find_tracking(tracking: Tracking) -> dict[str, str]:
    """Return a parcel's columns; the link comes from the carrier's pattern where none is given."""
    url = tracking.tracking_url
    carrier = Carrier.objects.filter(name__iexact=tracking.carrier).first()
    if not url and carrier is not None and tracking.tracking_number:
        url = carrier.url_pattern.replace("{tracking}", tracking.tracking_number)
    return {
        "carrier": carrier.name if carrier else tracking.carrier,
        "tracking_number": tracking.tracking_number,
        "tracking_url": url,
    }


@transactions.requires_transaction
def send_parcel(
    order: Order,
    parcel: Fulfilment,
    *,
    actor: Actor,
    note: str = "",
    despite_dispute: bool = False,
) -> None:
    """A parcel of a locked order leaves, for the first time or once more. Locks: stock."""
    if not despite_dispute:
        disputes.refuse_if_open(order)
    again = parcel.status == ParcelStatus.UNDELIVERED
    parcels.set_parcel_status(
        order,
        parcel,
        ParcelStatus.SHIPPED,
        actor=actor,
        note=note,
        shipped_at=timezone.now(),
        undelivered_reason="",
        attempts=parcel.attempts + 1,
    )
    rows = list(parcel.lines.select_related("line"))
    if not again:
        for row in rows:
            OrderLine.objects.filter(pk=row.line_id).update(
                shipped=F("shipped") + row.quantity
            )
    parcels.update_status(order, actor=actor, note=note)
    invoices.issue_for_parcel(order, parcel)
    # What was granted before it left.
    credit_notes.settle(order, cause=parcel.pk, reason="")
    outbox.add(
        events.ParcelShipped(
            order_id=order.pk, fulfilment_id=parcel.pk, attempt=parcel.attempts
        )
    )
    if not again:
        movements.ship_stock(
            {row.pk: (row.line.variant_id, row.quantity) for row in rows},
            actor_id=actor.user_id,
        )


# --- Later steps ---------------------------------------------------------------------------------
@transactions.durable
def correct_parcel(
    tracking: Tracking, *, fulfilment_id: UUID, actor: Actor
) -> Fulfilment:
    """Correct who brings a parcel and under which number; a customer who was told the old
    number is told the new one.

    Locks: the order. Raises: NotFound.
    """
    order, parcel = parcels.lock_parcel(fulfilment_id)
    before = parcel.tracking_number
    columns = find_tracking(tracking)
    for name, value in columns.items():
        setattr(parcel, name, value)
    parcel.save(update_fields=[*columns, "updated_at"])
    note = f"Parcel {parcel.position}: {parcel.carrier} {parcel.tracking_number}".strip()
    lifecycle.record_event(
        order, OrderEventKind.PARCEL, actor=actor, note=note, public=False
    )
    if parcel.status == ParcelStatus.SHIPPED and parcel.tracking_number != before:
        outbox.add(
            events.TrackingCorrected(
                order_id=order.pk, fulfilment_id=parcel.pk, change_id=uuid7()
            )
        )
    return parcel


@transactions.durable
def move_parcel(
    move: ParcelMove, *, fulfilment_id: UUID, actor: Actor
) -> Fulfilment:
    """Take a parcel to its next status.

    Locks: the order, stock in variant order.

    Raises:
        NotFound: there is no such parcel.
        ParcelNotIn: its status does not allow it.
        PiecesNotThere: it leaves with pieces that are not counted in.
    """
    order, parcel = parcels.lock_parcel(fulfilment_id)
    take_step(order, parcel, move, actor=actor)
    return parcel


@transactions.requires_transaction
def take_step(
    order: Order, parcel: Fulfilment, move: ParcelMove, *, actor: Actor
) -> None:
    """Take a parcel of a locked order to its next status."""
    if move.status == ParcelStatus.SHIPPED:
        send_parcel(
            order,
            parcel,
            actor=actor,
            note=move.note,
            despite_dispute=move.despite_dispute,
        )
    elif move.status == ParcelStatus.DELIVERED:
        deliver_parcel(order, parcel, actor=actor, note=move.note)
    elif move.status == ParcelStatus.UNDELIVERED:
        parcels.set_parcel_status(
            order,
            parcel,
            ParcelStatus.UNDELIVERED,
            actor=actor,
            note=move.note,
            undelivered_reason=move.reason,
        )
        parcels.update_status(order, actor=actor, note=move.note)
        outbox.add(
            events.ParcelUndelivered(
                order_id=order.pk, fulfilment_id=parcel.pk, attempt=parcel.attempts
            )
        )
    elif move.status == ParcelStatus.CANCELLED:
        parcels.set_parcel_status(
            order, parcel, ParcelStatus.CANCELLED, actor=actor, note=move.note
        )
    else:
        returns.settle_parcel(order, parcel, move, actor=actor)


@transactions.requires_transaction
def deliver_parcel(
    order: Order, parcel: Fulfilment, *, actor: Actor, note: str = ""
) -> None:
    """A parcel of a locked order has arrived: its buyer may review what was in it."""
    parcels.set_parcel_status(
        order,
        parcel,
        ParcelStatus.DELIVERED,
        actor=actor,
        note=note,
        delivered_at=timezone.now(),
        undelivered_reason="",
    )
    parcels.update_status(order, actor=actor, note=note)
    outbox.add(events.ParcelDelivered(order_id=order.pk, fulfilment_id=parcel.pk))
    if order.user_id is not None:
        bought = set(parcel.lines.values_list("line__product_id", flat=True))
        purchases.record_purchase(user_id=order.user_id, product_ids=bought)
