"""WooCommerce's product export: a line for each simple product, each parent and each variation.

Source: https://github.com/woocommerce/woocommerce/wiki/Product-CSV-Import-Schema
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.utils import timezone
from stdnum import ean

from products.csv_reader import CsvShape, Line, require_columns
from products.importing import conversions, words
from products.importing.drafts import (
    Draft,
    DraftRefused,
    FileFormat,
    Note,
    NoteKind,
    ProductData,
)
from products.importing.unused_columns import UnusedColumns
from products.transliteration import ascii_slug

_GTIN: Final = "GTIN, UPC, EAN, or ISBN"
_GRAMS: Final = {
    "kg": Decimal(1000),
    "g": Decimal(1),
    "lbs": Decimal("453.59237"),
    "oz": Decimal("28.349523125"),
}
_TAKEN: Final = frozenset(
    (
        "ID",
        "Type",
        "SKU",
        "Name",
        "Published",
        "Is featured?",
        "Visibility in catalog",
        "Short description",
        "Description",
        "Date sale price starts",
        "Date sale price ends",
        "In stock?",
        "Stock",
        "Backorders allowed?",
        "Sale price",
        "Regular price",
        "Categories",
        "Tags",
        "Images",
        "Parent",
        "Position",
        "Brands",
        _GTIN,
    )
)
# Columns that every export has filled, and that mean nothing here.
_WITHOUT_MEANING: Final = re.compile(
    r"Tax status|Sold individually\?|Allow customer reviews\?|Download .*|Low stock amount"
    r"|Attribute \d+ .*|Weight \(.*\)"
)
_COLUMNS: Final = {
    "name": "Name",
    "description": "Description",
    "brand": "Brands",
    "category": "Categories",
    "tags": "Tags",
    "basePrice": "Regular price",
    "salePrice": "Sale price",
    "saleStartsAt": "Date sale price starts",
    "saleEndsAt": "Date sale price ends",
    "images": "Images",
    "status": "Published",
    "variants.sku": "SKU",
    "variants.size": "Attribute 1 value(s)",
    "variants.color": "Attribute 1 value(s)",
    "variants.stock": "Stock",
    "variants.barcode": _GTIN,
}
_COMMA = re.compile(r"(?<!\\),")
_NOT_SOLD: Final = {
    "grouped": "A grouped product is a page of others, and none of its own here.",
    "external": "A product that another shop sells is none of this shop.",
}
_Prices = dict[str, str | None]


class WooFormat(FileFormat):
    """Reads WooCommerce's product export. What has no category goes into `default_category`."""

    key = "ID"

    def __init__(
        self, source: str, default_category: str, shape: CsvShape | None = None
    ) -> None:
        self.source, self.default_category = source, default_category
        self.shape = shape or CsvShape(delimiter="")
        self.header: list[str] = []
        self._refs: dict[
            str, str
        ] = {}  # ID → what variations may call their parent by
        self._unused = UnusedColumns((), ())

    def check(self, header: list[str]) -> None:
        require_columns(header, ["ID", "Type", "SKU", "Name"])
        self.header = header
        meaningless = [name for name in header if _WITHOUT_MEANING.fullmatch(name)]
        self._unused = UnusedColumns(header, _TAKEN.union(meaningless))

    def scan(self, line: Line) -> None:
        self._unused.count(line)
        if not _is_variation(line):
            self._refs[line.values.get("ID", "").strip()] = self.ref_of(line)

    def file_notes(self) -> list[Note]:
        return self._unused.notes({})

    def ref_of(self, line: Line) -> str:
        """Return the product's SKU, else its ID; a variation's is its parent's."""
        values = line.values
        if _is_variation(line):
            parent = values.get("Parent", "").strip()
            if parent.startswith("id:"):
                return self._refs.get(parent[3:], parent)
            return parent or f"id:{values.get('ID', '').strip()}"
        number = values.get("ID", "").strip()
        return values.get("SKU", "").strip() or (f"id:{number}" if number else "")

    def draft(self, ref: str, lines: list[Line]) -> Draft:
        return _WooProduct(self, ref, lines).read()


def _is_variation(line: Line) -> bool:
    return "variation" in line.values.get("Type", "").lower()


