"""Reads an archive of a catalogue into a shop that is empty.

Rows keep their ids, so old links, other systems and the next archive know them again. What has been
stopped is started again, and goes on where it was: rows and files that are there are passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID
from zipfile import BadZipFile, ZipFile

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import models

from markrin.cache.tags import invalidate
from markrin.db import advisory_locks, transactions
from products.models import Category, Collection, InventoryPolicy, Product, TaxClass
from products.moving.archive_table import ArchiveTable
from products.moving.exporter import Progress
from products.moving.tables import FORMAT, STOCK, VERSION, list_tables
from products.services import search_words
from products.services.stock import movements
from products.services.stock.movements import FirstStock

_BATCH: Final = 500
_FILE: Final = re.compile(r"[a-z-]+/(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._/-]{0,190}")
_FILES: Final = "files/"
MAX_FILE_BYTES: Final = 50_000_000  # of one picture

Row = dict[str, Any]


class ArchiveRefused(Exception):
    """The archive cannot be read into this shop; nothing has changed. The text says why."""


@dataclass
class ImportReport:
    """How many rows of each table were new here, and how many files."""

    counts: dict[str, int] = field(default_factory=dict)
    files: int = 0


def import_catalogue(
    path: Path, on_progress: Progress = lambda name, count: None
) -> ImportReport:
    """Read the archive. Batches of 500 rows are a transaction each.

    Raises:
        ArchiveRefused: it is no archive of a catalogue, its currency is another, the shop has
            products, categories or collections that are not in it, or another import runs.
    """
    with advisory_locks.advisory_lock("catalogue import") as mine:
        if not mine:
            raise ArchiveRefused("Another import is running.")
        try:
            with ZipFile(path) as archive:
                return _read_all(archive, on_progress)
        except (BadZipFile, KeyError, UnicodeDecodeError, ValueError) as exc:
            raise ArchiveRefused(
                f"{path.name} is no archive that `export_shop` has written: {exc}"
            ) from exc


def _read_all(archive: ZipFile, on_progress: Progress) -> ImportReport:
    report = ImportReport()
    _check_head(json.loads(archive.read("archive.json")))
    _check_files(archive)
    _check_empty(archive)
    for table in list_tables():
        count = 0
        for rows in _batches(_read_rows(archive, table.name)):
            count += _insert_rows(table, rows)
            on_progress(table.name, count)
        report.counts[table.name] = count
    for rows in _batches(_read_rows(archive, STOCK)):
        _insert_stock(rows)
        report.counts[STOCK] = report.counts.get(STOCK, 0) + len(rows)
        on_progress(STOCK, report.counts[STOCK])
    report.files = _save_files(archive, on_progress)
    further = Product.also_in.through.objects.values_list("product", flat=True)
    search_words.renew_documents(set(further))
    search_words.rebuild_search_words()
    _forget_answers()
    return report


@transactions.durable
def _forget_answers() -> None:
    invalidate("products", "categories", "collections", "size-charts")


def _check_head(head: Row) -> None:
    if head.get("format") != FORMAT:
        raise ArchiveRefused("This is no archive that `export_shop` has written.")
    if head["version"] != VERSION:
        raise ArchiveRefused(
            f"The archive has the form {head['version']}, and this release reads {VERSION}."
        )
    if head["currency"] != settings.SHOP_CURRENCY:
        raise ArchiveRefused(
            f"The archive's prices are in {head['currency']}, this shop's in"
            f" {settings.SHOP_CURRENCY} (SHOP_CURRENCY)."
        )


def _check_files(archive: ZipFile) -> None:
    """Refuse a file that leads elsewhere or is too large, by the archive's own list: zipfile reads
    no more of a file than it states.
    """
    for entry in archive.infolist():
        name = entry.filename.removeprefix(_FILES)
        if name == entry.filename:
            continue
        if not _FILE.fullmatch(name) or entry.file_size > MAX_FILE_BYTES:
            raise ArchiveRefused(
                f"The archive has a file that no shop has: {name!r}."
            )


def _check_empty(archive: ZipFile) -> None:
    """Refuse a shop that has anything of its own. What an import that was stopped has left is the
    archive's.
    """
    for model, name in (
        (Product, "products"),
        (Category, "categories"),
        (Collection, "collections"),
    ):
        known = {UUID(row["id"]) for row in _read_rows(archive, name)}
        here = set(model._default_manager.values_list("pk", flat=True))
        if others := len(here - known):
            raise ArchiveRefused(
                f"The shop has {others} {name} that are not in the archive: an archive is read"
                " into an empty shop. Use `import_products` for a shop that has goods."
            )


def _read_rows(archive: ZipFile, name: str) -> Iterator[Row]:
    with archive.open(f"{name}.jsonl") as part:
        for line in part:
            yield json.loads(line)


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


@transactions.durable
def _insert_rows(table: ArchiveTable, rows: list[Row]) -> int:
    """Insert what is not here yet, and return how many rows were read."""
    if table.key:
        for row in rows:
            _set_by_key(table, row)
        return len(rows)
    classes = dict(TaxClass.objects.values_list("code", "pk"))
    read = [_read_values(table, row, classes) for row in rows]
    here = _list_known(table, read)
    table.model._default_manager.bulk_create(
        table.model(**values)
        for values in read
        if tuple(values[name] for name in table.identity) not in here
    )
    return len(rows)


def _list_known(table: ArchiveTable, read: list[Row]) -> set[tuple[Any, ...]]:
    """Return which of these rows are here. Not left to the insert: PostgreSQL passes over no row
    where a unique constraint is deferred.
    """
    first = table.identity[0]
    wanted = {values[first] for values in read}
    rows = table.model._default_manager.filter(**{f"{first}__in": wanted})
    return set(rows.values_list(*table.identity))


def _set_by_key(table: ArchiveTable, row: Row) -> None:
    values = _read_values(table, row, {})
    key = values.pop(table.key)
    if values.get("is_default"):  # there is one
        table.model._default_manager.exclude(**{table.key: key}).filter(
            is_default=True
        ).update(is_default=False)
    table.model._default_manager.update_or_create(
        **{table.key: key}, defaults=values
    )


def _read_values(table: ArchiveTable, row: Row, classes: dict[str, Any]) -> Row:
    values = {}
    for column in table.columns:
        if column.name == "tax_class":
            code = row["tax_class"]
            values[column.attname] = None if code is None else classes[code]
        else:
            values[column.attname] = _read_value(column, row[column.attname])
    return values


def _read_value(column: models.Field[Any, Any], value: object) -> object:
    target = (
        column.target_field if isinstance(column, models.ForeignKey) else column
    )
    return value if value is None else target.to_python(value)


@transactions.durable
def _insert_stock(rows: list[Row]) -> None:
    """Give the variants their pieces, once: a movement has a name of its own."""
    movements.set_initial_stock(
        {
            UUID(row["variant_id"]): FirstStock(
                int(row["on_hand"]),
                InventoryPolicy(row.get("inventory_policy", InventoryPolicy.DENY)),
            )
            for row in rows
        }
    )


def _save_files(archive: ZipFile, on_progress: Progress) -> int:
    saved = 0
    for number, entry in enumerate(
        (one for one in archive.infolist() if one.filename.startswith(_FILES)), 1
    ):
        name = entry.filename.removeprefix(_FILES)
        if _is_whole(name, entry.file_size):
            continue
        with archive.open(entry) as part:
            stored = default_storage.save(name, File(part))
        if stored != name:
            raise ArchiveRefused(f"{name} could not be saved under its name.")
        saved += 1
        on_progress("files", number)
    return saved


def _is_whole(name: str, size: int) -> bool:
    """Return whether the file is there; half a one, of a process that was killed, goes."""
    if not default_storage.exists(name):
        return False
    if default_storage.size(name) == size:
        return True
    default_storage.delete(name)
    return False
