"""What benchmarks/outbox.py has done: nothing, a row written, and a mail sent; each as a job of the
outbox and as a task of Celery's own; and a mail in the queue of mails.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from django.core.mail import EmailMessage, get_connection
from django.db import connection

from celery_app import ON_EVENT, app
from markrin.outbox import handlers as outbox

__all__ = ["app"]

QUEUE = "analytics"
MAIL_QUEUE = "email"
KINDS: Final = ("nothing", "effect", "mail")
EFFECT_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS bench_effect (number int NOT NULL)"
)
ON_EVENT |= {f"bench.{kind}": [f"bench.{kind}"] for kind in (*KINDS, "letter")}


@dataclass(frozen=True)
class Noop:
    name: ClassVar[str] = "bench.nothing"
    number: int


@dataclass(frozen=True)
class Effect:
    name: ClassVar[str] = "bench.effect"
    number: int


@dataclass(frozen=True)
class Mail:
    name: ClassVar[str] = "bench.mail"
    number: int


@dataclass(frozen=True)
class Letter:
    name: ClassVar[str] = "bench.letter"
    number: int


EVENTS: Final[dict[str, type[Noop] | type[Effect] | type[Mail]]] = {
    "nothing": Noop,
    "effect": Effect,
    "mail": Mail,
}


@outbox.handler(
    "bench.letter",
    queue=MAIL_QUEUE,
    effect="outside",
    time_limit_s=30,
    max_attempts=3,
)
def send_letter(*, number: int, **later: Any) -> None:
    """Send a mail: how long it waits until it begins is what is measured."""
    _send(number)


@outbox.handler(
    "bench.nothing", queue=QUEUE, effect="database", time_limit_s=30, max_attempts=3
)
def do_nothing(*, number: int, **later: Any) -> None:
    """Do nothing."""


@outbox.handler(
    "bench.effect", queue=QUEUE, effect="database", time_limit_s=30, max_attempts=3
)
def write_effect(*, number: int, **later: Any) -> None:
    """Write a row."""
    _write(number)


@outbox.handler(
    "bench.mail", queue=QUEUE, effect="outside", time_limit_s=30, max_attempts=3
)
def send_mail(*, number: int, **later: Any) -> None:
    """Send a mail as the shop does: by EMAIL_BACKEND, which keeps its connection."""
    _send(number)


@app.task(name="bench.plain_nothing")
def plain_nothing(number: int) -> None:
    """Do nothing."""


@app.task(name="bench.plain_effect")
def plain_effect(number: int) -> None:
    """Write a row."""
    _write(number)


@app.task(name="bench.plain_mail")
def plain_mail(number: int) -> None:
    """Send a mail by Django's own backend: a connection for each."""
    _send(number, backend="django.core.mail.backends.smtp.EmailBackend")


PLAIN: Final = {
    "nothing": plain_nothing,
    "effect": plain_effect,
    "mail": plain_mail,
}


def _write(number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO bench_effect (number) VALUES (%s)", [number])


def _send(number: int, *, backend: str | None = None) -> None:
    EmailMessage(
        f"Order {number}",
        "Thank you.",
        "shop@example.com",
        ["customer@example.com"],
        connection=get_connection(backend),
    ).send()
