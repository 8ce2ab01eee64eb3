"""The web server dies, or what it talks to, while people buy: a 201 is kept, and anything
else is safe to repeat.
"""

import random
import signal
import time
from contextlib import suppress

import psutil
import pytest

from orders.models import Order
from tests.chaos.dying_rsgi import DIE
from tests.chaos.shop import (
    Answer,
    Purchase,
    Shop,
    false_promises,
    p99_ms,
    statuses,
    unconfirmed,
    unsettled,
)
from tests.chaos.shop_processes import await_
from tests.chaos.table import Record

pytestmark = pytest.mark.slow

KILLS = 10


@pytest.mark.timeout(900)
def test_killed_between_commit_and_reply(shop: Shop, hold: Record) -> None:
    fault = "kill -9 of web between COMMIT and reply"
    shop.open(application="tests.chaos.dying_rsgi:application", workers=2)
    shop.processes.relay()
    shop.processes.worker_of_all()
    cut = [
        _killed_once_kept(shop, cart, orders)
        for orders, cart in enumerate(shop.carts(KILLS), 1)
    ]
    kept = Order.objects.count()
    again = shop.settle(cut)
    shop.processes.finish(within_s=400)
    missing, extra = unconfirmed(shop.processes)
    counted = (
        f"{statuses(cut)}; {kept} orders kept; again by the same key: {statuses(again)},"
        f" {Order.objects.count()} orders"
    )
    killed = sum(each.status == 0 for each in cut)
    wrong = abs(KILLS - killed) + abs(KILLS - kept)
    hold(
        fault,
        killed,
        "the order is kept, its key leads to it",
        counted,
        wrong + unsettled(KILLS),
    )
    hold(
        fault,
        killed,
        "each order confirmed by one mail",
        f"{missing} missing, {extra} extra",
        missing + extra,
    )


def _killed_once_kept(shop: Shop, cart: Purchase, orders: int) -> Answer:
    """Buy, and return the answer that broke off with the order kept. A try that met no
    process yet is made again.
    """
    tries: list[Answer] = []

    def kept() -> bool:
        shop.stand()
        if shop.get("/health/live")[0] == 200:
            tries.append(shop.buy(cart, headers={DIE: "now"}))
        return Order.objects.count() == orders

    await_(kept, within_s=60, why=shop.explain)
    return tries[-1]


@pytest.mark.timeout(900)
def test_killed_at_random_while_people_buy(shop: Shop, hold: Record) -> None:
    fault = "kill -9 of web processes at random"
    dice = random.Random(9)
    shop.open(workers=2)
    shop.processes.relay()
    shop.processes.worker_of_all()
    with shop.selling() as answers:
        for _ in range(KILLS):
            _serves_again(shop, answers)
            time.sleep(dice.uniform(0, 1))
            _kill_one(shop, dice)
        _serves_again(shop, answers)
    before = len(answers)
    said = statuses(answers)
    shop.settle(answers)
    shop.processes.finish(within_s=400)
    missing, extra = unconfirmed(shop.processes)
    counted = f"{said}; all again by their keys: {Order.objects.count()} orders for {before} carts"
    hold(
        fault,
        KILLS,
        "no false 201, one order a cart",
        counted,
        false_promises(answers) + unsettled(before),
    )
    hold(
        fault,
        KILLS,
        "each order confirmed by one mail",
        f"{missing} missing, {extra} extra",
        missing + extra,
    )


def _serves_again(shop: Shop, answers: list[Answer]) -> None:
    """Wait until a few more have bought: a server that is dead already is no fault."""
    sold = sum(each.status == 201 for each in answers) + 5

    def sells() -> bool:
        shop.stand()
        return sum(each.status == 201 for each in answers) >= sold

    await_(sells, within_s=60, why=shop.explain)


def _kill_one(shop: Shop, dice: random.Random) -> None:
    """Kill one of the web server's worker processes, as soon as it has one."""
    shop.stand()
    assert shop.web is not None
    with suppress(
        psutil.NoSuchProcess, IndexError
    ):  # the server gives up at this moment, or has none yet
        dice.choice(psutil.Process(shop.web.pid).children()).send_signal(
            signal.SIGKILL
        )


