"""An order as what is to be invoiced: its lines, shipping and fees with their tax at supply."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db.models import Sum

from orders.models import InvoiceLine, Order, OrderLine, OrderTax
from orders.models.invoice import InvoiceKind
from orders.models.tax import TaxedThing
from orders.pricing.invoicing import (
    Charge,
    SoldLine,
    take_pieces,
    tax_at_supply,
    tax_levy_at_supply,
)
from orders.pricing.money import from_units, to_units
from orders.pricing.tax import Levy, Place, RateTable, Supply, TaxPart
from orders.tax_rules import read_tax_rules

# Units of quantity (UQC) of the GST portal. Shoes are counted in pairs, clothes in pieces.
PIECES: Final = "PCS"
PAIRS: Final = "PRS"
NO_UNIT: Final = "OTH"
FOOTWEAR: Final = "64"


@dataclass(frozen=True)
class Item:
    """A line of an invoice before it is written. `line` is None for shipping and fees."""

    of: TaxedThing
    name: str
    hs_code: str
    unit: str
    charge: Charge
    line: OrderLine | None = None
    original: InvoiceLine | None = None


@dataclass(frozen=True)
class Invoiced:
    """How many pieces of each line stand on invoices, and whether any invoice was ahead of its
    parcels (INVOICE_AT=paid).
    """

    pieces: dict[UUID, int]
    is_any: bool
    ahead: frozenset[UUID]


def count_invoiced(order: Order) -> Invoiced:
    """Return how many pieces of each line stand on invoices. One query."""
    rows = list(
        InvoiceLine.objects.filter(
            invoice__order=order, invoice__kind=InvoiceKind.INVOICE
        )
        .values_list("line", "invoice__fulfilment")
        .annotate(pieces=Sum("quantity"))
        .order_by()
    )
    pieces: dict[UUID, int] = {}
    for line, _, number in rows:
        if line is not None:
            pieces[line] = pieces.get(line, 0) + number
    ahead = frozenset(
        line for line, parcel, _ in rows if line is not None and parcel is None
    )
    return Invoiced(pieces, bool(rows), ahead)


@dataclass(frozen=True)
class OrderCharges:
    """What an order is charged in all, tax included, as it is supplied now."""

    currency: str
    lines: Sequence[OrderLine]
    charges: dict[UUID, Charge]
    shipping: tuple[Charge, ...]
    fees: tuple[Charge, ...]

    def list_items(
        self, pieces: dict[UUID, int], *, before: dict[UUID, int], besides: bool
    ) -> list[Item]:
        """Return what an invoice of so many pieces charges, of which others have been invoiced
        `before`; with shipping and fees if `besides`.
        """
        items = [
            Item(
                TaxedThing.LINE,
                _describe(line),
                line.variant.hs_code,
                _unit_of(line),
                take_pieces(
                    self.charges[line.pk],
                    pieces[line.pk],
                    before=before.get(line.pk, 0),
                ),
                line,
            )
            for line in self.lines
            if pieces.get(line.pk)
        ]
        if besides:
            items += self._list_besides(TaxedThing.SHIPPING, self.shipping)
            items += self._list_besides(TaxedThing.FEES, self.fees)
        return items

    def _list_besides(
        self, of: TaxedThing, charges: Iterable[Charge]
    ) -> list[Item]:
        # What comes with goods is their composite supply (CGST Act s. 8): it has the code of the
        # goods that cost most.
        dearest = max(self.lines, key=lambda line: self.charges[line.pk].charged)
        return [
            Item(of, of.label, dearest.variant.hs_code, NO_UNIT, charge)
            for charge in charges
        ]

    def value_to_invoice(self, invoiced: Invoiced) -> int:
        """Return what is still to be invoiced: pieces that were not cancelled, and shipping and
        fees before the first invoice.
        """
        value = 0
        for line in self.lines:
            before = invoiced.pieces.get(line.pk, 0)
            left = line.quantity - line.cancelled - before
            if left > 0:
                charge = self.charges[line.pk]
                value += take_pieces(charge, left, before=before).charged
        if not invoiced.is_any:
            value += sum(each.charged for each in (*self.shipping, *self.fees))
        return value


def read_charges(order: Order, *, day: date | None = None) -> OrderCharges:
    """Return what the order is charged; with a `day`, taxed by that day's rates, the total as it
    is (CGST Act s. 14). Two queries, three with a day.
    """
    lines = list(order.lines.select_related("variant").order_by("position"))
    taxes = list(OrderTax.objects.filter(order=order).order_by("position"))
    sold = [_read_line(order, line, taxes) for line in lines]
    charges = [each.charge for each in sold]
    shipping = _read_besides(order, TaxedThing.SHIPPING, order.shipping, taxes)
    fees = _read_besides(order, TaxedThing.FEES, fees_of(order), taxes)
    if day is not None and order.zero_rated == "":
        rules = read_tax_rules(order.supply_country)
        supply = Supply(Place(order.supply_country, order.supply_state))
        table = RateTable(replace(rules, included=True), supply, day)
        if not table.is_empty:
            charges, _ = tax_at_supply(sold, table)
            shipping = _tax_again(rules.shipping, shipping, table, sold)
            fees = _tax_again(rules.fees, fees, table, sold)
    return OrderCharges(
        order.currency,
        lines,
        {line.pk: charge for line, charge in zip(lines, charges, strict=True)},
        shipping,
        fees,
    )


def fees_of(order: Order) -> Decimal:
    """Return what the order is charged besides goods and shipping."""
    return order.total - (
        order.subtotal
        - order.discount
        + order.shipping
        + (Decimal(0) if order.tax_included else order.tax)
    )


def _tax_again(
    levy: Levy,
    before: tuple[Charge, ...],
    table: RateTable,
    sold: Sequence[SoldLine],
) -> tuple[Charge, ...]:
    """Return shipping or fees at the rates of the table; as they were where those are the same."""
    charged = sum(charge.charged for charge in before)
    again = tax_levy_at_supply(levy, charged, table, sold)
    return before if _rates_of(again) == _rates_of(before) else again


def _rates_of(charges: Iterable[Charge]) -> set[tuple[tuple[str, Decimal], ...]]:
    return {
        tuple((part.name, part.percent) for part in charge.parts)
        for charge in charges
    }


def _read_line(
    order: Order, line: OrderLine, taxes: Iterable[OrderTax]
) -> SoldLine:
    charged = line.line_total - line.discount
    if not order.tax_included:
        charged += line.tax
    parts = tuple(
        _read_part(row, order.currency) for row in taxes if row.line_id == line.pk
    )
    return SoldLine(
        line.tax_class,
        Charge(to_units(charged, order.currency), parts, line.quantity),
    )


def _read_part(row: OrderTax, currency: str) -> TaxPart:
    return TaxPart(row.name, row.percent, to_units(row.amount, currency))


def _read_besides(
    order: Order, of: TaxedThing, amount: Decimal, taxes: Iterable[OrderTax]
) -> tuple[Charge, ...]:
    """Return shipping or fees, a charge for each rate, as the rows of their tax tell; what has no
    tax is a charge of its own.
    """
    groups: list[list[OrderTax]] = []
    for row in taxes:
        if row.of != of:
            continue
        if (
            groups
            and row.taxable == groups[-1][0].taxable
            and row.name not in {other.name for other in groups[-1]}
        ):
            groups[-1].append(row)
        else:
            groups.append([row])
    currency = order.currency
    charges = []
    for group in groups:
        parts = tuple(_read_part(row, currency) for row in group)
        taxable = to_units(group[0].taxable, currency)
        charges.append(Charge(taxable + sum(part.amount for part in parts), parts))
    whole = to_units(amount, currency)
    if not order.tax_included:
        whole += sum(charge.tax for charge in charges)
    if rest := whole - sum(charge.charged for charge in charges):
        charges.append(Charge(rest))
    return tuple(charges)


def _describe(line: OrderLine) -> str:
    kind = ", ".join(filter(None, (line.size, line.color)))
    return f"{line.name} ({kind})"[:200] if kind else line.name


def _unit_of(line: OrderLine) -> str:
    return PAIRS if line.variant.hs_code.startswith(FOOTWEAR) else PIECES


def to_money(units: int, currency: str) -> Decimal:
    """Return an amount with the currency's decimals."""
    return from_units(units, currency)
