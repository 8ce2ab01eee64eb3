"""Any order of reads, writes, rollbacks, late fills and faults of the cache server: what is
read is what is true.
"""

import os
import time
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
from django.db import transaction
from django.test import TestCase as DjangoTestCase
from django.test import override_settings
from django_redis import get_redis_connection
from hypothesis import HealthCheck, settings
from hypothesis.extra.django import TestCase
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
)

from markrin.cache import (
    http_headers,
    invalidation_listener,
    middleware,
    shared_cache,
)
from markrin.cache.tags import invalidate
from products.models import Product, StockLevel
from products.models.stock import MovementKind
from products.services.stock import movements
from tests.cache.conftest import until
from tests.client import Client
from tests.factories import (
    make_category,
    make_product,
    make_purchase,
    make_review,
    make_size_chart,
    make_user,
    make_variant,
)

PATHS = [
    "/api/products?inStock=true&sort=price_asc",
    "/api/products?category=top&facets=true",
    "/api/products/oxford",
    "/api/products/derby",
    "/api/products/oxford/related",
    "/api/categories",
    "/api/size-charts/shirts",
    "/api/products/{oxford}/reviews",
]
FULL = os.environ.get("FUZZ") == "full"
prices = st.integers(1, 50).map(lambda n: f"{n}.00")
paths = st.sampled_from(PATHS)


class Undone(Exception):
    """Raised to roll a transaction back."""


