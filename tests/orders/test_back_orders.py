"""Orders of what is not there yet: bought, waiting at the desk, sent once it is counted in."""

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders import queues, tasks
from orders.invariants import INVARIANTS as OF_ORDERS
from orders.models import Order
from orders.queues import QueueName
from products.invariants import INVARIANTS as OF_PRODUCTS
from products.models import StockLevel
from tests.factories import (
    key,
    make_address,
    make_cart_line,
    make_order,
    make_user,
    make_variant,
    move_to,
)


@pytest.fixture
def desk(api):
    return api.as_user(make_user(role="staff", groups=("orders", "catalogue")))


@pytest.fixture(autouse=True)
def nothing_is_wrong(db):
    """After each test the shop's own rules hold."""
    yield
    rules = [*OF_PRODUCTS, *OF_ORDERS]
    assert [breach for rule in rules for breach in rule.find_breaches()] == []


@pytest.fixture
def variant(db):
    return make_variant(stock=1, policy="continue")


def adjust(desk, variant, delta):
    return desk.post(
        f"/api/staff/variants/{variant.pk}/adjust",
        {"delta": delta, "note": "came in"},
    )


def fulfil(desk, order, **body):
    return desk.post(
        f"/api/staff/orders/{order.pk}/fulfilments", body, headers=key()
    )


def queued(name):
    return [
        order.number for order in queues.QUEUES[name]().order_by(*queues.OLDEST)
    ]


def test_a_shopper_buys_what_is_not_there_and_is_told_so(api, customer, variant):
    shopper = api.as_user(customer)
    body = {"variantId": str(variant.pk), "quantity": 3}
    [line] = shopper.post("/api/cart/items", body).json()["items"]
    assert (line["available"], line["countInStock"], line["onBackOrder"]) == (
        True,
        1,
        2,
    )
    assert line["inventoryPolicy"] == "continue"
    address = make_address(user=customer)
    order = {"addressId": str(address.pk), "paymentMethod": "cod"}
    assert shopper.post("/api/orders", order, headers=key()).status_code == 201
    level = StockLevel.objects.get(pk=variant.pk)
    assert (level.on_hand, level.reserved) == (1, 3)


def test_the_order_and_its_mails_say_what_is_on_back_order(
    api, desk, customer, variant
):
    name = variant.product.name
    make_cart_line(customer=customer, variant=variant, quantity=3)
    make_cart_line(customer=customer, variant=make_variant(stock=5), quantity=1)
    address = make_address(user=customer)
    body = {"addressId": str(address.pk), "paymentMethod": "cod"}
    placed = api.as_user(customer).post("/api/orders", body, headers=key()).json()
    path = f"/api/orders/{placed['id']}"

    def shown(answer=None):
        found = answer or api.as_user(customer).get(path).json()
        return {line["sku"]: line["onBackOrder"] for line in found["items"]}

    assert shown(placed) == shown()
    assert sorted(shown().values()) == [0, 2]
    assert shown()[variant.sku] == 2
    tasks.confirm_by_mail(order_id=placed["id"])
    text = mail.outbox[-1].body
    assert f"sent as soon as they come in:\n\n- 2 × {name}" in text
    order = Order.objects.get(pk=placed["id"])
    move_to(order, "confirmed")
    late = make_order(variant=variant, quantity=1, status="confirmed")
    [line] = desk.get(f"/api/staff/orders/{late.pk}").json()["items"]
    assert line["onBackOrder"] == 1, "what is there is the older order's"
    line = order.lines.get(variant=variant)
    pieces = [{"lineId": str(line.pk), "quantity": 1}]
    assert fulfil(desk, order, lines=pieces).status_code == 201
    parcel = order.fulfilments.get()
    tasks.shipped_by_mail(order_id=placed["id"], fulfilment_id=str(parcel.pk))
    assert f"- 1 × {name}" in mail.outbox[-1].body
    assert f"come in:\n\n- 2 × {name}" in mail.outbox[-1].body
    adjust(desk, variant, 2)
    assert shown()[variant.sku] == 0
    tasks.shipped_by_mail(order_id=placed["id"], fulfilment_id=str(parcel.pk))
    assert "come in" not in mail.outbox[-1].body
    adjust(desk, variant, -2)
    assert shown()[variant.sku] == 2
    cancelled = api.as_user(customer).post(f"/api/orders/{late.pk}/cancel", {})
    assert cancelled.status_code == 404, "another's"
    body = {"status": "cancelled"}
    desk.post(f"/api/staff/orders/{late.pk}/transition", body)
    [line] = desk.get(f"/api/staff/orders/{late.pk}").json()["items"]
    assert line["onBackOrder"] == 0, "nothing will be sent"


