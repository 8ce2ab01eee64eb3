"""`manage.py import_reviews`: bring reviews from another shop."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from products.csv_reader import FileRefused
from products.importing import row_files
from products.services import review_import


class Command(BaseCommand):
    help = (
        "Take in reviews from a CSV file: Judge.me's export and its like, or columns product,"
        " email, rating, body. Their customers and products come first. Running the same file"
        " again changes nothing."
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
                review_import.import_reviews(file, found, dry_run=dry_run)
        except FileRefused as exc:
            raise CommandError(f"Nothing more was imported: {exc}.") from exc
        for line in found.describe(dry_run=dry_run):
            self.stdout.write(line)
