"""An order's invoice as a PDF: who sells to whom, the lines, the tax by rate, the total.

The letters are Inter, which comes with the admin's package: Latin, Greek, Cyrillic and the
signs of currencies. For what it lacks, INVOICE_FONTS names further font files; a letter
that is in none of them is printed as a box."""

import tempfile
from collections import defaultdict
from decimal import Decimal
from functools import cache
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from fontTools import subset
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

from markrin import localized
from orders.models import Order, OrderLine

WEIGHTS: Final = {"": "Inter-Regular.woff2", "B": "Inter-SemiBold.woff2"}
_LETTERS: Final = [
    *range(0x20, 0x250),  # Latin
    *range(0x370, 0x530),  # Greek, Cyrillic
    *range(0x1E00, 0x1F00),  # Latin with more accents
    *range(0x2010, 0x2040),  # dashes, quotation marks
    *range(0x20A0, 0x20C1),  # currencies
    0x2212,
]
_INK, _PALE, _RULE = 30, 110, 205  # shades of grey, 0 is black
_WIDTHS = (
    76,
    16,
    26,
    26,
    18,
    28,
)  # millimetres; together what A4 leaves between the margins


def render_invoice(order: Order) -> bytes:
    """Return the invoice of an order that was loaded with its lines, in the order's language."""
    language = order.language or settings.LANGUAGE_CODE
    with (
        translation.override(language),
        tempfile.TemporaryDirectory(prefix="markrin-invoice-") as folder,
    ):
        page = _Page(order, Path(folder))
        page.head()
        page.parties()
        page.lines()
        page.totals()
        page.taxes()
        return bytes(page.pdf.output())


@cache
def subset_font(weight: str) -> bytes:
    """Return a font with the letters of an invoice only: a whole one takes a second to
    read, for each invoice.
    """
    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True)
    source = (
        resources.files("unfold")
        / "static"
        / "unfold"
        / "fonts"
        / "inter"
        / WEIGHTS[weight]
    )
    with (
        resources.as_file(source) as path,
        subset.load_font(str(path), options) as font,
    ):
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=_LETTERS)
        cutter.subset(font)
        font.flavor = None
        made = BytesIO()
        font.save(made)
    return made.getvalue()


