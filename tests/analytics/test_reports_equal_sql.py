"""Every report, as JSON and as CSV, against plain SQL over the orders, lines, events and
the ledger themselves.

The days are made first; then comes what comes late: events, cancellations, refunds,
returns. Only what these mark is made anew."""

import csv
import io
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import F

from analytics.models import EventType
from analytics.schemas import ShopperEvent
from analytics.services import events, rollups
from orders.models import Invoice, LedgerEntry, LedgerLine, Order, OrderLine
from products.models import StockMovement, Variant
from tests import factories
from tests.analytics.test_reports import (
    DAYS,
    FIRST,
    ZONES,
    make_world,
    write_invoice,
)

pytestmark = pytest.mark.django_db
LAST = FIRST + timedelta(days=DAYS + 1)
LOW = 49

# The shop's days, each moment's day, and an order's share that stays sold: by nothing that
# the rollups use.
_BASE = """
WITH days AS (
    SELECT d::date AS day FROM generate_series(%(first)s::timestamp, %(last)s::timestamp,
        '1 day') AS d
), placed AS (
    SELECT *, (created_at AT TIME ZONE %(zone)s)::date AS day, coalesce(user_id::text,
        email) AS buyer FROM orders_order
), sold AS (
    SELECT * FROM placed WHERE status <> 'cancelled'
), firsts AS (
    SELECT buyer, min(day) AS day FROM sold GROUP BY buyer
), lines AS (
    SELECT line.*, sold.day, quantity - returned AS units,
        coalesce(line.category_id, product.category_id) AS its_category,
        round((line_total - line.discount) * (quantity - returned) / quantity, 2) AS kept
    FROM orders_orderline AS line JOIN sold ON sold.id = order_id
    JOIN products_product AS product ON product.id = product_id
    WHERE sold.day BETWEEN %(first)s AND %(last)s
), invoiced AS (
    SELECT product.id AS product_id, coalesce(line.category_id, product.category_id) AS
        its_category, charged * CASE kind WHEN 'invoice' THEN 1 ELSE -1 END AS amount
    FROM orders_invoiceline JOIN orders_invoice AS made ON made.id = invoice_id
    JOIN orders_orderline AS line ON line.id = line_id
    JOIN products_product AS product ON product.id = product_id
    WHERE (issued_at AT TIME ZONE %(zone)s)::date BETWEEN %(first)s AND %(last)s
), events AS (
    SELECT *, (occurred_at AT TIME ZONE %(zone)s)::date AS day FROM analytics_event
    WHERE (occurred_at AT TIME ZONE %(zone)s)::date BETWEEN %(first)s AND %(last)s
), ledger AS (
    SELECT variant_id, d_on_hand - d_reserved AS delta,
        (created_at AT TIME ZONE %(zone)s)::date AS day
    FROM products_stockmovement
)
"""
PLAIN = {
    "sales": """SELECT day::text, n, (SELECT coalesce(-sum(amount), 0.00)
            FROM orders_ledgerline JOIN orders_ledgerentry AS entry ON entry.id = entry_id
            WHERE (account IN ('revenue', 'shipping', 'fees') OR account LIKE 'tax%%')
            AND (at AT TIME ZONE %(zone)s)::date = days.day)::numeric(14, 2)::text,
            CASE WHEN n > 0 THEN round(ordered / n, 2)::text END,
            (SELECT coalesce(sum(units), 0) FROM lines WHERE lines.day = days.day),
            (SELECT count(*) FROM firsts WHERE firsts.day = days.day),
            (SELECT count(DISTINCT buyer) FROM sold JOIN firsts USING (buyer)
                WHERE sold.day = days.day AND firsts.day < days.day),
            refunded::text, (SELECT count(*) FROM placed WHERE placed.day = days.day
                AND status = 'cancelled'),
            (SELECT count(DISTINCT variant_id) FROM ledger WHERE ledger.day = days.day AND delta < 0
                AND 0 = (SELECT sum(delta) FROM ledger AS upto
                    WHERE upto.variant_id = ledger.variant_id AND upto.day <= days.day)),
            ordered::text
        FROM days CROSS JOIN LATERAL (
            SELECT count(*) AS n, coalesce(sum(total - refunded), 0.00) AS ordered,
                coalesce(sum(refunded), 0.00) AS refunded
            FROM sold WHERE sold.day = days.day) AS of_day ORDER BY day""",
    "funnel": """SELECT day::text, visits, views, carts, checkouts, n,
            CASE WHEN visits > 0 THEN round(n::numeric / visits, 4)::text END
        FROM days CROSS JOIN LATERAL (
            SELECT count(DISTINCT visitor) AS visits,
                count(DISTINCT visitor) FILTER (WHERE type = 'view') AS views,
                count(DISTINCT visitor) FILTER (WHERE type = 'add_to_cart') AS carts,
                count(DISTINCT visitor) FILTER (WHERE type = 'checkout_started') AS checkouts
            FROM events WHERE events.day = days.day) AS seen
        CROSS JOIN LATERAL (SELECT count(*) AS n FROM sold
            WHERE sold.day = days.day) AS bought ORDER BY day""",
    "products": """SELECT id::text, name, views, carts, orders, coalesce(units, 0),
        coalesce(revenue, 0)::numeric(14, 2)::text,
            CASE WHEN views > 0 THEN round(orders::numeric / views, 4)::text END,
            coalesce(ordered, 0.00)::text
        FROM products_product AS product
        CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE type = 'view') AS views,
            count(DISTINCT (visitor, day)) FILTER (WHERE type = 'add_to_cart') AS carts
            FROM events WHERE product_id = product.id) AS seen
        CROSS JOIN LATERAL (SELECT count(DISTINCT order_id) AS orders, sum(units) AS units,
            sum(kept) AS ordered
            FROM lines WHERE product_id = product.id) AS bought
        CROSS JOIN LATERAL (SELECT sum(amount) AS revenue FROM invoiced
            WHERE product_id = product.id) AS brought
        WHERE views + carts + orders > 0 ORDER BY coalesce(revenue, 0) DESC,
            coalesce(ordered, 0) DESC, views DESC, id""",
    "categories": """SELECT id::text, name, orders, coalesce(units, 0),
        coalesce(revenue, 0)::numeric(14, 2)::text, coalesce(ordered, 0.00)::text
        FROM products_category AS category
        CROSS JOIN LATERAL (SELECT count(DISTINCT order_id) AS orders, sum(units) AS units,
            sum(kept) AS ordered FROM lines WHERE its_category = category.id) AS bought
        CROSS JOIN LATERAL (SELECT sum(amount) AS revenue FROM invoiced
            WHERE its_category = category.id) AS brought
        WHERE orders > 0 OR revenue IS NOT NULL
        ORDER BY coalesce(revenue, 0) DESC, coalesce(ordered, 0) DESC, id""",
    "searches": """SELECT lower(query), count(*), count(*) FILTER (WHERE results = 0)
        FROM events WHERE type = 'search'
        GROUP BY 1 ORDER BY 3 DESC, 2 DESC, 1""",
    "money": """SELECT account, currency,
            (sum(greatest(amount, 0) * (day >= %(first)s::date)::int))::numeric(14, 2)::text,
            (-sum(least(amount, 0) * (day >= %(first)s::date)::int))::numeric(14, 2)::text,
            (sum(amount * (day >= %(first)s::date)::int))::numeric(14, 2)::text,
            sum(amount)::numeric(14, 2)::text
        FROM (SELECT account, currency, amount, (at AT TIME ZONE %(zone)s)::date AS day
            FROM orders_ledgerline JOIN orders_ledgerentry AS entry ON entry.id = entry_id) AS
                booked
        WHERE day <= %(last)s::date GROUP BY 1, 2 ORDER BY 1, 2""",
    "stock": """SELECT variant.id::text, sku, product.name, size, color, on_hand - reserved,
            round(sold::numeric / (%(last)s::date - %(first)s::date + 1), 2)::text,
                CASE WHEN sold > 0 THEN
                round((on_hand - reserved) * (%(last)s::date - %(first)s::date + 1)::numeric /
                    sold, 1)::text END
        FROM products_variant AS variant JOIN products_product AS product ON product.id = product_id
        JOIN products_stocklevel AS level ON level.variant_id = variant.id
        CROSS JOIN LATERAL (SELECT coalesce(sum(units), 0) AS sold FROM lines
            WHERE variant_id = variant.id) AS bought
        WHERE on_hand - reserved <= %(low)s AND is_active AND status = 'published'
        ORDER BY sold DESC, on_hand - reserved, variant.id""",
}


