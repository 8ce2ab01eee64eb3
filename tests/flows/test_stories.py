"""Stories told over HTTP, from the first click to the last, as a storefront and the staff's
desk live them.
"""

from urllib.parse import urlsplit

import pytest

from orders.models import Order
from orders.services import periodic, refunds
from products.models import StockLevel
from tests.factories import (
    PASSWORD,
    SHIPPING_ADDRESS,
    age,
    key,
    make_category,
    make_coupon,
    make_product,
    make_tax,
    make_user,
    make_variant,
)


@pytest.fixture
def shirt():
    category = make_category(
        name="Shirts", slug="shirts", tax_class=make_tax("reduced", "5.00")
    )
    product = make_product(
        name="Linen shirt",
        slug="linen-shirt",
        base_price="899.00",
        category=category,
    )
    return make_variant(product=product, stock=3, size="M", color="Blue")


@pytest.fixture
def desk(api):
    return api.as_user(make_user(role="staff", groups=("orders",)))


def stock_of(variant):
    level = StockLevel.objects.get(variant=variant)
    return level.on_hand, level.reserved


def bearer(answer):
    return {"Authorization": f"Bearer {answer.json()['access']}"}


def move(desk, order_id, status, **more):
    answer = desk.post(
        f"/api/staff/orders/{order_id}/transition", {"status": status, **more}
    )
    assert answer.status_code == 200, answer.content


def test_a_guest_finds_a_shirt_and_buys_it(api, shirt):
    (found,) = api.get("/api/products?search=linen").json()["items"]
    detail = api.get(f"/api/products/{found['slug']}").json()
    (variant,) = detail["variants"]
    cart = api.post(
        "/api/cart/items", {"variantId": variant["id"], "quantity": 2}
    ).json()
    guest = {"X-Cart-Token": cart["token"]}
    body = {
        "shippingAddress": SHIPPING_ADDRESS,
        "email": "Guest@Example.com",
        "paymentMethod": "cod",
        "expectedTotal": cart["quote"]["total"],
    }
    placed = api.post("/api/orders", body, headers={**guest, **key()})
    assert placed.status_code == 201, placed.content
    assert placed.json()["total"] == cart["quote"]["total"] == "1798.00"
    assert api.get("/api/cart", headers=guest).json()["items"] == []
    assert (
        api.get(f"/api/products/{found['slug']}").json()["variants"][0][
            "countInStock"
        ]
        == 1
    )
    shown = api.get(f"/api/orders/{placed.json()['id']}", headers=guest).json()
    assert shown["shippingAddress"] == {
        **SHIPPING_ADDRESS,
        "stateCode": "IN-MH",
    }
    assert api.get(f"/api/orders/{shown['id']}/invoices", headers=guest).json() == {
        "invoices": []  # goods are invoiced as they leave
    }


def test_a_customer_registers_buys_gets_it_and_reviews_it(api, desk, shirt):
    token = api.post(
        "/api/cart/items", {"variantId": shirt.pk, "quantity": 1}
    ).json()["token"]
    person = {"name": "Asha", "email": "asha@example.com", "password": PASSWORD}
    registered = api.post(
        "/api/auth/register", person, headers={"X-Cart-Token": token}
    )
    assert registered.status_code == 201, registered.content
    me = bearer(registered)
    address = api.post("/api/addresses", SHIPPING_ADDRESS, headers=me).json()
    body = {"addressId": address["id"], "paymentMethod": "cod"}
    order = api.post("/api/orders", body, headers={**me, **key()}).json()
    assert order["items"][0]["sku"] == shirt.sku
    reviews = f"/api/products/{shirt.product_id}/reviews"
    for status in ("confirmed", "processing"):
        move(desk, order["id"], status)
    move(
        desk,
        order["id"],
        "shipped",
        carrier="Delhivery",
        trackingNumber="D1",
        trackingUrl="https://track.example/1",
    )
    invoice = api.get(f"/api/orders/{order['id']}/invoice", headers=me)
    assert invoice.headers["Content-Type"] == "application/pdf"
    move(desk, order["id"], "delivered")
    desk.post(f"/api/staff/orders/{order['id']}/cash", {})
    assert stock_of(shirt) == (2, 0)
    review = api.post(
        reviews, {"rating": 5, "comment": "Fits well.", "fit": "true"}, headers=me
    )
    assert (review.status_code, review.json()["verifiedBuyer"]) == (201, True)
    (seen,) = api.get("/api/orders", headers=me).json()["items"]
    assert (
        seen["status"],
        seen["paymentStatus"],
        seen["shipment"]["trackingNumber"],
    ) == ("delivered", "paid", "D1")


