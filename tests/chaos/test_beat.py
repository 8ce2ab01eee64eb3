"""The clock is dead: what is asked for is done all the same, and the heartbeat tells."""

import time

import pytest

from celery_app import QUEUES
from markrin.outbox import heartbeats
from tests.chaos.jobs import Both
from tests.chaos.shop_processes import ShopProcesses, await_
from tests.chaos.table import Record

pytestmark = pytest.mark.slow

WITHIN_S = 35  # beat's heartbeats are 30 s apart


@pytest.mark.timeout(600)
def test_beat_dead(processes: ShopProcesses, hold: Record) -> None:
    processes.relay()
    processes.worker_of_all()
    beat = processes.beat()
    await_(
        lambda: (
            None
            not in [
                heartbeats.heartbeat_age_s(f"worker:{queue}") for queue in QUEUES
            ]
        ),
        within_s=180,
    )
    well = [processes.alive(queue, WITHIN_S) for queue in QUEUES]
    processes.kill(beat)
    killed = time.monotonic()
    processes.add(*(Both(number) for number in range(50)))
    seconds = processes.finish(within_s=120)
    await_(
        lambda: not any(processes.alive(queue, WITHIN_S) for queue in QUEUES),
        within_s=WITHIN_S + 20,
    )
    told = time.monotonic() - killed
    processes.restart(beat)
    await_(
        lambda: all(processes.alive(queue, WITHIN_S) for queue in QUEUES),
        within_s=180,
    )
    counted = (
        f"worker_alive before {well}; 100 rows done in {seconds:.1f} s; told after"
        f" {told:.0f} s; well when it is back"
    )
    hold("beat dead", 1, "each effect once", counted, processes.breaches(range(50)))
    hold(
        "beat dead",
        1,
        "worker_alive fails, until it is back",
        counted,
        well.count(False) + int(told > WITHIN_S + 10),
    )
