"""The admin's first page: the figures are those of the reports, each sees what they may, in
few queries.
"""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics.admin import charts
from analytics.models import DailyFunnel, DailySales, DailySearch
from markrin.outbox.models import OutboxEvent, State
from orders.models import Order
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
MAX_QUERIES = 20


def client_of(**user):
    client = Client()
    client.force_login(factories.make_user(**user))
    return client


def test_the_figures_stand_beside_those_of_the_period_before():
    today = timezone.localdate()
    zero = {
        "cancelled": 0,
        "refunded": 0,
        "returning_customers": 0,
        "stock_outs": 0,
    }
    for days, orders, revenue, new in (
        (0, 1, 111, 1),
        (1, 4, 4000, 4),
        (30, 2, 2000, 0),
        (31, 5, 2000, 5),
        (61, 9, 9, 9),
    ):
        DailySales.objects.create(
            day=today - timedelta(days=days),
            orders=orders,
            revenue=revenue,
            ordered=revenue,
            units=orders,
            new_customers=new,
            **zero,
        )
    DailyFunnel.objects.create(
        day=today - timedelta(days=1), visits=40, views=30, carts=20, checkouts=10
    )
    DailySearch.objects.create(
        day=today - timedelta(days=1),
        query="raincoat",
        searches=3,
        without_result=2,
    )
    DailySearch.objects.create(
        day=today - timedelta(days=1), query="shirt", searches=9, without_result=0
    )
    page = client_of(role="admin").get("/admin/")
    figures = {
        figure.name: (figure.value, figure.change, figure.better)
        for figure in page.context["figures"]
    }
    assert figures["Revenue"] == ("₹6,000", "+200%", True)
    assert figures["Orders"] == ("6", "+20%", True)
    assert figures["Average order"] == ("₹1,000", "+150%", True)
    assert figures["New customers"] == ("4", "−20%", False)
    assert page.context["today"] == {"revenue": "₹111", "orders": 1}
    assert [(step["name"], step["count"]) for step in page.context["funnel"]] == [
        ("Visits", "40"),
        ("Looked at a product", "30"),
        ("Put into the bag", "20"),
        ("Began the checkout", "10"),
        ("Ordered", "6"),
    ]
    assert page.context["searches"] == [
        {"query": "raincoat", "times": 3, "nothing": 2}
    ]
    assert page.context["as_of"] is not None
    text = page.content.decode()
    assert "Revenue: ₹6,000 in these 30 days, ₹2,000 in the 30 before." in text
    week = client_of(role="admin").get("/admin/?days=7").context["figures"]
    assert {figure.name: figure.value for figure in week}["Orders"] == "4"


def test_each_sees_the_parts_that_are_theirs():
    seen = {}
    for group in ("", "catalogue", "orders", "analytics"):
        page = client_of(role="staff", groups=(group,) if group else ()).get(
            "/admin/"
        )
        parts = {
            part
            for part in ("figures", "stock", "machinery")
            if part in page.context
        }
        seen[group] = (
            parts,
            bool(page.context["tasks"]),
            "Revenue" in page.content.decode(),
        )
    assert seen == {
        "": (set(), False, False),
        "catalogue": ({"stock"}, False, False),
        "orders": ({"stock"}, True, False),
        "analytics": ({"figures", "stock"}, False, True),
    }


def test_what_waits_and_what_is_dead_stands_on_top():
    factories.make_order(status="confirmed")
    Order.objects.filter(pk=factories.make_order().pk).update(
        attention="Paid twice."
    )
    OutboxEvent.objects.filter(task="orders.confirm_by_mail").update(
        state=State.DEAD, wake_at=None, finished_at=timezone.now()
    )
    page = client_of(role="admin").get("/admin/")
    tasks = {task.name: (task.count, task.urgent) for task in page.context["tasks"]}
    assert tasks == {
        "orders to confirm": ("1", False),
        "orders to pack": ("1", False),
        "orders wait for stock": ("0", False),
        "orders to send": ("0", False),
        "orders undelivered": ("0", False),
        "returns to judge": ("0", False),
        "orders need a person": ("1", True),
        "refused by a limit": ("0", False),
        "jobs are dead": ("2", True),
    }
    for task in page.context["tasks"]:
        assert client_of(role="admin").get(task.link).status_code == 200


def test_it_takes_few_queries():
    factories.make_variant(stock=1)
    factories.make_order(status="confirmed")
    for user in (
        {"role": "admin"},
        {"role": "staff", "groups": ("catalogue", "orders", "analytics")},
    ):
        client = client_of(**user)
        client.get("/admin/")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/admin/").status_code == 200
        assert len(queries) <= MAX_QUERIES


@pytest.mark.parametrize(
    "name", ["sales", "funnel", "products", "categories", "searches", "stock"]
)
def test_every_report_is_a_page_and_a_file(name):
    client = client_of(role="admin")
    factories.make_variant(stock=1)
    path = f"/admin/analytics/dailysales/report/{name}/"
    page = client.get(path)
    assert page.status_code == 200
    file = client.get(f"{path}{page.context['csv']}")
    assert file["Content-Type"].startswith("text/csv")
    assert client.get(f"{path}?first=2026-02-01&last=2026-01-01").status_code == 422
    assert (
        client.get(
            f"{path}?first=2026-01-01&last=2026-01-31&interval=week"
        ).status_code
        == 200
    )
    assert client.get("/admin/analytics/dailysales/report/none/").status_code == 404


def test_a_chart_ends_at_a_round_number_and_says_each_day():
    days = [timezone.localdate() - timedelta(days=n) for n in (2, 1, 0)]
    made = charts.draw_chart("Orders", days, [0, 130, 65], [10, 20, 30], str)
    assert made.ticks[0] == "200.0"
    assert made.now == "166.7,240.0 500.0,84.0 833.3,162.0"
    assert "130; the period before: 20" in made.days[1].text
    assert (
        charts.draw_chart("Orders", days, [0, 0, 0], [0, 0, 0], str).now.count(
            "240.0"
        )
        == 3
    )
