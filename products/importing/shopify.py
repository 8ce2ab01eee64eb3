"""Shopify's product export, old headers and new: a line for each variant or further image, the
product's own columns in its first line.

Source: https://help.shopify.com/en/manual/products/import-export/using-csv
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

from stdnum import ean

from products.csv_reader import CsvShape, FileRefused, Line
from products.importing import conversions, words
from products.importing.drafts import Draft, FileFormat, Note, NoteKind, ProductData
from products.importing.unused_columns import UnusedColumns
from products.transliteration import ascii_slug

_STATUS = {
    "active": "published",
    "draft": "draft",
    "archived": "archived",
    "unlisted": "draft",
}
# What the new export calls the columns of the old one.
_NEW_NAMES: Final = {
    "url handle": "Handle",
    "description": "Body (HTML)",
    "published on online store": "Published",
    "sku": "Variant SKU",
    "barcode": "Variant Barcode",
    "price": "Variant Price",
    "compare-at price": "Variant Compare At Price",
    "inventory tracker": "Variant Inventory Tracker",
    "inventory quantity": "Variant Inventory Qty",
    "continue selling when out of stock": "Variant Inventory Policy",
    "weight value (grams)": "Variant Grams",
    "product image url": "Image Src",
    "variant image url": "Variant Image",
}
_TAKEN: Final = (
    "Handle",
    "Title",
    "Body (HTML)",
    "Vendor",
    "Product Category",
    "Type",
    "Tags",
    "Published",
    "Status",
    *(f"Option{number} {what}" for number in "123" for what in ("Name", "Value")),
    "Variant SKU",
    "Variant Barcode",
    "Variant Grams",
    "Variant Inventory Tracker",
    "Variant Inventory Qty",
    "Variant Inventory Policy",
    "Variant Price",
    "Variant Compare At Price",
    "Cost per item",
    "Image Src",
    "Image Position",
    "Image Alt Text",
    "Gift Card",
    "SEO Title",
    "SEO Description",
    "Google Shopping / Gender",
    "Google Shopping / Age Group",
)
_CANONICAL: Final = {name.lower(): name for name in _TAKEN} | _NEW_NAMES
_FIELDS: Final = {
    "name": "Title",
    "slug": "Handle",
    "description": "Body (HTML)",
    "brand": "Vendor",
    "category": "Type",
    "tags": "Tags",
    "basePrice": "Variant Price",
    "salePrice": "Variant Price",
    "images": "Image Src",
    "imageTexts": "Image Alt Text",
    "seoTitle": "SEO Title",
    "seoDescription": "SEO Description",
    "gender": "Google Shopping / Gender",
    "variants.sku": "Variant SKU",
    "variants.size": "Option1 Value",
    "variants.color": "Option1 Value",
    "variants.stock": "Variant Inventory Qty",
    "variants.inventoryPolicy": "Variant Inventory Policy",
    "variants.barcode": "Variant Barcode",
    "variants.weightG": "Variant Grams",
    "variants.costPrice": "Cost per item",
}
_NO_QUANTITIES = (
    "The file has no quantities: new variants begin with 0 pieces. Shopify's inventory export has"
    " them; `sync_inventory` takes it."
)


class ShopifyFormat(FileFormat):
    """Reads Shopify's product export. What has no type goes into the category
    `default_category`.
    """

    key = "Handle"

    def __init__(
        self, source: str, default_category: str, shape: CsvShape | None = None
    ) -> None:
        self.source, self.default_category = source, default_category
        self.shape = shape or CsvShape(delimiter="")
        self._names: dict[str, str] = {}  # ours → the file's
        self._unused = UnusedColumns((), ())

    def check(self, header: list[str]) -> None:
        self._names = {_CANONICAL.get(name.lower(), name): name for name in header}
        wanted = ["Handle", "Title"]
        if missing := [name for name in wanted if name not in self._names]:
            raise FileRefused(
                f"line 1: the column {', '.join(missing)} is missing, so this is no product export"
                f" of Shopify; the file has {', '.join(header)}"
            )
        # Exports have more columns every year: those that are not known here are left alone,
        # and the report names them.
        self._unused = UnusedColumns(self._names, _TAKEN)
        self.key_column = self._names["Handle"]

    def line(self, line: Line) -> Line:
        """Return the line under the names of the old export."""
        values = {
            _CANONICAL.get(name.lower(), name): text
            for name, text in line.values.items()
        }
        return Line(line.number, values, line.problem)

    def scan(self, line: Line) -> None:
        self._unused.count(line)

    def file_notes(self) -> list[Note]:
        notes = self._unused.notes(self._names)
        if "Variant Inventory Qty" not in self._names:
            notes.append(Note(NoteKind.IGNORED, 1, "", "stock", _NO_QUANTITIES))
        return notes

    def draft(self, ref: str, lines: list[Line]) -> Draft:
        return _ShopifyProduct(self, ref, lines).read()

    def has(self, name: str) -> bool:
        """Return whether the file has this column."""
        return name in self._names

    def name_of(self, name: str) -> str:
        """Return what the file calls a column."""
        return self._names.get(name, name)

    def columns(self) -> dict[str, str]:
        """Return which of the file's columns each field comes from."""
        return {
            field: self._names.get(name, name) for field, name in _FIELDS.items()
        }


