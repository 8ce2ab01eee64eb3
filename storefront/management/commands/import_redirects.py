"""`manage.py import_redirects`: where the links of the shop's former site lead now."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from products.csv_reader import FileRefused
from products.importing import row_files
from storefront import redirects


class Command(BaseCommand):
    help = (
        "Take in redirects from a CSV file: Shopify's export, or the columns from and to."
        " Running the same file again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--dry-run", action="store_true", help="try everything, change nothing"
        )
        parser.add_argument(
            "--report",
            type=Path,
            metavar="FILE",
            help="write what was not taken (CSV)",
        )

    def handle(
        self, *, file: Path, dry_run: bool, report: Path | None, **_: object
    ) -> None:
        try:
            with row_files.write_report(report) as found:
                redirects.import_redirects(file, found, dry_run=dry_run)
        except FileRefused as exc:
            raise CommandError(f"Nothing more was imported: {exc}.") from exc
        for line in found.describe(dry_run=dry_run):
            self.stdout.write(line)
