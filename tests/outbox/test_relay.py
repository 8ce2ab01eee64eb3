"""The relay wakes the workers for what is due, through a real broker, and puts back what it could
not
publish.
"""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from celery_app import app
from markrin.outbox import relay, rows, services
from markrin.outbox.models import OutboxEvent, OutboxPause
from tests.outbox import jobs
from tests.services import free_port

pytestmark = pytest.mark.django_db


def length(queue: str) -> int:
    """Return how many messages wait, asked as of any broker: the suite also runs on RabbitMQ."""
    with app.connection_for_read() as link, link.channel() as channel:
        # every transport has it
        declared: Any = channel.queue_declare(  # type: ignore[attr-defined]
            queue=queue, durable=True, auto_delete=False
        )
        return int(declared.message_count)


def seconds_until_woken() -> list[float]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM wake_at - now()) FROM outbox_event ORDER BY id"
        )
        return [float(row[0]) for row in cursor.fetchall()]


def make_due() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE outbox_event SET wake_at = now()")


def test_wakes_once_and_then_ever_more_rarely():
    services.add(jobs.Happened(uuid4()))
    assert (relay.wake_workers(), relay.wake_workers()) == (2, 0)
    assert (length("email"), length("analytics")) == (1, 1)
    waits = [seconds_until_woken()[0]]
    for _ in range(6):
        make_due()
        relay.wake_workers()
        waits.append(seconds_until_woken()[0])
    assert waits == [30, 60, 120, 240, 480, 900, 900]
    assert OutboxEvent.objects.earliest("id").wakeups == 7


def test_a_batch_has_a_limit_for_each_queue():
    services.add(*(jobs.Happened(uuid4()) for _ in range(230)))
    assert [relay.wake_workers(), relay.wake_workers(), relay.wake_workers()] == [
        400,
        60,
        0,
    ]


def test_ten_thousand_jobs_of_one_queue_do_not_hold_up_a_mail_of_another():
    services.add(jobs.Happened(uuid4()))
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO outbox_event (event, event_id, task, queue, key, payload, trace,
                max_attempts, error, wake_at)
            SELECT event, event_id, task, queue, key || number, payload, trace, max_attempts,
                error, wake_at - interval '1 hour'
            FROM outbox_event, generate_series(1, 10000) AS number WHERE queue = 'analytics'
            """
        )
    assert relay.wake_workers() == 201
    assert (length("email"), length("analytics")) == (
        1,
        200 // relay.MAX_IN_MESSAGE,
    )


def test_a_closed_broker_costs_no_wakeup_and_no_time(monkeypatch):
    services.add(jobs.Happened(uuid4()))
    closed = app.connection_for_write(f"redis://127.0.0.1:{free_port()}/0")
    monkeypatch.setattr(app, "connection_for_write", lambda: closed)
    slept: list[float] = []
    monkeypatch.setattr("kombu.utils.functional.sleep", slept.append)
    with pytest.raises(relay.PublishFailed, match="Connection refused"):
        relay.wake_workers()
    assert slept == []  # Celery itself would try again, and wait in between
    assert seconds_until_woken() == [2, 2]
    assert set(OutboxEvent.objects.values_list("wakeups", flat=True)) == {0}


def test_leaves_a_paused_queue_alone():
    services.add(jobs.Happened(uuid4()))
    rows.pause_queue("email", seconds=60, reason="by hand")
    assert relay.wake_workers() == 1
    OutboxPause.objects.all().delete()
    assert relay.wake_workers() == 1
    assert length("email") == 1


def test_does_not_wake_twice_where_a_queue_is_full():
    services.add(jobs.Happened(uuid4()))
    assert relay.wake_workers(["email"]) == 2, (
        "the first message is never held back"
    )
    make_due()
    assert relay.wake_workers(["email"]) == 1
    assert relay.wake_workers() == 1


def test_sees_which_queue_is_full():
    assert relay.list_full_queues() == []
    with app.connection_for_write() as link, app.amqp.Producer(link) as producer:
        for _ in range(relay.FULL + 1):
            producer.publish("x", routing_key="email")
    assert relay.list_full_queues() == ["email"]
