"""The wishlist."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now


class WishlistItem(models.Model):
    """A product that a customer keeps in mind."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="wishlist"
    )
    product = models.ForeignKey(
        "products.Product", models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "product"], name="wishlist_item_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.product_id}"
