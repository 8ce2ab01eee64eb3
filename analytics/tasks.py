"""Handlers of outbox rows, and the tasks that beat starts."""

from typing import Any
from uuid import UUID

from django.utils import timezone

from analytics import selectors, services
from celery_app import app
from markrin.outbox import handlers as outbox


@outbox.handler(
    "analytics.record_order",
    queue="analytics",
    effect="database",
    time_limit_s=30,
    max_attempts=11,
)
def record_order(*, order_id: str, **later: Any) -> None:
    """An order was placed."""
    services.mark_changed(order_id=UUID(order_id))


@outbox.handler(
    "analytics.record_change",
    queue="analytics",
    effect="database",
    time_limit_s=30,
    max_attempts=11,
)
def record_change(*, order_id: str, **later: Any) -> None:
    """An order was cancelled, returned or refunded since."""
    services.mark_changed(order_id=UUID(order_id))


@app.task(name="analytics.rollup", time_limit=280)
def rollup() -> None:
    """Make today and the changed days anew, and read ahead the reports that pages open with."""
    services.rebuild_changed_days(now=timezone.now())
    services.keep_reports(now=timezone.now(), read=selectors.get_rows)


@app.task(name="analytics.rollup_recent", time_limit=600)
def rollup_recent() -> None:
    """Make what may have changed unmarked anew as well, and tell the catalogue what sells."""
    services.rebuild_changed_days(now=timezone.now(), also_recent=True)
    services.tell_popularity(now=timezone.now())


@app.task(name="analytics.tend_partitions", time_limit=600)
def tend_partitions() -> None:
    """Make the partitions of the coming month, drop those past their time, forget old salts."""
    now = timezone.now()
    services.make_partitions(now=now)
    services.drop_old_partitions(now=now)
    services.forget_salts(now=now)
