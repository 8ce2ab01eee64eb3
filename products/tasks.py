"""Handlers of outbox rows, and what beat starts: each one call into the services."""

from typing import Any
from uuid import UUID

from celery_app import app
from markrin.outbox import handlers as outbox
from products.services import bulk_changes, feed_pulls, feeds, search_words, stock_watch

MAIL: dict[str, Any] = {
    "queue": "email",
    "effect": "outside",
    "time_limit_s": 60,
    "max_attempts": 11,
}
FEED_BUDGET_S = 20  # then the queue's other jobs get their turn


@outbox.handler(
    "products.apply_feed",
    queue="inventory",
    effect="outside",
    time_limit_s=120,
    max_attempts=11,
)
def apply_feed(*, feed_id: str, **later: Any) -> outbox.Result:
    if not feeds.apply(feed_id=UUID(feed_id), budget_s=FEED_BUDGET_S):
        raise outbox.Reschedule(0)
    return None


@outbox.handler(
    "products.carry_on_bulk_change",
    queue="inventory",
    effect="outside",
    time_limit_s=120,
    max_attempts=11,
)
def carry_on_bulk_change(*, change_id: str, **later: Any) -> outbox.Result:
    if not bulk_changes.carry_on(change_id=UUID(change_id), budget_s=FEED_BUDGET_S):
        raise outbox.Reschedule(0)
    return None


@outbox.handler(
    "products.watch_stock",
    queue="inventory",
    effect="database",
    time_limit_s=60,
    max_attempts=11,
)
def watch_stock(*, variant_ids: list[str], **later: Any) -> outbox.Result:
    stock_watch.watch(variant_ids=[UUID(each) for each in variant_ids])
    return None


@outbox.handler("products.back_in_stock_by_mail", **MAIL)
def back_in_stock_by_mail(*, request_id: str, **later: Any) -> outbox.Result:
    return stock_watch.back_in_stock_by_mail(request_id=UUID(request_id))


@outbox.handler("products.low_stock_by_mail", **MAIL)
def low_stock_by_mail(
    # the event's field
    *,
    variant_ids: list[str],
    recipient: int,
    round: int,  # noqa: A002
    **later: Any,
) -> outbox.Result:
    ids = [UUID(each) for each in variant_ids]
    return stock_watch.low_stock_by_mail(
        variant_ids=ids, recipient=recipient, round_=round
    )


@app.task(name="products.forget_unapplied_changes")
def forget_unapplied_changes() -> None:
    bulk_changes.forget_unapplied()


@app.task(name="products.tell_low_stock")
def tell_low_stock() -> None:
    stock_watch.tell_low_stock()


@app.task(name="products.pull_feeds", time_limit=540)
def pull_feeds() -> None:
    feed_pulls.pull_all()


@app.task(name="products.rebuild_search_words")
def rebuild_search_words() -> None:
    search_words.rebuild_search_words()
