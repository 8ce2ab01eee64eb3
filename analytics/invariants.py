"""What must be true of the shop's figures, for `manage.py verify`."""

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

from django.conf import settings

from analytics.models import ReportSnapshot
from analytics.selectors.reports import get_rows
from analytics.services.snapshots import get_figures_version
from markrin.db.invariants import Breach, Invariant

_ZONE = settings.SHOP_TIME_ZONE.replace("'", "''")
_CURRENCY = settings.SHOP_CURRENCY.replace("'", "''")
# Today's figures lag behind, and so do those of a day that is marked, or of whose orders
# something was done since.
_AT_REST = """made.day < (now() AT TIME ZONE '{zone}')::date
    AND NOT EXISTS (SELECT FROM analytics_dirtyday AS dirty WHERE dirty.day = made.day)
    AND NOT EXISTS (
        SELECT FROM orders_order AS its JOIN orders_orderevent AS step ON step.order_id = its.id
        WHERE its.created_at >= begins AND its.created_at < ends
            AND step.at >= made_at - interval '10 minutes')"""
_DAYS = """
SELECT made.day, format('%%s orders, %%s pieces, %%s; its orders: %%s, %%s, %%s; '
        'pieces by product %%s, by variant '
        '%%s, by category %%s', made.orders, made.units, made.ordered, placed.orders,
            bought.units, placed.ordered,
        products.units, variants.units, categories.units)
    FROM (SELECT *, day::timestamp AT TIME ZONE '{zone}' AS begins,
        (day + 1)::timestamp AT TIME ZONE '{zone}' AS ends FROM analytics_dailysales
        WHERE day > %(after)s AND day <= %(upto)s) AS made
    CROSS JOIN LATERAL (SELECT count(*) AS orders,
        coalesce(sum(total - waived - refunded), 0) AS ordered
        FROM orders_order WHERE created_at >= begins AND created_at < ends AND status <>
            'cancelled') AS placed
    CROSS JOIN LATERAL (SELECT coalesce(sum(quantity - cancelled - returned), 0) AS units FROM
        orders_orderline AS line
        JOIN orders_order AS its ON its.id = line.order_id
        WHERE its.created_at >= begins AND its.created_at < ends AND status <> 'cancelled') AS
            bought
    CROSS JOIN LATERAL (SELECT coalesce(sum(units), 0) AS units FROM analytics_dailyproduct
        WHERE day = made.day) AS products
    CROSS JOIN LATERAL (SELECT coalesce(sum(units), 0) AS units FROM analytics_dailyvariant
        WHERE day = made.day) AS variants
    CROSS JOIN LATERAL (SELECT coalesce(sum(units), 0) AS units FROM analytics_dailycategory
        WHERE day = made.day) AS categories
    WHERE ((made.orders, made.units, made.ordered) <> (placed.orders, bought.units, placed.ordered)
        OR (made.units, made.units, made.units) <> (products.units, variants.units,
            categories.units))
    AND """

