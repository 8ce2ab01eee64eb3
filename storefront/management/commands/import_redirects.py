"""`manage.py import_redirects`: where the links of the shop's former site lead now."""

from argparse import ArgumentParser
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from products.csv_reader import FileRefused
from storefront import redirects

_SHOWN = 20


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

    def handle(self, *, file: Path, dry_run: bool, **_: object) -> None:
        try:
            report = redirects.import_redirects(file, dry_run=dry_run)
        except FileRefused as exc:
            raise CommandError(f"Nothing was imported: {exc}.") from exc
        self.stdout.write(
            f"{'Would be: ' if dry_run else ''}created {report.created:,}, changed"
            f" {report.changed:,}, unchanged {report.unchanged:,}, refused"
            f" {len(report.refused):,}."
        )
        for number, path, why in report.refused[:_SHOWN]:
            self.stdout.write(f"  line {number}: {path}: {why}")
