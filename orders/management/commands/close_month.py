"""`manage.py close_month`: freeze a month's figures."""

from django.core.management.base import BaseCommand, CommandError, CommandParser

from markrin.api.errors import ShopError
from orders.management.commands.tax_report import read_month
from orders.services import closings
from orders.services.lifecycle import Actor


class Command(BaseCommand):
    help = (
        "Close a month: what the ledger and the tax report say of it is kept as it is. What"
        " corrects it later is shown beside it. A month that is over is closed once, after those"
        " before it. With --dry-run it is only looked at."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", required=True, metavar="YYYY-MM")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say what it comes to, change nothing",
        )

    def handle(
        self, *args: object, month: str, dry_run: bool, **options: object
    ) -> None:
        first_day = read_month(month)
        if dry_run:
            self._show(closings.read_balances(first_day))
            self.stdout.write("A dry run: nothing was closed.")
            return
        try:
            closing = closings.close_month(month=first_day, actor=Actor("staff"))
        except ShopError as refused:
            raise CommandError(f"{month}: {refused}") from refused
        self._show(closing.balances)
        self.stdout.write(
            f"{closing} is closed: {closing.documents} invoices and notes."
        )

    def _show(self, balances: list[dict[str, str]]) -> None:
        for one in balances:
            self.stdout.write(
                f"  {one['account']} {one['currency']}: debit {one['debit']},"
                f" credit {one['credit']}"
            )