class _WooProduct:
    """Reads the lines of one product: its own, and those of its variations."""

    def __init__(self, file: WooFormat, ref: str, lines: list[Line]) -> None:
        self.file, self.ref = file, ref
        self.draft = Draft(
            ref,
            lines[0].number,
            {},
            columns=_COLUMNS,
            fallback_category=(file.default_category,),
        )
        parents = [line for line in lines if not _is_variation(line)]
        if not parents:
            text = f"The file has no line of the product {ref} that these are variations of."
            raise DraftRefused(self.draft.reject("parent", text, column="Parent"))
        self.parent = parents[0]
        kind = self.parent.values.get("Type", "").lower()
        for name, text in _NOT_SOLD.items():
            if name in kind:
                raise DraftRefused(self.draft.reject("type", text, column="Type"))
        variations = [line for line in lines if _is_variation(line)]
        self.rows = sorted(variations, key=_position_of) or [self.parent]
        self.draft.lines = [line.number for line in self.rows]

    def read(self) -> Draft:
        """Return the product as a draft."""
        data, values = self.draft.data, self.parent.values
        if name := values.get("Name", "").strip():
            data["name"] = name
        if self._has("Description"):
            data["description"] = self._read_description()
        self._read_status(data)
        self._read_category(data)
        if self._has("Tags"):
            data["tags"] = list(dict.fromkeys(_split(values.get("Tags", ""))))
        if self._has("Brands"):
            data["brand"] = next(iter(_split(values.get("Brands", ""))), "")
        if self._has("Is featured?"):
            featured = values.get("Is featured?", "").strip() == "1"
            data["isFeatured"] = "true" if featured else "false"
        if gender := words.find_gender(
            values.get("Categories", ""), values.get("Tags", "")
        ):
            data["gender"] = gender
        if self._has("Images"):
            data["images"] = self._read_images()
        data["variants"] = [self._read_variant(line, data) for line in self.rows]
        self._read_prices(data)
        return self.draft

    def _has(self, name: str) -> bool:
        return name in self.file.header

    def _note(
        self, kind: NoteKind, column: str, text: str, line: int | None = None
    ) -> None:
        self.draft.note(kind, text, column=column, line=line)

    def _read_description(self) -> str:
        values = self.parent.values
        parts = (
            values.get(name, "") for name in ("Short description", "Description")
        )
        texts = [
            conversions.html_to_text(part.replace("\\n", "\n")) for part in parts
        ]
        return "\n\n".join(dict.fromkeys(filter(None, texts)))

    def _read_status(self, data: ProductData) -> None:
        """Hidden stays hidden: what is private, or not in the catalogue, is a draft."""
        values = self.parent.values
        published = values.get("Published", "").strip()
        if published:
            data["status"] = "published" if published == "1" else "draft"
        seen = values.get("Visibility in catalog", "").strip().lower()
        if seen == "hidden" and data.get("status", "published") == "published":
            text = "It is hidden from the catalogue: it is a draft here."
            self._note(NoteKind.CONVERTED, "Visibility in catalog", text)
            data["status"] = "draft"
        elif seen in ("search", "catalog"):
            text = f"There is no visibility {seen!r} here: it is seen everywhere."
            self._note(NoteKind.IGNORED, "Visibility in catalog", text)

    def _read_category(self, data: ProductData) -> None:
        paths = _split(self.parent.values.get("Categories", ""))
        if not paths:
            return
        named = [[name.strip() for name in path.split(">")] for path in paths]
        data["category"], *others = named
        # Its export also names what the category is below of.
        data["alsoIn"] = [
            path for path in others if path != data["category"][: len(path)]
        ]

    def _read_images(self) -> list[dict[str, str]]:
        found: list[str] = []
        for line in [self.parent, *self.rows]:
            found += _split(line.values.get("Images", ""))
        images = []
        for url in dict.fromkeys(found):
            link = conversions.convert_link(url)
            if link != url:
                self._note(
                    NoteKind.CONVERTED, "Images", f"{url} is linked to by https."
                )
            images.append({"url": link})
        return images

    def _read_variant(self, line: Line, data: ProductData) -> ProductData:
        values = line.values
        size, color, named = self._read_attributes(line, data)
        variant: ProductData = {
            "sku": self._read_sku(line, named),
            "size": size,
            "color": color,
        }
        if self._has("Stock"):
            text = values.get("Stock", "").strip()
            if text == "parent":
                text = self.parent.values.get("Stock", "").strip()
                message = "The parent's pieces are shared there; here each variant has its own."
                self._note(NoteKind.CONVERTED, "Stock", message, line.number)
            variant["stock"] = conversions.convert_pieces(text or "0")
            if text.startswith("-"):
                message = f"{text} pieces, sold before they came, are 0."
                self._note(NoteKind.CONVERTED, "Stock", message, line.number)
        self._read_policy(line, variant)
        if self._has(_GTIN):
            barcode = values.get(_GTIN, "").strip()
            fits = barcode.isdecimal() and ean.is_valid(barcode)
            variant["barcode"] = barcode if fits else ""
            if barcode and not fits:
                text = f"{barcode} is no GTIN and is left out."
                self._note(NoteKind.IGNORED, _GTIN, text, line.number)
        for unit, grams in _GRAMS.items():
            if self._has(f"Weight ({unit})"):
                text = values.get(f"Weight ({unit})", "").strip()
                weight = conversions.parse_number(text)
                variant["weightG"] = str(round(weight * grams)) if weight else None
        return variant

    def _read_policy(self, line: Line, variant: ProductData) -> None:
        """Read whether it is sold without stock: on back order, or in stock without a number."""
        in_stock = line.values.get("In stock?", "").strip()
        stock = line.values.get("Stock", "").strip()
        if self._has("Stock") and not stock and in_stock == "1":
            variant["inventoryPolicy"] = "untracked"
            variant.pop("stock", None)
        elif self._has("Backorders allowed?") or in_stock == "backorder":
            managing = self.parent if stock == "parent" else line
            allowed = managing.values.get("Backorders allowed?", "").strip()
            goes_on = allowed in ("1", "notify") or in_stock == "backorder"
            variant["inventoryPolicy"] = "continue" if goes_on else "deny"

    def _read_attributes(
        self, line: Line, data: ProductData
    ) -> tuple[str, str, list[str]]:
        """Return size, colour and all attributes that tell a variation apart."""
        sizes: list[str] = []
        others: list[str] = []
        named: list[str] = []
        color = ""
        for name, value in _attributes(line):
            if not value:
                continue
            if line is self.parent and "," in value:
                text = f"{name}: {value} tells no variation apart, and is left out."
                self._note(NoteKind.IGNORED, "Attributes", text, line.number)
            elif words.is_color(name) and not color:
                color = value
                named.append(value)
            elif words.is_size(name):
                sizes.append(value)
                named.append(value)
            elif line is self.parent and name.lower() in ("material", "brand"):
                data[name.lower()] = value
            elif line is self.parent:
                text = f"{name}: {value} is left out."
                self._note(NoteKind.IGNORED, "Attributes", text, line.number)
            else:
                others.append(value)
                named.append(value)
        return " / ".join([*sizes, *others]), color, named

    def _read_sku(self, line: Line, named: Sequence[str]) -> str:
        given = line.values.get("SKU", "").strip()
        if sku := conversions.convert_sku(given):
            if sku != given:
                text = f"The SKU {given} is {sku} here."
                self._note(NoteKind.CONVERTED, "SKU", text, line.number)
            return sku
        base = self.ref.replace("id:", "ID ")
        return ascii_slug("-".join([base, *named])).upper()[:64].strip("-")

    def _read_prices(self, data: ProductData) -> None:
        """Give the product the prices of its first variation, and each that has others its own."""
        if not self._has("Regular price"):
            return
        prices = [self._read_price(line) for line in self.rows]
        if not prices[0]["basePrice"]:
            text = "This has no price."
            line = self.draft.lines[0]
            raise DraftRefused(
                self.draft.reject(
                    "required", text, column="Regular price", line=line
                )
            )
        data |= prices[0]
        for variant, own in zip(data["variants"], prices, strict=True):
            variant.update(dict.fromkeys(own) if own == prices[0] else own)

    def _read_price(self, line: Line) -> _Prices:
        values = line.values
        found: _Prices = {}
        for field, column in (
            ("basePrice", "Regular price"),
            ("salePrice", "Sale price"),
        ):
            text = values.get(column, "").strip()
            found[field] = conversions.convert_amount(text) if text else None
            if text and conversions.is_rounded(text):
                message = f"{text} is rounded to {found[field]}."
                self._note(NoteKind.CONVERTED, column, message, line.number)
        regular, sale = found["basePrice"], found["salePrice"]
        if regular and sale and _parse(sale) >= _parse(regular):
            text = f"The sale price {sale} is not below {regular}: it is left out."
            self._note(NoteKind.IGNORED, "Sale price", text, line.number)
            found["salePrice"] = None
        on_sale = found["salePrice"] is not None
        for field, column, days in (
            ("saleStartsAt", "Date sale price starts", 0),
            ("saleEndsAt", "Date sale price ends", 1),
        ):
            text = values.get(column, "").strip()
            found[field] = _read_day(text, days) if text and on_sale else None
        return found


def _parse(amount: str) -> Decimal:
    return conversions.parse_number(amount) or Decimal(0)


def _read_day(text: str, days: int) -> str:
    """Return a moment as the API writes it. A day without a time lasts until its end."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if len(text) <= 10:
        moment += timedelta(days=days)
    if moment.tzinfo is None:
        moment = timezone.make_aware(moment)
    return moment.isoformat()


def _split(text: str) -> list[str]:
    parts = (part.replace("\\,", ",").strip() for part in _COMMA.split(text))
    return [part for part in parts if part]


def _position_of(line: Line) -> int:
    text = line.values.get("Position", "").strip()
    return int(text) if text.isdecimal() else 0


def _attributes(line: Line) -> list[tuple[str, str]]:
    values: Mapping[str, str] = line.values
    found = []
    for column in values:
        if match := re.fullmatch(r"Attribute (\d+) name", column):
            value = values.get(f"Attribute {match[1]} value(s)", "")
            found.append((values[column].strip(), value.strip()))
    return found
