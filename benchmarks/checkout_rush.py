"""`make bench-rush`: 500 buyers at once for 100 pieces, 4 web processes: exactly 100 are
sold, nobody gets a 5xx.
"""

import argparse
import json
import os
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from threading import Barrier
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from benchmarks.harness import Harness, NotReady, say, web
from benchmarks.report import Row, publish

SCALE = 100  # products of the shop around it


def main() -> int:
    """Sell, count, publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--buyers", type=int, default=500)
    parser.add_argument("--pieces", type=int, default=100)
    parser.add_argument("--workers", type=int, default=4, help="web processes")
    options = parser.parse_args()
    try:
        with Harness() as harness:
            env = harness.environment(SCALE)
            os.environ |= env | {"DJANGO_SETTINGS_MODULE": "markrin.settings"}
            variant, requests = prepare_carts(options.buyers, options.pieces)
            with web(env, workers=options.workers) as shop:
                answers, seconds = send_rush(shop, requests)
            return publish_rush(options, answers, seconds, count_sold(variant))
    except NotReady as error:
        print(error, file=sys.stderr)
        return 1


def prepare_carts(
    buyers: int, pieces: int
) -> tuple[UUID, list[tuple[bytes, dict[str, str]]]]:
    """Make the variant, and customers with it in the cart; return it, and the checkouts
    that they will send.
    """
    import django

    django.setup()
    from django.db import connection

    from tests.client import access_token
    from tests.factories import (
        make_address,
        make_cart_line,
        make_category,
        make_product,
        make_user,
        make_variant,
    )

    say(f"{buyers} customers put it into their carts …")
    run = uuid4().hex[:8]
    category = make_category(name=f"Rush {run}", slug=f"rush-{run}")
    variant = make_variant(
        product=make_product(slug=f"rush-{run}", category=category),
        stock=pieces,
        sku=f"RUSH-{run}",
    )
    requests = []
    for number in range(buyers):
        user = make_user(email=f"{run}-{number}@example.com", password=None)
        make_cart_line(customer=user, variant=variant)
        body = {
            "addressId": str(make_address(user=user).pk),
            "paymentMethod": "cod",
        }
        headers = {
            "Authorization": f"Bearer {access_token(user)}",
            "Content-Type": "application/json",
            "Idempotency-Key": uuid4().hex,
        }
        requests.append((json.dumps(body).encode(), headers))
    connection.close()
    return variant.pk, requests


def send_rush(
    shop: str, requests: list[tuple[bytes, dict[str, str]]]
) -> tuple[Counter[int], float]:
    """Send every checkout at the same moment; return the answers by status, and the seconds
    until the last.
    """
    address = urlsplit(shop)
    ready = Barrier(len(requests) + 1)

    def buy(request: tuple[bytes, dict[str, str]]) -> int:
        connection = HTTPConnection(
            address.hostname or "", address.port, timeout=120
        )
        ready.wait()
        connection.request("POST", "/api/orders", request[0], request[1])
        status = connection.getresponse().status
        connection.close()
        return status

    with ThreadPoolExecutor(len(requests)) as pool:
        waiting = [pool.submit(buy, request) for request in requests]
        ready.wait()
        started = time.monotonic()
        answers = Counter(each.result() for each in waiting)
        return answers, time.monotonic() - started


def count_sold(variant: UUID) -> tuple[int, int, int]:
    """Return what the database says: pieces reserved, orders, and what is left."""
    from orders.models import OrderLine
    from products.models import StockLevel

    level = StockLevel.objects.get(pk=variant)
    return (
        level.reserved,
        OrderLine.objects.filter(variant=variant).count(),
        level.sellable,
    )


def publish_rush(
    options: argparse.Namespace,
    answers: Counter[int],
    seconds: float,
    found: tuple[int, int, int],
) -> int:
    """Publish, and return the exit code: 1 if a piece too many or too few was sold, or
    anybody got a 5xx.
    """
    reserved, orders, left = found
    failed = sum(count for status, count in answers.items() if status >= 500)
    pieces = min(options.pieces, options.buyers)
    right = reserved == orders == answers[201] == pieces
    rows = [
        Row(
            "pieces sold",
            str(reserved),
            "pieces there",
            str(options.pieces),
            f"{left} left",
            "all, once",
            right,
        ),
        Row(
            "5xx",
            str(failed),
            "buyers",
            str(options.buyers),
            f"{seconds:.1f} s",
            "0",
            failed == 0,
        ),
    ]
    said = ", ".join(
        f"{count} × {status}" for status, count in sorted(answers.items())
    )
    title = (
        f"{options.buyers} buyers at once for {options.pieces} pieces, {options.workers}"
        " web processes"
    )
    publish(
        "rush",
        title,
        rows,
        f"Answers: {said}; {options.buyers / seconds:.0f} a second.\n",
    )
    return 0 if right and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
