"""`make capacity`: what each kind of request takes, a model of queues over it, the model held
against real runs on this machine, and how many machines carry 10,000 catalogue reads and 100
orders a second.

Processor time is measured, so the figures hold on a busy machine too. While the model is held
against real runs, what others leave of the cores is measured, and the model reckons with that;
latencies want a quiet machine all the same, and are judged only where others leave nearly all.
`--model` makes docs/scaling.md's table anew from the last measurements, without measuring."""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings

from benchmarks import buyers, capacity_page
from benchmarks.buyers import Checkout, Goods
from benchmarks.capacity_model import OneMachine, Services, Work
from benchmarks.harness import (
    Harness,
    NotReady,
    mail_server,
    running,
    say,
    web_process,
)
from benchmarks.processor_time import ProcessorTimes
from benchmarks.report import Row, publish
from dev.processes import wait_for
from dev.stack import ROOT

SCALE = 1_000
BUYERS = 300
LOAD = ROOT / "benchmarks" / "peers" / "open_load.mjs"
SHARES = (
    0.3,
    0.5,
    0.7,
    0.85,
    1.3,
)  # of the predicted capacity that real runs ask for
WITHIN = 0.25  # of the capacity that the model predicts
LATENCY_WITHIN = 2  # times the median that it predicts, up to 0.7 of the capacity
QUIET = 0.9  # of the cores must be left for latencies to be judged
# Requests a second while their work is measured: one that comes alone wakes every process anew,
# and takes several times as much.
BUSY_RATES = {
    "hit": 3_000,
    "miss": 200,
    "cart change": 50,
    "cart look": 60,
    "checkout": 40,
}
IDLE_S = 3  # that nothing is asked, to know what a process takes by itself
QUEUES = "email,analytics,inventory,payments,outbound"
Request = dict[str, Any]


@dataclass(frozen=True)
class Answers:
    """What one run saw. Latencies in milliseconds, from the time at which a request was due."""

    per_s: float
    median_ms: float
    p99_ms: float
    client_ms: float  # of processor, for one request
    cores_left: float  # that nobody else used meanwhile


def main() -> int:
    """Measure, hold the model against real runs, publish; return 1 where it does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", action="store_true", help="only docs/scaling.md")
    parser.add_argument("--seconds", type=float, default=5, help="of each real run")
    parser.add_argument("--scale", type=int, default=SCALE, help="products")
    options = parser.parse_args()
    if not options.model:
        if shutil.which("node") is None:
            print("node makes the load: apt-get install nodejs", file=sys.stderr)
            return 1
        try:
            with Harness() as harness, ExitStack() as stack:
                rows, services = measure(harness, stack, options)
        except NotReady as error:
            print(error, file=sys.stderr)
            return 1
        capacity_page.save_services(services)
        notes = (
            f"{options.scale:,} products, one web process; open arrivals by Node, some"
            f" {options.seconds:g} s a run. Processor time of the measured core:"
            f" {capacity_page.describe_services(services)}.\n"
        )
        publish(
            "capacity", "Capacity: the model and real runs", rows, notes, "capacity"
        )
    capacity_page.write_page()
    return 0 if options.model or all(row.reached for row in rows) else 1


def measure(
    harness: Harness, stack: ExitStack, options: argparse.Namespace
) -> tuple[list[Row], Services]:
    """Return the rows of the table, and what each kind of request takes."""
    env = harness.environment(options.scale)
    os.environ |= env | {"DJANGO_SETTINGS_MODULE": "markrin.settings"}
    goods = buyers.variants(200, stock=1_000_000)
    crowd = buyers.make(BUYERS, goods)
    pids = {"database": harness.postgres_pid, "valkey": harness.valkey.pid()}
    with measured_web(env) as (shop, web):
        bench = Bench(shop, pids | {"web": web}, crowd, goods, options.seconds)
        bench.warm_up()
        hit, hits_alone = bench.measure("hit", rate=500, count=2_000)
        change, _ = bench.measure("cart change", rate=15, count=BUYERS)
        look, _ = bench.measure("cart look", rate=15, count=BUYERS)
        checkout, bought_alone = bench.measure(
            "checkout", rate=8, count=BUYERS // 2
        )
        rows = hold_against(bench, "checkout", checkout, bought_alone)
        rows += hold_against(bench, "hit", hit, hits_alone)
        worker = stack.enter_context(running_workers(env))
        jobs = bench.measure_jobs(worker, checkout)
    with measured_web(env | {"CACHE_ANSWERS": "0"}) as (shop, web):
        bench = Bench(shop, pids | {"web": web}, crowd, goods, options.seconds)
        bench.warm_up()
        miss, misses_alone = bench.measure("miss", rate=20, count=400)
        rows += hold_against(bench, "miss", miss, misses_alone)
    return rows, {
        "hit": hit,
        "miss": miss,
        "cart change": change,
        "cart look": look,
        "checkout": checkout,
        "order's jobs": jobs,
    }


@contextmanager
def measured_web(env: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Run the web server; say what is about to be measured."""
    say(
        "A web process "
        + ("without" if "CACHE_ANSWERS" in env else "with")
        + " cache"
    )
    with web_process(env) as (shop, pid):
        yield shop, pid


