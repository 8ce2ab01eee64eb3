"""`make bench-outbox`: rows through relay and worker until they are done, beside Celery's
own `.delay` of a no-op.

The same worker, two processes, does both in turns. Ours is timed from the first row written
until the last is done; Celery's from the first message sent until the worker has run the
last."""

import argparse
import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from benchmarks.report import Row, publish, within
from benchmarks.stage import NotReady, Stage, running, say
from dev.processes import wait_for

SCALE = 100
AT_LEAST = 0.3
MAX_S = 120
EACH_ADD = 100  # rows that one transaction writes


def main() -> int:
    """Measure in turns, publish; return 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    try:
        with Stage() as stage, ExitStack() as stack:
            env = stage.environment(SCALE)
            os.environ |= env | {"DJANGO_SETTINGS_MODULE": "markrin.settings"}
            import django

            django.setup()
            start(env, stack)
            rates = measure(options)
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    ours, theirs = (sorted(found)[len(found) // 2] for found in rates)
    goal, reached = within(ours / theirs, at_least=AT_LEAST)
    row = Row(
        "rows done",
        f"{ours:.0f}/s",
        ".delay",
        f"{theirs:.0f}/s",
        f"{ours / theirs:.2f}",
        goal,
        reached,
    )
    notes = (
        f"{options.rows:,} no-ops each, the middle of {options.rounds} rounds in turns; a"
        " worker of 2 processes.\n"
    )
    publish(
        "outbox",
        "Outbox: written, published, claimed, run and done, beside Celery alone",
        [row],
        notes,
    )
    return 0 if reached else 1


def start(env: dict[str, str], stack: ExitStack) -> None:
    """Start the worker and the relay, and wait until both work."""
    from benchmarks.nothing import QUEUE, app

    options = [
        "-Q",
        QUEUE,
        "-c",
        "2",
        "-n",
        "bench@bench",
        "--without-gossip",
        "--without-mingle",
    ]
    worker = [
        sys.executable,
        "-m",
        "celery",
        "-q",
        "-A",
        "benchmarks.nothing",
        "worker",
        *options,
    ]
    for number, command in enumerate(
        (worker, [sys.executable, "manage.py", "relay", "--skip-checks"])
    ):
        folder = Path(env["LOCAL_DIR"]) / f"outbox{number}"
        folder.mkdir(exist_ok=True)
        stack.enter_context(
            running(
                command, {**env, "LOCAL_DIR": str(folder), "CELERY_SKIP_CHECKS": "1"}
            )
        )
    if not wait_for(lambda: bool(app.control.ping(timeout=1)), seconds=60):
        raise NotReady("the worker does not answer")


def measure(options: argparse.Namespace) -> tuple[list[float], list[float]]:
    """Return the rates of each round, jobs a second: ours, and Celery's."""
    ours: list[float] = []
    theirs: list[float] = []
    for warm in (through_outbox, through_celery):
        warm(200)
    for number in range(1, options.rounds + 1):
        say(f"Round {number} of {options.rounds}")
        ours.append(options.rows / timed(lambda: through_outbox(options.rows)))
        theirs.append(options.rows / timed(lambda: through_celery(options.rows)))
    return ours, theirs


def timed(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def through_outbox(count: int) -> None:
    from django.db import transaction

    from benchmarks.nothing import Nothing
    from markrin.outbox import services
    from markrin.outbox.models import OutboxEvent

    OutboxEvent.objects.all().delete()
    for first in range(0, count, EACH_ADD):
        with transaction.atomic():
            services.add(
                *(
                    Nothing(number)
                    for number in range(first, min(first + EACH_ADD, count))
                )
            )
    done = OutboxEvent.objects.filter(state="done")
    if not wait_for(lambda: done.count() == count, seconds=MAX_S):
        raise NotReady(f"{done.count()} of {count} rows done in {MAX_S} s")


def through_celery(count: int) -> None:
    from benchmarks.nothing import QUEUE, plain

    before = ran()
    for number in range(count):
        plain.apply_async((number,), queue=QUEUE)
    if not wait_for(lambda: ran() == before + count, seconds=MAX_S):
        raise NotReady(f"{ran() - before} of {count} tasks ran in {MAX_S} s")


def ran() -> int:
    """Return how many plain tasks the worker has run."""
    from benchmarks.nothing import PLAIN, app

    stats = app.control.inspect(timeout=2).stats() or {}
    return sum(each["total"].get(PLAIN, 0) for each in stats.values())


if __name__ == "__main__":
    sys.exit(main())
