"""Reads an inventory feed, CSV or JSON lines, one row at a time; what is wrong with a row
stands in it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from markrin.api import errors, fields, parsers
from markrin.api.schemas import InputSchema, QuerySchema, Schema
from products import csv_reader
from products.models.feed import FeedMode
from products.schemas.variants import MAX_PIECES, SKU
from products.services.feeds.columns import PLAIN_FEED, FeedColumns, Reader

MAX_LINE_BYTES = 10_000  # bytes


@dataclass(frozen=True, slots=True)
class FeedFileRow:
    """A row of a feed: its line, what it says, and why it is refused, if so (at most 200
    characters).
    """

    line: int
    sku: str
    quantity: int | None
    ref: str
    reason: str


class _Count:
    sku = fields.Text(max=64, pattern=SKU, required=True)
    quantity = fields.Int(min=0, max=MAX_PIECES, required=True)


class _Delta:
    id = fields.Token(max=80, required=True)
    sku = fields.Text(max=64, pattern=SKU, required=True)
    quantity = fields.Int(min=-MAX_PIECES, max=MAX_PIECES, required=True)


class CountLine(QuerySchema, _Count):
    """A counted SKU, as CSV has it."""


class DeltaLine(QuerySchema, _Delta):
    """A change of a SKU's pieces, as CSV has it."""


class CountObject(InputSchema, _Count):
    """A counted SKU, as JSON has it."""


class DeltaObject(InputSchema, _Delta):
    """A change of a SKU's pieces, as JSON has it."""


def read_rows(
    path: Path, mode: FeedMode, columns: FeedColumns = PLAIN_FEED
) -> Iterator[FeedFileRow]:
    """Yield the feed's rows in the order of the file: JSON lines if it begins with an
    opening brace, else CSV, whose columns are called as `columns` says.

    Raises:
        FileRefused: it is neither.
    """
    try:
        with path.open("rb") as file:
            start = file.read(512).lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError as exc:
        raise csv_reader.FileRefused(f"{path}: {exc.strerror}") from exc
    delta = mode == FeedMode.DELTA
    if start.startswith(b"{"):
        return _read_json_lines(path, DeltaObject() if delta else CountObject())
    return _read_csv(
        path, DeltaLine() if delta else CountLine(), columns, delta=delta
    )


def _read_csv(
    path: Path, schema: Schema, columns: FeedColumns, *, delta: bool
) -> Iterator[FeedFileRow]:
    with csv_reader.open_table(path, columns.shape) as table:
        read_values = columns.find(table.header, delta=delta)
        lines = table.lines(lambda _done: None)
        if columns.has_locations(table.header) and not delta:
            for number, summed in _add_locations(lines, read_values):
                yield _read_row(number, summed, schema)
            return
        for line in lines:
            if line.problem:
                yield _refuse_row(line.number, {}, line.problem)
            elif values := read_values(line.values):
                yield _read_row(line.number, values, schema)


def _add_locations(
    lines: Iterable[csv_reader.Line], read_values: Reader
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each SKU once, with the pieces of all its lines. Holds a number a SKU. What is no
    number makes its SKU's sum none.
    """
    found: dict[str, tuple[int, str]] = {}
    for line in lines:
        values = read_values(line.values) if not line.problem else None
        if not values:
            continue
        sku, pieces = values["sku"], values["quantity"]
        number, before = found.get(sku, (line.number, "0"))
        both = re.fullmatch(r"-?[0-9]+", pieces) and re.fullmatch(
            r"-?[0-9]+", before
        )
        wrong = pieces if before.lstrip("-").isdecimal() else before
        found[sku] = (number, str(int(before) + int(pieces)) if both else wrong)
    for sku, (number, total) in found.items():
        yield number, {"sku": sku, "quantity": total}


def _read_json_lines(path: Path, schema: Schema) -> Iterator[FeedFileRow]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE_BYTES):
            number += 1
            if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
                raise csv_reader.FileRefused(
                    f"line {number}: no line may have more than {MAX_LINE_BYTES} bytes"
                )
            if not line.strip():
                continue
            try:
                values: object = parsers.parse_json(line)
            except errors.ShopError as exc:
                yield _refuse_row(number, {}, str(exc.message))
                continue
            yield _read_row(number, values, schema)


def _read_row(number: int, values: object, schema: Schema) -> FeedFileRow:
    try:
        data = schema.load(values)
    except errors.Invalid as exc:
        first = exc.errors[0]
        where = (first.get("pointer") or first.get("parameter") or "").strip("/")
        known = values if isinstance(values, dict) else {}
        return _refuse_row(
            number,
            known,
            f"{where}: {first['message']}" if where else first["message"],
        )
    return FeedFileRow(
        number, data["sku"], data["quantity"], data.get("id", ""), ""
    )


def _refuse_row(number: int, values: dict[str, object], reason: str) -> FeedFileRow:
    sku = values.get("sku", "")
    # Kept for the report as it was sent, as far as a column can hold it.
    shown = (
        sku.replace("\0", "").encode("utf-8", "replace").decode()
        if isinstance(sku, str)
        else ""
    )
    return FeedFileRow(number, shown[:200], None, "", reason[:200])
