"""What must be true of the ledger of money, for `manage.py verify`."""

from django.conf import settings

from markrin.db.invariants import Invariant

_OWED = """(SELECT coalesce(sum(line.amount), 0) FROM orders_ledgerline AS line
    JOIN orders_ledgerentry AS entry ON entry.id = line.entry_id
    WHERE line.account = 'receivable' AND entry.order_id = placed.id{more})"""
_ZONE = settings.SHOP_TIME_ZONE.replace("'", "''")
WITHIN = "{alias}.id > %(after)s AND {alias}.id <= %(upto)s"


def _booked(
    rule: str, table: str, *, key: str, amount: str, when: str
) -> Invariant:
    """Return the rule that each row which moved money has an entry of its very amount."""
    return Invariant(
        rule=rule,
        table=table,
        query=f"""SELECT moved.id, format('moved %%s, the ledger has %%s', {amount},
                coalesce(booked.amount::text, 'nothing'))
            FROM {table} AS moved LEFT JOIN LATERAL (
                SELECT line.amount FROM orders_ledgerentry AS entry
                JOIN orders_ledgerline AS line ON line.entry_id = entry.id
                WHERE entry.key = {key} AND line.account = 'receivable') AS booked ON true
            WHERE {WITHIN.format(alias="moved")} AND {when}
            AND booked.amount IS DISTINCT FROM {amount}""",  # noqa: S608 (our own text)
    )


