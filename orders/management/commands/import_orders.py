"""`manage.py import_orders`: bring the orders of another shop as history."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from orders.services import past_orders
from products.csv_reader import FileRefused
from products.importing import row_files


class Command(BaseCommand):
    help = (
        "Take in orders from a CSV file, as history: Shopify's export, or a line for each item."
        " They count as bought for reviews, and move no stock. Running the same file again changes"
        " nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--source",
            default="shopify",
            metavar="NAME",
            help="whose numbers these are (default: shopify)",
        )
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
        self,
        *,
        file: Path,
        source: str,
        dry_run: bool,
        report: Path | None,
        **_: object,
    ) -> None:
        try:
            with row_files.write_report(report) as found:
                past_orders.import_past_orders(
                    file, found, source=source, dry_run=dry_run
                )
        except FileRefused as exc:
            raise CommandError(f"Nothing more was imported: {exc}.") from exc
        for line in found.describe(dry_run=dry_run):
            self.stdout.write(line)
