"""Returns that customers ask for: asked, approved, received, judged piece by piece."""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from markrin.db import constraints
from markrin.db.models import Model, QuerySet
from markrin.db.triggers import allow_steps
from orders.models.cart import MAX_PER_LINE
from orders.models.fulfilment import HTTPS_PATTERN


class ReturnStatus(models.TextChoices):
    REQUESTED = "requested", "Asked for"
    APPROVED = (
        "approved",
        "Approved",
    )  # the customer may send the pieces; replacements are reserved
    RECEIVED = "received", "Received"  # the parcel is here, not looked at yet
    COMPLETED = (
        "completed",
        "Judged",
    )  # each piece is judged, the money is on its way
    REJECTED = "rejected", "Refused"
    CANCELLED = (
        "cancelled",
        "Cancelled",
    )  # by the customer, or because nothing came in time


# What may follow. From this table come the trigger, the services and the admin's steps.
NEXT_RETURN_STATUS: Final[dict[str, frozenset[str]]] = {
    "requested": frozenset({"approved", "rejected", "cancelled"}),
    "approved": frozenset({"received", "cancelled"}),
    "received": frozenset({"completed"}),
    "completed": frozenset(),
    "rejected": frozenset(),
    "cancelled": frozenset(),
}
# What a storefront offers, as staff read it; other reasons are a customer's own words.
RETURN_REASONS: Final[dict[str, str]] = {
    "too_small": "Too small",
    "too_large": "Too large",
    "damaged": "Damaged",
    "wrong_item": "Another article than ordered",
    "not_as_shown": "Not as shown",
    "changed_mind": "Changed their mind",
    "withdrawal": "Withdrawal from the contract",
}
OPEN_RETURNS: Final = tuple(
    status for status, following in NEXT_RETURN_STATUS.items() if following
)


class ReturnRequestQuerySet(QuerySet["ReturnRequest"]):
    def with_lines(self) -> "ReturnRequestQuerySet":
        """Return the requests with what an answer shows: order, exchange, lines. Two queries."""
        return self.select_related("order", "exchange").prefetch_related(
            "lines__line", "lines__variant"
        )


class ReturnRequest(Model):
    """Pieces that a customer wants to send back. `number` stands on the label.

    `goods` is what came back in the end, `exchange` the order of the replacements. `is_withdrawal`:
    the customer withdraws from the contract, which needs nobody's approval.
    """

    order = models.ForeignKey(
        "orders.Order", models.PROTECT, related_name="return_requests"
    )
    number = models.CharField(
        max_length=24, unique=True, help_text="for people: MK-2026-000123-R1"
    )
    status = models.CharField(
        max_length=9, choices=ReturnStatus, default=ReturnStatus.REQUESTED
    )
    reason = models.CharField(max_length=200)
    is_withdrawal = models.BooleanField(default=False)
    note = models.CharField(
        max_length=1000, blank=True, default="", help_text="to the customer"
    )
    carrier = models.CharField(max_length=80, blank=True, default="")
    tracking_number = models.CharField(max_length=80, blank=True, default="")
    tracking_url = models.CharField(max_length=500, blank=True, default="")
    label_url = models.CharField(
        max_length=500, blank=True, default="", help_text="a carrier's own label"
    )
    goods = models.OneToOneField(
        "orders.Return",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="request",
    )
    exchange = models.OneToOneField(
        "orders.Order",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="exchange_of",
        help_text="the order of the replacements",
    )
    approved_at = models.DateTimeField(null=True, blank=True)
    send_by = models.DateTimeField(
        null=True,
        blank=True,
        help_text="when it is cancelled unless it has arrived",
    )
    received_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="who of the staff decided last",
    )
    objects = ReturnRequestQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["status", "created_at"],
                name="return_request_open",
                condition=Q(status__in=OPEN_RETURNS),
            ),
            models.Index(
                fields=["send_by"],
                name="return_request_to_expire",
                condition=Q(status="approved"),
            ),
        ]
        constraints = [
            constraints.check_choice("return_request", "status", ReturnStatus),
            constraints.check_pattern(
                "return_request",
                "number",
                "[A-Z0-9-]{1,24}",
                "number takes upper-case letters, digits and hyphens.",
            ),
            *constraints.check_text("return_request", "reason"),
            *constraints.check_text(
                "return_request", "carrier", "tracking_number", blank=True
            ),
            *constraints.check_text(
                "return_request", "note", blank=True, lines=True
            ),
            *(
                constraints.check_pattern(
                    "return_request",
                    name,
                    rf"({HTTPS_PATTERN})?",
                    "A link must begin with https://.",
                )
                for name in ("tracking_url", "label_url")
            ),
            models.CheckConstraint(
                condition=Q(approved_at=None, send_by=None)
                & ~Q(status__in=["approved", "received", "completed"])
                | Q(approved_at__isnull=False, send_by__isnull=False)
                & ~Q(status__in=["requested", "rejected"]),
                name="return_request_approved_at_fits_status",
            ),
            models.CheckConstraint(
                condition=Q(received_at=None)
                & ~Q(status__in=["received", "completed"])
                | Q(
                    received_at__isnull=False, status__in=["received", "completed"]
                ),
                name="return_request_received_at_fits_status",
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, status__in=OPEN_RETURNS)
                | Q(closed_at__isnull=False) & ~Q(status__in=OPEN_RETURNS),
                name="return_request_closed_at_fits_status",
            ),
            models.CheckConstraint(
                condition=Q(goods=None) | Q(status="completed"),
                name="return_request_goods_once_completed",
            ),
            allow_steps(
                name="orders_returnrequest_transition",
                column="status",
                steps=NEXT_RETURN_STATUS,
                constraint="return_request_status_transition",
                noun="a return",
            ),
        ]

    @property
    def reason_words(self) -> str:
        """Why, in words for people."""
        return RETURN_REASONS.get(self.reason, self.reason)

    def __str__(self) -> str:
        return self.number


class ReturnRequestLine(models.Model):
    """How many pieces of a line are to go back, for money or for `variant`; and what became of
    them: sold again, damaged but accepted, or refused. The rest never came.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    request = models.ForeignKey(ReturnRequest, models.CASCADE, related_name="lines")
    line = models.ForeignKey(
        "orders.OrderLine", models.PROTECT, related_name="return_requests"
    )
    quantity = models.PositiveSmallIntegerField()
    variant = models.ForeignKey(
        "products.Variant",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="the replacement; empty: the money goes back",
    )
    difference = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        default=0,
        db_default=0,
        help_text="what the replacements cost more than these pieces did; below 0: less",
    )
    sellable = models.PositiveSmallIntegerField(default=0)
    damaged = models.PositiveSmallIntegerField(default=0)
    refused = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "line"], name="return_request_line_once"
            ),
            constraints.check_range(
                "return_request_line", "quantity", 1, MAX_PER_LINE
            ),
            models.CheckConstraint(
                condition=Q(
                    sellable__gte=0,
                    damaged__gte=0,
                    refused__gte=0,
                    quantity__gte=F("sellable") + F("damaged") + F("refused"),
                ),
                name="return_request_line_judged_within_quantity",
                violation_error_message="No more pieces can be judged than were asked for.",
            ),
        ]

    @property
    def accepted(self) -> int:
        """Pieces that came back and are given back for."""
        return self.sellable + self.damaged

    def __str__(self) -> str:
        return f"{self.quantity} of {self.line_id}"
