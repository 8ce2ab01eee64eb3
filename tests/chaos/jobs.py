"""Jobs for the tests: the worker runs `celery -A tests.chaos.jobs worker`, and the tests
add their events.

What a job does is counted in the table chaos_effect, or by the mail server, and never
prevented from happening twice."""

import ctypes
import os
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import time_machine
from celery.signals import worker_process_init
from django.db import connection

from celery_app import ON_EVENT, app
from markrin.mail import sending
from markrin.outbox import handlers as outbox

__all__ = ["app"]

ON_EVENT |= {
    "chaos.mailed": ["chaos.mail"],
    "chaos.counted": ["chaos.count"],
    "chaos.both": ["chaos.mail", "chaos.count"],
    "chaos.crashed": ["chaos.segfault"],
    "chaos.eaten": ["chaos.eat"],
    "chaos.slept": ["chaos.sleep"],
    "chaos.dawdled": ["chaos.dawdle"],
}

if hours := float(os.environ.get("CHAOS_CLOCK_HOURS", "0")):
    time_machine.travel(timedelta(hours=hours), tick=True).start()


@worker_process_init.connect
def _fail_feeds(**_: Any) -> None:
    """Treat feeds as the test wants; here, since the shop's modules are loaded only now."""
    from products import tasks
    from products.services.feeds import staging
    from tests.chaos import killing

    if os.environ.get("CHAOS_WEBHOOKS"):
        _hurry_webhooks()
    if chunk := int(os.environ.get("CHAOS_FEED_CHUNK", "0")):
        staging.CHUNK = chunk  # type: ignore[misc]  # Final for the product's code
        tasks.FEED_BUDGET_S = 2
    if marks := os.environ.get("CHAOS_FEED_KILLS"):
        killing.in_each_chunk(Path(marks))
    if pause_s := float(os.environ.get("CHAOS_FEED_PAUSE_S", "0")):
        killing.slow_chunks(pause_s)


def _hurry_webhooks() -> None:
    """Wait a second where the shop waits minutes."""
    from markrin.outbox import rows
    from markrin.webhooks.services import delivering

    rows.DELAYS_S = (1,) * len(rows.DELAYS_S)  # type: ignore[assignment]  # a tuple of ten
    delivering.PAUSE_S = (1,) * 6  # type: ignore[misc]  # Final for the product's code
    delivering.TOTAL_S = 1.0  # type: ignore[misc]  # as above


@dataclass(frozen=True)
class Mailed:
    name: ClassVar[str] = "chaos.mailed"
    number: int


@dataclass(frozen=True)
class Counted:
    name: ClassVar[str] = "chaos.counted"
    number: int


@dataclass(frozen=True)
class Both:
    name: ClassVar[str] = "chaos.both"
    number: int


@dataclass(frozen=True)
class Crashed:
    name: ClassVar[str] = "chaos.crashed"
    number: int


@dataclass(frozen=True)
class Eaten:
    name: ClassVar[str] = "chaos.eaten"
    number: int


@dataclass(frozen=True)
class Slept:
    name: ClassVar[str] = "chaos.slept"
    number: int


@dataclass(frozen=True)
class Dawdled:
    name: ClassVar[str] = "chaos.dawdled"
    number: int


@outbox.handler(
    "chaos.mail", queue="email", effect="outside", time_limit_s=30, max_attempts=11
)
def send(*, number: int, **_: Any) -> dict[str, str]:
    return sending.send_mail(
        template="chaos",
        to=f"customer{number}@example.com",
        context={"number": number},
        key=f"chaos.mail:{number}",
    )


@outbox.handler(
    "chaos.count",
    queue="analytics",
    effect="database",
    time_limit_s=5,
    max_attempts=11,
)
def count(*, number: int, **_: Any) -> None:
    _note(number)


@outbox.handler(
    "chaos.segfault",
    queue="inventory",
    effect="outside",
    time_limit_s=5,
    max_attempts=2,
)
def segfault(*, number: int, **_: Any) -> None:
    _note(number)
    ctypes.string_at(0)


@outbox.handler(
    "chaos.eat",
    queue="inventory",
    effect="outside",
    time_limit_s=20,
    max_attempts=1,
)
def eat(*, number: int, **_: Any) -> None:
    _note(number)
    eaten = []
    while True:
        eaten.append(bytearray(16 * 1024 * 1024))


@outbox.handler(
    "chaos.sleep",
    queue="analytics",
    effect="database",
    time_limit_s=3,
    max_attempts=3,
)
def sleep(*, number: int, **_: Any) -> None:
    """Leave an effect, slowly: a test stops the process in the middle."""
    _note(number)
    time.sleep(1)


@outbox.handler(
    "chaos.dawdle",
    queue="analytics",
    effect="outside",
    time_limit_s=3,
    max_attempts=3,
)
def dawdle(*, number: int, **_: Any) -> None:
    """Wait before an effect outside, which must not happen once the lease is gone."""
    time.sleep(1)
    outbox.check_lease()
    _note(number)


def _note(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO chaos_effect (number, pid) VALUES (%s, %s)",
            [number, os.getpid()],
        )
