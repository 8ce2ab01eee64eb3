"""What `services.add` writes, and what it refuses."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar
from uuid import UUID, uuid4

import pytest
import structlog
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from markrin.outbox import services
from markrin.outbox.models import OutboxEvent
from tests.outbox.jobs import Alone, Happened, Misspelt, Unheard


@pytest.mark.django_db
def test_writes_a_row_for_every_task_of_the_event():
    order_id = uuid4()
    with structlog.contextvars.bound_contextvars(request_id="req-1"):
        services.add(Happened(order_id, quantity=2))
    outside, database = OutboxEvent.objects.order_by("id")
    assert (outside.task, outside.queue, outside.max_attempts) == (
        "test.outside",
        "email",
        3,
    )
    assert (database.task, database.queue) == ("test.database", "analytics")
    assert outside.event_id == database.event_id
    assert outside.event_id.version == 7
    assert outside.key == f"test.outside:{outside.event_id}"
    assert outside.payload == {"order_id": str(order_id), "quantity": 2}
    assert outside.trace == {"request_id": "req-1"}
    assert (outside.state, outside.attempts, outside.wake_at) == (
        "waiting",
        0,
        outside.run_after,
    )


@pytest.mark.django_db
def test_rows_of_several_events_are_one_statement():
    with CaptureQueriesContext(
        connection,
    ) as queries:
        services.add(*(Happened(uuid4()) for _ in range(20)), Unheard())
    inserts = [
        query["sql"] for query in queries if query["sql"].startswith("INSERT")
    ]
    assert len(queries) == 1
    assert len(inserts) == 1
    assert "ON CONFLICT DO NOTHING" in inserts[0]
    assert OutboxEvent.objects.count() == 40


@pytest.mark.django_db
def test_the_same_natural_id_again_adds_nothing_and_leaves_the_row():
    event = Alone(uuid4())
    services.add(event)
    OutboxEvent.objects.update(attempts=2)
    services.add(event, event)
    assert OutboxEvent.objects.get().attempts == 2


@dataclass(frozen=True, slots=True)
class Slotted:
    name: ClassVar[str] = "test.happened"
    order_id: UUID


@dataclass(frozen=True)
class Keyed:
    name: ClassVar[str] = "test.happened"
    order_id: UUID
    kind: str = field(default="sale", init=False)

    @cached_property
    def natural_id(self) -> str:
        return f"{self.order_id}:{self.kind}"


@pytest.mark.django_db
def test_a_row_has_the_events_fields_however_it_keeps_them():
    slotted, keyed = Slotted(uuid4()), Keyed(uuid4())
    assert keyed.natural_id  # kept beside the fields from here on
    services.add(slotted, keyed)
    payloads = OutboxEvent.objects.filter(task="test.outside").order_by("id")
    assert [row.payload for row in payloads] == [
        {"order_id": str(slotted.order_id)},
        {"order_id": str(keyed.order_id), "kind": "sale"},
    ]


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_it_refuses():
    with pytest.raises(transaction.TransactionManagementError):
        services.add(Happened(uuid4()))
    assert not OutboxEvent.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_rollback_takes_the_rows_with_it():
    with transaction.atomic():
        services.add(Happened(uuid4()))
        transaction.set_rollback(True)
    assert not OutboxEvent.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("ann@example.com", ValueError),
        ("x" * 201, ValueError),
        (1.5, TypeError),
        ({"a": 1}, TypeError),
        (object(), TypeError),
    ],
)
def test_refuses_what_is_no_id(value, error):
    with pytest.raises(error, match=r"test\.happened\.quantity"):
        services.add(Happened(uuid4(), quantity=value))
    assert not OutboxEvent.objects.exists()


@pytest.mark.django_db
def test_lists_of_ids_are_kept():
    ids = [uuid4(), uuid4()]
    services.add(Happened(uuid4(), quantity=tuple(ids)))
    assert OutboxEvent.objects.earliest("id").payload["quantity"] == [
        str(one) for one in ids
    ]


@pytest.mark.django_db
def test_an_event_without_a_line_in_the_map_is_refused():
    with pytest.raises(LookupError, match=r"test\.mispelt"):
        services.add(Misspelt())
