"""`manage.py import_products`: bring a catalogue from a CSV file into the shop."""

import resource
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from products.csv_reader import CsvShape, FileRefused
from products.importing import formats, guessing, importer
from products.importing.drafts import FileFormat
from products.importing.importer import BATCH, ImportOptions
from products.importing.report import Report
from products.services import pictures


class Command(BaseCommand):
    help = (
        "Import products from a CSV file: the shop's own format, Shopify's or WooCommerce's"
        " product export, or any other by a mapping file. A product is taken whole or not at all;"
        " running the same file again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="the CSV file")
        _add_format_arguments(parser)
        _add_run_arguments(parser)

    def handle(self, *, file: Path, verbosity: int, **given: Any) -> None:
        source = given["source"]
        if source is not None and not 1 <= len(source.strip()) <= 40:
            raise CommandError("--source takes 1 to 40 characters")
        try:
            if given["guess"] is not None:
                self._guess(file, given["guess"], source)
                return
            format_ = _choose_format(given)
            options = ImportOptions(
                **{
                    name: given[name]
                    for name in ("dry_run", "strict", "theirs", "partial")
                },
                **{name: given[name] for name in ("batch", "rejects", "report")},
            )
            shown = verbosity > 0 and sys.stdout.isatty()
            report = _import(file, format_, options, shown=shown)
        except FileRefused as exc:
            raise CommandError(f"Nothing more was imported: {exc}.") from exc
        for line in _summary(report, dry_run=options.dry_run):
            self.stdout.write(line)
        if given["fetch_images"] and not options.dry_run:
            waiting = pictures.queue_pictures()
            self.stdout.write(
                f"{waiting:,} pictures wait to be copied: manage.py fetch_pictures tells"
                " how far that is."
            )
        if options.strict and report.rejected:
            raise CommandError(
                f"{report.rejected:,} products were left out (--strict)."
            )

    def _guess(self, file: Path, to: Path, source: str | None) -> None:
        guess = guessing.guess_mapping(file, source or file.stem[:40])
        try:
            with to.open("x", encoding="utf-8") as written:
                written.write(guess.text)
        except OSError as exc:
            raise FileRefused(f"{to}: {exc.strerror}") from exc
        self.stdout.write(f"{to} is a mapping of {file.name}. Look at it:")
        for doubt in guess.doubts:
            self.stdout.write(f"  {doubt}")
        self.stdout.write(
            f"Then: manage.py import_products {file} --mapping {to} --dry-run"
        )


def _add_format_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--format",
        dest="format_",
        choices=tuple(formats.FORMATS),
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
        "--guess",
        type=Path,
        metavar="FILE",
        help="write a mapping for this file, to be corrected, and import nothing",
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
        help="of products that come without one (default: Imported)",
    )
    parser.add_argument(
        "--encoding",
        metavar="NAME",
        help="of the file, such as cp1252 (default: its byte order mark says, else UTF-8)",
    )


def _add_run_arguments(parser: ArgumentParser) -> None:
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
        "--report",
        type=Path,
        metavar="FILE",
        help=(
            "write all that was made, changed, converted, trimmed, ignored, kept or refused (CSV)"
        ),
    )
    parser.add_argument(
        "--fetch-images",
        action="store_true",
        help="let workers copy the linked pictures into the shop's own storage",
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
        help="refuse what does not fit instead of trimming it, and exit with 1 if anything was",
    )
    parser.add_argument(
        "--theirs",
        action="store_true",
        help="where both the shop and the file have changed something, the file wins",
    )
    parser.add_argument(
        "--partial",
        action="store_true",
        help="variants that the file does not name stay on sale",
    )


def _size(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 5000:
        raise ValueError("from 1 to 5,000")
    return number


def _choose_format(given: dict[str, Any]) -> FileFormat:
    source = given["source"] and given["source"].strip()
    if given["mapping"] is not None:
        if given["format_"] != "own":
            raise CommandError(
                f"--mapping and --format {given['format_']} do not go together"
            )
        return formats.load_mapped(given["mapping"], source, given["encoding"])
    shape = CsvShape("", formats.check_encoding(given["encoding"]))
    return formats.make_format(given["format_"], source, given["category"], shape)


def _import(
    file: Path, format_: FileFormat, options: ImportOptions, *, shown: bool
) -> Report:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=Console(file=sys.stdout), disable=not shown
    ) as bar:
        task = bar.add_task(
            file.name, total=file.stat().st_size if file.is_file() else None
        )

        def progress(done: int, report: Report) -> None:
            said = (
                f"{report.created + report.updated + report.unchanged:,} products,"
                f" {report.rejected:,} rejected"
            )
            bar.update(task, completed=done, description=said)

        return importer.import_file(file, format_, options, progress=progress)


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
    for (kind, column), number in report.kinds.most_common():
        lines.append(
            f"  {kind} {number:>7,}  {f'in {column}' if column else ''}".rstrip()
        )
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1024 if sys.platform == "linux" else 1024**2
    )
    lines.append(f"{report.seconds:.1f} s, at most {peak_mb:.0f} MB of memory.")
    return lines
