"""What benchmarks/outbox.py has done: nothing, once as a job of the outbox and once as a
task of Celery's own; and nothing in the queue of mails.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from celery_app import ON_EVENT, app
from markrin.outbox import handlers as outbox

__all__ = ["app"]

QUEUE = "analytics"
PLAIN = "bench.plain"
MAIL_QUEUE = "email"
ON_EVENT |= {"bench.nothing": ["bench.nothing"], "bench.letter": ["bench.letter"]}


@dataclass(frozen=True)
class Nothing:
    name: ClassVar[str] = "bench.nothing"
    number: int


@dataclass(frozen=True)
class Letter:
    name: ClassVar[str] = "bench.letter"
    number: int


@outbox.handler(
    "bench.letter", queue=MAIL_QUEUE, effect="outside", time_limit_s=30, max_attempts=3
)
def letter(*, number: int, **later: Any) -> None:
    """Do nothing: how long a mail waits until it begins is what is measured."""


@outbox.handler(
    "bench.nothing", queue=QUEUE, effect="database", time_limit_s=30, max_attempts=3
)
def nothing(*, number: int, **later: Any) -> None:
    """Do nothing."""


@app.task(name=PLAIN)
def plain(number: int) -> None:
    """Do nothing."""
