"""Adding up a day. A day is made anew as a whole, so that it is right however often and by
however many it is made.
"""

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.models import Sum

from analytics import days
from analytics.models import DailyProduct, DirtyDay
from markrin.db import transactions
from orders import selectors as orders
from products.services import popularity

POPULAR_DAYS = 30

# Each EXISTS can be answered by an index: the one of a user's orders, the one of the
# guests' addresses.
_SALES = """
INSERT INTO analytics_dailysales
    (day, orders, cancelled, units, revenue, ordered, refunded, new_customers,
        returning_customers, stock_outs)
WITH placed AS MATERIALIZED (
    SELECT id, user_id, email, status, total - waived AS total, refunded FROM orders_order
    WHERE created_at >= %(start)s AND created_at < %(end)s
), sold AS MATERIALIZED (
    SELECT * FROM placed WHERE status <> 'cancelled'
), customers AS (
    SELECT EXISTS (
        SELECT FROM orders_order AS earlier
        WHERE earlier.user_id = buyer.user_id AND earlier.created_at < %(start)s AND
            earlier.status <> 'cancelled'
    ) AS known
    FROM (SELECT DISTINCT user_id FROM sold WHERE user_id IS NOT NULL) AS buyer
    UNION ALL
    SELECT email <> '' AND EXISTS (
        SELECT FROM orders_order AS earlier
        WHERE earlier.user_id IS NULL AND earlier.email <> '' AND earlier.email = guest.email
        AND earlier.created_at < %(start)s AND earlier.status <> 'cancelled'
    )
    FROM (SELECT DISTINCT email, CASE WHEN email = '' THEN id END FROM sold WHERE user_id IS
        NULL) AS guest
)
SELECT %(day)s,
    (SELECT count(*) FROM sold),
    (SELECT count(*) FROM placed WHERE status = 'cancelled'),
    (SELECT coalesce(sum(quantity - cancelled - returned), 0)
        FROM orders_orderline AS line JOIN sold ON sold.id = line.order_id),
    (SELECT coalesce(-sum(amount), 0)
        FROM orders_ledgerline AS line JOIN orders_ledgerentry AS entry ON entry.id = entry_id
        WHERE at >= %(start)s AND at < %(end)s AND currency = %(currency)s
        AND (account IN ('revenue', 'shipping', 'fees', 'tax') OR starts_with(account, 'tax:'))),
    (SELECT coalesce(sum(total - refunded), 0) FROM sold),
    (SELECT coalesce(sum(refunded), 0) FROM sold),
    (SELECT count(*) FROM customers WHERE NOT known),
    (SELECT count(*) FROM customers WHERE known),
    (SELECT count(*) FROM (
        SELECT level.variant_id FROM products_stocklevel AS level
        WHERE level.variant_id IN (
            SELECT variant_id FROM products_stockmovement
            WHERE created_at >= %(start)s AND created_at < %(end)s AND d_on_hand < d_reserved)
        AND level.inventory_policy = 'deny' AND level.on_hand - level.reserved = (
            SELECT coalesce(sum(d_on_hand - d_reserved), 0) FROM products_stockmovement AS later
            WHERE later.variant_id = level.variant_id AND later.created_at >= %(end)s)) AS out)
"""

# Of a day that is made again, most rows are as they were: these are not written, and no reference
# of theirs is checked. New ones are written in the order of their keys: a report over some days
# then reads pages that lie together.
_DELETE_OTHERS = """DELETE FROM {table} AS had WHERE day = %(day)s
        AND NOT EXISTS (SELECT FROM {made} AS made WHERE made.{key} = had.{key})"""
_WRITE_CHANGED = """INSERT INTO {table} (day, {key}, {columns})
    SELECT %(day)s, changed.* FROM (
        SELECT {key}, {columns} FROM {made}
        EXCEPT SELECT {key}, {columns} FROM {table} WHERE day = %(day)s
    ) AS changed ORDER BY {key}
    ON CONFLICT (day, {key}) DO UPDATE SET {assigned}"""


