"""What is around the shop fails while people buy: slow clients, a payment provider that
hangs, a full Valkey, a clock that jumps, a network that is cut, and all of its processes at
once.

Whatever a shopper was answered, the same cart with the same key ends as one order with one mail.
"""

import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from orders.models import Order
from tests import services as test_services
from tests.chaos.network import NoNamespaces, cable_to
from tests.chaos.proxy import proxy
from tests.chaos.shop import (
    Answer,
    Shop,
    false_promises,
    statuses,
    unconfirmed,
    unsettled,
)
from tests.chaos.shop_processes import await_
from tests.chaos.table import Record
from tests.deploy.slow_clients import KINDS, SlowClients

pytestmark = pytest.mark.slow

TRIES = int(os.environ.get("CHAOS_TRIES", "20"))
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")


def hold_what_was_bought(
    shop: Shop, hold: Record, fault: str, answers: list[Answer], tries: int
) -> None:
    """Settle every cart by its key, and count what must be there once."""
    said, carts = statuses(answers), len(answers)
    shop.settle(answers)
    shop.processes.finish(within_s=400)
    missing, extra = unconfirmed(shop.processes)
    counted = (
        f"{said}; by their keys {Order.objects.count()} orders for {carts} carts"
    )
    breaches = false_promises(answers) + unsettled(carts)
    hold(fault, tries, "no false 201, one order a cart", counted, breaches)
    mails = f"{missing} missing, {extra} extra"
    hold(fault, tries, "each order confirmed by one mail", mails, missing + extra)


@pytest.mark.timeout(1200)
def test_slow_clients_while_people_buy(shop: Shop, hold: Record) -> None:
    fault = "200 slow clients at the web server itself"
    shop.open(REQUEST_BODY_S="5")
    shop.processes.relay()
    shop.processes.worker_of_all()
    address = urlsplit(shop.url)
    answers: list[Answer] = []
    unwell = 0
    for number in range(TRIES):
        kind = KINDS[number % len(KINDS)]
        place = ("127.0.0.1", int(address.port or 0))
        with SlowClients(
            place, kind, 200, host="127.0.0.1", big="/api/products?limit=100"
        ):
            answers += shop.rush(10)
            unwell += shop.get("/health/live", timeout_s=3)[0] != 200
    refused = sum(each.status != 201 for each in answers)
    counted = f"{statuses(answers)}; {unwell} health checks failed"
    hold(
        fault,
        TRIES,
        "every checkout and health check is answered",
        counted,
        refused + unwell,
    )
    hold_what_was_bought(shop, hold, fault, answers, TRIES)


@pytest.mark.timeout(1200)
def test_a_full_valkey_while_people_buy(shop: Shop, hold: Record) -> None:
    fault = "Valkey full (noeviction, every write refused)"
    shop.open(workers=2)
    shop.processes.relay()
    shop.processes.worker_of_all()
    server = shop.processes.redis
    answers: list[Answer] = []
    before = {
        name: server.config_get(name)[name]
        for name in ("maxmemory", "maxmemory-policy")
    }
    try:
        for _ in range(TRIES):
            server.config_set("maxmemory-policy", "noeviction")
            server.config_set("maxmemory", 1)
            answers += shop.rush(10)
            assert shop.get("/api/products?limit=1")[0] == 200
            server.config_set("maxmemory", str(before["maxmemory"]))
            answers += shop.rush(5)
    finally:
        for name, value in before.items():
            server.config_set(name, str(value))
    refused = sum(each.status != 201 for each in answers)
    hold(fault, TRIES, "every checkout is answered 201", statuses(answers), refused)
    hold_what_was_bought(shop, hold, fault, answers, TRIES)


@pytest.mark.skipif(
    not FAKETIME.exists(),
    reason="faketime is not installed: apt-get install faketime",
)
@pytest.mark.timeout(1200)
def test_a_clock_that_jumps_while_people_buy(
    shop: Shop, hold: Record, tmp_path: Path
) -> None:
    """That of the web servers, by up to a day; PostgreSQL's and the workers' goes on."""
    fault = "clock of web jumps by up to a day"
    clock, dice = tmp_path / "clock", random.Random(5)
    clock.write_text("+0")
    shop.open(
        LD_PRELOAD=str(FAKETIME),
        FAKETIME_TIMESTAMP_FILE=str(clock),
        FAKETIME_NO_CACHE="1",
        DONT_FAKE_MONOTONIC="1",
    )
    shop.processes.relay()
    shop.processes.worker_of_all()
    with shop.selling() as sold:
        for _ in range(TRIES):
            clock.write_text(f"{dice.randint(-86_400, 86_400):+d}")
            count = len(sold) + 8
            await_(partial(_has_sold, sold, count), within_s=60, why=shop.explain)
        clock.write_text("+0")
    answers = list(sold)
    refused = sum(each.status != 201 for each in answers)
    hold(fault, TRIES, "every checkout is answered 201", statuses(answers), refused)
    hold_what_was_bought(shop, hold, fault, answers, TRIES)


