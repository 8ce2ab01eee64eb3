"""Books what the ledger lacks, from the rows that moved money: for the demo shop, whose orders are
copied in, and for a shop whose orders are older than its ledger. Run again, it books nothing more.
"""

from typing import Final

from django.db import connection, transaction

_ENTRY: Final = """
    entry AS (INSERT INTO orders_ledgerentry (id, at, kind, key, order_id, note)
        SELECT id, at, '{kind}', key, order_id, note FROM missing
        ON CONFLICT (key) DO NOTHING RETURNING id)
INSERT INTO orders_ledgerline (entry_id, account, amount, currency)
SELECT id, account, amount, currency FROM entry JOIN missing USING (id)
CROSS JOIN LATERAL (VALUES {lines}) AS line (account, amount) WHERE amount <> 0
"""
# A UUIDv7 of the entry's moment, so that entries of a day lie together, as those that the ledger
# writes itself. PostgreSQL makes them by itself from 18 on only.
_ID: Final = (
    "(lpad(to_hex(floor(greatest(0, extract(epoch FROM {at}) * 1000))::bigint), 12, '0') || '7'"
    " || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid AS id"
)
_AT_PROVIDER: Final = (
    "CASE provider WHEN 'cod' THEN 'cash' ELSE 'provider:' || provider END"
)
_NOT_BOOKED: Final = "NOT EXISTS (SELECT FROM orders_ledgerentry WHERE key = {key})"
# The sale of an order with invoices is booked by each of them, and its credits by its notes.
_NOT_INVOICED: Final = (
    "NOT EXISTS (SELECT FROM orders_invoice WHERE order_id = placed.id)"
)

PAYMENTS: Final = f"""WITH missing AS (
    SELECT {_ID.format(at="succeeded_at")}, succeeded_at AS at,
        'payment:' || paid.id AS key, order_id, '' AS note, amount AS paid, currency,
        {_AT_PROVIDER} AS holder
    FROM orders_payment AS paid WHERE state = 'succeeded'
    AND {_NOT_BOOKED.format(key="'payment:' || paid.id")}),
{_ENTRY.format(kind="payment", lines="(holder, paid), ('receivable', -paid)")}"""  # noqa: S608 (our own text)

# An invoice is a sale, a credit note takes a part of it back: each by its parts, as
# `ledger.book_invoice` books it.
INVOICES: Final = f"""WITH missing AS (
    SELECT {_ID.format(at="issued_at")}, issued_at AS at, booked.kind, booked.key, order_id,
        left(reason, 200) AS note, made.id AS invoice, currency, total, sign
    FROM orders_invoice AS made CROSS JOIN LATERAL (
        SELECT CASE made.kind WHEN 'invoice' THEN 'sale' ELSE 'credit' END AS kind,
            CASE made.kind WHEN 'invoice' THEN 'sale:' ELSE 'credit:' END || made.id AS key,
            CASE made.kind WHEN 'invoice' THEN 1 ELSE -1 END AS sign) AS booked
    WHERE made.kind IN ('invoice', 'credit_note') AND total > 0
    AND {_NOT_BOOKED.format(key="booked.key")}),
entry AS (INSERT INTO orders_ledgerentry (id, at, kind, key, order_id, note)
    SELECT id, at, kind, key, order_id, note FROM missing
    ON CONFLICT (key) DO NOTHING RETURNING id)
INSERT INTO orders_ledgerline (entry_id, account, amount, currency)
SELECT id, account, sum(amount), currency FROM entry JOIN missing USING (id)
CROSS JOIN LATERAL (
    SELECT 'receivable' AS account, sign * total AS amount
    UNION ALL SELECT CASE of WHEN 'line' THEN 'revenue' ELSE of END, sign * (tax - charged)
    FROM orders_invoiceline WHERE invoice_id = invoice
    UNION ALL SELECT 'tax:' || regexp_replace(part ->> 'name', '[^A-Za-z0-9_ .-]', '_', 'g'),
        -sign * (part ->> 'amount')::numeric
    FROM orders_invoiceline, jsonb_array_elements(taxes) AS part WHERE invoice_id = invoice
) AS line GROUP BY id, account, currency HAVING sum(amount) <> 0"""  # noqa: S608 (our own text)

SALES: Final = f"""WITH missing AS (
    SELECT {
    _ID.format(at="shipped_at")
}, shipped_at AS at, 'sale:' || placed.id AS key,
        placed.id AS order_id, '' AS note, total, shipping, tax, currency
    FROM orders_order AS placed WHERE shipped_at IS NOT NULL AND total > 0
    AND {_NOT_INVOICED} AND {_NOT_BOOKED.format(key="'sale:' || placed.id")}),
{
    _ENTRY.format(
        kind="sale",
        lines="('receivable', total), ('revenue', shipping + tax - total),"
        " ('shipping', -shipping), ('tax', -tax)",
    )
}"""  # noqa: S608 (our own text)

# What was refunded of an order that has left; one row an order, so that the shares are exact.
CREDITS: Final = f"""WITH missing AS (
    SELECT {
    _ID.format(at="coalesce(max(back.created_at), now())")
}, coalesce(max(back.created_at), now()) AS at,
        'credit:' || (min(back.id::text)) AS key, placed.id AS order_id, '' AS note,
        sum(back.amount) AS back, placed.currency,
        round(placed.tax * sum(back.amount) / placed.total, 2) AS tax,
        round(placed.shipping * sum(back.amount) / placed.total, 2) AS shipping
    FROM orders_order AS placed JOIN orders_refund AS back ON back.order_id = placed.id
    WHERE shipped_at IS NOT NULL AND total > 0 AND back.state <> 'failed' AND NOT back.surplus
    AND {_NOT_INVOICED}
    AND NOT EXISTS (SELECT FROM orders_ledgerentry AS known
        WHERE known.order_id = placed.id AND known.kind = 'credit')
    GROUP BY placed.id),
{
    _ENTRY.format(
        kind="credit",
        lines="('receivable', -back), ('revenue', back - tax - shipping),"
        " ('shipping', shipping), ('tax', tax)",
    )
}"""  # noqa: S608 (our own text)

REFUNDS: Final = f"""WITH missing AS (
    SELECT {_ID.format(at="finished_at")}, finished_at AS at, 'refund:' || back.id AS key,
        back.order_id, left(back.reason, 200) AS note, back.amount AS back,
        coalesce(paid.currency, placed.currency) AS currency,
        CASE coalesce(paid.provider, 'cod') WHEN 'cod' THEN 'cash'
            ELSE 'provider:' || paid.provider END AS holder
    FROM orders_refund AS back JOIN orders_order AS placed ON placed.id = back.order_id
    LEFT JOIN orders_payment AS paid ON paid.id = back.payment_id
    WHERE back.state = 'succeeded' AND {_NOT_BOOKED.format(key="'refund:' || back.id")}),
{_ENTRY.format(kind="refund", lines="('receivable', back), (holder, -back)")}"""  # noqa: S608 (our own text)


def book_missing() -> int:
    """Book payments, invoices, sales, credits and refunds that lack it; return how many lines.

    Sets of rows in five statements, each in a transaction of its own. Locks nothing.
    """
    lines = 0
    for statement in (PAYMENTS, INVOICES, SALES, CREDITS, REFUNDS):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
            lines += cursor.rowcount
    return lines
