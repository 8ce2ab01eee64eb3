"""`manage.py load_demo`: fill an empty shop with the demo's catalogue, customers and trade."""

import secrets
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)

from demo import load, people
from demo.plan import PRODUCTS, Plan


class Command(BaseCommand):
    help = (
        "Fill an empty shop with made-up products, customers and 90 days of orders; "
        "the same ones on every machine."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--scale",
            type=_parse_positive,
            metavar="N",
            help=(
                "make N products with 6 variants each, N customers (at least 60), 10 N "
                "reviews and 5 N orders (default: a"
                f" shop of {PRODUCTS} products to look at); of {load.MANY_PRODUCTS:,} or more,"
                " nobody else reads the tables until it is done"
            ),
        )
        parser.add_argument(
            "--today",
            type=date.fromisoformat,
            metavar="YYYY-MM-DD",
            help=(
                "the day before which everything happened (default: today in the shop's time zone)"
            ),
        )
        parser.add_argument(
            "--force", action="store_true", help="load it although DEBUG is off"
        )

    def handle(
        self,
        *,
        scale: int | None,
        today: date | None,
        force: bool,
        verbosity: int,
        no_color: bool,
        **_: object,
    ) -> None:
        if not settings.DEBUG and not force:
            raise CommandError(
                "DEBUG is off, so this may be a real shop; --force loads the demo all the same."
            )
        today = today or datetime.now(ZoneInfo(settings.SHOP_TIME_ZONE)).date()
        plan = Plan(today, scale or PRODUCTS, scaled=scale is not None)
        try:
            existing = load.count_demo_products()
        except load.ShopNotEmpty as exc:
            raise CommandError(f"Nothing was loaded: {exc}.") from exc
        if existing:
            self.stdout.write(
                f"The demo shop is loaded already ({existing} products); nothing was changed."
            )
            return
        started = time.monotonic()
        password = settings.DEMO_PASSWORD or secrets.token_urlsafe(12)
        counts = _load_with_progress(
            plan, password, shown=verbosity > 0 and sys.stdout.isatty()
        )
        self.stdout.write(_format_summary(counts, time.monotonic() - started))
        self.stdout.write(
            f"Sign in as {people.CUSTOMER}, {people.STAFF} or {people.ADMIN} with {password}"
        )


def _parse_positive(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1_000_000:
        raise ValueError("from 1 to 1,000,000")
    return number


def _load_with_progress(
    plan: Plan, password: str, *, shown: bool
) -> dict[str, int]:
    columns = (
        TextColumn("{task.description:>10}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns, console=Console(file=sys.stdout), disable=not shown
    ) as progress:

        def step(name: str, total: int) -> Callable[[int], None]:
            if not shown:
                return lambda number: None
            task = progress.add_task(name, total=total)
            return lambda number: progress.advance(task, number)

        return load.load_shop(plan, password=password, steps=step)


def _format_summary(counts: dict[str, int], seconds: float) -> str:
    names = {
        "products_product": "products",
        "products_variant": "variants",
        "products_productimage": "pictures",
        "accounts_user": "people",
        "products_review": "reviews",
        "orders_order": "orders",
    }
    summary = ", ".join(
        f"{counts.get(table, 0):,} {name}" for table, name in names.items()
    )
    return f"The demo shop is loaded: {summary}, in {seconds:.1f} s."
