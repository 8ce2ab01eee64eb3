"""The clock is dead: what is asked for is done all the same, and the heartbeat tells."""

import time

import pytest

from markrin.outbox import heartbeats
from tests.chaos.jobs import Both
from tests.chaos.table import Record
from tests.chaos.world import World, await_

pytestmark = pytest.mark.slow

QUEUES = ("email", "analytics", "inventory")
WITHIN_S = 35  # beat's pulses are 30 s apart


@pytest.mark.timeout(600)
def test_beat_dead(stage: World, hold: Record) -> None:
    stage.relay()
    stage.worker_of_all()
    beat = stage.beat()
    await_(
        lambda: (
            None
            not in [heartbeats.heartbeat_age_s(f"worker:{queue}") for queue in QUEUES]
        ),
        within_s=180,
    )
    well = [stage.alive(queue, WITHIN_S) for queue in QUEUES]
    stage.kill(beat)
    killed = time.monotonic()
    stage.add(*(Both(number) for number in range(50)))
    seconds = stage.finish(within_s=120)
    await_(
        lambda: not any(stage.alive(queue, WITHIN_S) for queue in QUEUES),
        within_s=WITHIN_S + 20,
    )
    told = time.monotonic() - killed
    stage.restart(beat)
    await_(lambda: all(stage.alive(queue, WITHIN_S) for queue in QUEUES), within_s=180)
    counted = f"worker_alive before {well}; 100 rows done in {seconds:.1f} s; told after {told:.0f} s; well when it is back"
    hold("beat dead", 1, "each effect once", counted, stage.breaches(range(50)))
    hold(
        "beat dead",
        1,
        "worker_alive fails, until it is back",
        counted,
        well.count(False) + int(told > WITHIN_S + 10),
    )
