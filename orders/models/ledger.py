"""The ledger of money: double entry, and it only grows.

An entry is what happened once (`key` says what), its lines are amounts on accounts, debits above 0
and credits below. The lines of an entry add up to 0 in each currency. Triggers hold both rules.
"""

from typing import Final

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from markrin.db import constraints
from markrin.db.models import uuid7
from orders.models import triggers

# Accounts. Those of a provider and of a tax have its name after a colon.
RECEIVABLE: Final = (
    "receivable"  # what customers owe; below 0 what they have paid ahead
)
PROVIDER: Final = "provider"  # what lies with a payment provider, before its payout
CASH: Final = "cash"  # what was collected at the door
BANK: Final = "bank"  # what providers have paid out
DISPUTED: Final = "disputed"  # what a provider holds while a dispute is open
GIFT_CARDS: Final = "gift_cards"  # what gift cards and store credit may still buy
EXCHANGES: Final = "exchanges"  # from a return to the order of its replacements
REVENUE: Final = "revenue"
SHIPPING: Final = "shipping"
FEES: Final = "fees"  # that customers pay
TAX: Final = "tax"
PROVIDER_FEES: Final = "provider_fees"
LOSSES: Final = "losses"
GOODWILL: Final = "goodwill"  # what gift cards and store credit the shop gave away
BREAKAGE: Final = "breakage"  # what was left on cards that expired
ACCOUNTS: Final = (
    RECEIVABLE, PROVIDER, CASH, BANK, DISPUTED, GIFT_CARDS, EXCHANGES, REVENUE, SHIPPING,
    FEES, TAX, PROVIDER_FEES, LOSSES, GOODWILL, BREAKAGE,
)  # fmt: skip


class EntryKind(models.TextChoices):
    SALE = "sale"  # goods left the shop
    CREDIT = (
        "credit"  # less is owed for them: a refund was granted, or they came back
    )
    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    PAYOUT = "payout"
    GIFT_CARD = "gift_card"
    CORRECTION = "correction"  # by a person, who says why


class LedgerEntry(models.Model):
    """What moved money or a claim to it. `key` names its cause: `payment:<id>`, `payout:<id>`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(db_default=Now())
    kind = models.CharField(max_length=10, choices=EntryKind)
    key = models.CharField(max_length=120, unique=True)
    order = models.ForeignKey(
        "orders.Order",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="ledger_entries",
    )
    note = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "ledger entries"
        indexes = [models.Index(fields=["-at", "-id"], name="ledger_entry_newest")]
        constraints = [
            constraints.check_choice("ledger_entry", "kind", EntryKind),
            *constraints.check_text("ledger_entry", "key"),
            *constraints.check_text("ledger_entry", "note", blank=True),
            triggers.LEDGER_ENTRY_HAS_LINES,
            triggers.LEDGER_ENTRIES_ONLY_GROW,
        ]

    def __str__(self) -> str:
        return self.key


class LedgerLine(models.Model):
    """An amount on an account: above 0 a debit, below 0 a credit."""

    id = models.BigAutoField(primary_key=True)
    entry = models.ForeignKey(LedgerEntry, models.PROTECT, related_name="lines")
    account = models.CharField(max_length=60)
    amount = models.DecimalField(max_digits=14, decimal_places=3)
    currency = models.CharField(max_length=3)

    class Meta:
        ordering = ["entry", "id"]
        indexes = [
            models.Index(fields=["account", "entry"], name="ledger_line_of_account")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "account", "currency"],
                name="ledger_line_once_per_account",
            ),
            models.CheckConstraint(
                condition=~Q(amount=0), name="ledger_line_amount_not_zero"
            ),
            constraints.check_pattern(
                "ledger_line",
                "account",
                rf"({'|'.join(ACCOUNTS)})(:[A-Za-z0-9_ .-]{{1,40}})?",
                f"account must be one of {', '.join(ACCOUNTS)}, with a name after a colon or not.",
            ),
            constraints.check_pattern(
                "ledger_line",
                "currency",
                "[A-Z]{3}",
                "currency must be an ISO 4217 code.",
            ),
            triggers.LEDGER_ENTRY_ADDS_UP,
            triggers.LEDGER_LINES_ONLY_GROW,
        ]

    def __str__(self) -> str:
        return f"{self.account} {self.amount}"
