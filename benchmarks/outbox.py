"""`make bench-outbox`: rows through relay and worker until they are done, beside Celery's own
`.delay` and beside procrastinate, which keeps its jobs in the same PostgreSQL: a no-op, a row
written, and a mail to a local server.

The same worker, two processes, does ours and Celery's in turns; procrastinate's has one process and
eight jobs at once. Ours is timed from the first row written until the last is done, as are
procrastinate's; Celery's from the first message sent until the worker has run the last.

Ours sends its mails as the shop does, by EMAIL_BACKEND, which keeps its connection for the next.
Celery's task sends by Django's own backend and procrastinate's by smtplib, as projects without the
outbox would: each opens a connection for each mail."""

import argparse
import logging
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.harness import Harness, NotReady, mail_server, running, say
from benchmarks.report import Row, publish, within
from dev.processes import wait_for
from dev.stack import ROOT

SCALE = 100
AT_LEAST, PROCRASTINATE_AT_LEAST = 2, 1.2
MAX_S = 120
MAILS, JOBS_BEFORE, WAIT_AT_MOST_MS = 100, 10_000, 1_000
EACH_ADD = 100  # rows that one transaction writes
WAYS = ("ours", ".delay", "procrastinate")
DONE_BY = {"nothing": "no-op", "effect": "a row written", "mail": "a mail sent"}
Rates = dict[
    str, dict[str, list[float]]
]  # kind, then way: jobs a second of each round