class _Page:
    def __init__(self, order: Order, folder: Path) -> None:
        """Begin the page; `folder` is for the fonts, which are read from files until the
        document is made.
        """
        self.order = order
        self.rows: list[OrderLine] = list(order.lines.all())
        pdf = self.pdf = FPDF(format="A4", unit="mm")
        pdf.set_margins(10, 14)
        pdf.set_auto_page_break(True, margin=18)
        for weight in WEIGHTS:
            file = folder / f"inter{weight}.ttf"
            file.write_bytes(subset_font(weight))
            pdf.add_font("Inter", weight, file)
        more = [str(path) for path in settings.INVOICE_FONTS]
        for path in more:
            pdf.add_font(path, "", path)
        pdf.set_fallback_fonts(more, exact_match=False)
        pdf.set_title(order.number)
        pdf.set_author(settings.SHOP_NAME)
        pdf.set_creation_date(order.created_at)
        pdf.add_page()
        self.ink()

    def ink(self, *, size: float = 9, bold: bool = False, grey: int = _INK) -> None:
        self.pdf.set_font("Inter", "B" if bold else "", size)
        self.pdf.set_text_color(grey)

    def write(
        self,
        text: str,
        *,
        width: float = 0,
        align: str = "L",
        down: bool = True,
        height: float = 5,
    ) -> None:
        x, y = (XPos.LMARGIN, YPos.NEXT) if down else (XPos.RIGHT, YPos.TOP)
        self.pdf.cell(width, height, text, align=align, new_x=x, new_y=y)

    def amount(self, value: Decimal) -> str:
        return localized.format_money(value, self.order.currency)

    def head(self) -> None:
        """Write what it is, with number and day."""
        self.ink(size=20, bold=True)
        self.write(settings.SHOP_NAME, width=110, down=False, height=10)
        self.ink(size=14, bold=True)
        self.write(
            _("Tax invoice") if settings.SHOP_TAX_ID else _("Invoice"),
            align="R",
            height=10,
        )
        self.ink(grey=_PALE)
        day = timezone.localtime(self.order.created_at).strftime("%d %b %Y")
        self.write(f"{self.order.number}  ·  {day}", align="R")
        self.pdf.ln(4)

    def parties(self) -> None:
        """Write the seller on the left and the buyer on the right."""
        order = self.order
        seller = [settings.SHOP_NAME, *settings.SHOP_ADDRESS.split("\n")]
        if settings.SHOP_TAX_ID:
            seller.append(
                _("Tax number: %(number)s") % {"number": settings.SHOP_TAX_ID}
            )
        town = " ".join(filter(None, (order.postal_code, order.city)))
        buyer = [
            order.recipient,
            order.street,
            town,
            ", ".join(filter(None, (order.state, order.country))),
            order.phone,
        ]
        top = self.pdf.get_y()
        bottom = max(
            self._column(10, top, _("Sold by"), seller),
            self._column(110, top, _("Ship to"), buyer),
        )
        self.pdf.set_y(bottom + 6)

    def _column(self, left: float, top: float, title: str, lines: list[str]) -> float:
        self.pdf.set_xy(left, top)
        self.ink(size=8, grey=_PALE)
        self.pdf.cell(90, 5, title)
        self.ink()
        self.pdf.set_xy(left, top + 5)
        self.pdf.multi_cell(
            90, 4.6, "\n".join(line for line in lines if line.strip()), align="L"
        )
        return float(self.pdf.get_y())

    def lines(self) -> None:
        """Write a row a line; the heading comes again on every page."""
        self.ink(size=8.5)
        heading = FontFace(emphasis="BOLD", color=_INK, fill_color=242)
        self.pdf.set_draw_color(_RULE)
        with self.pdf.table(
            col_widths=_WIDTHS,
            headings_style=heading,
            borders_layout="HORIZONTAL_LINES",
            text_align=("LEFT", "RIGHT", "RIGHT", "RIGHT", "RIGHT", "RIGHT"),
            line_height=5,
            padding=(1, 1),
        ) as table:
            table.row(
                [
                    _("Item"),
                    _("Pieces"),
                    _("Price"),
                    _("Discount"),
                    _("Tax"),
                    _("Amount"),
                ]
            )
            for line in self.rows:
                kind = ", ".join(filter(None, (line.size, line.color)))
                name = f"{line.name}\n{line.sku}{f' · {kind}' if kind else ''}"
                discount = self.amount(-line.discount) if line.discount else ""
                paid = self.amount(line.line_total - line.discount)
                rate = f"{line.tax_percent.normalize():f} %"
                table.row(
                    [
                        name,
                        str(line.quantity),
                        self.amount(line.unit_price),
                        discount,
                        rate,
                        paid,
                    ]
                )
        self.pdf.ln(4)

    def totals(self) -> None:
        """Write what it comes to."""
        order = self.order
        coupon = f" {order.coupon_code}" if order.coupon_code else ""
        rows: list[tuple[str, Decimal]] = [(_("Subtotal"), order.subtotal)]
        if order.discount:
            rows.append((_("Discount") + coupon, -order.discount))
        rows.append((_("Shipping"), order.shipping))
        if order.cod_fee:
            rows.append((_("Cash on delivery"), order.cod_fee))
        if not order.tax_included:
            rows.append((_("Tax"), order.tax))
        self.ink()
        for name, value in rows:
            self._total(name, value)
        self.ink(size=11, bold=True)
        self._total(_("Total"), order.total)
        self.ink()
        if order.refunded:
            self._total(_("Refunded"), -order.refunded)
        self.ink(size=8, grey=_PALE)
        paid = order.paid_at is not None
        how = (
            _("Paid online") if order.payment_method == "online" else _("Paid in cash")
        )
        self.write(how if paid else _("Not paid yet"), align="R")
        self.pdf.ln(4)

    def _total(self, name: str, value: Decimal) -> None:
        self.write(name, width=150, align="R", down=False)
        self.write(self.amount(value), align="R")

    def taxes(self) -> None:
        """Write the net amount and the tax of each rate."""
        rates: dict[Decimal, list[Any]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
        for line in self.rows:
            net = (
                line.line_total
                - line.discount
                - (line.tax if self.order.tax_included else Decimal(0))
            )
            rates[line.tax_percent][0] += net
            rates[line.tax_percent][1] += line.tax
        self.ink(size=8, grey=_PALE)
        for percent, (net, tax) in sorted(rates.items()):
            name = "GST" if self.order.currency == "INR" else _("Tax")
            self.write(
                f"{name} {percent.normalize():f} %: {self.amount(net)} + {self.amount(tax)}",
                align="R",
            )
        if self.order.tax_included:
            self.write(_("The prices include the tax."), align="R")
