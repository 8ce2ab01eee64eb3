"""Shopify's product export: a line for each variant or further image, the product's own
columns in its first line.

Source: https://help.shopify.com/en/manual/products/import-export/using-csv
"""

import html
import re
from collections.abc import Mapping
from decimal import Decimal

from django.utils.html import strip_tags
from stdnum import ean

from products.csv_reader import Line, require_columns
from products.importing.drafts import Draft, DraftRefused, FileFormat
from products.importing.native_csv import normalize_amount
from products.transliteration import ascii_slug

_GENDERS = {
    "male": "men",
    "men": "men",
    "mens": "men",
    "man": "men",
    "female": "women",
    "women": "women",
    "womens": "women",
    "woman": "women",
    "unisex": "unisex",
    "boy": "boys",
    "boys": "boys",
    "girl": "girls",
    "girls": "girls",
}
_STATUS = {"active": "published", "draft": "draft", "archived": "archived"}
_BLOCKS = re.compile(r"<(?:br\s*/?|/p|/li|/h[1-6]|/div)>", re.IGNORECASE)
_COLUMNS = {
    "name": "Title",
    "slug": "Handle",
    "description": "Body (HTML)",
    "brand": "Vendor",
    "category": "Type",
    "tags": "Tags",
    "basePrice": "Variant Compare At Price",
    "salePrice": "Variant Price",
    "sku": "Variant SKU",
    "size": "Option1 Value",
    "color": "Option1 Value",
    "stock": "Variant Inventory Qty",
    "images": "Image Src",
    "seo": "SEO Title",
    "gender": "Google Shopping / Gender",
    "status": "Published",
}


_PRICES = ("base_price", "sale_price", "sale_starts_at", "sale_ends_at")
# a column → the field of the variant
_DETAILS = {
    "Variant Barcode": "barcode",
    "Variant Grams": "weight_g",
    "Cost per item": "cost_price",
}


class ShopifyFormat(FileFormat):
    """Reads Shopify's product export. What has no type goes into the category
    `default_category`.
    """

    key = "Handle"

    def __init__(self, source: str, default_category: str) -> None:
        self.source, self.default_category = source, default_category

    def check(self, header: list[str]) -> None:
        # Exports have more columns every year: those that are not known here are left alone.
        require_columns(
            header,
            ["Handle", "Title", "Option1 Name", "Option1 Value", "Variant Price"],
        )

    def draft(self, ref: str, lines: list[Line]) -> Draft:
        first = lines[0].values
        variants = [
            line
            for line in lines
            if line.values["Variant Price"] or line.values["Option1 Value"]
        ]
        draft = Draft(
            ref, lines[0].number, {}, [line.number for line in variants], _COLUMNS
        )
        if first.get("Gift Card", "").lower() == "true":
            raise DraftRefused(
                draft.reject(
                    "gift_card",
                    "A gift card is not a product here.",
                    column="Gift Card",
                )
            )
        draft.data = {
            "name": first["Title"].strip(),
            "slug": ascii_slug(ref)[:120],
            "description": _html_to_text(first.get("Body (HTML)", "")),
            "brand": first.get("Vendor", "").strip(),
            "category": [(first.get("Type") or self.default_category).strip()],
            "tags": [
                tag.strip() for tag in first.get("Tags", "").split(",") if tag.strip()
            ],
            "gender": _read_gender(first),
            "status": _read_status(first),
            "seo": {
                "title": first.get("SEO Title", ""),
                "description": first.get("SEO Description", ""),
            },
            "images": _read_images(lines),
            "variants": [_read_variant(ref, first, line.values) for line in variants],
        }
        draft.variant_fields = {"sku", "size", "color", "stock", *_PRICES}
        draft.variant_fields |= {
            name for column, name in _DETAILS.items() if column in first
        }
        prices = [_read_prices(line.values) for line in variants]
        draft.data |= prices[0] if prices else {}
        for line, own, variant in zip(
            variants, prices, draft.data["variants"], strict=True
        ):
            variant.update(_read_details(line.values))
            if own != prices[0]:
                variant.update(own)
        return draft