def test_placing_an_order_takes_as_many_statements_under_each_policy(
    api, django_assert_max_num_queries
):
    taken = {}
    for policy in ("deny", "continue", "untracked", "deny"):
        user = make_user()
        make_cart_line(
            customer=user, variant=make_variant(policy=policy), quantity=2
        )
        address = make_address(user=user)
        body = {"addressId": str(address.pk), "paymentMethod": "cod"}
        with CaptureQueriesContext(connection) as queries:
            answer = api.as_user(user).post("/api/orders", body, headers=key())
        assert answer.status_code == 201, answer.json()
        taken[policy] = len(queries)
    assert taken["continue"] == taken["deny"]
    assert (
        taken["untracked"] == taken["deny"] - 1
    )  # nothing is entered into the ledger


def test_an_order_waits_for_its_pieces_and_the_oldest_has_the_first_right(
    desk, variant
):
    adjust(desk, variant, 2)  # three are there
    first, second, third = (
        make_order(variant=variant, quantity=2, status="confirmed")
        for _ in range(3)
    )
    unpaid = make_order(variant=variant, quantity=9, method="online")
    assert queued(QueueName.PACK) == [first.number]
    assert queued(QueueName.STOCK) == [second.number, third.number]
    refused = fulfil(desk, third, ship=False, lines=[_pieces(third, 4)])
    assert refused.json()["code"] == "parcel_too_many"
    packed = fulfil(desk, first, ship=False)
    assert packed.status_code == 201
    refused = fulfil(desk, second)
    assert (refused.status_code, refused.json()["code"]) == (
        409,
        "pieces_not_there",
    )
    assert refused.json()["lines"] == [
        {
            "variantId": str(variant.pk),
            "sku": variant.sku,
            "requested": 2,
            "onHand": 1,
        }
    ]
    # What is there may leave, to whom staff want.
    sent = fulfil(desk, third, lines=[_pieces(third, 1)])
    assert (sent.status_code, sent.json()["status"]) == (201, "partially_shipped")
    assert queued(QueueName.STOCK) == [second.number, third.number]
    adjust(desk, variant, 2)
    assert queued(QueueName.PACK) == [second.number]
    assert queued(QueueName.STOCK) == [third.number]
    adjust(desk, variant, 1)
    assert fulfil(desk, third).json()["status"] == "shipped"
    assert fulfil(desk, second).json()["status"] == "shipped"
    assert queued(QueueName.STOCK) == []
    level = StockLevel.objects.get(pk=variant.pk)
    assert (level.on_hand, level.reserved) == (2, 11)
    assert unpaid.status == "pending"


def _pieces(order, quantity):
    return {"lineId": str(order.lines.get().pk), "quantity": quantity}


def test_a_packed_parcel_whose_pieces_are_gone_stays(desk, variant):
    order = make_order(variant=variant, quantity=1, status="confirmed")
    parcel = fulfil(desk, order, ship=False).json()["fulfilments"][0]
    assert adjust(desk, variant, -1).status_code == 200  # it was damaged
    refused = desk.post(
        f"/api/staff/fulfilments/{parcel['id']}/transition", {"status": "shipped"}
    )
    assert (refused.status_code, refused.json()["code"]) == (
        409,
        "pieces_not_there",
    )
    order.refresh_from_db()
    assert order.status == "processing"


def test_the_desk_says_what_an_order_waits_for(client, variant):
    client.force_login(make_user(role="staff", groups=("orders",)))
    order = make_order(variant=variant, quantity=3)
    move_to(order, "confirmed")
    page = client.get(reverse("admin:orders_order_queue", args=["stock"]))
    assert page.context["counted"] == 1
    assert page.context["rounds"][0]["lines"][0][1:] == (3, 2)
    assert "2 of them not there yet" in page.content.decode()
    packing = client.get(
        reverse("admin:orders_order_step", args=[order.pk, "pack"])
    )
    assert "pieces, of 3; 2 not there yet" in packing.content.decode()
    [field] = list(packing.context["form"])
    assert field.initial == 1
    empty = client.get(reverse("admin:orders_order_queue", args=["pack"]))
    assert empty.context["rounds"] == []


def test_what_is_not_counted_is_packed_cancelled_and_taken_back_without_the_ledger(
    desk,
):
    variant = make_variant(policy="untracked")
    order = make_order(variant=variant, quantity=4, status="confirmed")
    assert queued(QueueName.PACK) == [order.number]
    cancelled = desk.post(
        f"/api/staff/orders/{order.pk}/cancellations",
        {"lines": [_pieces(order, 1)], "reason": "One too many."},
        headers=key(),
    )
    assert cancelled.status_code == 201
    sent = fulfil(desk, order).json()
    assert sent["status"] == "shipped"
    parcel = sent["fulfilments"][0]["id"]
    path = f"/api/staff/fulfilments/{parcel}/transition"
    assert desk.post(path, {"status": "delivered"}).status_code == 200
    back = desk.post(
        f"/api/staff/orders/{order.pk}/returns",
        {"lines": [_pieces(order, 3)], "reason": "Too small.", "refund": False},
        headers=key(),
    )
    assert back.status_code == 201, back.json()
    assert list(variant.movements.values_list("kind", "d_on_hand")) == [
        ("initial", 0)
    ]
