"""What must be true of invoices, credit notes and vouchers, for `manage.py verify`."""

from typing import Final

from markrin.db.invariants import Invariant
from orders.ledger_invariants import WITHIN
from orders.pricing.money import OTHER_DECIMALS

DECIMALS_SQL: Final = "CASE {} ELSE 2 END".format(
    " ".join(
        f"WHEN placed.currency = '{code}' THEN {decimals}"
        for code, decimals in sorted(OTHER_DECIMALS.items())
    )
)
# Whether the order's sale is older than invoices: the ledger has it as a whole.
_SOLD_BEFORE: Final = """EXISTS (SELECT FROM orders_ledgerentry
    WHERE key = 'sale:' || placed.id)"""
# How many pieces of the line stand on invoices.
_INVOICED: Final = """(SELECT coalesce(sum(row.quantity), 0) FROM orders_invoiceline AS row
    JOIN orders_invoice AS made ON made.id = row.invoice_id
    WHERE row.line_id = line.id AND made.kind = 'invoice')"""
# What pieces that are neither cancelled nor invoiced will be charged: their share of the line from
# its far end, as orders/pricing/invoicing.py takes it.
_TO_INVOICE: Final = f"""(SELECT coalesce(sum(
        round(charged * (line.quantity - invoiced) / line.quantity, {DECIMALS_SQL})
        - round(charged * (line.quantity - invoiced - pending) / line.quantity, {DECIMALS_SQL})
    ), 0) FROM orders_orderline AS line
    CROSS JOIN LATERAL (SELECT {_INVOICED} AS invoiced) AS before
    CROSS JOIN LATERAL (SELECT greatest(0, line.quantity - cancelled - invoiced) AS pending,
        line.line_total - line.discount
            + CASE WHEN placed.tax_included THEN 0 ELSE line.tax END AS charged) AS now
    WHERE line.order_id = placed.id)"""  # noqa: S608 (our own text)

