"""Orders of the shop's former system: history, which moves no stock and no money."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from markrin.db import constraints
from markrin.db.models import Model


class PastOrder(Model):
    """An order that was made elsewhere, before the shop moved here. Amounts are in `currency`.

    `lines` are what the other system said: sku, name, quantity, price."""

    source = models.CharField(max_length=40)
    number = models.CharField(
        max_length=40, help_text="as the other system wrote it"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="past_orders",
    )
    email = models.CharField(max_length=254, blank=True, default="")
    placed_at = models.DateTimeField()
    status = models.CharField(max_length=40, blank=True, default="")
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=12, decimal_places=2)
    lines = models.JSONField(default=list)

    class Meta:
        ordering = ["-placed_at", "-id"]
        indexes = [
            models.Index(fields=["user", "-placed_at"], name="past_order_of_user"),
            models.Index(
                fields=["email"], name="past_order_by_email", condition=~Q(email="")
            ),
        ]
        constraints = [
            *constraints.check_text("past_order", "source", "number"),
            *constraints.check_text("past_order", "email", "status", blank=True),
            constraints.check_pattern(
                "past_order",
                "currency",
                "[A-Z]{3}",
                "currency must be an ISO 4217 code.",
            ),
            *constraints.check_not_negative("past_order", "total"),
            models.UniqueConstraint(
                fields=["source", "number"], name="past_order_once"
            ),
        ]

    def __str__(self) -> str:
        return self.number