class Shop(RuleBasedStateMachine):
    """A catalogue of two products, read through the cache and without it."""

    late = Bundle(
        "late"
    )  # answers rendered from the database, which their reader has not stored yet

    @initialize()
    def open(self) -> None:
        self.example = (
            transaction.atomic()
        )  # rolled back at its end: each begins with the same empty shop
        self.example.__enter__()
        get_redis_connection("default").flushdb()
        invalidation_listener.own.start()
        until(lambda: invalidation_listener.own.alive)
        invalidation_listener.own.memory.clear()
        self.top = make_category(slug="top")
        self.shirts = make_category(slug="shirts", parent=self.top)
        self.products = [
            make_product(slug=slug, category=self.shirts)
            for slug in ("oxford", "derby")
        ]
        self.variants = [
            make_variant(product=product, stock=2) for product in self.products
        ]
        self.chart = make_size_chart(category=self.top)
        self.settings = override_settings(CACHE_ANSWERS=True)
        self.settings.enable()
        self.through = Client()
        self.read(
            "/api/categories"
        )  # the first request decides for the client whether there is a cache
        with override_settings(CACHE_ANSWERS=False):
            self.around = Client()
            self.around.get("/api/categories")

    def teardown(self) -> None:
        if hasattr(self, "settings"):
            self.settings.disable()
            until(lambda: invalidation_listener.own.alive)
        if hasattr(self, "example"):
            transaction.set_rollback(True)
            self.example.__exit__(None, None, None)

    # --- Reading
    def real(self, path: str) -> str:
        return path.format(oxford=self.products[0].pk)

    def shown(self, client: Client, path: str) -> Any:
        response = client.get(self.real(path))
        body = response.json()
        body.pop("requestId", None)
        return response.status_code, body

    @rule(path=paths)
    def read(self, path: str) -> None:
        self.through.get(self.real(path))

    @rule(target=late, path=paths)
    def begin_to_fill(self, path: str) -> Any:
        """Render an answer as a slow reader does: the stamp first, then the database; and
        keep it in hand.
        """
        return self.rendered(path)

    def rendered(self, path: str) -> Any:
        generation, stamp = (
            invalidation_listener.own.memory.generation,
            shared_cache.read_version(),
        )
        response = self.around.get(self.real(path))
        answer = middleware._cached_response(
            response.wsgi_request, response, time.monotonic()
        )
        return self.real(path), answer, stamp, generation

    @rule(held=late)
    def store_late(self, held: Any) -> None:
        self.keep(held)

    def keep(self, held: Any) -> None:
        path, answer, stamp, generation = held
        if answer is not None:
            name = http_headers.response_name(
                *(path.split("?") if "?" in path else (path, ""))
            )
            shared_cache.write_response(name, answer, stamp=stamp, ttl_s=60)
            invalidation_listener.own.memory.put(
                name, answer, generation=generation, ttl_s=60
            )

    @rule(path=paths, which=st.integers(0, 1), price=prices)
    def a_write_overtakes_a_reader(self, path: str, which: int, price: str) -> None:
        held = self.rendered(path)
        self.commit(lambda: self.price(which, price), "commit")
        self.keep(held)

    @rule()
    def forget_in_this_process(self) -> None:
        invalidation_listener.own.memory.clear()

    # --- Writing: each by its own way, committed, rolled back, or half of each
    def commit(self, write: Callable[[], object], how: str) -> None:
        with DjangoTestCase.captureOnCommitCallbacks(execute=True):
            try:
                with transaction.atomic():
                    if how == "half":
                        self.attempt(write)
                        self.price(1, "7.00")
                    else:
                        write()
                    if how == "rollback":
                        raise Undone
            except Undone:
                pass

    def attempt(self, write: Callable[[], object]) -> None:
        try:
            with transaction.atomic():
                write()
                raise Undone
        except Undone:
            pass

    def price(self, which: int, price: str) -> None:
        product = self.products[which]
        product.base_price = price
        product.save(update_fields=["base_price"])

    hows = st.sampled_from(["commit", "commit", "rollback", "half"])

    @rule(which=st.integers(0, 1), price=prices, how=hows)
    def change_price(self, which: int, price: str, how: str) -> None:
        self.commit(lambda: self.price(which, price), how)
        self.products[which].refresh_from_db()

    @rule(price=prices, how=hows)
    def change_prices_in_bulk(self, price: str, how: str) -> None:
        def write() -> None:
            Product.objects.filter(
                pk__in=[each.pk for each in self.products]
            ).update(base_price=price)
            invalidate(
                "products", *(f"product:{each.pk}" for each in self.products)
            )

        self.commit(write, how)

    @rule(
        which=st.integers(0, 1),
        status=st.sampled_from(["published", "draft", "archived"]),
        how=hows,
    )
    def publish(self, which: int, status: str, how: str) -> None:
        def write() -> None:
            self.products[which].status = status
            self.products[which].save(update_fields=["status"])

        self.commit(write, how)
        self.products[which].refresh_from_db()

    @rule(how=hows)
    def create(self, how: str) -> None:
        self.commit(lambda: make_product(category=self.shirts, variants=1), how)

    @rule(which=st.integers(0, 1), delta=st.sampled_from([-2, -1, 1, 2]), how=hows)
    def move_stock(self, which: int, delta: int, how: str) -> None:
        variant = self.variants[which]
        if StockLevel.objects.get(pk=variant.pk).on_hand + delta < 0:
            delta = -delta
        ref = os.urandom(8).hex()
        move = movements.StockMove(
            variant.pk, MovementKind.ADJUST, ref, d_on_hand=delta, note="counted"
        )
        self.commit(lambda: movements.move_stock([move]), how)

    @rule(which=st.integers(0, 1), rating=st.integers(1, 5), how=hows)
    def review(self, which: int, rating: int, how: str) -> None:
        def write() -> None:
            user = make_user()
            make_purchase(product=self.products[which], user=user)
            make_review(product=self.products[which], user=user, rating=rating)

        self.commit(write, how)

    @rule(name=st.sampled_from(["Shirts", "Blouses"]), how=hows)
    def rename_category(self, name: str, how: str) -> None:
        def write() -> None:
            self.shirts.name = name
            self.shirts.save(update_fields=["name"])

        self.commit(write, how)

    @rule(title=st.sampled_from(["Tops", "Shirts"]), how=hows)
    def rename_chart(self, title: str, how: str) -> None:
        def write() -> None:
            self.chart.title = title
            self.chart.save(update_fields=["title"])

        self.commit(write, how)

    # --- Faults
    @rule()
    def flush_the_server(self) -> None:
        """Lose every key there, the notes of what was touched included."""
        generation = invalidation_listener.own.memory.generation
        get_redis_connection("default").flushdb()
        if invalidation_listener.own.alive:
            until(
                lambda: (
                    invalidation_listener.own.memory.generation > generation
                    or not invalidation_listener.own.alive
                )
            )

    @rule()
    def lose_the_line(self) -> None:
        invalidation_listener.own.suspect()

    @rule()
    def wait_for_the_line(self) -> None:
        until(lambda: invalidation_listener.own.alive)

    @invariant()
    def nothing_is_stale(self) -> None:
        if hasattr(self, "around"):
            for path in PATHS:
                assert self.shown(self.through, path) == self.shown(
                    self.around, path
                ), path


# hypothesis makes it
class TestAnythingInAnyOrder(Shop.TestCase, TestCase):  # type: ignore[misc, valid-type]
    settings = settings(  # type: ignore[assignment]  # where hypothesis looks
        max_examples=150 if FULL else 8,
        stateful_step_count=30 if FULL else 12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
