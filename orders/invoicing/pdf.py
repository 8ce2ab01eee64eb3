"""An invoice as a PDF, from what was kept of it: its data, its lines, its number.

Letters are shaped by HarfBuzz, from fonts that come along (fonts/README.md). For scripts that they
lack, INVOICE_FONTS names further files; a letter that is in none is printed as a box.
"""

import unicodedata
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

from markrin import localized
from orders.invoicing.document import InvoiceData, Party, read_data
from orders.models import Invoice, InvoiceLine
from orders.models.invoice import InvoiceKind
from orders.models.order_status import ZeroRating
from orders.models.tax import TaxScheme

_FONTS: Final = Path(__file__).parent / "fonts"
MAIN_FONT: Final = "NotoSans"
# The word with which Unicode's names of a script's letters begin → the font that has them.
_SCRIPTS: Final = {
    "DEVANAGARI": "NotoSansDevanagari",
    "TAMIL": "NotoSansTamil",
    "BENGALI": "NotoSansBengali",
    "ARABIC": "NotoSansArabic",
    "GUJARATI": "NotoSansGujarati",
    "GURMUKHI": "NotoSansGurmukhi",
    "KANNADA": "NotoSansKannada",
    "MALAYALAM": "NotoSansMalayalam",
    "TELUGU": "NotoSansTelugu",
}
_INK, _PALE, _RULE = 30, 110, 205  # shades of grey, 0 is black
_MARGIN, _WIDTH = 10, 190  # millimetres of A4
_AMOUNT: Final = 24


def render(invoice: Invoice) -> bytes:
    """Return the invoice as a PDF, in the language of its order. Two queries."""
    with translation.override(invoice.language or settings.LANGUAGE_CODE):
        page = _Page(invoice, list(invoice.lines.order_by("position")))
        page.write_head()
        page.write_parties()
        page.write_lines()
        page.write_totals()
        page.write_words()
        return bytes(page.pdf.output())


def _title(
    invoice: Invoice, data: InvoiceData, lines: Iterable[InvoiceLine]
) -> str:
    if invoice.kind == InvoiceKind.CREDIT_NOTE:
        return _("Credit note")
    if invoice.kind == InvoiceKind.RECEIPT_VOUCHER:
        return _("Receipt voucher")
    if invoice.kind == InvoiceKind.REFUND_VOUCHER:
        return _("Refund voucher")
    if not data.seller.tax_id:
        return _("Invoice")
    exempt = invoice.zero_rated in ("", ZeroRating.EXEMPT) and not any(
        line.taxes for line in lines
    )
    if data.scheme == TaxScheme.INDIA and exempt:
        return _("Bill of supply")  # CGST Rules 2017, rule 49
    return _("Tax invoice")


class Document(FPDF):
    """A PDF with the shop's fonts and shaped letters.

    fpdf2 leaves a line that ended in a fallback font to the next one: each line says its font
    anew (a test of library internals holds this).
    """

    def _render_styled_text_line(self, *args: Any, **kwargs: Any) -> bool:
        self.current_font_is_set_on_page = False
        return super()._render_styled_text_line(*args, **kwargs)

    def use_fonts(self, texts: Iterable[str]) -> None:
        """Add the main font, and those of the scripts that these texts are written in."""
        for style, weight in (("", "Regular"), ("B", "Bold")):
            self.add_font(MAIN_FONT, style, _FONTS / f"{MAIN_FONT}-{weight}.ttf")
        letters = set("".join(texts))
        names = {unicodedata.name(letter, "").split(" ")[0] for letter in letters}
        families = [
            family for script, family in _SCRIPTS.items() if script in names
        ]
        for family in families:
            self.add_font(family, "", _FONTS / f"{family}-Regular.ttf")
            if (bold := _FONTS / f"{family}-Bold.ttf").exists():
                self.add_font(family, "B", bold)
        more = [str(path) for path in settings.INVOICE_FONTS]
        for path in more:
            self.add_font(path, "", path)
        self.set_fallback_fonts(families + more, exact_match=False)
        self.set_text_shaping(True)


