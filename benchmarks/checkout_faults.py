"""`make bench-faults`: how long POST /api/orders takes while something else is broken,
beside the undisturbed.

One shop, one web process. In each round every fault gets its turn, so that whatever else
the machine does meets all of them alike. Relay and mail worker run throughout, a pair for
each way in which their surroundings fail: the pair whose turn it is runs, the others are
stopped (SIGSTOP). The buyers come one after another, two at a time, and rest between."""

import argparse
import logging
import os
import signal
import socket
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from benchmarks import buyers
from benchmarks.buyers import Checkout
from benchmarks.harness import Harness, NotReady, running, say, web
from benchmarks.report import Row, publish
from dev.processes import own_folder
from dev.valkey import Valkey
from tests.chaos.smtp import sink

SCALE = 100  # products of the shop around it
WITHIN, MORE_MS, MORE_WITHOUT_CACHE_MS = 1.10, 5, 20
SETTLE_S = 1.0


@dataclass(frozen=True)
class Fault:
    """What is broken, how a pair of relay and worker meets it, and what is done to the
    cache meanwhile.
    """

    name: str
    pair: str
    cache: bool = True


FAULTS = (
    Fault("undisturbed", "well"),
    Fault("mail server hangs", "mail hangs"),
    Fault("broker stopped", "no broker"),
    Fault("broker silent", "silent broker"),
    Fault("cache stopped", "well", cache=False),
)


def main() -> int:
    """Break, buy, mend; publish; return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument(
        "--checkouts", type=int, default=100, help="of each fault in each round"
    )
    options = parser.parse_args()
    try:
        with Harness() as harness, ExitStack() as stack:
            env = harness.environment(SCALE)
            os.environ |= env | {"DJANGO_SETTINGS_MODULE": "markrin.settings"}
            logging.getLogger("mail.log").setLevel(
                logging.ERROR
            )  # the sink would tell of every line it is sent
            cache = stack.enter_context(
                running_valkey(harness.home / "fault-cache")
            )
            env["CACHE_URL"] = cache.cache_url(0)
            pairs = start_pairs(harness, env, stack)
            shop = stack.enter_context(web(env))
            times = measure(options, shop, pairs, cache)
            return publish_times(options, times)
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1


def measure(
    options: argparse.Namespace,
    shop: str,
    pairs: dict[str, list[int]],
    cache: Valkey,
) -> dict[str, list[float]]:
    """Return the milliseconds of each checkout, by fault."""
    goods = buyers.variants(20, stock=1_000_000)
    crowd = buyers.make(min(50, options.checkouts), goods)
    say("Warming up …")
    buy(shop, crowd, 50, goods)
    times: dict[str, list[float]] = defaultdict(list)
    for number in range(1, options.rounds + 1):
        say(f"Round {number} of {options.rounds}")
        for fault in FAULTS:
            with fault_injected(fault, pairs, cache):
                times[fault.name] += buy(shop, crowd, options.checkouts, goods)
    return times


def buy(
    shop: str, crowd: list[Checkout], count: int, goods: buyers.Goods
) -> list[float]:
    """Let so many carts be bought, two at a time with a rest between, as buy_at_once does."""
    return buy_at_once(shop, crowd, count, goods, at_once=2, rest_s=0.02)


def buy_at_once(
    shop: str,
    crowd: list[Checkout],
    count: int,
    goods: buyers.Goods,
    *,
    at_once: int,
    rest_s: float = 0,
) -> list[float]:
    """Let so many carts be bought; return the milliseconds of each. Raises: NotReady unless
    all are answered 201.
    """
    times: list[float] = []
    while len(times) < count:
        some = crowd[: count - len(times)]
        buyers.fill(some, goods)
        answers = buyers.send(shop, some, at_once=at_once, rest_s=rest_s)
        if strange := [status for status, _ in answers if status != 201]:
            raise NotReady(f"a checkout was answered {strange[0]}")
        times += [ms for _, ms in answers]
    return times


@contextmanager
def fault_injected(
    fault: Fault, pairs: dict[str, list[int]], cache: Valkey
) -> Iterator[None]:
    """Break it, and let only the pair run that meets it; mend it, and throw the jobs away
    that it has left.
    """
    send_signal(pairs[fault.pair], signal.SIGCONT)
    if not fault.cache:
        cache.stop()
    time.sleep(SETTLE_S)
    try:
        yield
    finally:
        send_signal(pairs[fault.pair], signal.SIGSTOP)
        if not fault.cache:
            cache.start()
        buyers.forget_jobs()


def send_signal(groups: list[int], number: signal.Signals) -> None:
    for group in groups:
        with suppress(ProcessLookupError):
            os.killpg(group, number)


def start_pairs(
    harness: Harness, env: dict[str, str], stack: ExitStack
) -> dict[str, list[int]]:
    """Start relay and mail worker for each surroundings; return their process groups, all
    stopped, by name.
    """
    _, port = stack.enter_context(sink())
    mail = f"smtp://127.0.0.1:{port}"
    silent = stack.enter_context(silent_server())
    ways: dict[str, tuple[str, str]] = {}
    hush: int | None = None
    for name, address in (
        ("well", mail),
        ("mail hangs", f"smtp://127.0.0.1:{silent}"),
        ("silent broker", mail),
    ):
        broker = stack.enter_context(
            running_valkey(harness.home / f"broker-{name.replace(' ', '-')}")
        )
        ways[name] = broker.broker_url(0), address
        if name == "silent broker":
            hush = broker.pid()
    ways["no broker"] = f"redis://127.0.0.1:{find_unused_port()}/0", mail
    pairs = {
        name: pair(name, env, broker, address, stack)
        for name, (broker, address) in ways.items()
    }
    time.sleep(8)  # until the workers have connected
    assert hush is not None
    os.kill(hush, signal.SIGSTOP)
    stack.callback(os.kill, hush, signal.SIGCONT)
    for groups in pairs.values():
        send_signal(groups, signal.SIGSTOP)
        stack.callback(send_signal, groups, signal.SIGCONT)
    return pairs


def pair(
    name: str, env: dict[str, str], broker: str, mail: str, stack: ExitStack
) -> list[int]:
    folder = own_folder(Path(env["LOCAL_DIR"]) / f"pair-{name.replace(' ', '-')}")
    env = {
        **env,
        "CELERY_BROKER_URL": broker,
        "EMAIL_URL": mail,
        "LOCAL_DIR": str(folder),
        "CELERY_SKIP_CHECKS": "1",
    }
    options = [
        "-Q",
        "email",
        "-c",
        "2",
        "-n",
        f"{folder.name}@bench",
        "--without-gossip",
        "--without-mingle",
    ]
    worker = [
        sys.executable,
        "-m",
        "celery",
        "-q",
        "-A",
        "celery_app",
        "worker",
        *options,
    ]
    relay = [sys.executable, "manage.py", "relay", "--skip-checks"]
    return [
        stack.enter_context(running(command, env)).pid
        for command in (worker, relay)
    ]


@contextmanager
def running_valkey(home: Path) -> Iterator[Valkey]:
    server = Valkey(own_folder(home), durable=False)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def silent_server() -> Iterator[int]:
    """Take connections on a port, and never say a word."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(256)
        yield door.getsockname()[1]


