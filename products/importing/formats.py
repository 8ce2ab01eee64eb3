"""The kinds of files that can be imported, by name."""

import codecs
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from products.csv_reader import CsvShape, FileRefused
from products.importing import mapping
from products.importing.drafts import FileFormat
from products.importing.native_csv import NativeFormat
from products.importing.shopify import ShopifyFormat
from products.importing.woocommerce import WooFormat

_Maker = Callable[[str, str, CsvShape], FileFormat]
FORMATS: Final[dict[str, _Maker]] = {
    "own": lambda source, _category, shape: NativeFormat(source, shape),
    "shopify": ShopifyFormat,
    "woocommerce": WooFormat,
}


def make_format(
    name: str, source: str | None, category: str, shape: CsvShape
) -> FileFormat:
    """Return what reads files of this kind; `category` is for products that come without one."""
    return FORMATS[name](source or name, category, shape)


def load_mapped(path: Path, source: str | None, encoding: str | None) -> FileFormat:
    """Return what reads files by this mapping.

    Raises:
        FileRefused: it is no mapping; the text says what is wrong where.
    """
    mapped = mapping.load_mapping(path)
    mapped.source = source or mapped.source
    if encoding:
        mapped.shape = replace(mapped.shape, encoding=check_encoding(encoding))
    return mapped


def check_encoding(name: str | None) -> str:
    """Return the encoding's name as Python has it, or "" for none.

    Raises:
        FileRefused: there is no such encoding.
    """
    if not name:
        return ""
    try:
        return codecs.lookup(name).name
    except LookupError as exc:
        raise FileRefused(
            f"there is no encoding {name}; there are utf-8, cp1252 (Excel's), utf-16"
        ) from exc
