"""Handlers and events of the tests' own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar
from uuid import UUID

from celery_app import ON_EVENT
from markrin.outbox import handlers
from markrin.outbox.models import OutboxEvent

ON_EVENT |= {
    "test.happened": ["test.outside", "test.database"],
    "test.alone": ["test.outside"],
    "test.unheard": [],
}

ran: list[dict[str, Any]] = []
_raising: list[BaseException] = []


@dataclass(frozen=True)
class Happened:
    name: ClassVar[str] = "test.happened"
    order_id: UUID
    quantity: Any = 1


@dataclass(frozen=True)
class Alone:
    name: ClassVar[str] = "test.alone"
    order_id: UUID

    @property
    def natural_id(self) -> str:
        return str(self.order_id)


@dataclass(frozen=True)
class Unheard:
    name: ClassVar[str] = "test.unheard"


@dataclass(frozen=True)
class Misspelt:
    name: ClassVar[str] = "test.mispelt"


@contextmanager
def failing(error: BaseException) -> Iterator[None]:
    """Let both handlers raise this, after they have left their trace."""
    _raising.append(error)
    try:
        yield
    finally:
        _raising.clear()


@handlers.handler(
    "test.outside",
    queue="email",
    effect="outside",
    time_limit_s=20,
    max_attempts=3,
    useless_after_s=3600,
)
def outside(**payload: Any) -> dict[str, Any]:
    ran.append(payload)
    if _raising:
        raise _raising[-1]
    return {"sent": True}


@handlers.handler(
    "test.database",
    queue="analytics",
    effect="database",
    time_limit_s=20,
    max_attempts=3,
)
def database(*, order_id: str, **_: Any) -> dict[str, Any]:
    """Leave a row as its effect: a job that nobody runs."""
    OutboxEvent.objects.create(
        event="effect",
        task="none",
        queue="none",
        key=f"effect:{order_id}",
        max_attempts=1,
        payload={},
    )
    if _raising:
        raise _raising[-1]
    return {"written": order_id}
