"""The monthly partitions of `analytics_event`, by UTC months."""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import connection, transaction
from psycopg import sql

KEPT_MONTHS = 13
_AHEAD = (
    2  # this month and the next; events may be two days old, so the last one, too
)


def make_partitions(*, now: datetime) -> list[str]:
    """Make the partitions that events of these days go into, where they are missing; return
    the new ones' names.
    """
    created = []
    for first in (_get_month_start(now, step) for step in range(-1, _AHEAD)):
        name = f"analytics_event_{first:%Y_%m}"
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtext('analytics_event'))"
            )
            cursor.execute("SELECT to_regclass(%s)", [name])
            if cursor.fetchone() == (None,):
                statement = (
                    "CREATE TABLE {} PARTITION OF analytics_event "
                    "FOR VALUES FROM ({}) TO ({})"
                )
                cursor.execute(
                    sql.SQL(statement).format(
                        sql.Identifier(name),
                        sql.Literal(first.isoformat()),
                        sql.Literal(_get_month_start(first, 1).isoformat()),
                    )
                )
                created.append(name)
    return created


def drop_old_partitions(*, now: datetime) -> list[str]:
    """Drop the partitions whose month ended more than KEPT_MONTHS ago; return their names."""
    oldest = f"analytics_event_{_get_month_start(now, -KEPT_MONTHS):%Y_%m}"
    dropped = []
    for name in _list_partitions():
        if name < oldest:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '5s'")
                cursor.execute(
                    sql.SQL("DROP TABLE {}").format(sql.Identifier(name))
                )
            dropped.append(name)
    return dropped


def _list_partitions() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = "
            "'analytics_event'::regclass"
        )
        yield from sorted(name for (name,) in cursor.fetchall())


def _get_month_start(moment: datetime, step: int) -> datetime:
    """Return the first moment of the month `step` months after the one of `moment`."""
    months = (
        moment.astimezone(UTC).year * 12 + moment.astimezone(UTC).month - 1 + step
    )
    return datetime(months // 12, months % 12 + 1, 1, tzinfo=UTC)