def find_unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def publish_times(
    options: argparse.Namespace, times: dict[str, list[float]]
) -> int:
    """Publish the 99th percentiles; return 1 where one is above its goal."""
    p99 = {name: percentile(values, 99) for name, values in times.items()}
    calm = p99["undisturbed"]
    rows = []
    for fault in FAULTS[1:]:
        more = MORE_MS if fault.cache else MORE_WITHOUT_CACHE_MS
        limit = calm * WITHIN + more if fault.cache else calm + more
        goal = f"≤ {WITHIN:g} x + {more} ms" if fault.cache else f"≤ + {more} ms"
        mine = p99[fault.name]
        ratio = (
            f"{mine / calm:.2f} (+{mine - calm:.1f} ms)"
            if mine >= calm
            else f"{mine / calm:.2f}"
        )
        rows.append(
            Row(
                fault.name,
                f"{mine:.1f} ms",
                "undisturbed",
                f"{calm:.1f} ms",
                ratio,
                goal,
                mine <= limit,
            )
        )
    medians = ", ".join(
        f"{name} {percentile(values, 50):.1f}" for name, values in times.items()
    )
    count = len(times["undisturbed"])
    notes = (
        f"{count} checkouts of each, in {options.rounds} rounds, two at a time. Medians in"
        f" ms: {medians}.\n"
    )
    publish(
        "faults",
        "POST /api/orders, 99th percentile, while something else is broken",
        rows,
        notes,
    )
    return 0 if all(row.reached for row in rows) else 1


def percentile(values: list[float], which: int) -> float:
    """Return this percentile of the values."""
    return quantiles(values, n=100, method="inclusive")[which - 1]


if __name__ == "__main__":
    sys.exit(main())
