"""Carts: one for each customer, and any number of guests'."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from markrin.db import constraints
from markrin.db.models import Model, QuerySet

MAX_PER_LINE = 20
MAX_LINES = 50
MAX_COUPONS = 5
MAX_GIFT_CARDS = 5


class Cart(Model):
    """What somebody means to buy. A guest's is found by the hash of a token that only the
    guest holds.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="cart",
    )
    token_hash = models.BinaryField(
        max_length=32,
        null=True,
        blank=True,
        unique=True,
        help_text="SHA-256 of the token",
    )
    coupon_codes = ArrayField(
        models.CharField(max_length=32),
        default=list,
        db_default=[],
        blank=True,
        size=MAX_COUPONS,
        help_text="what the shopper has typed; whether it applies is seen anew each time",
    )
    gift_card_ids = ArrayField(
        models.UUIDField(),
        default=list,
        db_default=[],
        blank=True,
        size=MAX_GIFT_CARDS,
        help_text="the cards whose codes the shopper has typed",
    )
    use_store_credit = models.BooleanField(default=False, db_default=False)
    objects = QuerySet["Cart"].as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["updated_at"],
                name="cart_of_guest_by_age",
                condition=Q(user=None),
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, token_hash=None)
                | Q(user=None, token_hash__isnull=False),
                name="cart_of_user_or_guest",
                violation_error_message=(
                    "A cart belongs either to a customer or to a guest's token."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"cart {self.pk}"


class CartLine(Model):
    """A variant in a cart, with the price the shopper saw when it was added."""

    cart = models.ForeignKey(Cart, models.CASCADE, related_name="lines")
    variant = models.ForeignKey(
        "products.Variant", models.PROTECT, related_name="+"
    )
    quantity = models.PositiveSmallIntegerField()
    price_at_add = models.DecimalField(
        max_digits=10, decimal_places=2, help_text="shop currency, one piece"
    )
    objects = QuerySet["CartLine"].as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["cart", "variant"], name="cart_line_once_per_variant"
            ),
            constraints.check_range("cart_line", "quantity", 1, MAX_PER_LINE),
            *constraints.check_not_negative("cart_line", "price_at_add"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.variant_id}"
