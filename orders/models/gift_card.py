"""Gift cards and store credit: what each may still buy, and every movement of it."""

from typing import Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from markrin.db import constraints
from markrin.db.models import Model, QuerySet, uuid7
from markrin.db.triggers import only_grows
from orders.models import triggers

PROVIDER_NAME: Final = "gift_card"  # of a payment that was made with a card


class GiftCardKind(models.TextChoices):
    CARD = "card", "gift card"  # whoever has the code can pay with it
    STORE_CREDIT = "store_credit", "store credit"  # of one customer, without a code


class GiftCardQuerySet(QuerySet["GiftCard"]):
    def usable(self) -> "GiftCardQuerySet":
        """Those that can be paid with now: not empty, not expired, not blocked."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=Now())).filter(
            is_blocked=False, balance__gt=0
        )


class GiftCard(Model):
    """A gift card, or the store credit of a customer. `balance` is the sum of its entries, and
    never negative.

    A card is found by `code_hash` (an HMAC); `code_encrypted` is for the mail that brings it.
    """

    kind = models.CharField(
        max_length=12, choices=GiftCardKind, default=GiftCardKind.CARD
    )
    code_hash = models.CharField(
        max_length=64, null=True, blank=True, unique=True, editable=False
    )
    code_encrypted = models.CharField(
        max_length=300, blank=True, default="", editable=False
    )
    last4 = models.CharField(max_length=4, blank=True, default="")
    balance = models.DecimalField(max_digits=13, decimal_places=3, default=0)
    currency = models.CharField(max_length=3)
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="empty: it does not expire"
    )
    is_blocked = models.BooleanField(
        default=False, help_text="nobody can pay with it"
    )
    email = models.CharField(
        max_length=254,
        blank=True,
        default="",
        help_text="to whom the code is mailed",
    )
    language = models.CharField(max_length=8, blank=True, default="")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="gift_cards",
        help_text="whose store credit it is",
    )
    order_line = models.ForeignKey(
        "orders.OrderLine",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="gift_cards",
        help_text="by which it was bought",
    )
    objects = GiftCardQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(
                fields=["expires_at"],
                name="gift_card_to_expire",
                condition=Q(balance__gt=0, expires_at__isnull=False),
            )
        ]
        constraints = [
            constraints.check_choice("gift_card", "kind", GiftCardKind),
            *constraints.check_not_negative("gift_card", "balance"),
            constraints.check_pattern(
                "gift_card", "currency", "[A-Z]{3}", "currency is an ISO 4217 code."
            ),
            constraints.check_pattern(
                "gift_card",
                "last4",
                "[A-Z0-9]{0,4}",
                "last4 takes letters and digits.",
            ),
            *constraints.check_text(
                "gift_card", "email", "language", "code_encrypted", blank=True
            ),
            models.CheckConstraint(
                condition=Q(kind="card", code_hash__isnull=False, user=None)
                & ~Q(code_encrypted="")
                | Q(kind="store_credit", code_hash=None, code_encrypted=""),
                name="gift_card_code_fits_kind",
            ),
            models.UniqueConstraint(
                fields=["user", "currency"],
                condition=Q(kind="store_credit"),
                name="gift_card_one_credit_per_customer",
            ),
            triggers.GIFT_CARD_EQUALS_ENTRIES,
        ]

    def __str__(self) -> str:
        return f"…{self.last4}" if self.last4 else self.get_kind_display()


class GiftCardEntryKind(models.TextChoices):
    ISSUE = "issue"  # money is put on it: sold, or given by staff
    REDEEM = "redeem"  # an order is paid with it
    REFUND = "refund"  # what an order gave back
    EXPIRE = "expire"
    CORRECT = "correct"  # by staff, who say why; or its purchase was refunded


class GiftCardEntry(models.Model):
    """A movement on a card: above 0 it can buy more. `key` names the cause, and is unique."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    card = models.ForeignKey(GiftCard, models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=7, choices=GiftCardEntryKind)
    key = models.CharField(max_length=120, unique=True)
    amount = models.DecimalField(max_digits=13, decimal_places=3)
    order = models.ForeignKey(
        "orders.Order",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="gift_card_entries",
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    actor = models.CharField(max_length=10)
    reason = models.CharField(max_length=200, blank=True, default="")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "gift card entries"
        constraints = [
            constraints.check_choice("gift_card_entry", "kind", GiftCardEntryKind),
            *constraints.check_text("gift_card_entry", "key", "actor"),
            *constraints.check_text("gift_card_entry", "reason", blank=True),
            models.CheckConstraint(
                condition=Q(kind__in=["issue", "refund"], amount__gt=0)
                | Q(kind__in=["redeem", "expire"], amount__lt=0)
                | Q(kind="correct") & ~Q(amount=0),
                name="gift_card_entry_sign_fits_kind",
            ),
            models.CheckConstraint(
                condition=Q(order__isnull=False)
                | Q(kind__in=["issue", "expire", "correct"]),
                name="gift_card_entry_names_its_order",
            ),
            triggers.GIFT_CARD_ENTRIES_EQUAL_CARD,
            only_grows(
                name="orders_giftcardentry_only_grows",
                constraint="gift_card_entries_only_grow",
                noun="the ledger of gift cards",
                but="""\
    IF TG_OP = 'UPDATE' AND NEW.by_id IS NULL
       AND to_jsonb(NEW) - 'by_id' = to_jsonb(OLD) - 'by_id' THEN
        RETURN NEW;  -- the account of whoever did it has gone
    END IF;""",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount}"
