"""A job is found again by the request that asked for it: in the log, and in Sentry where
that is on.
"""

from typing import Any
from uuid import uuid4

import pytest
import sentry_sdk
import structlog
from sentry_sdk.transport import Transport

from markrin.outbox import handlers, services
from markrin.outbox.models import OutboxEvent
from tests.outbox import jobs
from tests.outbox.helpers import drain

pytestmark = pytest.mark.django_db


class Kept(Transport):
    """Keeps what would be sent."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []

    def capture_envelope(self, envelope) -> None:
        self.events += [
            item.payload.json
            for item in envelope.items
            if item.type == "transaction"
        ]


@pytest.fixture
def sentry():
    kept = Kept()
    sentry_sdk.init(
        dsn="http://key@127.0.0.1/1",
        transport=kept,
        traces_sample_rate=1.0,
        default_integrations=False,
        auto_enabling_integrations=False,
    )
    yield kept
    sentry_sdk.get_client().close(timeout=0)
    sentry_sdk.get_global_scope().set_client(None)


def test_the_worker_logs_with_the_requests_id(monkeypatch):
    with structlog.contextvars.bound_contextvars(request_id="req-9"):
        services.add(jobs.Alone(uuid4()))
    seen: list[object] = []
    known = handlers.registry["test.outside"]
    watching = handlers.Handler(
        known.name,
        known.queue,
        known.effect,
        20,
        3,
        None,
        lambda **_: seen.append(
            structlog.contextvars.get_contextvars().get("request_id")
        ),
    )
    assert handlers.run_job(watching, OutboxEvent.objects.get().pk) == "done"
    assert seen == ["req-9"]
    assert "request_id" not in structlog.contextvars.get_contextvars()


def test_a_job_continues_the_requests_trace(sentry):
    with sentry_sdk.start_transaction(name="POST /api/orders") as request:
        services.add(jobs.Alone(uuid4()))
    trace = OutboxEvent.objects.get().trace
    assert trace["sentry-trace"].startswith(request.trace_id)
    assert drain() == [("test.outside", "done")]
    job = next(
        event for event in sentry.events if event["transaction"] == "test.outside"
    )
    assert job["contexts"]["trace"]["trace_id"] == request.trace_id


def test_without_sentry_a_row_keeps_no_trace_of_it():
    services.add(jobs.Alone(uuid4()))
    assert OutboxEvent.objects.get().trace == {}
