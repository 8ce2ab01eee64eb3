"""The lines of an order: what was bought of which variant, and how much of it has left."""

from django.db import models
from django.db.models import F, Q

from markrin.db import constraints
from orders.models import triggers
from orders.models.cart import MAX_PER_LINE
from orders.models.order import Order


class OrderLine(models.Model):
    """A variant as it was bought. `line_total` is before the order's discount; `tax` is the
    line's share after it.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()
    variant = models.ForeignKey(
        "products.Variant", models.PROTECT, related_name="+"
    )
    product = models.ForeignKey(
        "products.Product", models.PROTECT, related_name="+"
    )
    category = models.ForeignKey(
        "products.Category", models.SET_NULL, null=True, related_name="+"
    )
    name = models.CharField(max_length=200)
    sku = models.CharField(max_length=64)
    size = models.CharField(max_length=20, blank=True, default="")
    color = models.CharField("colour", max_length=40, blank=True, default="")
    image = models.CharField(max_length=2000, blank=True, default="")
    quantity = models.PositiveSmallIntegerField()
    cancelled = models.PositiveSmallIntegerField(
        default=0, help_text="pieces that will not be sent"
    )
    shipped = models.PositiveSmallIntegerField(
        default=0, help_text="pieces that have left"
    )
    returned = models.PositiveSmallIntegerField(
        default=0, help_text="pieces that came back, or were lost on their way"
    )
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)
    line_total = models.GeneratedField(
        expression=F("unit_price") * F("quantity"),
        output_field=models.DecimalField(max_digits=12, decimal_places=2),
        db_persist=True,
    )
    discount = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        default=0,
        help_text="its share of the order's",
    )
    tax_class = models.CharField(max_length=40, blank=True, default="")
    tax_percent = models.DecimalField(
        max_digits=7, decimal_places=4, help_text="all parts together"
    )
    tax = models.DecimalField(max_digits=12, decimal_places=2)

    class Meta:
        ordering = ["order", "position"]
        indexes = [models.Index(fields=["product"], name="order_line_of_product")]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "variant"], name="order_line_once_per_variant"
            ),
            models.UniqueConstraint(
                fields=["order", "position"], name="order_line_one_per_position"
            ),
            constraints.check_range("order_line", "quantity", 1, MAX_PER_LINE),
            models.CheckConstraint(
                condition=Q(returned__gte=0, returned__lte=F("shipped")),
                name="order_line_returned_within_shipped",
                violation_error_message="No more pieces can come back than were sent.",
            ),
            models.CheckConstraint(
                condition=Q(
                    cancelled__gte=0,
                    shipped__gte=0,
                    shipped__lte=F("quantity") - F("cancelled"),
                ),
                name="order_line_shipped_within_quantity",
                violation_error_message="No more pieces can be sent than are wanted.",
            ),
            *constraints.check_not_negative(
                "order_line", "unit_price", "discount", "tax"
            ),
            models.CheckConstraint(
                condition=Q(discount__lte=F("unit_price") * F("quantity")),
                name="order_line_discount_within_line",
            ),
            constraints.check_range("order_line", "tax_percent", 0, 100),
            *constraints.check_text("order_line", "name", "sku"),
            triggers.LINES_EQUAL_ORDER,
        ]

    @property
    def to_ship(self) -> int:
        """Pieces that are still to leave."""
        return self.quantity - self.cancelled - self.shipped

    @property
    def kept(self) -> int:
        """Pieces that have left and have not come back."""
        return self.shipped - self.returned

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"