def _write_by_key(template: str, table: str, columns: str, *, made: str) -> str:
    """Return the SQL that writes what a CTE has made of a day, by the table's first column."""
    key, *others = columns.split(", ")
    return template.format(
        table=table,
        key=key,
        columns=", ".join(others),
        made=made,
        assigned=", ".join(f"{name} = excluded.{name}" for name in others),
    )


_VARIANTS = ("analytics_dailyvariant", "variant_id, units")
_PRODUCTS = (
    "analytics_dailyproduct",
    "product_id, views, carts, orders, units, revenue, ordered",
)
# Product, variant and category out of one reading of the lines, so that they agree. What a product
# brings is what invoices charge for it, less credit notes: with shipping and fees these are the
# day's revenue by the ledger.
_SOLD = f"""
WITH invoiced AS MATERIALIZED (
    SELECT line.product_id,
        CASE WHEN line.category_id IS NOT NULL THEN line.category_id
            ELSE (SELECT category_id FROM products_product WHERE id = line.product_id) END AS
                category_id,
        CASE kind WHEN 'invoice' THEN charged ELSE -charged END AS amount
    FROM orders_invoice AS made JOIN orders_invoiceline AS item ON item.invoice_id = made.id
    JOIN orders_orderline AS line ON line.id = item.line_id
    WHERE issued_at >= %(start)s AND issued_at < %(end)s AND currency = %(currency)s
    AND kind IN ('invoice', 'credit_note')
), sold AS MATERIALIZED (
    SELECT line.order_id, line.variant_id, line.product_id,
        CASE WHEN line.category_id IS NOT NULL THEN line.category_id
            ELSE (SELECT category_id FROM products_product WHERE id = line.product_id) END AS
                category_id,
        quantity - cancelled - returned AS units,
        round((line_total - line.discount) * (quantity - cancelled - returned) / quantity, 2)
            AS ordered
    FROM orders_orderline AS line JOIN orders_order AS placed ON placed.id = line.order_id
    WHERE placed.created_at >= %(start)s AND placed.created_at < %(end)s AND placed.status <>
        'cancelled'
), variants AS MATERIALIZED (
    SELECT variant_id, sum(units) AS units FROM sold GROUP BY variant_id
), other_variants AS (
    {_write_by_key(_DELETE_OTHERS, *_VARIANTS, made="variants")}
), changed_variants AS (
    {_write_by_key(_WRITE_CHANGED, *_VARIANTS, made="variants")}
), categories AS (
    INSERT INTO analytics_dailycategory (day, category_id, orders, units, revenue, ordered)
    SELECT %(day)s, category_id, coalesce(bought.orders, 0), coalesce(bought.units, 0),
        coalesce(brought.revenue, 0), coalesce(bought.ordered, 0)
    FROM (
        SELECT category_id, count(DISTINCT order_id) AS orders, sum(units) AS units,
            sum(ordered) AS ordered
        FROM sold GROUP BY category_id
    ) AS bought FULL JOIN (
        SELECT category_id, sum(amount) AS revenue FROM invoiced GROUP BY category_id
    ) AS brought USING (category_id)
), products AS MATERIALIZED (
    SELECT product.id AS product_id, coalesce(seen.views, 0) AS views,
        coalesce(seen.carts, 0) AS carts, coalesce(bought.orders, 0) AS orders,
        coalesce(bought.units, 0) AS units, coalesce(brought.revenue, 0) AS revenue,
        coalesce(bought.ordered, 0) AS ordered
    FROM (
        SELECT product_id, count(*) FILTER (WHERE type = 'view') AS views,
            count(DISTINCT visitor) FILTER (WHERE type = 'add_to_cart') AS carts
        FROM analytics_event WHERE occurred_at >= %(start)s AND occurred_at < %(end)s AND
            product_id IS NOT NULL
        GROUP BY product_id
    ) AS seen FULL JOIN (
        SELECT product_id, count(DISTINCT order_id) AS orders, sum(units) AS units,
            sum(ordered) AS ordered
        FROM sold GROUP BY product_id
    ) AS bought USING (product_id) FULL JOIN (
        SELECT product_id, sum(amount) AS revenue FROM invoiced GROUP BY product_id
    ) AS brought USING (product_id)
    JOIN products_product AS product ON product.id = product_id
), other_products AS (
    {_write_by_key(_DELETE_OTHERS, *_PRODUCTS, made="products")}
)
{_write_by_key(_WRITE_CHANGED, *_PRODUCTS, made="products")}
"""  # noqa: S608 (constants)

