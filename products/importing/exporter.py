"""Writes products as the shop's own CSV, which an import takes back and finds unchanged."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage

from markrin.csv_safety import escape_formula
from products.csv_cells import join_values
from products.importing.native_csv import BELOW, COLUMNS, SEPARATOR, NativeFormat
from products.models import Category, Product, ProductImage, Variant

CHUNK = 500  # products at a time
_OWN = NativeFormat("own")
Cells = dict[str, str]


def export_csv(ids: Sequence[UUID]) -> Iterator[str]:
    """Yield the lines of a CSV of these products, in this order: a line for each variant on
    sale. UTF-8, RFC 4180.

    Cells that a spreadsheet could take for a formula have an apostrophe before them, which
    an import takes away again. Memory does not grow with the number of products; four
    queries for CHUNK of them."""
    writer = csv.DictWriter(_LineBuffer(), COLUMNS, restval="")
    yield writer.writeheader()
    for _product, lines in _describe_products(ids):
        for line in lines:
            yield writer.writerow(
                {name: escape_formula(text) for name, text in line.items()}
            )


class _LineBuffer:
    """A file whose `write` hands the text back."""

    def write(self, text: str) -> str:
        return text


def _describe_products(
    ids: Sequence[UUID],
) -> Iterator[tuple[Product, list[Cells]]]:
    paths = load_category_paths()
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        products = Product.objects.defer("search").in_bulk(chunk)
        variants = _group_by_product(
            Variant.objects.filter(is_active=True).select_related("stock"), chunk
        )
        images = _group_by_product(ProductImage.objects.all(), chunk)
        further = load_further_categories(chunk)
        for pk in chunk:
            if product := products.get(pk):
                lines = _write_lines(
                    product, paths[product.category_id], variants[pk], images[pk]
                )
                others = sorted(paths[category] for category in further[pk])
                lines[0]["alsoIn"] = join_values(map(join_path, others), SEPARATOR)
                yield product, lines


def _group_by_product(rows: Any, ids: Sequence[UUID]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows.filter(product__in=ids).order_by("position", "pk"):
        found[row.product_id].append(row)
    return found


def join_path(path: Iterable[str]) -> str:
    """Return the names of a category's path as a cell has them."""
    return join_values(path, BELOW, around=" ")


def load_further_categories(ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """Return the further categories of these products, by product. One query."""
    found: dict[UUID, list[UUID]] = defaultdict(list)
    rows = Product.also_in.through.objects.filter(product__in=ids)
    for product, category in rows.values_list("product", "category"):
        found[product].append(category)
    return found


def load_category_paths() -> dict[UUID, list[str]]:
    """Return the names of each category's path, from the root down."""
    rows = list(Category.objects.values_list("pk", "name", "ancestors"))
    names = {pk: name for pk, name, _ in rows}
    return {pk: [names[each] for each in ancestors] for pk, _, ancestors in rows}


def _write_lines(
    product: Product,
    path: list[str],
    variants: Iterable[Variant],
    images: Sequence[ProductImage],
) -> list[Cells]:
    ref = product.source_ref if product.source == _OWN.source else str(product.pk)
    texts = [image.alt_text for image in images]
    colors = [image.color for image in images]
    first = {
        "name": product.name,
        "category": join_path(path),
        "basePrice": str(product.base_price),
        "salePrice": "" if product.sale_price is None else str(product.sale_price),
        "saleStartsAt": _format_time(product.sale_starts_at),
        "saleEndsAt": _format_time(product.sale_ends_at),
        "slug": product.slug,
        "description": product.description,
        "brand": product.brand,
        "collection": product.collection,
        "material": product.material,
        "gender": product.gender,
        "tags": join_values(product.tags, SEPARATOR),
        "images": join_values(map(get_image_address, images), SEPARATOR),
        "imageTexts": join_values(texts, SEPARATOR) if any(texts) else "",
        "imageColors": join_values(colors, SEPARATOR) if any(colors) else "",
        "isGiftCard": _format_bool(product.is_gift_card),
        "isFeatured": _format_bool(product.is_featured),
        "isNewArrival": _format_bool(product.is_new_arrival),
        "status": product.status,
        "seoTitle": product.seo_title,
        "seoDescription": product.seo_description,
    }
    rows = [
        {
            "product": ref,
            "sku": each.sku,
            "size": each.size,
            "color": each.color,
            "stock": str(each.stock.count_in_stock),
            "variantBasePrice": _format_value(each.base_price),
            "variantSalePrice": _format_value(each.sale_price),
            "variantSaleStartsAt": _format_time(each.sale_starts_at),
            "variantSaleEndsAt": _format_time(each.sale_ends_at),
            "barcode": each.barcode,
            "weightG": _format_value(each.weight_g),
            "hsCode": each.hs_code,
            "originCountry": each.origin_country,
            "binLocation": each.bin_location,
            "costPrice": _format_value(each.cost_price),
            "inventoryPolicy": each.inventory_policy.value,
        }
        for each in variants
    ] or [{"product": ref}]
    return [rows[0] | first, *rows[1:]]


def get_image_address(image: ProductImage) -> str:
    """Return where the picture stands: on our own storage, or elsewhere."""
    return (
        str(default_storage.url(image.file.name))
        if image.file
        else image.external_url
    )


def _format_value(value: Decimal | int | None) -> str:
    return "" if value is None else str(value)


def _format_time(value: datetime | None) -> str:
    return "" if value is None else value.astimezone(UTC).isoformat()


def _format_bool(value: bool) -> str:
    return "true" if value else "false"
