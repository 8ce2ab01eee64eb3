"""Credit notes: what an invoiced order owes no more, for goods that came back, were refused or
lost, and for prices lowered afterwards; and refund vouchers, for money that was paid ahead.

    credit_notes.settle(order, cause=refund.pk, reason="…")

One function for all: it compares what is invoiced with what the order should cost by now, and
credits the difference. Called again, it finds none.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from markrin.db import transactions
from orders.invoicing.charges import (
    Invoiced,
    Item,
    count_invoiced,
    read_charges,
    to_money,
)
from orders.models import (
    Invoice,
    InvoiceLine,
    LedgerEntry,
    Order,
    OrderLine,
    Refund,
)
from orders.models.invoice import InvoiceKind
from orders.models.payment import RefundState
from orders.models.tax import TaxedThing
from orders.pricing.invoicing import (
    NOTHING,
    Charge,
    give_back,
    spread_back,
    value_back,
)
from orders.pricing.money import part_of_line, spread, to_units
from orders.pricing.tax import TaxPart
from orders.services import gift_cards, invoices, ledger


@dataclass
class _OpenLine:
    """A line of an invoice, with what has been credited of it."""

    row: InvoiceLine
    charge: Charge
    given: Charge

    @property
    def left(self) -> int:
        return self.charge.charged - self.given.charged

    @property
    def pieces_left(self) -> int:
        return self.charge.pieces - self.given.pieces


@dataclass
class _Give:
    """What is given back of a line."""

    line: _OpenLine
    amount: int = 0
    pieces: int = 0


# --- What pieces are worth -----------------------------------------------------------------------
def value_pieces(order: Order, line: OrderLine, quantity: int) -> Decimal:
    """Return what was charged for the last `quantity` pieces of the line, which counts them as
    cancelled or back already: after its discount, with its tax.

    What is invoiced is worth what is left of it on its invoices. All pieces of a line together
    give back what was charged for it, in whatever portions they come. Three queries.
    """
    invoiced = count_invoiced(order)
    open_lines = [
        each
        for each in _read_open_lines(order, InvoiceKind.INVOICE)
        if each.row.line_id == line.pk
    ]
    gone = min(quantity, _count_gone(line, open_lines, invoiced))
    value = sum(give.amount for give in _take_pieces(open_lines, gone))
    if rest := quantity - gone:
        charged = line.line_total - line.discount
        charged += Decimal(0) if order.tax_included else line.tax
        before = line.cancelled - rest
        if not invoiced.is_any:  # of an order that is older than invoices
            before += line.returned
        units = to_units(charged, order.currency)
        value += part_of_line(units, rest, line.quantity, before=before)
    return to_money(value, order.currency)


def _count_gone(
    line: OrderLine, open_lines: Sequence[_OpenLine], invoiced: Invoiced
) -> int:
    """Return how many pieces of a line are invoiced and not credited, and are not with the
    customer nor on their way any more.
    """
    kept = line.shipped - line.returned
    if line.pk in invoiced.ahead:
        kept = line.quantity - line.cancelled - line.returned
    return max(0, sum(each.pieces_left for each in open_lines) - kept)


def _take_pieces(open_lines: Sequence[_OpenLine], pieces: int) -> list[_Give]:
    """Return what so many pieces give back of these lines, the earliest invoice first."""
    gives = []
    for each in open_lines:
        taken = min(pieces, each.pieces_left)
        if taken:
            amount = value_back(each.charge, each.given, taken)
            gives.append(_Give(each, amount, taken))
            pieces -= taken
    return gives


# --- Credit notes --------------------------------------------------------------------------------
@transactions.requires_transaction
def settle(order: Order, *, cause: UUID, reason: str) -> list[Invoice]:
    """Credit what a locked order owes no more of what was invoiced; return the credit notes.

    The order's `refunded` and `waived`, and its lines, count what has happened already. `cause`
    is the id of what did. Pieces that are gone stand on the note; what is given back besides
    lowers prices. The row that numbers it is locked last.
    """
    open_lines = _read_open_lines(order, InvoiceKind.INVOICE)
    if not open_lines:
        _settle_without_invoice(order, cause=cause, reason=reason)
        return []
    invoiced = count_invoiced(order)
    charges = read_charges(order)
    to_pay = to_units(order.total - order.waived - order.refunded, order.currency)
    left = sum(each.left for each in open_lines)
    surplus = min(left, left - to_pay + charges.value_to_invoice(invoiced))
    if surplus <= 0:
        return []
    gives: list[_Give] = []
    for line in charges.lines:
        own = [each for each in open_lines if each.row.line_id == line.pk]
        gives += _take_pieces(own, _count_gone(line, own, invoiced))
    return _write_notes(
        order,
        _fit(gives, open_lines, surplus),
        kind=InvoiceKind.CREDIT_NOTE,
        cause=f"credit:{cause}",
        reason=reason,
    )


def _fit(
    gives: Sequence[_Give], open_lines: Sequence[_OpenLine], surplus: int
) -> list[_Give]:
    """Return what is given back of each line, so that it adds up to `surplus`: less for the
    pieces where they are worth more, lower prices of what is left where they are worth less.
    """
    worth = [give.amount for give in gives]
    if sum(worth) > surplus:
        shares = spread(surplus, worth)
        return [
            replace(give, amount=share)
            for give, share in zip(gives, shares, strict=True)
        ]
    by_line = {give.line.row.pk: replace(give) for give in gives}
    for each in open_lines:
        by_line.setdefault(each.row.pk, _Give(each))
    rows = list(by_line.values())
    lower = spread_back(
        surplus - sum(worth), [give.line.left - give.amount for give in rows]
    )
    for give, amount in zip(rows, lower, strict=True):
        give.amount += amount
    return [give for give in rows if give.amount or give.pieces]


def _settle_without_invoice(order: Order, *, cause: UUID, reason: str) -> None:
    """Book what an order owes no more whose sale has no invoice: it is older than invoices, or of
    gift cards, which lose as much, if they can.
    """
    if not LedgerEntry.objects.filter(key=ledger.sale_key(order)).exists():
        return
    surplus = order.refunded + order.waived - ledger.credited(order)
    if surplus > 0 and order.sells_gift_cards:
        key = f"credit:{cause}"
        taken = gift_cards.take_back_sold(order, surplus, key=key, reason=reason)
        ledger.book_gift_card_credit(
            order, key, surplus, from_cards=taken, note=reason
        )
    elif surplus > 0:
        ledger.book_credit(order, f"credit:{cause}", surplus, note=reason)


def _read_open_lines(order: Order, kind: InvoiceKind) -> list[_OpenLine]:
    """Return the lines of the order's invoices (or receipts) with what was credited of each, the
    earliest first. Two queries.
    """
    rows = InvoiceLine.objects.filter(invoice__order=order, invoice__kind=kind)
    found = {
        row.pk: _OpenLine(row, charge, replace(NOTHING, parts=_empty(charge)))
        for row in rows.select_related("invoice").order_by("invoice_id", "position")
        for charge in [read_charge(row)]
    }
    for note in InvoiceLine.objects.filter(original__in=list(found)):
        line = found[note.original_id or 0]
        line.given = _add(line.given, read_charge(note))
    return list(found.values())


def read_charge(row: InvoiceLine) -> Charge:
    """Return a line of an invoice as an amount with its tax."""
    currency = row.invoice.currency
    parts = tuple(
        TaxPart(
            part["name"],
            Decimal(part["percent"]),
            to_units(Decimal(part["amount"]), currency),
        )
        for part in row.taxes
    )
    return Charge(to_units(row.charged, currency), parts, row.quantity)


def _empty(charge: Charge) -> tuple[TaxPart, ...]:
    return tuple(part._replace(amount=0) for part in charge.parts)


def _add(one: Charge, other: Charge) -> Charge:
    amounts = {part.name: part.amount for part in other.parts}
    parts = tuple(
        part._replace(amount=part.amount + amounts.get(part.name, 0))
        for part in one.parts
    )
    return Charge(one.charged + other.charged, parts, one.pieces + other.pieces)


def _write_notes(
    order: Order,
    gives: Sequence[_Give],
    *,
    kind: InvoiceKind,
    cause: str,
    reason: str,
) -> list[Invoice]:
    """Write a note to each invoice that something is given back of."""
    by_invoice: dict[UUID, list[_Give]] = {}
    for give in gives:
        by_invoice.setdefault(give.line.row.invoice_id, []).append(give)
    return [
        invoices.write(
            order,
            invoices.Draft(
                kind=kind,
                cause=f"{cause}:{invoice_id}",
                items=[_build_item(give) for give in rows],
                original=rows[0].line.row.invoice,
                reason=reason,
            ),
        )
        for invoice_id, rows in by_invoice.items()
    ]


def _build_item(give: _Give) -> Item:
    row = give.line.row
    return Item(
        TaxedThing(row.of),
        row.name,
        row.hs_code,
        row.unit,
        give_back(give.line.charge, give.line.given, give.amount, give.pieces),
        row.line,
        row,
    )


# --- Refund vouchers -----------------------------------------------------------------------------
@transactions.requires_transaction
def issue_refund_voucher(order: Order, refund: Refund) -> list[Invoice]:
    """Write a refund voucher for what a refund, which was paid out, gives back of money that was
    paid ahead: what no invoice has used up, and none will.

    Source: CGST Act s. 31(3)(e), CGST Rules 2017, rule 51.
    """
    open_lines = _read_open_lines(order, InvoiceKind.RECEIPT_VOUCHER)
    if not open_lines or refund.surplus or refund.state != RefundState.SUCCEEDED:
        return []
    invoiced = count_invoiced(order)
    used = sum(
        to_units(total, order.currency)
        for total in Invoice.objects.filter(
            order=order, kind=InvoiceKind.INVOICE
        ).values_list("total", flat=True)
    )
    ahead = sum(each.left for each in open_lines)
    free = ahead - used - read_charges(order).value_to_invoice(invoiced)
    amount = min(to_units(refund.amount, order.currency), free)
    if amount <= 0:
        return []
    return _write_notes(
        order,
        _fit([], open_lines, amount),
        kind=InvoiceKind.REFUND_VOUCHER,
        cause=f"refund:{refund.pk}",
        reason=refund.reason,
    )
