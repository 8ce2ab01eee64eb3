"""Wake the workers: look for rows that are due, and tell the broker their ids. Any number
of relays may run.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog
from amqp.exceptions import AMQPError
from django.db import Error as DatabaseError
from django.db import close_old_connections, connection
from kombu.exceptions import KombuError
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from celery_app import QUEUES, app
from markrin.outbox import heartbeats, rows

log = structlog.get_logger(__name__)

BATCH = 200  # rows of a queue
MESSAGES, MAX_IN_MESSAGE = 8, 20  # of one task at least; rows in one at most
INTERVAL_S = 0.05
RETRY_PUBLISH_S = 2  # after a failed publish
BACKOFF_S = (1, 2, 5)
FULL = 100  # messages in a broker's queue above which nothing is sent twice
LOOK_S = (
    5  # how often the relay looks at the broker's queues, and shows that it lives
)
BROKEN = (KombuError, BrokerError, RedisError, AMQPError, OSError)

# A batch for each queue, so that ten thousand jobs of one do not hold up a single mail. Not
# prepared: by a plan of when few waited, all jobs would be read once very many do.
_DUE = """
WITH due AS MATERIALIZED (
    SELECT oldest.id FROM unnest(%(queues)s::text[]) AS queue (name)
    CROSS JOIN LATERAL (
        SELECT id FROM outbox_event
        WHERE queue = queue.name AND wake_at <= now()
          AND NOT (wakeups > 0 AND queue.name = ANY(%(full)s))
        ORDER BY wake_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED) AS oldest
    WHERE queue.name <> ALL(SELECT queue FROM outbox_pause WHERE until > now()))
UPDATE outbox_event e SET wakeups = least(e.wakeups + 1, 30000),
       wake_at = now() + least(interval '30 s' * 2 ^ least(e.wakeups, 5), interval '15 min')
FROM due WHERE e.id = due.id RETURNING e.id, e.task, e.queue
"""


class DueRow(NamedTuple):
    id: int
    task: str
    queue: str


class JobMessage(NamedTuple):
    """What a worker is told: rows of one task to look at."""

    task: str
    queue: str
    ids: list[int]


class PublishFailed(Exception):
    """The broker did not take every message; the rows wait for the next try."""


def wake_workers(full: list[str] | None = None) -> int:
    """Publish messages for up to 200 due rows of each queue, those of `full` queues only for
    the first time; return how many.

    Locks: the due rows, for one statement. Nothing is locked while it talks to the broker.

    Raises:
        PublishFailed: the broker failed; what it did not take will be due again in 2 s.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _DUE, {"queues": list(QUEUES), "limit": BATCH, "full": full or []}
        )
        due = [DueRow(*row) for row in cursor.fetchall()]
    if not due:
        return 0
    messages, sent = _group_rows(due), 0
    try:
        # A connection of its own for each batch: one from Celery's pool may be left over
        # from a broker that is gone.
        with (
            app.connection_for_write() as link,
            app.amqp.Producer(link) as producer,
        ):
            for message in messages:
                app.send_task(
                    message.task,
                    args=message.ids,
                    queue=message.queue,
                    producer=producer,
                    ignore_result=True,
                )
                sent += 1
    except BROKEN as exc:
        unsent = [row for message in messages[sent:] for row in message.ids]
        rows.postpone_wakeup(unsent, wait_s=RETRY_PUBLISH_S)
        raise PublishFailed(f"{type(exc).__name__}: {exc}") from exc
    return len(due)


def _group_rows(due: Sequence[DueRow]) -> list[JobMessage]:
    """Return the messages for these rows: several of a task in one where there are many, but
    enough messages to keep a handful of workers busy.
    """
    ids_of: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in sorted(due):  # the oldest first
        ids_of[row.task, row.queue].append(row.id)
    messages = []
    for (task, queue), ids in ids_of.items():
        size = min(MAX_IN_MESSAGE, max(1, len(ids) // MESSAGES))
        messages += [
            JobMessage(task, queue, ids[at : at + size])
            for at in range(0, len(ids), size)
        ]
    return messages


def list_full_queues() -> list[str]:
    """Return the queues with over 100 messages waiting in the broker; none where it
    cannot say.
    """
    try:
        with app.connection_for_read() as link, link.channel() as channel:
            # the stubs' channel is but the abstract one
            count = channel.queue_declare  # type: ignore[attr-defined]
            # As the workers declare them: RabbitMQ refuses to know one queue by two descriptions.
            counts = {
                name: count(
                    queue=name, durable=True, auto_delete=False
                ).message_count
                for name in QUEUES
            }
    except BROKEN:
        return []
    return [queue for queue, count in counts.items() if count > FULL]


def run_relay(*, stopping: Callable[[], bool]) -> None:
    """Wake the workers every 50 ms, and at once while batches are full, until `stopping`.

    Broker and database may be away: it goes on when they are back.
    """
    failures = 0
    looked_at = float(-LOOK_S)
    full: list[str] = []
    while not stopping():
        try:
            close_old_connections()
            if time.monotonic() - looked_at >= LOOK_S:
                heartbeats.record_heartbeat("relay")
                full = list_full_queues()
                looked_at = time.monotonic()
            sent = wake_workers(full)
            if sent and failures:
                log.info("relay_resumed", tries=failures)
            if sent:  # between two tries nothing is due, which proves nothing
                failures = 0
            if sent < BATCH:
                _pause(INTERVAL_S, stopping)
        except (PublishFailed, DatabaseError) as exc:
            if failures == 0:
                log.warning("relay_stalled", error=str(exc))
            _pause(BACKOFF_S[min(failures, len(BACKOFF_S) - 1)], stopping)
            failures += 1


def _pause(seconds: float, stopping: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while not stopping() and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, 0.25))
