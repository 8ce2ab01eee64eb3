"""Parcels: which pieces of an order leave together, with whom, and what became of them."""

from typing import Final

from django.db import models
from django.db.models import Q

from markrin.db import constraints
from markrin.db.models import Model, QuerySet
from markrin.db.triggers import allow_steps
from orders.models.cart import MAX_PER_LINE

HTTPS_PATTERN: Final = r"https://[^\s\u0001-\u001F\u007F]+"


class Carrier(Model):
    """Who brings parcels. `url_pattern` leads to a parcel's page; `{tracking}` stands for its
    number.
    """

    name = models.CharField(max_length=80, unique=True)
    url_pattern = models.CharField(
        max_length=500,
        blank=True,
        default="",
        help_text="https://… with {tracking} where the number belongs; empty: no link",
    )
    is_active = models.BooleanField(default=True)
    objects = QuerySet["Carrier"].as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            *constraints.check_text("carrier", "name"),
            constraints.check_pattern(
                "carrier",
                "url_pattern",
                rf"({HTTPS_PATTERN})?",
                "The pattern must begin with https://.",
            ),
            models.CheckConstraint(
                condition=Q(url_pattern="") | Q(url_pattern__contains="{tracking}"),
                name="carrier_url_pattern_has_tracking",
                violation_error_message="The pattern must contain {tracking}.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ParcelStatus(models.TextChoices):
    PACKED = "packed", "Packed"
    SHIPPED = "shipped", "Sent"
    DELIVERED = "delivered", "Delivered"
    # Refused or not found: on its way back, or waiting.
    UNDELIVERED = "undelivered", "Undelivered"
    RETURNED = "returned", "Back, counted in"
    LOST = "lost", "Lost"
    CANCELLED = "cancelled", "Unpacked"  # before it left


# What may follow. From this table come the trigger, the services and the admin's steps.
NEXT_PARCEL_STATUS: Final[dict[str, frozenset[str]]] = {
    "packed": frozenset({"shipped", "cancelled"}),
    "shipped": frozenset({"delivered", "undelivered", "lost"}),
    "undelivered": frozenset({"shipped", "delivered", "returned", "lost"}),
    "delivered": frozenset(),
    "returned": frozenset(),
    "lost": frozenset(),
    "cancelled": frozenset(),
}


class UndeliveredReason(models.TextChoices):
    REFUSED = "refused", "Refused"
    NOT_FOUND = "not_found", "Not found"
    DAMAGED = "damaged", "Damaged"
    OTHER = "other", "Other"


class Fulfilment(Model):
    """A parcel of an order. `carrier` is its name as it was; `attempts` counts how often it
    was sent.
    """

    order = models.ForeignKey(
        "orders.Order", models.PROTECT, related_name="fulfilments"
    )
    position = models.PositiveSmallIntegerField(
        help_text="1 for the order's first parcel"
    )
    status = models.CharField(
        max_length=11, choices=ParcelStatus, default=ParcelStatus.PACKED
    )
    carrier = models.CharField(max_length=80, blank=True, default="")
    tracking_number = models.CharField(max_length=80, blank=True, default="")
    tracking_url = models.CharField(max_length=500, blank=True, default="")
    undelivered_reason = models.CharField(
        max_length=9, choices=UndeliveredReason, blank=True, default=""
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    objects = QuerySet["Fulfilment"].as_manager()

    class Meta:
        ordering = ["order", "position"]
        indexes = [
            models.Index(
                fields=["tracking_number"],
                name="fulfilment_by_tracking",
                condition=~Q(tracking_number=""),
            ),
            models.Index(
                fields=["status", "updated_at"],
                name="fulfilment_open",
                condition=Q(status__in=["packed", "shipped", "undelivered"]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "position"], name="fulfilment_one_per_position"
            ),
            constraints.check_choice("fulfilment", "status", ParcelStatus),
            *constraints.check_text(
                "fulfilment", "carrier", "tracking_number", blank=True
            ),
            constraints.check_pattern(
                "fulfilment",
                "tracking_url",
                rf"({HTTPS_PATTERN})?",
                "trackingUrl must begin with https://.",
            ),
            models.CheckConstraint(
                condition=Q(
                    shipped_at=None, attempts=0, status__in=["packed", "cancelled"]
                )
                | (
                    Q(shipped_at__isnull=False, attempts__gte=1)
                    & ~Q(status__in=["packed", "cancelled"])
                ),
                name="fulfilment_shipped_at_fits_status",
            ),
            models.CheckConstraint(
                condition=Q(delivered_at=None) & ~Q(status="delivered")
                | Q(delivered_at__isnull=False, status="delivered"),
                name="fulfilment_delivered_at_fits_status",
            ),
            models.CheckConstraint(
                condition=~Q(status="undelivered") | ~Q(undelivered_reason=""),
                name="fulfilment_undelivered_has_reason",
            ),
            allow_steps(
                name="orders_fulfilment_transition",
                column="status",
                steps=NEXT_PARCEL_STATUS,
                constraint="fulfilment_status_transition",
                noun="a parcel",
            ),
        ]

    def __str__(self) -> str:
        return f"parcel {self.position}"


class FulfilmentLine(models.Model):
    """How many pieces of a line are in a parcel."""

    id = models.UUIDField(primary_key=True, editable=False)
    fulfilment = models.ForeignKey(Fulfilment, models.CASCADE, related_name="lines")
    line = models.ForeignKey(
        "orders.OrderLine", models.PROTECT, related_name="fulfilments"
    )
    quantity = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["fulfilment", "line"],
                name="fulfilment_line_once_per_parcel",
            ),
            constraints.check_range("fulfilment_line", "quantity", 1, MAX_PER_LINE),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.line_id}"
