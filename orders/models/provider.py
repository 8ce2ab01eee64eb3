"""What happens at a payment provider besides payments and refunds: disputes, payouts; and the
nightly comparison of its lists with ours.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from markrin.db import constraints
from markrin.db.models import Model, QuerySet


class DisputeStatus(models.TextChoices):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Dispute(Model):
    """A payment that the shopper's bank asks back. `withdrawn` is what the provider has taken for
    it by now. While it is open its order is not shipped, unless staff say so.
    """

    order = models.ForeignKey(
        "orders.Order", models.PROTECT, related_name="disputes"
    )
    payment = models.ForeignKey(
        "orders.Payment", models.PROTECT, related_name="disputes"
    )
    provider_ref = models.CharField(
        max_length=120, help_text="the provider's id of it"
    )
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    withdrawn = models.DecimalField(max_digits=12, decimal_places=2, default=0)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=4, choices=DisputeStatus)
    reason = models.CharField(max_length=100, blank=True, default="")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    objects = QuerySet["Dispute"].as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["payment", "provider_ref"], name="dispute_once"
            ),
            constraints.check_choice("dispute", "status", DisputeStatus),
            *constraints.check_not_negative("dispute", "withdrawn"),
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="dispute_amount_positive"
            ),
            models.CheckConstraint(
                condition=Q(status="open", closed_at=None)
                | (~Q(status="open") & Q(closed_at__isnull=False)),
                name="dispute_closed_at_fits_status",
            ),
            *constraints.check_text("dispute", "provider_ref"),
            *constraints.check_text("dispute", "reason", blank=True),
            constraints.check_pattern(
                "dispute",
                "currency",
                "[A-Z]{3}",
                "currency must be an ISO 4217 code.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider_ref} ({self.status})"


class Payout(Model):
    """Money that a provider has sent to the shop's bank; `fees` is what it kept of it."""

    provider = models.CharField(max_length=20)
    provider_ref = models.CharField(
        max_length=120, help_text="the provider's id of it"
    )
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    fees = models.DecimalField(max_digits=12, decimal_places=2)
    currency = models.CharField(max_length=3)
    failed = models.BooleanField(
        default=False, help_text="the bank refused it: it went back"
    )
    paid_at = models.DateTimeField()
    objects = QuerySet["Payout"].as_manager()

    class Meta:
        ordering = ["-paid_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "provider_ref"], name="payout_once"
            ),
            *constraints.check_text("payout", "provider", "provider_ref"),
            constraints.check_pattern(
                "payout",
                "currency",
                "[A-Z]{3}",
                "currency must be an ISO 4217 code.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.provider_ref}"


class Reconciliation(Model):
    """One comparison of a provider's lists with ours, from one moment up to another."""

    provider = models.CharField(max_length=20)
    since = models.DateTimeField()
    until = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    charges = models.PositiveIntegerField(default=0)
    refunds = models.PositiveIntegerField(default=0)
    disputes = models.PositiveIntegerField(default=0)
    payouts = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0, help_text="differences")
    error = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(since__lt=models.F("until")),
                name="reconciliation_period_is_one",
            ),
            *constraints.check_text("reconciliation", "provider"),
            *constraints.check_text("reconciliation", "error", blank=True),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.since:%Y-%m-%d}"


class DifferenceKind(models.TextChoices):
    CHARGE = "charge"
    REFUND = "refund"
    DISPUTE = "dispute"
    PAYOUT = "payout"
    BALANCE = "balance"


class Difference(Model):
    """Something that the provider and the shop do not agree on: why, and who settled it how.

    What the shop could book by itself is settled at once, by nobody.
    """

    reconciliation = models.ForeignKey(
        Reconciliation, models.PROTECT, related_name="differences"
    )
    provider = models.CharField(max_length=20)
    kind = models.CharField(max_length=7, choices=DifferenceKind)
    ref = models.CharField(max_length=120, help_text="the provider's id, or ours")
    order = models.ForeignKey(
        "orders.Order",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="differences",
    )
    ours = models.DecimalField(
        max_digits=14, decimal_places=2, null=True, blank=True
    )
    theirs = models.DecimalField(
        max_digits=14, decimal_places=2, null=True, blank=True
    )
    currency = models.CharField(max_length=3)
    cause = models.CharField(max_length=200)
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    settled_how = models.CharField(max_length=200, blank=True, default="")
    objects = QuerySet["Difference"].as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "kind", "ref"],
                condition=Q(settled_at=None),
                name="difference_open_once",
            ),
            constraints.check_choice("difference", "kind", DifferenceKind),
            models.CheckConstraint(
                condition=Q(settled_at=None, settled_how="")
                | (Q(settled_at__isnull=False) & ~Q(settled_how="")),
                name="difference_settled_says_how",
            ),
            *constraints.check_text("difference", "provider", "ref", "cause"),
            *constraints.check_text("difference", "settled_how", blank=True),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"