@pytest.fixture
def analyst(api, staff):
    staff.groups.add(Group.objects.get_or_create(name="analytics")[0])
    return api.as_user(staff)


def come_late(dice):
    """Cancel, refund and take back some of what was ordered, have a first order cancelled,
    and send late events.
    """
    started = set()  # buyers whose first order is known
    cancelled = 0
    for order in Order.objects.exclude(status="cancelled").order_by("created_at"):
        buyer = order.user_id or order.email
        if (
            buyer not in started and order.status == "pending"
        ):  # what they order next is then their first
            Order.objects.filter(pk=order.pk).update(
                status="cancelled", closed_at=order.created_at
            )
            events.mark_changed(order_id=order.pk)
            cancelled += 1
        started.add(buyer)
    assert cancelled
    for order in Order.objects.filter(status="delivered").order_by("id")[:5]:
        Order.objects.filter(pk=order.pk).update(refunded=F("refunded") + 10)
        OrderLine.objects.filter(order=order, returned=0).update(
            shipped=F("quantity"), returned=1
        )
        events.mark_changed(order_id=order.pk)
    products = list(Variant.objects.values_list("product_id", flat=True))
    for _ in range(40):
        at = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(
            seconds=dice.randrange(86_400 * 2)
        )
        kind = dice.choice(list(EventType))
        event: dict[str, Any] = {
            "id": uuid4(),
            "type": kind,
            "at": at,
            "session_key": "session-key",
        }
        if kind in (EventType.VIEW, EventType.ADD_TO_CART):
            event["product_id"] = dice.choice(products)
        if kind == EventType.SEARCH:
            event |= {
                "query": dice.choice(["Sari", "PARKA"]),
                "results": dice.choice([0, 7]),
            }
        address = f"203.0.113.{dice.randrange(250)}"
        events.record_events(
            events=[ShopperEvent(**event)],
            address=address,
            user_agent="x",
            now=at + timedelta(hours=47),
        )


