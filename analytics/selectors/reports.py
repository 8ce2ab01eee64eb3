"""The reports: tables over the daily figures, a statement each."""

from dataclasses import dataclass
from datetime import date, datetime

from django.conf import settings
from django.db import connection
from psycopg.rows import TupleRow

MAX_ROWS = 10_000


@dataclass(frozen=True)
class Column:
    """A column of a report: its name outside and what its values are."""

    name: str
    kind: str  # "text", "number", "money", "ratio", "date", "id"


@dataclass(frozen=True)
class Definition:
    """A report: what it shows, and the statement that reads it, given `first`, `last`,
    `interval`, `low` and `limit`.
    """

    title: str
    columns: tuple[Column, ...]
    query: str
    # what PostgreSQL may use to add up a month of a big shop without writing files
    memory: str = ""


@dataclass(frozen=True)
class Report:
    """A report that has been read. `rows` are in the order of `columns`."""

    name: str
    definition: Definition
    first: date
    last: date
    interval: str
    as_of: datetime | None
    rows: list[TupleRow]


def _parse_columns(stated: str) -> tuple[Column, ...]:
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
        _parse_columns(
            "period:date orders:number revenue:money averageOrder:money units:number "
            "newCustomers:number "
            "returningCustomers:number refunded:money cancelled:number stockOuts:number "
            "ordered:money"
        ),
        _by_period(
            """SELECT period, coalesce(sum(orders), 0), coalesce(sum(revenue), 0),
            CASE WHEN sum(orders) > 0 THEN round(sum(ordered) / sum(orders), 2) END,
            coalesce(sum(units), 0), coalesce(sum(new_customers), 0),
                coalesce(sum(returning_customers), 0),
            coalesce(sum(refunded), 0), coalesce(sum(cancelled), 0),
                coalesce(sum(stock_outs), 0), coalesce(sum(ordered), 0)
        FROM periods LEFT JOIN analytics_dailysales USING (day) GROUP BY period ORDER BY period"""
        ),
    ),
    "funnel": Definition(
        "From visit to order",
        _parse_columns(
            "period:date visits:number views:number carts:number checkouts:number "
            "orders:number conversion:ratio"
        ),
        _by_period(
            """SELECT period, coalesce(sum(visits), 0), coalesce(sum(views), 0),
                coalesce(sum(carts), 0),
            coalesce(sum(checkouts), 0), coalesce(sum(orders), 0),
            CASE WHEN sum(visits) > 0 THEN round(coalesce(sum(orders), 0)::numeric /
                sum(visits), 4) END
        FROM periods LEFT JOIN analytics_dailyfunnel USING (day) LEFT JOIN analytics_dailysales
            USING (day)
        GROUP BY period ORDER BY period"""
        ),
    ),
    "products": Definition(
        "Products by revenue",
        _parse_columns(
            "productId:id name:text views:number carts:number orders:number units:number "
            "revenue:money conversion:ratio ordered:money"
        ),
        # Which ones come first is decided by three of the sums; the others, and the names,
        # are read of those alone. What is ordered and has not left yet brings nothing so far.
        """WITH first AS MATERIALIZED (
            SELECT product_id FROM analytics_dailyproduct WHERE day BETWEEN %(first)s AND %(last)s
            GROUP BY product_id
            ORDER BY sum(revenue) DESC, sum(ordered) DESC, sum(views) DESC, product_id
            LIMIT %(limit)s)
        SELECT product.id, product.name, sum(views), sum(carts), sum(orders), sum(units),
            sum(revenue),
            CASE WHEN sum(views) > 0 THEN round(sum(orders)::numeric / sum(views), 4) END,
            sum(ordered)
        FROM first JOIN analytics_dailyproduct USING (product_id) JOIN products_product AS
            product ON id = product_id
        WHERE day BETWEEN %(first)s AND %(last)s
        GROUP BY product.id, product.name
        ORDER BY sum(revenue) DESC, sum(ordered) DESC, sum(views) DESC, product.id""",
        memory="64MB",
    ),
    "categories": Definition(
        "Categories by revenue",
        _parse_columns(
            "categoryId:id name:text orders:number units:number revenue:money ordered:money"
        ),
        """SELECT category.id, category.name, sum(orders), sum(units), sum(revenue), sum(ordered)
        FROM analytics_dailycategory JOIN products_category AS category ON category.id = category_id
        WHERE day BETWEEN %(first)s AND %(last)s
        GROUP BY category.id, category.name
        ORDER BY sum(revenue) DESC, sum(ordered) DESC, category.id LIMIT %(limit)s""",
    ),
    "searches": Definition(
        "Searches, those that find nothing first",
        _parse_columns("query:text searches:number withoutResult:number"),
        """SELECT query, sum(searches), sum(without_result) FROM analytics_dailysearch
        WHERE day BETWEEN %(first)s AND %(last)s
        GROUP BY query ORDER BY sum(without_result) DESC, sum(searches) DESC, query LIMIT
            %(limit)s""",
    ),
    "money": Definition(
        "Money by account of the ledger",
        _parse_columns(
            "account:text currency:text debit:money credit:money change:money balance:money"
        ),
        """SELECT account, currency,
            coalesce(sum(amount) FILTER (WHERE amount > 0 AND at >= since), 0)::numeric(14, 2),
            coalesce(-sum(amount) FILTER (WHERE amount < 0 AND at >= since), 0)::numeric(14, 2),
            coalesce(sum(amount) FILTER (WHERE at >= since), 0)::numeric(14, 2),
            sum(amount)::numeric(14, 2)
        FROM orders_ledgerline AS line JOIN orders_ledgerentry AS entry ON entry.id = entry_id
        CROSS JOIN (SELECT %(first)s::date::timestamp AT TIME ZONE %(zone)s AS since,
            (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s AS until) AS days
        WHERE at < until GROUP BY account, currency ORDER BY account, currency LIMIT %(limit)s""",
        memory="64MB",
    ),
    "books-by-day": Definition(
        "Books by day",
        _parse_columns(
            "day:date currency:text revenue:money shipping:money fees:money tax:money "
            "invoiced:money paid:money refunded:money paidOut:money providerFees:money "
            "losses:money"
        ),
        """SELECT (at AT TIME ZONE %(zone)s)::date AS day, currency,
            coalesce(-sum(amount) FILTER (WHERE account = 'revenue'), 0)::numeric(14, 2),
            coalesce(-sum(amount) FILTER (WHERE account = 'shipping'), 0)::numeric(14, 2),
            coalesce(-sum(amount) FILTER (WHERE account = 'fees'), 0)::numeric(14, 2),
            coalesce(-sum(amount) FILTER (WHERE starts_with(account, 'tax')), 0)::numeric(14, 2),
            coalesce(-sum(amount) FILTER (WHERE account IN ('revenue', 'shipping', 'fees')
                OR starts_with(account, 'tax')), 0)::numeric(14, 2),
            coalesce(-sum(amount) FILTER (WHERE account = 'receivable' AND kind = 'payment'),
                0)::numeric(14, 2),
            coalesce(sum(amount) FILTER (WHERE account = 'receivable' AND kind = 'refund'),
                0)::numeric(14, 2),
            coalesce(sum(amount) FILTER (WHERE account = 'bank'), 0)::numeric(14, 2),
            coalesce(sum(amount) FILTER (WHERE account = 'provider_fees'), 0)::numeric(14, 2),
            coalesce(sum(amount) FILTER (WHERE account = 'losses'), 0)::numeric(14, 2)
        FROM orders_ledgerline AS line JOIN orders_ledgerentry AS entry ON entry.id = entry_id
        CROSS JOIN (SELECT %(first)s::date::timestamp AT TIME ZONE %(zone)s AS since,
            (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s AS until) AS days
        WHERE at >= since AND at < until GROUP BY 1, 2 ORDER BY 1, 2 LIMIT %(limit)s""",
        memory="64MB",
    ),
    "books-by-order": Definition(
        "Books by order",
        _parse_columns(
            "order:text placed:date currency:text invoiced:money credited:money tax:money "
            "paid:money refunded:money disputed:money owed:money"
        ),
        # What moved on these days; `owed` is what was left at their end.
        """SELECT placed.number, (placed.created_at AT TIME ZONE %(zone)s)::date, line.currency,
            coalesce(sum(amount) FILTER (WHERE account = 'receivable' AND kind = 'sale'
                AND at >= since), 0)::numeric(14, 2),
            coalesce(-sum(amount) FILTER (WHERE account = 'receivable' AND kind = 'credit'
                AND at >= since), 0)::numeric(14, 2),
            coalesce(-sum(amount) FILTER (WHERE starts_with(account, 'tax') AND at >= since),
                0)::numeric(14, 2),
            coalesce(-sum(amount) FILTER (WHERE account = 'receivable' AND kind = 'payment'
                AND at >= since), 0)::numeric(14, 2),
            coalesce(sum(amount) FILTER (WHERE account = 'receivable' AND kind = 'refund'
                AND at >= since), 0)::numeric(14, 2),
            coalesce(sum(amount) FILTER (WHERE account IN ('disputed', 'losses')
                AND kind = 'dispute' AND at >= since), 0)::numeric(14, 2),
            coalesce(sum(amount) FILTER (WHERE account = 'receivable'), 0)::numeric(14, 2)
        FROM orders_ledgerline AS line JOIN orders_ledgerentry AS entry ON entry.id = entry_id
        JOIN orders_order AS placed ON placed.id = entry.order_id
        CROSS JOIN (SELECT %(first)s::date::timestamp AT TIME ZONE %(zone)s AS since,
            (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s AS until) AS days
        WHERE at < until AND EXISTS (SELECT FROM orders_ledgerentry AS moved
            WHERE moved.order_id = placed.id AND moved.at >= since AND moved.at < until)
        GROUP BY placed.id, line.currency ORDER BY placed.number, line.currency LIMIT %(limit)s""",
        memory="64MB",
    ),
    "payments": Definition(
        "Payments and refunds",
        _parse_columns(
            "day:date order:text kind:text provider:text reference:text currency:text "
            "amount:money"
        ),
        """SELECT (at AT TIME ZONE %(zone)s)::date, number, kind, provider, reference,
            moved.currency, amount
        FROM (
            SELECT succeeded_at AS at, order_id, 'payment' AS kind, provider,
                CASE charge_ref WHEN '' THEN provider_ref ELSE charge_ref END AS reference,
                currency, amount, id
            FROM orders_payment WHERE state = 'succeeded'
            UNION ALL
            SELECT back.finished_at, back.order_id, 'refund', coalesce(paid.provider, 'cod'),
                back.provider_ref, coalesce(paid.currency, placed.currency), -back.amount, back.id
            FROM orders_refund AS back JOIN orders_order AS placed ON placed.id = back.order_id
            LEFT JOIN orders_payment AS paid ON paid.id = back.payment_id
            WHERE back.state = 'succeeded') AS moved
        JOIN orders_order AS placed ON placed.id = moved.order_id
        CROSS JOIN (SELECT %(first)s::date::timestamp AT TIME ZONE %(zone)s AS since,
            (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s AS until) AS days
        WHERE at >= since AND at < until ORDER BY at, moved.id LIMIT %(limit)s""",
        memory="64MB",
    ),
    "payouts": Definition(
        "Payouts",
        _parse_columns(
            "day:date provider:text reference:text currency:text charged:money fees:money "
            "amount:money failed:text"
        ),
        """SELECT (paid_at AT TIME ZONE %(zone)s)::date, provider, provider_ref, currency,
            amount + fees, fees, amount, CASE WHEN failed THEN 'failed' ELSE '' END
        FROM orders_payout
        CROSS JOIN (SELECT %(first)s::date::timestamp AT TIME ZONE %(zone)s AS since,
            (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s AS until) AS days
        WHERE paid_at >= since AND paid_at < until ORDER BY paid_at, provider_ref
        LIMIT %(limit)s""",
    ),
    "promotions": Definition(
        "Promotions: what each brought and cost",
        _parse_columns(
            "promotionId:id name:text orders:number customers:number takenOff:money "
            "shippingGiven:money ordersTotal:money averageOrder:money costShare:ratio"
        ),
        # Of the orders placed on these days that were not cancelled: a cancelled order gives its
        # uses back.
        """SELECT promotion.id, promotion.name, count(*), count(DISTINCT taken.email_hash),
            sum(taken.amount)::numeric(14, 2), sum(taken.shipping_amount)::numeric(14, 2),
            sum(placed.total), round(sum(placed.total) / count(*), 2),
            CASE WHEN sum(placed.total) > 0 THEN round(
                (sum(taken.amount) + sum(taken.shipping_amount)) / sum(placed.total), 4) END
        FROM orders_orderdiscount AS taken
        JOIN orders_promotion AS promotion ON promotion.id = taken.promotion_id
        JOIN orders_order AS placed ON placed.id = taken.order_id
        WHERE taken.counts
        AND placed.created_at >= %(first)s::date::timestamp AT TIME ZONE %(zone)s
        AND placed.created_at < (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s
        GROUP BY promotion.id, promotion.name
        ORDER BY sum(taken.amount) + sum(taken.shipping_amount) DESC, promotion.id
        LIMIT %(limit)s""",
        memory="64MB",
    ),
    "gift-cards": Definition(
        "Gift cards and store credit: what is owed",
        _parse_columns(
            "kind:text currency:text cards:number issued:money redeemed:money refunded:money "
            "expired:money corrected:money balance:money"
        ),
        """SELECT card.kind, card.currency, count(DISTINCT card.id),
            coalesce(sum(amount) FILTER (WHERE entry.kind = 'issue' AND at >= since), 0),
            coalesce(-sum(amount) FILTER (WHERE entry.kind = 'redeem' AND at >= since), 0),
            coalesce(sum(amount) FILTER (WHERE entry.kind = 'refund' AND at >= since), 0),
            coalesce(-sum(amount) FILTER (WHERE entry.kind = 'expire' AND at >= since), 0),
            coalesce(sum(amount) FILTER (WHERE entry.kind = 'correct' AND at >= since), 0),
            sum(amount)
        FROM orders_giftcard AS card
        JOIN orders_giftcardentry AS entry ON entry.card_id = card.id
        CROSS JOIN (SELECT %(first)s::date::timestamp AT TIME ZONE %(zone)s AS since,
            (%(last)s::date + 1)::timestamp AT TIME ZONE %(zone)s AS until) AS days
        WHERE at < until GROUP BY card.kind, card.currency ORDER BY card.currency, card.kind
        LIMIT %(limit)s""",
    ),
    "stock": Definition(
        "Low stock and days of cover",
        _parse_columns(
            "variantId:id sku:text product:text size:text color:text sellable:number "
            "unitsPerDay:ratio "
            "daysOfCover:ratio"
        ),
        # Those that sell are looked at in their order until there are enough that are low;
        # the others only if there are not: in a big shop very many are low, and most of
        # what is low does not sell.
        """WITH sales AS MATERIALIZED (
            SELECT variant_id, sum(units) AS sold FROM analytics_dailyvariant
            WHERE day BETWEEN %(first)s AND %(last)s GROUP BY variant_id HAVING sum(units) > 0
        ), low AS NOT MATERIALIZED (
            SELECT variant.id, variant.sku, product.name, variant.size, variant.color,
                level.sellable
            FROM products_stocklevel AS level JOIN products_variant AS variant ON variant.id =
                level.variant_id
            JOIN products_product AS product ON product.id = variant.product_id
            WHERE level.sellable <= %(low)s AND variant.is_active AND product.status =
                'published'
        ), selling AS MATERIALIZED (
            SELECT low.*, sold FROM (SELECT * FROM sales ORDER BY sold DESC) AS sales JOIN low
                ON low.id = variant_id
            ORDER BY sold DESC, sellable, low.id LIMIT %(limit)s
        ), others AS (
            SELECT low.*, 0 AS sold FROM low
            WHERE (SELECT count(*) FROM selling) < %(limit)s AND NOT EXISTS (SELECT FROM sales
                WHERE variant_id = low.id)
            ORDER BY sellable, low.id LIMIT %(limit)s
        )
        SELECT id, sku, name, size, color, sellable, round(sold::numeric / (%(last)s::date -
            %(first)s::date + 1), 2),
            CASE WHEN sold > 0
                THEN round(sellable * (%(last)s::date - %(first)s::date + 1)::numeric / sold, 1) END
        FROM (SELECT * FROM selling UNION ALL SELECT * FROM others) AS found
        ORDER BY sold DESC, sellable, id LIMIT %(limit)s""",
        memory="64MB",
    ),
}