def test_an_online_payment_fails_then_succeeds_and_is_refunded_on_return(
    api, desk, shirt
):
    customer = make_user()
    client = api.as_user(customer)
    make_coupon(code="TEN", value="10.00")
    client.post("/api/cart/items", {"variantId": shirt.pk, "quantity": 2})
    assert (
        client.put("/api/cart/coupon", {"code": "TEN"}).json()["quote"]["total"]
        == "1618.20"
    )
    body = {
        "shippingAddress": SHIPPING_ADDRESS,
        "paymentMethod": "online",
        "expectedTotal": "1618.20",
    }
    order = client.post("/api/orders", body, headers=key()).json()

    def choose(address, outcome):
        page = urlsplit(address).path
        answer = api.send(
            "POST",
            page,
            f"outcome={outcome}".encode(),
            "application/x-www-form-urlencoded",
        )
        assert answer.status_code == 302, answer.content

    choose(order["payment"]["redirectUrl"], "failure")
    assert (
        client.get(f"/api/orders/{order['id']}").json()["paymentStatus"] == "failed"
    )
    started = client.post(
        f"/api/orders/{order['id']}/payments", headers=key()
    ).json()
    choose(started["redirectUrl"], "success")
    seen = client.get(f"/api/orders/{order['id']}").json()
    assert (seen["status"], seen["paymentStatus"]) == ("confirmed", "paid")
    for status in ("processing", "shipped", "delivered"):
        move(desk, order["id"], status)
    assert stock_of(shirt) == (1, 0)
    back = {
        "reason": "Too small",
        "refund": True,
        "lines": [{"lineId": order["items"][0]["id"], "quantity": 1}],
    }
    shown = desk.post(f"/api/staff/orders/{order['id']}/returns", back).json()
    assert (shown["status"], shown["refunded"], shown["refunds"][0]["state"]) == (
        "delivered",
        "809.10",
        "requested",
    )
    refunds.send_refund(refund_id=shown["refunds"][0]["id"])
    whole = desk.post(
        f"/api/staff/orders/{order['id']}/returns",
        {"reason": "The other one, too", "refund": True},
    ).json()
    refunds.send_refund(
        refund_id=next(
            r["id"] for r in whole["refunds"] if r["state"] == "requested"
        )
    )
    seen = client.get(f"/api/orders/{order['id']}").json()
    assert (seen["status"], seen["paymentStatus"], seen["refunded"]) == (
        "returned",
        "refunded",
        "1618.20",
    )
    assert stock_of(shirt) == (3, 0)


def test_a_customer_changes_their_mind_and_somebody_else_gets_the_last_one(
    api, shirt
):
    first, second = (api.as_user(make_user()) for _ in range(2))
    body = {"shippingAddress": SHIPPING_ADDRESS, "paymentMethod": "cod"}
    for client in (first, second):
        client.post("/api/cart/items", {"variantId": shirt.pk, "quantity": 3})
    order = first.post("/api/orders", body, headers=key()).json()
    refused = second.post("/api/orders", body, headers=key())
    assert (refused.status_code, refused.json()["lines"][0]["available"]) == (
        409,
        0,
    )
    assert second.get("/api/cart").json()["items"][0]["available"] is False
    assert (
        first.post(
            f"/api/orders/{order['id']}/cancel", {"reason": "Found another"}
        ).json()["status"]
        == "cancelled"
    )
    assert second.post("/api/orders", body, headers=key()).status_code == 201
    assert stock_of(shirt) == (3, 3)


def test_an_order_that_nobody_pays_gives_its_pieces_back(api, shirt):
    client = api.as_user(make_user())
    client.post("/api/cart/items", {"variantId": shirt.pk, "quantity": 3})
    body = {"shippingAddress": SHIPPING_ADDRESS, "paymentMethod": "online"}
    order = client.post("/api/orders", body, headers=key()).json()
    age(Order.objects.get(pk=order["id"]))
    periodic.expire_orders()
    seen = client.get(f"/api/orders/{order['id']}").json()
    assert (
        seen["status"],
        seen["history"][-1]["by"],
        seen["history"][-1]["note"],
    ) == (
        "cancelled",
        "system",
        "It was not paid in time.",
    )
    assert stock_of(shirt) == (3, 0)
    late = api.send(
        "POST",
        urlsplit(order["payment"]["redirectUrl"]).path,
        b"outcome=success",
        "application/x-www-form-urlencoded",
    )
    assert late.status_code == 409
