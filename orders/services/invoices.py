"""Invoices: written in the transaction that sends a parcel or takes a payment, numbered last.

    invoices.issue_for_parcel(order, parcel)

An invoice is booked in the ledger as a sale (docs/invoices.md). Its number is given as the last
step of the transaction, from a row that is locked until the commit: a transaction that fails
leaves no gap. A job renders the PDF afterwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.conf import settings
from django.db import connection
from django.utils import timezone

from markrin.db import transactions
from markrin.outbox import services as outbox
from orders import events
from orders.invoicing.charges import (
    Item,
    OrderCharges,
    count_invoiced,
    read_charges,
    to_money,
)
from orders.invoicing.document import build_data, series_of
from orders.models import (
    Fulfilment,
    Invoice,
    InvoiceLine,
    LedgerEntry,
    Order,
    Payment,
    TaxSettings,
)
from orders.models.invoice import InvoiceKind
from orders.models.order_status import OrderStatus, PaymentStatus
from orders.models.tax import SETTINGS_KEY, TaxScheme
from orders.pricing.invoicing import NOTHING, give_back
from orders.pricing.money import spread, to_units
from orders.services import ledger

# Numbers all that this transaction has written: only it sees rows without one.
_NUMBER: Final = """
WITH fresh AS (
    SELECT id, series, row_number() OVER (PARTITION BY series ORDER BY id) AS place
    FROM orders_invoice WHERE number IS NULL),
sizes AS (SELECT series, count(*) AS size FROM fresh GROUP BY series),
counters AS (
    INSERT INTO orders_invoiceseries (prefix, last)
    SELECT series, size FROM sizes ORDER BY series
    ON CONFLICT (prefix) DO UPDATE SET last = orders_invoiceseries.last + excluded.last
    RETURNING prefix, last),
given AS (
    SELECT fresh.id, series, last - size + place AS serial
    FROM fresh JOIN sizes USING (series) JOIN counters ON prefix = series)
UPDATE orders_invoice AS made SET serial = given.serial,
    number = given.series || '-'
        || lpad(given.serial::text, greatest(6, length(given.serial::text)), '0')
