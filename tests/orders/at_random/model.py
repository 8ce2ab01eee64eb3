"""What the model of the shop remembers of orders, parcels and returns, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from uuid import UUID

from orders.customer_identity import Customer
from orders.models import Order
from orders.services.lifecycle import Actor

PRICE = Decimal("33.35")
# What is had in exchange, too: sizes of one product, and others that cost more and less.
PRICES = dict.fromkeys("SML", PRICE) | {
    "X": Decimal("50.00"),
    "Y": Decimal("19.99"),
}
MAX_PIECES = 20
STAFF = Actor("staff")
BEFORE_LEAVING = ("pending", "confirmed", "processing")


@dataclass
class AskedBack:
    """A return in the model: pieces for money, or for those of another order."""

    id: UUID
    pieces: int
    swaps: bool
    status: str = "requested"
    replacement: Sale | None = None


@dataclass
class Box:
    """A parcel in the model."""

    id: UUID
    pieces: int
    status: str = "packed"


@dataclass
class Sale:
    """An order in the model: one line of pieces of a size, and shipping."""

    order: Order
    who: Customer
    size: str
    quantity: int
    method: str
    total: Decimal
    line_id: UUID
    stage: str = "pending"
    pay: str = "unpaid"
    cancelled: int = 0
    shipped: int = 0
    returned: int = 0
    waived: Decimal = Decimal(0)
    part: Decimal = Decimal(0)  # of it, paid before the rest was owed
    collected: Decimal = Decimal(0)
    boxes: list[Box] = field(default_factory=list)
    asked: list[AskedBack] = field(default_factory=list)
    given: dict[UUID, tuple[Decimal, str]] = field(default_factory=dict)  # refunds
    goodwill: Decimal = Decimal(0)  # of it, what was for no piece of its own
    came_back: int = 0  # by a return, not with a parcel
    is_swap: bool = False
    is_over: bool = False  # the window of returns

    @property
    def wanted(self) -> int:
        return self.quantity - self.cancelled

    @property
    def payable(self) -> Decimal:
        return self.total - self.waived

    @property
    def price(self) -> Decimal:
        return PRICES[self.size]

    @property
    def due(self) -> Decimal:
        return self.payable - self.part

    @property
    def refunded(self) -> Decimal:
        counted = (
            amount for amount, state in self.given.values() if state != "failed"
        )
        return sum(counted, Decimal(0))

    @property
    def left(self) -> Decimal:
        return self.payable - self.refunded

    @property
    def packed(self) -> int:
        return sum(box.pieces for box in self.boxes if box.status == "packed")

    @property
    def free(self) -> int:
        """Pieces that neither have left nor lie in a parcel."""
        return self.wanted - self.shipped - self.packed

    @property
    def held(self) -> int:
        arrived = sum(box.pieces for box in self.boxes if box.status == "delivered")
        return arrived - self.came_back

    @property
    def asked_for(self) -> int:
        return sum(
            one.pieces
            for one in self.asked
            if one.status in ("requested", "approved", "received")
        )

    @property
    def waits_for_money(self) -> bool:
        return self.method == "online" and self.pay in ("unpaid", "failed")

    @property
    def status(self) -> str:
        boxes = {box.status for box in self.boxes}
        if not self.wanted:
            return "cancelled"
        if not self.shipped:
            return self.stage
        if self.shipped < self.wanted:
            return "partially_shipped"
        if self.returned == self.wanted:
            return "returned"
        if "shipped" in boxes:
            return "shipped"
        return "undelivered" if "undelivered" in boxes else "delivered"


class NothingThere(Exception):
    """Nothing that this could be done with yet."""
