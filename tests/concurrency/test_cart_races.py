"""One cart, changed by several requests at once, with real connections."""

import threading
from collections import Counter

import pytest
from django.db import connection, transaction

from orders.models import Cart, CartLine
from tests.client import Client
from tests.concurrency.threads import run_concurrently
from tests.factories import make_cart_line, make_user, make_variant

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


_noted: list[str] = []


def _note_timeout(execute, sql, params, many, context):
    """Note what PostgreSQL refuses, by the driver's name for it."""
    try:
        return execute(sql, params, many, context)
    except Exception as refusal:
        _noted.append(type(refusal.__cause__).__name__)
        raise
