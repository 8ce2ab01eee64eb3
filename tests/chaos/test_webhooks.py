"""Receivers of webhooks refuse, hang, are gone, send elsewhere; relay and workers are killed.
Every event arrives at least once where it can, is in the log, and none goes where it must not.
"""

import json
import random
import time
from contextlib import ExitStack
from functools import partial

import pytest
from django.db import connection

from markrin.webhooks.models import (
    OffReason,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from markrin.webhooks.secrets import encrypt_secret, make_secret
from markrin.webhooks.services import endpoints
from markrin.webhooks.services.endpoints import WebhookChange
from products.events import StockChanged
from tests.chaos.shop_processes import ShopProcesses, await_
from tests.chaos.table import Record
from tests.factories import make_variant
from tests.webhooks.receiver import Receiver, receiving

OPEN = (
    "127.0.0.1/32"  # all that may be called; 127.0.0.2 stands for a private address
)


def start(processes: ShopProcesses) -> None:
    processes.env |= {"CHAOS_WEBHOOKS": "1", "OUTBOUND_NETWORKS": OPEN}
    processes.relay()
    processes.worker("analytics,inventory", name="worker:analytics")
    processes.worker("outbound", concurrency=4)


def make_endpoint(name: str, url: str) -> WebhookEndpoint:
    return WebhookEndpoint.objects.create(
        name=name,
        url=url,
        event_types=["stock.changed"],
        secret=encrypt_secret(make_secret()),
    )


def let_leases_end() -> None:
    """What a killed worker held comes back a minute later: let that minute pass."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE outbox_event SET leased_until = now(), wake_at = now()"
            " WHERE state = 'running'"
        )
        cursor.execute("UPDATE webhook_delivery SET sending_until = NULL")


def kill_one(processes: ShopProcesses) -> None:
    name = random.choice(["relay", "worker:outbound", "worker:analytics"])
    processes.kill(name)
    let_leases_end()
    processes.restart(name)


def arrived(receiver: Receiver, sent: set[str]) -> bool:
    return not missing(receiver, sent)


def missing(receiver: Receiver, sent: set[str]) -> int:
    return len(sent - receiver.count().keys())


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("events", "kills"),
    [(8, 1), pytest.param(150, 12, marks=pytest.mark.slow)],
    ids=["short", "long"],
)
def test_webhooks_arrive_whatever_fails(
    processes: ShopProcesses, hold: Record, events: int, kills: int
) -> None:
    variant = make_variant(stock=10)
    with ExitStack() as stack:
        well, refusing, hanging, gone, leading, private = (
            stack.enter_context(receiving(**behaviour))
            for behaviour in (
                {},
                {"status": 500},
                {"hang_s": 600},
                {"status": 410},
                {"status": 307},
                {"host": "127.0.0.2"},
            )
        )
        leading.location = private.url(host="127.0.0.2")
        for name, one in (
            *(("well", well), ("refusing", refusing), ("hanging", hanging)),
            *(("gone", gone), ("leading", leading)),
        ):
            make_endpoint(name, one.url())
        make_endpoint("private", private.url(host="127.0.0.2"))
        start(processes)
        began = time.monotonic()
        for number in range(events):
            processes.add(StockChanged((variant.pk,)))
            if number % max(1, events // kills) == 1:
                kill_one(processes)
        await_(
            lambda: len(well.count()) == events, within_s=120, why=processes.explain
        )
        beside = time.monotonic() - began
        await_(lambda: len(hanging.received) >= 1, why=processes.explain)
        await_(lambda: len(refusing.received) >= 3, why=processes.explain)
        refusing.status, hanging.hang_s = 200, 0
        hanging.stopping.set()
        sent = {
            f"evt_{pk.hex}"
            for pk in WebhookEvent.objects.values_list("pk", flat=True)
        }
        for one in (refusing, hanging):
            await_(
                partial(arrived, one, sent),
                within_s=240,
                why=processes.explain,
            )
        await_(
            lambda: bool(leading.received) and private_tries(),
            why=processes.explain,
        )
        for name in ("leading", "private"):  # they would be tried for three days
            endpoint = WebhookEndpoint.objects.get(name=name)
            endpoints.change_endpoint(
                WebhookChange(is_on=False), endpoint_id=endpoint.pk
            )
        let_leases_end()
        processes.finish(within_s=120)
    hold(
        "webhooks: one receiver hangs, one refuses",
        2,
        "the others are told meanwhile (60 s)",
        f"{events} events in {beside:.1f} s",
        int(beside > 60),
    )
    check_results(hold, kills, sent, events, (well, refusing, hanging))
    astray = len(private.received)
    hold(
        "webhooks: redirects and private addresses",
        2,
        "nothing goes there",
        f"{len(leading.received)} redirects, {astray} requests astray",
        astray,
    )
    off = WebhookEndpoint.objects.get(name="gone").off_reason
    hold(
        "webhooks: a receiver that is gone",
        1,
        "is switched off, and hears nothing more",
        f"{len(gone.received)} requests, {off}",
        int(off != OffReason.GONE or len(gone.received) > 2 + kills),
    )


def private_tries() -> bool:
    tries = WebhookAttempt.objects.filter(delivery__endpoint__name="private")
    return tries.filter(error__contains="not a public one").exists()


def check_results(
    hold: Record,
    kills: int,
    sent: set[str],
    events: int,
    receivers: tuple[Receiver, ...],
) -> None:
    lost = sum(missing(one, sent) for one in receivers)
    hold(
        "webhooks: refusing, hanging; relay and workers killed",
        kills,
        "every event arrives at least once",
        f"{events} events, {lost} missing",
        lost + (len(sent) != events),
    )
    good = ("well", "refusing", "hanging")
    unlogged = WebhookDelivery.objects.filter(endpoint__name__in=good).exclude(
        state="delivered", tries__status=200
    )
    count = unlogged.count()
    positions = [json.loads(one.body)["sequence"] for one in receivers[0].received]
    doubled = len(set(positions)) - events
    hold(
        "webhooks: refusing, hanging; relay and workers killed",
        kills,
        "the log has each delivery; a sequence is one event's",
        f"{count} not in the log, {doubled} too many sequences",
        count + abs(doubled),
    )
