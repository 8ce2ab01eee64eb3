"""The shop's own CSV: a line for each variant, a product's own columns in one of its lines.
See docs/importing.md.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from markrin.csv_safety import unescape_formula
from products.csv_cells import split_values
from products.csv_reader import CsvShape, FileRefused, Line, require_columns
from products.importing.drafts import Draft, DraftRefused, FileFormat, ProductData

SEPARATOR = "|"  # between tags, between images, and between further categories
BELOW = ">"  # between a category and one below it
_TEXTS = (
    "description",
    "brand",
    "collection",
    "material",
    "seoTitle",
    "seoDescription",
)
_NEEDED = ("name", "basePrice")  # an empty cell of these is refused
_OPTIONAL = ("salePrice", "saleStartsAt", "saleEndsAt")  # an empty cell is none
# An empty cell of these says nothing: they always have a value.
_CHOICES = ("slug", "gender", "isGiftCard", "isFeatured", "isNewArrival", "status")
PRODUCT = (
    "category",
    "alsoIn",
    "name",
    "slug",
    "description",
    "brand",
    "collection",
    "gender",
    "material",
    "basePrice",
    "salePrice",
    "saleStartsAt",
    "saleEndsAt",
    "isGiftCard",
    "isFeatured",
    "isNewArrival",
    "status",
    "tags",
    "images",
    "imageTexts",
    "imageColors",
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
    "inventoryPolicy": "inventoryPolicy",
}
# What an empty cell of a variant's column is; the rest is empty text.
_EMPTY: Final[dict[str, object]] = dict.fromkeys(
    ("basePrice", "salePrice", "saleStartsAt", "saleEndsAt", "weightG", "costPrice")
)
# An empty cell of these says nothing.
_KEPT_IF_EMPTY = ("sku", "stock", "inventoryPolicy")
_VARIANT_AMOUNTS = ("basePrice", "salePrice", "costPrice")
COLUMNS = ("product", *PRODUCT, *VARIANT)
# a field → its column, where they are not called alike
_COLUMN_OF = {
    f"variants.{field}": name for name, field in VARIANT.items() if field != name
}


class NativeFormat(FileFormat):
    """Reads the shop's own CSV, and so what the shop itself has exported."""

    key = "product"
    is_export = True
    shape = CsvShape(delimiter="")

    def __init__(self, source: str, shape: CsvShape | None = None) -> None:
        self.source = source
        self.shape = shape or self.shape

    def check(self, header: list[str]) -> None:
        require_columns(header, ["product"])
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
        values = _merge_lines(ref, lines)
        draft = Draft(ref, lines[0].number, {}, columns=_COLUMN_OF)
        draft.data = _read_product(draft, values)
        if "images" in draft.data and "imageTexts" in values:
            draft.has_image_texts = True
            _set_image_words(draft, values["imageTexts"], "imageTexts", "altText")
        if "images" in draft.data and "imageColors" in values:
            draft.has_image_colors = True
            _set_image_words(draft, values["imageColors"], "imageColors", "color")
        if "sku" not in values:
            return draft  # the file says nothing of variants
        rows = [line for line in lines if _has_variant(line)]
        draft.lines = [line.number for line in rows]
        draft.data["variants"] = [_read_variant(line.values) for line in rows]
        return draft


def _merge_lines(ref: str, lines: Sequence[Line]) -> dict[str, str]:
    """Return the product's own values: each stands in the first line that has one. Raises:
    DraftRefused, where another line says otherwise.
    """
    values = {name: text.strip() for name, text in lines[0].values.items()}
    where = dict.fromkeys(values, lines[0].number)
    for line in lines[1:]:
        for name in PRODUCT:
            value = line.values.get(name, "").strip()
            if value and not values[name]:
                values[name], where[name] = value, line.number
            elif value and value != values[name]:
                message = f"This differs from line {where[name]}, which is of the same product."
                draft = Draft(ref, lines[0].number, {})
                raise DraftRefused(
                    draft.reject("differs", message, column=name, line=line.number)
                )
    return values


def _has_variant(line: Line) -> bool:
    """Whether the line has anything of a variant; one without is a product of which nothing is
    on sale.
    """
    return any(line.values.get(name, "").strip() for name in VARIANT)


def _read_product(draft: Draft, values: Mapping[str, str]) -> ProductData:
    """Return what the file says of the product: of an absent column nothing."""
    data: ProductData = {}
    for name in ("category", *_NEEDED):
        if name not in values:
            continue
        if not values[name]:
            text = "This is required."
            raise DraftRefused(draft.reject("required", text, column=name))
        data[name] = values[name]
    data |= {name: values[name] for name in _TEXTS if name in values}
    data |= {name: values[name] or None for name in _OPTIONAL if name in values}
    data |= {name: values[name] for name in _CHOICES if values.get(name)}
    for name in ("basePrice", "salePrice"):
        if data.get(name):
            data[name] = normalize_amount(data[name])
    if "category" in data:
        data["category"] = split_values(data["category"], BELOW)
    if "alsoIn" in values:
        paths = _split_list(values["alsoIn"])
        data["alsoIn"] = [split_values(path, BELOW) for path in paths]
    if "tags" in values:
        data["tags"] = _split_list(values["tags"])
    if "images" in values:
        data["images"] = [{"url": url} for url in _split_list(values["images"])]
    return data


def _set_image_words(draft: Draft, text: str, column: str, name: str) -> None:
    """Give the images their texts, or colours, each the one in its place.

    Raises:
        DraftRefused: there are more of them than images.
    """
    texts, images = (
        split_values(text, SEPARATOR) if text.strip() else [],
        draft.data["images"],
    )
    if len(texts) > len(images):
        kind = "texts" if name == "altText" else "colours"
        message = f"There are {len(texts)} {kind} for {len(images)} images."
        raise DraftRefused(draft.reject("count", message, column=column))
    for image, word in zip(images, texts, strict=False):
        image[name] = word


def _read_variant(values: Mapping[str, str]) -> dict[str, object]:
    data: dict[str, object] = {}
    for name, field in VARIANT.items():
        if name not in values:
            continue
        text = values[name].strip()
        if text and field in _VARIANT_AMOUNTS:
            text = normalize_amount(text)
        if text or field not in _KEPT_IF_EMPTY:
            data[field] = text or _EMPTY.get(field, "")
    return data


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
