"""Payments, what gateways told about them, and refunds."""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q

from markrin.db import constraints
from markrin.db.models import Model, QuerySet

EXCHANGE: Final = "exchange"  # the provider of what pieces that came back have paid


class PaymentState(models.TextChoices):
    CREATED = "created", "Waiting"
    SUCCEEDED = "succeeded", "Paid"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


class Payment(Model):
    """A page of a provider on which an order can be paid, or cash. It succeeds only by the
    provider's word: a verified webhook, or its answer when it is asked.

    `provider_ref` is the provider's id of the page, `charge_ref` that of the money which came in.
    A declined card leaves it `created`: another may succeed on the same page. Also after it has
    failed or was cancelled it is asked after at `ask_at`, as late money may still come.
    """

    order = models.ForeignKey(
        "orders.Order", models.PROTECT, related_name="payments"
    )
    provider = models.CharField(max_length=20)
    provider_ref = models.CharField(
        max_length=120, blank=True, default="", help_text="the provider's id of it"
    )
    charge_ref = models.CharField(
        max_length=120,
        blank=True,
        default="",
        db_default="",
        help_text="the provider's id of the money",
    )
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    currency = models.CharField(max_length=3)
    return_url = models.CharField(
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="where the shopper comes back to",
    )
    state = models.CharField(
        max_length=9, choices=PaymentState, default=PaymentState.CREATED
    )
    error = models.CharField(max_length=200, blank=True, default="")
    gift_card = models.ForeignKey(
        "orders.GiftCard",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="payments",
    )
    succeeded_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(
        null=True, blank=True, help_text="when the provider's page closes"
    )
    ask_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="when the provider is asked next; empty: no more",
    )
    objects = QuerySet["Payment"].as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["ask_at"],
                name="payment_to_ask",
                condition=Q(ask_at__isnull=False),
            )
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "provider_ref"],
                condition=~Q(provider_ref=""),
                name="payment_provider_ref_once",
            ),
            models.UniqueConstraint(
                fields=["provider", "charge_ref"],
                condition=~Q(charge_ref=""),
                name="payment_charge_ref_once",
            ),
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(state="created"),
                name="payment_one_open_per_order",
            ),
            constraints.check_choice("payment", "state", PaymentState),
            models.CheckConstraint(
                condition=Q(amount__gt=0), name="payment_amount_positive"
            ),
            models.CheckConstraint(
                condition=Q(state="succeeded", succeeded_at__isnull=False)
                | (~Q(state="succeeded") & Q(succeeded_at=None)),
                name="payment_succeeded_at_fits_state",
            ),
            models.CheckConstraint(
                condition=Q(provider="gift_card", gift_card__isnull=False)
                | ~Q(provider="gift_card") & Q(gift_card=None),
                name="payment_gift_card_fits_provider",
            ),
            *constraints.check_text("payment", "provider"),
            *constraints.check_text(
                "payment",
                "provider_ref",
                "charge_ref",
                "return_url",
                "error",
                blank=True,
            ),
            constraints.check_pattern(
                "payment",
                "currency",
                "[A-Z]{3}",
                "currency must be an ISO 4217 code.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.provider_ref}"


class PaymentEvent(models.Model):
    """A webhook that was verified: kept once, in the transaction of its effect."""

    provider = models.CharField(max_length=20)
    event_id = models.CharField(max_length=120)
    type = models.CharField(max_length=60)
    payment = models.ForeignKey(
        Payment, models.SET_NULL, null=True, blank=True, related_name="events"
    )
    outcome = models.CharField(max_length=40, blank=True, default="")
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "event_id"], name="payment_event_once"
            ),
            *constraints.check_text(
                "payment_event", "provider", "event_id", "type"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.event_id}"


class RefundState(models.TextChoices):
    REQUESTED = "requested", "On its way"
    SUCCEEDED = "succeeded", "Paid back"
    FAILED = "failed", "Failed"


class Refund(Model):
    """Money that goes back. It counts into the order's `refunded` from the moment it is
    requested until it fails.

    A `surplus` one does not count: it gives back a second payment of what was paid already.
    """

    order = models.ForeignKey(
        "orders.Order", models.PROTECT, related_name="refunds"
    )
    payment = models.ForeignKey(
        Payment, models.PROTECT, null=True, blank=True, related_name="refunds"
    )
    gift_card = models.ForeignKey(
        "orders.GiftCard",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="refunds",
        help_text="the card or the store credit that it goes to",
    )
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    reason = models.CharField(max_length=200)
    made_at_provider = models.BooleanField(
        default=False,
        db_default=False,
        help_text="in the provider's dashboard, not here",
    )
    surplus = models.BooleanField(
        default=False, help_text="gives back a payment that came on top"
    )
    exchange = models.ForeignKey(
        "orders.Order",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="exchange_refunds",
        help_text="the order that it pays, instead of going back",
    )
    state = models.CharField(
        max_length=9, choices=RefundState, default=RefundState.REQUESTED
    )
    provider_ref = models.CharField(max_length=120, blank=True, default="")
    error = models.CharField(max_length=200, blank=True, default="")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    finished_at = models.DateTimeField(null=True, blank=True)
    objects = QuerySet["Refund"].as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["created_at"],
                name="refund_open_by_age",
                condition=Q(state="requested"),
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0),
                name="refund_amount_positive",
                violation_error_message="amount must be above 0.",
            ),
            constraints.check_choice("refund", "state", RefundState),
            *constraints.check_text("refund", "reason"),
            *constraints.check_text("refund", "provider_ref", "error", blank=True),
            models.UniqueConstraint(
                fields=["payment", "provider_ref"],
                condition=~Q(provider_ref=""),
                name="refund_provider_ref_once",
            ),
            models.UniqueConstraint(
                fields=["payment"],
                condition=Q(surplus=True, made_at_provider=False),
                name="refund_surplus_once_per_payment",
            ),
            models.CheckConstraint(
                condition=Q(state="requested", finished_at=None)
                | (~Q(state="requested") & Q(finished_at__isnull=False)),
                name="refund_finished_at_fits_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} of {self.order_id}"