@contextmanager
def running_workers(env: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Run a worker of all queues and the relay; give their ids."""
    worker = f"-q -A celery_app worker -Q {QUEUES} -c 1 -n all@bench"
    quiet = ["--without-gossip", "--without-mingle"]
    celery = [sys.executable, "-m", "celery"]
    folder = Path(env["LOCAL_DIR"]) / "capacity"
    folder.mkdir(exist_ok=True)
    env = env | {"LOCAL_DIR": str(folder), "CELERY_SKIP_CHECKS": "1"}
    with (
        mail_server(env) as mail,
        running(
            [*celery, *worker.split(), *quiet], env | {"EMAIL_URL": mail}
        ) as one,
        running(
            [sys.executable, "manage.py", "relay", "--skip-checks"], env
        ) as two,
    ):
        yield one.pid, two.pid


class Bench:
    """A web process with its servers, and who asks it."""

    def __init__(
        self,
        shop: str,
        pids: dict[str, int],
        crowd: Sequence[Checkout],
        goods: Goods,
        seconds: float,
    ) -> None:
        self.shop, self.seconds = shop, seconds
        self._pids, self._crowd, self._goods = pids, crowd, goods
        # Milliseconds of processor a second with no request.
        self._idle = dict.fromkeys(pids, 0.0)

    def warm_up(self) -> None:
        """Let the process load, plan and keep what it does once."""
        # Hits last: checkouts make what is kept void.
        for kind in ("cart change", "cart look", "checkout", "hit"):
            self.ask_many(kind, rate=30, count=60)
        times = ProcessorTimes(self._pids)
        time.sleep(IDLE_S)
        # Only the web process: what PostgreSQL does meanwhile, it does for requests of before.
        self._idle["web"] = times.milliseconds()["web"] / IDLE_S

    def measure(
        self, kind: str, *, rate: float, count: int
    ) -> tuple[Work, Answers]:
        """Return what one request of the kind takes while others come, and how it is answered when
        hardly anything else comes.
        """
        say(f"{kind}: what one takes")
        alone = self.ask_many(kind, rate=rate, count=count)
        busy = BUSY_RATES[kind]
        requests, count = self._requests(kind, count), max(count, busy * 2)
        if kind == "checkout":
            count = len(requests)  # a cart is bought once
        wal = _wal_position()
        times = ProcessorTimes(self._pids)
        seen = self._send(requests, busy, count)
        took = {
            name: max(0.0, ms - self._idle[name] * count / seen.per_s) / count
            for name, ms in times.milliseconds().items()
        }
        return Work(
            web_ms=took["web"],
            database_ms=took["database"],
            valkey_ms=took["valkey"],
            wal_bytes=(_wal_position() - wal) / count,
        ), replace(alone, client_ms=seen.client_ms)

    def measure_jobs(self, workers: tuple[int, int], checkout: Work) -> Work:
        """Return what the jobs of one order take: what checkouts take with a worker and the relay
        at work, less what they take without.
        """
        say("order's jobs: what they take")
        buyers.forget_jobs()
        self.ask_many("checkout", rate=30, count=8)
        _wait_for_jobs()  # starting is no order's work
        requests = self._requests("checkout", BUYERS)
        names = dict(zip(("worker", "relay"), workers, strict=True))
        wal, began = _wal_position(), time.monotonic()
        times = ProcessorTimes(self._pids | names)
        self._send(requests, 20)
        _wait_for_jobs()
        took, count = times.milliseconds(), len(requests)
        seconds, wal = time.monotonic() - began, _wal_position() - wal
        idle = ProcessorTimes(names)
        time.sleep(IDLE_S)
        idle_ms = sum(idle.milliseconds().values()) / IDLE_S * seconds
        return Work(
            web_ms=0,
            database_ms=max(0.0, took["database"] / count - checkout.database_ms),
            valkey_ms=max(0.0, took["valkey"] / count - checkout.valkey_ms),
            worker_ms=max(0.0, took["worker"] + took["relay"] - idle_ms) / count,
            wal_bytes=max(0.0, wal / count - checkout.wal_bytes),
        )

    def ask_many(self, kind: str, *, rate: float, count: int) -> Answers:
        """Ask so many of a kind, at that rate."""
        return self._send(self._requests(kind, count), rate)

    def _requests(self, kind: str, count: int) -> list[Request]:
        """Return requests of a kind; carts are filled for as many checkouts, at most one each."""
        if kind in ("hit", "miss"):
            return self._pages()
        some = self._crowd[:count]
        if kind == "cart look":
            return [_as_request("GET", "/api/cart", one) for one in some]
        if kind == "cart change":
            bodies = [
                {
                    "variantId": str(self._goods[at % len(self._goods)].pk),
                    "quantity": 1,
                }
                for at in range(len(some))
            ]
            return [
                _as_request("POST", "/api/cart/items", one, json.dumps(body))
                for one, body in zip(some, bodies, strict=True)
            ]
        _empty_carts()
        buyers.fill(some, self._goods)
        return [
            _as_request("POST", "/api/orders", one, one.body.decode())
            for one in some
        ]

    def _pages(self) -> list[Request]:
        """Return what a shopper reads: four products to a list and the tree, as many as fit."""
        slugs = [variant.product.slug for variant in self._goods[:80]]
        paths = [f"/api/products/{slug}" for slug in slugs]
        lists = [f"/api/products?limit=12&page={page}" for page in range(1, 11)]
        paths += lists + ["/api/categories"] * 10
        spread = [paths[at * 37 % len(paths)] for at in range(len(paths))]
        return [{"method": "GET", "path": path, "headers": {}} for path in spread]

    def _send(
        self, requests: Sequence[Request], rate: float, count: int | None = None
    ) -> Answers:
        """Send them at that rate, and from the start again where more are asked for. Raises:
        NotReady where one is not answered with a 2xx.
        """
        count = count or len(requests)
        plan = {
            "base": self.shop,
            "rate": rate,
            "count": count,
            "requests": requests,
        }
        times = ProcessorTimes(self._pids)
        done = subprocess.run(
            ["node", str(LOAD)],
            input=json.dumps(plan),
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise NotReady(f"the load failed:\n{done.stderr[-2000:]}")
        seen = json.loads(done.stdout)
        if strange := {one for one in seen["statuses"] if not one.startswith("2")}:
            raise NotReady(f"answers were {', '.join(sorted(strange))}")
        latencies = seen["latencies"]
        return Answers(
            count / seen["seconds"],
            statistics.median(latencies),
            statistics.quantiles(latencies, n=100)[-1],
            seen["cpu_ms"] / count,
            times.find_cores_left(seen["cpu_ms"]),
        )

    def run_at(self, kind: str, rate: float) -> Answers:
        """Run for some seconds at this rate; of checkouts as many as there are carts."""
        count = int(rate * self.seconds)
        if kind == "checkout":
            count = min(count, BUYERS)
        return self._send(self._requests(kind, count), rate, count)


def hold_against(bench: Bench, kind: str, work: Work, alone: Answers) -> list[Row]:
    """Run at rising rates; return what the model said and what was seen."""
    places = settings.CHECKOUTS_AT_ONCE if kind == "checkout" else 0
    cores = os.cpu_count() or 1
    machine = OneMachine(
        work,
        alone.client_ms,
        alone.median_ms,
        alone.p99_ms,
        cores=cores,
        cores_left=alone.cores_left,
        places=places,
    )
    rows = []
    for share in SHARES:
        # Too many come, whatever others do: what is left shows only where all of it is used.
        most = (
            machine if share <= 1 else replace(machine, cores_left=None, places=0)
        )
        rate = share * most.capacity
        say(f"{kind}: {rate:.0f} a second")
        seen = bench.run_at(kind, rate)
        machine = replace(machine, cores_left=seen.cores_left)
        if share > 1:
            ratio = seen.per_s / machine.capacity
            rows.append(
                Row(
                    f"{kind}: {rate:,.0f}/s come, as many are answered",
                    f"{seen.per_s:,.0f}/s",
                    f"the model's most of {seen.cores_left:.1f} cores",
                    f"{machine.capacity:,.0f}/s",
                    f"{ratio:.2f}",
                    f"within {WITHIN:.0%}",
                    abs(ratio - 1) <= WITHIN,
                )
            )
            continue
        told = machine.find_median_ms(rate)
        ratio = seen.median_ms / told
        judged = share <= 0.7 and seen.cores_left >= QUIET * cores
        rows.append(
            Row(
                f"{kind}: {rate:,.0f}/s come, median (99th percentile)",
                f"{seen.median_ms:.1f} ({seen.p99_ms:.0f}) ms",
                f"the model, {seen.cores_left:.1f} cores left",
                f"{told:.1f} ({machine.find_p99_ms(rate):.0f}) ms",
                f"{ratio:.2f}",
                f"within {LATENCY_WITHIN} x" if judged else "-",
                not judged or 1 / LATENCY_WITHIN <= ratio <= LATENCY_WITHIN,
            )
        )
    return rows


def _as_request(
    method: str, path: str, buyer: Checkout, body: str | None = None
) -> Request:
    headers = {**buyer.headers, "Idempotency-Key": uuid4().hex}
    return {"method": method, "path": path, "headers": headers, "body": body}


def _wal_position() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_lsn() - '0/0'")
        return int(cursor.fetchone()[0])


def _empty_carts() -> None:
    from orders.models import CartLine

    CartLine.objects.all().delete()


def _wait_for_jobs() -> None:
    from markrin.outbox.models import OutboxEvent

    waiting = OutboxEvent.objects.exclude(state__in=("done", "dead"))
    if not wait_for(lambda: not waiting.exists(), seconds=180):
        raise NotReady(f"{waiting.count()} jobs are not done after 180 s")


if __name__ == "__main__":
    sys.exit(main())
