"""Reviews, and who has bought what they review."""

from django.conf import settings
from django.db import models

from markrin.db import constraints
from markrin.db.models import Model, QuerySet
from products.models import triggers


class Fit(models.TextChoices):
    UNSAID = ""
    SMALL = "small"
    TRUE = "true"
    LARGE = "large"


class ReviewStatus(models.TextChoices):
    PUBLISHED = "published"
    HIDDEN = "hidden"


class ReviewQuerySet(QuerySet["Review"]):
    def published(self) -> "ReviewQuerySet":
        """Return what shoppers may read."""
        return self.filter(status=ReviewStatus.PUBLISHED)


class Review(Model):
    """A customer's word on a product: one each. Only published ones count into the
    product's rating.
    """

    product = models.ForeignKey(
        "products.Product", models.CASCADE, related_name="reviews"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="reviews"
    )
    rating = models.PositiveSmallIntegerField()
    comment = models.TextField(blank=True, default="", max_length=2000)
    fit = models.CharField(
        max_length=5, choices=Fit, blank=True, default=Fit.UNSAID
    )
    verified_buyer = models.BooleanField(default=False)
    status = models.CharField(
        max_length=9, choices=ReviewStatus, default=ReviewStatus.PUBLISHED
    )
    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["product", "-created_at", "-id"],
                name="review_of_product_newest",
            ),
            models.Index(fields=["-created_at", "-id"], name="review_newest"),
        ]
        constraints = [
            constraints.check_range("review", "rating", 1, 5),
            *constraints.check_text("review", "comment", blank=True, lines=True),
            constraints.check_max_length("review", "comment", 2000),
            constraints.check_choice("review", "fit", Fit),
            constraints.check_choice("review", "status", ReviewStatus),
            models.UniqueConstraint(
                fields=["product", "user"], name="review_once_per_customer"
            ),
            triggers.COUNT_REVIEW,
            triggers.REVIEWS_COUNTED,
        ]

    def __str__(self) -> str:
        return f"{self.rating}/5"


class Purchase(models.Model):
    """That a customer has received a product: told by the orders app on delivery, undone
    when all of it is returned.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+"
    )
    product = models.ForeignKey(
        "products.Product", models.CASCADE, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "product"], name="purchase_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.product_id}"
