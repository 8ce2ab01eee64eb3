"""`manage.py import_products`: bring a catalogue from a CSV file into the shop."""

import resource
import sys
from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from products.csv_reader import FileRefused
from products.importing import importer, mapping
from products.importing.importer import BATCH, Report
from products.importing.native_csv import NativeFormat
from products.importing.shopify import ShopifyFormat


class Command(BaseCommand):
    help = (
        "Import products from a CSV file: the shop's own format, Shopify's product export,"
        " or any other by a mapping file. A product is taken whole or not at all; running"
        " the same file again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the CSV file, in UTF-8")
        parser.add_argument(
            "--format",
            dest="format_",
            choices=("own", "shopify"),
            default="own",
            help="default: own",
        )
        parser.add_argument(
            "--mapping",
            type=Path,
            metavar="FILE",
            help="how to read another CSV (TOML)",
        )
        parser.add_argument(
            "--source",
            metavar="NAME",
            help=(
                "where the products come from; with their reference it tells a second run"
                " which they are (default: the format, or what the mapping says)"
            ),
        )
        parser.add_argument(
            "--category",
            default="Imported",
            metavar="NAME",
            help="of Shopify's products that have no type (default: Imported)",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="try everything, change nothing"
        )
        parser.add_argument(
            "--rejects",
            type=Path,
            metavar="FILE",
            help="write what was left out, and why (CSV)",
        )
        parser.add_argument(
            "--batch",
            type=_size,
            default=BATCH,
            metavar="N",
            help=f"products a transaction (default: {BATCH})",
        )
        parser.add_argument(
            "--strict",
            action="store_true",
            help="exit with 1 if any product was left out",
        )

    def handle(
        self,
        *,
        file: Path,
        format_: str,
        mapping: Path | None,
        source: str | None,
        category: str,
        dry_run: bool,
        rejects: Path | None,
        batch: int,
        strict: bool,
        verbosity: int,
        **_: object,
    ) -> None:
        if source is not None and not 1 <= len(source.strip()) <= 40:
            raise CommandError("--source takes 1 to 40 characters")
        shown = verbosity > 0 and sys.stdout.isatty()
        try:
            reader, delimiter = _reader(
                format_, mapping, source and source.strip(), category
            )
            report = _import(
                file, reader, delimiter, dry_run, rejects, batch, shown=shown
            )
        except FileRefused as exc:
            raise CommandError(f"Nothing more was imported: {exc}.") from exc
        for line in _summary(report, dry_run=dry_run):
            self.stdout.write(line)
        if strict and report.rejected:
            raise CommandError(
                f"{report.rejected:,} products were left out (--strict)."
            )


def _size(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 5000:
        raise ValueError("from 1 to 5,000")
    return number


def _reader(
    format_: str, file: Path | None, source: str | None, category: str
) -> tuple[NativeFormat | ShopifyFormat | mapping.MappedFormat, str]:
    if file is not None:
        if format_ != "own":
            raise CommandError("--mapping and --format shopify do not go together")
        mapped = mapping.load_mapping(file)
        mapped.source = source or mapped.source
        return mapped, mapped.delimiter
    if format_ == "shopify":
        return ShopifyFormat(source or "shopify", category), ","
    return NativeFormat(source or "own"), ","


def _import(
    file: Path,
    reader: NativeFormat | ShopifyFormat | mapping.MappedFormat,
    delimiter: str,
    dry_run: bool,
    rejects: Path | None,
    batch: int,
    *,
    shown: bool,
) -> Report:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=sys.stdout), disable=not shown) as bar:
        task = bar.add_task(
            file.name, total=file.stat().st_size if file.is_file() else None
        )

        def progress(done: int, report: Report) -> None:
            said = (
                f"{report.created + report.updated + report.unchanged:,} products,"
                f" {report.rejected:,} rejected"
            )
            bar.update(task, completed=done, description=said)

        return importer.import_file(
            file,
            reader,
            dry_run=dry_run,
            rejects=rejects,
            batch=batch,
            delimiter=delimiter,
            progress=progress,
        )


def _summary(report: Report, *, dry_run: bool) -> list[str]:
    head = (
        "Nothing has changed: "
        if not report.created and not report.updated
        else "Would be: "
        if dry_run
        else ""
    )
    counts = (
        f"created {report.created:,}, updated {report.updated:,}, unchanged"
        f" {report.unchanged:,}"
    )
    whole = (
        f"rejected {report.rejected:,} of {report.products:,} products ({report.variants:,}"
        " variants)"
    )
    lines = [f"{head}{counts}, {whole}."]
    if report.categories:
        lines.append(
            f"New categories: {len(report.categories):,}, such as"
            f" {' > '.join(report.categories[-1])}."
        )
    for (column, code), number in report.reasons.most_common():
        lines.append(
            f"  rejected {number:>7,}  {code} {f'in {column}' if column else ''}".rstrip()
        )
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1024 if sys.platform == "linux" else 1024**2
    )
    lines.append(f"{report.seconds:.1f} s, at most {peak_mb:.0f} MB of memory.")
    return lines
