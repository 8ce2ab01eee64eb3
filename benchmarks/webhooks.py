"""`python -m benchmarks.webhooks`: what five webhooks cost a checkout, and what it costs when one
of their servers hangs, at the highest rate of orders that the machine takes.

One shop, one web process, relay and workers of all queues. In each round the shop has no webhooks,
then five whose servers are well, then five of which one takes every request and says nothing.
The buyers come as fast as they are answered."""

import argparse
import os
import sys
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

from benchmarks import buyers
from benchmarks.checkout_faults import buy_at_once, percentile
from benchmarks.harness import Harness, NotReady, running, say, web
from benchmarks.report import Row, publish
from dev.processes import own_folder
from tests.webhooks.receiver import Receiver, receiving

SCALE = 100  # products of the shop around it
WITHIN, MORE_MS = 1.10, 5
STATES = ("no webhooks", "five, all well", "five, one hangs")
SETTLE_S = 1.0
CATCH_UP_S = 120.0


def main() -> int:
    """Buy in each state; publish; return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--checkouts", type=int, default=200, help="of each state")
    parser.add_argument("--at-once", type=int, default=4)
    options = parser.parse_args()
    try:
        with Harness() as harness, ExitStack() as stack:
            env = harness.environment(SCALE)
            os.environ |= env | {"DJANGO_SETTINGS_MODULE": "markrin.settings"}
            shop = stack.enter_context(web(env))
            _start_background(env, stack)
            well = [stack.enter_context(receiving()) for _ in range(4)]
            hanging = stack.enter_context(receiving(hang_s=3600))
            times, lags = _measure(options, shop, well, hanging)
            return _publish_times(options, times, lags, hanging)
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1


def _start_background(env: dict[str, str], stack: ExitStack) -> None:
    folder = own_folder(Path(env["LOCAL_DIR"]) / "webhooks")
    # Receivers on this machine are called by DEBUG's processes alone; the web server is no such.
    env = {**env, "LOCAL_DIR": str(folder), "CELERY_SKIP_CHECKS": "1"}
    env |= {"DEBUG": "1", "OUTBOUND_NETWORKS": "127.0.0.0/8"}
    for queues, count in (("analytics,inventory", "1"), ("outbound", "4")):
        command = [
            sys.executable,
            "-m",
            "celery",
            "-q",
            "-A",
            "celery_app",
            "worker",
        ]
        command += [
            "-Q",
            queues,
            "-c",
            count,
            "-n",
            f"{queues.partition(',')[0]}@bench",
        ]
        command += ["--without-gossip", "--without-mingle"]
        stack.enter_context(running(command, env))
    relay = [sys.executable, "manage.py", "relay", "--skip-checks"]
    stack.enter_context(running(relay, env))
    time.sleep(8)  # until the workers have connected


def _measure(
    options: argparse.Namespace, shop: str, well: list[Receiver], hanging: Receiver
) -> tuple[dict[str, list[float]], list[float]]:
    """Return the milliseconds of each checkout by state, and the seconds that events took to the
    servers that are well, while one hangs.
    """
    goods = buyers.variants(20, stock=1_000_000)
    crowd = buyers.make(min(50, options.checkouts), goods)
    say("Warming up …")
    buy_at_once(shop, crowd, 50, goods, at_once=options.at_once)
    times: dict[str, list[float]] = defaultdict(list)
    lags: list[float] = []
    for number in range(1, options.rounds + 1):
        say(f"Round {number} of {options.rounds}")
        for state in STATES:
            _set_endpoints(state, well, hanging)
            time.sleep(SETTLE_S)
            times[state] += buy_at_once(
                shop, crowd, options.checkouts, goods, at_once=options.at_once
            )
            if state == STATES[2]:
                lags += _wait_for_deliveries()
            buyers.forget_jobs()
    return times, lags


def _set_endpoints(state: str, well: list[Receiver], hanging: Receiver) -> None:
    from markrin.webhooks.models import OffReason, WebhookEndpoint
    from markrin.webhooks.secrets import encrypt_secret, make_secret

    # Not deleted: workers may be writing down tries of theirs at this moment.
    WebhookEndpoint.objects.update(off_reason=OffReason.STAFF)
    if state == STATES[0]:
        return
    fifth = hanging if state == STATES[2] else well[0]
    for receiver in (*well, fifth):
        WebhookEndpoint.objects.create(
            name=f"{'Hanging' if receiver is hanging else 'Well'} {uuid4().hex}",
            url=receiver.url(),
            event_types=["order.placed"],
            secret=encrypt_secret(make_secret()),
        )


def _wait_for_deliveries() -> list[float]:
    """Return how many seconds after its order each event arrived at the servers that are well,
    once all have. Raises: NotReady: they have not in two minutes.
    """
    from markrin.outbox.models import OutboxEvent
    from markrin.webhooks.models import OffReason, WebhookDelivery

    until = time.monotonic() + CATCH_UP_S
    others = WebhookDelivery.objects.filter(
        endpoint__name__startswith="Well", endpoint__off_reason=OffReason.ON
    )
    unpublished = OutboxEvent.objects.filter(task="webhooks.publish").exclude(
        state="done"
    )
    while unpublished.exists() or others.exclude(state="delivered").exists():
        if time.monotonic() > until:
            raise NotReady(f"events have not arrived within {CATCH_UP_S:.0f} s")
        time.sleep(0.5)
    found = others.values_list("delivered_at", "event__at")
    return [(arrived - at).total_seconds() for arrived, at in found if arrived]


def _publish_times(
    options: argparse.Namespace,
    times: dict[str, list[float]],
    lags: list[float],
    hanging: Receiver,
) -> int:
    p99 = {state: percentile(values, 99) for state, values in times.items()}
    calm, worse = p99[STATES[1]], p99[STATES[2]]
    reached = worse <= calm * WITHIN + MORE_MS
    rows = [
        Row(
            "checkout, one of five servers hangs",
            f"{worse:.1f} ms",
            STATES[1],
            f"{calm:.1f} ms",
            f"{worse / calm:.2f}",
            f"≤ {WITHIN:g} x + {MORE_MS} ms",
            reached,
        )
    ]
    medians = ", ".join(
        f"{state} {percentile(values, 50):.1f} / {percentile(values, 99):.1f}"
        for state, values in times.items()
    )
    notes = (
        f"{len(times[STATES[0]])} checkouts of each state, {options.at_once} at a time."
        f" Median / 99th percentile in ms: {medians}. While one hung, {len(lags)} events"
        f" reached the four others in {percentile(lags, 50):.1f} s (median),"
        f" {percentile(lags, 99):.1f} s (99th percentile); the hanging one was called"
        f" {len(hanging.received)} times.\n"
    )
    publish(
        "webhooks",
        "POST /api/orders, 99th percentile, with five webhooks",
        rows,
        notes,
    )
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
