"""Processes die, hang, are told to stop, or believe it is another hour."""

import os
import random
import signal
import time
from contextlib import suppress

import pytest

from markrin.outbox import heartbeats
from markrin.outbox.models import OutboxEvent
from tests.chaos.jobs import Both, Counted, Crashed, Dawdled, Eaten, Slept
from tests.chaos.shop_processes import ShopProcesses, await_
from tests.chaos.table import Record

pytestmark = pytest.mark.slow

KILLS = 20


@pytest.mark.timeout(420)
def test_kill_relay_and_workers_at_random(
    processes: ShopProcesses, hold: Record
) -> None:
    dice = random.Random(6)
    email, *others = (
        processes.worker("email", concurrency=4),
        processes.worker("analytics"),
        processes.relay(),
    )
    processes.mail.delay(0.05)  # so that many a kill falls into a send
    sending = OutboxEvent.objects.filter(state="running", queue="email")
    for kill in range(KILLS):
        processes.add(
            *(Both(number) for number in range(kill * 20, kill * 20 + 20))
        )
        await_(sending.exists, within_s=60, why=processes.explain)
        time.sleep(dice.uniform(0, 1))
        name = dice.choice([email, email, *others])
        children = processes.children(name)
        if children and dice.random() < 0.5:
            _kill(dice.choice(children))
        else:
            processes.kill(name)
            processes.restart(name)
    processes.mail.delay(0)
    seconds = processes.finish(within_s=240)
    numbers = range(KILLS * 20)
    copies = processes.sink.copies()
    missing = sum(copies[f"Mail {number}"] == 0 for number in numbers)
    extra = sum(copies.values()) - len(copies)
    ids = sum(len(ids) != 1 for ids in processes.sink.ids().values())
    counted = (
        f"{missing} of 400 mails missing, {extra} extra, {processes.lost()} runs lost,"
        f" {seconds:.0f} s after the last"
    )
    hold(
        "kill -9 of relay and workers at random",
        KILLS,
        "every mail; database effects once",
        counted,
        missing + (processes.effects() != dict.fromkeys(numbers, 1)),
    )
    hold(
        "kill -9 of relay and workers at random",
        KILLS,
        "extra copies <= runs lost, one Message-ID",
        counted,
        max(0, extra - processes.lost()) + ids,
    )


@pytest.mark.timeout(180)
def test_lost_run_is_back_when_its_lease_ends(
    processes: ShopProcesses, hold: Record
) -> None:
    processes.relay()
    name = processes.worker("analytics")
    processes.add(Slept(1))
    await_(
        lambda: processes.states().get("running") == 1,
        within_s=30,
        why=processes.explain,
    )
    processes.kill(name)
    killed = time.monotonic()
    processes.worker("analytics", name="another")
    processes.finish(within_s=60)
    seconds = time.monotonic() - killed
    limit = (
        3 + 15 + 2 + 1
    )  # time limit, margin, the 2 s that are allowed, and the second that the job takes
    counted = f"done again {seconds:.1f} s after the kill (allowed {limit})"
    hold(
        "kill -9 of a worker in a run",
        1,
        "recovered within lease + 2 s",
        counted,
        int(seconds > limit) + (processes.effects() != {1: 1}),
    )


@pytest.mark.timeout(180)
def test_a_worker_stopped_past_its_lease(
    processes: ShopProcesses, hold: Record
) -> None:
    processes.relay()
    first = processes.worker("analytics")
    processes.add(Slept(1), Dawdled(2))
    await_(
        lambda: processes.states().get("running") == 2,
        within_s=30,
        why=processes.explain,
    )
    processes.running[first].signal(signal.SIGSTOP)
    processes.worker("analytics", name="another")
    seconds = processes.finish(within_s=60)
    processes.running[first].signal(signal.SIGCONT)
    time.sleep(4)
    late = processes.running[first].output().count(
        "job_lease_lost"
    ) + processes.running[first].output().count("lease_lost")
    counted = (
        f"both done by another worker in {seconds:.1f} s; effects {processes.effects()};"
        f" {late} late ends refused"
    )
    hold(
        "SIGSTOP of a worker past its lease, SIGCONT",
        1,
        "late finish refused, no effect doubled",
        counted,
        int(processes.effects() != {1: 1, 2: 1}),
    )