class _Page:
    def __init__(self, invoice: Invoice, lines: list[InvoiceLine]) -> None:
        self.invoice, self.lines = invoice, lines
        self.data = read_data(invoice)
        self.is_indian = self.data.scheme == TaxScheme.INDIA
        pdf = self.pdf = Document(format="A4", unit="mm")
        pdf.set_margins(_MARGIN, 14)
        pdf.set_auto_page_break(True, margin=16)
        pdf.use_fonts(self._list_texts())
        pdf.set_title(invoice.number or "")
        pdf.set_author(self.data.seller.name)
        pdf.set_creation_date(invoice.issued_at)
        pdf.add_page()
        self.ink()

    def _list_texts(self) -> list[str]:
        return [
            *(line.name for line in self.lines),
            *_texts_of(self.data.seller),
            *_texts_of(self.data.buyer),
            self.invoice.reason,
            # what is translated, the months, and the signs of currencies
            _("Tax invoice"),
            _("Order"),
            _day(self.invoice.issued_on),
            self.amount(Decimal(1234567890)),
        ]

    # --- Writing ----------------------------------------------------------------------------------
    def ink(self, *, size: float = 9, bold: bool = False, grey: int = _INK) -> None:
        self.pdf.set_font(MAIN_FONT, "B" if bold else "", size)
        self.pdf.set_text_color(grey)

    def write(
        self, text: str, *, width: float = 0, align: str = "L", down: bool = True
    ) -> None:
        x, y = (XPos.LMARGIN, YPos.NEXT) if down else (XPos.RIGHT, YPos.TOP)
        height = float(self.pdf.font_size) * 1.6
        self.pdf.cell(width, height, text, align=align, new_x=x, new_y=y)

    def amount(self, value: Decimal) -> str:
        return localized.format_money(value, self.invoice.currency)

    def number(self, value: Decimal) -> str:
        """Return an amount without its currency, which the heading names."""
        return localized.format_amount(value, self.invoice.currency)

    # --- The parts --------------------------------------------------------------------------------
    def write_head(self) -> None:
        """Write what it is, its number and day, and what it belongs to."""
        invoice, data = self.invoice, self.data
        self.ink(size=18, bold=True)
        self.write(data.seller.name, width=110, down=False)
        self.ink(size=14, bold=True)
        self.write(_title(invoice, data, self.lines), align="R")
        facts = [
            (_("Number"), invoice.number or ""),
            (_("Date"), _day(invoice.issued_on)),
        ]
        if invoice.original is not None:
            original = invoice.original
            title = (
                _("Invoice")
                if invoice.kind == InvoiceKind.CREDIT_NOTE
                else _("Receipt voucher")
            )
            facts.append((title, f"{original.number}, {_day(original.issued_on)}"))
        ordered = _day(date.fromisoformat(data.ordered_on))
        facts.append((_("Order"), f"{data.order_number}, {ordered}"))
        if invoice.reason:
            facts.append((_("Reason"), invoice.reason))
        for name, text in facts:
            self.ink(size=8.5)
            self.write(f"{name}: {text}", align="R")
        self.pdf.ln(3)

    def write_parties(self) -> None:
        """Write the seller on the left, the buyer on the right, and the place of supply."""
        top = self.pdf.get_y()
        bottom = max(
            self._write_party(_MARGIN, top, _("Sold by"), self.data.seller),
            self._write_party(
                110, top, _("Billed and delivered to"), self.data.buyer
            ),
        )
        self.pdf.set_y(bottom + 2)
        self.ink(size=8.5)
        if self.data.place_of_supply:
            self.write(f"{_('Place of supply')}: {self.data.place_of_supply}")
        if self.is_indian:
            answer = _("Yes") if self.data.reverse_charge else _("No")
            self.write(f"{_('Tax is payable on reverse charge')}: {answer}")
        self.pdf.ln(3)

    def _write_party(
        self, left: float, top: float, title: str, party: Party
    ) -> float:
        number = "GSTIN" if self.is_indian else _("Tax number")
        lines = [party.name, *party.address]
        if party.state:
            lines.append(f"{_('State')}: {party.state}")
        if party.phone:
            lines.append(party.phone)
        if party.tax_id:
            lines.append(f"{number}: {party.tax_id}")
        self.pdf.set_xy(left, top)
        self.ink(size=8, grey=_PALE)
        self.pdf.cell(90, 5, title)
        self.ink()
        self.pdf.set_xy(left, top + 5)
        text = "\n".join(line for line in lines if line.strip())
        self.pdf.multi_cell(90, 4.6, text, align="L")
        return float(self.pdf.get_y())

    def write_lines(self) -> None:
        """Write a row a line, with a column for each part of the tax; the heading comes again on
        every page.
        """
        taxes = list(
            dict.fromkeys(p["name"] for line in self.lines for p in line.taxes)
        )
        codes = self.is_indian or any(line.hs_code for line in self.lines)
        heads = [_("Description")]
        widths = [0.0]
        if codes:
            heads, widths = (
                [*heads, "HSN" if self.is_indian else "HS"],
                [*widths, 17.0],
            )
        heads += [_("Quantity"), _("Taxable value"), *taxes, _("Amount")]
        widths += [17.0, _AMOUNT, *(_AMOUNT for _tax in taxes), _AMOUNT]
        widths[0] = _WIDTH - sum(widths)
        self.ink(size=8)
        self.pdf.set_draw_color(_RULE)
        heading = FontFace(emphasis="BOLD", color=_INK, fill_color=242)
        with self.pdf.table(
            col_widths=tuple(widths),
            headings_style=heading,
            borders_layout="HORIZONTAL_LINES",
            text_align=("LEFT", *(["RIGHT"] * (len(heads) - 1))),
            line_height=4.4,
            padding=(1, 1),
        ) as table:
            table.row(heads)
            for line in self.lines:
                table.row(self._list_cells(line, taxes, codes=codes))
        self.pdf.ln(3)

    def _list_cells(
        self, line: InvoiceLine, taxes: Iterable[str], *, codes: bool
    ) -> list[str]:
        parts = {part["name"]: part for part in line.taxes}
        quantity = f"{line.quantity} {line.unit}" if line.quantity else ""
        return [
            self._name_of(line),
            *([line.hs_code] if codes else []),
            quantity,
            self.number(line.charged - line.tax),
            *(
                f"{self.number(Decimal(parts[name]['amount']))}\n{parts[name]['percent']} %"
                if name in parts
                else ""
                for name in taxes
            ),
            self.number(line.charged),
        ]

    def _name_of(self, line: InvoiceLine) -> str:
        return {"shipping": _("Shipping"), "fees": _("Fees")}.get(
            line.of, line.name
        )

    def write_totals(self) -> None:
        """Write the taxable value, each part of the tax, and the total."""
        invoice = self.invoice
        self.ink()
        self._write_total(_("Taxable value"), invoice.taxable)
        for (name, percent), amount in sum_taxes(self.lines).items():
            self._write_total(f"{name} {percent} %", amount)
        self.ink(size=11, bold=True)
        self._write_total(_("Total"), invoice.total)
        self.pdf.ln(2)

    def _write_total(self, name: str, value: Decimal) -> None:
        self.write(name, width=145, align="R", down=False)
        self.write(self.amount(value), align="R")

    def write_words(self) -> None:
        """Write what the rules want said."""
        self.ink(size=8, grey=_PALE)
        for words in self.data.words:
            self.pdf.multi_cell(0, 4.4, words, align="L", new_x=XPos.LMARGIN)
        if self.is_indian:
            self.write(_("Made by a computer: valid without a signature."))


def sum_taxes(lines: Iterable[InvoiceLine]) -> dict[tuple[str, str], Decimal]:
    """Return the sum of each part of the tax by name and percentage, in order of appearance."""
    sums: dict[tuple[str, str], Decimal] = {}
    for line in lines:
        for part in line.taxes:
            key = part["name"], part["percent"]
            sums[key] = sums.get(key, Decimal(0)) + Decimal(part["amount"])
    return sums


def _texts_of(party: Party) -> list[str]:
    return [party.name, *party.address]


def _day(day: date) -> str:
    return localized.format_day(day)
