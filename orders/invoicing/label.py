"""The page of a return's label: to cut out and stick on, and a slip with what should be in it."""

from typing import Final

from django.conf import settings
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from fpdf.enums import XPos, YPos

from orders.invoicing.pdf import MAIN_FONT, Document
from orders.models import ReturnRequest

_PALE: Final = 110
_WIDTH: Final = 128  # millimetres, between the margins of A5


class ReturnLabel:
    def __init__(self, request: ReturnRequest) -> None:
        self.request = request
        order = request.order
        pdf = self.pdf = Document(format=(148, 210), unit="mm")  # A5
        pdf.set_margins(10, 10)
        pdf.use_fonts(
            [
                *(order.recipient, order.street, order.city, order.country),
                *(
                    settings.SHOP_NAME,
                    settings.SHOP_ADDRESS,
                    _("To"),
                    _("In the parcel"),
                ),
                *(row.line.name for row in request.lines.all()),
            ]
        )
        pdf.set_title(request.number)
        pdf.set_author(settings.SHOP_NAME)
        pdf.set_creation_date(request.created_at)
        pdf.add_page()

    def render(self) -> bytes:
        """Return the page."""
        order, request = self.request.order, self.request
        self._block(
            _("To"), [settings.SHOP_NAME, *settings.SHOP_ADDRESS.split("\n")], 13
        )
        town = " ".join(filter(None, (order.postal_code, order.city)))
        self._block(
            _("From"), [order.recipient, order.street, town, order.country], 9
        )
        self.pdf.code39(
            f"*{request.number}*", 10, self.pdf.get_y() + 2, w=0.7, h=16
        )
        self.pdf.set_y(self.pdf.get_y() + 20)
        self._write(request.number, size=15, bold=True)
        carrier = f"{request.carrier} {request.tracking_number}".strip()
        if carrier:
            self._write(carrier, size=10)
        if request.send_by:
            day = formats.date_format(
                timezone.localtime(request.send_by), "DATE_FORMAT"
            )
            self._write(
                _("To arrive by %(day)s") % {"day": day}, size=9, grey=_PALE
            )
        self.pdf.ln(4)
        self.pdf.set_draw_color(160)
        self.pdf.set_dash_pattern(2, 2)
        self.pdf.line(10, self.pdf.get_y(), 10 + _WIDTH, self.pdf.get_y())
        self.pdf.ln(4)
        self._write(_("In the parcel"), size=8, grey=_PALE)
        for row in request.lines.all():
            kind = ", ".join(filter(None, (row.line.size, row.line.color)))
            self._write(f"{row.quantity} × {row.line.name} {kind}".strip(), size=9)
            self._write(row.line.sku, size=8, grey=_PALE)
        return bytes(self.pdf.output())

    def _block(self, title: str, lines: list[str], size: float) -> None:
        self._write(title, size=8, grey=_PALE)
        for line in filter(str.strip, lines):
            self._write(line, size=size, bold=size > 10)
        self.pdf.ln(3)

    def _write(
        self, text: str, *, size: float, bold: bool = False, grey: int = 30
    ) -> None:
        self.pdf.set_font(MAIN_FONT, "B" if bold else "", size)
        self.pdf.set_text_color(grey)
        self.pdf.multi_cell(
            _WIDTH, size * 0.5, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )
