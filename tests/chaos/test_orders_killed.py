"""Orders on their whole way while a web process, the workers and the relay are killed at random:
nothing is lost, nothing happens twice.

The short form runs in the suite; `make orders-chaos` takes hundreds of steps.
"""

import os
import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal

import psutil
import pytest
from django.db import connection

from orders.models import Order, Refund
from products.models import StockLevel, Variant
from tests.chaos.order_walks import Sale, Walk
from tests.chaos.shop import Shop, unconfirmed
from tests.chaos.shop_processes import ShopProcesses
from tests.chaos.table import Record
from tests.client import access_token
from tests.factories import make_product, make_user, make_variant

FULL = os.environ.get("CHAOS") == "1"
WALKS, STEPS, KILLS, WORKERS = (4, 120, 20, 2) if FULL else (2, 15, 1, 1)
STOCK = 5000
# What a walk calls a sale between two steps of an order's own status.
_STATUS = {
    "packed": "processing",
    "asked back": "delivered",
    "approved": "delivered",
    "received": "delivered",
}


@pytest.mark.timeout(1800)
def test_orders_on_their_way_while_processes_are_killed(
    shop: Shop, hold: Record
) -> None:
    shop.processes.env |= {"ONLINE_PROVIDER": "test", "TEST_GATEWAY_IN_PUBLIC": "1"}
    variants = [
        make_variant(product=make_product(base_price=Decimal("33.35")), stock=STOCK)
        for _ in range(3)
    ]
    tokens = [
        access_token(make_user(role="staff", groups=("orders",)))
        for _ in range(WALKS)
    ]
    workers = [_start_worker(shop.processes, number) for number in range(WORKERS)]
    shop.processes.relay()
    shop.open(
        workers=1,
        ONLINE_PROVIDER="test",
        TEST_GATEWAY_IN_PUBLIC="1",
        ACCESS_TTL_S="3600",
        ADMIN_SECOND_FACTOR="0",
    )
    walks = [Walk(shop, token, variants, n) for n, token in enumerate(tokens)]
    over, killed = threading.Event(), Counter[str]()
    with ThreadPoolExecutor(WALKS) as pool:
        walking = [pool.submit(_walk, walk) for walk in walks]
        killer = threading.Thread(
            target=_kill, args=(shop, walks, workers, over, killed)
        )
        killer.start()
        try:
            for one in walking:
                one.result()
        finally:
            over.set()
            killer.join()
    shop.stand()
    shop.processes.finish(within_s=600)
    steps = sum((walk.done for walk in walks), Counter[str]())
    sales = [sale for walk in walks for sale in walk.sales]
    wrong = [said for sale in sales for said in _compare(sale)]
    wrong += _compare_stock(sales, variants)
    counted = (
        f"{steps.total()} steps, {len(sales)} orders, {sum(w.cut for w in walks)} calls sent"
        f" again; killed {dict(killed)}; {wrong[:3]}"
    )
    fault = "kill -9 of web, workers, relay under orders"
    hold(
        fault,
        killed.total(),
        "orders, money, stock as asked, once",
        counted,
        len(wrong),
    )
    extra = Order.objects.count() - len(sales)
    hold(
        fault,
        killed.total(),
        "no order that nobody knows of",
        f"{extra}",
        abs(extra),
    )
    missing, _ = unconfirmed(shop.processes)
    hold(
        fault, killed.total(), "each order confirmed by mail", f"{missing}", missing
    )
    assert killed.total() >= KILLS


def _start_worker(processes: ShopProcesses, number: int) -> str:
    from celery_app import QUEUES

    return processes.worker(
        ",".join(QUEUES), concurrency=2, name=f"worker:{number}"
    )


def _walk(walk: Walk) -> None:
    try:
        for _ in range(STEPS):
            walk.step()
    finally:
        connection.close()


def _kill(
    shop: Shop,
    walks: list[Walk],
    workers: list[str],
    over: threading.Event,
    killed: Counter[str],
) -> None:
    """Kill the web process, a worker or the relay again and again, each time after the walks have
    come on: what is down already cannot be killed.
    """
    dice = random.Random(17)
    seen = 0
    while not over.wait(dice.uniform(0.1, 1)):
        shop.stand()
        steps = sum(walk.done.total() for walk in walks)
        if steps < seen + len(walks):
            continue
        seen = steps
        name = dice.choice(["web", "web", *workers, "relay"])
        if name == "web":
            assert shop.web is not None
            with suppress(psutil.NoSuchProcess, IndexError):
                dice.choice(psutil.Process(shop.web.pid).children()).kill()
                killed["web"] += 1
            continue
        shop.processes.kill(name)
        shop.processes.restart(name)
        killed[name] += 1


def _compare(sale: Sale) -> list[str]:
    """Return in what an order differs from what was done with it."""
    order = Order.objects.prefetch_related("lines").get(pk=sale.id)
    (line,) = order.lines.all()
    status = _STATUS.get(sale.status, sale.status)
    if sale.status == "judged":
        whole = sale.back == sale.quantity - sale.cancelled
        status = "returned" if whole else "delivered"
    refunds = Refund.objects.filter(order=order, surplus=False)
    shop = {
        "status": order.status,
        "paid": order.paid_at is not None,
        "pieces": (line.cancelled, line.shipped, line.returned),
        "waived": order.waived,
        "refunds": sorted(refunds.values_list("amount", flat=True)),
    }
    walk = {
        "status": status,
        "paid": sale.paid,
        "pieces": (sale.cancelled, sale.shipped, sale.back),
        "waived": sale.waived,
        "refunds": sorted(sale.refunds),
    }
    return [
        f"{order.number} {name}: {shop[name]}, not {walk[name]}"
        for name in walk
        if shop[name] != walk[name]
    ]


def _compare_stock(sales: list[Sale], variants: list[Variant]) -> list[str]:
    wrong = []
    for level in StockLevel.objects.filter(variant__in=variants):
        own = [one for one in sales if one.variant_id == str(level.variant_id)]
        on_hand = STOCK - sum(one.shipped - one.on_shelf for one in own)
        reserved = sum(one.quantity - one.cancelled - one.shipped for one in own)
        if (level.on_hand, level.reserved) != (on_hand, reserved):
            wrong.append(
                f"stock {level.on_hand, level.reserved}, not {on_hand, reserved}"
            )
    return wrong
