"""The broker goes away, keeps silent, or forgets: nothing is lost, nothing is doubled, and
adding stays quick.
"""

import base64
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import pytest
import redis

from markrin.outbox import heartbeats
from tests.chaos.jobs import Both
from tests.chaos.shop_processes import ShopProcesses, await_
from tests.chaos.table import Record

pytestmark = pytest.mark.slow

BACK_WITHIN_S = (
    40  # a Celery worker waits up to 30 s between its tries to reconnect
)
TRIES = int(os.environ.get("CHAOS_TRIES", "20"))
# What makes a Valkey that answers refuse every write: no memory left, or a primary that has
# lost its replicas. A full disk (MISCONF) and a replica (READONLY) are refusals of one kind.
REFUSALS = {
    "full": {"maxmemory-policy": "noeviction", "maxmemory": "1"},
    "without its replicas": {"min-replicas-to-write": "1"},
}


@pytest.mark.parametrize("fault", ["refuse", "stall"])
@pytest.mark.timeout(180)
def test_broker_gone(processes: ShopProcesses, hold: Record, fault: str) -> None:
    processes.relay()
    processes.worker("email")
    processes.worker("analytics")
    processes.add(Both(0))
    processes.finish()
    getattr(processes.broker, fault)()
    slowest = 0.0
    for number in range(1, 40):
        started = time.monotonic()
        processes.add(Both(number))
        slowest = max(slowest, time.monotonic() - started)
        time.sleep(0.25)
    stuck = processes.states().get("done", 0)
    processes.broker.heal()
    seconds = processes.finish(within_s=BACK_WITHIN_S + 30)
    counted = (
        f"{stuck} of 80 done during 10 s; all {seconds:.1f} s after its return; slowest add"
        f" {slowest * 1000:.0f} ms"
    )
    hold(
        f"broker {fault}",
        1,
        "each effect once",
        counted,
        processes.breaches(range(40)),
    )
    hold(
        f"broker {fault}",
        1,
        f"done within {BACK_WITHIN_S} s of its return",
        counted,
        int(seconds > BACK_WITHIN_S),
    )
    hold(
        f"broker {fault}",
        1,
        "an add takes under 100 ms",
        counted,
        int(slowest > 0.1),
    )


@pytest.mark.timeout(1200)
def test_broker_forgets_everything(processes: ShopProcesses, hold: Record) -> None:
    processes.relay()
    processes.add(*(Both(number) for number in range(500)))
    await_(
        lambda: (
            len(list_told(processes, "email") | list_told(processes, "analytics"))
            == 1000
        ),
        within_s=180,
        why=processes.explain,
    )
    processes.redis.flushdb()
    processes.worker("email")
    processes.worker("analytics")
    time.sleep(5)
    processes.broker.refuse()  # and now it is restarted, empty again, in the middle
    processes.redis.flushdb()
    time.sleep(2)
    processes.broker.heal()
    seconds = processes.finish(within_s=600)
    alive = sum(one.process.poll() is None for one in processes.running.values())
    counted = f"1000 rows, {seconds:.1f} s, {alive} of 3 processes never restarted"
    hold(
        "broker flushed, restarted empty, 1000 rows",
        2,
        "each effect once, no process restarted",
        counted,
        processes.breaches(range(500)) + (alive != 3),
    )


def list_told(processes: ShopProcesses, queue: str) -> set[int]:
    """Return the ids of the rows that the messages in the broker's queue name."""
    messages = cast("list[bytes]", processes.redis.lrange(queue, 0, -1))
    bodies = (base64.b64decode(json.loads(one)["body"]) for one in messages)
    return {row for body in bodies for row in json.loads(body)[0]}


@pytest.mark.timeout(600)
def test_no_relay_and_two_beats(processes: ShopProcesses, hold: Record) -> None:
    processes.worker("email")
    processes.worker("analytics")
    processes.worker("inventory")
    processes.beat("beat 1")
    processes.beat("beat 2")
    queues = ("email", "analytics", "inventory")
    await_(
        lambda: all(
            heartbeats.heartbeat_age_s(f"worker:{queue}") is not None
            for queue in queues
        ),
        within_s=60,
        why=processes.explain,
    )
    took = []
    for turn in range(3):
        processes.add(
            *(Both(number) for number in range(turn * 50, turn * 50 + 50))
        )
        took.append(processes.finish(within_s=60))
        time.sleep(7)
    counted = f"3 times 100 rows, after {', '.join(f'{seconds:.1f}' for seconds in took)} s"
    hold(
        "no relay, two beats",
        3,
        "each effect once",
        counted,
        processes.breaches(range(150)),
    )
    hold(
        "no relay, two beats",
        3,
        "mail within 35 s",
        counted,
        sum(seconds > 35 for seconds in took),
    )


@pytest.mark.parametrize("reason", REFUSALS)
@pytest.mark.timeout(900)
def test_broker_answers_and_refuses_writes(
    processes: ShopProcesses, hold: Record, reason: str
) -> None:
    """A worker begins against it, and others take what was queued before: none gives up."""
    fault = f"broker {reason}: answers, refuses every write"
    processes.relay()
    worker = processes.worker("email")
    processes.add(Both(0))
    await_(lambda: processes.sink.copies()["Mail 0"] == 1, why=processes.explain)
    with refusing(processes.redis, REFUSALS[reason]):
        processes.worker("analytics")
        time.sleep(15)  # it has begun, and tried
    for number in range(1, TRIES + 1):
        # The message must lie in the queue when the writes are refused: the worker waits.
        os.kill(processes.running[worker].pid, signal.SIGSTOP)
        processes.add(Both(number))
        with refusing(processes.redis, REFUSALS[reason], after_s=1):
            os.kill(processes.running[worker].pid, signal.SIGCONT)
            time.sleep(1.5)
    seconds = processes.finish(within_s=300)
    alive = sum(one.process.poll() is None for one in processes.running.values())
    counted = f"all {seconds:.1f} s after the last; {alive} of 3 processes never restarted"
    hold(
        fault,
        TRIES,
        "each effect once, no process restarted",
        counted,
        processes.breaches(range(TRIES + 1)) + (alive != 3),
    )


@contextmanager
def refusing(
    server: redis.Redis, settings: dict[str, str], *, after_s: float = 0
) -> Iterator[None]:
    """Let the server refuse every write from so many seconds on, until the block ends."""
    before = {name: str(server.config_get(name)[name]) for name in settings}
    time.sleep(after_s)
    try:
        for name, value in settings.items():
            server.config_set(name, value)
        yield
    finally:
        for name, value in before.items():
            server.config_set(name, value)
