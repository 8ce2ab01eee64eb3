"""A sale starts while answers are kept: from that moment on nobody is shown the old price, in
no tier, though nothing runs that could tell the cache.
"""

import time

import pytest
from django.db import connection
from django.test import override_settings

from markrin.cache import http_headers
from markrin.cache.shared_cache import CachedResponse
from tests.client import Client
from tests.factories import make_product


@pytest.fixture
def catalogue(line, db):
    """Return a client of the real catalogue, with the cache on."""
    with override_settings(CACHE_ANSWERS=True):
        yield Client()


def _has_started(product) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sale_starts_at <= statement_timestamp() FROM products_product WHERE id = %s",
            [product.pk],
        )
        return cursor.fetchone()[0]


def _start_sale_in(product, seconds: float) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE products_product SET sale_price = 80,
            sale_starts_at = statement_timestamp() + make_interval(secs => %s) WHERE id = %s""",
            [seconds, product.pk],
        )


@pytest.mark.parametrize(
    ("path", "price_of"),
    [
        ("/api/products?sort=price_asc", lambda data: data["items"][0]["price"]),
        ("/api/products/featured", lambda data: data["items"][0]["price"]),
        ("/api/products/tee", lambda data: data["variants"][0]["price"]),
    ],
)
def test_no_kept_answer_outlives_the_start_of_a_sale(
    catalogue, line, path, price_of
):
    product = make_product(
        slug="tee", base_price="100.00", variants=1, is_featured=True
    )
    _start_sale_in(product, 3)
    kept_before = after = 0
    in_memory = False
    give_up_at = time.monotonic() + 30
    # A process keeps answers itself only while its line to the cache server is up, which on a
    # busy machine it may not be for a moment.
    while after < 4 or not in_memory:
        assert time.monotonic() < give_up_at, "the new one is kept in memory, too"
        # asked first: what is answered afterwards may not be older
        over = _has_started(product)
        answer = catalogue.get(path)
        price = price_of(answer.json())
        if over:
            assert price == "80.00", answer.headers["Cache-Status"]
            after += 1
            in_memory = "detail=memory" in answer.headers["Cache-Status"]
        elif "hit" in answer.headers["Cache-Status"]:
            kept_before += 1
        time.sleep(0.01)
    assert kept_before, "the old price was kept at all"


def _answer(ends_at):
    return CachedResponse(
        200, (), {"identity": b"x"}, frozenset({"*"}), "", ends_at=ends_at
    )


def test_a_proxy_may_keep_it_until_then_and_no_longer(settings):
    settings.CACHE_CDN_TTL_S = 60
    soon, late = time.monotonic() + 10, time.monotonic() + 1000
    assert http_headers.cache_control(_answer(late)).endswith("s-maxage=60")
    found = http_headers.cache_control(_answer(soon))
    assert 1 <= int(found.rpartition("=")[2]) <= 9
    assert http_headers.cache_control(_answer(time.monotonic() - 5)).endswith("=0")
