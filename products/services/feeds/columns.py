"""Which columns of a feed's CSV say what: by name in any case, by Shopify's inventory export, or by
a mapping. Other columns are left alone.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from markrin.api import errors, fields
from markrin.api.schemas import InputSchema
from products.csv_reader import CsvShape, FileRefused
from products.importing import conversions
from products.importing.conversions import NumberFormat
from products.importing.mapping_file import EncodingField, SignField

Reader = Callable[[Mapping[str, str]], dict[str, str] | None]
# What Shopify's inventory exports have beside a column for each location.
_SHOPIFY: Final = frozenset(
    (
        *("handle", "title", "sku", "hs code", "coo", "location", "bin name"),
        *(
            f"option{number} {what}"
            for number in "123"
            for what in ("name", "value")
        ),
        *("incoming", "unavailable", "committed", "available", "on hand"),
        *("incoming (not editable)", "unavailable (not editable)"),
        *("committed (not editable)", "available (not editable)"),
        *("on hand (current)", "on hand (new)"),
    )
)
_NOTHING: Final = frozenset(("", "not stocked"))


@dataclass(frozen=True, kw_only=True)
class FeedColumns:
    """How a feed is written. `quantity` may name several columns, such as one a location, whose
    pieces are added; without any, they are found by their usual names.
    """

    sku: str | None = None
    quantity: Sequence[str] = ()
    id: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str = "."

    @property
    def shape(self) -> CsvShape:
        """How the file is written."""
        return CsvShape(self.delimiter or "", self.encoding or "")

    def has_locations(self, header: Sequence[str]) -> bool:
        """Return whether a SKU has a line for each of its locations, as in the newer form of
        Shopify's inventory export.
        """
        plain = {name.lower() for name in header}
        return not self.quantity and {"handle", "location"} <= plain

    def find(self, header: Sequence[str], *, delta: bool) -> Reader:
        """Return what reads a line: its SKU, quantity and (of a delta feed) id, or None where it
        says nothing.

        Raises:
            FileRefused: a column is missing; the text names it.
        """
        plain = {name.lower(): name for name in header}
        sku = _pick(plain, self.sku or "sku")
        quantity = [_pick(plain, name) for name in self.quantity]
        ref = _pick(plain, self.id or "id") if delta else None
        if not quantity:
            quantity = _find_quantity(header, plain)
        numbers = NumberFormat(self.decimal)

        def read(values: Mapping[str, str]) -> dict[str, str] | None:
            texts = [values[name].strip() for name in quantity]
            if len(quantity) > 1 or plain.keys() & {"hs code", "location"}:
                texts = [text for text in texts if text.lower() not in _NOTHING]
                if not texts:
                    return None  # nowhere stocked: a row that counts nothing
            found = {
                "sku": values[sku].strip().lstrip("'"),
                "quantity": _add_pieces(texts, numbers),
            }
            return found | {"id": values[ref].strip()} if ref else found

        return read


PLAIN_FEED: Final = FeedColumns()


def _pick(plain: Mapping[str, str], name: str) -> str:
    if found := plain.get(name.lower()):
        return found
    raise FileRefused(
        f"line 1: the column {name} is missing; the file has {', '.join(plain.values())}"
    )


def _find_quantity(header: Sequence[str], plain: Mapping[str, str]) -> list[str]:
    for name in (
        "quantity",
        "qty",
        "on hand (new)",
        "on hand",
        "on hand (current)",
    ):
        if name in plain:
            return [plain[name]]
    if (
        "handle" in plain
    ):  # Shopify's: each column that is none of these is a location
        places = [name for name in header if name.lower() not in _SHOPIFY]
        if places:
            return places
    return [_pick(plain, "quantity")]


def _add_pieces(texts: Sequence[str], numbers: NumberFormat) -> str:
    """Return the pieces as the feed's schema reads them: "3.0" is "3". What is no number stays."""
    total = 0
    for text in texts:
        number = conversions.parse_number(text, numbers)
        plain = re.fullmatch(r"[+-]?[\d.,'\s]+", text)
        if number is None or not plain or number != number.to_integral_value():
            return text
        total += int(number)
    return str(total)


class _FeedMapping(InputSchema[FeedColumns]):
    sku = fields.Text(max=200)
    quantity = fields.List(fields.Text(max=200), min=1, max=200)
    id = fields.Text(max=200)
    delimiter = SignField()
    encoding = EncodingField()
    decimal = SignField()


def load_feed_mapping(path: Path) -> FeedColumns:
    """Read a feed's mapping file: `sku`, `quantity` (a list of columns, added), `id`,
    `delimiter`, `encoding`, `decimal`.

    Raises:
        FileRefused: it is not there, not TOML, or no such mapping.
    """
    try:
        return _FeedMapping().load(tomllib.loads(path.read_text("utf-8")))
    except OSError as exc:
        raise FileRefused(f"{path}: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise FileRefused(f"{path}: {exc}") from exc
    except errors.Invalid as exc:
        wrong = "; ".join(
            f"{each['pointer']} {each['message']}" for each in exc.errors
        )
        raise FileRefused(f"{path}: {wrong}") from exc
