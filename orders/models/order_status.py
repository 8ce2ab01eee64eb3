"""Where an order and its payment can stand, and what may follow what."""

from typing import Final

from django.db import models


class OrderStatus(models.TextChoices):
    """Where an order stands. The labels are what staff read; the API has the values."""

    PENDING = "pending", "Placed"
    CONFIRMED = "confirmed", "Confirmed"
    PROCESSING = "processing", "Being packed"
    PARTIALLY_SHIPPED = "partially_shipped", "Partly sent"
    SHIPPED = "shipped", "Sent"
    UNDELIVERED = "undelivered", "Undelivered"
    DELIVERED = "delivered", "Delivered"
    CANCELLED = "cancelled", "Cancelled"
    RETURNED = "returned", "Returned"


class PaymentStatus(models.TextChoices):
    UNPAID = "unpaid", "Unpaid"
    PAID = "paid", "Paid"
    FAILED = "failed", "Payment failed"
    REFUNDED = "refunded", "Refunded"


# Not stored: shown of an order that waits for the rest of its money.
PARTIALLY_PAID: Final = "partially_paid"


class PaymentMethod(models.TextChoices):
    COD = "cod", "Cash on delivery"
    ONLINE = "online", "Online"


class ZeroRating(models.TextChoices):
    """Why an order carries no tax; the values are `pricing.tax.ZeroRating`'s."""

    NONE = ""
    EXPORT = "export"
    INTRA_COMMUNITY = "intra_community"
    EXEMPT = "exempt_customer"


# The state machines. The trigger `orders_order_transition` refuses the same moves; a test
# holds the two together.
NEXT_STATUS: Final[dict[str, frozenset[str]]] = {
    "pending": frozenset({"confirmed", "cancelled"}),
    "confirmed": frozenset({"processing", "cancelled"}),
    "processing": frozenset({"partially_shipped", "shipped", "cancelled"}),
    "partially_shipped": frozenset(
        {"shipped", "delivered", "undelivered", "returned"}
    ),
    "shipped": frozenset({"delivered", "undelivered", "returned"}),
    "undelivered": frozenset({"shipped", "delivered", "returned"}),
    "delivered": frozenset({"returned"}),
    "cancelled": frozenset(),
    "returned": frozenset(),
}
# In which an order can be cancelled as a whole.
BEFORE_SHIPPING: Final = frozenset(
    status
    for status, following in NEXT_STATUS.items()
    if OrderStatus.CANCELLED in following
)
NEXT_PAYMENT_STATUS: Final[dict[str, frozenset[str]]] = {
    "unpaid": frozenset({"paid", "failed"}),
    "failed": frozenset({"paid", "unpaid"}),
    "paid": frozenset(
        {"refunded", "unpaid"}
    ),  # pieces were added: the rest is owed
    "refunded": frozenset({"paid"}),  # a refund came back
}
