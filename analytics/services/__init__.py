"""What changes in analytics: events come in, days are added up."""

from analytics.services.events import forget_salts, mark_changed, record_events
from analytics.services.kept import keep_reports
from analytics.services.partitions import drop_old_partitions, make_partitions
from analytics.services.rollups import (
    rebuild_changed_days,
    rebuild_day,
    tell_popularity,
)

__all__ = [
    "drop_old_partitions",
    "forget_salts",
    "keep_reports",
    "make_partitions",
    "mark_changed",
    "rebuild_changed_days",
    "rebuild_day",
    "record_events",
    "tell_popularity",
]
