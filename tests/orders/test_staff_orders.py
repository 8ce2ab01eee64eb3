"""What staff do with orders: find them, move them on, take goods back, give money back."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from markrin.outbox.models import OutboxEvent
from orders.models import Order, OrderDiscount
from products.models import Purchase, StockLevel
from tests.factories import (
    key,
    make_coupon,
    make_order,
    make_product,
    make_review,
    make_user,
    make_variant,
)


@pytest.fixture
def desk(api):
    return api.as_user(make_user(role="staff", groups=("orders",)))


def level_of(order):
    level = StockLevel.objects.get(variant=order.lines.get().variant_id)
    return level.on_hand, level.reserved


def move(desk, order, status, **more):
    return desk.post(
        f"/api/staff/orders/{order.pk}/transition", {"status": status, **more}
    )


def jobs(task):
    return OutboxEvent.objects.filter(task=task).count()


def test_an_order_goes_its_way(desk, api, customer):
    order = make_order(customer=customer, quantity=2)
    make_review(product=order.lines.get().product, user=customer)
    assert move(desk, order, "confirmed").json()["status"] == "confirmed"
    assert (
        move(desk, order, "processing", note="Packed by Uma").json()["status"]
        == "processing"
    )
    assert level_of(order) == (5, 2)
    shipment = {
        "carrier": "Delhivery",
        "trackingNumber": "D 1",
        "trackingUrl": "https://track.example/d1",
    }
    assert move(desk, order, "shipped", **shipment).json()["shipment"] == shipment
    assert level_of(order) == (3, 0)
    done = move(desk, order, "delivered").json()
    assert (done["status"], done["paymentStatus"]) == ("delivered", "unpaid")
    assert Purchase.objects.get().user == customer
    assert customer.reviews.get().verified_buyer
    assert (jobs("orders.shipped_by_mail"), jobs("orders.delivered_by_mail")) == (
        1,
        1,
    )
    paid = desk.post(f"/api/staff/orders/{order.pk}/cash", {}).json()
    assert (paid["paymentStatus"], paid["payments"][0]["provider"]) == (
        "paid",
        "cod",
    )
    assert (
        desk.post(f"/api/staff/orders/{order.pk}/cash", {}).json()["code"]
        == "order_status"
    )
    seen = api.as_user(customer).get(f"/api/orders/{order.pk}").json()
    assert seen["shipment"] == shipment
    assert [step["to"] for step in seen["history"]] == [
        "pending",
        "confirmed",
        "processing",
        "shipped",
        "delivered",
        "paid",
    ]
    assert {step["by"] for step in seen["history"]} == {"customer", "staff"}


STATUSES = (
    "pending",
    "confirmed",
    "processing",
    "shipped",
    "delivered",
    "cancelled",
)
ALLOWED = {
    ("pending", "confirmed"),
    ("confirmed", "processing"),
    ("processing", "shipped"),
    ("shipped", "delivered"),
    ("pending", "cancelled"),
    ("confirmed", "cancelled"),
    ("processing", "cancelled"),
}


@pytest.mark.parametrize("before", STATUSES)
def test_no_other_way_is_open(desk, before):
    for after in ("confirmed", "processing", "shipped", "delivered", "cancelled"):
        order = make_order(status=before)
        response = move(desk, order, after)
        order.refresh_from_db()
        if (before, after) in ALLOWED:
            assert (response.status_code, order.status) == (200, after)
        else:
            assert (response.status_code, response.json()["code"]) == (
                409,
                "order_status",
            )
            assert order.status == before


@pytest.mark.parametrize(
    "body",
    [
        {"status": "pending"},
        {"status": "returned"},
        {"status": "lost"},
        {"status": "confirmed", "carrier": "DHL"},
        {"status": "shipped", "trackingUrl": "http://track.example"},
        {},
    ],
)
def test_refuses_a_step_that_is_none(desk, body):
    order = make_order()
    response = desk.post(f"/api/staff/orders/{order.pk}/transition", body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid")


def test_an_unpaid_online_order_is_not_sent(desk):
    order = make_order(method="online")
    assert move(desk, order, "confirmed").json()["code"] == "order_status"
    assert move(desk, order, "cancelled").json()["status"] == "cancelled"


# --- Cancelling ----------------------------------------------------------------------------------
@pytest.mark.parametrize("status", ["pending", "confirmed", "processing"])
def test_a_customer_cancels_until_it_is_shipped(api, customer, status):
    coupon = make_coupon(per_customer_limit=1)
    order = make_order(customer=customer, status=status, coupon_code=coupon.code)
    response = api.as_user(customer).post(
        f"/api/orders/{order.pk}/cancel", {"reason": "Changed my mind"}
    )
    assert (response.status_code, response.json()["status"]) == (200, "cancelled")
    assert response.json()["history"][-1]["note"] == "Changed my mind"
    assert level_of(order) == (5, 0)
    coupon.refresh_from_db()
    assert (
        coupon.used,
        OrderDiscount.objects.filter(counts=True).count(),
        jobs("orders.cancelled_by_mail"),
    ) == (
        0,
        0,
        1,
    )
    again = api.as_user(customer).post(f"/api/orders/{order.pk}/cancel", {})
    assert (again.status_code, again.json()["code"]) == (409, "order_status")
    assert level_of(order) == (5, 0)


@pytest.mark.parametrize("status", ["shipped", "delivered"])
def test_a_customer_does_not_cancel_later(api, customer, status):
    order = make_order(customer=customer, status=status)
    assert (
        api.as_user(customer).post(f"/api/orders/{order.pk}/cancel", {}).status_code
        == 409
    )


def test_a_guest_cancels_by_the_token_and_nobody_else_does(api, customer):
    order = make_order(guest_email="guest@example.com", token="mine")
    path = f"/api/orders/{order.pk}/cancel"
    assert api.as_user(customer).post(path, {}).status_code == 404
    assert api.post(path, {}).status_code == 404
    assert (
        api.post(path, {}, headers={"X-Cart-Token": "mine"}).json()["status"]
        == "cancelled"
    )


def test_cash_that_was_paid_is_for_a_person_to_give_back(api, desk, customer):
    order = make_order(customer=customer, paid=True)
    api.as_user(customer).post(f"/api/orders/{order.pk}/cancel", {})
    shown = desk.get(f"/api/staff/orders/{order.pk}").json()
    assert "given back in cash" in shown["attention"]
    (refund,) = shown["refunds"]
    assert (refund["state"], refund["amount"], shown["refunded"]) == (
        "requested",
        "1050.00",
        "1050.00",
    )
    closed = desk.patch(
        f"/api/staff/refunds/{refund['id']}", {"succeeded": True}
    ).json()
    assert closed["state"] == "succeeded"
    assert (
        desk.get(f"/api/staff/orders/{order.pk}").json()["paymentStatus"]
        == "refunded"
    )
    assert (
        desk.patch(
            f"/api/staff/refunds/{refund['id']}", {"succeeded": False}
        ).status_code
        == 409
    )


# --- Refunds -------------------------------------------------------------------------------------
def test_refunds_in_parts_up_to_what_was_paid(desk):
    order = make_order(status="delivered", paid=True)
    path = f"/api/staff/orders/{order.pk}/refunds"
    headers = key()
    first = desk.post(path, {"amount": "50.00", "reason": "Late"}, headers=headers)
    assert (first.status_code, first.json()["state"]) == (201, "succeeded")
    again = desk.post(path, {"amount": "50.00", "reason": "Late"}, headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    other = desk.post(path, {"amount": "51.00", "reason": "Late"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (
        422,
        "idempotency_key_reused",
    )
    over = desk.post(path, {"amount": "1000.01", "reason": "All"}, headers=key())
    assert (over.status_code, over.json()["code"], over.json()["left"]) == (
        422,
        "refund_too_high",
        "1000.00",
    )
    assert (
        desk.post(path, {"reason": "All"}, headers=key()).json()["amount"]
        == "1000.00"
    )
    order.refresh_from_db()
    assert (order.refunded, order.payment_status) == (
        Decimal("1050.00"),
        "refunded",
    )
    assert jobs("orders.refunded_by_mail") == 2
    assert desk.post(path, {"reason": "More"}, headers=key()).status_code == 409


def test_what_is_not_paid_is_not_refunded_and_a_refund_needs_a_key(desk):
    path = f"/api/staff/orders/{make_order().pk}/refunds"
    assert (
        desk.post(path, {"reason": "x"}, headers=key()).json()["code"]
        == "order_status"
    )
    assert (
        desk.post(path, {"reason": "x"}).json()["code"] == "idempotency_key_missing"
    )
    assert (
        desk.post(
            path, {"amount": "0.00", "reason": "x"}, headers=key()
        ).status_code
        == 400
    )


# --- Returns -------------------------------------------------------------------------------------
def test_goods_come_back_in_parts(desk, customer):
    variant = make_variant(product=make_product(base_price="300.00"), stock=5)
    order = make_order(
        customer=customer,
        variant=variant,
        quantity=3,
        status="delivered",
        paid=True,
    )
    line, path = order.lines.get(), f"/api/staff/orders/{order.pk}/returns"
    part = {
        "reason": "Too small",
        "lines": [{"lineId": line.pk, "quantity": 1}],
        "refund": True,
    }
    shown = desk.post(path, part)
    assert (
        shown.status_code,
        shown.json()["status"],
        shown.json()["refunded"],
    ) == (
        201,
        "delivered",
        "300.00",
    )
    assert level_of(order) == (3, 0)
    assert Purchase.objects.filter(user=customer).exists()
    over = desk.post(
        path, {"reason": "x", "lines": [{"lineId": line.pk, "quantity": 3}]}
    )
    assert (over.status_code, over.json()["code"]) == (422, "return_too_many")
    broken = {
        "reason": "Torn",
        "lines": [{"lineId": line.pk, "quantity": 1, "restock": False}],
    }
    assert desk.post(path, broken).json()["items"][0]["returned"] == 2
    assert level_of(order) == (3, 0)
    done = desk.post(path, {"reason": "The rest"}).json()
    assert (done["status"], len(done["returns"])) == ("returned", 3)
    assert level_of(order) == (4, 0)
    assert not Purchase.objects.filter(user=customer).exists()
    assert desk.post(path, {"reason": "More"}).status_code == 409


def test_what_is_kept_elsewhere_stays_a_purchase(desk, customer):
    variant = make_variant()
    first, _ = (
        make_order(customer=customer, variant=variant, status="delivered")
        for _ in range(2)
    )
    assert (
        desk.post(
            f"/api/staff/orders/{first.pk}/returns", {"reason": "One too many"}
        ).json()["status"]
        == "returned"
    )
    assert Purchase.objects.filter(user=customer).exists()


def test_a_return_gives_back_what_was_paid_after_the_discount(desk):
    variant = make_variant(product=make_product(base_price="100.00"))
    coupon = make_coupon(kind="fixed", value="10.00")
    order = make_order(
        variant=variant,
        quantity=3,
        coupon_code=coupon.code,
        status="delivered",
        paid=True,
    )
    body = {
        "reason": "x",
        "lines": [{"lineId": order.lines.get().pk, "quantity": 1}],
        "refund": True,
    }
    assert (
        desk.post(f"/api/staff/orders/{order.pk}/returns", body).json()["refunded"]
        == "96.67"
    )


def test_pieces_that_come_back_one_by_one_give_back_what_was_paid_for_the_line(
    desk,
):
    # 3 × 33.33 less 10 % is 89.99; a third each would be 30.00, and one paisa too much.
    make_coupon(code="TEN", value="10.00")
    variant = make_variant(product=make_product(base_price="33.33"))
    order = make_order(
        status="delivered",
        paid=True,
        variant=variant,
        quantity=3,
        coupon_code="TEN",
    )
    line, refunded = order.lines.get(), []
    for _ in range(3):
        body = {
            "reason": "Too small",
            "refund": True,
            "lines": [{"lineId": line.pk, "quantity": 1}],
        }
        answer = desk.post(f"/api/staff/orders/{order.pk}/returns", body)
        refunded.append(answer.json()["refunded"])
    assert refunded == ["30.00", "59.99", "89.99"]


def test_nothing_comes_back_before_it_is_delivered(desk):
    order = make_order(status="shipped")
    assert (
        desk.post(
            f"/api/staff/orders/{order.pk}/returns", {"reason": "x"}
        ).status_code
        == 409
    )


# --- Finding -------------------------------------------------------------------------------------
def test_finds_orders(desk, customer):
    order = make_order(customer=customer)
    other = make_order(
        guest_email="guest@example.com", status="confirmed", variant=make_variant()
    )
    Order.objects.filter(pk=other.pk).update(
        recipient="Zoë Kumar", phone="+919812345678", attention="Look"
    )
    wanted = {
        "": {order.number, other.number},
        "status=confirmed,shipped": {other.number},
        "paymentMethod=online": set(),
        "attention=true": {other.number},
        "attention=false": {order.number},
        f"customerId={customer.pk}": {order.number},
        f"search={order.number.lower()}": {order.number},
        f"search={int(order.number[-6:])}": {order.number},
        "search=guest@example.com": {other.number},
        f"search={customer.email}": {order.number},
        "search=kumar": {other.number},
        "search=9812345678": {other.number},
        "search=%2B91 98123 45678": {other.number},
        "search=nobody": set(),
        "from=2020-01-01T00:00:00Z&to=2021-01-01T00:00:00Z": set(),
    }
    for query, numbers in wanted.items():
        found = desk.get(f"/api/staff/orders?{query}")
        assert found.status_code == 200, (query, found.content)
        assert {item["number"] for item in found.json()["items"]} == numbers, query


def test_the_list_says_what_was_bought_and_where_it_goes(desk):
    variant = make_variant(stock=5, size="M", color="Red")
    order = make_order(variant=variant, quantity=2)
    [shown] = desk.get("/api/staff/orders").json()["items"]
    assert (shown["city"], shown["itemCount"]) == (order.city, 2)
    assert shown["items"] == [
        {
            "sku": variant.sku,
            "name": variant.product.name,
            "size": "M",
            "color": "Red",
            "quantity": 2,
        }
    ]


def test_lists_take_the_same_queries_for_one_as_for_many(desk, api, customer):
    client, counts = api.as_user(customer), []
    for _ in range(2):
        make_order(customer=customer)
        for reader, path in (
            (desk, "/api/staff/orders"),
            (client, "/api/orders"),
            (client, "/api/orders?cursor="),
        ):
            with CaptureQueriesContext(connection) as queries:
                assert reader.get(path).status_code == 200
            counts.append(len(queries))
    assert counts[:3] == counts[3:]
    # An order's lines, taxes, discounts, steps, parcels, gift cards, returns, those asked for.
    assert max(counts) <= 13


def test_notes_are_private_unless_they_are_not(desk, api, customer):
    order = make_order(customer=customer)
    Order.objects.filter(pk=order.pk).update(attention="Look")
    path = f"/api/staff/orders/{order.pk}/notes"
    desk.post(path, {"note": "Rang twice"})
    shown = desk.post(
        path, {"note": "We shall ring", "public": True, "resolve": True}
    ).json()
    assert (
        [step["note"] for step in shown["history"][1:]],
        shown["attention"],
    ) == (
        ["Rang twice", "We shall ring"],
        "",
    )
    assert shown["history"][1]["byEmail"]
    seen = api.as_user(customer).get(f"/api/orders/{order.pk}").json()["history"]
    assert [step["note"] for step in seen[1:]] == ["We shall ring"]
    assert "byEmail" not in seen[1]


def test_the_desk_is_closed_to_others(api, customer, staff):
    order = make_order(customer=customer)
    for client, status in (
        (api, 401),
        (api.as_user(customer), 403),
        (api.as_user(staff), 403),
    ):
        for path in (
            "orders",
            f"orders/{order.pk}",
            "coupons",
            f"orders/{order.pk}/invoice",
        ):
            assert client.get(f"/api/staff/{path}").status_code == status
        for path in ("transition", "notes", "cash", "refunds", "returns"):
            assert (
                client.post(f"/api/staff/orders/{order.pk}/{path}", {}).status_code
                == status
            )


def test_an_admin_needs_no_group(api, admin_user):
    assert api.as_user(admin_user).get("/api/staff/orders").status_code == 200


def test_a_missing_order_is_404(desk):
    path = "/api/staff/orders/00000000-0000-7000-8000-000000000000"
    assert desk.get(path).status_code == 404
    assert (
        desk.post(f"{path}/transition", {"status": "confirmed"}).status_code == 404
    )
    assert desk.post(f"{path}/notes", {"note": "x"}).status_code == 404


def test_a_foreign_order_is_404(api, customer):
    order = make_order()
    client = api.as_user(customer)
    for path in ("", "/invoice"):
        assert client.get(f"/api/orders/{order.pk}{path}").status_code == 404
    assert [item["id"] for item in client.get("/api/orders").json()["items"]] == []
    assert api.get("/api/orders").status_code == 401


def test_orders_of_nobody_are_none_and_not_those_of_guests(db):
    order = make_order(guest_email="guest@example.com")
    assert order.user_id is None
    assert not Order.objects.for_customer(None).exists()
