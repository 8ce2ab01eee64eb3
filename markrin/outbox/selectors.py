"""Counts of the outbox for metrics and staff, and the jobs that `verify` looks at."""

from dataclasses import dataclass

from django.contrib.postgres.functions import TransactionNow
from django.db import connection
from psycopg.rows import TupleRow

from markrin.outbox.models import OutboxEvent, OutboxPause, State


@dataclass(frozen=True)
class Count:
    """Rows of a queue in a state that is not done; how many seconds ago the oldest of them
    was due (0: none is).
    """

    queue: str
    state: str
    rows: int
    oldest_due_s: float


@dataclass(frozen=True)
class Outcome:
    """What finished in the last hour, and how many of its runs were lost."""

    task: str
    outcome: str
    rows: int
    lost: int


def count_open_jobs() -> list[Count]:
    """Return the open and dead rows, counted by queue and state."""
    return [
        Count(queue, state, rows, float(oldest_due_s))
        for queue, state, rows, oldest_due_s in _all(
            """SELECT queue, state, count(*),
                      greatest(0, extract(epoch FROM
                          now() - min(run_after) FILTER (WHERE state = 'waiting')))
               FROM outbox_event WHERE state <> 'done' GROUP BY queue, state
                   ORDER BY queue, state"""
        )
    ]


def count_outcomes() -> list[Outcome]:
    """Return what finished in the last hour, counted by task and outcome (done or dead)."""
    return [
        Outcome(*row)
        for row in _all(
            """SELECT task, state, count(*), sum(lost) FROM outbox_event
               WHERE finished_at > now() - interval '1 hour' GROUP BY task, state
                   ORDER BY task, state"""
        )
    ]


def measure_waits() -> dict[str, tuple[float, float, float]]:
    """Return by queue how long jobs finished in the last hour had waited once due: median,
    95 %, 99 %, in seconds.
    """
    return {
        queue: (float(median), float(most), float(nearly_all))
        for queue, (median, most, nearly_all) in _all(
            """SELECT queue, percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (
                          ORDER BY greatest(0, extract(epoch FROM started_at - run_after))::float8)
               FROM outbox_event
               WHERE finished_at > now() - interval '1 hour' AND started_at IS NOT NULL
                   GROUP BY queue ORDER BY queue"""
        )
    }


def list_heartbeat_ages() -> dict[str, float]:
    """Return by name how many seconds ago each part was last seen alive."""
    rows = _all(
        "SELECT name, extract(epoch FROM now() - at) FROM heartbeat ORDER BY name"
    )
    return {row[0]: float(row[1]) for row in rows}


def list_paused_queues() -> list[OutboxPause]:
    """Return the queues that rest now."""
    return list(
        OutboxPause.objects.filter(until__gt=TransactionNow()).order_by("queue")
    )


def list_dead_ids(
    *, task: str | None = None, queue: str | None = None
) -> list[int]:
    """Return the dead jobs of the task or queue, oldest first."""
    filters = {
        name: value
        for name, value in {"task": task, "queue": queue}.items()
        if value is not None
    }
    rows = OutboxEvent.objects.filter(state=State.DEAD, **filters)
    return list(rows.order_by("id").values_list("id", flat=True))


def _all(sql: str) -> list[TupleRow]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows: list[TupleRow] = cursor.fetchall()
        return rows
