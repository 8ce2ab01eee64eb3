"""The shop's days: from a date to the moments between which it lies."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings


def get_shop_zone() -> ZoneInfo:
    """Return the time zone whose midnight ends the shop's day."""
    return ZoneInfo(settings.SHOP_TIME_ZONE)


def get_day(moment: datetime) -> date:
    """Return the shop's day in which a moment lies."""
    return moment.astimezone(get_shop_zone()).date()


def get_bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """Return, in UTC, the moment at which `first` begins and the one at which `last` is over."""
    return _start_of_day(first), _start_of_day(last + timedelta(days=1))


def iterate_days(first: date, last: date) -> Iterator[date]:
    """Yield the days from `first` to `last`, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def _start_of_day(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=get_shop_zone()).astimezone(UTC)
