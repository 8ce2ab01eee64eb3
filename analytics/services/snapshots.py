"""Reading ahead what staff look at every day: the sums of a month's sales, which take a
second on a big shop.
"""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta

from django.db import connection

from analytics import days
from analytics.models import ReportSnapshot

# From when on a report is read again although its days' figures are as they were: names,
# prices and stock change, too.
_AGAIN_S = {"products": 3_000, "stock": 240}
_SPANS = {
    "products": (7, 30, 90),
    "stock": (30,),
}  # until yesterday, as the dashboard has them

_STAMP = """
SELECT coalesce(md5(string_agg(day || ' ' || made_at, ',' ORDER BY day)), '') FROM
    analytics_dailysales
WHERE day BETWEEN %s AND %s
"""


def refresh_snapshots(
    *, now: datetime, read: Callable[..., list[tuple[object, ...]]]
) -> int:
    """Read the reports that pages open with, where their figures are newer than what is
    kept; return how many.

    `read` is `selectors.get_rows`. What is kept of other days is thrown away. Takes no
    lock: of two at once, the later stays."""
    snapshot_keys = list(_list_snapshot_keys(days.get_day(now)))
    kept = {
        (each.name, each.first, each.last): each
        for each in ReportSnapshot.objects.defer("rows")
    }
    for name, first, last in kept.keys() - set(snapshot_keys):
        ReportSnapshot.objects.filter(name=name, first=first, last=last).delete()
    refreshed = 0
    for key in snapshot_keys:
        name, first, last = key
        figures_version = get_figures_version(
            first, last
        )  # before the rows: if the figures change in between, the next round reads again
        old = kept.get(key)
        if (
            old
            and old.figures_version == figures_version
            and (now - old.read_at).total_seconds() < _AGAIN_S[name]
        ):
            continue
        rows = read(
            name=name, first=first, last=last, limit=ReportSnapshot.MAX_ROWS
        )
        ReportSnapshot.objects.update_or_create(
            name=name,
            first=first,
            last=last,
            defaults={
                "rows": rows,
                "figures_version": figures_version,
                "read_at": now,
            },
        )
        refreshed += 1
    return refreshed


def _list_snapshot_keys(today: date) -> Iterator[tuple[str, date, date]]:
    """Yield the reports, with their days: those that the dashboard and a report's page show
    unless asked otherwise.
    """
    for name, spans in _SPANS.items():
        yield name, today - timedelta(days=29), today
        for span in spans:
            yield name, today - timedelta(days=span), today - timedelta(days=1)


def get_figures_version(first: date, last: date) -> str:
    """Return what tells the figures of these days from older and newer ones of the same days."""
    with connection.cursor() as cursor:
        cursor.execute(_STAMP, [first, last])
        return str(cursor.fetchone()[0])