_FUNNEL = """
INSERT INTO analytics_dailyfunnel (day, visits, views, carts, checkouts)
SELECT %(day)s, count(DISTINCT visitor), count(DISTINCT visitor) FILTER (WHERE type = 'view'),
    count(DISTINCT visitor) FILTER (WHERE type = 'add_to_cart'),
    count(DISTINCT visitor) FILTER (WHERE type = 'checkout_started')
FROM analytics_event WHERE occurred_at >= %(start)s AND occurred_at < %(end)s
"""

# Anybody can search for anything: a day keeps what was searched for most.
_SEARCHES = """
INSERT INTO analytics_dailysearch (day, query, searches, without_result)
SELECT %(day)s, lower(query), count(*), count(*) FILTER (WHERE results = 0)
FROM analytics_event WHERE occurred_at >= %(start)s AND occurred_at < %(end)s AND type = 'search'
GROUP BY lower(query)
ORDER BY count(*) DESC, lower(query) LIMIT 10000
"""

# Of the others, what has not changed is not written again.
_WRITTEN_ANEW = (
    "analytics_dailysales",
    "analytics_dailycategory",
    "analytics_dailyfunnel",
    "analytics_dailysearch",
)


@transactions.durable(limits=False)
def rebuild_day(*, day: date) -> None:
    """Make a day's figures anew from the orders and events.

    Locks: an advisory lock on the day, so that two at once do it one after the other.
    """
    start, end = days.get_bounds(day, day)
    values = {
        "day": day,
        "start": start,
        "end": end,
        "currency": settings.SHOP_CURRENCY,
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('analytics_day'), %s)",
            [day.toordinal()],
        )
        # First, so that what is marked from here on is made anew again.
        cursor.execute("DELETE FROM analytics_dirtyday WHERE day = %(day)s", values)
        for table in _WRITTEN_ANEW:
            # names from above
            cursor.execute(f"DELETE FROM {table} WHERE day = %(day)s", values)  # noqa: S608 (our own text)
        for statement in (_SALES, _SOLD, _FUNNEL, _SEARCHES):
            cursor.execute(statement, values)


def rebuild_changed_days(*, now: datetime, also_recent: bool = False) -> list[date]:
    """Make today anew, and every day that has been marked; return which. Each in a
    transaction of its own.

    The newest first, as that is what people look at.

    With `also_recent` yesterday, too, for its late events, and the days whose orders have
    changed in the last two hours, whatever changed them."""
    today = days.get_day(now)
    changed_days = {today, *DirtyDay.objects.values_list("day", flat=True)}
    if also_recent:
        changed_days.add(today - timedelta(days=1))
        changed_days.update(
            map(
                days.get_day,
                orders.list_placed_at(changed_since=now - timedelta(hours=2)),
            )
        )
    for day in sorted(changed_days, reverse=True):
        rebuild_day(day=day)
    return sorted(changed_days)


def publish_popularity(*, now: datetime) -> int:
    """Tell the catalogue how many pieces each product has sold in the last 30 days; return
    how many have changed.
    """
    today = days.get_day(now)
    sold = DailyProduct.objects.filter(
        day__gt=today - timedelta(days=POPULAR_DAYS), units__gt=0
    )
    rows = sold.values_list("product_id").annotate(total=Sum("units"))
    return popularity.set_popularity(dict(rows))
