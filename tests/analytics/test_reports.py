"""Figures against plain SQL and plain Python over the same random orders and events, across
time zones.
"""

import csv
import io
import random
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import days
from analytics.models import DailyProduct, DailySales, DirtyDay, Event
from analytics.services import events, partitions, rollups
from orders.models import (
    Invoice,
    InvoiceLine,
    LedgerEntry,
    LedgerLine,
    Order,
    OrderLine,
)
from orders.models.fulfilment import ParcelStatus
from orders.services import fulfilments, ledger_backfill
from orders.services.lifecycle import Actor
from orders.staff_schemas import ParcelMove
from products.models import Product
from tests import factories

pytestmark = pytest.mark.django_db
FIRST = datetime(2026, 9, 1, tzinfo=UTC).date()
DAYS = 12
ZONES = ["Asia/Kolkata", "America/New_York", "UTC", "Pacific/Kiritimati"]


@pytest.fixture
def analyst(api, staff):
    staff.groups.add(Group.objects.get_or_create(name="analytics")[0])
    return api.as_user(staff)


def make_world(seed):
    """Make orders of a few customers and guests, some cancelled, refunded, returned; and events."""
    dice = random.Random(seed)
    variants = [factories.make_variant(stock=50) for _ in range(4)]
    people = [factories.make_user() for _ in range(4)]
    for _ in range(30):
        # On some days nothing is sold at all.
        day = dice.choice([0, 1, 2, 5, 6, 8, 11])
        at = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(
            days=day, seconds=dice.randrange(86_400)
        )
        make_old_order(
            dice,
            at,
            dice.choice([*people, None]),
            dice.sample(variants, dice.randint(1, 3)),
        )
    for order in Order.objects.exclude(shipped_at=None).order_by("created_at"):
        lines = [(line, line.line_total) for line in order.lines.all()]
        write_invoice(order, [*lines, (None, order.shipping)], at=order.shipped_at)
    ledger_backfill.book_missing()  # what else there is, such as payments
    partitions.make_partitions(now=datetime(2026, 9, 15, tzinfo=UTC))
    for _ in range(120):
        at = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(
            seconds=dice.randrange(86_400 * DAYS)
        )
        kind = dice.choice(
            ["view", "view", "search", "add_to_cart", "checkout_started"]
        )
        Event.objects.create(
            id=uuid4(),
            occurred_at=at,
            type=kind,
            session_key="session-key",
            visitor=f"{dice.randrange(9):032x}",
            product_id=dice.choice(variants).product_id
            if kind in ("view", "add_to_cart")
            else None,
            query=dice.choice(["Kurta", "kurta", "parka"])
            if kind == "search"
            else "",
            results=dice.choice([0, 3, None]) if kind == "search" else None,
        )


def make_old_order(dice, at, user, variants):
    lines = [
        (variant, dice.randint(1, 3), Decimal(dice.randrange(100, 90_000)) / 100)
        for variant in variants
    ]
    subtotal = sum(quantity * price for _, quantity, price in lines)
    status = dice.choice(["pending", "delivered", "delivered", "cancelled"])
    paid = status == "delivered"
    order = Order.objects.create(
        number=f"T-{uuid4().hex[:10].upper()}",
        user=user,
        email=user.email if user else f"g{dice.randrange(3)}@example.com",
        created_at=at,
        status=status,
        payment_status="paid" if paid else "unpaid",
        payment_method="cod",
        currency="INR",
        subtotal=subtotal,
        shipping=Decimal("50.00"),
        tax=0,
        tax_included=True,
        total=subtotal + 50,
        refunded=Decimal(dice.choice([0, 0, 25])) if paid else 0,
        paid_at=at if paid else None,
        shipped_at=at if paid else None,
        delivered_at=at if paid else None,
        closed_at=at if status == "cancelled" else None,
        recipient="A",
        phone="+919876543210",
        street="S",
        city="C",
        postal_code="400050",
        country="IN",
    )
    for position, (variant, quantity, price) in enumerate(lines):
        OrderLine.objects.create(
            id=uuid4(),
            order=order,
            position=position,
            variant=variant,
            product=variant.product,
            name="N",
            sku=variant.sku,
            quantity=quantity,
            shipped=quantity if paid else 0,
            returned=dice.choice([0, 0, 1]) if paid else 0,
            unit_price=price,
            tax_percent=0,
            tax=0,
        )