class _ShopifyProduct:
    """Reads the lines of one product."""

    def __init__(self, file: ShopifyFormat, ref: str, lines: list[Line]) -> None:
        self.file, self.ref = file, ref
        self.lines = lines
        # A spreadsheet that was sorted may have the product's own values in any line.
        own = [line for line in lines if line.values.get("Title", "").strip()]
        self.first = (own or lines)[0].values
        self.rows = [line for line in lines if _is_variant(line)]
        self.draft = Draft(
            ref,
            lines[0].number,
            {},
            [line.number for line in self.rows],
            file.columns(),
            has_image_texts=file.has("Image Alt Text"),
            fallback_category=(file.default_category,),
        )

    def read(self) -> Draft:
        """Return the product as a draft."""
        data = self.draft.data
        if name := self.first.get("Title", "").strip():
            data["name"] = name
        if slug := ascii_slug(self.ref)[:120].strip("-"):
            data["slug"] = slug
            if slug != self.ref:
                self._note("slug", f"The address's part {self.ref} is {slug} here.")
        self._read_texts(data)
        self._read_category(data)
        self._read_status(data)
        if self.file.has("Image Src"):
            data["images"] = self._read_images()
        if self.file.has("Variant Price") or self.file.has("Variant SKU"):
            data["variants"] = [self._read_variant(line) for line in self.rows]
            self._read_prices(data)
        return self.draft

    def _note(
        self,
        field: str,
        text: str,
        kind: NoteKind = NoteKind.CONVERTED,
        line: int | None = None,
    ) -> None:
        column = self.draft.columns.get(field, field)
        self.draft.note(kind, text, column=column, line=line)

    def _read_texts(self, data: ProductData) -> None:
        first = self.first
        for field, column in (
            ("brand", "Vendor"),
            ("seoTitle", "SEO Title"),
            ("seoDescription", "SEO Description"),
        ):
            if self.file.has(column):
                data[field] = first.get(column, "").strip()
        if self.file.has("Body (HTML)"):
            data["description"] = conversions.html_to_text(
                first.get("Body (HTML)", "")
            )
        if self.file.has("Tags"):
            tags = first.get("Tags", "").split(",")
            data["tags"] = list(dict.fromkeys(filter(None, map(str.strip, tags))))
        if gender := _read_gender(first):
            data["gender"] = gender
        if self.file.has("Gift Card"):
            data["isGiftCard"] = (
                "true"
                if first.get("Gift Card", "").strip().lower() == "true"
                else "false"
            )

    def _read_category(self, data: ProductData) -> None:
        if kind := self.first.get("Type", "").strip():
            data["category"] = [kind]
        elif path := self.first.get("Product Category", "").strip():
            data["category"] = [part.strip() for part in path.split(">")]

    def _read_status(self, data: ProductData) -> None:
        """Hidden stays hidden: a product is published only where its status and the online store
        both say so.
        """
        said = self.first.get("Status", "").strip().lower()
        published = self.first.get("Published", "").strip().lower()
        if not said and not published:
            return
        status = _STATUS.get(said, said) if said else "published"
        if said == "unlisted":
            self._note(
                "Status", "There are no unlisted products here: it is a draft."
            )
        if status == "published" and published == "false":
            status = "draft"
            if said:
                text = "Active, but not in the online store: it is a draft here."
                self._note("Published", text)
        data["status"] = status

    def _read_images(self) -> list[dict[str, str]]:
        found = [
            (_position_of(line), url, line.values.get("Image Alt Text", "").strip())
            for line in self.lines
            if (url := line.values.get("Image Src", "").strip())
        ]
        images = []
        for _, url, text in sorted(found, key=lambda each: each[0]):
            link = conversions.convert_link(url)
            if link != url:
                self._note("images", f"{url} is linked to by https.")
            images.append({"url": link, "altText": text})
        return images

    def _read_variant(self, line: Line) -> dict[str, object]:
        values = line.values
        size, color, named = self._read_options(line)
        sku = self._read_sku(line, named)
        data: dict[str, object] = {"sku": sku, "size": size, "color": color}
        if self.file.has("Variant Inventory Qty"):
            text = values.get("Variant Inventory Qty", "").strip() or "0"
            data["stock"] = conversions.convert_pieces(text)
            if text.startswith("-"):
                message = f"{text} pieces, sold before they came, are 0."
                self._note("variants.stock", message, line=line.number)
        self._read_details(line, data)
        self._read_policy(line, data)
        return data

    def _read_policy(self, line: Line, data: dict[str, object]) -> None:
        """Read whether it is sold without stock. What Shopify does not track has no tracker, and
        quantities that mean nothing.
        """
        has_tracker = self.file.has("Variant Inventory Tracker")
        if (
            has_tracker
            and not line.values.get("Variant Inventory Tracker", "").strip()
        ):
            data["inventoryPolicy"] = "untracked"
            data.pop("stock", None)
        elif has_tracker or self.file.has("Variant Inventory Policy"):
            policy = line.values.get("Variant Inventory Policy", "").strip().lower()
            goes_on = policy in ("continue", "true")
            data["inventoryPolicy"] = "continue" if goes_on else "deny"

    def _read_options(self, line: Line) -> tuple[str, str, list[str]]:
        """Return size, colour and all options. Those that are neither stand behind the size."""
        sizes: list[str] = []
        others: list[str] = []
        named: list[str] = []
        color = ""
        for number in "123":
            name = self.first.get(f"Option{number} Name", "").strip()
            value = line.values.get(f"Option{number} Value", "").strip()
            if not value or (name.lower(), value.lower()) == (
                "title",
                "default title",
            ):
                continue
            named.append(value)
            if words.is_color(name) and not color:
                color = value
            elif words.is_size(name):
                sizes.append(value)
            else:
                others.append(value)
        return " / ".join([*sizes, *others]), color, named

    def _read_sku(self, line: Line, named: Sequence[str]) -> str:
        given = line.values.get("Variant SKU", "").strip()
        sku = conversions.convert_sku(given)
        if sku:
            if sku != given.lstrip("'"):
                text = f"The SKU {given} is {sku} here."
                self._note("variants.sku", text, line=line.number)
            return sku
        return ascii_slug("-".join([self.ref, *named])).upper()[:64].strip("-")

    def _read_details(self, line: Line, data: dict[str, object]) -> None:
        """Take barcode, weight and cost; a barcode that is no GTIN is left out, as Shopify takes
        any text there.
        """
        values = line.values
        if self.file.has("Variant Barcode"):
            barcode = values.get("Variant Barcode", "").strip().lstrip("'")
            fits = barcode.isdecimal() and ean.is_valid(barcode)
            data["barcode"] = barcode if fits else ""
            if barcode and not fits:
                text = f"{barcode} is no GTIN and is left out."
                self._note(
                    "variants.barcode", text, NoteKind.IGNORED, line=line.number
                )
        if self.file.has("Variant Grams"):
            grams = conversions.parse_number(values.get("Variant Grams", ""))
            data["weightG"] = str(round(grams)) if grams and grams >= 1 else None
        if self.file.has("Cost per item"):
            cost = values.get("Cost per item", "").strip()
            data["costPrice"] = conversions.convert_amount(cost) if cost else None

    def _read_prices(self, data: ProductData) -> None:
        """Give the product the prices of its first variant, and each variant that has others its
        own.
        """
        if not self.file.has("Variant Price"):
            return
        prices = [self._read_price(line) for line in self.rows]
        if not prices:
            return
        data |= prices[0]
        for variant, own in zip(data["variants"], prices, strict=True):
            same = own == prices[0]
            variant.update(
                dict.fromkeys(("basePrice", "salePrice")) if same else own
            )

    def _read_price(self, line: Line) -> dict[str, str | None]:
        """Return a line's prices: Shopify's "compare at" price is what it cost before."""
        text = line.values["Variant Price"].strip()
        before = line.values.get("Variant Compare At Price", "").strip()
        price = conversions.convert_amount(text)
        if conversions.is_rounded(text):
            self._note(
                "basePrice", f"{text} is rounded to {price}.", line=line.number
            )
        if not before:
            return {"basePrice": price, "salePrice": None}
        compared = conversions.parse_number(before)
        now = conversions.parse_number(text)
        if compared is None:  # refused, and not sold without
            self.draft.columns = {
                **self.draft.columns,
                "basePrice": self.file.name_of("Variant Compare At Price"),
            }
            return {"basePrice": before, "salePrice": price}
        if now is not None and compared > now > Decimal(0):
            return {
                "basePrice": conversions.convert_amount(before),
                "salePrice": price,
            }
        if compared != 0 and compared != now:
            message = f"The compare-at price {before} is not above {text}: it is left out."
            self._note("basePrice", message, NoteKind.IGNORED, line=line.number)
        return {"basePrice": price, "salePrice": None}


def _is_variant(line: Line) -> bool:
    values = line.values
    return bool(
        values.get("Variant Price", "").strip()
        or values.get("Option1 Value", "").strip()
        or values.get("Variant SKU", "").strip()
    )


def _position_of(line: Line) -> int:
    position = line.values.get("Image Position", "").strip()
    return int(position) if position.isdecimal() else 999


def _read_gender(first: Mapping[str, str]) -> str | None:
    said = first.get("Google Shopping / Gender", "").strip().lower()
    age = first.get("Google Shopping / Age Group", "").strip().lower()
    if age in ("kids", "toddler", "infant", "newborn"):
        return {"male": "boys", "female": "girls"}.get(said, "unisex")
    return words.find_gender(said) or words.find_gender(
        re.sub(r"[’']s\b", "", first.get("Tags", ""))
    )
