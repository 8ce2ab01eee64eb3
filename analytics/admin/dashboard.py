"""The admin's first page: what waits, how the shop does beside the period before, and
whether its machinery is well.

Everybody sees the parts that their permissions cover; nothing is read for the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from psycopg.rows import TupleRow

from analytics import days
from analytics.admin import charts
from analytics.selectors import first_rows, reports
from markrin import localized
from markrin.outbox import selectors as outbox
from orders import queues
from orders.queues import QueueName
from orders.services import refused_orders

PERIODS = (7, 30, 90)
_TOP, _LOW, _SEARCHES = 8, 8, 8
_COVER_DAYS = 30
_LATE_S = 120.0  # from when on a waiting job, or a silent worker, is worth a look


@dataclass(frozen=True)
class Figure:
    """A number of the period, beside the period before; `better` says whether its change is
    good, None for neither.
    """

    name: str
    value: str
    change: str
    better: bool | None
    link: str


@dataclass(frozen=True)
class Task:
    """Something that waits for somebody."""

    name: str
    count: str
    link: str
    urgent: bool


def add_dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the dashboard to the context of the admin's index (UNFOLD's DASHBOARD_CALLBACK).
    At most 20 queries.
    """
    may = request.user.has_perm
    span = next(
        (days for days in PERIODS if request.GET.get("days") == str(days)), 30
    )
    now = timezone.now()
    last = days.get_day(now) - timedelta(
        days=1
    )  # whole days only: a morning beside a day would look like a disaster
    first = last - timedelta(days=span - 1)
    context |= {
        "span": span,
        "periods": PERIODS,
        "now": now,
        "title": f"{settings.SHOP_NAME} today",
        "tasks": [],
    }
    if may("orders.view_order"):
        context["tasks"] += _list_order_tasks()
    if may("orders.view_refusedorder"):
        context["tasks"].append(_count_refused_orders())
    if may("outbox.view_outboxevent"):
        context["machinery"] = _read_outbox_state()
        context["tasks"] += _list_dead_jobs(context["machinery"])
    as_of = reports.get_as_of(
        first=first - timedelta(days=span), last=last + timedelta(days=1)
    )
    if may("analytics.view_dailysales"):
        context |= _read_figures(first, last, as_of)
    if may("products.view_stocklevel"):
        context["stock"] = _read_low_stock(last)
    return context


_TASKS = {
    QueueName.CONFIRM: "orders to confirm",
    QueueName.STOCK: "orders wait for stock",
    QueueName.PACK: "orders to pack",
    QueueName.SEND: "orders to send",
    QueueName.UNDELIVERED: "orders undelivered",
    QueueName.RETURNS: "returns to judge",
    QueueName.ATTENTION: "orders need a person",
}


def _list_order_tasks() -> list[Task]:
    """Return a tile for each queue of the order desk."""
    counts = queues.count_waiting()
    return [
        Task(
            _TASKS[name],
            queues.show_count(counts[name]),
            reverse("admin:orders_order_queue", args=[name]),
            name == QueueName.ATTENTION and counts[name] > 0,
        )
        for name in QueueName
    ]


def _count_refused_orders() -> Task:
    count = refused_orders.count_open()
    link = f"{reverse('admin:orders_refusedorder_changelist')}?state__exact=open"
    return Task("refused by a limit", queues.show_count(count), link, False)


def _read_outbox_state() -> dict[str, Any]:
    counts, outcomes = outbox.count_open_jobs(), outbox.count_outcomes()
    queues: dict[str, dict[str, Any]] = {}
    for count in counts:
        row = queues.setdefault(
            count.queue, {"waiting": 0, "running": 0, "dead": 0, "late_s": 0.0}
        )
        row[count.state] = count.rows
        row["late_s"] = max(row["late_s"], count.oldest_due_s)
    mails = [
        each
        for each in outcomes
        if each.task.endswith("_by_mail") or each.task == "orders.mail_again"
    ]
    ages = outbox.list_heartbeat_ages()
    return {
        "queues": [
            {"name": name, **row, "late": row["late_s"] > _LATE_S}
            for name, row in sorted(queues.items())
        ],
        "dead": sum(count.rows for count in counts if count.state == "dead"),
        "mails_sent": sum(each.rows for each in mails if each.outcome == "done"),
        "mails_dead": sum(each.rows for each in mails if each.outcome == "dead"),
        "paused": outbox.list_paused_queues(),
        "parts": [
            {"name": name, "age_s": int(age), "silent": age > _LATE_S}
            for name, age in sorted(ages.items())
        ],
        "dead_link": f"{reverse('admin:outbox_outboxevent_changelist')}?state__exact=dead",
    }


def _list_dead_jobs(machinery: dict[str, Any]) -> list[Task]:
    return [
        Task(
            "jobs are dead",
            f"{machinery['dead']:,}",
            machinery["dead_link"],
            machinery["dead"] > 0,
        )
    ]


