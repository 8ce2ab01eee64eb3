"""Handlers of outbox rows, and the tasks that beat starts."""

from uuid import UUID

from django.utils import timezone

from analytics.selectors import reports
from analytics.services import events, partitions, rollups, snapshots
from celery_app import app
from markrin.outbox import handlers as outbox


@outbox.handler(
    "analytics.record_order",
    queue="analytics",
    effect="database",
    time_limit_s=30,
    max_attempts=11,
)
def record_order(*, order_id: str, **later: object) -> None:
    """An order was placed."""
    events.mark_changed(order_id=UUID(order_id))


@outbox.handler(
    "analytics.record_change",
    queue="analytics",
    effect="database",
    time_limit_s=30,
    max_attempts=11,
)
def record_change(*, order_id: str, **later: object) -> None:
    """An order was cancelled, returned or refunded since."""
    events.mark_changed(order_id=UUID(order_id))


@app.task(name="analytics.rollup", time_limit=280)
def rollup() -> None:
    """Make today and the changed days anew, and read ahead the reports that pages open with."""
    rollups.rebuild_changed_days(now=timezone.now())
    snapshots.refresh_snapshots(now=timezone.now(), read=reports.get_rows)


@app.task(name="analytics.rollup_recent", time_limit=600)
def rollup_recent() -> None:
    """Make what may have changed unmarked anew as well, and tell the catalogue what sells."""
    rollups.rebuild_changed_days(now=timezone.now(), also_recent=True)
    rollups.publish_popularity(now=timezone.now())


@app.task(name="analytics.tend_partitions", time_limit=600)
def tend_partitions() -> None:
    """Make the partitions of the coming month, drop those past their time, forget old salts."""
    now = timezone.now()
    partitions.make_partitions(now=now)
    partitions.drop_old_partitions(now=now)
    events.forget_salts(now=now)