def write_invoice(order, items, *, at, original=None):
    """Write an invoice of these amounts by order line (None for shipping), or a credit note, and
    book it, as the services would have at that moment.
    """
    kind, booked = ("credit_note", "credit") if original else ("invoice", "sale")
    serial = Invoice.objects.filter(kind=kind).count() + 1
    total = sum(amount for _, amount in items)
    invoice = Invoice.objects.create(
        kind=kind,
        series=f"T{kind}"[:12],
        serial=serial,
        number=f"{kind[:1]}-{serial}",
        issued_at=at,
        issued_on=at.date(),
        order=order,
        original=original,
        cause=f"t:{kind}:{serial}",
        currency="INR",
        taxable=total,
        tax=0,
        total=total,
        data={},
    )
    entry = LedgerEntry.objects.create(
        kind=booked, key=f"{booked}:{invoice.pk}", at=at, order=order
    )
    sign = -1 if original else 1
    goods = sum(amount for line, amount in items if line)
    for position, (line, amount) in enumerate(items):
        InvoiceLine.objects.create(
            invoice=invoice,
            position=position,
            of="line" if line else "shipping",
            line=line,
            name="N",
            unit="PCS",
            quantity=0,
            percent=0,
            charged=amount,
            tax=0,
        )
    for account, amount in {
        "receivable": total,
        "revenue": -goods,
        "shipping": goods - total,
    }.items():
        if amount:
            LedgerLine.objects.create(
                entry=entry, account=account, amount=sign * amount, currency="INR"
            )


