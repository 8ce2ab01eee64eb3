"""Orders that a limit refused, as a queue for staff."""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from markrin.db import constraints
from markrin.db.models import Model, QuerySet
from markrin.db.triggers import allow_steps


class RefusedOrderState(models.TextChoices):
    OPEN = "open"
    ALLOWED = "allowed"
    USED = "used"
    DISMISSED = "dismissed"


NEXT_REFUSED_STATE: Final[dict[str, frozenset[str]]] = {
    "open": frozenset({"allowed", "dismissed"}),
    "allowed": frozenset({"used", "dismissed"}),
    "used": frozenset(),
    "dismissed": frozenset(),
}


class RefusedOrder(Model):
    """Somebody has ordered more, unpaid or to be paid at the door, than a limit lets them.

    While it is open, further attempts under the same limit count in `tries`. Staff dismiss it,
    or allow one order more, to whoever gives this e-mail address and telephone. It is deleted
    after some weeks, as it holds what a person typed."""

    limit = models.CharField(
        max_length=40, help_text="a name of settings.RATE_LIMITS"
    )
    sender = models.CharField(
        max_length=254,
        help_text="whom the limit counts: address, telephone, network",
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="refused_orders",
    )
    cart = models.ForeignKey(
        "orders.Cart", models.SET_NULL, null=True, blank=True, related_name="+"
    )
    email = models.CharField(max_length=254)
    phone = models.CharField(max_length=16, blank=True, default="")
    recipient = models.CharField(max_length=120, blank=True, default="")
    pieces = models.PositiveIntegerField()
    tries = models.PositiveIntegerField(default=1)
    last_at = models.DateTimeField()
    state = models.CharField(
        max_length=9, choices=RefusedOrderState, default=RefusedOrderState.OPEN
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    allowed_until = models.DateTimeField(null=True, blank=True)
    objects = QuerySet["RefusedOrder"].as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["email", "phone"],
                name="refused_order_allowed",
                condition=Q(state="allowed"),
            ),
            models.Index(fields=["last_at"], name="refused_order_by_age"),
            models.Index(fields=["email"], name="refused_order_by_email"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["limit", "sender"],
                condition=Q(state="open"),
                name="refused_order_open_once",
            ),
            constraints.check_choice("refused_order", "state", RefusedOrderState),
            *constraints.check_text("refused_order", "limit", "sender", "email"),
            *constraints.check_text(
                "refused_order", "phone", "recipient", blank=True
            ),
            models.CheckConstraint(
                condition=Q(tries__gt=0, pieces__gt=0),
                name="refused_order_counts_positive",
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_at=None)
                | (~Q(state="open") & Q(decided_at__isnull=False)),
                name="refused_order_decided_at_fits_state",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["allowed", "used"])
                | Q(allowed_until__isnull=False),
                name="refused_order_allowed_has_an_end",
            ),
            allow_steps(
                name="orders_refusedorder_transition",
                column="state",
                steps=NEXT_REFUSED_STATE,
                constraint="refused_order_transition",
                noun="a refused order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email}: {self.pieces} pieces"
