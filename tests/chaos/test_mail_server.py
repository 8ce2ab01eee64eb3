"""The mail server fails: mail waits, nothing is lost, nothing else waits with it."""

import time

import pytest

from markrin.outbox import selectors, services
from markrin.outbox.models import OutboxEvent
from tests.chaos.jobs import Both, Mailed
from tests.chaos.table import Record
from tests.chaos.world import World, await_

pytestmark = pytest.mark.slow


def start(stage: World) -> None:
    stage.relay()
    stage.worker("email")
    stage.worker("analytics")
    stage.add(Mailed(1000))
    stage.finish()


@pytest.mark.parametrize("fault", ["refuse", "stall"])
@pytest.mark.timeout(240)
def test_mail_server_out_of_reach(stage: World, hold: Record, fault: str) -> None:
    start(stage)
    getattr(stage.mail, fault)()
    began = time.monotonic()
    stage.add(*(Both(number) for number in range(20)))
    await_(lambda: len(stage.effects()) == 20, why=stage.explain)
    others = time.monotonic() - began
    await_(lambda: bool(selectors.list_paused_queues()), within_s=60, why=stage.explain)
    paused = time.monotonic() - began
    stage.mail.heal()
    seconds = stage.finish(within_s=150)
    counted = f"others done in {others:.1f} s, queue paused after {paused:.1f} s, mails {seconds:.1f} s after its return"
    hold(
        f"mail server {fault}",
        1,
        "each mail once, each effect once",
        counted,
        stage.breaches(range(20)),
    )
    hold(
        f"mail server {fault}",
        1,
        "other queues unaffected (5 s)",
        counted,
        int(others > 5),
    )


@pytest.mark.timeout(240)
def test_mail_server_is_busy(stage: World, hold: Record) -> None:
    start(stage)
    stage.sink.fault = "4xx"
    stage.add(*(Mailed(number) for number in range(10)))
    await_(lambda: stage.sink.tries >= 11, why=stage.explain)
    rows = OutboxEvent.objects.filter(
        attempts__gte=1,
        state="waiting",
        error__startswith="Retry: SMTPRecipientsRefused",
    )
    await_(lambda: rows.count() == 10, why=stage.explain)
    leaks = sum("@" in error for error in rows.values_list("error", flat=True))
    stage.sink.fault = ""
    seconds = stage.finish(within_s=120)
    counted = f"10 mails put off, none dead, {seconds:.1f} s after; {leaks} addresses in errors"
    hold(
        "mail server 4xx",
        10,
        "each mail once, none dead",
        counted,
        stage.breaches(range(10), mails_only=True) + leaks,
    )


@pytest.mark.timeout(120)
def test_mail_server_refuses_for_good(stage: World, hold: Record) -> None:
    start(stage)
    stage.sink.fault = "5xx"
    stage.add(*(Mailed(number) for number in range(10)))
    stage.finish()
    dead = OutboxEvent.objects.filter(
        state="dead", attempts=1, error__startswith="Permanent: SMTPRecipientsRefused"
    )
    count = dead.count()
    stage.sink.fault = ""
    again = services.retry_jobs(selectors.list_dead_ids(task="chaos.mail"))
    stage.finish()
    counted = f"{count} dead at once; run again: {again} sent"
    hold(
        "mail server 5xx",
        10,
        "dead at once, and whole when run again",
        counted,
        (count != 10) + stage.breaches(range(10), mails_only=True),
    )


@pytest.mark.parametrize("fault", ["cut after DATA", "slow"])
@pytest.mark.timeout(240)
def test_mail_server_takes_the_mail_but_does_not_say_so(
    stage: World, hold: Record, fault: str
) -> None:
    start(stage)
    stage.sink.fault = fault  # type: ignore[assignment]  # parametrize knows no Literal
    stage.sink.slow_s = 5  # over the client's 2
    stage.add(*(Mailed(number) for number in range(3)))
    await_(
        lambda: (
            OutboxEvent.objects.filter(attempts__gte=1, state="waiting").count() == 3
        ),
        within_s=40,
        why=stage.explain,
    )
    stage.sink.fault = ""
    seconds = stage.finish(within_s=120)
    copies = stage.sink.copies()
    missing = sum(copies[f"Mail {number}"] == 0 for number in range(3))
    ids = sum(len(ids) != 1 for ids in stage.sink.ids().values())
    counted = f"{sum(copies.values()) - 1} copies of 3 mails, {missing} missing, {ids} with two Message-IDs, {seconds:.1f} s"
    hold(
        f"mail server {fault}",
        3,
        "none lost; copies share their Message-ID",
        counted,
        missing + ids,
    )