def _html_to_text(body: str) -> str:
    """Return what HTML says, a line for each block."""
    text = html.unescape(strip_tags(_BLOCKS.sub("\n", body)))
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _read_gender(first: dict[str, str]) -> str:
    said = first.get("Google Shopping / Gender", "").strip().lower()
    if first.get("Google Shopping / Age Group", "").strip().lower() in (
        "kids",
        "toddler",
        "infant",
        "newborn",
    ):
        return {"male": "boys", "female": "girls"}.get(said, "unisex")
    for word in (said, *re.findall(r"[a-z]+", first.get("Tags", "").lower())):
        if word in _GENDERS:
            return _GENDERS[word]
    return "unisex"


def _read_status(first: dict[str, str]) -> str:
    if status := first.get("Status", "").strip().lower():
        return _STATUS.get(status, status)
    return (
        "published"
        if first.get("Published", "true").strip().lower() == "true"
        else "draft"
    )


def _read_images(lines: list[Line]) -> list[dict[str, str]]:
    found = [
        (
            int(position)
            if (position := line.values.get("Image Position", "")).isdecimal()
            else 999,
            url,
            line,
        )
        for line in lines
        if (url := line.values.get("Image Src", "").strip())
    ]
    found.sort(key=lambda image: image[0])
    return [
        {"url": url, "altText": line.values.get("Image Alt Text", "").strip()}
        for _, url, line in found
    ]


def _read_variant(
    ref: str, first: dict[str, str], values: dict[str, str]
) -> dict[str, str]:
    """Return a variant. Options that are neither size nor colour stand behind the size."""
    sizes: list[str] = []
    named: list[str] = []
    color = ""
    for number in "123":
        name = first.get(f"Option{number} Name", "").strip().lower()
        value = values.get(f"Option{number} Value", "").strip()
        if not value or (name, value.lower()) == ("title", "default title"):
            continue
        named.append(value)
        if name in ("color", "colour"):
            color = value
        elif name == "size":
            sizes.insert(0, value)
        else:
            sizes.append(value)
    # Shopify's quote keeps a spreadsheet from reading a number; a SKU is optional there,
    # and needed here.
    sku = values.get("Variant SKU", "").strip().lstrip("'")
    pieces = values.get("Variant Inventory Qty", "").strip() or "0"
    return {
        "sku": sku or ascii_slug("-".join([ref, *named])).upper()[:64].strip("-"),
        "size": " / ".join(sizes),
        "color": color,
        "stock": "0"
        if pieces.startswith("-")
        else pieces,  # below zero: sold before it came
    }


def _read_prices(values: Mapping[str, str]) -> dict[str, str]:
    """Return a line's prices: Shopify's "compare at" price is what it cost before. One that is no
    amount is passed on, so that the line is refused for it and not imported without.
    """
    price = normalize_amount(values["Variant Price"].strip())
    before = normalize_amount(values.get("Variant Compare At Price", "").strip())
    if before and (
        not _is_amount(before) or _parse_amount(before) > _parse_amount(price)
    ):
        return {"basePrice": before, "salePrice": price}
    return {"basePrice": price} if price else {}


def _read_details(values: Mapping[str, str]) -> dict[str, str]:
    """Return what else a line says of its variant; a barcode that is no GTIN is left out, as
    Shopify takes any text there.
    """
    barcode = values.get("Variant Barcode", "").strip().lstrip("'")
    grams = values.get("Variant Grams", "").strip().partition(".")[0]
    cost = normalize_amount(values.get("Cost per item", "").strip())
    found = {
        "barcode": barcode if barcode.isdecimal() and ean.is_valid(barcode) else "",
        "weightG": grams if grams.isdecimal() and int(grams) else "",
        "costPrice": cost,
    }
    return {name: text for name, text in found.items() if text}


def _parse_amount(text: str) -> Decimal:
    return Decimal(text) if _is_amount(text) else Decimal(0)


def _is_amount(text: str) -> bool:
    return re.fullmatch(r"[0-9]+\.[0-9]{2}", text) is not None
