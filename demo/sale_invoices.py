"""Writes the invoices of the demo's parcels and the credit notes of what came back, dated as of the
day on which the shop would have written them. They are numbered once all are there.
"""

import itertools
from datetime import datetime
from typing import NamedTuple

import orjson
from django.conf import settings
from django.utils import timezone

from demo.plan import format_amount, make_uuid
from demo.row_writer import RowWriter
from demo.sale import STATE, Line, Sale
from orders.invoicing.charges import NO_UNIT, PIECES
from orders.invoicing.document import (
    InvoiceData,
    Party,
    country_name,
    describe_place,
    describe_seller,
    series_of,
)
from orders.models import TaxSettings
from orders.models.invoice import InvoiceKind
from orders.models.tax import SETTINGS_KEY, TaxedThing


class _Item(NamedTuple):
    """A line of an invoice; amounts are hundredths. `line` is None for the shipping."""

    name: str
    quantity: int
    charged: int
    tax: int
    parts: list[dict[str, str]]
    line: Line | None = None


class SaleInvoices:
    """Puts invoices and credit notes into the rows that are loaded; their ids rise with their
    dates.
    """

    def __init__(self, sink: RowWriter) -> None:
        self.sink = sink
        self.line_ids = itertools.count(1)
        self.tax = TaxSettings.objects.filter(pk=SETTINGS_KEY).first()
        self.seller = describe_seller(self.tax)
        self._places: dict[tuple[str, str], str] = {}

    def write_invoice(self, sale: Sale, parcel: str) -> None:
        """Write the invoice of the parcel in which the whole order left, and the credit note where
        it came back.
        """
        items = _list_items(sale)
        at = sale.moments["shipped"]
        invoice = make_uuid("invoice", sale.number, at)
        ids = self._write(sale, InvoiceKind.INVOICE, at, items, parcel=parcel)
        if sale.status == "returned":
            self._write(
                sale,
                InvoiceKind.CREDIT_NOTE,
                sale.moments["returned"],
                items,
                original=invoice,
                credited=ids,
            )

    def _write(
        self,
        sale: Sale,
        kind: InvoiceKind,
        at: datetime,
        items: list[_Item],
        *,
        parcel: str | None = None,
        original: str | None = None,
        credited: list[int] | None = None,
    ) -> list[int]:
        """Write it with its lines, and return their ids."""
        invoice, day = (
            make_uuid(kind, sale.number, at),
            timezone.localtime(at).date(),
        )
        charged, tax = sum(i.charged for i in items), sum(i.tax for i in items)
        self.sink.add(
            "orders_invoice",
            (
                invoice,
                kind,
                series_of(kind, day),
                at,
                day,
                sale.id,
                parcel,
                original,
                f"parcel:{parcel}" if parcel else f"credit:{sale.id}",
                "" if parcel else "Returned by the customer.",
                settings.SHOP_CURRENCY,
                format_amount(charged - tax),
                format_amount(tax),
                format_amount(charged),
                sale.to[-1],
                sale.to[STATE],
                orjson.dumps(self._describe(sale)).decode(),
            ),
        )
        ids = list(itertools.islice(self.line_ids, len(items)))
        for position, item in enumerate(items):
            self.sink.add(
                "orders_invoiceline",
                (
                    ids[position],
                    invoice,
                    position,
                    TaxedThing.LINE if item.line else TaxedThing.SHIPPING,
                    item.line.id if item.line else None,
                    credited[position] if credited else None,
                    item.name,
                    PIECES if item.line else NO_UNIT,
                    item.quantity,
                    sum(part.percent for part in item.line.taxed.parts)
                    if item.line
                    else 0,
                    format_amount(item.charged),
                    format_amount(item.tax),
                    orjson.dumps(item.parts).decode(),
                ),
            )
        return ids

    def _describe(self, sale: Sale) -> InvoiceData:
        buyer = self.describe_buyer(sale.to)
        return InvoiceData(
            seller=self.seller,
            buyer=buyer,
            order_number=sale.order_number,
            ordered_on=timezone.localtime(sale.at).date().isoformat(),
            scheme=self.tax.scheme if self.tax else "",
            place_of_supply=buyer.state,
            tax_included=settings.TAX_INCLUDED,
            payment_method="online" if sale.online else "cod",
        )

    def describe_buyer(self, to: tuple[str, ...]) -> Party:
        """Return who stands on the invoices of what goes to this address."""
        recipient, phone, street, city, state, state_code, postal_code, country = to
        lines = (street, f"{postal_code} {city}", state, country_name(country))
        place = self._find_place(country, state_code)
        return Party(recipient, lines, state=place, country=country, phone=phone)

    def _find_place(self, country: str, state_code: str) -> str:
        key = country, state_code
        if key not in self._places:
            self._places[key] = describe_place(country, state_code)
        return self._places[key]


def _list_items(sale: Sale) -> list[_Item]:
    """Return what the sale charges: its lines, tax included, and the shipping, which the demo does
    not tax.
    """
    items = []
    for line in sale.lines:
        tax = line.taxed.amount
        charged = line.total - line.discount + (0 if settings.TAX_INCLUDED else tax)
        parts = [
            {
                "name": part.name,
                "percent": f"{part.percent.normalize():f}",
                "amount": format_amount(part.amount),
            }
            for part in line.taxed.parts
        ]
        kind = ", ".join(filter(None, (line.choice.size, line.choice.color)))
        name = f"{line.article.name} ({kind})" if kind else line.article.name
        items.append(_Item(name, line.quantity, charged, tax, parts, line))
    if sale.shipping:
        items.append(_Item(TaxedThing.SHIPPING.label, 0, sale.shipping, 0, []))
    return items
