"""What the shop remembers in order to tell staff once: variants that ran low, and feeds
that are fetched.
"""

from django.db import models
from django.db.models.functions import Now

from markrin.db import constraints


class LowStock(models.Model):
    """A variant that has fallen to LOW_STOCK_AT sellable pieces or fewer; gone once it is
    above again.

    So staff hear of each fall once: `told_at` is set when the mail is queued.
    """

    variant = models.OneToOneField(
        "products.Variant", models.CASCADE, primary_key=True, related_name="+"
    )
    fell_at = models.DateTimeField(db_default=Now(), editable=False)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "low stock"
        ordering = ["fell_at", "variant"]
        indexes = [
            models.Index(
                fields=["fell_at"],
                name="low_stock_untold",
                condition=models.Q(told_at=None),
            )
        ]

    def __str__(self) -> str:
        return str(self.variant_id)


class FeedPull(models.Model):
    """What a feed's address answered last, so that an unchanged feed is not read again. One
    row per source.
    """

    source = models.CharField(max_length=40, primary_key=True)
    etag = models.CharField(max_length=200, blank=True, default="")
    last_modified = models.CharField(max_length=60, blank=True, default="")
    sha256 = models.CharField(
        max_length=64, blank=True, default="", help_text="of the content read last"
    )
    checked_at = models.DateTimeField(auto_now=True)
    error = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["source"]
        constraints = [*constraints.check_text("feed_pull", "source")]

    def __str__(self) -> str:
        return self.source
