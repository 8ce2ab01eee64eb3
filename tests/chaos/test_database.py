"""The database crashes or is away: jobs wait, every process recovers by itself, and no finished mail is forgotten."""

import os
import signal
import time

import pytest

from tests.chaos.conftest import Record
from tests.chaos.jobs import Both
from tests.chaos.world import World, await_

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(os.environ.get("TEST_DATABASE_URL")), reason="stops the server, which is not the tests' own"
    ),
]


@pytest.mark.parametrize(
    ("how", "away_s", "fault"),
    [(signal.SIGQUIT, 0, "PostgreSQL immediate restart"), (signal.SIGINT, 10, "PostgreSQL stopped for 10 s")],
)
@pytest.mark.timeout(300)
def test_database_gone(stage: World, hold: Record, how: signal.Signals, away_s: float, fault: str) -> None:
    stage.relay()
    stage.worker("email", concurrency=4)
    stage.worker("analytics")
    stage.mail.delay(0.05)  # so that mails are being sent as it happens
    stage.add(*(Both(number) for number in range(60)))
    await_(lambda: len(stage.sink.mails) >= 4, within_s=60, why=stage.explain)
    with stage.database_away(how):
        time.sleep(away_s)
    stage.mail.delay(0)
    seconds = stage.finish(within_s=200)
    copies = stage.sink.copies()
    missing = sum(copies[f"Mail {number}"] == 0 for number in range(60))
    extra = sum(copies.values()) - len(copies)
    alive = sum(one.process.poll() is None for one in stage.running.values())
    counted = (
        f"{missing} of 60 mails missing, {extra} extra, {stage.lost()} runs lost, {seconds:.0f} s, {alive} of 3 alive"
    )
    wrong = missing + (stage.effects() != dict.fromkeys(range(60), 1))
    hold(fault, 1, "every mail; database effects once", counted, wrong)
    hold(
        fault, 1, "extra copies <= runs lost; all processes alive", counted, max(0, extra - stage.lost()) + (alive != 3)
    )
