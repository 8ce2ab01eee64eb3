"""Writes the whole catalogue into an archive.

The same catalogue makes the same bytes: rows stand in a fixed order, times in the archive are the
same for ever, and nothing of the moment or the machine is in it.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection, models, transaction

from products.models import StockLevel, TaxClass
from products.moving.archive_table import ArchiveTable
from products.moving.tables import FORMAT, STOCK, VERSION, list_tables

_BATCH: Final = 2_000
_BLOCK: Final = 1 << 16
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the first moment that the format knows

Progress = Callable[[str, int], None]


@dataclass
class ExportReport:
    """How many rows of each table, and which files are named and not there."""

    counts: dict[str, int] = field(default_factory=dict)
    files: int = 0
    missing: list[str] = field(default_factory=list)


def export_catalogue(
    path: Path, on_progress: Progress = lambda name, count: None
) -> ExportReport:
    """Write the archive: all as it is at one moment. A file that exists is replaced once the new
    one is whole. Rows are held 2,000 at a time, files 64 KB.
    """
    report = ExportReport()
    whole = path.with_name(f"{path.name}.part")
    try:
        with ZipFile(whole, "w") as archive, transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
                )
            _write_all(archive, report, on_progress)
        whole.replace(path)
    finally:
        whole.unlink(missing_ok=True)
    return report


def _write_all(
    archive: ZipFile, report: ExportReport, on_progress: Progress
) -> None:
    head = {
        "format": FORMAT,
        "version": VERSION,
        "currency": settings.SHOP_CURRENCY,
    }
    archive.writestr(_entry("archive.json"), _to_line(head))
    codes = dict(TaxClass.objects.values_list("pk", "code"))
    files: set[str] = set()
    for table in list_tables():
        rows = _read_rows(table, codes)
        report.counts[table.name] = _write_rows(archive, table, rows, files)
        on_progress(table.name, report.counts[table.name])
    report.counts[STOCK] = _write_stock(archive)
    on_progress(STOCK, report.counts[STOCK])
    for number, name in enumerate(sorted(files), 1):
        if default_storage.exists(name):
            _write_file(archive, name)
            report.files += 1
        else:
            report.missing.append(name)
        on_progress("files", number)


def _read_rows(
    table: ArchiveTable, codes: dict[UUID, str]
) -> Iterator[dict[str, object]]:
    names = [column.attname for column in table.columns]
    rows = table.model._default_manager.order_by(*table.order).values(*names)
    for row in rows.iterator(chunk_size=_BATCH):
        if (
            "tax_class_id" in row
        ):  # the other shop may have the class under another id
            row["tax_class"] = codes.get(row.pop("tax_class_id"))
        yield row


def _write_rows(
    archive: ZipFile,
    table: ArchiveTable,
    rows: Iterator[dict[str, object]],
    files: set[str],
) -> int:
    count = 0
    with archive.open(_entry(f"{table.name}.jsonl"), "w", force_zip64=True) as part:
        for row in rows:
            part.write(_to_line(row))
            files.update(list_files(table, row))
            count += 1
    return count


def list_files(table: ArchiveTable, row: dict[str, Any]) -> Iterator[str]:
    """Yield the names of the files that a row needs."""
    for column in table.files:
        value = row[column]
        names = value.values() if isinstance(value, dict) else [value]
        yield from (name for name in names if name)


def _write_stock(archive: ZipFile) -> int:
    count = 0
    levels = StockLevel.objects.order_by("variant_id").values_list(
        "variant_id", "on_hand", "inventory_policy"
    )
    with archive.open(_entry(f"{STOCK}.jsonl"), "w", force_zip64=True) as part:
        for variant_id, on_hand, policy in levels.iterator(chunk_size=_BATCH):
            row = {
                "variant_id": variant_id,
                "on_hand": on_hand,
                "inventory_policy": policy,
            }
            part.write(_to_line(row))
            count += 1
    return count


def _write_file(archive: ZipFile, name: str) -> None:
    entry = _entry(f"files/{name}", compressed=False)  # pictures are compressed
    with (
        default_storage.open(name) as file,
        archive.open(entry, "w", force_zip64=True) as part,
    ):
        while block := file.read(_BLOCK):
            part.write(block)


def _entry(name: str, *, compressed: bool = True) -> ZipInfo:
    entry = ZipInfo(name, date_time=_EPOCH)
    entry.compress_type = ZIP_DEFLATED if compressed else ZIP_STORED
    entry.external_attr = 0o644 << 16
    entry.create_system = 3  # what the standard library writes differs by system
    return entry


def _to_line(row: dict[str, object]) -> bytes:
    text = json.dumps(row, default=_to_json, sort_keys=True, ensure_ascii=False)
    return f"{text}\n".encode()


def _to_json(value: object) -> object:
    if isinstance(value, models.fields.files.FieldFile):
        return value.name
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