def get_report(
    *, name: str, first: date, last: date, interval: str, limit: int = MAX_ROWS
) -> Report:
    """Return a report over the shop's days from `first` to `last`, both included; at most
    `limit` rows.

    Amounts are in the shop's currency. `as_of` is when the latest of its figures was made,
    None if there are none. One query for the rows and one for the time."""
    rows = get_rows(
        name=name, first=first, last=last, interval=interval, limit=limit
    )
    return Report(
        name,
        REPORTS[name],
        first,
        last,
        interval,
        get_as_of(first=first, last=last),
        rows,
    )


def get_as_of(*, first: date, last: date) -> datetime | None:
    """Return when the latest figures of these days were made, None if there are none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(made_at) FROM analytics_dailysales WHERE day BETWEEN %s AND %s",
            [first, last],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def get_rows(
    *,
    name: str,
    first: date,
    last: date,
    interval: str = "day",
    limit: int = MAX_ROWS,
) -> list[TupleRow]:
    """Return a report's rows alone."""
    values = {
        "first": first,
        "last": last,
        "interval": interval,
        "low": settings.LOW_STOCK_AT,
        "limit": limit,
        "zone": settings.SHOP_TIME_ZONE,
    }
    report = REPORTS[name]
    with connection.cursor() as cursor:
        # two statements in one message are one transaction, which is how long the setting
        # lasts
        if report.memory:
            cursor.execute(
                f"SET LOCAL work_mem = '{report.memory}'; {report.query}", values
            )
            cursor.nextset()
        else:
            cursor.execute(report.query, values)
        rows: list[TupleRow] = cursor.fetchall()
        return rows
