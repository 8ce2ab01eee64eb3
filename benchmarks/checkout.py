"""`make bench-checkout`: checkouts of 2 lines a second, beside the same statements by
pgbench over the same tables, and beside pgbench's own TPC-B-like transaction.

One web process, 8 connections of a client in Node, as one in Python would take as long as the shop;
pgbench with 8 clients. The statements are those that one checkout was seen to send, the shop's own
and in its order, with other ids each time. All carts are filled before a turn and none is bought
twice."""

import argparse
import os
import statistics
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks import buyers, checkout_statements
from benchmarks.buyers import Checkout, Goods
from benchmarks.harness import Harness, NotReady, say, web
from benchmarks.peers.load import Request, send_each
from benchmarks.report import Row, publish, within

SCALE = 100  # products of the shop around it
CLIENTS = 8
AT_LEAST, TPCB_AT_LEAST, ONE_SKU_AT_LEAST = 0.40, 0.09, 0.8
P99_AT_MOST = 2  # times the median


def main() -> int:
    """Measure in turns, publish; return 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--checkouts", type=int, default=400, help="of each kind in each round"
    )
    options = parser.parse_args()
    try:
        with Harness() as harness, ExitStack() as stack:
            env = harness.environment(SCALE)
            os.environ |= env | {
                "DJANGO_SETTINGS_MODULE": "markrin.settings",
                "ALLOWED_HOSTS": "testserver",
            }
            goods = buyers.variants(200, stock=1_000_000)
            crowd = buyers.make(200, goods)
            script = checkout_statements.write(
                Path(env["LOCAL_DIR"]) / "checkout.pgbench", goods
            )
            shop = stack.enter_context(web(env))
            return publish_rounds(
                options, measure(options, shop, crowd, goods, script)
            )
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1


def measure(
    options: argparse.Namespace,
    shop: str,
    crowd: list[Checkout],
    goods: Goods,
    script: Path,
) -> dict[str, list[float]]:
    """Return the rates, checkouts a second, of each kind and round; and of the spread ones the
    median and the 99th percentile, in ms.
    """
    say("Warming up …")
    through_shop(shop, crowd, 100, goods)
    rates: dict[str, list[float]] = {
        name: [] for name in ("spread", "one", "pgbench", "tpcb", "p50", "p99")
    }
    for number in range(1, options.rounds + 1):
        say(f"Round {number} of {options.rounds}")
        took: list[float] = []
        rates["spread"].append(
            through_shop(shop, crowd, options.checkouts, goods, took=took)
        )
        rates["p50"].append(statistics.median(took))
        rates["p99"].append(statistics.quantiles(took, n=100)[-1])
        rates["pgbench"].append(
            checkout_statements.run(
                script, clients=CLIENTS, each=options.checkouts // 2
            )
        )
        rates["tpcb"].append(checkout_statements.run_tpcb(clients=CLIENTS))
        rates["one"].append(
            through_shop(shop, crowd, options.checkouts, goods[:-1], hot=goods[-1])
        )
    return rates


def through_shop(
    shop: str,
    crowd: list[Checkout],
    count: int,
    goods: Goods,
    *,
    hot: Any = None,
    took: list[float] | None = None,
) -> float:
    """Buy so many carts; return how many a second, without the filling, and append to `took`
    each one's ms. Raises: NotReady unless all are 201.
    """
    seconds, bought = 0.0, 0
    while bought < count:
        some = crowd[: count - bought]
        buyers.fill(some, goods, hot=hot)
        answers = send_each(
            shop, [buying_request(each) for each in some], expect='"number"'
        )
        if answers.wrong:
            raise NotReady(f"a checkout was answered {answers.shown[0]}")
        seconds += answers.seconds
        if took is not None:
            took += answers.latencies
        bought += len(some)
    return count / seconds


def buying_request(checkout: Checkout) -> Request:
    """Return the request that buys the cart, with a key of its own."""
    headers = checkout.headers | {"Idempotency-Key": uuid4().hex}
    return Request("POST", "/api/orders", checkout.body.decode(), headers)


def publish_rounds(
    options: argparse.Namespace, rates: dict[str, list[float]]
) -> int:
    """Publish the middle rounds; return 1 where a goal is missed."""
    middle = {name: sorted(found)[len(found) // 2] for name, found in rates.items()}
    compared = (
        (
            "checkout of 2 lines, spread",
            "spread",
            "the same statements by pgbench",
            "pgbench",
            AT_LEAST,
        ),
        (
            "the same",
            "spread",
            "pgbench's TPC-B-like transaction",
            "tpcb",
            TPCB_AT_LEAST,
        ),
        (
            "checkout, everybody wants one SKU",
            "one",
            "spread",
            "spread",
            ONE_SKU_AT_LEAST,
        ),
    )
    rows = []
    for what, ours, beside, theirs, at_least in compared:
        ratio = middle[ours] / middle[theirs]
        goal, reached = within(ratio, at_least=at_least)
        rows.append(
            Row(
                what,
                f"{middle[ours]:.0f}/s",
                beside,
                f"{middle[theirs]:.0f}/s",
                f"{ratio:.2f}",
                goal,
                reached,
            )
        )
    ratio = middle["p99"] / middle["p50"]
    goal, reached = within(ratio, at_most=P99_AT_MOST)
    rows.append(
        Row(
            "checkout, 99th percentile",
            f"{middle['p99']:.0f} ms",
            "its median",
            f"{middle['p50']:.0f} ms",
            f"{ratio:.2f}",
            goal,
            reached,
        )
    )
    spread = ", ".join(
        f"{name} {min(found):.0f} to {max(found):.0f}"
        for name, found in rates.items()
    )
    notes = (
        f"{options.checkouts} checkouts of each kind in each of {options.rounds} rounds in"
        f" turns, the middle one; {CLIENTS} at a time by a client in Node, one web process."
        " pgbench also looks up the ids that it uses, one statement more, and plans every"
        " statement each time, as the shop does not: TPC-B is the measure that stays the same.\n"
        f"Rounds: {spread}.\n"
    )
    publish("checkout", "Checkouts a second", rows, notes)
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
