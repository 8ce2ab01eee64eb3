"""The reports: tables over the daily figures, a statement each."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import connection

from analytics import days

MOST_ROWS = 10_000


@dataclass(frozen=True)
class Column:
    """A column of a report: its name outside and what its values are."""

    name: str
    kind: str  # "text", "number", "money", "ratio", "date", "id"


@dataclass(frozen=True)
class Definition:
    """A report: what it shows, and the statement that reads it, given `first`, `last`, `interval` and `low`."""

    title: str
    columns: tuple[Column, ...]
    query: str


@dataclass(frozen=True)
class Report:
    """A report that has been read. `rows` are in the order of `columns`."""

    name: str
    definition: Definition
    first: date
    last: date
    interval: str
    as_of: datetime | None
    rows: list[tuple[Any, ...]]


def _columns(stated: str) -> tuple[Column, ...]:
    return tuple(Column(*each.split(":")) for each in stated.split())


_PERIODS = """
    WITH periods AS (
        SELECT day::date AS day, date_trunc(%(interval)s, day)::date AS period
        FROM generate_series(%(first)s::timestamp, %(last)s::timestamp, '1 day') AS day)
"""


def _by_period(select: str) -> str:
    return _PERIODS + select


REPORTS: dict[str, Definition] = {
    "sales": Definition(
        "Revenue and orders",
        _columns(
            "period:date orders:number revenue:money averageOrder:money units:number newCustomers:number "
            "returningCustomers:number refunded:money cancelled:number stockOuts:number"
        ),
        _by_period(
            """SELECT period, coalesce(sum(orders), 0), coalesce(sum(revenue), 0),
            CASE WHEN sum(orders) > 0 THEN round(sum(revenue) / sum(orders), 2) END,
            coalesce(sum(units), 0), coalesce(sum(new_customers), 0), coalesce(sum(returning_customers), 0),
            coalesce(sum(refunded), 0), coalesce(sum(cancelled), 0), coalesce(sum(stock_outs), 0)
        FROM periods LEFT JOIN analytics_dailysales USING (day) GROUP BY period ORDER BY period"""
        ),
    ),
    "funnel": Definition(
        "From visit to order",
        _columns("period:date visits:number views:number carts:number checkouts:number orders:number conversion:ratio"),
        _by_period(
            """SELECT period, coalesce(sum(visits), 0), coalesce(sum(views), 0), coalesce(sum(carts), 0),
            coalesce(sum(checkouts), 0), coalesce(sum(orders), 0),
            CASE WHEN sum(visits) > 0 THEN round(coalesce(sum(orders), 0)::numeric / sum(visits), 4) END
        FROM periods LEFT JOIN analytics_dailyfunnel USING (day) LEFT JOIN analytics_dailysales USING (day)
        GROUP BY period ORDER BY period"""
        ),
    ),
    "products": Definition(
        "Products by revenue",
        _columns(
            "productId:id name:text views:number carts:number orders:number units:number revenue:money conversion:ratio"
        ),
        # Summed before the names are joined, as only the first rows need one.
        """SELECT product.id, product.name, views, carts, orders, units, revenue,
            CASE WHEN views > 0 THEN round(orders::numeric / views, 4) END
        FROM (
            SELECT product_id, sum(views) AS views, sum(carts) AS carts, sum(orders) AS orders, sum(units) AS units,
                sum(revenue) AS revenue
            FROM analytics_dailyproduct WHERE day BETWEEN %(first)s AND %(last)s
            GROUP BY product_id ORDER BY sum(revenue) DESC, sum(views) DESC, product_id LIMIT %(most)s) AS day
        JOIN products_product AS product ON product.id = product_id
        ORDER BY revenue DESC, views DESC, product.id""",
    ),
    "categories": Definition(
        "Categories by revenue",
        _columns("categoryId:id name:text orders:number units:number revenue:money"),
        """SELECT category.id, category.name, sum(orders), sum(units), sum(revenue)
        FROM analytics_dailyproduct JOIN products_product AS product ON product.id = product_id
        JOIN products_category AS category ON category.id = product.category_id
        WHERE day BETWEEN %(first)s AND %(last)s
        GROUP BY category.id, category.name ORDER BY sum(revenue) DESC, category.id LIMIT %(most)s""",
    ),
    "searches": Definition(
        "Searches, those that find nothing first",
        _columns("query:text searches:number withoutResult:number"),
        """SELECT query, sum(searches), sum(without_result) FROM analytics_dailysearch
        WHERE day BETWEEN %(first)s AND %(last)s
        GROUP BY query ORDER BY sum(without_result) DESC, sum(searches) DESC, query LIMIT %(most)s""",
    ),
    "stock": Definition(
        "Low stock and days of cover",
        _columns(
            "variantId:id sku:text product:text size:text color:text sellable:number unitsPerDay:ratio "
            "daysOfCover:ratio"
        ),
        """SELECT variant.id, variant.sku, product.name, variant.size, variant.color, on_hand - reserved,
            round(coalesce(sold, 0)::numeric / (%(last)s::date - %(first)s::date + 1), 2),
            CASE WHEN sold > 0
                THEN round((on_hand - reserved) * (%(last)s::date - %(first)s::date + 1)::numeric / sold, 1) END
        FROM products_stocklevel AS level JOIN products_variant AS variant ON variant.id = level.variant_id
        JOIN products_product AS product ON product.id = variant.product_id
        LEFT JOIN (
            SELECT line.variant_id, sum(quantity - returned) AS sold FROM orders_orderline AS line
            JOIN orders_order AS placed ON placed.id = line.order_id
            WHERE placed.status <> 'cancelled' AND placed.created_at >= %(start)s AND placed.created_at < %(end)s
            GROUP BY line.variant_id) AS sales ON sales.variant_id = level.variant_id
        WHERE on_hand - reserved <= %(low)s AND variant.is_active AND product.status = 'published'
        ORDER BY coalesce(sold, 0) DESC, on_hand - reserved, variant.id LIMIT %(most)s""",
    ),
}


def get_report(*, name: str, first: date, last: date, interval: str, most: int = MOST_ROWS) -> Report:
    """Return a report over the shop's days from `first` to `last`, both included; at most `most` rows.

    Amounts are in the shop's currency. `as_of` is when the latest of its figures was made, None if there are none.
    One query for the rows and one for the time.
    """
    rows = get_rows(name=name, first=first, last=last, interval=interval, most=most)
    return Report(name, REPORTS[name], first, last, interval, get_as_of(first=first, last=last), rows)


def get_as_of(*, first: date, last: date) -> datetime | None:
    """Return when the latest figures of these days were made, None if there are none."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(made_at) FROM analytics_dailysales WHERE day BETWEEN %s AND %s", [first, last])
        row = cursor.fetchone()
    return row[0] if row else None


def get_rows(
    *, name: str, first: date, last: date, interval: str = "day", most: int = MOST_ROWS
) -> list[tuple[Any, ...]]:
    """Return a report's rows alone, in one query."""
    start, end = days.bounds(first, last)
    values = {
        "first": first,
        "last": last,
        "interval": interval,
        "start": start,
        "end": end,
        "low": settings.LOW_STOCK_AT,
        "most": most,
    }
    with connection.cursor() as cursor:
        cursor.execute(REPORTS[name].query, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
