"""What foreign files write, as the shop writes it: amounts, pieces, HTML, links, SKUs.

Each function returns the text that the schema reads. What it does not understand it returns
as it was, so that the schema refuses it and names the form that is wanted."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from html.parser import HTMLParser

from products.transliteration import transliterate

_CENT = Decimal("0.01")
_AROUND = re.compile(r"^[^\d+-]*([+-]?[\d.,'\u2019\u00a0\u202f ]*\d)[^\d]*$")
_GAPS = re.compile(r"[\s\u00a0\u202f'\u2019]")
_TAG = re.compile(
    r"<(p|br|div|ul|li|table|span|b|strong|h\d)\b|&(amp|nbsp);", re.IGNORECASE
)
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True)
class NumberFormat:
    """How a file writes numbers: its decimal mark, and what stands between thousands."""

    decimal: str = "."

    @property
    def thousands(self) -> str:
        return "." if self.decimal == "," else ","


ENGLISH, CONTINENTAL = NumberFormat("."), NumberFormat(",")


def parse_number(text: str, numbers: NumberFormat = ENGLISH) -> Decimal | None:
    """Return the number in the text, whatever currency stands beside it, or None.

    `1.049,95` and `1,049.95` are told by the file's decimal mark; a mark of the other kind is
    taken for a decimal one only where it cannot stand between thousands: `49.95`."""
    found = _AROUND.match(text.strip())
    if found is None:
        return None
    digits = _GAPS.sub("", found[1])
    mark, between = numbers.decimal, numbers.thousands
    whole, point, part = digits.rpartition(mark)
    if not point:
        whole, part = digits, ""
    groups = re.escape(between)
    if between in whole:
        if re.fullmatch(rf"[+-]?\d{{1,3}}(?:{groups}\d{{3}})+", whole):
            whole = whole.replace(between, "")
        elif not point and mark == "," and re.fullmatch(r"[+-]?\d+\.\d+", whole):
            whole, _, part = whole.partition(".")
        else:
            return None
    plain = f"{whole}.{part}" if part else whole
    return Decimal(plain) if _NUMBER.fullmatch(plain) else None


def convert_amount(text: str, numbers: NumberFormat = ENGLISH) -> str:
    """Return an amount as the API writes it: "50" is "50.00", "€ 49,950000" is "49.95"."""
    number = parse_number(text, numbers)
    if number is None or number < 0:
        return text
    return format(number.quantize(_CENT, ROUND_HALF_UP), "f")


def is_rounded(text: str, numbers: NumberFormat = ENGLISH) -> bool:
    """Return whether the amount has more decimals than the shop's prices have."""
    number = parse_number(text, numbers)
    return number is not None and number != number.quantize(_CENT, ROUND_HALF_UP)


def may_be_thousands(text: str, numbers: NumberFormat = ENGLISH) -> bool:
    """Return whether the number may be meant in thousands, by somebody who writes the other
    marks: 1.000, 49.950.
    """
    found = _AROUND.match(text.strip())
    mark = re.escape(numbers.decimal)
    return found is not None and bool(
        re.fullmatch(rf"[1-9][0-9]{{0,2}}{mark}[0-9]{{3}}", found[1])
    )


def may_be_html(text: str) -> bool:
    """Return whether the text has tags or entities of HTML."""
    return bool(_TAG.search(text))


def convert_pieces(text: str, numbers: NumberFormat = ENGLISH) -> str:
    """Return a number of pieces: "12.0000" and "12" are "12"; below zero, which means sold
    before it came, is "0".
    """
    number = parse_number(text, numbers)
    if number is None or number != number.to_integral_value():
        return text
    return str(max(0, int(number)))


_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tr",
        "ul",
    ]
)
_SILENT = frozenset(("style", "script", "head", "template", "svg", "iframe"))


class _TextOfHtml(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = 0

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in ("td", "th"):
            self.parts.append("\t")
        elif tag in _BLOCKS:
            self.parts.append("\n")
            if tag == "li":
                self.parts.append("- ")

    def handle_startendtag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        if tag not in _SILENT:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def html_to_text(body: str) -> str:
    """Return what HTML says: a line for each block and table row, the cells of a row with ` | `
    between them; nothing of styles and scripts.
    """
    parser = _TextOfHtml()
    parser.feed(body)
    parser.close()
    lines = []
    for line in "".join(parser.parts).split("\n"):
        cells = [" ".join(cell.split()) for cell in line.split("\t")]
        lines.append(" | ".join(cell for cell in cells if cell))
    text = "\n".join(line for line in lines if line not in ("", "-"))
    return text.strip()


_NOT_IN_SKU = re.compile(r"[^A-Za-z0-9._/-]+")


def convert_sku(text: str) -> str:
    """Return a SKU of letters that the shop takes: "AB 12+3" is "AB-12-3". Shopify's quote keeps
    a spreadsheet from reading a number.
    """
    plain = _NOT_IN_SKU.sub("-", transliterate(text.strip().lstrip("'")))
    return plain.strip("-._/")[:64]


def convert_link(text: str) -> str:
    """Return a link with https where it said http or nothing: pictures are only shown so."""
    link = text.strip()
    if link.startswith("//"):
        return f"https:{link}"
    return f"https://{link[7:]}" if link[:7].lower() == "http://" else link
