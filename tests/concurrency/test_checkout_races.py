"""Many shoppers at once, with real connections: what is sold is there, once, and everybody
gets an answer.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from threading import Barrier
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.models import User
from markrin.outbox.models import OutboxEvent
from orders.gateways.base import Notice, Outcome
from orders.models import (
    Coupon,
    IdempotencyKey,
    Order,
    OrderDiscount,
    OrderLine,
    Payment,
    Refund,
    ShippingMethod,
    ShippingZone,
)
from orders.services import periodic, provider_events
from orders.services.checkout import _turns
from products.invariants import INVARIANTS
from products.models import StockLevel, StockMovement
from products.models.stock import InventoryPolicy
from tests.chaos.table import Record
from tests.client import Client
from tests.factories import (
    age,
    key,
    make_address,
    make_cart_line,
    make_coupon,
    make_order,
    make_user,
    make_variant,
)

pytestmark = pytest.mark.django_db(transaction=True)
T = TypeVar("T")
THREADS = 16


def at_once(tasks: Iterable[Callable[[], T]], *, threads: int = THREADS) -> list[T]:
    """Run the tasks in threads with connections of their own, and return what they return,
    in order.
    """

    def run(task: Callable[[], T]) -> T:
        try:
            return task()
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        done = list(pool.map(run, tasks))
        # Each thread's connections end with it, or the test's database could not be dropped.
        barrier = Barrier(threads)

        def end(_: int) -> None:
            barrier.wait(timeout=120)
            connections.close_all()

        list(pool.map(end, range(threads)))
        return done


def level_equals_ledger() -> bool:
    for level in StockLevel.objects.all():
        sums = StockMovement.objects.filter(variant=level.variant_id).aggregate(
            Sum("d_on_hand"), Sum("d_reserved")
        )
        if (level.on_hand, level.reserved) != (
            sums["d_on_hand__sum"],
            sums["d_reserved__sum"],
        ):
            return False
    return True


def checkout(client: Client, body: dict[str, Any], headers: dict[str, str]) -> Any:
    return client.http.post(
        "/api/orders",
        body,
        content_type="application/json",
        headers={**client.headers, **headers},
    )


def statuses(answers: Iterable[Any]) -> str:
    return ", ".join(
        f"{count} × {status}"
        for status, count in sorted(Counter(a.status_code for a in answers).items())
    )


def buyer(lines: Iterable[Any], **more: Any) -> tuple[Client, dict[str, Any]]:
    user = make_user(password=None)
    for variant in lines:
        make_cart_line(customer=user, variant=variant)
    address = make_address(user=user)
    return Client().as_user(user), {
        "addressId": str(address.pk),
        "paymentMethod": "cod",
        **more,
    }


@pytest.mark.asvs("2.3.4")
@pytest.mark.slow
def test_two_hundred_buyers_for_fifty_pieces_with_overlapping_carts(hold: Record):
    first, second = make_variant(stock=50), make_variant(stock=1000)
    others = [make_variant(stock=1000) for _ in range(3)]
    buyers = []
    for number in range(200):
        lines = [first, second, others[number % 3]]
        buyers.append(buyer(reversed(lines) if number % 2 else lines))
    random.shuffle(buyers)
    answers = at_once([partial(checkout, *who, key()) for who in buyers])
    assert Counter(answer.status_code for answer in answers) == {201: 50, 409: 150}
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {
        "out_of_stock"
    }
    assert (
        StockLevel.objects.get(variant=first).reserved,
        Order.objects.count(),
    ) == (
        50,
        50,
    )
    assert StockLevel.objects.get(variant=second).reserved == 50
    assert (OrderLine.objects.count(), IdempotencyKey.objects.count()) == (150, 50)
    assert OutboxEvent.objects.filter(task="orders.confirm_by_mail").count() == 50
    assert level_equals_ledger()
    counted = f"{statuses(answers)}; 50 reserved, 50 orders, 50 confirmations, level = ledger"
    hold(
        "200 buyers, 50 pieces, opposite line orders",
        200,
        "exactly 50 sold, every 409 changed nothing",
        counted,
        0,
    )


def test_what_is_on_back_order_is_promised_once_until_it_is_no_more():
    variant = make_variant(stock=5, policy=InventoryPolicy.CONTINUE)
    orders = [partial(checkout, *buyer([variant]), key()) for _ in range(40)]
    staff = Client().as_user(make_user(role="admin"))
    path = f"/api/products/{variant.product_id}/variants/{variant.pk}"
    ends = partial(staff.patch, path, {"inventoryPolicy": "deny"})
    answers = at_once([*orders[:20], ends, *orders[20:]])
    changed = answers.pop(20)
    assert changed.status_code == 200, changed.json()
    sold = Counter(answer.status_code for answer in answers)
    assert set(sold) <= {201, 409}
    assert sold[201] >= 5
    level = StockLevel.objects.get(variant=variant)
    assert (level.on_hand, level.reserved) == (5, sold[201])
    assert level.overpromised == sold[201] - 5
    assert checkout(*buyer([variant]), key()).json()["code"] == "out_of_stock"
    assert level_equals_ledger()
    assert [breach for rule in INVARIANTS for breach in rule.find_breaches()] == []


def test_the_same_key_fifty_times_at_once(hold: Record):
    variant = make_variant(stock=50)
    client, body = buyer([variant])
    headers = key()
    answers = at_once([lambda: checkout(client, body, headers)] * 50)
    assert Counter(answer.status_code for answer in answers) == {201: 50}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("Idempotency-Replayed" in answer.headers for answer in answers) == 49
    assert Order.objects.count() == 1
    other = checkout(client, {**body, "expectedTotal": "1.00"}, headers)
    assert (other.status_code, other.json()["code"]) == (
        422,
        "idempotency_key_reused",
    )
    assert StockLevel.objects.get(variant=variant).reserved == 1
    counted = (
        f"{statuses(answers)}, 49 replayed, {Order.objects.count()} order; other body:"
        f" {other.status_code}"
    )
    hold(
        "the same key 50 times at once",
        50,
        "one order, 49 replays, other body 422",
        counted,
        0,
    )


@pytest.mark.asvs("2.3.4")
def test_one_cart_bought_with_many_keys_is_bought_once():
    variant = make_variant(stock=50)
    client, body = buyer([variant])
    answers = at_once([lambda: checkout(client, body, key())] * 20)
    assert Counter(answer.status_code for answer in answers) == {201: 1, 422: 19}
    assert StockLevel.objects.get(variant=variant).reserved == 1


@pytest.mark.slow
def test_a_coupons_limits_hold(hold: Record):
    variant, coupon = (
        make_variant(stock=1000),
        make_coupon(code="FIRST-TEN", total_limit=10),
    )
    buyers = [buyer([variant], couponCode="FIRST-TEN") for _ in range(60)]
    answers = at_once([partial(checkout, *who, key()) for who in buyers])
    assert Counter(answer.status_code for answer in answers) == {201: 10, 409: 50}
    assert {a.json()["code"] for a in answers if a.status_code == 409} == {
        "coupon_exhausted"
    }
    assert (
        Coupon.objects.get().used,
        OrderDiscount.objects.filter(code=coupon.code, counts=True).count(),
    ) == (10, 10)
    assert StockLevel.objects.get(variant=variant).reserved == 10
    counted = f"{statuses(answers)}; used 10 times, 10 pieces reserved"
    hold("60 buyers, a coupon for 10", 60, "used exactly 10 times", counted, 0)


def test_a_customers_limit_holds_for_guests_of_one_address():
    variant, body = (
        make_variant(stock=1000),
        {"couponCode": "TWICE", "paymentMethod": "cod", "email": "g@example.com"},
    )
    make_coupon(code="TWICE", per_customer_limit=2)
    address = {
        "recipient": "G",
        "phone": "+919876543210",
        "street": "1",
        "city": "Pune",
        "postalCode": "411001",
        "country": "IN",
    }
    tokens = [uuid4().hex for _ in range(20)]
    for token in tokens:
        make_cart_line(token=token, variant=variant)
    guest = Client()
    order = {**body, "shippingAddress": address}
    answers = at_once(
        [
            partial(checkout, guest, order, {**key(), "X-Cart-Token": token})
            for token in tokens
        ]
    )
    assert Counter(answer.status_code for answer in answers) == {201: 2, 409: 18}
    assert OrderDiscount.objects.filter(counts=True).count() == 2


def test_a_limit_of_open_cash_orders_holds_for_guests_of_one_telephone():
    zone = ShippingZone.objects.create(name="India", countries=["IN"])
    ShippingMethod.objects.create(zone=zone, name="Courier", cod_max_open=2)
    variant = make_variant(stock=1000)
    tokens = [uuid4().hex for _ in range(12)]
    for token in tokens:
        make_cart_line(token=token, variant=variant)
    address = {"recipient": "G", "phone": "+919876543210", "city": "Pune"}
    address |= {"postalCode": "411001", "country": "IN"}
    answers = at_once(
        [
            partial(
                checkout,
                Client(),
                {
                    "paymentMethod": "cod",
                    "email": f"guest{number}@example.com",
                    "shippingAddress": {**address, "street": f"{number} Lake Road"},
                },
                {**key(), "X-Cart-Token": token},
            )
            for number, token in enumerate(tokens)
        ]
    )
    assert Counter(answer.status_code for answer in answers) == {201: 2, 422: 10}
    refused = {a.json()["reason"] for a in answers if a.status_code == 422}
    assert refused == {"open_orders"}


def test_cancelling_many_times_at_once_frees_the_stock_once():
    order = make_order(quantity=3)
    client = Client().as_user(order.user)
    path = f"/api/orders/{order.pk}/cancel"
    answers = at_once(
        [
            lambda: client.http.post(
                path, {}, content_type="application/json", headers=client.headers
            )
        ]
        * 20
    )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 19}
    level = StockLevel.objects.get()
    assert (level.on_hand, level.reserved) == (5, 0)
    assert level_equals_ledger()


@pytest.mark.slow
def test_a_payment_that_succeeds_at_the_moment_of_expiry(hold: Record):
    variant = make_variant(stock=1000)
    orders = [make_order(variant=variant, method="online") for _ in range(100)]
    for order in orders:
        age(order, expires_at=timezone.now())

    def pay(payment: Payment) -> None:
        notice = Notice(
            "test",
            f"evt_{payment.pk}",
            "payment.succeeded",
            Outcome.SUCCEEDED,
            ref=payment.provider_ref,
            amount=payment.amount,
            currency=payment.currency,
        )
        provider_events.record_notice(notice)

    paying = [partial(pay, payment) for payment in Payment.objects.all()]
    tasks: list[Callable[[], Any]] = [*paying, *[periodic.expire_orders] * 40]
    random.shuffle(tasks)
    at_once(tasks)
    for order in Order.objects.all():
        refund = Refund.objects.filter(order=order).first()
        if order.status == "confirmed":
            assert (order.payment_status, refund) == ("paid", None)
        else:
            assert (order.status, order.payment_status) == ("cancelled", "paid")
            assert refund is not None
            assert refund.amount == order.total
    kept = Order.objects.filter(status="confirmed").count()
    assert StockLevel.objects.get(variant=variant).reserved == kept
    assert (
        OutboxEvent.objects.filter(task="orders.send_refund").count() == 100 - kept
    )
    assert level_equals_ledger()
    counted = (
        f"{kept} paid and reserved, {100 - kept} cancelled and refunded, {kept} pieces"
        " reserved"
    )
    hold(
        "payment at the moment of expiry",
        100,
        "paid and reserved, or refunded",
        counted,
        0,
    )


@pytest.mark.usefixtures("short_waits")
def test_a_checkout_that_waits_too_long_is_asked_to_come_again():
    variant = make_variant(stock=5)
    client, body = buyer([variant])
    held, done = Barrier(2), Barrier(2)

    def hold() -> None:
        with transaction.atomic():
            list(StockLevel.objects.filter(variant=variant).select_for_update())
            held.wait(timeout=60)
            done.wait(timeout=60)

    def buy() -> Any:
        held.wait(timeout=60)
        answer = checkout(client, body, key())
        done.wait(timeout=60)
        return answer

    _, answer = at_once([hold, buy], threads=2)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "Retry-After" in answer.headers
    assert not Order.objects.exists()
    assert checkout(client, body, key()).status_code == 201


def test_who_wants_what_is_sold_out_does_not_queue_for_it():
    variant = make_variant(stock=1)
    (client, body), (first, its_body) = buyer([variant]), buyer([variant])
    assert checkout(first, its_body, key()).status_code == 201
    with ExitStack() as all_turns:
        for _ in range(settings.CHECKOUTS_AT_ONCE):
            all_turns.enter_context(_turns)
        answer = checkout(
            client, body, key()
        )  # in this thread, which would wait for itself
    assert (answer.status_code, answer.json()["code"]) == (409, "out_of_stock")


@pytest.mark.usefixtures("short_waits")
def test_a_key_whose_first_request_still_runs_is_in_use():
    client, body = buyer([make_variant()])
    headers = key()
    scope = f"orders:user:{User.objects.get().pk}"
    held, done = Barrier(2), Barrier(2)

    def hold() -> None:
        with transaction.atomic():
            IdempotencyKey.objects.create(
                scope=scope, key=headers["Idempotency-Key"], fingerprint=b"\0" * 32
            )
            held.wait(timeout=60)
            done.wait(timeout=60)

    def buy() -> Any:
        held.wait(timeout=60)
        answer = checkout(client, body, headers)
        done.wait(timeout=60)
        return answer

    _, answer = at_once([hold, buy], threads=2)
    assert (answer.status_code, answer.json()["code"]) == (
        409,
        "idempotency_key_in_use",
    )
