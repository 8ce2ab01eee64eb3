"""What imports remember."""

from django.db import models
from django.db.models.functions import Now

from markrin.db import constraints


class ImportedValues(models.Model):
    """What a source has said of a product last, field by field. A later file changes a field only
    where it says something else than this.
    """

    product = models.ForeignKey(
        "products.Product", models.CASCADE, related_name="imported_values"
    )
    source = models.CharField(max_length=40)
    values = models.JSONField()

    class Meta:
        constraints = [
            *constraints.check_text("imported_values", "source"),
            models.UniqueConstraint(
                fields=["product", "source"], name="imported_values_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.product_id}"


class FetchState(models.TextChoices):
    WAITING = "waiting"
    DONE = "done"
    REFUSED = "refused"


class PictureFetch(models.Model):
    """A linked picture that is to be copied into the shop's own storage."""

    image = models.OneToOneField(
        "products.ProductImage", models.CASCADE, related_name="fetch"
    )
    state = models.CharField(
        max_length=7, choices=FetchState, default=FetchState.WAITING
    )
    tries = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(
        max_length=200, blank=True, default="", help_text="why it is not there"
    )
    next_at = models.DateTimeField(
        db_default=Now(), help_text="when it may be tried (again)"
    )

    class Meta:
        verbose_name_plural = "picture fetches"
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["next_at", "id"],
                name="picture_fetch_waiting",
                condition=models.Q(state="waiting"),
            )
        ]
        constraints = [
            constraints.check_choice("picture_fetch", "state", FetchState),
            constraints.check_range("picture_fetch", "tries", 0, 1000),
            *constraints.check_text("picture_fetch", "reason", blank=True),
        ]

    def __str__(self) -> str:
        return f"{self.image_id} {self.state}"
