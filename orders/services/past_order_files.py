"""Reads another shop's export of orders: Shopify's, WooCommerce's own, and those of its plugins.

What the files look like is from Shopify's help page on order exports; WooCommerce's class
Automattic\\WooCommerce\\Admin\\API\\Reports\\Orders\\Controller (get_export_columns); and the files
that Advanced Order Export, Import Export Suite and Customer/Order/Coupon Export write.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Final

from django.utils import timezone

from products.csv_reader import Line
from products.importing import conversions, grouping
from products.importing.row_files import Row, open_rows

COLUMNS: Final = {
    # Old exports of WooCommerce's plugins call an item `name`: Shopify's number comes last.
    "number": ("order number", "order #", "name", "order id", "number"),
    "email": ("email", "billing email", "email (billing)", "customer email"),
    "status": ("fulfillment status", "order status", "status"),
    "payment": ("financial status",),
    "cancelled": ("cancelled at",),
    "currency": ("currency", "order currency"),
    "total": ("total", "order total", "order total amount"),
    "net_total": ("net sales", "n. revenue", "n. revenue (formatted)"),
    "placed_at": ("created at", "order date", "date"),
    "sku": ("lineitem sku", "sku", "item sku", "product sku"),
    "item": ("lineitem name", "item name", "product name"),
    "quantity": (
        "lineitem quantity",
        "quantity (- refund)",
        "quantity",
        "item quantity",
    ),
    "price": ("lineitem price", "item cost", "price"),
    "line_total": ("item total", "order line total"),
    "items": ("line items", "product(s)", "products"),
}
_NEEDED: Final = ("number", ("total", "net_total"), "placed_at")
_NUMBERED_ITEM: Final = re.compile(r"line_item_[0-9]+")
_BETWEEN_ITEMS: Final = re.compile(r";(?=\s*(?:id|name|product_id|sku):)")
_COUNTED_ITEM: Final = re.compile(r"([0-9]+)\s?×\s*(.+)", re.DOTALL)
_BETWEEN_COUNTED: Final = re.compile(r",\s*(?=[0-9]+\s?×)")
_NEXT_COLUMN: Final = "\x1e"  # between the items of several columns
_Items = list[dict[str, object]]


@contextmanager
def open_orders(path: Path) -> Iterator[Iterator[list[Row]]]:
    """Give the lines of each order, wherever they stand in the file, orders by their first line.
    A line without a number belongs to the order above it.

    Raises:
        FileRefused: it is no such file.
    """
    with open_rows(path, COLUMNS, _NEEDED) as rows:
        together = _stand_together(_number_lines(rows))
    with open_rows(path, COLUMNS, _NEEDED) as rows:
        lines = _number_lines(rows)
        if not together:
            lines = grouping.sort_lines(lines, _number_of)
        yield (
            [(line, line.values) for line in order]
            for _, order in groupby(lines, _number_of)
        )


def _number_of(line: Line) -> str:
    return line.values["number"]


def _number_lines(rows: Iterable[Row]) -> Iterator[Line]:
    """Yield each line with its values by field, and the number of its order."""
    number = ""
    for line, values in rows:
        number = values["number"] or number
        numbered = [
            text
            for column, text in line.values.items()
            if text.strip() and _NUMBERED_ITEM.fullmatch(column.lower())
        ]
        if numbered:
            values["items"] = _NEXT_COLUMN.join(numbered)
        values["number"] = number
        yield Line(line.number, values, line.problem)


def _stand_together(lines: Iterable[Line]) -> bool:
    """Return whether the lines of each order follow each other. Holds a number an order."""
    seen: set[str] = set()
    for number, _ in groupby(lines, _number_of):
        if number in seen:
            return False
        seen.add(number)
    return True


def read_moment(text: str) -> datetime | None:
    """Return a moment such as `2026-05-31 14:05:00 +0530`, of the shop's time zone if none is
    said; or None.
    """
    try:
        moment = datetime.fromisoformat(text.replace(" UTC", "+00:00"))
    except ValueError:
        return None
    return timezone.make_aware(moment) if moment.tzinfo is None else moment


def read_items(rows: Sequence[Row]) -> tuple[_Items, list[tuple[int, str]]]:
    """Return what an order's lines say was bought, each as sku, name, quantity and price of one;
    and what could not be read, with its line.
    """
    items: _Items = []
    unread: list[tuple[int, str]] = []
    for line, values in rows:
        if values.get("items"):
            for given, text in _split_items(values["items"]):
                if given is None:
                    unread.append((line.number, text))
                else:
                    items.append(_make_item(given))
        elif any(values.get(name) for name in ("sku", "item", "quantity", "price")):
            items.append(_make_item(values))
    if rows and rows[0][1].get("items") and len(rows) > 1:  # repeated in every line
        items = [each for at, each in enumerate(items) if each not in items[:at]]
    return items, unread


def _split_items(text: str) -> Iterator[tuple[Mapping[str, str] | None, str]]:
    """Yield the items of a cell: what each says of itself, or None; and its text."""
    for cell in text.split(_NEXT_COLUMN):
        if cell.lstrip().startswith("["):
            yield from _split_json(cell)
        elif "×" in cell:
            for part in _BETWEEN_COUNTED.split(cell):
                counted = _COUNTED_ITEM.fullmatch(part.strip())
                yield (
                    {"quantity": counted[1], "item": counted[2]}
                    if counted
                    else None,
                    part.strip(),
                )
        else:
            for part in _BETWEEN_ITEMS.split(cell):
                pairs = (
                    each.partition(":") for each in part.split("|") if ":" in each
                )
                yield (
                    _translate_item(
                        {key.strip(): value.strip() for key, _, value in pairs}
                    ),
                    part,
                )


def _split_json(cell: str) -> Iterator[tuple[Mapping[str, str] | None, str]]:
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):  # the latter: thousands of brackets
        yield None, cell
        return
    for each in found:
        text = json.dumps(each, ensure_ascii=False)
        if isinstance(each, dict):
            yield (
                _translate_item({key: str(value) for key, value in each.items()}),
                text,
            )
        else:
            yield None, text


def _translate_item(given: Mapping[str, str]) -> Mapping[str, str] | None:
    if not given.get("name") and not given.get("sku"):
        return None
    return {
        "sku": given.get("sku", ""),
        "item": given.get("name", ""),
        "quantity": given.get("quantity", ""),
        "line_total": given.get("total", ""),
    }


def _make_item(values: Mapping[str, str]) -> dict[str, object]:
    quantity = conversions.parse_number(values.get("quantity", ""))
    pieces = 1 if quantity is None else max(0, int(quantity))  # 0: all came back
    price = conversions.parse_number(values.get("price", ""))
    if price is None and pieces:
        total: Decimal | None = conversions.parse_number(
            values.get("line_total", "")
        )
        price = None if total is None else total / pieces
    return {
        "sku": conversions.convert_sku(values.get("sku", "")),
        "name": values.get("item", "")[:200],
        "quantity": pieces,
        "price": "" if price is None else format(price, ".2f"),
    }
