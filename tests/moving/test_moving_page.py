"""The table of docs/moving.md, dialect by field, says what the formats do: each cell is tried
with a file that has the field.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from products.csv_reader import Line
from products.importing.drafts import Draft, FileFormat
from products.importing.mapping import MappedFormat
from products.importing.mapping_file import MappingFile
from products.importing.native_csv import NativeFormat
from products.importing.shopify import ShopifyFormat
from products.importing.woocommerce import WooFormat

PAGE = Path(__file__).parents[2] / "docs/moving.md"
Read = Callable[[dict[str, Any]], object]


def table() -> dict[tuple[str, str], str]:
    """Return the page's table: (dialect, field) → what becomes of it."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text("utf-8")
        .partition("What becomes of each field")[2]
        .splitlines()
        if line.startswith("|")
    ]
    head, _, *body = rows
    return {
        (dialect, row[0]): said
        for row in body
        for dialect, said in zip(head[1:], row[1:], strict=True)
    }


def of(name: str) -> Read:
    return lambda data: data.get(name)


def of_variant(name: str, number: int = 0) -> Read:
    return lambda data: data["variants"][number].get(name)


def joined(name: str, separator: str) -> Read:
    return lambda data: separator.join(data.get(name, ())) or None


def first_further(data: dict[str, Any]) -> object:
    return " > ".join(data["alsoIn"][0]) if data.get("alsoIn") else None


def of_images(name: str) -> Read:
    return lambda data: "|".join(each[name] for each in data.get("images", ()))


