"""`make bench-calls`: what signing in costs a call, what a refresh costs, and what a day's
figures cost.

Single calls, one after the other, taking turns, so that the machine's drift meets all of
them; medians."""

import argparse
import json
import os
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from datetime import date
from statistics import median
from uuid import uuid4

from benchmarks.harness import Harness, NotReady, say, web
from benchmarks.report import Row, publish, within

SCALE = 1_000
TIMES = 300


def main() -> int:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--scale",
        type=int,
        default=100_000,
        help="products in the shop whose day is added up",
    )
    options = parser.parse_args()
    try:
        with Harness() as harness:
            env = harness.environment(SCALE) | {"CACHE_ANSWERS": "0"}
            os.environ.update(env, DJANGO_SETTINGS_MODULE="markrin.settings")
            import django

            django.setup()
            with web(env) as shop:
                rows = measure_calls(harness, shop)
            rows += measure_figures(harness, options.scale)
            publish("calls", "Signing in, refreshing, adding up", rows)
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if all(row.reached for row in rows) else 1


# --- Calls ---------------------------------------------------------------------------------------
def measure_calls(harness: Harness, shop: str) -> list[Row]:
    """Compare a call with and without a token, and a refresh with the profile's read."""
    from accounts.models import User
    from accounts.services import sessions

    say("Calls with a token, without one, and refreshes …")
    user = User.objects.create(email=f"{uuid4().hex[:8]}@example.com", name="Bench")
    tokens = sessions.open_session(user, transport="body")
    bearer = {"Authorization": f"Bearer {tokens.access}"}
    with harness.connect(SCALE) as connection:
        (slug,) = connection.execute(
            "SELECT slug FROM products_product WHERE status = 'published' ORDER BY slug LIMIT 1"
        ).fetchone() or ("",)
    product, refresh = f"{shop}/api/products/{slug}", tokens.refresh

    def refreshing() -> None:
        nonlocal refresh
        refresh = json.loads(
            send(f"{shop}/api/auth/refresh", {}, {"refresh": refresh})
        )["refresh"]

    plain, signed, profile, refreshed = in_turn(
        lambda: send(product, {}),
        lambda: send(product, bearer),
        lambda: send(f"{shop}/api/auth/profile", bearer),
        refreshing,
    )
    return [
        compare_times(
            "product detail with a token", signed, "without one", plain, at_most=1.2
        ),
        compare_times(
            "refresh", refreshed, "reading the profile", profile, at_most=2
        ),
    ]


def send(
    url: str, headers: Mapping[str, str], body: Mapping[str, str] | None = None
) -> bytes:
    """Return the answer of our own server."""
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(  # noqa: S310
        url, data, {**headers, "Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        return bytes(answer.read())


def in_turn(*works: Callable[[], object], times: int = TIMES) -> list[float]:
    """Return the median time of each, in milliseconds, after a tenth as many turns to warm up."""
    taken: list[list[float]] = [[] for _ in works]
    for number in range(times + times // 10):
        for work, found in zip(works, taken, strict=True):
            start = time.perf_counter()
            work()
            if number >= times // 10:
                found.append((time.perf_counter() - start) * 1000)
    return [median(found) for found in taken]


# --- A day's figures -----------------------------------------------------------------------------
# All that a day's figures are made of, read once: orders and their lines, invoices and theirs, the
# ledger, movements of stock, events. It writes nothing, and sorts nothing by name.
ONE_STATEMENT = """
WITH placed AS (
    SELECT * FROM orders_order WHERE created_at >= %(start)s AND created_at < %(end)s
), lines AS (
    SELECT line.*, placed.status FROM orders_orderline AS line
        JOIN placed ON placed.id = line.order_id
), buyers AS (
    SELECT DISTINCT user_id, email FROM placed WHERE status <> 'cancelled'
)
SELECT (SELECT count(*) FROM placed), (SELECT sum(total - refunded) FROM placed
    WHERE status <> 'cancelled'),
    (SELECT sum(quantity - returned) FROM lines WHERE status <> 'cancelled'),
    (SELECT count(*) FROM (SELECT product_id, sum(line_total - discount) FROM lines
        GROUP BY product_id) AS products),
    (SELECT count(*) FROM buyers WHERE EXISTS (SELECT FROM orders_order AS earlier
        WHERE earlier.user_id = buyers.user_id AND earlier.created_at < %(start)s
            AND earlier.status <> 'cancelled')),
    (SELECT count(*) FROM products_stocklevel AS level
        WHERE variant_id IN (SELECT variant_id FROM products_stockmovement
            WHERE created_at >= %(start)s AND created_at < %(end)s AND d_on_hand < d_reserved)
        AND on_hand - reserved = (SELECT coalesce(sum(d_on_hand - d_reserved), 0)
            FROM products_stockmovement AS later
            WHERE later.variant_id = level.variant_id AND later.created_at >= %(end)s)),
    (SELECT count(*) FROM (SELECT line.product_id, sum(charged) FROM orders_invoice AS made
        JOIN orders_invoiceline AS item ON item.invoice_id = made.id
        JOIN orders_orderline AS line ON line.id = item.line_id
        WHERE issued_at >= %(start)s AND issued_at < %(end)s GROUP BY 1) AS charges),
    (SELECT sum(amount) FROM orders_ledgerline AS line
        JOIN orders_ledgerentry AS entry ON entry.id = entry_id
        WHERE at >= %(start)s AND at < %(end)s AND (account IN ('revenue', 'shipping', 'fees')
            OR starts_with(account, 'tax'))),
    (SELECT count(*) FROM (SELECT product_id, count(*), count(DISTINCT visitor)
        FROM analytics_event WHERE occurred_at >= %(start)s AND occurred_at < %(end)s
        GROUP BY 1) AS seen)
"""


def measure_figures(harness: Harness, scale: int) -> list[Row]:
    """Compare making a day's figures, in all their tables, with one statement that
    aggregates the same day.
    """
    from django.db import connection, connections

    from analytics import days
    from analytics.services import rollups

    say(f"A day's figures in the shop of {scale:,} products …")
    os.environ.update(harness.environment(scale))
    with harness.connect(scale) as other:
        (orders, day) = other.execute(
            "SELECT count(*), (max(created_at) - interval '20 days')::date FROM orders_order"
        ).fetchone() or (0, date.min)
        start, end = days.get_bounds(day, day)
        connections.close_all()
        connection.settings_dict["NAME"] = f"bench{scale}"
        ours, theirs = in_turn(
            lambda: rollups.rebuild_day(day=day),
            lambda: other.execute(
                ONE_STATEMENT, {"start": start, "end": end}
            ).fetchall(),
            times=10,
        )
        connections.close_all()
    return [
        compare_times(
            f"a day's figures among {orders:,} orders",
            ours,
            "one aggregating statement",
            theirs,
            at_most=1.5,
        )
    ]


def compare_times(
    what: str, ours_ms: float, beside: str, theirs_ms: float, **goal: float
) -> Row:
    """Return the row of two times."""
    ratio = ours_ms / theirs_ms
    wanted, reached = within(ratio, **goal)
    return Row(
        what,
        f"{ours_ms:.2f} ms",
        beside,
        f"{theirs_ms:.2f} ms",
        f"{ratio:.2f}",
        wanted,
        reached,
    )


if __name__ == "__main__":
    sys.exit(main())
