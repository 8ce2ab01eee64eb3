"""What beat starts for the outbox itself."""

from typing import Any

from django.conf import settings
from django.db import connection

from celery_app import app
from markrin.outbox import heartbeats, relay

SWEEP_BATCHES = (
    20  # batches of a sweep at most, so that it ends before the next one is due
)
PRUNE_BATCH = 1000

_PRUNE = """
DELETE FROM outbox_event WHERE id IN (
    SELECT id FROM outbox_event WHERE state = %(state)s
        AND finished_at < now() - make_interval(days => %(days)s)
    LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
"""
_PRUNE_RESULTS = """
DELETE FROM django_celery_results_taskresult WHERE id IN (
    SELECT id FROM django_celery_results_taskresult
        WHERE date_done < now() - make_interval(secs => %(seconds)s)
    LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
"""


@app.task(name="outbox.sweep", time_limit=60)
def wake_due_jobs() -> None:
    """Do the relay's work once, so that a dead relay means late and not never."""
    for _ in range(SWEEP_BATCHES):
        if relay.wake_workers() < relay.BATCH:
            return


@app.task(name="outbox.heartbeat", time_limit=30)
def heartbeat(queue: str) -> None:
    """Write that beat, the broker and this queue's worker work together."""
    heartbeats.record_heartbeat(f"worker:{queue}")


@app.task(name="outbox.prune", time_limit=600)
def prune_jobs() -> None:
    """Delete rows done for 14 days or dead for 90 (settings), a thousand at a time."""
    _delete_in_batches(_PRUNE, state="done", days=settings.OUTBOX_KEEP_DONE_DAYS)
    _delete_in_batches(_PRUNE, state="dead", days=settings.OUTBOX_KEEP_DEAD_DAYS)


@app.task(name="outbox.prune_results", time_limit=600)
def prune_results() -> None:
    """Delete task results older than CELERY_RESULT_EXPIRES, a thousand at a time."""
    _delete_in_batches(_PRUNE_RESULTS, seconds=settings.CELERY_RESULT_EXPIRES)


def _delete_in_batches(sql: str, **params: Any) -> None:
    deleted = PRUNE_BATCH
    while deleted == PRUNE_BATCH:
        with connection.cursor() as cursor:
            cursor.execute(sql, {**params, "limit": PRUNE_BATCH})
            deleted = cursor.rowcount
