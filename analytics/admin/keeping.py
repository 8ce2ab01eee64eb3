"""Rows that take a second to read on a big shop, kept in the process until newer figures are made."""

from collections import OrderedDict
from datetime import date, datetime
from typing import Any

from django.utils import timezone

from analytics import selectors

MOST = 32  # answers of a process
KEPT_S = 300  # the figures are made as often
_kept: OrderedDict[tuple[Any, ...], tuple[datetime, list[tuple[Any, ...]]]] = OrderedDict()


def rows(
    name: str, *, first: date, last: date, as_of: datetime | None, most: int
) -> tuple[datetime, list[tuple[Any, ...]]]:
    """Return a report's rows and when they were read: at most KEPT_S seconds ago, and after `as_of`, the time of the
    newest figures. Without figures nothing is kept."""
    now = timezone.now()
    key = (name, first, last, as_of, most)
    known = _kept.get(key)
    if known is not None and (now - known[0]).total_seconds() < KEPT_S:
        return known
    found = now, selectors.get_rows(name=name, first=first, last=last, most=most)
    if as_of is not None:
        _kept[key] = found
        while len(_kept) > MOST:
            _kept.popitem(last=False)
    return found