@pytest.mark.parametrize(
    "fault",
    ["broker refuse", "broker stall", "mail server refuse", "mail server stall"],
)
@pytest.mark.timeout(900)
def test_checkout_does_not_notice(shop: Shop, hold: Record, fault: str) -> None:
    """How long it takes is `make bench-faults`, on a quiet machine; here it is shown beside
    the undisturbed.
    """
    shop.open(workers=2)
    shop.rush(40)
    met_before = shop.processes.broker.met
    calm = shop.rush(100)
    met = (
        shop.processes.broker.met - met_before
    )  # no relay and no worker yet: whoever publishes would be the web
    shop.processes.relay()
    shop.processes.worker_of_all()
    proxy = (
        shop.processes.broker if fault.startswith("broker") else shop.processes.mail
    )
    getattr(proxy, fault.rpartition(" ")[2])()
    disturbed = shop.rush(100)
    proxy.heal()
    seconds = shop.processes.finish(within_s=400)
    missing, extra = unconfirmed(shop.processes)
    counted = (
        f"{statuses(disturbed)}; p99 {p99_ms(disturbed):.0f} ms, undisturbed {p99_ms(calm):.0f}"
        " ms; "
        f"all mails {seconds:.0f} s after its return, {missing} missing, {extra} extra"
    )
    wrong = sum(each.status != 201 for each in [*calm, *disturbed])
    hold(
        f"{fault} while people buy",
        1,
        "every checkout 201, every mail once",
        counted,
        wrong + missing + extra,
    )
    hold(
        f"{fault} while people buy",
        1,
        "no checkout talks to the broker",
        f"{met} connections",
        met,
    )
    assert not unsettled(240)


@pytest.mark.timeout(900)
def test_broker_hangs_while_people_buy(shop: Shop, hold: Record) -> None:
    """A broker whose process is stopped: its port still takes connections, and nothing answers."""
    shop.processes.own_broker()
    shop.open(workers=2)
    shop.processes.relay()
    shop.processes.worker_of_all()
    shop.rush(40)
    calm = shop.rush(100)
    with shop.processes.broker_stopped():
        disturbed = shop.rush(100)
    seconds = shop.processes.finish(within_s=400)
    missing, extra = unconfirmed(shop.processes)
    counted = (
        f"{statuses(disturbed)}; p99 {p99_ms(disturbed):.0f} ms, undisturbed {p99_ms(calm):.0f}"
        " ms; "
        f"all mails {seconds:.0f} s after SIGCONT, {missing} missing, {extra} extra"
    )
    wrong = sum(each.status != 201 for each in [*calm, *disturbed]) + int(
        seconds > 40
    )
    hold(
        "broker SIGSTOP while people buy",
        1,
        "every 201, every mail within 40 s",
        counted,
        wrong + missing + extra,
    )


@pytest.mark.parametrize("fault", ["refuse", "stall"])
@pytest.mark.timeout(900)
def test_cache_gone(shop: Shop, hold: Record, fault: str) -> None:
    shop.open(workers=2, CACHE_ANSWERS="1")
    product = shop.variants[0].product
    pages = [
        "/api/products",
        f"/api/products/{product.slug}",
        "/api/categories",
        "/api/products?facets=true",
    ]
    shop.rush(40)
    calm = [shop.get(page) for page in pages * 10]
    bought = shop.rush(60)
    getattr(shop.cache, fault)()
    disturbed = [shop.get(page) for page in pages * 10]
    sold = shop.rush(60)
    shop.cache.heal()
    after = [shop.get(page) for page in pages]
    bad = sum(status != 200 for status, _ in [*calm, *disturbed, *after])
    bad += sum(each.status != 201 for each in [*bought, *sold])
    worst, usual = max(ms for _, ms in disturbed), max(ms for _, ms in calm)
    counted = (
        f"40 pages, {statuses(sold)}; slowest page {worst:.0f} ms, undisturbed {usual:.0f} ms; "
        f"checkout p99 {p99_ms(sold):.0f} ms, undisturbed {p99_ms(bought):.0f} ms"
    )
    hold(f"cache {fault}", 1, "pages from the database, no 5xx", counted, bad)
    assert not unsettled(160)
