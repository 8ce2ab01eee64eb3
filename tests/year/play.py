"""The year itself, below libfaketime: `python -m tests.year` starts it. No test of the suite."""

import os
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from orders.models import Order
from orders.pricing.tax_presets import read_preset
from orders.services import reconciliation, tax_rates
from tests.providers.fixtures import razorpay_server, stripe_server
from tests.providers.server import StandIn
from tests.year import backup, books
from tests.year.clock import Clock
from tests.year.shop import YearShop, say
from tests.year.trade import Year

__all__ = ["razorpay_server", "stripe_server"]

StandIn.END_WITHIN_S = (
    0.5  # each look costs libfaketime some twenty looks at its file
)


def look_at_backup(year: Year, folder: Path) -> None:
    year.end_faults()
    found = backup.prove_backup(folder, year.shop.env)
    say(f"  backup of {datetime.now(UTC):%Y-%m-%d}, restored: {found}")


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(0)
def test_year(
    stripe_server: Any, razorpay_server: Any, settings: Any, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    orders, days = int(os.environ["YEAR_ORDERS"]), int(os.environ["YEAR_DAYS"])
    clock = Clock(Path(os.environ["FAKETIME_TIMESTAMP_FILE"]))
    with connection.cursor() as cursor:
        cursor.execute("SELECT now()")
        drift = abs((cursor.fetchone()[0] - datetime.now(UTC)).total_seconds())
    assert drift < 60, f"PostgreSQL lives {drift} s away"
    tax_rates.apply_tax_preset(
        read_preset("in", state="KA", country="IN"),
        country="IN",
        state_code="IN-KA",
    )
    stand_ins = {"stripe": stripe_server, "razorpay": razorpay_server}
    started = time.monotonic()
    with YearShop(stand_ins) as shop:
        year = Year(
            shop, clock, orders=orders, days=days, seed=int(os.environ["YEAR_SEED"])
        )
        say(f"A year from {year.begin:%Y-%m-%d}, {orders} orders in {days} days")
        year.plan(year.begin + year.span * 0.6, year.change_apparel)
        year.plan(
            year.begin + year.span * 0.5, partial(look_at_backup, year, tmp_path)
        )
        year.run()
        year.finish()
    took = time.monotonic() - started
    say(
        f"until {datetime.now(UTC):%Y-%m-%d}; {Order.objects.count()} orders, {took:.0f} s"
    )
    for what, count in sorted(year.done.items()):
        say(f"  {count:6} {what}")
    found = books.list_differences(stand_ins)
    for what, (one, other) in found.items():
        say(f"  {what}: {one} and {other}, difference {one - other}")
    left = list(reconciliation.list_open_differences())
    say(f"  open differences: {len(left)}")
    breaches = books.list_breaches()
    say(f"  verify: {len(breaches)} breaches {breaches[:5]}")
    assert not left, [(one.kind, one.ref, one.cause) for one in left]
    assert all(one == other for one, other in found.values())
    assert not breaches
