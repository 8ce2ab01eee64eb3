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
from tests.chaos.table import Record
from tests.chaos.world import World, await_

pytestmark = pytest.mark.slow

KILLS = 20


@pytest.mark.timeout(420)
def test_kill_relay_and_workers_at_random(stage: World, hold: Record) -> None:
    dice = random.Random(6)
    email, *others = (
        stage.worker("email", concurrency=4),
        stage.worker("analytics"),
        stage.relay(),
    )
    stage.mail.delay(0.05)  # so that many a kill falls into a send
    sending = OutboxEvent.objects.filter(state="running", queue="email")
    for kill in range(KILLS):
        stage.add(*(Both(number) for number in range(kill * 20, kill * 20 + 20)))
        await_(sending.exists, within_s=60, why=stage.explain)
        time.sleep(dice.uniform(0, 1))
        name = dice.choice([email, email, *others])
        children = stage.children(name)
        if children and dice.random() < 0.5:
            _kill(dice.choice(children))
        else:
            stage.kill(name)
            stage.restart(name)
    stage.mail.delay(0)
    seconds = stage.finish(within_s=240)
    numbers = range(KILLS * 20)
    copies = stage.sink.copies()
    missing = sum(copies[f"Mail {number}"] == 0 for number in numbers)
    extra = sum(copies.values()) - len(copies)
    ids = sum(len(ids) != 1 for ids in stage.sink.ids().values())
    counted = f"{missing} of 400 mails missing, {extra} extra, {stage.lost()} runs lost, {seconds:.0f} s after the last"
    hold(
        "kill -9 of relay and workers at random",
        KILLS,
        "every mail; database effects once",
        counted,
        missing + (stage.effects() != dict.fromkeys(numbers, 1)),
    )
    hold(
        "kill -9 of relay and workers at random",
        KILLS,
        "extra copies <= runs lost, one Message-ID",
        counted,
        max(0, extra - stage.lost()) + ids,
    )


@pytest.mark.timeout(180)
def test_lost_run_is_back_when_its_lease_ends(stage: World, hold: Record) -> None:
    stage.relay()
    name = stage.worker("analytics")
    stage.add(Slept(1))
    await_(lambda: stage.states().get("running") == 1, within_s=30, why=stage.explain)
    stage.kill(name)
    killed = time.monotonic()
    stage.worker("analytics", name="another")
    stage.finish(within_s=60)
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
        int(seconds > limit) + (stage.effects() != {1: 1}),
    )


@pytest.mark.timeout(180)
def test_a_worker_stopped_past_its_lease(stage: World, hold: Record) -> None:
    stage.relay()
    first = stage.worker("analytics")
    stage.add(Slept(1), Dawdled(2))
    await_(lambda: stage.states().get("running") == 2, within_s=30, why=stage.explain)
    stage.running[first].signal(signal.SIGSTOP)
    stage.worker("analytics", name="another")
    seconds = stage.finish(within_s=60)
    stage.running[first].signal(signal.SIGCONT)
    time.sleep(4)
    late = stage.running[first].output().count("job_lease_lost") + stage.running[
        first
    ].output().count("lease_lost")
    counted = f"both done by another worker in {seconds:.1f} s; effects {stage.effects()}; {late} late ends refused"
    hold(
        "SIGSTOP of a worker past its lease, SIGCONT",
        1,
        "late finish refused, no effect doubled",
        counted,
        int(stage.effects() != {1: 1, 2: 1}),
    )


@pytest.mark.timeout(240)
def test_a_job_that_crashes_or_eats_memory(stage: World, hold: Record) -> None:
    stage.relay()
    stage.worker("inventory", concurrency=2)
    stage.worker("analytics")
    stage.add(Crashed(1), Eaten(2), *(Counted(number) for number in range(100, 120)))
    await_(
        lambda: sum(n >= 100 for n in stage.effects()) == 20,
        within_s=30,
        why=stage.explain,
    )
    seconds = stage.finish(within_s=150)
    dead = dict(OutboxEvent.objects.filter(state="dead").values_list("task", "error"))
    runs = {number: count for number, count in stage.effects().items() if number < 100}
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
@pytest.mark.timeout(180)
def test_a_worker_with_a_wrong_clock(stage: World, hold: Record, hours: str) -> None:
    stage.relay()
    stage.beat()
    stage.worker("email", CHAOS_CLOCK_HOURS=hours)
    stage.worker("analytics", CHAOS_CLOCK_HOURS=hours)
    stage.worker("inventory")
    stage.add(*(Both(number) for number in range(20)), Slept(99))
    seconds = stage.finish(within_s=30)
    await_(
        lambda: heartbeats.heartbeat_age_s("worker:inventory") is not None,
        within_s=60,
        why=stage.explain,
    )
    time.sleep(2)
    deaf = heartbeats.heartbeat_age_s("worker:email") is None
    counted = f"{seconds:.1f} s, {stage.lost()} leases lost, pulse {'not seen' if deaf else 'seen'}"
    hold(
        f"worker clock {hours} h",
        1,
        "mail goes, no lease lost early",
        counted,
        stage.breaches(range(20), mails_only=True)
        + stage.lost()
        + (stage.effects() != dict.fromkeys([*range(20), 99], 1)),
    )
    hold(
        f"worker clock {hours} h",
        1,
        "ahead: pulses expire, so the heartbeat tells",
        counted,
        int(deaf != (hours == "1")),
    )


@pytest.mark.timeout(120)
def test_sigterm_in_the_middle_of_a_batch(stage: World, hold: Record) -> None:
    stage.relay()
    names = [stage.worker("email"), stage.worker("analytics")]
    stage.mail.delay(0.02)
    stage.add(*(Both(number) for number in range(100)))
    await_(lambda: len(stage.sink.mails) >= 10, within_s=30, why=stage.explain)
    codes = [stage.running[name].stop(seconds=45) for name in names]
    left = 200 - stage.states().get("done", 0)
    for name in names:
        stage.restart(name)
    seconds = stage.finish(within_s=60)
    counted = f"exit codes {codes}, {left} rows left, done {seconds:.1f} s after the restart, {stage.lost()} runs lost"
    hold(
        "SIGTERM in the middle of a batch",
        2,
        "each effect once, no run lost",
        counted,
        stage.breaches(range(100)) + stage.lost() + (codes != [0, 0]),
    )


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
