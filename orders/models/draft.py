"""Orders that staff take by telephone, before they are placed."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import AddressFields
from markrin.db import constraints
from markrin.db.models import Model, QuerySet
from orders.models.order_status import PaymentMethod


class DraftOrder(AddressFields, Model):
    """An order that somebody dictates: its cart, whom it is for, and what staff allow. Placing
    it deletes it.

    `email` may be empty: a person on the telephone need not have one. Amounts are in shop
    currency.
    """

    cart = models.OneToOneField(
        "orders.Cart", models.CASCADE, related_name="draft", editable=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        help_text="the account with this verified address",
    )
    email = models.CharField(max_length=254, blank=True, default="")
    payment_method = models.CharField(
        max_length=6,
        choices=PaymentMethod,
        default=PaymentMethod.COD,
        help_text="online: a link to pay is mailed and shown",
    )
    discount = models.DecimalField(
        max_digits=12,
        decimal_places=2,
        default=0,
        help_text="taken off the goods, besides what promotions take off",
    )
    discount_reason = models.CharField(
        max_length=100, blank=True, default="", help_text="the customer reads it"
    )
    note = models.CharField(
        max_length=1000, blank=True, default="", help_text="for staff alone"
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
    )
    objects = QuerySet["DraftOrder"].as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = "order by telephone"
        verbose_name_plural = "orders by telephone"
        constraints = [
            *AddressFields.rules("draft_order", erasable=True),
            constraints.check_choice(
                "draft_order", "payment_method", PaymentMethod
            ),
            *constraints.check_not_negative("draft_order", "discount"),
            *constraints.check_text("draft_order", "discount_reason", blank=True),
            *constraints.check_text("draft_order", "note", blank=True, lines=True),
            models.CheckConstraint(
                condition=Q(discount=0) | ~Q(discount_reason=""),
                name="draft_order_discount_has_reason",
                violation_error_message="Say why there is a discount.",
            ),
        ]

    def __str__(self) -> str:
        return self.recipient or f"draft {self.pk}"
