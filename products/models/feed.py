"""Inventory feeds: a count or a change of stock that a warehouse sends, staged, checked,
then applied.
"""

from django.db import models
from django.db.models import F, Q

from markrin.db import constraints
from markrin.db.models import Model
from products.models.stock import MAX_STOCK


class FeedMode(models.TextChoices):
    COUNT = "count"
    FULL = "full"
    DELTA = "delta"


class FeedState(models.TextChoices):
    STAGING = "staging"
    HELD = "held"
    STAGED = "staged"
    APPLYING = "applying"
    APPLIED = "applied"
    REPORTED = "reported"  # a dry run's end
    SUPERSEDED = "superseded"
    DISCARDED = "discarded"


class Feed(Model):
    """One delivery of counts (`count`), of all counts (`full`: what is absent is zero) or
    of changes (`delta`).
    """

    source = models.CharField(max_length=40)
    sequence = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    mode = models.CharField(max_length=5, choices=FeedMode, default=FeedMode.COUNT)
    counted_at = models.DateTimeField()
    dry_run = models.BooleanField(default=False)
    state = models.CharField(
        max_length=10, choices=FeedState, default=FeedState.STAGING
    )
    held_reason = models.CharField(max_length=200, blank=True, default="")
    total = models.PositiveIntegerField(default=0)
    applied = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    cursor = models.BigIntegerField(
        default=0, help_text="the last feed row that has been applied"
    )
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            *constraints.check_text("feed", "source"),
            *constraints.check_text("feed", "held_reason", blank=True),
            constraints.check_pattern(
                "feed", "sha256", "[0-9a-f]{64}", "sha256 is 64 hexadecimal digits."
            ),
            constraints.check_choice("feed", "mode", FeedMode),
            constraints.check_choice("feed", "state", FeedState),
            constraints.check_range("feed", "sequence", 0, 2**62),
            models.UniqueConstraint(
                fields=["source", "sha256"],
                condition=Q(dry_run=False),
                name="feed_content_once",
            ),
            models.UniqueConstraint(
                fields=["source", "sequence"],
                condition=Q(dry_run=False),
                name="feed_sequence_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    total__gte=F("applied") + F("unchanged") + F("rejected")
                ),
                name="feed_counts_within_total",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.sequence}"


class FeedRowResult(models.TextChoices):
    WAITING = "waiting"
    APPLIED = "applied"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"
    REJECTED = "rejected"


class FeedRow(models.Model):
    """One line of a feed. `sku` is kept as sent, so that the report can show what was not
    understood.
    """

    feed = models.ForeignKey(Feed, models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    sku = models.CharField(max_length=200, blank=True, default="")
    variant = models.ForeignKey(
        "products.Variant", models.CASCADE, null=True, blank=True, related_name="+"
    )
    quantity = models.IntegerField(
        null=True,
        blank=True,
        help_text="pieces counted, or the change in a delta feed",
    )
    row_ref = models.CharField(
        max_length=80, blank=True, default="", help_text="a delta row's own id"
    )
    result = models.CharField(
        max_length=9, choices=FeedRowResult, default=FeedRowResult.WAITING
    )
    reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["feed", "variant"], name="feed_row_in_variant_order"
            )
        ]
        constraints = [
            constraints.check_choice("feed_row", "result", FeedRowResult),
            constraints.check_range("feed_row", "quantity", -MAX_STOCK, MAX_STOCK),
            models.UniqueConstraint(
                fields=["feed", "line"], name="feed_row_line_once"
            ),
            models.UniqueConstraint(
                fields=["feed", "row_ref"],
                condition=~Q(row_ref="") & ~Q(result="rejected"),
                name="feed_row_ref_once",
            ),
            models.CheckConstraint(
                condition=Q(result="rejected")
                | Q(variant__isnull=False, quantity__isnull=False),
                name="feed_row_valid_or_rejected",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feed_id}:{self.line}"
