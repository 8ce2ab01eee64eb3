"""The relay rings for what is due, through a real broker, and puts back what it could not
ring for.
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
        declared: Any = channel.queue_declare(  # type: ignore[attr-defined]  # every transport has it
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


def test_rings_once_and_then_ever_more_rarely():
    services.add(jobs.Happened(uuid4()))
    assert (relay.wake_workers(), relay.wake_workers()) == (2, 0)
    assert (length("email"), length("analytics")) == (1, 1)
    waits = [seconds_until_woken()[0]]
    for _ in range(6):
        make_due()
        relay.wake_workers()
        waits.append(seconds_until_woken()[0])
    assert waits == [30, 60, 120, 240, 480, 900, 900]
    assert OutboxEvent.objects.earliest("id").rings == 7


def test_a_batch_has_a_limit():
    services.add(*(jobs.Happened(uuid4()) for _ in range(130)))
    assert [relay.wake_workers(), relay.wake_workers(), relay.wake_workers()] == [
        200,
        60,
        0,
    ]


def test_a_closed_broker_costs_no_ring_and_no_time(monkeypatch):
    services.add(jobs.Happened(uuid4()))
    closed = app.connection_for_write(f"redis://127.0.0.1:{free_port()}/0")
    monkeypatch.setattr(app, "connection_for_write", lambda: closed)
    slept: list[float] = []
    monkeypatch.setattr("kombu.utils.functional.sleep", slept.append)
    with pytest.raises(relay.PublishFailed, match="Connection refused"):
        relay.wake_workers()
    assert slept == []  # Celery itself would try again, and wait in between
    assert seconds_until_woken() == [2, 2]
    assert set(OutboxEvent.objects.values_list("rings", flat=True)) == {0}


def test_leaves_a_paused_queue_alone():
    services.add(jobs.Happened(uuid4()))
    rows.pause_queue("email", seconds=60, reason="by hand")
    assert relay.wake_workers() == 1
    OutboxPause.objects.all().delete()
    assert relay.wake_workers() == 1
    assert length("email") == 1


def test_does_not_ring_twice_where_a_queue_is_full():
    services.add(jobs.Happened(uuid4()))
    assert relay.wake_workers(["email"]) == 2, "the first ring is never held back"
    make_due()
    assert relay.wake_workers(["email"]) == 1
    assert relay.wake_workers() == 1


def test_sees_which_queue_is_full():
    assert relay.full_queues() == []
    with app.connection_for_write() as link, app.amqp.Producer(link) as producer:
        for _ in range(1001):
            producer.publish("x", routing_key="email")
    assert relay.full_queues() == ["email"]
