"""Many at once at the same rows of the outbox."""

from uuid import uuid4

import pytest
from django.db import transaction

from markrin.outbox import relay, rows, services
from markrin.outbox.models import OutboxEvent
from tests.concurrency.threads import run_concurrently
from tests.outbox import jobs

pytestmark = pytest.mark.django_db(transaction=True)


def add(*events) -> None:
    with transaction.atomic():
        services.add(*events)


def test_one_of_many_claims_gets_the_row():
    add(jobs.Alone(uuid4()))
    row = OutboxEvent.objects.get()
    claims = run_concurrently(
        20,
        lambda _: rows.claim_row(
            row.pk, task=row.task, time_limit_s=20, useless_after_s=None
        ),
    )
    assert sum(isinstance(claim, rows.ClaimedRow) for claim in claims) == 1
    assert claims.count(None) == 19
    row.refresh_from_db()
    assert (row.attempts, row.lost) == (1, 0)


def test_the_same_event_told_many_times_at_once_is_one_row():
    event = jobs.Alone(uuid4())
    assert run_concurrently(20, lambda _: add(event)) == [None] * 20
    assert OutboxEvent.objects.count() == 1


def test_relays_side_by_side_send_one_message_for_each_row():
    add(*(jobs.Alone(uuid4()) for _ in range(500)))
    sent = run_concurrently(5, lambda _: [relay.wake_workers() for _ in range(5)])
    assert sum(sum(batches) for batches in sent if isinstance(batches, list)) == 500
    assert set(OutboxEvent.objects.values_list("wakeups", flat=True)) == {1}


def test_failures_counted_at_once_pause_the_queue():
    counted = run_concurrently(5, lambda _: rows.count_failure("email"))
    assert (counted.count(True), counted.count(False)) == (1, 4)
