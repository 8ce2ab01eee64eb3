"""What staff change of an order besides its steps: where it goes, how its customer is reached,
tags, files. Each leaves a line in the order's private history: who, when, what, why.

The history only grows, so it names what was changed and not the values: an address that is
erased must not live on there.
"""

from collections.abc import Iterable
from dataclasses import asdict
from uuid import UUID

from django.utils import timezone

from accounts.schemas import PostalAddress
from accounts.state_codes import find_state_code
from markrin.api.unset import UNSET
from markrin.db import transactions
from orders import errors
from orders.models import CustomerRecord, Fulfilment, Order, OrderAttachment
from orders.models.fulfilment import ParcelStatus
from orders.models.order_event import OrderEventKind
from orders.models.order_status import BEFORE_SHIPPING
from orders.models.paperwork import (
    FILE_TYPES,
    MAX_FILE_BYTES,
    MAX_FILES,
    MAX_TAGS,
    hash_content,
)
from orders.services import lifecycle
from orders.services.lifecycle import Actor
from orders.staff_schemas import OrderChange

_HANDED_OVER = (
    ParcelStatus.SHIPPED,
    ParcelStatus.DELIVERED,
    ParcelStatus.UNDELIVERED,
    ParcelStatus.LOST,
    ParcelStatus.RETURNED,
)


@transactions.durable
def edit_order(change: OrderChange, *, order_id: UUID, actor: Actor) -> None:
    """Correct an order's address, e-mail or telephone until a parcel is handed over, and its
    tags at any time. What is as it was leaves no trace.

    Locks: the order.

    Raises:
        NotFound: there is no such order.
        OrderNotIn: a parcel has left already, or the order is over.
        PlaceChangesPrice: country or state change, and with them tax and shipping.
        EmailUnexpected: the order is of an account, whose own address counts.
    """
    order = lifecycle.lock_order(order_id)
    columns: dict[str, object] = {}
    if change.shipping_address is not UNSET:
        columns |= _change_address(order, change.shipping_address)
    if change.email is not UNSET and change.email != order.email:
        if order.user_id is not None:
            raise errors.EmailUnexpected(
                "The order is of an account, whose own address counts."
            )
        columns["email"] = change.email
    if columns:
        _refuse_handed_over(order)
    if change.tags is not UNSET and sorted(set(change.tags)) != order.tags:
        columns["tags"] = sorted(set(change.tags))
    if not columns:
        return
    tags = columns.get("tags")
    Order.objects.filter(pk=order.pk).update(**columns, updated_at=timezone.now())
    names = [name for name in columns if name not in ("tags", "state_code")]
    what = [f"Corrected: {', '.join(names)}.".replace("_", " ")] if names else []
    if isinstance(tags, list):
        what.append(f"Tags: {', '.join(tags) or 'none'}.")
    lifecycle.record_event(
        order,
        OrderEventKind.EDIT,
        actor=actor,
        note=" ".join([*what, change.reason]).strip(),
        public=False,
    )


def _change_address(order: Order, address: PostalAddress) -> dict[str, object]:
    """Return the columns that differ; refuse what would cost something else."""
    wanted = asdict(address)
    found = {
        name: value
        for name, value in wanted.items()
        if value != getattr(order, name)
    }
    before, after = (
        find_state_code(
            each.country,
            state_code=each.state_code,
            state=each.state,
            postal_code=each.postal_code,
        )
        for each in (order, address)
    )
    if "country" in found or before != after:
        raise errors.PlaceChangesPrice
    return found


def _refuse_handed_over(order: Order) -> None:
    left = Fulfilment.objects.filter(order=order, status__in=_HANDED_OVER).exists()
    if left or order.status not in BEFORE_SHIPPING:
        raise errors.OrderNotIn(
            "A parcel has been handed over, or the order is over: nothing can be corrected.",
            order_status=order.status,
        )


# --- Files ---------------------------------------------------------------------------------------
@transactions.durable
def attach_file(
    *, order_id: UUID, name: str, content: bytes, actor: Actor
) -> OrderAttachment:
    """Keep a file about an order; its type is told by its first bytes, whatever it is called.

    Locks: the order.

    Raises:
        NotFound: there is no such order.
        FileRefused: it is of another type, empty, too large, or one too many.
    """
    content_type = _read_type(content)
    order = lifecycle.lock_order(order_id)
    if OrderAttachment.objects.filter(order=order).count() >= MAX_FILES:
        raise errors.FileRefused(f"An order takes {MAX_FILES} files.")
    kept = OrderAttachment.objects.create(
        order=order,
        name=name,
        content_type=content_type,
        content=content,
        size=len(content),
        sha256=hash_content(content),
        by_id=actor.user_id,
    )
    lifecycle.record_event(
        order,
        OrderEventKind.EDIT,
        actor=actor,
        note="A file was attached.",
        public=False,
    )
    return kept


def _read_type(content: bytes) -> str:
    if not 1 <= len(content) <= MAX_FILE_BYTES:
        raise errors.FileRefused(
            f"A file has 1 to {MAX_FILE_BYTES // 1_000_000:,} million bytes."
        )
    for content_type, beginnings in FILE_TYPES.items():
        if content.startswith(beginnings):
            if content_type == "image/webp" and content[8:12] != b"WEBP":
                continue
            return content_type
    raise errors.FileRefused("A file is a PDF, JPEG, PNG or WebP.")


@transactions.durable
def remove_file(*, attachment_id: UUID, order_id: UUID, actor: Actor) -> None:
    """Delete a file of an order. Locks: the order. Raises: NotFound for the order."""
    order = lifecycle.lock_order(order_id)
    gone, _ = OrderAttachment.objects.filter(pk=attachment_id, order=order).delete()
    if gone:
        lifecycle.record_event(
            order,
            OrderEventKind.EDIT,
            actor=actor,
            note="An attached file was deleted.",
            public=False,
        )


# --- Customers -----------------------------------------------------------------------------------
@transactions.durable
def write_record(
    *, user_id: UUID, tags: Iterable[str], note: str
) -> CustomerRecord:
    """Keep what staff know of a customer, in the place of what was known before."""
    record, _ = CustomerRecord.objects.update_or_create(
        user_id=user_id,
        defaults={"tags": sorted(set(tags))[:MAX_TAGS], "note": note},
    )
    return record
