"""An order's status, from its pieces and its parcels. Pure: no database, no clock."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from orders.models import OrderLine
from orders.models.fulfilment import ParcelStatus
from orders.models.order_status import OrderStatus


@dataclass(frozen=True)
class PieceCounts:
    """The pieces of an order, over all of its lines."""

    ordered: int
    cancelled: int
    shipped: int
    returned: int

    @property
    def wanted(self) -> int:
        """Pieces that are not cancelled."""
        return self.ordered - self.cancelled


def count_pieces(lines: Iterable[OrderLine]) -> PieceCounts:
    """Return the counts of these lines."""
    found = list(lines)
    return PieceCounts(
        ordered=sum(line.quantity for line in found),
        cancelled=sum(line.cancelled for line in found),
        shipped=sum(line.shipped for line in found),
        returned=sum(line.returned for line in found),
    )


def compute_status(
    current: OrderStatus, pieces: PieceCounts, parcels: Collection[str]
) -> OrderStatus:
    """Return the status of an order whose status was `current`, with these parcels.

    Before anything has left, the status is what staff have made of it.
    """
    if pieces.wanted == 0:
        return OrderStatus.CANCELLED
    if pieces.shipped == 0:
        return current
    if pieces.shipped < pieces.wanted:
        return OrderStatus.PARTIALLY_SHIPPED
    if pieces.returned == pieces.wanted:
        return OrderStatus.RETURNED
    if ParcelStatus.SHIPPED in parcels:
        return OrderStatus.SHIPPED
    if ParcelStatus.UNDELIVERED in parcels:
        return OrderStatus.UNDELIVERED
    return OrderStatus.DELIVERED