FROM given WHERE made.id = given.id
"""


@dataclass(frozen=True)
class Draft:
    """An invoice before it is written."""

    kind: InvoiceKind
    cause: str
    items: Sequence[Item]
    parcel: Fulfilment | None = None
    original: Invoice | None = None
    reason: str = ""


@transactions.requires_transaction
def issue_for_parcel(order: Order, parcel: Fulfilment) -> Invoice | None:
    """Write the invoice of a parcel of a locked order, which leaves now: its lines at the rates of
    today, shipping and fees with the order's first invoice.

    None where its pieces are invoiced already: it is sent once more, or the order was invoiced
    when it was paid. The row that numbers it is locked last.
    """
    if _was_sold_before_invoices(order):
        return None
    invoiced = count_invoiced(order)
    pieces = {
        row.line_id: row.quantity
        for row in parcel.lines.all()
        if row.line_id not in invoiced.ahead
    }
    cause = f"parcel:{parcel.pk}"
    if not pieces or Invoice.objects.filter(cause=cause).exists():
        return None
    charges = read_charges(order, day=timezone.localdate())
    items = charges.list_items(
        pieces, before=invoiced.pieces, besides=not invoiced.is_any
    )
    return write(order, Draft(InvoiceKind.INVOICE, cause, items, parcel))


@transactions.requires_transaction
def issue_for_payment(order: Order, payment: Payment) -> Invoice | None:
    """Write what a payment of a locked order wants: with INVOICE_AT=paid the invoice of all that
    is not invoiced, else in India a receipt voucher for what is paid ahead of the goods.
    """
    if order.status == OrderStatus.CANCELLED or _was_sold_before_invoices(order):
        return None
    if order.sells_gift_cards:  # what they buy is invoiced
        return None
    if settings.INVOICE_AT == "paid" and order.payment_status != PaymentStatus.PAID:
        return None  # of a part: the rest is to come
    invoiced = count_invoiced(order)
    charges = read_charges(order, day=timezone.localdate())
    pieces = {
        line.pk: left
        for line in charges.lines
        if (
            left := line.quantity - line.cancelled - invoiced.pieces.get(line.pk, 0)
        )
        > 0
    }
    if not pieces:
        return None
    items = charges.list_items(
        pieces, before=invoiced.pieces, besides=not invoiced.is_any
    )
    if settings.INVOICE_AT == "paid":
        return write(order, Draft(InvoiceKind.INVOICE, f"paid:{payment.pk}", items))
    if not uses_vouchers():
        return None
    return _write_receipt(order, payment, charges, items)


def _write_receipt(
    order: Order, payment: Payment, charges: OrderCharges, items: Sequence[Item]
) -> Invoice | None:
    """Write a receipt voucher: for what is paid ahead, which may be less than what is to come."""
    values = [item.charge.charged for item in items]
    ahead = min(to_units(payment.amount, charges.currency), sum(values))
    if not ahead:
        return None
    scaled = [
        Item(
            item.of,
            item.name,
            item.hs_code,
            item.unit,
            give_back(item.charge, NOTHING, share, item.charge.pieces),
            item.line,
        )
        for item, share in zip(items, spread(ahead, values), strict=True)
    ]
    cause = f"payment:{payment.pk}"
    return write(order, Draft(InvoiceKind.RECEIPT_VOUCHER, cause, scaled))


def uses_vouchers() -> bool:
    """Return whether money ahead of the goods wants vouchers: in India (CGST Rules 50 and 51)."""
    return TaxSettings.objects.filter(
        pk=SETTINGS_KEY, scheme=TaxScheme.INDIA
    ).exists()


def _was_sold_before_invoices(order: Order) -> bool:
    """Return whether the ledger has the order's sale as a whole: it is older than invoices, or of
    gift cards, which have none.
    """
    return LedgerEntry.objects.filter(key=ledger.sale_key(order)).exists()


@transactions.requires_transaction
def write(order: Order, draft: Draft) -> Invoice:
    """Write an invoice with its lines, book it, and have it numbered and rendered."""
    today = timezone.localdate()
    currency = order.currency
    tax = sum(item.charge.tax for item in draft.items)
    charged = sum(item.charge.charged for item in draft.items)
    data = build_data(order, original=draft.original)
    made = Invoice.objects.create(
        kind=draft.kind,
        series=series_of(draft.kind, today),
        issued_on=today,
        order=order,
        fulfilment=draft.parcel,
        original=draft.original,
        cause=draft.cause,
        reason=draft.reason[:200],
        language=order.language,
        currency=currency,
        taxable=to_money(charged - tax, currency),
        tax=to_money(tax, currency),
        total=to_money(charged, currency),
        buyer_tax_id=order.tax_id,
        supply_country=order.supply_country,
        supply_state=order.supply_state,
        zero_rated=order.zero_rated,
        data=data.to_json(),
    )
    lines = InvoiceLine.objects.bulk_create(
        [
            _build_line(made, position, item, currency)
            for position, item in enumerate(draft.items)
        ]
    )
    ledger.book_invoice(made, lines)
    transactions.run_last("number invoices", number_invoices)
    outbox.add(events.InvoiceIssued(order_id=order.pk, invoice_id=made.pk))
    return made


def _build_line(
    invoice: Invoice, position: int, item: Item, currency: str
) -> InvoiceLine:
    charge = item.charge
    return InvoiceLine(
        invoice=invoice,
        position=position,
        of=item.of,
        line=item.line,
        original=item.original,
        name=item.name,
        hs_code=item.hs_code,
        unit=item.unit,
        quantity=charge.pieces,
        percent=sum((part.percent for part in charge.parts), Decimal(0)),
        charged=to_money(charge.charged, currency),
        tax=to_money(charge.tax, currency),
        taxes=[
            {
                "name": part.name,
                "percent": f"{part.percent.normalize():f}",
                "amount": str(to_money(part.amount, currency)),
            }
            for part in charge.parts
        ],
    )


def number_invoices() -> None:
    """Number what this transaction has written. Locks the rows of the series until the commit."""
    with connection.cursor() as cursor:
        cursor.execute(_NUMBER)
