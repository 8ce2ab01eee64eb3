"""One cart, changed by several requests at once, with real connections."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from dev.processes import wait_for
from orders.models import Cart, CartLine
from tests.client import Client
from tests.concurrency.threads import run_concurrently
from tests.factories import (
    key,
    make_cart_line,
    make_promotion,
    make_user,
    make_variant,
    order_body,
)

pytestmark = pytest.mark.django_db(transaction=True)
TIMES = 6


def test_pieces_that_are_added_at_once_are_all_in_the_cart():
    user = make_user()
    shared, *own = (make_variant(stock=50) for _ in range(TIMES + 1))

    def add_two(number: int) -> list[int]:
        client = Client().as_user(user)
        answers = [
            client.post("/api/cart/items", {"variantId": each.pk, "quantity": 1})
            for each in (shared, own[number])
        ]
        return [answer.status_code for answer in answers]

    assert run_concurrently(TIMES, add_two) == [[200, 200]] * TIMES
    held = dict(
        CartLine.objects.filter(cart__user=user).values_list("variant", "quantity")
    )
    assert held == {shared.pk: TIMES} | {each.pk: 1 for each in own}


def test_the_last_place_of_a_line_is_given_once():
    user, variant = make_user(), make_variant(stock=50)
    make_cart_line(customer=user, variant=variant, quantity=19)

    def add_one(number: int) -> int:
        answer = (
            Client()
            .as_user(user)
            .post("/api/cart/items", {"variantId": variant.pk, "quantity": 1})
        )
        return int(answer.status_code)

    statuses = run_concurrently(TIMES, add_one)
    assert Counter(statuses) == {200: 1, 422: TIMES - 1}
    assert CartLine.objects.get(cart__user=user).quantity == 20


@pytest.mark.usefixtures("short_waits")
def test_a_cart_that_somebody_holds_is_waited_for_as_long_as_a_lock_may_take():
    user, variant = make_user(), make_variant(stock=5)
    make_cart_line(customer=user, variant=variant)
    held, answered = threading.Event(), threading.Event()

    def work(number: int) -> object:
        if number == 0:
            with transaction.atomic():
                Cart.objects.filter(user=user).locked().get()
                held.set()
                answered.wait(timeout=60)
            return None
        held.wait(timeout=60)
        with connection.execute_wrapper(_note_timeout):
            answer = (
                Client()
                .as_user(user)
                .post("/api/cart/items", {"variantId": variant.pk, "quantity": 1})
            )
        answered.set()
        return answer.status_code

    _noted.clear()
    assert run_concurrently(2, work) == [None, 503]
    assert _noted == ["LockNotAvailable"]
    assert CartLine.objects.get(cart__user=user).quantity == 1


@pytest.mark.usefixtures("short_waits")
def test_a_table_that_a_migration_holds_is_waited_for_no_longer():
    """Also by a connection that has planned nothing yet, as planning waits for the table, too."""
    user, variant = make_user(), make_variant(stock=5)
    make_cart_line(customer=user, variant=variant)
    held, answered = threading.Event(), threading.Event()

    def work(number: int) -> object:
        if number == 0:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("LOCK products_variant IN ACCESS EXCLUSIVE MODE")
                held.set()
                assert answered.wait(timeout=20), "it waits for the table"
            return None
        client = Client().as_user(user)
        held.wait(timeout=60)
        answer = client.post(
            "/api/cart/items", {"variantId": variant.pk, "quantity": 1}
        )
        answered.set()
        return answer.status_code

    assert run_concurrently(2, work) == [None, 503]


@pytest.mark.parametrize("begins", ["by staff", "by the clock"])
def test_a_promotion_that_begins_while_the_cart_is_waited_for_counts(begins: str):
    user, variant = make_user(), make_variant(stock=5)
    make_cart_line(customer=user, variant=variant)
    body, held = order_body(user), threading.Event()

    def work(number: int) -> object:
        if number == 0:
            with transaction.atomic(), connection.cursor() as cursor:
                Cart.objects.filter(user=user).locked().get()
                soon = timezone.now() + timedelta(seconds=1)
                if begins == "by the clock":
                    in_thread(make_promotion, starts_at=soon)
                held.set()
                assert wait_for(lambda: somebody_waits(cursor), seconds=60)
                if begins == "by staff":
                    in_thread(make_promotion)
                time.sleep(max(0, (soon - timezone.now()).total_seconds()))
            return None
        held.wait(timeout=60)
        answer = Client().as_user(user).post("/api/orders", body, headers=key())
        return Decimal(answer.json()["discount"])

    _, discount = run_concurrently(2, work)
    assert isinstance(discount, Decimal), discount
    assert discount > 0


def somebody_waits(cursor: CursorWrapper) -> bool:
    cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
    return cursor.fetchone() != (0,)


def in_thread(make: Callable[..., object], **fields: object) -> None:
    """Commit it over another connection."""

    def work() -> None:
        try:
            make(**fields)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


_noted: list[str] = []


def _note_timeout(execute, sql, params, many, context):
    """Note what PostgreSQL refuses, by the driver's name for it."""
    try:
        return execute(sql, params, many, context)
    except Exception as refusal:
        _noted.append(type(refusal.__cause__).__name__)
        raise
