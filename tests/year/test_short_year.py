"""A few days of the made-up year, as `make year` plays it: all processes live by a moved clock."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest

from dev.stack import ROOT
from tests.year.clock import Clock, build_environment, find_library

pytestmark = pytest.mark.skipif(
    find_library() is None, reason="faketime is not installed"
)

TELL_TIME = """
import sys, time
from datetime import datetime, UTC
for _ in sys.stdin:
    print(datetime.now(UTC).isoformat(), time.monotonic(), flush=True)
"""


def test_a_running_process_lives_by_the_clock_as_it_is_moved(tmp_path):
    """The time of day moves below it, and what waits for seconds waits as ever."""
    clock = Clock(tmp_path / "offset")
    begins = datetime(2025, 7, 1, 2, 30, tzinfo=UTC)
    clock.set_offset(int(begins.timestamp() - time.time()))
    env = os.environ | build_environment(find_library() or "", tmp_path / "offset")
    with subprocess.Popen(
        [sys.executable, "-c", TELL_TIME],
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        question, answer = process.stdin, process.stdout
        assert question
        assert answer

        def ask() -> tuple[datetime, float]:
            question.write("\n")
            question.flush()
            told, seconds = answer.readline().split()
            return datetime.fromisoformat(told), float(seconds)

        asked_at = time.monotonic()
        before, first = ask()
        offset_s = int(begins.timestamp() - time.time())
        clock.set_offset(offset_s + 30 * 86_400)
        after, second = ask()
        took = timedelta(seconds=time.monotonic() - asked_at)
        question.close()
    assert begins - timedelta(seconds=2) <= before <= begins + timedelta(minutes=5)
    month = timedelta(days=30)
    assert month - timedelta(seconds=2) - took <= after - before
    assert after - before <= month + timedelta(seconds=2) + took
    assert 0 <= second - first <= took.total_seconds()


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(
    os.environ.get("CHAOS") != "1", reason="long: `make chaos` runs it"
)
def test_a_week_of_trade_ends_without_a_difference():
    """Provider = ledger = invoices = reports; a backup taken in the middle is whole as well."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.year", "--orders", "30", "--days", "6"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-6000:]
    assert "restored: {'verify': 0, 'reconcile': 0}" in said
    assert "open differences: 0" in said
    assert "verify: 0 breaches" in said
    assert said.count("difference 0.00") == 7