COLUMNS = {
    **{name: name for name in ("name", "slug", "description", "brand", "tags")},
    **{name: name for name in ("status", "basePrice", "salePrice", "saleStartsAt")},
    **{name: name for name in ("images", "imageTexts", "imageColors")},
    **{name: name for name in ("seoTitle", "gender")},
    **{name: name for name in ("sku", "stock", "barcode", "weightG", "costPrice")},
    "isGiftCard": "isGiftCard",
    "inventoryPolicy": "inventoryPolicy",
}
MAPPING = {
    "source": "m",
    "key": "key",
    "decimal": ",",
    "html": ["description"],
    "split": {"tags": ",", "images": ","},
    "category": {"columns": ["cat"], "separator": ">"},
    "option": [{"name": "opt", "value": "val"}, {"name": "opt2", "value": "val2"}],
    "columns": COLUMNS,
}
DAY, IMAGE = "2026-11-27T12:00:00Z", "https://pictures.example/1.jpg"
VARIATION = {
    "Type": "variation",
    "Parent": "P",
    "Attribute 1 name": "Size",
    "Attribute 1 value(s)": "L",
}
# field → for each dialect the cells that have it, where it comes out, and the lines of the product
# before that; None: no such thing
Cells = dict[str, str]
CASES: dict[str, dict[str, tuple[Any, ...] | None]] = {
    "name": {
        "own CSV": ({"name": "A & B"}, of("name")),
        "Shopify": ({"Title": "A & B"}, of("name")),
        "WooCommerce": ({"Name": "A & B"}, of("name")),
        "mapping": ({"name": "A & B"}, of("name")),
    },
    "address (slug)": {
        "own CSV": ({"slug": "old-coat"}, of("slug")),
        "Shopify": ({"Handle": "Old_Coat"}, of("slug")),
        "WooCommerce": None,
        "mapping": ({"slug": "old-coat"}, of("slug")),
    },
    "category": {
        "own CSV": ({"category": "Men > Shirts"}, joined("category", " > ")),
        "Shopify": ({"Type": "Shirts"}, joined("category", " > ")),
        "WooCommerce": ({"Categories": "A > B, C"}, joined("category", " > ")),
        "mapping": ({"cat": "Men>Shirts"}, joined("category", " > ")),
    },
    "further categories": {
        "own CSV": ({"alsoIn": "Sale > Last"}, first_further),
        "Shopify": None,
        "WooCommerce": ({"Categories": "A > B, C"}, first_further),
        "mapping": None,
    },
    "tags": {
        "own CSV": ({"tags": "a|b"}, joined("tags", "|")),
        "Shopify": ({"Tags": "a, b"}, joined("tags", "|")),
        "WooCommerce": ({"Tags": "a, b"}, joined("tags", "|")),
        "mapping": ({"tags": "a,b"}, joined("tags", "|")),
    },
    "price, price before": {
        "own CSV": ({"basePrice": "20.00", "salePrice": "10.00"}, of("basePrice")),
        "Shopify": (
            {"Variant Price": "10.00", "Variant Compare At Price": "20.00"},
            of("basePrice"),
        ),
        "WooCommerce": (
            {"Regular price": "20.5", "Sale price": "10"},
            of("basePrice"),
        ),
        "mapping": ({"basePrice": "20,50", "salePrice": "10"}, of("basePrice")),
    },
    "sale days": {
        "own CSV": ({"saleStartsAt": DAY, "salePrice": "5"}, of("saleStartsAt")),
        "Shopify": None,
        "WooCommerce": (
            {"Date sale price starts": "2026-11-27", "Sale price": "5"},
            of("saleStartsAt"),
        ),
        "mapping": ({"saleStartsAt": DAY, "salePrice": "5"}, of("saleStartsAt")),
    },
    "variants' own prices": {
        "own CSV": ({"variantBasePrice": "12.00"}, of_variant("basePrice")),
        "Shopify": (
            {"Variant Price": "12.00", "Option1 Value": "L", "Variant SKU": "L"},
            of_variant("basePrice", 1),
            {"Option1 Name": "Size", "Option1 Value": "M"},
        ),
        "WooCommerce": (
            {"Regular price": "12.00", "ID": "3", "SKU": "L", **VARIATION},
            of_variant("basePrice", 1),
            {"ID": "9", "SKU": "P", "Type": "variable", "Regular price": ""},
            {"ID": "2", "SKU": "M", **VARIATION, "Attribute 1 value(s)": "M"},
        ),
        "mapping": (
            {"basePrice": "12.00", "opt": "Size", "val": "L"},
            of_variant("basePrice", 1),
            {"opt": "Size", "val": "M"},
        ),
    },
    "size, colour": {
        "own CSV": ({"size": "M"}, of_variant("size")),
        "Shopify": (
            {"Option1 Value": "M", "Option1 Name": "Size"},
            of_variant("size"),
        ),
        "WooCommerce": (
            {"Attribute 1 value(s)": "M", "Attribute 1 name": "Size"},
            of_variant("size"),
        ),
        "mapping": ({"val": "M", "opt": "Size"}, of_variant("size")),
    },
    "other options": {
        "own CSV": None,
        "Shopify": (
            {
                "Option2 Value": "Slim",
                "Option2 Name": "Fit",
                "Option1 Value": "M",
                "Option1 Name": "Size",
            },
            of_variant("size"),
        ),
        "WooCommerce": (
            {
                "Attribute 2 value(s)": "Slim",
                "Attribute 2 name": "Fit",
                "ID": "2",
                **VARIATION,
            },
            of_variant("size"),
            {"ID": "9", "SKU": "P", "Type": "variable", "Regular price": ""},
        ),
        "mapping": (
            {"val2": "Slim", "opt2": "Fit", "val": "M", "opt": "Size"},
            of_variant("size"),
        ),
    },
    "images": {
        "own CSV": ({"images": f"{IMAGE}|{IMAGE}2"}, of_images("url")),
        "Shopify": ({"Image Src": IMAGE}, of_images("url")),
        "WooCommerce": ({"Images": f"{IMAGE}, {IMAGE}2"}, of_images("url")),
        "mapping": ({"images": f"{IMAGE},{IMAGE}2"}, of_images("url")),
    },
    "image texts": {
        "own CSV": (
            {"imageTexts": "From behind", "images": IMAGE},
            of_images("altText"),
        ),
        "Shopify": (
            {"Image Alt Text": "From behind", "Image Src": IMAGE},
            of_images("altText"),
        ),
        "WooCommerce": None,
        "mapping": (
            {"imageTexts": "From behind", "images": IMAGE},
            of_images("altText"),
        ),
    },
    "image colours": {
        "own CSV": (
            {"imageColors": "Red", "images": IMAGE, "color": "Red"},
            of_images("color"),
        ),
        "Shopify": None,
        "WooCommerce": None,
        "mapping": ({"imageColors": "Red", "images": IMAGE}, of_images("color")),
    },
    "description": {
        "own CSV": ({"description": "<p>x</p>"}, of("description")),
        "Shopify": ({"Body (HTML)": "<p>x</p>"}, of("description")),
        "WooCommerce": ({"Description": "<p>x</p>"}, of("description")),
        "mapping": ({"description": "<p>x</p>"}, of("description")),
    },
    "brand": {
        "own CSV": ({"brand": "Acme"}, of("brand")),
        "Shopify": ({"Vendor": "Acme"}, of("brand")),
        "WooCommerce": ({"Brands": "Acme"}, of("brand")),
        "mapping": ({"brand": "Acme"}, of("brand")),
    },
    "status": {
        "own CSV": ({"status": "draft"}, of("status")),
        "Shopify": ({"Status": "active"}, of("status")),
        "WooCommerce": ({"Published": "0"}, of("status")),
        "mapping": ({"status": "hidden"}, of("status")),
    },
    "SKU": {
        "own CSV": ({"sku": "A-1"}, of_variant("sku")),
        "Shopify": ({"Variant SKU": "A 1"}, of_variant("sku")),
        "WooCommerce": ({"SKU": "A 1"}, of_variant("sku")),
        "mapping": ({"sku": "A 1"}, of_variant("sku")),
    },
    "first pieces": {
        "own CSV": ({"stock": "3"}, of_variant("stock")),
        "Shopify": ({"Variant Inventory Qty": "3.0"}, of_variant("stock")),
        "WooCommerce": ({"Stock": "3.0"}, of_variant("stock")),
        "mapping": ({"stock": "3,0"}, of_variant("stock")),
    },
    "barcode": {
        "own CSV": ({"barcode": "4006381333931"}, of_variant("barcode")),
        "Shopify": ({"Variant Barcode": "4006381333931"}, of_variant("barcode")),
        "WooCommerce": (
            {"GTIN, UPC, EAN, or ISBN": "4006381333931"},
            of_variant("barcode"),
        ),
        "mapping": ({"barcode": "4006381333931"}, of_variant("barcode")),
    },
    "weight": {
        "own CSV": ({"weightG": "250"}, of_variant("weightG")),
        "Shopify": ({"Variant Grams": "250"}, of_variant("weightG")),
        "WooCommerce": ({"Weight (kg)": "0.25"}, of_variant("weightG")),
        "mapping": ({"weightG": "250"}, of_variant("weightG")),
    },
    "cost": {
        "own CSV": ({"costPrice": "9.00"}, of_variant("costPrice")),
        "Shopify": ({"Cost per item": "9.00"}, of_variant("costPrice")),
        "WooCommerce": None,
        "mapping": ({"costPrice": "9.00"}, of_variant("costPrice")),
    },
    "SEO texts": {
        "own CSV": ({"seoTitle": "T"}, of("seoTitle")),
        "Shopify": ({"SEO Title": "T"}, of("seoTitle")),
        "WooCommerce": None,
        "mapping": ({"seoTitle": "T"}, of("seoTitle")),
    },
    "gender": {
        "own CSV": ({"gender": "men"}, of("gender")),
        "Shopify": ({"Tags": "Women"}, of("gender")),
        "WooCommerce": ({"Tags": "Women"}, of("gender")),
        "mapping": ({"gender": "Damen"}, of("gender")),
    },
    "gift card": {
        "own CSV": ({"isGiftCard": "true"}, of("isGiftCard")),
        "Shopify": ({"Gift Card": "true"}, of("isGiftCard")),
        "WooCommerce": None,
        "mapping": ({"isGiftCard": "true"}, of("isGiftCard")),
    },
    "barcode that is no GTIN": {
        "own CSV": None,
        "Shopify": ({"Variant Barcode": "ABC"}, lambda _: None),
        "WooCommerce": ({"GTIN, UPC, EAN, or ISBN": "ABC"}, lambda _: None),
        "mapping": None,
    },
    "tracking, selling without stock": {
        "own CSV": (
            {"inventoryPolicy": "untracked"},
            of_variant("inventoryPolicy"),
        ),
        "Shopify": (
            {"Variant Inventory Policy": "continue"},
            of_variant("inventoryPolicy"),
        ),
        "WooCommerce": (
            {"Backorders allowed?": "1"},
            of_variant("inventoryPolicy"),
        ),
        "mapping": ({"inventoryPolicy": "yes"}, of_variant("inventoryPolicy")),
    },
    "tax class": {
        "own CSV": None,
        "Shopify": None,
        "WooCommerce": ({"Tax class": "reduced"}, lambda _: None),
        "mapping": None,
    },
    "other columns": {
        "own CSV": None,
        "Shopify": ({"Lining": "silk"}, lambda _: None),
        "WooCommerce": ({"Meta: _x": "silk"}, lambda _: None),
        "mapping": None,
    },
}
BASE: dict[str, dict[str, str]] = {
    "own CSV": {"product": "P", "sku": "S", "basePrice": "10"},
    "Shopify": {
        "Handle": "p",
        "Title": "P",
        "Option1 Name": "Title",
        "Option1 Value": "Default Title",
        "Variant SKU": "S",
        "Variant Price": "10",
        "Variant Inventory Tracker": "shopify",
    },
    "WooCommerce": {
        "ID": "1",
        "Type": "simple",
        "SKU": "S",
        "Name": "P",
        "Regular price": "10",
    },
    "mapping": {
        "key": "K",
        **dict.fromkeys((*COLUMNS, "cat", "opt", "val", "opt2", "val2"), ""),
        "basePrice": "10",
    },
}