def main() -> int:
    """Measure in turns, publish; return 1 where the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4000, help="of no-ops")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    try:
        with Harness() as harness, ExitStack() as stack:
            env = harness.environment(SCALE)
            env["PROCRASTINATE_DSN"] = harness.fresh_database("bench_procrastinate")
            env["EMAIL_URL"] = stack.enter_context(mail_server(env))
            env["BENCH_MAIL_PORT"] = env["EMAIL_URL"].rpartition(":")[2]
            os.environ |= env | {"DJANGO_SETTINGS_MODULE": "markrin.settings"}
            import django

            django.setup()
            start(env, stack)
            start_procrastinate(env, stack)
            rates = measure(options)
            waits = [measure_waits(before) for before in (0, JOBS_BEFORE)]
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1
    return publish_rates(options, rates, waits)


def publish_rates(
    options: argparse.Namespace, rates: Rates, waits: list[tuple[float, float]]
) -> int:
    """Publish the middle rounds and the waits; return 1 where a goal is missed."""
    rows, spread = [], []
    for kind, by_way in rates.items():
        middle = {
            way: sorted(found)[len(found) // 2] for way, found in by_way.items()
        }
        for way, at_least in (
            (".delay", AT_LEAST),
            ("procrastinate", PROCRASTINATE_AT_LEAST),
        ):
            ratio = middle["ours"] / middle[way]
            goal, reached = within(ratio, at_least=at_least)
            rows.append(
                Row(
                    f"jobs done: {DONE_BY[kind]}",
                    f"{middle['ours']:.0f}/s",
                    way,
                    f"{middle[way]:.0f}/s",
                    f"{ratio:.2f}",
                    goal,
                    reached,
                )
            )
        spread += [
            f"{DONE_BY[kind]}, {way} {min(found):.0f} to {max(found):.0f}"
            for way, found in by_way.items()
        ]
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
        f"{options.rows:,} no-ops, half as many rows and a quarter as many mails, the middle of"
        f" {options.rounds} rounds in turns; a worker of 2 processes, procrastinate's of one"
        f" with 8 jobs at once; one of 1 process for the {MAILS} mails that wait.\n"
        f"Rounds: {'; '.join(spread)}.\n"
    )
    publish(
        "outbox",
        "Outbox: written, published, claimed, run and done, beside Celery and procrastinate",
        rows,
        notes,
    )
    return 0 if all(each.reached for each in rows) else 1


def start(env: dict[str, str], stack: ExitStack) -> None:
    """Start the worker and the relay, and wait until both work."""
    from benchmarks.noop_job import MAIL_QUEUE, QUEUE, app

    relay = [sys.executable, "manage.py", "relay", "--skip-checks"]
    for number, command in enumerate(
        (_worker_of(QUEUE, processes=2), _worker_of(MAIL_QUEUE, processes=1), relay)
    ):
        folder = Path(env["LOCAL_DIR"]) / f"outbox{number}"
        folder.mkdir(exist_ok=True)
        stack.enter_context(
            running(
                command,
                {**env, "LOCAL_DIR": str(folder), "CELERY_SKIP_CHECKS": "1"},
            )
        )
    if not wait_for(
        lambda: len(app.control.ping(timeout=1) or ()) == 2, seconds=60
    ):
        raise NotReady("the workers do not answer")


def _worker_of(queue: str, *, processes: int) -> list[str]:
    options = f"-Q {queue} -c {processes} -n {queue}@bench --without-gossip --without-mingle"
    return [
        *(
            sys.executable,
            "-m",
            "celery",
            "-q",
            "-A",
            "benchmarks.noop_job",
            "worker",
        ),
        *options.split(),
    ]


def start_procrastinate(env: dict[str, str], stack: ExitStack) -> None:
    """Make procrastinate's tables and start its worker."""
    from benchmarks.noop_job import EFFECT_TABLE

    module = [sys.executable, "-m", "procrastinate", "-a"]
    module.append("benchmarks.peers.procrastinate_jobs.app")
    subprocess.run(
        [*module, "schema", "--apply"],
        env=env,
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    with psycopg.connect(env["PROCRASTINATE_DSN"], autocommit=True) as connection:
        connection.execute(EFFECT_TABLE)
    stack.enter_context(running([*module, "worker", "-c", "8"], env))


def measure(options: argparse.Namespace) -> Rates:
    """Return the rates of each kind of job, each way and each round, jobs a second."""
    from django.db import connection

    from benchmarks.noop_job import EFFECT_TABLE, KINDS

    with connection.cursor() as cursor:
        cursor.execute(EFFECT_TABLE)
    ways = dict(
        zip(
            WAYS,
            (through_outbox, through_celery, through_procrastinate),
            strict=True,
        )
    )
    counts = {
        "nothing": options.rows,
        "effect": options.rows // 2,
        "mail": options.rows // 4,
    }
    rates: Rates = {kind: {way: [] for way in WAYS} for kind in KINDS}
    for kind in KINDS:
        for work in ways.values():
            work(kind, 100)  # what each does once
        for number in range(1, options.rounds + 1):
            say(f"{DONE_BY[kind]}: round {number} of {options.rounds}")
            for way, work in ways.items():
                started = time.perf_counter()
                work(kind, counts[kind])
                rates[kind][way].append(
                    counts[kind] / (time.perf_counter() - started)
                )
    return rates


def through_outbox(kind: str, count: int) -> None:
    from django.db import transaction

    from benchmarks.noop_job import EVENTS
    from markrin.outbox import services
    from markrin.outbox.models import OutboxEvent

    OutboxEvent.objects.all().delete()
    for first in range(0, count, EACH_ADD):
        numbers = range(first, min(first + EACH_ADD, count))
        with transaction.atomic():
            services.add(*(EVENTS[kind](number) for number in numbers))
    done = OutboxEvent.objects.filter(state="done")
    if not wait_for(lambda: done.count() == count, seconds=MAX_S):
        raise NotReady(f"{done.count()} of {count} rows done in {MAX_S} s")


def through_procrastinate(kind: str, count: int) -> None:
    """Give procrastinate as many jobs, a transaction for as many at once; wait for the last."""
    import procrastinate

    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    where = os.environ["PROCRASTINATE_DSN"]
    app = procrastinate.App(
        connector=procrastinate.SyncPsycopgConnector(conninfo=where)
    )
    with psycopg.connect(where, autocommit=True) as connection, app.open():
        connection.execute("TRUNCATE procrastinate_jobs CASCADE")
        for first in range(0, count, EACH_ADD):
            numbers = range(first, min(first + EACH_ADD, count))
            jobs: list[dict[str, Any]] = [{"number": number} for number in numbers]
            app.configure_task(kind).batch_defer(*jobs)

        def count_waiting() -> int:
            [(waiting,)] = connection.execute(
                "SELECT count(*) FROM procrastinate_jobs WHERE status <> 'succeeded'"
            ).fetchall()
            return int(waiting)

        if not wait_for(lambda: not count_waiting(), seconds=MAX_S):
            raise NotReady(
                f"procrastinate did not do {count_waiting()} of {count} jobs"
            )


def measure_waits(before: int) -> tuple[float, float]:
    """Return how long mails wait until they begin, behind so many jobs of another queue: the
    median and the 99th percentile, in ms.
    """
    from django.db import connection, transaction

    from benchmarks.noop_job import Letter, Noop
    from markrin.outbox import services
    from markrin.outbox.models import OutboxEvent

    say(f"Mails behind {before:,} jobs")
    OutboxEvent.objects.all().delete()
    if before:
        with transaction.atomic():
            services.add(*(Noop(number) for number in range(before)))
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


def through_celery(kind: str, count: int) -> None:
    from benchmarks.noop_job import PLAIN, QUEUE

    task = PLAIN[kind]
    before = count_run(task.name)
    for number in range(count):
        task.apply_async((number,), queue=QUEUE)
    if not wait_for(lambda: count_run(task.name) == before + count, seconds=MAX_S):
        raise NotReady(
            f"{count_run(task.name) - before} of {count} ran in {MAX_S} s"
        )


def count_run(task: str) -> int:
    """Return how many of Celery's tasks of this name the worker has run."""
    from benchmarks.noop_job import app

    stats = app.control.inspect(timeout=2, limit=2).stats() or {}
    return sum(each["total"].get(task, 0) for each in stats.values())


if __name__ == "__main__":
    sys.exit(main())