INVOICES = [
    Invariant(
        rule="a series of invoices has no gap",
        table="orders_invoiceseries",
        key="prefix",
        query="""SELECT series.prefix, format('last %%s, %%s numbers, the highest %%s', last,
                n, highest)
            FROM orders_invoiceseries AS series CROSS JOIN LATERAL (
                SELECT count(*) AS n, max(serial) AS highest FROM orders_invoice
                WHERE orders_invoice.series = series.prefix) AS given
            WHERE prefix > %(after)s AND prefix <= %(upto)s
            AND (n <> last OR highest IS DISTINCT FROM last)""",
    ),
    Invariant(
        rule="every invoice has its number",
        table="orders_invoice",
        query=f"""SELECT made.id, format('%%s has none', cause) FROM orders_invoice AS made
            WHERE {WITHIN.format(alias="made")} AND (number IS NULL OR serial IS NULL)""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="an invoice equals its lines, and each line its tax",
        table="orders_invoice",
        query=f"""SELECT made.id, format('%%s: total %%s, tax %%s; lines %%s, %%s', number, total,
                made.tax, lines.charged, lines.tax)
            FROM orders_invoice AS made CROSS JOIN LATERAL (
                SELECT sum(charged) AS charged, sum(tax) AS tax,
                    bool_and(tax = (SELECT coalesce(sum((part ->> 'amount')::numeric), 0)
                        FROM jsonb_array_elements(taxes) AS part)) AS fits
                FROM orders_invoiceline WHERE invoice_id = made.id) AS lines
            WHERE {WITHIN.format(alias="made")}
            AND ((total, made.tax) IS DISTINCT FROM (lines.charged, lines.tax)
                OR NOT fits OR taxable <> total - made.tax)""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="an invoice is in the ledger, by its parts",
        table="orders_invoice",
        query=f"""SELECT made.id, format('%%s: off by %%s', number, off)
            FROM orders_invoice AS made CROSS JOIN LATERAL (
                SELECT coalesce(sum(abs(booked.amount)), 0) AS off FROM (
                    SELECT account, sum(amount) AS amount FROM (
                        SELECT account, CASE made.kind WHEN 'invoice' THEN amount ELSE -amount END
                            AS amount
                        FROM orders_ledgerentry AS entry
                        JOIN orders_ledgerline AS line ON line.entry_id = entry.id
                        WHERE entry.key = CASE made.kind WHEN 'invoice' THEN 'sale:'
                            ELSE 'credit:' END || made.id
                        UNION ALL SELECT 'receivable', -made.total
                        UNION ALL SELECT CASE of WHEN 'line' THEN 'revenue' ELSE of END,
                            charged - tax
                        FROM orders_invoiceline WHERE invoice_id = made.id
                        UNION ALL SELECT 'tax:' || regexp_replace(part ->> 'name',
                            '[^A-Za-z0-9_ .-]', '_', 'g'), (part ->> 'amount')::numeric
                        FROM orders_invoiceline, jsonb_array_elements(taxes) AS part
                        WHERE invoice_id = made.id) AS parts
                    GROUP BY account) AS booked) AS sums
            WHERE {WITHIN.format(alias="made")} AND kind IN ('invoice', 'credit_note')
            AND off <> 0""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="what has left is invoiced",
        table="orders_orderline",
        query=f"""SELECT line.id, format('%%s have left, %%s are invoiced', shipped, invoiced)
            FROM orders_orderline AS line JOIN orders_order AS placed ON placed.id = line.order_id
            CROSS JOIN LATERAL (SELECT {_INVOICED} AS invoiced) AS sums
            WHERE {WITHIN.format(alias="line")} AND shipped > invoiced
            AND NOT {_SOLD_BEFORE}""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="invoices - credit notes = what is to be paid for the pieces on them",
        table="orders_order",
        query=f"""SELECT placed.id, format('invoiced %%s, credited %%s, to be paid %%s, of it not'
                ' invoiced yet %%s', invoiced, credited, to_pay, pending)
            FROM orders_order AS placed CROSS JOIN LATERAL (
                SELECT coalesce(sum(made.total) FILTER (WHERE kind = 'invoice'), 0) AS invoiced,
                    coalesce(sum(made.total) FILTER (WHERE kind = 'credit_note'), 0) AS credited
                FROM orders_invoice AS made WHERE order_id = placed.id) AS sums
            CROSS JOIN LATERAL (SELECT placed.total - waived - refunded AS to_pay,
                {_TO_INVOICE} AS pending) AS rule
            WHERE {WITHIN.format(alias="placed")} AND invoiced > 0
            AND (invoiced - credited > greatest(0, to_pay - pending)
                OR invoiced - credited < to_pay - pending AND NOT EXISTS (
                    SELECT FROM orders_refund WHERE order_id = placed.id AND state = 'failed')
                )""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="no more is credited of an invoice's line than it charges",
        table="orders_invoice",
        query=f"""SELECT made.id, format('%%s: %%s charged, %%s given back', number,
                max(line.charged), sum(note.charged))
            FROM orders_invoice AS made JOIN orders_invoiceline AS line
                ON line.invoice_id = made.id
            JOIN orders_invoiceline AS note ON note.original_id = line.id
            WHERE {WITHIN.format(alias="made")}
            GROUP BY made.id, line.id HAVING sum(note.charged) > max(line.charged)
                OR sum(note.tax) > max(line.tax)
                OR sum(note.quantity) > max(line.quantity)""",  # noqa: S608 (our own text)
    ),
    Invariant(
        rule="an invoice's file is as it was rendered",
        table="orders_invoicefile",
        key="invoice_id",
        query="""SELECT invoice_id, 'its SHA-256 is another' FROM orders_invoicefile
            WHERE invoice_id > %(after)s AND invoice_id <= %(upto)s
            AND sha256 <> encode(sha256(pdf), 'hex')""",
    ),
]
