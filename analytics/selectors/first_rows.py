"""Reports of the days that staff look at most, as the job that makes the figures has read them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone
from psycopg.rows import TupleRow

from analytics.models import ReportSnapshot
from analytics.selectors.reports import REPORTS, get_rows

# The job comes every five minutes and reads again what has changed; what is older than this
# tells that it has stopped.
_MAX_AGE = timedelta(minutes=65)
_READ: dict[str, Callable[[Any], Any]] = {
    "id": UUID,
    "money": Decimal,
    "ratio": Decimal,
    "number": int,
}


def get_first_rows(
    *, name: str, first: date, last: date, limit: int
) -> tuple[datetime, list[TupleRow]]:
    """Return a report's first rows, at most `limit`, and when they were read: at most some
    minutes ago, or just now.

    One query where they are kept, two where they are not. Product names and prices in what
    is kept may be an hour old; `get_rows` always reads anew."""
    now = timezone.now()
    if limit <= ReportSnapshot.MAX_ROWS:
        kept = ReportSnapshot.objects.filter(
            name=name, first=first, last=last, read_at__gt=now - _MAX_AGE
        ).first()
        if kept is not None:
            reads = [
                _READ.get(column.kind, str) for column in REPORTS[name].columns
            ]
            return kept.read_at, [
                _restore_row(reads, row) for row in kept.rows[:limit]
            ]
    return now, get_rows(name=name, first=first, last=last, limit=limit)


def _restore_row(
    reads: list[Callable[[Any], Any]], values: list[object]
) -> TupleRow:
    return tuple(
        None if value is None else read(value)
        for read, value in zip(reads, values, strict=True)
    )
