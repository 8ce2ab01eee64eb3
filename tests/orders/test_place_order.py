"""Checkout: one transaction from the cart to the reserved stock."""

import hashlib
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from markrin.outbox.models import OutboxEvent
from orders.models import CartLine, IdempotencyKey, Order
from products.models import StockLevel, StockMovement
from tests.factories import (
    SHIPPING_ADDRESS,
    key,
    make_address,
    make_cart_line,
    make_category,
    make_image,
    make_product,
    make_tax,
    make_variant,
    order_body,
    use_tax_preset,
)


def level_of(variant):
    level = StockLevel.objects.get(variant=variant)
    return level.on_hand, level.reserved


def test_places_an_order_for_cash(api, customer):
    category = make_category(tax_class=make_tax("reduced", "5.00"))
    shirt = make_variant(
        product=make_product(
            name="Linen shirt", base_price="499.00", category=category
        ),
        stock=5,
    )
    make_image(product=shirt.product, external_url="https://img.example/shirt.jpg")
    make_cart_line(customer=customer, variant=shirt, quantity=2)
    response = api.as_user(customer).post(
        "/api/orders", order_body(customer), headers=key()
    )
    assert response.status_code == 201, response.content
    placed = response.json()
    assert placed["number"].startswith("MK-20")
    assert placed["status"] == "pending"
    assert placed["paymentStatus"] == "unpaid"
    assert placed["payment"] is None
    assert placed["token"] is None
    amounts = ("subtotal", "discount", "shipping", "tax", "total", "currency")
    assert [placed[name] for name in amounts] == [
        "998.00",
        "0.00",
        "50.00",
        "47.52",
        "1048.00",
        "INR",
    ]
    (item,) = placed["items"]
    assert item["variantId"] == str(shirt.pk)
    assert (
        item["name"],
        item["quantity"],
        item["unitPrice"],
        item["lineTotal"],
    ) == (
        "Linen shirt",
        2,
        "499.00",
        "998.00",
    )
    assert item["image"] == "https://img.example/shirt.jpg"
    (step,) = placed["history"]
    assert (step["from"], step["to"], step["by"]) == ("", "pending", "customer")
    assert level_of(shirt) == (5, 2)
    assert StockMovement.objects.get(kind="reserve").ref == f"reserve:{item['id']}"
    assert not CartLine.objects.exists()
    assert OutboxEvent.objects.get(task="orders.confirm_by_mail").payload == {
        "order_id": placed["id"]
    }
    assert api.as_user(customer).get(f"/api/orders/{placed['id']}").json() == {
        name: value
        for name, value in placed.items()
        if name not in ("payment", "token", "orderToken")
    }


def test_a_guest_orders_and_reads_it_by_the_token(api):
    variant = make_variant()
    cart = api.post(
        "/api/cart/items", {"variantId": variant.pk, "quantity": 1}
    ).json()
    guest = {"X-Cart-Token": cart["token"]}
    placed = api.post("/api/orders", order_body(), headers={**guest, **key()})
    assert placed.status_code == 201, placed.content
    assert placed.json()["token"] == cart["token"]
    order = Order.objects.get()
    assert (order.user, order.email) == (None, "guest@example.com")
    assert (
        bytes(order.guest_token_hash or b"")
        == hashlib.sha256(cart["token"].encode()).digest()
    )
    assert api.get(f"/api/orders/{order.pk}", headers=guest).status_code == 200
    assert api.get(f"/api/orders/{order.pk}").status_code == 404
    assert (
        api.get(
            f"/api/orders/{order.pk}", headers={"X-Cart-Token": "another"}
        ).status_code
        == 404
    )


@pytest.mark.asvs("2.3.3")
def test_refuses_more_than_is_left_and_changes_nothing(api, customer):
    line = make_cart_line(
        customer=customer, quantity=2, variant=make_variant(stock=1)
    )
    response = api.as_user(customer).post(
        "/api/orders", order_body(customer), headers=key()
    )
    assert (response.status_code, response.json()["code"]) == (409, "out_of_stock")
    assert response.json()["lines"] == [
        {
            "variantId": str(line.variant_id),
            "sku": line.variant.sku,
            "requested": 2,
            "available": 1,
        }
    ]
    assert level_of(line.variant) == (1, 0)
    assert customer.cart.lines.get() == line
    assert not Order.objects.exists()
    assert not OutboxEvent.objects.filter(event="order.placed").exists()
    assert not IdempotencyKey.objects.exists()


