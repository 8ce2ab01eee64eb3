"""What shoppers search for, counted by text: for the catalogue's hooks.

A text is told only if it was searched for MIN_TIMES: what one person typed, which may be a name
or an address, stays untold.
"""

from datetime import timedelta

from django.db.models import F, Sum
from django.db.models.expressions import CombinedExpression
from django.utils import timezone

from analytics.models import DailySearch
from products.hooks import SearchCount

DAYS, MIN_TIMES = 30, 3


def list_vain_searches(*, limit: int) -> list[SearchCount]:
    """Return what was searched for in the last 30 days and not found, the most often first."""
    return _count(F("without_result"), limit)


def list_popular_searches(*, beginning: str, limit: int) -> list[SearchCount]:
    """Return what begins so (in small letters), was searched for in the last 30 days and was found,
    the most often first.
    """
    return _count(
        F("searches") - F("without_result"), limit, query__startswith=beginning
    )


def _count(
    times: CombinedExpression | F, limit: int, **rule: str
) -> list[SearchCount]:
    since = timezone.localdate() - timedelta(days=DAYS)
    rows = (
        DailySearch.objects.filter(day__gte=since, **rule)
        .values("query")
        .annotate(times=Sum(times))
        .filter(times__gte=MIN_TIMES)
        .order_by("-times", "query")[:limit]
    )
    return [SearchCount(row["query"], row["times"]) for row in rows]
