"""What tax authorities ask about a month: the sheets of India's GST offline tool, and a plain one
by country and rate. All are sums over invoices and credit notes.

Source: GST portal, offline tool for GSTR-1 (names of sheets and columns; read 2026-11). Credit
notes of small sales to consumers lower `b2cs`, as the tool wants it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db.models import Max, Min

from orders.models import Invoice, InvoiceLine
from orders.models.invoice import InvoiceKind
from orders.models.order_status import ZeroRating
from orders.models.tax import TaxScheme
from orders.pricing.money import with_decimals

Row = list[Any]
# Above it an invoice to a consumer in another state is told one by one. Source: CGST Rules 2017,
# rule 59(4), as amended by notification 12/2024 from 2024-08.
LARGE: Final = Decimal(100_000)
_ZERO: Final = Decimal(0)


@dataclass(frozen=True)
class Sheet:
    """A sheet: its name, its columns and its rows."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Row]


@dataclass(frozen=True)
class _Entry:
    """An invoice's or note's lines of one rate. Amounts of notes are above 0, too."""

    invoice: Invoice
    percent: Decimal
    taxable: Decimal

    @property
    def first(self) -> Invoice:
        """The invoice that decides which sheet it belongs to."""
        return self.invoice.original or self.invoice

    @property
    def is_note(self) -> bool:
        return self.invoice.kind == InvoiceKind.CREDIT_NOTE

    @property
    def sign(self) -> int:
        return -1 if self.is_note else 1

    @property
    def sheet(self) -> str:
        first = self.first
        if first.supply_country != "IN" or first.zero_rated == ZeroRating.EXPORT:
            return "cdnur" if self.is_note else "exp"
        if first.buyer_tax_id:
            return "cdnr" if self.is_note else "b2b"
        own_state = first.data["seller"]["state"] == self.place
        if not own_state and first.total > LARGE:
            return "cdnur" if self.is_note else "b2cl"
        return "b2cs"

    @property
    def place(self) -> str:
        return str(self.first.data["place_of_supply"])

    @property
    def export_type(self) -> str:
        return "WOPAY" if self.first.zero_rated else "WPAY"


def build_tax_sheets(month: date) -> list[Sheet]:
    """Return the sheets of the month that begins on this day: India's where the shop's invoices
    are of its scheme, and `by_country` always. Four queries.
    """
    lines = _read_lines(month)
    sheets = [_build_plain(lines)]
    if any(line.invoice.data["scheme"] == TaxScheme.INDIA for line in lines):
        sheets = [*_build_indian(lines, month), *sheets]
    return sheets


def _read_lines(month: date) -> list[InvoiceLine]:
    found = InvoiceLine.objects.filter(
        invoice__issued_on__gte=month,
        invoice__issued_on__lt=next_month(month),
        invoice__kind__in=[InvoiceKind.INVOICE, InvoiceKind.CREDIT_NOTE],
    )
    lines = list(
        found.select_related("invoice__original").order_by(
            "invoice__series", "invoice__serial", "position"
        )
    )
    for line in lines:
        made = line.invoice
        for row, names in ((line, ("charged", "tax")), (made, ("total",))):
            for name in names:
                setattr(row, name, with_decimals(getattr(row, name), made.currency))
        line.percent = Decimal(f"{line.percent.normalize():f}")
    return lines


