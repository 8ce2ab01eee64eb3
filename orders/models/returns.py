"""Goods that came back."""

from django.conf import settings
from django.db import models

from markrin.db import constraints
from markrin.db.models import Model, QuerySet
from orders.models.cart import MAX_PER_LINE


class Return(Model):
    """Pieces that came back: from a customer, or with a parcel that was not delivered."""

    order = models.ForeignKey(
        "orders.Order", models.PROTECT, related_name="returns"
    )
    fulfilment = models.OneToOneField(
        "orders.Fulfilment",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="settlement",
        help_text="the parcel that could not be delivered, where it is one",
    )
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    objects = QuerySet["Return"].as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [*constraints.check_text("return", "reason")]

    def __str__(self) -> str:
        return f"return of {self.order_id}"


class ReturnLine(models.Model):
    """How many pieces of a line came back, and whether they can be sold again."""

    id = models.UUIDField(primary_key=True, editable=False)
    parcel = models.ForeignKey(Return, models.CASCADE, related_name="lines")
    line = models.ForeignKey(
        "orders.OrderLine", models.PROTECT, related_name="returns"
    )
    quantity = models.PositiveSmallIntegerField()
    restocked = models.BooleanField(
        default=True, help_text="whether they went back on the shelf"
    )

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["parcel", "line", "restocked"],
                name="return_line_once_per_return",
            ),
            constraints.check_range("return_line", "quantity", 1, MAX_PER_LINE),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} of {self.line_id}"
