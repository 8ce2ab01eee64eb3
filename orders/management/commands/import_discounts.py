"""`manage.py import_discounts`: bring discount codes from another shop."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from orders.services import discount_import
from products.csv_reader import FileRefused
from products.importing import row_files


class Command(BaseCommand):
    help = (
        "Take in discount codes from a CSV file: Shopify's export, or columns code, type, value."
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
                discount_import.import_discounts(file, found, dry_run=dry_run)
        except FileRefused as exc:
            raise CommandError(f"Nothing more was imported: {exc}.") from exc
        for line in found.describe(dry_run=dry_run):
            self.stdout.write(line)
