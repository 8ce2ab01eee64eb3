"""Whether the accounts of cash and of each provider are the sums of what moved them, for
`manage.py verify`: no entry too many, and none on another account.
"""

from collections.abc import Callable, Iterator
from typing import Final

from django.db import connection

from markrin.db.invariants import Breach

RULE: Final = "cash's and providers' accounts are the sums of their movements"
_ACCOUNTS: Final = """
WITH moved AS (
    SELECT CASE provider WHEN 'cod' THEN 'cash' ELSE 'provider:' || provider END AS account,
        currency, amount FROM orders_payment
    WHERE state = 'succeeded' AND provider NOT IN ('exchange', 'gift_card')
    UNION ALL
    SELECT CASE coalesce(paid.provider, 'cod') WHEN 'cod' THEN 'cash'
            ELSE 'provider:' || paid.provider END,
        coalesce(paid.currency, placed.currency), -back.amount
    FROM orders_refund AS back JOIN orders_order AS placed ON placed.id = back.order_id
    LEFT JOIN orders_payment AS paid ON paid.id = back.payment_id
    WHERE back.state = 'succeeded' AND back.exchange_id IS NULL AND back.gift_card_id IS NULL
    AND coalesce(paid.provider, '') NOT IN ('exchange', 'gift_card')
    UNION ALL
    SELECT 'provider:' || paid.provider, dispute.currency, -withdrawn
    FROM orders_dispute AS dispute JOIN orders_payment AS paid ON paid.id = dispute.payment_id
    UNION ALL
    SELECT 'provider:' || provider, currency, -fees - CASE WHEN failed THEN 0 ELSE amount END
    FROM orders_payout
), sums AS (
    SELECT account, currency, sum(amount) AS moved, 0 AS booked FROM moved GROUP BY 1, 2
    UNION ALL
    -- What a person has corrected has no movement.
    SELECT account, currency, 0, sum(amount) FROM orders_ledgerline AS line
    JOIN orders_ledgerentry AS entry ON entry.id = line.entry_id
    WHERE (account = 'cash' OR starts_with(account, 'provider:')) AND kind <> 'correction'
    GROUP BY 1, 2
)
SELECT account, currency, sum(moved), sum(booked) FROM sums GROUP BY account, currency
HAVING sum(moved) <> sum(booked) ORDER BY account, currency
"""


def find_wrong_accounts() -> Iterator[Breach]:
    """Yield the accounts that are not what payments, refunds, disputes and payouts come to."""
    with connection.cursor() as cursor:
        cursor.execute(_ACCOUNTS)
        for account, currency, moved, booked in cursor.fetchall():
            what = f"moved {moved} {currency}, the ledger has {booked}"
            yield Breach(RULE, "orders_ledgerline", account, what)


AT_ONCE: dict[str, Callable[[], Iterator[Breach]]] = {RULE: find_wrong_accounts}
