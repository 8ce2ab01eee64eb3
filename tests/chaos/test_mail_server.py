"""The mail server fails: mail waits, nothing is lost, nothing else waits with it."""

import time

import pytest

from markrin.outbox import selectors, services
from markrin.outbox.models import OutboxEvent
from tests.chaos.jobs import Both, Mailed
from tests.chaos.shop_processes import ShopProcesses, await_
from tests.chaos.table import Record

pytestmark = pytest.mark.slow


def start(processes: ShopProcesses) -> None:
    processes.relay()
    processes.worker("email")
    processes.worker("analytics")
    processes.add(Mailed(1000))
    processes.finish()


@pytest.mark.parametrize("fault", ["refuse", "stall"])
@pytest.mark.timeout(240)
def test_mail_server_out_of_reach(
    processes: ShopProcesses, hold: Record, fault: str
) -> None:
    start(processes)
    getattr(processes.mail, fault)()
    began = time.monotonic()
    processes.add(*(Both(number) for number in range(20)))
    await_(lambda: len(processes.effects()) == 20, why=processes.explain)
    others = time.monotonic() - began
    await_(
        lambda: bool(selectors.list_paused_queues()),
        within_s=60,
        why=processes.explain,
    )
    paused = time.monotonic() - began
    processes.mail.heal()
    seconds = processes.finish(within_s=150)
    counted = (
        f"others done in {others:.1f} s, queue paused after {paused:.1f} s, mails"
        f" {seconds:.1f} s after its return"
    )
    hold(
        f"mail server {fault}",
        1,
        "each mail once, each effect once",
        counted,
        processes.breaches(range(20)),
    )
    hold(
        f"mail server {fault}",
        1,
        "other queues unaffected (5 s)",
        counted,
        int(others > 5),
    )


@pytest.mark.timeout(240)
def test_mail_server_is_busy(processes: ShopProcesses, hold: Record) -> None:
    start(processes)
    processes.sink.fault = "4xx"
    processes.add(*(Mailed(number) for number in range(10)))
    await_(lambda: processes.sink.tries >= 11, why=processes.explain)
    rows = OutboxEvent.objects.filter(
        attempts__gte=1,
        state="waiting",
        error__startswith="Retry: SMTPRecipientsRefused",
    )
    await_(lambda: rows.count() == 10, why=processes.explain)
    leaks = sum("@" in error for error in rows.values_list("error", flat=True))
    processes.sink.fault = ""
    seconds = processes.finish(within_s=120)
    counted = f"10 mails put off, none dead, {seconds:.1f} s after; {leaks} addresses in errors"
    hold(
        "mail server 4xx",
        10,
        "each mail once, none dead",
        counted,
        processes.breaches(range(10), mails_only=True) + leaks,
    )


@pytest.mark.timeout(120)
def test_mail_server_refuses_for_good(
    processes: ShopProcesses, hold: Record
) -> None:
    start(processes)
    processes.sink.fault = "5xx"
    processes.add(*(Mailed(number) for number in range(10)))
    processes.finish()
    dead = OutboxEvent.objects.filter(
        state="dead",
        attempts=1,
        error__startswith="Permanent: SMTPRecipientsRefused",
    )
    count = dead.count()
    processes.sink.fault = ""
    again = services.retry_jobs(selectors.list_dead_ids(task="chaos.mail"))
    processes.finish()
    counted = f"{count} dead at once; run again: {again} sent"
    hold(
        "mail server 5xx",
        10,
        "dead at once, and whole when run again",
        counted,
        (count != 10) + processes.breaches(range(10), mails_only=True),
    )


@pytest.mark.parametrize("fault", ["cut after DATA", "slow"])
@pytest.mark.timeout(240)
def test_mail_server_takes_the_mail_but_does_not_say_so(
    processes: ShopProcesses, hold: Record, fault: str
) -> None:
    start(processes)
    processes.sink.fault = fault  # type: ignore[assignment]  # parametrize knows no Literal
    processes.sink.slow_s = 5  # over the client's 2
    processes.add(*(Mailed(number) for number in range(3)))
    await_(
        lambda: (
            OutboxEvent.objects.filter(attempts__gte=1, state="waiting").count()
            == 3
        ),
        within_s=40,
        why=processes.explain,
    )
    processes.sink.fault = ""
    seconds = processes.finish(within_s=120)
    copies = processes.sink.copies()
    missing = sum(copies[f"Mail {number}"] == 0 for number in range(3))
    ids = sum(len(ids) != 1 for ids in processes.sink.ids().values())
    counted = (
        f"{sum(copies.values()) - 1} copies of 3 mails, {missing} missing, {ids} with two"
        f" Message-IDs, {seconds:.1f} s"
    )
    hold(
        f"mail server {fault}",
        3,
        "none lost; copies share their Message-ID",
        counted,
        missing + ids,
    )