def expected_sales(zone):
    """Return the figures by day, by plain Python over every order."""
    days: dict[date, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    seen: dict[Any, date] = {}
    for order in Order.objects.exclude(status="cancelled").order_by("created_at"):
        who = order.user_id or order.email
        seen.setdefault(who, order.created_at.astimezone(zone).date())
    customers = defaultdict(set)
    for order in Order.objects.prefetch_related("lines"):
        day = order.created_at.astimezone(zone).date()
        if order.status == "cancelled":
            days[day]["cancelled"] += 1
            continue
        days[day]["orders"] += 1
        days[day]["ordered"] += order.total - order.refunded
        if order.shipped_at:
            days[order.shipped_at.astimezone(zone).date()]["revenue"] += order.total
        days[day]["units"] += sum(
            line.quantity - line.returned for line in order.lines.all()
        )
        customers[day].add(order.user_id or order.email)
    for day, people in customers.items():
        days[day]["newCustomers"] = Decimal(sum(seen[who] == day for who in people))
        days[day]["returningCustomers"] = Decimal(
            sum(seen[who] < day for who in people)
        )
    return days


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("seed", [1, 2])
def test_sales_equal_the_orders_day_by_day_also_on_days_without_any(
    analyst, settings, zone, seed
):
    settings.SHOP_TIME_ZONE = zone
    make_world(seed)
    for number in range(-1, DAYS + 2):
        rollups.rebuild_day(day=FIRST + timedelta(days=number))

    period = (
        f"from={FIRST - timedelta(days=1)}&to={FIRST + timedelta(days=DAYS + 1)}"
    )
    report = analyst.get(f"/api/staff/reports/sales?{period}").json()
    names = [column["name"] for column in report["columns"]]
    rows = [dict(zip(names, row, strict=True)) for row in report["rows"]]

    expected = expected_sales(ZoneInfo(zone))
    assert len(rows) == DAYS + 3
    for row in rows:
        day = expected[datetime.fromisoformat(row["period"]).date()]
        for name in (
            "orders",
            "cancelled",
            "units",
            "newCustomers",
            "returningCustomers",
        ):
            assert row[name] == day[name], (row["period"], name)
        for name in ("revenue", "ordered"):
            assert Decimal(row[name]) == day[name], (row["period"], name)
    assert (
        sum(row["orders"] for row in rows)
        == Order.objects.exclude(status="cancelled").count()
    )

    stats = analyst.get(f"/api/staff/stats?{period}").json()
    assert Decimal(stats["revenue"]) == sum(
        day["revenue"] for day in expected.values()
    )
    assert stats["orders"] == sum(row["orders"] for row in rows)
    assert (
        stats["ordersByStatus"]["cancelled"]
        == Order.objects.filter(status="cancelled").count()
    )


@pytest.mark.parametrize("interval", ["week", "month"])
def test_weeks_and_months_add_up_to_the_days(analyst, interval):
    make_world(3)
    for number in range(DAYS):
        rollups.rebuild_day(day=FIRST + timedelta(days=number))
    path = f"/api/staff/reports/sales?from={FIRST}&to={FIRST + timedelta(days=DAYS - 1)}"

    whole = analyst.get(f"{path}&interval={interval}").json()["rows"]
    single = analyst.get(path).json()["rows"]
    assert len(whole) < len(single)
    assert sum(Decimal(row[2]) for row in whole) == sum(
        Decimal(row[2]) for row in single
    )


def test_funnel_searches_and_products_equal_plain_sql(analyst, settings):
    settings.SHOP_TIME_ZONE = "UTC"
    make_world(4)
    for number in range(DAYS):
        rollups.rebuild_day(day=FIRST + timedelta(days=number))
    path = f"?from={FIRST}&to={FIRST + timedelta(days=DAYS - 1)}"

    funnel = analyst.get(f"/api/staff/reports/funnel{path}").json()["rows"]
    assert [(row[0], row[1], row[4]) for row in funnel] == sql(
        """SELECT d::date::text, count(DISTINCT visitor),
            count(DISTINCT visitor) FILTER (WHERE type = 'checkout_started')
        FROM generate_series('2026-09-01'::timestamptz, '2026-09-12', '1 day') AS d
        LEFT JOIN analytics_event ON occurred_at >= d AND occurred_at < d + interval '1 day'
            GROUP BY d ORDER BY d"""
    )
    searches = analyst.get(f"/api/staff/reports/searches{path}").json()["rows"]
    assert sorted(map(tuple, searches)) == sorted(
        sql(
            """SELECT lower(query), count(*), count(*) FILTER (WHERE results = 0)
                FROM analytics_event
            WHERE type = 'search' GROUP BY 1"""
        )
    )
    products = analyst.get(f"/api/staff/reports/products{path}").json()["rows"]
    assert sorted((row[0], row[5], row[8]) for row in products) == sorted(
        sql(
            """SELECT product_id::text, sum(quantity - returned),
                round(sum(unit_price * (quantity - returned)), 2)::text
            FROM orders_orderline JOIN orders_order AS o ON o.id = order_id
                WHERE status <> 'cancelled' GROUP BY 1"""
        )
    )


def sql(query):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL TIME ZONE 'UTC'")
        cursor.execute(query)
        return cursor.fetchall()


def test_an_order_marks_its_day_and_the_rollup_makes_it_anew_once(customer):
    order = factories.make_order(customer=customer)
    events.mark_changed(order_id=order.pk)
    events.mark_changed(order_id=uuid4())  # of an order that is not there
    made = rollups.rebuild_changed_days(now=datetime.now(UTC))

    assert not DirtyDay.objects.exists()
    made_day = DailySales.objects.get(day=made[-1])
    # nothing has left, so nothing is earned yet
    assert (made_day.orders, made_day.ordered, made_day.revenue) == (
        1,
        order.total,
        Decimal(0),
    )


def test_a_parcel_refused_at_the_door_brings_nothing(customer):
    """Cash on delivery: the goods were sold as they left, and are credited as they come back."""
    variant = factories.make_variant(
        product=factories.make_product(base_price="10000.00"), stock=2
    )
    refused = factories.make_order(
        customer=customer, variant=variant, status="shipped"
    )
    kept = factories.make_order(
        customer=customer, variant=variant, status="delivered"
    )
    now = datetime.now(UTC)
    [*_, today] = rollups.rebuild_changed_days(now=now)
    assert DailySales.objects.get(day=today).revenue == refused.total + kept.total
    parcel = refused.fulfilments.get()
    for status in (ParcelStatus.UNDELIVERED, ParcelStatus.RETURNED):
        fulfilments.move_parcel(
            ParcelMove(status=status), fulfilment_id=parcel.pk, actor=Actor("staff")
        )
    rollups.rebuild_changed_days(now=now)
    day = DailySales.objects.get(day=today)
    assert (day.revenue, day.ordered) == (kept.total, kept.total)
    product = DailyProduct.objects.get(day=today)  # goods alone, shipping besides
    assert (product.revenue, product.ordered) == (kept.subtotal, kept.subtotal)


def test_the_catalogue_is_told_what_sells_and_what_no_longer_does(customer):
    variant, other = (
        factories.make_variant(stock=9),
        factories.make_variant(stock=9),
    )
    Product.objects.filter(pk=other.product_id).update(popularity=7)
    factories.make_order(customer=customer, variant=variant, quantity=3)
    now = datetime.now(UTC)
    rollups.rebuild_changed_days(now=now)

    assert rollups.publish_popularity(now=now) == 2
    assert dict(Product.objects.values_list("pk", "popularity")) == {
        variant.product_id: 3,
        other.product_id: 0,
    }
    assert rollups.publish_popularity(now=now) == 0
    assert rollups.publish_popularity(now=now + timedelta(days=31)) == 1


def test_csv_has_the_same_cells_and_no_formula(analyst):
    partitions.make_partitions(now=datetime(2026, 9, 15, tzinfo=UTC))
    Event.objects.create(
        id=uuid4(),
        occurred_at=datetime(2026, 9, 3, tzinfo=UTC),
        type="search",
        query="=HYPERLINK(1)",
        results=0,
        session_key="session-key",
        visitor="0" * 32,
    )
    rollups.rebuild_day(day=FIRST + timedelta(days=2))
    response = analyst.get(
        f"/api/staff/reports/searches?from={FIRST}&to={FIRST + timedelta(days=9)}&format=csv"
    )

    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert list(csv.reader(io.StringIO(response.content.decode()))) == [
        ["query", "searches", "withoutResult"],
        ["'=hyperlink(1)", "1", "1"],
    ]


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("analytics_dailyproduct", "product_id"),
        ("analytics_dailyvariant", "variant_id"),
    ],
)
def test_a_day_made_again_writes_only_what_has_changed(settings, table, key):
    """Today is made again every few minutes, and most of its rows are as they were."""
    settings.SHOP_TIME_ZONE = "UTC"
    make_world(5)
    bought = OrderLine.objects.exclude(order__status="cancelled")
    ordered = bought.select_related("order").order_by("id")[0]
    day = ordered.order.created_at.date()

    def read_rows():
        # by Django's own names; xmin is the transaction that has written a row last
        rows = sql(
            f"SELECT {key}, units, xmin::text FROM {table} WHERE day = '{day}'"
        )
        return {row[0]: row[1:] for row in rows}

    rollups.rebuild_day(day=day)
    first = read_rows()
    stale = f"UPDATE {table} SET units = units + 7 WHERE day = %s AND {key} = %s"
    with connection.cursor() as cursor:
        cursor.execute(stale, [day, getattr(ordered, key)])
        cursor.execute(
            "SAVEPOINT other_writer"
        )  # rows from here on have another xmin
    rollups.rebuild_day(day=day)
    again = read_rows()
    changed = {each for each in first if first[each] != again[each]}
    assert len(first) > 1
    assert {each: row[0] for each, row in again.items()} == {
        each: row[0] for each, row in first.items()
    }
    assert changed == {getattr(ordered, key)}

    # Of what is no longer this day's, no row stays.
    elsewhere = ordered.order.created_at - timedelta(days=40)
    start, end = days.get_bounds(day, day)
    placed = Order.objects.filter(created_at__gte=start, created_at__lt=end)
    placed.update(created_at=elsewhere)
    rollups.rebuild_day(day=day)
    assert sum(row[0] for row in read_rows().values()) == 0
    if table == "analytics_dailyvariant":
        assert read_rows() == {}