def test_refuses_what_is_no_longer_sold(api, customer):
    line = make_cart_line(customer=customer)
    line.variant.is_active = False
    line.variant.save()
    response = api.as_user(customer).post(
        "/api/orders", order_body(customer), headers=key()
    )
    assert response.json()["code"] == "out_of_stock"
    assert response.json()["lines"][0]["available"] == 0


def test_tells_a_changed_quote(api, customer):
    variant = make_variant(product=make_product(base_price="700.00"))
    make_cart_line(customer=customer, variant=variant)
    body = order_body(customer, expectedTotal="700.00")
    response = api.as_user(customer).post("/api/orders", body, headers=key())
    assert (response.status_code, response.json()["code"]) == (409, "quote_changed")
    assert response.json()["quote"]["total"] == "750.00"
    assert not Order.objects.exists()
    again = api.as_user(customer).post(
        "/api/orders", {**body, "expectedTotal": "750.00"}, headers=key()
    )
    assert again.status_code == 201


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (
            {"addressId": "00000000-0000-7000-8000-000000000000"},
            422,
            "address_unknown",
        ),
        ({"email": "other@example.com"}, 422, "email_unexpected"),
        ({"couponCode": "NONE"}, 422, "coupon_unknown"),
        ({"shippingAddress": SHIPPING_ADDRESS}, 400, "invalid"),
        ({"paymentMethod": "barter"}, 400, "invalid"),
        ({"expectedTotal": 10}, 400, "invalid"),
        ({"gift": True}, 400, "invalid"),
    ],
)
def test_refuses_a_checkout_that_cannot_be(api, customer, change, status, code):
    make_cart_line(customer=customer)
    response = api.as_user(customer).post(
        "/api/orders", order_body(customer) | change, headers=key()
    )
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert not Order.objects.exists()


def test_refuses_an_empty_cart_somebody_elses_address_and_a_guest_without_email(
    api, customer
):
    mine = api.as_user(customer)
    assert (
        mine.post("/api/orders", order_body(customer), headers=key()).json()["code"]
        == "cart_empty"
    )
    make_cart_line(customer=customer)
    foreign = {"addressId": str(make_address().pk), "paymentMethod": "cod"}
    assert (
        mine.post("/api/orders", foreign, headers=key()).json()["code"]
        == "address_unknown"
    )
    guest = {name: value for name, value in order_body().items() if name != "email"}
    assert (
        api.post("/api/orders", guest, headers=key()).json()["code"]
        == "email_needed"
    )
    assert (
        api.post("/api/orders", order_body(), headers=key()).json()["code"]
        == "cart_empty"
    )


def test_a_shop_may_want_accounts(api, settings):
    settings.GUEST_CHECKOUT = False
    response = api.post("/api/orders", order_body(), headers=key())
    assert (response.status_code, response.json()["code"]) == (
        403,
        "guest_checkout_off",
    )


def test_what_costs_nothing_is_paid(api, customer, settings):
    settings.SHIPPING_FEE = Decimal("0.00")
    make_cart_line(
        customer=customer,
        variant=make_variant(product=make_product(base_price="0.00")),
    )
    placed = (
        api.as_user(customer)
        .post(
            "/api/orders",
            order_body(customer, paymentMethod="online"),
            headers=key(),
        )
        .json()
    )
    assert (
        placed["total"],
        placed["paymentStatus"],
        placed["expiresAt"],
        placed["payment"],
    ) == (
        "0.00",
        "paid",
        None,
        None,
    )


def test_an_order_keeps_what_it_was_when_the_catalogue_changes(api, customer):
    variant = make_variant(
        product=make_product(name="Old name", base_price="100.00")
    )
    make_cart_line(customer=customer, variant=variant)
    placed = (
        api.as_user(customer)
        .post("/api/orders", order_body(customer), headers=key())
        .json()
    )
    variant.product.name, variant.product.base_price = "New name", Decimal("900.00")
    variant.product.save()
    kept = (
        api.as_user(customer).get(f"/api/orders/{placed['id']}").json()["items"][0]
    )
    assert (kept["name"], kept["unitPrice"]) == ("Old name", "100.00")


def test_checkout_of_two_lines_takes_eleven_queries_and_then_nine(api, customer):
    use_tax_preset("in", state="KA")
    counts = []
    for _ in range(3):
        for _ in range(2):
            make_cart_line(customer=customer)
        body, client = order_body(customer), api.as_user(customer)
        with CaptureQueriesContext(connection) as queries:
            assert (
                client.post("/api/orders", body, headers=key()).status_code == 201
            )
        statements = [
            q["sql"]
            for q in queries
            if not q["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))
        ]
        counts.append(len(statements))
    # The first one of a process reads taxes and shipping, the next ones their versions.
    assert counts == [11, 9, 9], "\n".join(statements)
