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
AT_LEAST = 2
MAX_S = 120
MAILS, JOBS_BEFORE, WAIT_AT_MOST_MS = 100, 10_000, 1_000
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
            waits = [measure_waits(before) for before in (0, JOBS_BEFORE)]
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    return tell(options, rates, waits)


def tell(
    options: argparse.Namespace,
    rates: tuple[list[float], list[float]],
    waits: list[tuple[float, float]],
) -> int:
    """Publish the middle rounds and the waits; return 1 where a goal is missed."""
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
    rows = [row]
    for what, at in (("median", 0), ("99th percentile", 1)):
        alone, behind = waits[0][at], waits[1][at]
        rows.append(
            Row(
                f"a mail behind {JOBS_BEFORE:,} jobs waits, {what}",
                f"{behind:.0f} ms",
                "behind none",
                f"{alone:.0f} ms",
                f"{behind / alone:.2f}",
                f"under {WAIT_AT_MOST_MS:,} ms",
                behind < WAIT_AT_MOST_MS,
            )
        )
    notes = (
        f"{options.rows:,} no-ops each, the middle of {options.rounds} rounds in turns"
        f" (ours {min(rates[0]):.0f} to {max(rates[0]):.0f}, Celery's"
        f" {min(rates[1]):.0f} to {max(rates[1]):.0f}); a worker of 2 processes, one of 1 for"
        f" {MAILS} mails.\n"
    )
    publish(
        "outbox",
        "Outbox: written, published, claimed, run and done, beside Celery alone",
        rows,
        notes,
    )
    return 0 if all(each.reached for each in rows) else 1


def start(env: dict[str, str], stack: ExitStack) -> None:
    """Start the worker and the relay, and wait until both work."""
    from benchmarks.nothing import MAIL_QUEUE, QUEUE, app

    relay = [sys.executable, "manage.py", "relay", "--skip-checks"]
    for number, command in enumerate(
        (_worker_of(QUEUE, processes=2), _worker_of(MAIL_QUEUE, processes=1), relay)
    ):
        folder = Path(env["LOCAL_DIR"]) / f"outbox{number}"
        folder.mkdir(exist_ok=True)
        stack.enter_context(
            running(
                command, {**env, "LOCAL_DIR": str(folder), "CELERY_SKIP_CHECKS": "1"}
            )
        )
    if not wait_for(lambda: len(app.control.ping(timeout=1) or ()) == 2, seconds=60):
        raise NotReady("the workers do not answer")


def _worker_of(queue: str, *, processes: int) -> list[str]:
    options = (
        f"-Q {queue} -c {processes} -n {queue}@bench --without-gossip --without-mingle"
    )
    return [
        *(sys.executable, "-m", "celery", "-q", "-A", "benchmarks.nothing", "worker"),
        *options.split(),
    ]


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


def measure_waits(before: int) -> tuple[float, float]:
    """Return how long mails wait until they begin, behind so many jobs of another queue: the
    median and the 99th percentile, in ms.
    """
    from django.db import connection, transaction

    from benchmarks.nothing import Letter, Nothing
    from markrin.outbox import services
    from markrin.outbox.models import OutboxEvent

    say(f"Mails behind {before:,} jobs")
    OutboxEvent.objects.all().delete()
    if before:
        with transaction.atomic():
            services.add(*(Nothing(number) for number in range(before)))
    for number in range(MAILS):
        with transaction.atomic():
            services.add(Letter(number))
        time.sleep(0.05)
    done = OutboxEvent.objects.filter(state="done", task="bench.letter")
    if not wait_for(lambda: done.count() == MAILS, seconds=MAX_S):
        raise NotReady(f"{done.count()} of {MAILS} mails done in {MAX_S} s")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (ORDER BY extract("
            "epoch FROM started_at - created_at) * 1000) FROM outbox_event"
            " WHERE task = 'bench.letter'"
        )
        median, worst = cursor.fetchone()[0]
    return float(median), float(worst)


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
