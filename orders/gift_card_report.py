"""What the shop owes to whoever holds gift cards and store credit."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from markrin.db.sql import fetch_all
from orders.models.gift_card import GiftCardKind

_REPORT: Final = """
    SELECT card.kind, card.currency,
        count(DISTINCT card.id) AS cards,
        coalesce(sum(amount) FILTER (WHERE entry.kind = 'issue'), 0) AS issued,
        coalesce(-sum(amount) FILTER (WHERE entry.kind = 'redeem'), 0) AS redeemed,
        coalesce(sum(amount) FILTER (WHERE entry.kind = 'refund'), 0) AS refunded,
        coalesce(-sum(amount) FILTER (WHERE entry.kind = 'expire'), 0) AS expired,
        coalesce(sum(amount) FILTER (WHERE entry.kind = 'correct'), 0) AS corrected,
        coalesce(sum(amount), 0) AS balance
    FROM orders_giftcard AS card
    JOIN orders_giftcardentry AS entry ON entry.card_id = card.id AND entry.at < %(until)s
    GROUP BY 1, 2 ORDER BY 2, 1
"""
_BOOKED: Final = """
    SELECT line.currency, coalesce(-sum(line.amount), 0) AS booked
    FROM orders_ledgerline AS line JOIN orders_ledgerentry AS entry ON entry.id = line.entry_id
    WHERE line.account = 'gift_cards' AND entry.at < %(until)s GROUP BY 1
"""
COLUMNS: Final = (
    *("kind", "currency", "cards", "issued", "redeemed", "refunded"),
    *("expired", "corrected", "balance"),
)


@dataclass(frozen=True)
class Liability:
    """The sums of one kind and currency up to a moment; `balance` is what is owed then."""

    kind: str
    currency: str
    cards: int
    issued: Decimal
    redeemed: Decimal
    refunded: Decimal
    expired: Decimal
    corrected: Decimal
    balance: Decimal

    @property
    def name(self) -> str:
        """The kind in words."""
        return GiftCardKind(self.kind).label


@dataclass(frozen=True)
class LiabilityReport:
    """What is owed at a moment, and what the ledger of money says of it by currency."""

    rows: list[Liability]
    booked: dict[str, Decimal]

    @property
    def differences(self) -> dict[str, Decimal]:
        """What the ledger has more than the cards, by currency; none in sound books."""
        off = dict(self.booked)
        for row in self.rows:
            off[row.currency] = off.get(row.currency, Decimal(0)) - row.balance
        return {currency: amount for currency, amount in off.items() if amount}


def read_liability(until: datetime) -> LiabilityReport:
    """Return what was owed on gift cards and store credit at a moment. Two queries."""
    moment: dict[str, Any] = {"until": until}
    return LiabilityReport(
        [Liability(**row) for row in fetch_all(_REPORT, moment)],
        {row["currency"]: row["booked"] for row in fetch_all(_BOOKED, moment)},
    )
