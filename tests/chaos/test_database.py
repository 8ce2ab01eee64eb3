"""The database crashes or is away: jobs wait, every process recovers by itself, and no
finished mail is forgotten.
"""

import os
import signal
import time

import pytest

from orders.models import Order
from tests.chaos.jobs import Both
from tests.chaos.shop import Shop, false_promises, statuses, unconfirmed, unsettled
from tests.chaos.shop_processes import ShopProcesses, await_
from tests.chaos.table import Record

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(os.environ.get("TEST_DATABASE_URL")),
        reason="stops the server, which is not the tests' own",
    ),
]


@pytest.mark.parametrize(
    ("how", "away_s", "fault"),
    [
        (signal.SIGQUIT, 0, "PostgreSQL immediate restart"),
        (signal.SIGINT, 10, "PostgreSQL stopped for 10 s"),
    ],
)
@pytest.mark.timeout(900)
def test_database_gone(
    processes: ShopProcesses,
    hold: Record,
    how: signal.Signals,
    away_s: float,
    fault: str,
) -> None:
    processes.durable()
    processes.relay()
    processes.worker("email", concurrency=4)
    processes.worker("analytics")
    processes.mail.delay(0.05)  # so that mails are being sent as it happens
    processes.add(*(Both(number) for number in range(60)))
    await_(
        lambda: len(processes.sink.mails) >= 4, within_s=60, why=processes.explain
    )
    with processes.database_away(how):
        time.sleep(away_s)
    processes.mail.delay(0)
    seconds = processes.finish(within_s=200)
    copies = processes.sink.copies()
    missing = sum(copies[f"Mail {number}"] == 0 for number in range(60))
    extra = sum(copies.values()) - len(copies)
    alive = sum(one.process.poll() is None for one in processes.running.values())
    counted = (
        f"{missing} of 60 mails missing, {extra} extra, {processes.lost()} runs lost,"
        f" {seconds:.0f} s, {alive} of 3 alive"
    )
    wrong = missing + (processes.effects() != dict.fromkeys(range(60), 1))
    hold(fault, 1, "every mail; database effects once", counted, wrong)
    hold(
        fault,
        1,
        "extra copies <= runs lost; all processes alive",
        counted,
        max(0, extra - processes.lost()) + (alive != 3),
    )


@pytest.mark.parametrize(
    ("how", "away_s", "fault"),
    [
        (signal.SIGQUIT, 0, "PostgreSQL immediate restart while people buy"),
        (signal.SIGINT, 10, "PostgreSQL away for 10 s while people buy"),
    ],
)
@pytest.mark.timeout(900)
def test_database_gone_while_people_buy(
    shop: Shop, hold: Record, how: signal.Signals, away_s: float, fault: str
) -> None:
    shop.processes.durable()
    shop.open(workers=2)
    shop.processes.relay()
    shop.processes.worker_of_all()
    with shop.selling() as answers:
        for _ in range(2):
            time.sleep(3)
            with shop.processes.database_away(how):
                time.sleep(away_s)
        time.sleep(3)
    before, said = len(answers), statuses(answers)
    strange = sum(each.status not in (201, 503) for each in answers)
    shop.settle(answers)
    shop.processes.finish(within_s=400)
    missing, extra = unconfirmed(shop.processes)
    alive = sum(
        one.process.poll() is None for one in shop.processes.running.values()
    )
    orders = Order.objects.count()
    counted = (
        f"{said}; all again by their keys: {orders} orders for {before} carts; {alive} of 2"
        " processes alive"
    )
    hold(
        fault,
        2,
        "503, never a false 201; each key one order",
        counted,
        false_promises(answers) + unsettled(before),
    )
    hold(
        fault,
        2,
        "nothing but 201 and 503; all recover unaided",
        counted,
        strange + (alive != 2),
    )
    counted = (
        f"{missing} of {orders} confirmations missing, {extra} extra,"
        f" {shop.processes.lost()} runs lost"
    )
    hold(
        fault,
        2,
        "every mail; extra copies <= runs lost",
        counted,
        missing + max(0, extra - shop.processes.lost()),
    )
