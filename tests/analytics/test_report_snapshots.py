"""Reports that are read ahead: pages show them without adding up, and never what the
figures no longer say.
"""

import io
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics.models import DirtyDay, ReportSnapshot
from analytics.selectors import first_rows, reports
from analytics.services import rollups, snapshots
from orders.models import Order
from tests import factories

pytestmark = pytest.mark.django_db
READ = reports.get_rows
FIGURES = "a day's figures = its orders"
REVENUE = "a day's revenue = invoices less credit notes"
PRODUCTS = "a day's products = invoices less credit notes for them"


@pytest.fixture(autouse=True)
def noon():
    """Let it be noon of this day: what happens some minutes earlier or later happens on the
    same one.
    """
    with time_machine.travel(timezone.localtime().replace(hour=12, minute=0)):
        yield


def sell(quantity, *, days_ago=3, stock=20):
    """Make an order of some days ago, and its day's figures; return the variant."""
    variant = factories.make_variant(stock=stock)
    order = factories.make_order(variant=variant, quantity=quantity)
    at = timezone.now() - timedelta(days=days_ago)
    Order.objects.filter(pk=order.pk).update(created_at=at)
    rollups.rebuild_day(day=timezone.localtime(at).date())
    return variant


def month():
    today = timezone.localdate()
    return {"first": today - timedelta(days=29), "last": today}


def read_first_rows(name="products", limit=8):
    return first_rows.get_first_rows(name=name, limit=limit, **month())[1]


def test_what_is_kept_is_the_report_cell_by_cell():
    sell(3)
    sell(5, stock=7)
    assert snapshots.refresh_snapshots(now=timezone.now(), read=READ) == 6
    for name in ("products", "stock"):
        direct = READ(name=name, limit=201, **month())
        assert len(direct) == {"products": 2, "stock": 1}[name]
        with CaptureQueriesContext(connection) as queries:
            kept = read_first_rows(name)
        assert kept == direct
        assert len(queries) == 1
        assert "analytics_reportsnapshot" in queries[0]["sql"]


def test_it_is_read_again_when_a_day_was_made_anew_and_not_before():
    sell(3)
    now = timezone.now()
    snapshots.refresh_snapshots(now=now, read=READ)
    assert (
        snapshots.refresh_snapshots(now=now + timedelta(seconds=60), read=READ) == 0
    )
    sell(4, days_ago=20)
    assert (
        snapshots.refresh_snapshots(now=now + timedelta(seconds=60), read=READ) == 5
    )  # all but the last seven days'
    assert [int(row[5]) for row in read_first_rows()] == [4, 3]


def test_stock_is_read_again_with_every_round_as_shelves_empty_without_any_figure():
    variant = sell(3)
    now = timezone.now()
    snapshots.refresh_snapshots(now=now, read=READ)
    assert read_first_rows("stock") == []
    factories.make_order(variant=variant, quantity=16)
    assert (
        snapshots.refresh_snapshots(now=now + timedelta(minutes=5), read=READ) == 2
    )
    assert [row[1] for row in read_first_rows("stock")] == [variant.sku]


def test_kept_rows_of_yesterdays_periods_go_and_so_do_old_ones_from_the_pages():
    sell(3)
    now = timezone.now()
    snapshots.refresh_snapshots(now=now - timedelta(days=1), read=READ)
    assert snapshots.refresh_snapshots(now=now, read=READ) == 6
    assert ReportSnapshot.objects.count() == 6
    ReportSnapshot.objects.update(read_at=now - timedelta(hours=2), rows=[])
    assert len(read_first_rows()) == 1, (
        "a job that stopped two hours ago is not believed"
    )


def test_a_page_shows_what_is_kept_and_when_it_was_read():
    sell(3)
    at = timezone.now() - timedelta(minutes=4)
    snapshots.refresh_snapshots(now=at, read=READ)
    client = Client()
    client.force_login(factories.make_user(role="admin"))
    page = client.get("/admin/analytics/dailysales/report/products/")
    assert page.context["report"].as_of == at
    assert len(page.context["rows"]) == 1
    with CaptureQueriesContext(connection) as queries:
        client.get("/admin/analytics/dailysales/report/products/?format=csv")
    assert not any("reportsnapshot" in query["sql"] for query in queries), (
        "the file is as new as the figures"
    )


def verified(only, *arguments):
    out = io.StringIO()
    with suppress(CommandError):
        call_command(
            "verify", "--only", only, *arguments, stdout=out, stderr=io.StringIO()
        )
    return out.getvalue()


@pytest.mark.parametrize(
    ("corruption", "rule"),
    [
        ("UPDATE analytics_dailysales SET revenue = revenue + 1", REVENUE),
        ("UPDATE analytics_dailysales SET ordered = ordered + 1", FIGURES),
        ("UPDATE analytics_dailysales SET orders = orders + 1", FIGURES),
        ("DELETE FROM analytics_dailyvariant", FIGURES),
        ("UPDATE analytics_dailycategory SET units = units + 1", FIGURES),
        ("UPDATE analytics_dailyproduct SET units = units + 1", FIGURES),
        ("UPDATE analytics_dailycategory SET revenue = revenue + 1", PRODUCTS),
        ("UPDATE analytics_dailyproduct SET revenue = revenue - 1", PRODUCTS),
    ],
)
def test_verify_finds_figures_that_are_not_the_orders_and_mends_them(
    corruption, rule
):
    factories.make_variant(stock=1)
    sell(3)
    # The order's own history is of just now, which would say that its day is about to be made anew.
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(
            "UPDATE analytics_dailysales SET made_at = now() + interval '1 hour'"
        )
        assert "nothing is wrong" in verified("a day's")
        cursor.execute(corruption)
    assert f"{rule}: analytics_dailysales" in verified("a day's", "--repair")
    assert DirtyDay.objects.count() == 1
    rollups.rebuild_changed_days(now=datetime.now(UTC))
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE analytics_dailysales SET made_at = now() + interval '1 hour'"
        )
    assert "nothing is wrong" in verified("a day's")


def test_verify_finds_a_report_read_ahead_that_is_another():
    sell(3)
    snapshots.refresh_snapshots(now=timezone.now(), read=READ)
    assert "nothing is wrong" in verified("read ahead")
    kept = ReportSnapshot.objects.get(name="products", **month())
    kept.rows[0][5] = "99"
    ReportSnapshot.objects.filter(name="products", **month()).update(rows=kept.rows)
    assert "a report read ahead = the report: analytics_reportsnapshot" in verified(
        "read ahead"
    )