def _read_figures(
    first: date, last: date, as_of: datetime | None
) -> dict[str, object]:
    span = last - first + timedelta(days=1)
    *full_days, today = reports.get_rows(
        name="sales", first=first - span, last=last + timedelta(days=1)
    )
    sales = _transpose_rows(full_days)
    visits = _transpose_rows(
        reports.get_rows(name="funnel", first=first, last=last)
    )
    half = span.days
    columns = {
        name: sales[at]
        for name, at in (
            ("revenue", 2),
            ("orders", 1),
            ("units", 4),
            ("new", 5),
            ("returning", 6),
            ("ordered", 10),
        )
    }
    now = {name: column[half:] for name, column in columns.items()}
    before = {name: column[:half] for name, column in columns.items()}
    all_days = list(days.iterate_days(first, last))
    _, top = first_rows.get_first_rows(
        name="products", first=first, last=last, limit=_TOP
    )
    searches = reports.get_rows(
        name="searches", first=first, last=last, limit=_SEARCHES
    )
    return {
        "figures": _compare_periods(now, before),
        "today": {"revenue": _format_amount(today[2]), "orders": int(today[1])},
        "charts": [
            charts.draw_chart(
                "Revenue",
                all_days,
                now["revenue"],
                before["revenue"],
                _format_amount,
            ),
            charts.draw_chart(
                "Orders", all_days, now["orders"], before["orders"], _format_number
            ),
        ],
        "funnel": _list_funnel_steps(visits, sum(now["orders"])),
        "top": [
            {
                "name": row[1],
                "link": reverse("admin:products_product_change", args=[row[0]]),
                "views": _format_number(row[2]),
                "units": _format_number(row[5]),
                "revenue": _format_amount(row[6]),
                "conversion": "–"
                if row[7] is None or row[7] > 1
                else f"{float(row[7]):.1%}",
            }
            for row in top
        ],
        "searches": [
            {"query": row[0], "times": row[1], "nothing": row[2]}
            for row in searches
            if row[2]
        ],
        "as_of": as_of,
        "period_query": f"?first={first}&last={last}&interval=day",
        "reports": {
            name: reverse("admin:analytics_report", args=[name])
            for name in reports.REPORTS
        },
    }


def _transpose_rows(rows: Sequence[TupleRow]) -> list[TupleRow]:
    return list(zip(*rows, strict=True))


def _compare_periods(now: dict[str, Any], before: dict[str, Any]) -> list[Figure]:
    sums, olds = (
        {name: sum(column) for name, column in each.items()}
        for each in (now, before)
    )
    average, old_average = (
        each["ordered"] / each["orders"] if each["orders"] else 0
        for each in (sums, olds)
    )
    sales = reverse("admin:analytics_report", args=["sales"])
    shown = [
        (
            "Revenue",
            _format_amount(sums["revenue"]),
            sums["revenue"],
            olds["revenue"],
        ),
        ("Orders", _format_number(sums["orders"]), sums["orders"], olds["orders"]),
        ("Average order", _format_amount(average), average, old_average),
        ("Pieces", _format_number(sums["units"]), sums["units"], olds["units"]),
        ("New customers", _format_number(sums["new"]), sums["new"], olds["new"]),
        (
            "Returning customers",
            _format_number(sums["returning"]),
            sums["returning"],
            olds["returning"],
        ),
    ]
    return [
        Figure(name, value, *_describe_change(ours, previous), sales)
        for name, value, ours, previous in shown
    ]


def _describe_change(
    now: Decimal | int, before: Decimal | int
) -> tuple[str, bool | None]:
    if not before:
        return ("nothing before", None)
    change = (Decimal(now) - Decimal(before)) / Decimal(before)
    if abs(change) < Decimal("0.005"):
        return ("as before", None)
    return (f"{'+' if change > 0 else '−'}{abs(change):.0%}", change > 0)


def _list_funnel_steps(
    visits: Sequence[TupleRow], placed: int
) -> list[dict[str, object]]:
    _, visitors, views, carts, checkouts, _, _ = visits
    steps = [
        ("Visits", sum(visitors)),
        ("Looked at a product", sum(views)),
        ("Put into the bag", sum(carts)),
        ("Began the checkout", sum(checkouts)),
        ("Ordered", placed),
    ]
    total = max(1, steps[0][1])
    return [
        {
            "name": name,
            "count": _format_number(count),
            "share": f"{count / total:.1%}" if count <= total else "–",
            "width": round(min(1.0, count / total) * 100, 1),
        }
        for name, count in steps
    ]


def _read_low_stock(last: date) -> dict[str, object]:
    first = last - timedelta(days=_COVER_DAYS - 1)
    read_at, rows = first_rows.get_first_rows(
        name="stock", first=first, last=last, limit=_LOW
    )
    return {
        "as_of": read_at,
        "rows": [
            {
                "sku": row[1],
                "product": row[2],
                "kind": " · ".join(filter(None, (row[3], row[4]))),
                "left": row[5],
                "per_day": row[6],
                "cover": "–" if row[7] is None else f"{row[7]:g}",
                "link": reverse("admin:products_variant_change", args=[row[0]]),
            }
            for row in rows
        ],
        "link": reverse("admin:analytics_report", args=["stock"]),
        "at": settings.LOW_STOCK_AT,
    }


def _format_amount(value: Decimal | int) -> str:
    """Return an amount without its hundredths, which say nothing at this size."""
    rounded = Decimal(value).quantize(Decimal(1), ROUND_HALF_UP)
    return localized.format_money(rounded, settings.SHOP_CURRENCY).removesuffix(
        ".00"
    )


def _format_number(value: int) -> str:
    return f"{int(value):,}"