LEDGER = [
    Invariant(
        rule="an entry of the ledger adds up to 0",
        table="orders_ledgerentry",
        query="""SELECT entry.id, format('%%s: %%s lines, off by %%s', entry.key, n, off)
            FROM orders_ledgerentry AS entry CROSS JOIN LATERAL (
                SELECT count(*) AS n, coalesce(max(abs(sum)), 0) AS off FROM (
                    SELECT sum(amount) AS sum FROM orders_ledgerline
                    WHERE entry_id = entry.id GROUP BY currency) AS sums) AS lines
            WHERE entry.id > %(after)s AND entry.id <= %(upto)s AND (n = 0 OR off <> 0)""",
    ),
    _booked(
        "a payment is in the ledger",
        "orders_payment",
        key="'payment:' || moved.id",
        amount="-moved.amount",
        when="moved.state = 'succeeded'",
    ),
    _booked(
        "a refund is in the ledger",
        "orders_refund",
        key="'refund:' || moved.id",
        amount="moved.amount",
        when="moved.state = 'succeeded'",
    ),
    Invariant(
        rule="a settled order owes nothing",
        table="orders_order",
        query=f"""SELECT placed.id, format('%%s and %%s, and %%s is owed', status,
                payment_status, owed)
            FROM orders_order AS placed CROSS JOIN LATERAL (
                SELECT {_OWED.format(more="")} AS owed) AS sums
            WHERE {WITHIN.format(alias="placed")}
            AND (status IN ('delivered', 'returned') AND payment_status IN ('paid', 'refunded')
                OR status = 'cancelled')
            AND owed <> 0 AND NOT EXISTS (SELECT FROM orders_refund
                WHERE order_id = placed.id AND state IN ('requested', 'failed'))""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="every payment has an order or a refund",
        table="orders_payment",
        query="""SELECT paid.id, format('%%s came for a cancelled order, %%s goes back',
                paid.amount, coalesce(back.amount, 0))
            FROM orders_payment AS paid JOIN orders_order AS placed ON placed.id = paid.order_id
            LEFT JOIN LATERAL (SELECT sum(amount) AS amount FROM orders_refund
                WHERE payment_id = paid.id
                -- What an exchange has paid goes back by the payment of the first order.
                OR paid.provider = 'exchange' AND order_id = paid.order_id
                -- as store credit, not the way it was paid
                OR order_id = paid.order_id AND payment_id IS NULL AND gift_card_id IS NOT NULL
            ) AS back ON true
            WHERE paid.id > %(after)s AND paid.id <= %(upto)s AND paid.state = 'succeeded'
            AND coalesce(back.amount, 0) < paid.amount
            AND (placed.status = 'cancelled' OR placed.part_paid = 0
                AND paid.provider <> 'gift_card' AND paid.id <> (
                SELECT first.id FROM orders_payment AS first
                WHERE first.order_id = placed.id AND first.state = 'succeeded'
                AND first.provider <> 'gift_card'
                AND NOT EXISTS (SELECT FROM orders_refund AS extra
                    WHERE extra.payment_id = first.id AND extra.surplus)
                ORDER BY first.succeeded_at, first.id LIMIT 1))""",
    ),
    Invariant(
        rule="what a dispute has taken is in the ledger",
        table="orders_dispute",
        query="""SELECT dispute.id, format('took %%s, the ledger has %%s', withdrawn, booked)
            FROM orders_dispute AS dispute CROSS JOIN LATERAL (
                SELECT coalesce(-sum(line.amount), 0) AS booked FROM orders_ledgerentry AS entry
                JOIN orders_ledgerline AS line ON line.entry_id = entry.id
                WHERE entry.order_id = dispute.order_id
                AND starts_with(entry.key, 'dispute:' || dispute.id)
                AND line.account LIKE 'provider:%%') AS sums
            WHERE dispute.id > %(after)s AND dispute.id <= %(upto)s AND withdrawn <> booked""",
    ),
    Invariant(
        rule="a gift card's balance is the sum of its entries",
        table="orders_giftcard",
        query="""SELECT card.id, format('has %%s, its entries add up to %%s', balance, moved)
            FROM orders_giftcard AS card CROSS JOIN LATERAL (
                SELECT coalesce(sum(amount), 0) AS moved FROM orders_giftcardentry
                WHERE card_id = card.id) AS entries
            WHERE card.id > %(after)s AND card.id <= %(upto)s AND (balance <> moved
                OR balance < 0)""",
    ),
    Invariant(
        rule="what an order moves on gift cards is in the ledger",
        table="orders_order",
        query=f"""SELECT placed.id, format('cards moved by %%s, the ledger says %%s', moved, booked)
            FROM orders_order AS placed CROSS JOIN LATERAL (
                SELECT coalesce(sum(amount), 0) AS moved FROM orders_giftcardentry
                WHERE order_id = placed.id) AS entries
            CROSS JOIN LATERAL (
                SELECT coalesce(-sum(line.amount), 0) AS booked FROM orders_ledgerentry AS entry
                JOIN orders_ledgerline AS line ON line.entry_id = entry.id
                WHERE entry.order_id = placed.id AND line.account = 'gift_cards') AS sums
            WHERE {WITHIN.format(alias="placed")} AND moved <> booked""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="what moves on gift cards without an order is in the ledger",
        table="orders_giftcardentry",
        query="""SELECT moved.id, format('moved %%s, the ledger has %%s', moved.amount,
                coalesce(-line.amount, 0))
            FROM orders_giftcardentry AS moved
            LEFT JOIN orders_ledgerentry AS entry ON entry.key = 'gift-card:' || moved.id
            LEFT JOIN orders_ledgerline AS line
                ON line.entry_id = entry.id AND line.account = 'gift_cards'
            WHERE moved.id > %(after)s AND moved.id <= %(upto)s AND moved.order_id IS NULL
            AND coalesce(-line.amount, 0) <> moved.amount""",
    ),
    Invariant(
        rule="nothing else moves the ledger's account of gift cards",
        table="orders_ledgerentry",
        query=f"""SELECT entry.id, format('%%s: no movement of a card', entry.key)
            FROM orders_ledgerentry AS entry
            WHERE {WITHIN.format(alias="entry")} AND entry.order_id IS NULL
            AND EXISTS (SELECT FROM orders_ledgerline
                WHERE entry_id = entry.id AND account = 'gift_cards')
            AND NOT EXISTS (SELECT FROM orders_giftcardentry AS moved
                WHERE entry.key = 'gift-card:' || moved.id)""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="what gift cards paid of an order are its payments by them",
        table="orders_order",
        query=f"""SELECT placed.id, format('%%s by gift cards, its payments say %%s',
                gift_card_amount, paid)
            FROM orders_order AS placed CROSS JOIN LATERAL (
                SELECT coalesce(sum(amount), 0) AS paid FROM orders_payment
                WHERE order_id = placed.id AND provider = 'gift_card'
                AND state = 'succeeded') AS payments
            WHERE {WITHIN.format(alias="placed")} AND gift_card_amount <> paid""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="a payout is in the ledger",
        table="orders_payout",
        query="""SELECT payout.id, 'is not in the ledger' FROM orders_payout AS payout
            WHERE payout.id > %(after)s AND payout.id <= %(upto)s AND NOT EXISTS (
                SELECT FROM orders_ledgerentry
                WHERE key = 'payout:' || provider || ':' || provider_ref)""",
    ),
    Invariant(
        rule="a closed month's accounts are as it was closed",
        table="orders_monthclosing",
        query=f"""SELECT closing.id, format('%%s %%s %%s: closed with %%s, now %%s',
                to_char(month, 'YYYY-MM'), account, currency, coalesce(frozen, 0),
                coalesce(stands, 0))
            FROM orders_monthclosing AS closing CROSS JOIN LATERAL (
                SELECT account, currency, sum(amount) FILTER (WHERE NOT fresh) AS frozen,
                    sum(amount) FILTER (WHERE fresh) AS stands FROM (
                    SELECT one ->> 'account' AS account, one ->> 'currency' AS currency,
                        (one ->> 'debit')::numeric - (one ->> 'credit')::numeric AS amount,
                        false AS fresh FROM jsonb_array_elements(balances) AS one
                    UNION ALL SELECT line.account, line.currency, line.amount, true
                    FROM orders_ledgerentry AS entry
                    JOIN orders_ledgerline AS line ON line.entry_id = entry.id
                    WHERE at >= month::timestamp AT TIME ZONE '{_ZONE}'
                    AND at < (month + interval '1 month')::timestamp AT TIME ZONE '{_ZONE}'
                ) AS amounts GROUP BY account, currency) AS sums
            WHERE {WITHIN.format(alias="closing")}
            AND coalesce(frozen, 0) <> coalesce(stands, 0)""",  # noqa: S608 (our own text)
    ),
]
