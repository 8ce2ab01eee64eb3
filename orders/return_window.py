"""Which pieces of an order a customer may send back, and until when. No query: the order was
loaded by `with_lines`.
"""

from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from orders.models import Order
from orders.models.fulfilment import ParcelStatus
from orders.models.order_status import OrderStatus
from orders.models.return_request import OPEN_RETURNS


def last_delivery(order: Order) -> datetime | None:
    """Return when the last parcel that has arrived arrived."""
    arrived = [
        parcel.delivered_at
        for parcel in order.list_related("fulfilments")
        if parcel.delivered_at is not None
    ]
    return max(arrived, default=None)


def returnable_until(order: Order) -> datetime | None:
    """Return the moment until which its pieces may be asked back: the end of the shop's day so
    many days after the last delivery. None where nothing has arrived, or the shop takes nothing
    back.

    Source: Directive 2011/83/EU art. 9(2)(b)(i): of several parcels, the last one counts.
    """
    delivered = last_delivery(order)
    if delivered is None or settings.RETURN_WINDOW_DAYS <= 0:
        return None
    if order.sells_gift_cards:  # staff refund what is not spent of them
        return None
    return end_of_day(delivered, days=settings.RETURN_WINDOW_DAYS)


def withdrawable_until(order: Order) -> datetime | None:
    """Return until when the customer may withdraw from the contract; None without such a right,
    or while nothing has arrived.
    """
    delivered = last_delivery(order)
    if delivered is None or settings.WITHDRAWAL_DAYS <= 0:
        return None
    return end_of_day(delivered, days=settings.WITHDRAWAL_DAYS)


def end_of_day(moment: datetime, *, days: int) -> datetime:
    """Return when the shop's day that lies so many days after this moment ends."""
    zone = ZoneInfo(settings.SHOP_TIME_ZONE)
    day = moment.astimezone(zone).date() + timedelta(days=days + 1)
    return datetime.combine(day, time(), zone)


def count_returnable(order: Order) -> dict[UUID, int]:
    """Return how many pieces of each line the customer has, and has not asked back already; lines
    without any are left out.
    """
    held: dict[UUID, int] = {}
    if order.sells_gift_cards:
        return held
    for parcel in order.list_related("fulfilments"):
        if parcel.status == ParcelStatus.DELIVERED:
            for row in parcel.lines.all():
                held[row.line_id] = held.get(row.line_id, 0) + row.quantity
    for back in order.list_related("returns"):
        if back.fulfilment_id is None:
            for piece in back.lines.all():
                held[piece.line_id] = held.get(piece.line_id, 0) - piece.quantity
    for asked in order.list_related("return_requests"):
        if asked.status in OPEN_RETURNS:
            for each in asked.lines.all():
                held[each.line_id] = held.get(each.line_id, 0) - each.quantity
    return {line_id: count for line_id, count in held.items() if count > 0}


def link_ends_at(order: Order) -> datetime | None:
    """Return when the link in the order's mails stops to open it: with the window of returns.
    None while there is something to come.
    """
    if any(
        asked.status in OPEN_RETURNS
        for asked in order.list_related("return_requests")
    ):
        return None
    ended = order.closed_at if order.status == OrderStatus.CANCELLED else None
    ended = ended or last_delivery(order) or order.closed_at
    if ended is None:
        return None
    days = max(settings.RETURN_WINDOW_DAYS, settings.WITHDRAWAL_DAYS, 14)
    return end_of_day(ended, days=days)