_REVENUE = """
SELECT made.day, format('revenue %%s; invoices less credit notes in the ledger: %%s', made.revenue,
        booked.amount)
    FROM (SELECT *, day::timestamp AT TIME ZONE '{zone}' AS begins,
        (day + 1)::timestamp AT TIME ZONE '{zone}' AS ends FROM analytics_dailysales
        WHERE day > %(after)s AND day <= %(upto)s) AS made
    CROSS JOIN LATERAL (SELECT coalesce(-sum(amount), 0) AS amount
        FROM orders_ledgerline AS line JOIN orders_ledgerentry AS entry ON entry.id = entry_id
        WHERE at >= begins AND at < ends AND currency = '{currency}'
        AND (account IN ('revenue', 'shipping', 'fees', 'tax') OR starts_with(account, 'tax:'))
    ) AS booked
    -- A day that was made before it ended is made again in the hours after.
    WHERE made_at >= ends AND made.revenue <> booked.amount
    AND NOT EXISTS (SELECT FROM analytics_dirtyday AS dirty WHERE dirty.day = made.day)
"""
# Invoices and the ledger are held against each other by the orders' own rules.
_PRODUCTS = """
SELECT made.day, format('products %%s, categories %%s; invoices less credit notes for goods: %%s',
        products.revenue, categories.revenue, invoiced.amount)
    FROM (SELECT *, day::timestamp AT TIME ZONE '{zone}' AS begins,
        (day + 1)::timestamp AT TIME ZONE '{zone}' AS ends FROM analytics_dailysales
        WHERE day > %(after)s AND day <= %(upto)s) AS made
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(CASE kind WHEN 'invoice' THEN charged ELSE -charged END), 0) AS amount
        FROM orders_invoice AS note JOIN orders_invoiceline AS item ON item.invoice_id = note.id
        WHERE issued_at >= begins AND issued_at < ends AND currency = '{currency}'
        AND kind IN ('invoice', 'credit_note') AND item.line_id IS NOT NULL) AS invoiced
    CROSS JOIN LATERAL (SELECT coalesce(sum(revenue), 0) AS revenue FROM analytics_dailyproduct
        WHERE day = made.day) AS products
    CROSS JOIN LATERAL (SELECT coalesce(sum(revenue), 0) AS revenue FROM analytics_dailycategory
        WHERE day = made.day) AS categories
    WHERE made_at >= ends
    AND (products.revenue <> invoiced.amount OR categories.revenue <> invoiced.amount)
    AND NOT EXISTS (SELECT FROM analytics_dirtyday AS dirty WHERE dirty.day = made.day)
"""
_MAKE_AGAIN = (
    "INSERT INTO analytics_dirtyday (day) "
    "SELECT unnest(%(keys)s::date[]) ON CONFLICT DO NOTHING"
)

INVARIANTS = [
    Invariant(
        rule="a day's figures = its orders",
        table="analytics_dailysales",
        key="day",
        query=(_DAYS + _AT_REST).replace("{zone}", _ZONE),
        repair=_MAKE_AGAIN,
    ),
    Invariant(
        rule="a day's revenue = invoices less credit notes",
        table="analytics_dailysales",
        key="day",
        query=_REVENUE.replace("{zone}", _ZONE).replace("{currency}", _CURRENCY),
        repair=_MAKE_AGAIN,
    ),
    Invariant(
        rule="a day's products = invoices less credit notes for them",
        table="analytics_dailysales",
        key="day",
        query=_PRODUCTS.replace("{zone}", _ZONE).replace("{currency}", _CURRENCY),
        repair=_MAKE_AGAIN,
    ),
]


def list_stale_snapshots() -> Iterator[Breach]:
    """Yield the reports read ahead that are not what reading them now gives, although the
    figures are the same.
    """
    for kept in ReportSnapshot.objects.filter(name="products").order_by(
        "first", "last"
    ):
        rows = get_rows(
            name=kept.name,
            first=kept.first,
            last=kept.last,
            limit=ReportSnapshot.MAX_ROWS,
        )
        now = [_read_sums(row) for row in rows]
        then = [_read_sums(row) for row in kept.rows]
        if (
            now != then
            and get_figures_version(kept.first, kept.last) == kept.figures_version
        ):
            key = f"{kept.name} {kept.first} {kept.last}"
            yield Breach(
                "a report read ahead = the report",
                "analytics_reportsnapshot",
                key,
                "its sums are others",
            )


AT_ONCE: dict[str, Callable[[], Iterator[Breach]]] = {
    "a report read ahead = the report": list_stale_snapshots
}


def _read_sums(row: Sequence[object]) -> list[str | Decimal | None]:
    """Return a report's row without the name after its key, which may have changed since. Sums
    are text in JSON.
    """
    key, _, *sums = row
    return [
        str(key),
        *(None if each is None else Decimal(str(each)) for each in sums),
    ]