def next_month(month: date) -> date:
    """Return the first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _list_entries(lines: Iterable[InvoiceLine]) -> list[_Entry]:
    """Return a row for each invoice and rate."""
    sums: dict[tuple[Invoice, Decimal], Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[line.invoice, line.percent] += line.charged - line.tax
    return [
        _Entry(invoice, percent, taxable)
        for (invoice, percent), taxable in sums.items()
    ]


# --- India ---------------------------------------------------------------------------------------
_B2B = (
    "GSTIN/UIN of Recipient", "Receiver Name", "Invoice Number", "Invoice date", "Invoice Value",
    "Place Of Supply", "Reverse Charge", "Applicable % of Tax Rate", "Invoice Type",
    "E-Commerce GSTIN", "Rate", "Taxable Value", "Cess Amount",
)  # fmt: skip
_B2CL = (
    "Invoice Number", "Invoice date", "Invoice Value", "Place Of Supply",
    "Applicable % of Tax Rate", "Rate", "Taxable Value", "Cess Amount", "E-Commerce GSTIN",
)  # fmt: skip
_B2CS = (
    "Type", "Place Of Supply", "Applicable % of Tax Rate", "Rate", "Taxable Value", "Cess Amount",
    "E-Commerce GSTIN",
)  # fmt: skip
_EXP = (
    "Export Type", "Invoice Number", "Invoice date", "Invoice Value", "Port Code",
    "Shipping Bill Number", "Shipping Bill Date", "Rate", "Taxable Value", "Cess Amount",
)  # fmt: skip
_CDNR = (
    "GSTIN/UIN of Recipient", "Receiver Name", "Note Number", "Note Date", "Note Type",
    "Place Of Supply", "Reverse Charge", "Note Supply Type", "Note Value",
    "Applicable % of Tax Rate", "Rate", "Taxable Value", "Cess Amount",
)  # fmt: skip
_CDNUR = (
    "UR Type", "Note Number", "Note Date", "Note Type", "Place Of Supply", "Note Value",
    "Applicable % of Tax Rate", "Rate", "Taxable Value", "Cess Amount",
)  # fmt: skip
_HSN = (
    "HSN", "Description", "UQC", "Total Quantity", "Total Value", "Rate", "Taxable Value",
    "Integrated Tax Amount", "Central Tax Amount", "State/UT Tax Amount", "Cess Amount",
)  # fmt: skip
_DOCS = (
    "Nature of Document",
    "Sr. No. From",
    "Sr. No. To",
    "Total Number",
    "Cancelled",
)
_NATURES: Final[Mapping[str, str]] = {
    InvoiceKind.INVOICE: "Invoices for outward supply",
    InvoiceKind.CREDIT_NOTE: "Credit Note",
    InvoiceKind.RECEIPT_VOUCHER: "Receipt Voucher",
    InvoiceKind.REFUND_VOUCHER: "Refund Voucher",
}


def _build_indian(lines: Sequence[InvoiceLine], month: date) -> list[Sheet]:
    entries = _list_entries(lines)

    def write(
        name: str, columns: Sequence[str], row: Callable[[_Entry], Row]
    ) -> Sheet:
        return Sheet(
            name, columns, [row(each) for each in entries if each.sheet == name]
        )

    return [
        write("b2b", _B2B, _write_b2b),
        write("b2cl", _B2CL, _write_b2cl),
        Sheet("b2cs", _B2CS, _sum_b2cs(entries)),
        write("exp", _EXP, _write_export),
        write("cdnr", _CDNR, _write_cdnr),
        write("cdnur", _CDNUR, _write_cdnur),
        Sheet("hsn(b2b)", _HSN, _sum_hsn(lines, business=True)),
        Sheet("hsn(b2c)", _HSN, _sum_hsn(lines, business=False)),
        Sheet("docs", _DOCS, _count_documents(month)),
    ]


def _write_b2b(each: _Entry) -> Row:
    made = each.invoice
    buyer = made.data["buyer"]["name"]
    return [
        made.buyer_tax_id, buyer, made.number, _day(made), made.total, each.place, "N", "",
        "Regular B2B", "", each.percent, each.taxable, "",
    ]  # fmt: skip


def _write_b2cl(each: _Entry) -> Row:
    made = each.invoice
    return [
        made.number, _day(made), made.total, each.place, "", each.percent, each.taxable, "", "",
    ]  # fmt: skip


def _write_export(each: _Entry) -> Row:
    made = each.invoice
    return [
        each.export_type, made.number, _day(made), made.total, "", "", "", each.percent,
        each.taxable, "",
    ]  # fmt: skip


def _write_cdnr(each: _Entry) -> Row:
    made = each.invoice
    buyer = made.data["buyer"]["name"]
    return [
        made.buyer_tax_id, buyer, made.number, _day(made), "C", each.place, "N", "Regular B2B",
        made.total, "", each.percent, each.taxable, "",
    ]  # fmt: skip


def _write_cdnur(each: _Entry) -> Row:
    made = each.invoice
    is_export = each.first.supply_country != "IN" or (
        each.first.zero_rated == ZeroRating.EXPORT
    )
    kind = f"EXP{each.export_type}" if is_export else "B2CL"
    return [
        kind, made.number, _day(made), "C", "" if is_export else each.place, made.total, "",
        each.percent, each.taxable, "",
    ]  # fmt: skip


def _sum_b2cs(entries: Iterable[_Entry]) -> list[Row]:
    sums: dict[tuple[str, Decimal], Decimal] = {}
    for each in entries:
        if each.sheet == "b2cs":
            key = each.place, each.percent
            sums[key] = sums.get(key, _ZERO) + each.sign * each.taxable
    return [
        ["OE", place, "", percent, taxable, "", ""]
        for (place, percent), taxable in sorted(sums.items())
    ]


def _sum_hsn(lines: Iterable[InvoiceLine], *, business: bool) -> list[Row]:
    sums: dict[tuple[str, str, Decimal], list[Decimal]] = {}
    for line in lines:
        if bool(line.invoice.buyer_tax_id) is not business:
            continue
        sign = -1 if line.invoice.kind == InvoiceKind.CREDIT_NOTE else 1
        parts = {part["name"]: Decimal(part["amount"]) for part in line.taxes}
        local = parts.get("SGST", _ZERO) + parts.get("UTGST", _ZERO)
        amounts = (
            Decimal(line.quantity), line.charged, line.charged - line.tax,
            parts.get("IGST", _ZERO), parts.get("CGST", _ZERO), local,
        )  # fmt: skip
        key = line.hs_code, line.unit, line.percent
        found = sums.setdefault(key, [_ZERO] * len(amounts))
        sums[key] = [n + sign * m for n, m in zip(found, amounts, strict=True)]
    return [
        [code, "", unit, pieces, value, percent, *rest, ""]
        for (code, unit, percent), (pieces, value, *rest) in sorted(sums.items())
    ]


def _count_documents(month: date) -> list[Row]:
    found = Invoice.objects.filter(
        issued_on__gte=month, issued_on__lt=next_month(month)
    )
    series = found.values("kind", "series").annotate(
        first=Min("serial"), last=Max("serial")
    )
    rows = []
    for each in series.order_by("kind", "series"):
        first, last = (
            f"{each['series']}-{each[end]:06d}" for end in ("first", "last")
        )
        number = each["last"] - each["first"] + 1
        rows.append([_NATURES[each["kind"]], first, last, number, 0])
    return rows


def _day(invoice: Invoice) -> str:
    """Return the day as the tool takes it, in English whatever the language: 05-Nov-2026."""
    month = "JanFebMarAprMayJunJulAugSepOctNovDec"[
        invoice.issued_on.month * 3 - 3 :
    ][:3]
    return f"{invoice.issued_on.day:02d}-{month}-{invoice.issued_on.year}"


# --- Anywhere ------------------------------------------------------------------------------------
_PLAIN = ("Country", "Currency", "Tax", "Rate", "Taxable Value", "Tax Amount")


def _build_plain(lines: Iterable[InvoiceLine]) -> Sheet:
    """Return what was taxed by country, part and rate; what carries no tax has no name."""
    sums: dict[tuple[str, str, str, Decimal], list[Decimal]] = {}
    for line in lines:
        made = line.invoice
        sign = -1 if made.kind == InvoiceKind.CREDIT_NOTE else 1
        parts = line.taxes or [{"name": "", "percent": "0", "amount": "0"}]
        for part in parts:
            key = (
                made.supply_country, made.currency, part["name"], Decimal(part["percent"]),
            )  # fmt: skip
            found = sums.setdefault(key, [_ZERO, _ZERO])
            found[0] += sign * (line.charged - line.tax)
            found[1] += sign * Decimal(part["amount"])
    return Sheet("by_country", _PLAIN, [[*key, *sums[key]] for key in sorted(sums)])
