"""`manage.py tax_report`: what the tax authorities ask about a month, as CSV."""

import csv
from datetime import date
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from markrin.admin.exports import cell_text
from orders.services import closings


class Command(BaseCommand):
    help = (
        "Write a month's sheets as CSV files, one a sheet: those of India's GST offline tool where"
        " the shop taxes by its scheme, and by_country always. They are sums over the invoices"
        " and credit notes of the month. A closed month's are as it was closed, and corrections"
        " lists what later credit notes have taken back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", required=True, metavar="YYYY-MM")
        parser.add_argument("--to", default=".", metavar="FOLDER")

    def handle(self, *args: object, month: str, to: str, **options: object) -> None:
        first_day = read_month(month)
        folder = Path(to)
        folder.mkdir(parents=True, exist_ok=True)
        for sheet in closings.get_sheets(first_day):
            path = folder / f"{month}-{sheet.name}.csv"
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(sheet.columns)
                writer.writerows(
                    [[_cell(value) for value in row] for row in sheet.rows]
                )
            self.stdout.write(f"{path}: {len(sheet.rows)} rows")


def read_month(text: str) -> date:
    """Return the first day of a month. Raises: CommandError, which names the form wanted."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError as exc:
        raise CommandError(f"--month {text}: write it as 2026-11.") from exc


def _cell(value: object) -> object:
    return cell_text(value) if isinstance(value, str) else value
