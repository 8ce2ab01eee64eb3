"""What the demo sells: coupons, and orders with their lines."""

from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from demo.catalogue import Article, Choice
from demo.people import Person
from orders.pricing.tax import RateTable, Taxed

STATE = 5  # the place of the state in an address
OPEN = ("pending", "confirmed", "processing")
SHIPPED = ("shipped", "delivered", "returned")


@dataclass(frozen=True)
class Coupon:
    """A coupon; amounts are hundredths, or hundredths of a percent."""

    code: str
    kind: str
    value: int
    min_spend: int = 0
    from_day: int | None = None
    to_day: int | None = None
    per_customer: int | None = None
    total_limit: int | None = None


COUPONS = (
    Coupon("WELCOME10", "percent", 1000, per_customer=1),
    Coupon(
        "FESTIVE500", "fixed", 50_000, min_spend=250_000, from_day=-45, to_day=30
    ),
    Coupon("MONSOON15", "percent", 1500, from_day=-120, to_day=-60),
    Coupon(
        "VIP20",
        "percent",
        2000,
        min_spend=500_000,
        per_customer=3,
        total_limit=1000,
    ),
)


@dataclass(slots=True)
class Line:
    """A line of an order; amounts are hundredths."""

    id: str
    article: Article
    choice: Choice
    quantity: int
    which: int  # its choice's place among the article's
    discount: int = 0
    tax_class: str = ""
    taxed: Taxed = field(default_factory=lambda: Taxed(0))
    in_parcel: str = ""  # the id of its line in the parcel, and in the return
    in_return: str = ""

    @property
    def total(self) -> int:
        return self.article.price * self.quantity


@dataclass(slots=True)
class Sale:
    """An order that is being made: its lines, its state, and the times of its steps."""

    number: int
    id: str
    at: datetime
    buyer: Person | None
    online: bool
    lines: list[Line]
    to: tuple[str, ...]
    rates: RateTable
    status: str = "pending"
    payment: str = "unpaid"
    discount: int = 0
    shipping: int = 0
    coupon: int | None = None
    moments: dict[str, datetime] = field(default_factory=dict)
    paid_at: datetime | None = None

    @property
    def order_number(self) -> str:
        """The number that the shopper knows."""
        return f"MK-{self.at.year}-{self.number:06d}"

    @property
    def subtotal(self) -> int:
        return sum(line.total for line in self.lines)

    @property
    def tax(self) -> int:
        return sum(line.taxed.amount for line in self.lines)

    @property
    def total(self) -> int:
        return (
            self.subtotal
            - self.discount
            + self.shipping
            + (0 if settings.TAX_INCLUDED else self.tax)
        )

    @property
    def changed_at(self) -> datetime:
        return max(self.at, *self.moments.values(), self.paid_at or self.at)
