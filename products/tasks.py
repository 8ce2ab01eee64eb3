"""Handlers of outbox rows, and what beat starts: each one call into the services."""

from typing import Any
from uuid import UUID

from celery_app import app
from markrin.outbox import handlers as outbox
from products.importing import importer
from products.services import (
    bulk_changes,
    facet_index,
    import_jobs,
    list_prices,
    pictures,
    search_words,
    unused_pictures,
)
from products.services.feeds import pulls, staging
from products.services.stock import alerts

_MAIL: dict[str, Any] = {
    "queue": "email",
    "effect": "outside",
    "time_limit_s": 60,
    "max_attempts": 11,
}
FEED_BUDGET_S = 20  # then the queue's other jobs get their turn
IMPORT_WAIT_S = 10  # while another import of the same source is going on


@outbox.handler(
    "products.apply_feed",
    queue="inventory",
    effect="outside",
    time_limit_s=120,
    max_attempts=11,
)
def apply_feed(*, feed_id: str, **later: object) -> outbox.Result:
    if not staging.apply_feed(feed_id=UUID(feed_id), budget_s=FEED_BUDGET_S):
        raise outbox.Reschedule(0)
    return None


@outbox.handler(
    "products.fetch_pictures",
    queue="outbound",
    effect="outside",
    time_limit_s=300,
    max_attempts=11,
)
def fetch_pictures(**later: object) -> outbox.Result:
    pictures.fetch_some(for_s=FEED_BUDGET_S)
    if (due_s := pictures.next_due_in_s()) is not None:
        raise outbox.Reschedule(min(due_s, 300.0))
    return None


@outbox.handler(
    "products.continue_bulk_change",
    queue="inventory",
    effect="outside",
    time_limit_s=120,
    max_attempts=11,
)
def continue_bulk_change(*, change_id: str, **later: object) -> outbox.Result:
    if not bulk_changes.continue_change(
        change_id=UUID(change_id), budget_s=FEED_BUDGET_S
    ):
        raise outbox.Reschedule(0)
    return None


@outbox.handler(
    "products.continue_import",
    queue="inventory",
    effect="outside",
    time_limit_s=180,
    max_attempts=11,
)
def continue_import(*, import_id: str, **later: object) -> outbox.Result:
    job_id = UUID(import_id)
    try:
        done = import_jobs.continue_import(job_id=job_id, budget_s=FEED_BUDGET_S)
    except importer.ImportRunning as exc:
        raise outbox.Reschedule(IMPORT_WAIT_S) from exc
    if not done:
        raise outbox.Reschedule(0)
    return None


@outbox.handler(
    "products.queue_alerts",
    queue="inventory",
    effect="database",
    time_limit_s=60,
    max_attempts=11,
)
def queue_alerts(*, variant_ids: list[str], **later: object) -> outbox.Result:
    alerts.queue_alerts(variant_ids=[UUID(each) for each in variant_ids])
    return None


@outbox.handler("products.mail_back_in_stock", **_MAIL)
def mail_back_in_stock(*, request_id: str, **later: object) -> outbox.Result:
    return alerts.mail_back_in_stock(request_id=UUID(request_id))


@outbox.handler("products.mail_low_stock", **_MAIL)
def mail_low_stock(
    # the event's field
    *,
    variant_ids: list[str],
    recipient: int,
    round: int,  # noqa: A002
    **later: object,
) -> outbox.Result:
    ids = [UUID(each) for each in variant_ids]
    return alerts.mail_low_stock(variant_ids=ids, recipient=recipient, round_=round)


@app.task(name="products.delete_old_imports")
def delete_old_imports() -> None:
    import_jobs.delete_old_imports()


@app.task(name="products.delete_unapplied_changes")
def delete_unapplied_changes() -> None:
    bulk_changes.delete_unapplied()


@app.task(name="products.queue_missed_wishes", time_limit=120)
def queue_missed_wishes() -> int:
    """Answer the wishes whose variant is on sale again without its stock having moved."""
    return alerts.queue_missed_wishes()


@app.task(name="products.queue_low_stock_mails")
def queue_low_stock_mails() -> None:
    alerts.queue_low_stock_mails()


@app.task(name="products.pull_feeds", time_limit=540)
def pull_feeds() -> None:
    pulls.pull_feeds()


@app.task(name="products.refresh_ended_prices", time_limit=540)
def refresh_ended_prices() -> None:
    list_prices.refresh_ended_prices()


@app.task(name="products.rebuild_search_words")
def rebuild_search_words() -> None:
    search_words.rebuild_search_words()


@app.task(name="products.remove_unused_pictures")
def remove_unused_pictures() -> None:
    unused_pictures.remove_unused_pictures()


@app.task(name="products.fold_facet_changes", time_limit=540)
def fold_facet_changes() -> None:
    facet_index.fold_changes()
