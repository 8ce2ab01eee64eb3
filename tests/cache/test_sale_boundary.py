"""A sale starts and ends while eight readers ask two web processes, with neither beat nor relay:
whoever asks after the moment is shown the new price, in every tier.

`make boundary` goes on until 20,000 answers were judged, over as many sales as that takes.
"""

import http.client
import json
import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from django.db import connection

from products.models import Collection
from tests import services
from tests.factories import make_product

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
READERS = 8
ANSWERS = int(os.environ.get("BOUNDARY_ANSWERS", "500"))
LEAD_S = float(os.environ.get("BOUNDARY_LEAD_S", "2"))
PATHS = {
    "/api/products/tee": lambda data: data["variants"][0]["price"],
    "/api/products?sort=price_asc": lambda data: data["items"][0]["price"],
    "/api/products?onSale=true&facets=true": lambda data: (
        data["items"][0]["price"] if data["items"] else "100.00"
    ),
    "/api/products?inCollection=sale": lambda data: (
        data["items"][0]["price"] if data["items"] else "100.00"
    ),
}


def _plan_sale(product) -> tuple[float, float]:
    """Write a sale that begins soon and ends soon after, and return both moments. PostgreSQL's
    clock is this machine's.
    """
    starts = time.time() + LEAD_S
    ends = starts + LEAD_S
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE products_product SET sale_price = 80, sale_starts_at = to_timestamp(%s),"
            " sale_ends_at = to_timestamp(%s) WHERE id = %s",
            [starts, ends, product.pk],
        )
    return starts, ends


def _read(url: str, path: str, until: float) -> list[tuple[float, float, str, str]]:
    """Ask again and again, and return of each answer when it was asked for, when it was there,
    the price, and the tier.
    """
    parts = urlsplit(url)
    line = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    seen = []
    while time.time() < until:
        asked = time.time()
        line.request("GET", path)
        answer = line.getresponse()
        body = answer.read()
        there = time.time()
        assert answer.status == 200, body[:300]
        tier = answer.headers.get("Cache-Status", "").rpartition("=")[2]
        seen.append((asked, there, PATHS[path](json.loads(body)), tier))
    line.close()
    return seen


def _judge(seen, starts: float, ends: float) -> Counter:
    """Count what was right, what was stale, and what was under way at a boundary."""
    found: Counter = Counter()
    for asked, there, price, tier in seen:
        if there < starts or asked >= ends:
            right = "100.00"
        elif asked >= starts and there < ends:
            right = "80.00"
        else:
            found["under way"] += 1
            continue
        found["right" if price == right else f"stale: {tier}"] += 1
    return found


def test_nobody_is_shown_the_price_of_before():
    product = make_product(slug="tee", base_price="100.00", variants=1)
    Collection.objects.create(name="Sale", slug="sale", by_rule=True, on_sale=True)
    total: Counter = Counter()
    env = {"CACHE_ANSWERS": "1"}
    with (
        services.web(env=env) as one,
        services.web(env=env) as other,
        ThreadPoolExecutor(READERS) as pool,
    ):
        paths = [list(PATHS)[number % len(PATHS)] for number in range(READERS)]
        urls = [(one, other)[number // 4].url for number in range(READERS)]
        while total["right"] < ANSWERS:
            starts, ends = _plan_sale(product)
            readers = [
                pool.submit(_read, url, path, ends + LEAD_S)
                for url, path in zip(urls, paths, strict=True)
            ]
            for reader in readers:
                total += _judge(reader.result(), starts, ends)
    print(f"\n{dict(total)}")  # noqa: T201 (what make boundary is run for)
    assert {name for name in total if name.startswith("stale")} == set(), total
