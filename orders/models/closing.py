"""Months whose books are closed: their figures as they were, frozen."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from markrin.db.models import uuid7
from markrin.db.triggers import only_grows


class MonthClosing(models.Model):
    """A month that is closed. `balances` are what its entries of the ledger add up to:
    `[{"account": "revenue", "currency": "INR", "debit": "0.00", "credit": "120.50"}]`; `sheets`
    are the tax report's: `[{"name": "b2b", "columns": […], "rows": [[…]]}]`.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    month = models.DateField(unique=True, help_text="its first day")
    closed_at = models.DateTimeField(db_default=Now())
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    balances = models.JSONField()
    sheets = models.JSONField()
    documents = models.PositiveIntegerField(
        help_text="invoices and notes of all kinds, dated in the month"
    )

    class Meta:
        ordering = ["-month"]
        verbose_name = "closed month"
        constraints = [
            models.CheckConstraint(
                condition=Q(month__day=1),
                name="month_closing_first_day",
                violation_error_message="A month is written as its first day.",
            ),
            only_grows(
                name="orders_monthclosing_only_grows",
                constraint="month_closing_only_grows",
                noun="a closed month",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
