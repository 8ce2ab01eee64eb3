"""The jobs of webhooks, and what beat starts for them."""

from uuid import UUID

from celery_app import app
from markrin.outbox import handlers as outbox
from markrin.webhooks.services import (
    delivering,
    giving_up,
    mails,
    pruning,
    publishing,
)


@outbox.handler(
    "webhooks.publish",
    queue="analytics",
    effect="database",
    time_limit_s=60,
    max_attempts=11,
    keyed_by_event=True,
)
def publish(**payload: object) -> dict[str, object]:
    """Write the event down for others; what it carries is the event's own."""
    return {"subjects": publishing.publish(outbox.get_current_event(), payload)}


@outbox.handler(
    "webhooks.deliver",
    queue="outbound",
    effect="outside",
    time_limit_s=delivering.LIMIT_S,
    max_attempts=delivering.MAX_ATTEMPTS,
)
def deliver(
    *, delivery_id: str, turn: int, **later: object
) -> dict[str, object] | None:
    return delivering.deliver(delivery_id=UUID(delivery_id), turn=turn)


@outbox.handler(
    "webhooks.warn_by_mail",
    queue="email",
    effect="outside",
    time_limit_s=60,
    max_attempts=11,
)
def warn_by_mail(
    *, endpoint_id: str, is_off: bool, told: str, recipient: int, **later: object
) -> dict[str, str] | None:
    return mails.warn_staff(
        endpoint_id=UUID(endpoint_id), is_off=is_off, told=told, recipient=recipient
    )


@app.task(name="webhooks.give_up_unsendable", time_limit=60)
def give_up_unsendable() -> None:
    """Give up the deliveries whose job is dead, so that they can be sent again."""
    giving_up.give_up_unsendable()


@app.task(name="webhooks.prune", time_limit=600)
def prune() -> None:
    """Delete the events that are older than WEBHOOK_KEEP_DAYS, a thousand at a time."""
    pruning.delete_old_events()
