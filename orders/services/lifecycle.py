"""The steps of an order, from inside a transaction: its row is locked, its status changed
once, its history written.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from django.utils import timezone

from markrin.api.errors import NotFound
from markrin.db import transactions
from markrin.outbox import services as outbox
from orders import errors, events
from orders.models import Order, OrderEvent
from orders.models.order_event import OrderEventKind
from orders.models.order_status import NEXT_STATUS, OrderStatus, PaymentStatus


@dataclass(frozen=True)
class Actor:
    """Who takes a step: customer, guest, staff, system or gateway; with the account, where
    there is one.
    """

    kind: str
    user_id: UUID | None = None


SYSTEM: Final = Actor("system")
GATEWAY: Final = Actor("gateway")


@transactions.requires_transaction
def lock_order(order_id: UUID) -> Order:
    """Return the order, locked until the transaction ends. Locks: its row, before any
    coupon's and stock's.

    Raises:
        NotFound: there is none.
    """
    order = Order.objects.locked().filter(pk=order_id).first()
    if order is None:
        raise NotFound
    return order


@transactions.requires_transaction
def set_status(
    order: Order,
    to: OrderStatus,
    *,
    actor: Actor,
    note: str = "",
    from_: Collection[str] | None = None,
    **columns: object,
) -> None:
    """Change the status, with these columns, and write it into the history; happens once
    however often it is tried.

    `from_` are the statuses it may come from, by default all that lead to `to`.

    Raises:
        OrderNotIn: it is in none of them.
    """
    allowed = from_ or [
        status for status, following in NEXT_STATUS.items() if to in following
    ]
    before = order.status
    changed = Order.objects.filter(pk=order.pk, status__in=allowed).update(
        status=to, updated_at=timezone.now(), **columns
    )
    if not changed:
        raise errors.OrderNotIn(
            f"The order is {OrderStatus(before).label.lower()}:"
            f" it cannot become {to.label.lower()}.",
            order_status=before,
        )
    order.status = to
    for name, value in columns.items():
        setattr(order, name, value)
    record_event(
        order,
        OrderEventKind.STATUS,
        actor=actor,
        note=note,
        from_status=before,
        to_status=to,
    )


@transactions.requires_transaction
def set_payment_status(
    order: Order,
    to: PaymentStatus,
    *,
    actor: Actor,
    note: str = "",
    public: bool = True,
    **columns: object,
) -> None:
    """Change the payment's status of a locked order, with these columns, and write it into
    the history.
    """
    before = order.payment_status
    Order.objects.filter(pk=order.pk).update(
        payment_status=to, updated_at=timezone.now(), **columns
    )
    order.payment_status = to
    for name, value in columns.items():
        setattr(order, name, value)
    record_event(
        order,
        OrderEventKind.PAYMENT,
        actor=actor,
        note=note,
        from_status=before,
        to_status=to,
        public=public,
    )


@transactions.requires_transaction
def record_event(
    order: Order,
    kind: OrderEventKind,
    *,
    actor: Actor,
    note: str = "",
    from_status: str = "",
    to_status: str = "",
    public: bool = True,
) -> None:
    """Add a line to the order's history. `public` ones are shown to the customer."""
    OrderEvent.objects.create(
        order=order,
        kind=kind,
        from_status=from_status,
        to_status=to_status,
        by_id=actor.user_id,
        actor=actor.kind,
        note=note,
        is_public=public,
        request_id=current_request_id(),
    )


@transactions.requires_transaction
def request_attention(order: Order, why: str) -> None:
    """Show the order to staff, among those that need a person; say why in its private
    history, and by mail.
    """
    Order.objects.filter(pk=order.pk).update(
        attention=why, updated_at=timezone.now()
    )
    order.attention = why
    record_event(order, OrderEventKind.NOTE, actor=SYSTEM, note=why, public=False)
    outbox.add(events.PersonNeeded(order_id=order.pk))


def current_request_id() -> str:
    """Return the id of the request that is being answered, or "" outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64]