def make_format(dialect: str) -> FileFormat:
    if dialect == "mapping":
        return MappedFormat(MappingFile().load(MAPPING))
    makers = {
        "own CSV": NativeFormat("own"),
        "Shopify": ShopifyFormat("shopify", "Imported"),
        "WooCommerce": WooFormat("woocommerce", "Imported"),
    }
    return makers[dialect]


def outcome(dialect: str, cells: Cells, read: Read, *before: Cells) -> str:
    """Return what becomes of these cells."""
    format_ = make_format(dialect)
    rows = [BASE[dialect] | row for row in (*before, cells)]
    header = list(dict.fromkeys(name for row in rows for name in row))
    format_.check(header)
    lines = [
        format_.line(Line(number, dict.fromkeys(header, "") | row))
        for number, row in enumerate(rows, start=2)
    ]
    for line in lines:
        format_.scan(line)
    draft: Draft = format_.draft(format_.ref_of(lines[0]), lines)
    value = read(draft.data)
    noted = {note.column for note in (*draft.notes, *format_.file_notes())}
    if value is None:
        return "reported" if noted & cells.keys() else "lost in silence"
    return "kept" if value == next(iter(cells.values())) else "converted"


@pytest.mark.parametrize(("field", "dialects"), CASES.items(), ids=CASES.keys())
def test_the_page_says_what_becomes_of_a_field(
    field: str, dialects: dict[str, Any]
) -> None:
    said = {dialect: table()[dialect, field] for dialect in dialects}
    found = {
        dialect: "–" if case is None else outcome(dialect, *case)
        for dialect, case in dialects.items()
    }
    assert found == said


def test_every_field_of_the_page_is_tried() -> None:
    assert {field for _, field in table()} == CASES.keys()
