"""`manage.py gift_card_liability`: what is owed on gift cards and store credit."""

import csv
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from orders.gift_card_report import COLUMNS, read_liability
from orders.services.gift_cards import show_amount


class Command(BaseCommand):
    help = (
        "Print as CSV what was issued, redeemed, refunded, expired and corrected on gift cards and"
        " store credit, and what is owed. Exits with 1 where the ledger of money says otherwise."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--on",
            metavar="DAY",
            help="at the end of a day of the shop, as 2026-11-30",
        )

    def handle(self, *args: object, on: str | None, **options: object) -> None:
        report = read_liability(_read_moment(on))
        table = csv.writer(self.stdout)
        table.writerow(COLUMNS)
        for row in report.rows:
            amounts = (getattr(row, name) for name in COLUMNS[3:])
            table.writerow(
                [row.kind, row.currency, row.cards]
                + [show_amount(amount, row.currency) for amount in amounts]
            )
        if report.differences:
            said = ", ".join(
                f"{off} {name}" for name, off in report.differences.items()
            )
            raise CommandError(
                f"The ledger of money has {said} more than the cards."
            )


def _read_moment(day: str | None) -> datetime:
    if day is None:
        return timezone.now()
    try:
        following = date.fromisoformat(day) + timedelta(days=1)
    except ValueError as exc:
        raise CommandError(f"--on {day}: give a day as 2026-11-30.") from exc
    return datetime.combine(following, time(), ZoneInfo(settings.SHOP_TIME_ZONE))
