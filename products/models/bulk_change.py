"""Changes of many products at once: what was asked, what each product was before, and what
has become of it.
"""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from markrin.db import constraints
from markrin.db.models import Model


class BulkKind(models.TextChoices):
    UNSAID = "", "–"
    BASE = "base", "Base price"
    SALE = "sale", "Sale price, worked out from the base price"
    BOTH = "both", "Base price and sale price, each from itself"
    END_SALE = "end_sale", "End the sale: no sale price"
    CATEGORY = "category", "Category"


class BulkHow(models.TextChoices):
    UNSAID = "", "–"
    PERCENT = "percent", "by percent: 10 is dearer by a tenth, -10 cheaper"
    AMOUNT = "amount", "by an amount: 50.00 more, -50.00 less"
    SET = "set", "to this price"


class BulkEnding(models.TextChoices):
    UNSAID = "", "to 0.01"
    WHOLE = "whole", "to whole amounts"
    NINETY_FIVE = "x.95", "to the nearest … .95"
    NINETY_NINE = "x.99", "to the nearest … .99"
    FIVE = "x5", "to the nearest multiple of 5"
    TEN = "x10", "to the nearest multiple of 10"
    NINE = "x9", "to the nearest that ends in 9"
    HUNDRED_LESS_ONE = "x99", "to the nearest that ends in 99"


class BulkState(models.TextChoices):
    CHOSEN = "chosen", "products chosen"
    PREVIEWING = "previewing", "being worked out"
    PREVIEWED = "previewed", "previewed, nothing changed yet"
    APPLYING = "applying", "being applied"
    APPLIED = "applied", "applied"
    UNDOING = "undoing", "being undone"
    UNDONE = "undone", "undone"


class BulkChange(Model):
    """One change of the prices, or of the category, of many products. Amounts are in the
    shop's currency.

    The counts say how many of its rows have which result; `cursor` is the last product that
    the present state's work has seen, so that it can be done a few hundred at a time and go
    on where it stopped."""

    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    kind = models.CharField(
        max_length=8, choices=BulkKind, blank=True, default=BulkKind.UNSAID
    )
    how = models.CharField(
        max_length=7, choices=BulkHow, blank=True, default=BulkHow.UNSAID
    )
    value = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, blank=True
    )
    ending = models.CharField(
        max_length=5, choices=BulkEnding, blank=True, default=BulkEnding.UNSAID
    )
    category = models.ForeignKey(
        "products.Category",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    state = models.CharField(
        max_length=10, choices=BulkState, default=BulkState.CHOSEN
    )
    cursor = models.UUIDField(null=True, blank=True)
    total = models.PositiveIntegerField(default=0)
    ready = models.PositiveIntegerField(default=0)
    problems = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    applied = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    undone = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)
    applied_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            constraints.check_choice("bulk_change", "kind", BulkKind),
            constraints.check_choice("bulk_change", "how", BulkHow),
            constraints.check_choice("bulk_change", "ending", BulkEnding),
            constraints.check_choice("bulk_change", "state", BulkState),
            models.CheckConstraint(
                condition=Q(
                    kind__in=["", "end_sale", "category"], how="", value=None
                )
                | Q(
                    kind__in=["base", "sale", "both"],
                    how__in=["percent", "amount", "set"],
                    value__isnull=False,
                ),
                name="bulk_change_rule_whole",
            ),
            models.CheckConstraint(
                condition=Q(
                    total__gte=F("ready")
                    + F("problems")
                    + F("unchanged")
                    + F("applied")
                    + F("skipped")
                    + F("undone")
                    + F("kept")
                ),
                name="bulk_change_counts_within_total",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display() if self.kind else 'Change'} of {self.total} products"

    @property
    def is_at_work(self) -> bool:
        """Whether a job goes through its rows now."""
        return self.state in (
            BulkState.PREVIEWING,
            BulkState.APPLYING,
            BulkState.UNDOING,
        )


class BulkResult(models.TextChoices):
    CHOSEN = "chosen"
    READY = "ready", "will change"
    PROBLEM = "problem"
    UNCHANGED = "unchanged", "stays the same"
    APPLIED = "applied", "changed"
    SKIPPED = "skipped"
    UNDONE = "undone", "changed back"
    KEPT = "kept", "not changed back"


class BulkChangeRow(models.Model):
    """One product of a bulk change: its prices and category as they were, and its new prices."""

    change = models.ForeignKey(
        BulkChange, models.CASCADE, related_name="rows", db_index=False
    )
    product = models.ForeignKey(
        "products.Product", models.CASCADE, related_name="bulk_rows"
    )
    old_base_price = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    old_sale_price = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    old_category = models.ForeignKey(
        "products.Category", models.SET_NULL, null=True, related_name="+"
    )
    new_base_price = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    new_sale_price = models.DecimalField(max_digits=10, decimal_places=2, null=True)
    result = models.CharField(
        max_length=9, choices=BulkResult, default=BulkResult.CHOSEN
    )
    reason = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["change", "product"]
        constraints = [
            models.UniqueConstraint(
                fields=["change", "product"], name="bulk_change_row_once"
            ),
            constraints.check_choice("bulk_change_row", "result", BulkResult),
            models.CheckConstraint(
                condition=Q(result__in=["chosen", "problem", "unchanged"])
                | Q(old_base_price__isnull=False),
                name="bulk_change_row_remembers",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.change_id}:{self.product_id}"


class ImportFile(models.Model):
    """A catalogue file between its preview and its import: in the database, as the next
    request may come elsewhere.
    """

    name = models.CharField(max_length=32, primary_key=True)
    content = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return self.name