@pytest.mark.skipif(
    bool(os.environ.get("TEST_DATABASE_URL")),
    reason="stops the server, which is not the tests' own",
)
@pytest.mark.timeout(2400)
def test_everything_at_once_is_killed_and_started(shop: Shop, hold: Record) -> None:
    """As where the machine loses its power: nothing is told to stop."""
    fault = "kill -9 of web, relay, workers, beat, Valkey, PostgreSQL at once"
    shop.processes.durable()
    shop.processes.own_broker()
    shop.env["CELERY_BROKER_URL"] = shop.processes.env["CELERY_BROKER_URL"]
    shop.env["CACHE_URL"] = shop.processes.own_cache_url
    shop.open(workers=2)
    names = [
        shop.processes.relay(),
        shop.processes.worker_of_all(),
        shop.processes.beat(),
    ]
    dice = random.Random(7)
    answers: list[Answer] = []
    for _ in range(TRIES):
        assert shop.web is not None
        with ThreadPoolExecutor(4) as pool:
            rush = [pool.submit(shop.buy, cart) for cart in shop.carts(12)]
            time.sleep(dice.uniform(0.05, 0.5))
            shop.web.signal(signal.SIGKILL)
            for name in names:
                shop.processes.kill(name)
            shop.processes.kill_own_broker()
            with shop.processes.database_away(signal.SIGQUIT):
                answers += [each.result() for each in rush]
        shop.web.process.wait(timeout=10)
        shop.processes.start_own_broker()
        for name in names:
            shop.processes.restart(name)
        shop.stand()
    hold_what_was_bought(shop, hold, fault, answers, TRIES)


@pytest.mark.timeout(1200)
def test_a_payment_provider_that_hangs(shop: Shop, hold: Record) -> None:
    """Those who pay online wait for it, within bounds; nobody else does, and their orders stand."""
    fault = "payment provider takes connections and says nothing"
    with proxy(("127.0.0.1", 9)) as provider:
        provider.stall()
        shop.open(
            ONLINE_PROVIDER="stripe",
            STRIPE_SECRET_KEY="sk_test_chaos",
            STRIPE_PUBLIC_KEY="pk_test_chaos",
            STRIPE_WEBHOOK_SECRET="whsec_chaos",
            STRIPE_API_BASE=f"http://127.0.0.1:{provider.port}",
        )
        shop.processes.relay()
        shop.processes.worker_of_all()
        answers: list[Answer] = []
        for _ in range(TRIES):
            online = shop.carts(1)[0]
            started = time.monotonic()
            answers.append(
                shop.buy(online, body={"paymentMethod": "online"}, timeout_s=60)
            )
            assert time.monotonic() - started < 45
            answers += shop.rush(4)
    refused = sum(each.status != 201 for each in answers)
    hold(
        fault,
        TRIES,
        "every order stands, whoever is to be paid",
        statuses(answers),
        refused,
    )
    assert Order.objects.filter(payment_method="online").count() == TRIES
    assert false_promises(answers) == 0


@pytest.mark.timeout(2400)
def test_the_network_to_the_database_is_cut_while_people_buy(
    shop: Shop, hold: Record
) -> None:
    """Both sides of every connection believe in it: nobody sends a farewell."""
    fault = "network between web and PostgreSQL cut"
    base, _, name = test_services.environment()["DATABASE_URL"].rpartition("/")
    role, _, folder = base.removeprefix("postgres://").partition("@/")
    dice = random.Random(11)
    unwell = 0
    with ExitStack() as stack:
        try:
            cable = stack.enter_context(
                cable_to(f"{unquote(folder)}/.s.PGSQL.5432")
            )
        except NoNamespaces as error:
            pytest.skip(f"not tried: {error}")
        shop.open(
            workers=2, DATABASE_URL=f"postgres://{role}@{cable.address}/{name}"
        )
        shop.processes.relay()
        shop.processes.worker_of_all()
        with shop.selling() as sold:
            for number in range(TRIES):
                time.sleep(dice.uniform(0.2, 1))
                cable.cut()
                # Every fifth time for longer than a connection is believed in.
                time.sleep(15 if number % 5 == 4 else dice.uniform(1, 4))
                unwell += shop.get("/health/live", timeout_s=3)[0] != 200
                cable.mend()
                count = _count_bought(sold) + 8
                await_(
                    lambda most=count: _count_bought(sold) >= most,  # type: ignore[misc]
                    within_s=45,
                    why=shop.explain,
                )
        answers = list(sold)
        strange = sum(each.status not in (201, 503) for each in answers)
        counted = f"{statuses(answers)}; {unwell} health checks failed"
        hold(
            fault,
            TRIES,
            "nothing but 201 and 503; health answers; sells within 45 s",
            counted,
            strange + unwell,
        )
        hold_what_was_bought(shop, hold, fault, answers, TRIES)


def _count_bought(answers: list[Answer]) -> int:
    return sum(each.status == 201 for each in list(answers))


def _has_sold(sold: list[Any], count: int) -> bool:
    return len(sold) >= count
