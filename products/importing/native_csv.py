"""The shop's own CSV: a line for each variant, a product's own columns in its first line.
See docs/importing.md.
"""

from typing import Any

from markrin.csv_safety import unescape_formula
from products.csv_cells import split_values
from products.csv_reader import FileRefused, Line, require_columns
from products.importing.drafts import Draft, DraftRefused, FileFormat, snake_case

SEPARATOR = "|"  # between tags, and between images
BELOW = ">"  # between a category and one below it
# column → the field it fills, when it has something in it
_TEXTS = {
    "name": "name",
    "slug": "slug",
    "description": "description",
    "brand": "brand",
    "collection": "collection",
    "gender": "gender",
    "material": "material",
    "basePrice": "basePrice",
    "salePrice": "salePrice",
    "saleStartsAt": "saleStartsAt",
    "saleEndsAt": "saleEndsAt",
    "isFeatured": "isFeatured",
    "isNewArrival": "isNewArrival",
    "status": "status",
}
_PRODUCT = (
    "category",
    *_TEXTS,
    "tags",
    "images",
    "imageTexts",
    "seoTitle",
    "seoDescription",
)
# a variant's column → the field it fills
VARIANT = {
    "sku": "sku",
    "size": "size",
    "color": "color",
    "stock": "stock",
    "variantBasePrice": "basePrice",
    "variantSalePrice": "salePrice",
    "variantSaleStartsAt": "saleStartsAt",
    "variantSaleEndsAt": "saleEndsAt",
    "barcode": "barcode",
    "weightG": "weightG",
    "hsCode": "hsCode",
    "originCountry": "originCountry",
    "binLocation": "binLocation",
    "costPrice": "costPrice",
}
_VARIANT_AMOUNTS = ("basePrice", "salePrice", "costPrice")
COLUMNS = ("product", *_PRODUCT, *VARIANT)
# a field → its column, where they are not called alike
_COLUMN_OF = {"seo": "seoTitle"} | {
    f"variants.{field}": name for name, field in VARIANT.items() if field != name
}
REQUIRED = ["product", "name", "category", "basePrice", "sku"]


class NativeFormat(FileFormat):
    """Reads the shop's own CSV, and so what the shop itself has exported."""

    key = "product"
    is_export = True

    def __init__(self, source: str) -> None:
        self.source = source

    def check(self, header: list[str]) -> None:
        require_columns(header, REQUIRED)
        if unknown := [name for name in header if name not in COLUMNS]:
            raise FileRefused(
                f"line 1: there is no column {', '.join(unknown)}; there are {', '.join(COLUMNS)}"
            )

    def line(self, line: Line) -> Line:
        """Return the line without what an export puts before cells that look like formulas."""
        return Line(
            line.number,
            {name: unescape_formula(value) for name, value in line.values.items()},
            line.problem,
        )

    def draft(self, ref: str, lines: list[Line]) -> Draft:
        first = lines[0]
        draft = Draft(
            ref, first.number, {}, [line.number for line in lines], _COLUMN_OF
        )
        draft.variant_fields = {
            snake_case(field) for name, field in VARIANT.items() if name in first.values
        }
        for line in lines[1:]:
            for name in _PRODUCT:
                value = line.values.get(name, "").strip()
                if value and value != first.values[name].strip():
                    message = (
                        f"This differs from line {first.number}, the product's first."
                    )
                    raise DraftRefused(
                        draft.reject("differs", message, column=name, line=line.number)
                    )
        draft.data = _read_product(first.values)
        if "imageTexts" in first.values:
            draft.has_image_texts = True
            _set_image_texts(draft, first.values["imageTexts"])
        draft.data["variants"] = [_read_variant(line.values) for line in lines]
        if draft.data["variants"] == [{}]:
            draft.data["variants"] = []  # a product of which nothing is on sale
        return draft


def _read_product(values: dict[str, str]) -> dict[str, Any]:
    data: dict[str, Any] = {
        field: text
        for name, field in _TEXTS.items()
        if (text := values.get(name, "").strip())
    }
    for name in ("basePrice", "salePrice"):
        if name in data:
            data[name] = normalize_amount(data[name])
    if path := values.get("category", "").strip():
        data["category"] = split_values(path, BELOW)
    if tags := _split_list(values.get("tags", "")):
        data["tags"] = tags
    if images := _split_list(values.get("images", "")):
        data["images"] = [{"url": url} for url in images]
    seo = {
        "title": values.get("seoTitle", "").strip(),
        "description": values.get("seoDescription", "").strip(),
    }
    if any(seo.values()):
        data["seo"] = seo
    return data


def _set_image_texts(draft: Draft, text: str) -> None:
    """Give the images their texts, each the one in its place. Raises: Refused, when there
    are more texts.
    """
    texts, images = (
        split_values(text, SEPARATOR) if text.strip() else [],
        draft.data.get("images", []),
    )
    if len(texts) > len(images):
        message = f"There are {len(texts)} texts for {len(images)} images."
        raise DraftRefused(draft.reject("count", message, column="imageTexts"))
    for image, alt_text in zip(images, texts, strict=False):
        image["altText"] = alt_text


def _read_variant(values: dict[str, str]) -> dict[str, object]:
    data: dict[str, str] = {
        field: text
        for name, field in VARIANT.items()
        if (text := values.get(name, "").strip())
    }
    for name in _VARIANT_AMOUNTS:
        if name in data:
            data[name] = normalize_amount(data[name])
    return dict(data)


def _split_list(text: str) -> list[str]:
    return [part for part in split_values(text, SEPARATOR) if part]


def normalize_amount(text: str) -> str:
    """Return an amount as the API writes it: "50" and "50.5" become "50.00" and "50.50";
    the rest is left as it is.
    """
    whole, point, part = text.partition(".")
    if (
        whole.isascii()
        and whole.isdecimal()
        and len(part) < 3
        and ((part.isascii() and part.isdecimal()) or not point)
    ):
        return f"{whole}.{part:0<2}"
    return text