def test_recent_orders_say_whose_they_are(analyst, customer):
    own = factories.make_order(customer=customer)
    guests = factories.make_order(guest_email="guest@example.com")
    found = analyst.get("/api/staff/stats").json()["recentOrders"]
    assert [
        (one["number"], one["customerId"], one["recipient"]) for one in found
    ] == [
        (guests.number, None, guests.recipient),
        (own.number, str(customer.pk), own.recipient),
    ]
    assert own.recipient


def test_stats_take_the_same_number_of_queries_for_much_as_for_nothing(analyst):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert (
                analyst.get(
                    f"/api/staff/stats?from={FIRST}&to={FIRST + timedelta(days=9)}"
                ).status_code
                == 200
            )
        return len(captured)

    before = queries()
    make_world(5)
    for number in range(10):
        rollups.rebuild_day(day=FIRST + timedelta(days=number))
    assert queries() == before


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("from=2026-02-30", "from"),
        ("from=2026-03-02&to=2026-03-01", "to"),
        ("from=2020-01-01&to=2026-01-01", "to"),
        ("interval=year", "interval"),
        ("limit=5", "limit"),
    ],
)
def test_refuses_a_period_that_is_none(analyst, query, parameter):
    response = analyst.get(f"/api/staff/reports/sales?{query}")
    assert (response.status_code, response.json()["errors"][0]["parameter"]) == (
        400,
        parameter,
    )


def test_figures_are_for_the_analytics_group_and_admins(
    api, customer, staff, admin_user, analyst
):
    for path in ("/api/staff/stats", "/api/staff/reports/sales"):
        answers = [
            api.get(path),
            api.as_user(customer).get(path),
            api.as_user(factories.make_user(role="staff")).get(path),
        ]
        assert [each.status_code for each in answers] == [401, 403, 403]
        assert [
            who.get(path).status_code for who in (analyst, api.as_user(admin_user))
        ] == [200, 200]
    assert analyst.get("/api/staff/reports/nothing").status_code == 404
