"""What other code asks of the outbox: `add` an event's jobs; and what a person does with
them and with the queues.
"""

from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from typing import Any, ClassVar, Protocol
from uuid import UUID

from django.contrib.postgres.functions import TransactionNow
from django.db import connection, transaction

from celery_app import ON_EVENT, QUEUES
from markrin.db.models import uuid7
from markrin.db.sql import Query
from markrin.outbox import handlers, rows, trace_context
from markrin.outbox.models import OutboxEvent, OutboxPause, State

FOREVER_S = (
    100 * 365 * 86_400
)  # a pause "until resumed": PostgreSQL's infinity has no Python datetime


class Event(Protocol):
    """What happened: a frozen dataclass whose fields are ids and small facts.

    An optional property `natural_id` (str) makes the row's key, where the event can be told
    of twice: the second telling then adds nothing. Without it every `add` makes new rows.
    """

    name: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


def add(*events: Event) -> None:
    """Write a row for every task that `celery_app.ON_EVENT` names for these events, in one
    statement.

    Part of the caller's transaction: the jobs exist exactly if what they follow from does.
    A row whose key exists already is left as it is.

    Raises:
        TransactionManagementError: there is no transaction.
        LookupError: ON_EVENT has no line for the event.
        TypeError, ValueError: a field is not an id or a small fact.
    """
    new = _list_rows(events)
    if new:
        rows.query_insert_rows(new).fetch()


def query_add(*events: Event) -> Query[object]:
    """Return what `add` does as a query, for callers that send it with another one of their
    transaction. Raises: as `add`.
    """
    return rows.query_insert_rows(_list_rows(events))


def _list_rows(events: Sequence[Event]) -> list[rows.NewRow]:
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "outbox.add needs the transaction of what happened"
        )
    trace = trace_context.current_trace()
    return [row for event in events for row in _rows_of(event, trace)]


def _rows_of(event: Event, trace: dict[str, str]) -> list[rows.NewRow]:
    if event.name not in ON_EVENT:
        raise LookupError(
            f"celery_app.ON_EVENT has no line for the event {event.name}"
        )
    event_id = uuid7()
    payload = {
        name: _plain(f"{event.name}.{name}", getattr(event, name))
        for name in _field_names(type(event))
    }
    natural_id = getattr(event, "natural_id", event_id)
    tasks = [handlers.registry[task] for task in ON_EVENT[event.name]]
    return [
        rows.NewRow(
            event=event.name,
            event_id=event_id,
            task=task.name,
            queue=task.queue,
            key=f"{task.name}:{event.name}:{natural_id}"
            if task.keyed_by_event
            else f"{task.name}:{natural_id}",
            payload=payload,
            trace=trace,
            max_attempts=task.max_attempts,
        )
        for task in tasks
    ]


@cache
def _field_names(of: type[Event]) -> list[str]:
    return [field.name for field in fields(of)]


def _plain(name: str, value: object) -> Any:
    """Return the value as JSON holds it, refusing what has no business in a row that
    outlives its subject.
    """
    if isinstance(value, UUID):
        return str(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        if len(value) > 200 or "@" in value:
            raise ValueError(
                f"{name}: an event holds ids, never addresses, names or tokens"
            )
        return str(value)
    if isinstance(value, (tuple, list)):
        return [_plain(name, item) for item in value]
    raise TypeError(
        f"{name}: an event holds ids, numbers and short words, not {type(value).__name__}"
    )


def retry_jobs(ids: list[int]) -> int:
    """Let these dead jobs start over, at once and with all their attempts. Return how many
    were dead.
    """
    return OutboxEvent.objects.filter(pk__in=ids, state=State.DEAD).update(
        state=State.WAITING,
        attempts=0,
        wakeups=0,
        run_after=TransactionNow(),
        wake_at=TransactionNow(),
        finished_at=None,
    )


def discard_jobs(ids: list[int], *, reason: str, by: str) -> int:
    """Close these dead jobs undone, keeping who said so and why. Return how many were dead."""
    return OutboxEvent.objects.filter(pk__in=ids, state=State.DEAD).update(
        state=State.DONE, result={"discarded": reason, "by": by}
    )


def pause_queue(queue: str, *, seconds: float | None, reason: str, by: str) -> None:
    """Let relay and workers leave the queue alone for this long, or until `resume` where
    seconds is None.

    Raises:
        ValueError: there is no such queue.
    """
    if queue not in QUEUES:
        raise ValueError(f"there is no queue {queue!r}: {', '.join(QUEUES)}")
    rows.pause_queue(
        queue,
        seconds=FOREVER_S if seconds is None else seconds,
        reason=reason,
        by=by,
    )


def resume_queue(queue: str) -> bool:
    """End the queue's pause and forget its failures; return whether it was paused. Its jobs
    start within a second.
    """
    paused = OutboxPause.objects.filter(
        queue=queue, until__gt=TransactionNow()
    ).update(until=TransactionNow(), failures=0, reason="", by="")
    return bool(paused)
