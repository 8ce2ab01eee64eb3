"""`manage.py import_customers`: bring customers from another shop."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from accounts.services import customer_import
from products.csv_reader import FileRefused
from products.importing import row_files


class Command(BaseCommand):
    help = (
        "Take in customers from a CSV file: Shopify's export, WooCommerce's, or columns email and"
        " name. They come without passwords. Running the same file again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--invite",
            action="store_true",
            help="mail each new customer a link to set a password",
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
        invite: bool,
        dry_run: bool,
        report: Path | None,
        **_: object,
    ) -> None:
        try:
            with row_files.write_report(report) as found:
                customer_import.import_customers(
                    file, found, invite=invite, dry_run=dry_run
                )
        except FileRefused as exc:
            raise CommandError(f"Nothing more was imported: {exc}.") from exc
        for line in found.describe(dry_run=dry_run):
            self.stdout.write(line)