def credit_some(dice):
    """Give back a part of some invoices a few days later, on a day with few sales or none."""
    for invoice in Invoice.objects.order_by("id")[:6]:
        at = datetime(2026, 9, 9, tzinfo=UTC) + timedelta(hours=dice.randrange(60))
        write_invoice(
            invoice.order,
            [
                (row.line, round(row.charged / 2, 2))
                for row in invoice.lines.exclude(line=None)
            ],
            at=at,
            original=invoice,
        )


def book_money(dice):
    """Book amounts before, in and after the period."""
    for number in range(40):
        at = datetime(2026, 8, 31, 18, tzinfo=UTC) + timedelta(
            hours=dice.randrange(24 * (DAYS + 3))
        )
        entry = LedgerEntry.objects.create(kind="payment", key=f"t:{number}", at=at)
        amount = Decimal(dice.randrange(1, 100_000)) / 100
        account = dice.choice(["cash", "bank", "provider:stripe"])
        for name, value in ((account, amount), ("receivable", -amount)):
            LedgerLine.objects.create(
                entry=entry, account=name, amount=value, currency="INR"
            )


def run_out():
    """Sell out two variants on some day, and one of them again after it came back."""
    first, second = Variant.objects.order_by("id")[:2]
    steps = [
        (first, 1, 4),
        (first, 3, -4),
        (first, 6, 2),
        (first, 9, -2),
        (second, 3, 5),
        (second, 3, -2),
        (second, 5, -3),
    ]
    for variant, day, delta in steps:
        at = datetime(2026, 9, 1, 12, tzinfo=UTC) + timedelta(days=day)
        StockMovement.objects.create(
            variant=variant,
            kind="adjust",
            d_on_hand=delta,
            ref=f"t:{uuid4()}",
            note="t",
            created_at=at,
        )


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("seed", [11, 12])
def test_every_report_is_what_plain_sql_says(analyst, settings, zone, seed):
    settings.SHOP_TIME_ZONE, settings.LOW_STOCK_AT = zone, LOW
    dice = random.Random(seed)
    make_world(seed)
    low = list(Variant.objects.order_by("id"))
    OrderLine.objects.filter(variant=low[0]).update(
        category=factories.make_category()
    )  # it has moved since
    for variant, quantity in zip(low, (1, 0, 3, 2), strict=True):
        if quantity:
            factories.make_order(
                variant=variant, quantity=quantity
            )  # of today, which is outside the period
    run_out()
    book_money(dice)
    credit_some(dice)
    for number in range(-1, DAYS + 2):
        rollups.rebuild_day(day=FIRST + timedelta(days=number))
    come_late(dice)
    rollups.rebuild_changed_days(now=datetime.now(UTC))

    period = f"from={FIRST}&to={LAST}"
    for name, plain in PLAIN.items():
        report = analyst.get(f"/api/staff/reports/{name}?{period}").json()
        expected = sql(plain, zone)
        assert report["rows"] == [list(row) for row in expected], name
        assert len(expected) >= {"sales": 14, "funnel": 14}.get(name, 2), name
        file = analyst.get(f"/api/staff/reports/{name}?{period}&format=csv")
        heading, *rows = csv.reader(io.StringIO(file.content.decode()))
        assert heading == [column["name"] for column in report["columns"]]
        assert rows == [
            ["" if cell is None else str(cell) for cell in row]
            for row in report["rows"]
        ], name
    below_nothing = "SELECT count(*) FROM analytics_dailyproduct WHERE revenue < 0"
    assert sql(below_nothing, zone)[0][0]  # a day on which more came back than left
    assert (
        sum(row[9] for row in sql(PLAIN["sales"], zone)) == 3
    )  # twice the one, once the other


def sql(query, zone):
    with connection.cursor() as cursor:
        values = {"zone": zone, "first": FIRST, "last": LAST, "low": LOW}
        cursor.execute(_BASE + query, values)
        return cursor.fetchall()
