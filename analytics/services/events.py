"""What the frontend tells of shoppers, and what the orders app tells of orders."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from ipaddress import ip_address, ip_network
from uuid import UUID

from django.db import connection

from analytics import days
from analytics.models import DirtyDay, VisitorSalt
from analytics.schemas import ShopperEvent
from markrin.api.errors import FieldError, Invalid
from markrin.db import transactions
from orders import selectors as orders

# How far an event's time may lie from now.
MAX_EVENT_AGE, MAX_CLOCK_LEAD = timedelta(hours=48), timedelta(minutes=5)
_NETWORK = {4: 24, 6: 48}  # bits of an address that are used


@transactions.durable(limits=False)  # one INSERT, which waits for no lock
def record_events(
    *,
    events: Sequence[ShopperEvent],
    address: str | None,
    user_agent: str,
    now: datetime,
) -> int:
    """Keep a batch of what a shopper did; return how many were new. What was sent before
    counts once.

    One INSERT, not waited for to reach the disk: losing a second of it in a power cut is fine.

    Raises:
        Invalid: an event's time lies more than 48 hours back or 5 minutes ahead; then none is kept.
    """
    _check_times(events, now)
    visitor = _hash_visitor(address, user_agent, now)
    rows = [
        (
            event.id,
            event.at,
            event.type.value,
            event.product_id,
            event.query,
            event.results,
            event.session_key,
        )
        for event in events
    ]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(
            """INSERT INTO analytics_event
                (id, occurred_at, type, product_id, query, results, session_key, visitor)
            SELECT *, %s FROM unnest(%s::uuid[], %s::timestamptz[], %s::text[], %s::uuid[],
                %s::text[], %s::int[],
                %s::text[]) ON CONFLICT DO NOTHING""",
            [visitor, *map(list, zip(*rows, strict=True))],
        )
        new = int(cursor.rowcount)
    today = days.get_day(now)
    _mark_days({days.get_day(event.at) for event in events} - {today})
    return new


@transactions.requires_transaction
def mark_changed(*, order_id: UUID) -> None:
    """Have the figures of the order's day made anew: it was placed, cancelled, returned or
    refunded; and those of the day of the customer's next order, which may be their first
    now. A step inside the caller's transaction. An order that is not there changes
    nothing."""
    _mark_days(
        {days.get_day(at) for at in orders.list_placed_at(order_id=order_id)}
    )


def _mark_days(changed: set[date]) -> None:
    if changed:
        DirtyDay.objects.bulk_create(
            [DirtyDay(day=day) for day in sorted(changed)], ignore_conflicts=True
        )


def _check_times(events: Sequence[ShopperEvent], now: datetime) -> None:
    wrong: list[FieldError] = [
        {
            "pointer": f"/events/{number}/at",
            "code": "range",
            "message": "An event lies at most 48 hours back and 5 minutes ahead.",
        }
        for number, event in enumerate(events)
        if not now - MAX_EVENT_AGE <= event.at <= now + MAX_CLOCK_LEAD
    ]
    if wrong:
        raise Invalid(errors=wrong)


def _hash_visitor(address: str | None, user_agent: str, now: datetime) -> str:
    """Return today's name of a visitor: nobody can tell from it who it was, nor find them
    again tomorrow.
    """
    salt = _get_salt(now)
    network = (
        ip_network((address, _NETWORK[ip_address(address).version]), strict=False)
        if address
        else ""
    )
    return hmac.new(
        salt, f"{network}\n{user_agent}".encode(), hashlib.sha256
    ).hexdigest()[:32]


def _get_salt(now: datetime) -> bytes:
    """Return the day's salt. Yesterday's goes once it is 48 hours old."""
    today = days.get_day(now)
    salt = (
        VisitorSalt.objects.filter(day=today).values_list("salt", flat=True).first()
    )
    if salt is None:
        VisitorSalt.objects.bulk_create(
            [VisitorSalt(day=today, salt=secrets.token_bytes(32))],
            ignore_conflicts=True,
        )
        VisitorSalt.objects.filter(day__lt=today - timedelta(days=1)).delete()
        salt = VisitorSalt.objects.values_list("salt", flat=True).get(day=today)
    return bytes(salt)


def forget_salts(*, now: datetime) -> int:
    """Delete the salts that are older than 48 hours, also where no event has come since;
    return how many.
    """
    return VisitorSalt.objects.filter(
        day__lt=days.get_day(now) - timedelta(days=1)
    ).delete()[0]