@pytest.mark.timeout(240)
def test_a_job_that_crashes_or_eats_memory(
    processes: ShopProcesses, hold: Record
) -> None:
    processes.relay()
    processes.worker("inventory", concurrency=2)
    processes.worker("analytics")
    processes.add(
        Crashed(1), Eaten(2), *(Counted(number) for number in range(100, 120))
    )
    await_(
        lambda: sum(n >= 100 for n in processes.effects()) == 20,
        within_s=30,
        why=processes.explain,
    )
    seconds = processes.finish(within_s=150)
    dead = dict(
        OutboxEvent.objects.filter(state="dead").values_list("task", "error")
    )
    runs = {
        number: count
        for number, count in processes.effects().items()
        if number < 100
    }
    counted = f"runs {runs}, {dead}, {seconds:.0f} s; 20 neighbours done"
    hold(
        "a job that segfaults, one that eats memory",
        3,
        "dead after max_attempts, neighbours run",
        counted,
        (runs != {1: 2, 2: 1})
        + (dead.get("chaos.segfault") != "RunsLost: lost too often")
        + (not str(dead.get("chaos.eat")).startswith("MemoryError")),
    )


@pytest.mark.parametrize("hours", ["1", "-1"])
@pytest.mark.timeout(400)
def test_a_worker_with_a_wrong_clock(
    processes: ShopProcesses, hold: Record, hours: str
) -> None:
    processes.relay()
    processes.beat()
    processes.worker("email", CHAOS_CLOCK_HOURS=hours)
    processes.worker("analytics", CHAOS_CLOCK_HOURS=hours)
    processes.worker("inventory")
    processes.add(*(Both(number) for number in range(20)), Slept(99))
    # Five processes start meanwhile, which a busy machine takes half a minute for.
    seconds = processes.finish(within_s=150)
    await_(
        lambda: heartbeats.heartbeat_age_s("worker:inventory") is not None,
        within_s=60,
        why=processes.explain,
    )
    time.sleep(2)
    deaf = heartbeats.heartbeat_age_s("worker:email") is None
    counted = (
        f"{seconds:.1f} s, {processes.lost()} leases lost, heartbeat"
        f" {'not seen' if deaf else 'seen'}"
    )
    hold(
        f"worker clock {hours} h",
        1,
        "mail goes, no lease lost early",
        counted,
        processes.breaches(range(20), mails_only=True)
        + processes.lost()
        + (processes.effects() != dict.fromkeys([*range(20), 99], 1)),
    )
    hold(
        f"worker clock {hours} h",
        1,
        "ahead: heartbeats expire, so their age tells",
        counted,
        int(deaf != (hours == "1")),
    )


@pytest.mark.timeout(120)
def test_sigterm_in_the_middle_of_a_batch(
    processes: ShopProcesses, hold: Record
) -> None:
    processes.relay()
    names = [processes.worker("email"), processes.worker("analytics")]
    processes.mail.delay(0.02)
    processes.add(*(Both(number) for number in range(100)))
    await_(
        lambda: len(processes.sink.mails) >= 10, within_s=30, why=processes.explain
    )
    codes = [processes.running[name].stop(seconds=45) for name in names]
    left = 200 - processes.states().get("done", 0)
    for name in names:
        processes.restart(name)
    seconds = processes.finish(within_s=60)
    counted = (
        f"exit codes {codes}, {left} rows left, done {seconds:.1f} s after the restart,"
        f" {processes.lost()} runs lost"
    )
    hold(
        "SIGTERM in the middle of a batch",
        2,
        "each effect once, no run lost",
        counted,
        processes.breaches(range(100)) + processes.lost() + (codes != [0, 0]),
    )


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
