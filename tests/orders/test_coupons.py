"""Coupons at checkout, and as staff keep them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from orders.models import Coupon, Order, OrderDiscount, Promotion
from tests.factories import (
    key,
    make_cart_line,
    make_coupon,
    make_order,
    make_product,
    make_user,
    make_variant,
    order_body,
)


@pytest.fixture
def desk(api):
    return api.as_user(make_user(role="staff", groups=("orders",)))


def buy(api, customer, **more):
    return api.as_user(customer).post(
        "/api/orders", order_body(customer, **more), headers=key()
    )


def test_a_coupon_of_the_cart_lowers_the_order(api, customer):
    coupon = make_coupon(code="TEN", value="10.00", total_limit=5)
    make_cart_line(
        customer=customer,
        variant=make_variant(product=make_product(base_price="333.33")),
    )
    make_cart_line(
        customer=customer,
        variant=make_variant(product=make_product(base_price="100.00")),
    )
    api.as_user(customer).put("/api/cart/coupon", {"code": "TEN"})
    placed = buy(api, customer).json()
    assert (placed["discount"], placed["couponCode"], placed["total"]) == (
        "43.33",
        "TEN",
        "440.00",
    )
    assert [item["discount"] for item in placed["items"]] == ["33.33", "10.00"]
    coupon.refresh_from_db()
    assert (coupon.used, OrderDiscount.objects.get().user) == (1, customer)
    assert api.as_user(customer).get("/api/cart").json()["coupon"] is None


def test_a_named_coupon_counts_instead_of_the_carts(api, customer):
    make_coupon(code="TEN"), make_coupon(code="TWENTY", value="20.00")
    make_cart_line(customer=customer)
    api.as_user(customer).put("/api/cart/coupon", {"code": "TEN"})
    assert buy(api, customer, couponCode="twenty").json()["discount"] == "200.00"


def test_a_customers_limit(api, customer):
    make_coupon(code="ONCE", per_customer_limit=1)
    make_cart_line(customer=customer)
    assert buy(api, customer, couponCode="ONCE").status_code == 201
    make_cart_line(customer=customer)
    refused = buy(api, customer, couponCode="ONCE")
    assert (refused.status_code, refused.json()["code"]) == (409, "coupon_used_up")
    other = make_user()
    make_cart_line(customer=other)
    assert buy(api, other, couponCode="ONCE").status_code == 201


def test_a_coupon_that_ended_in_the_cart_is_told_unless_the_shopper_knows(
    api, customer
):
    coupon = make_coupon(code="TEN")
    make_cart_line(customer=customer)
    api.as_user(customer).put("/api/cart/coupon", {"code": "TEN"})
    Promotion.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert buy(api, customer).json()["code"] == "coupon_not_now"
    assert (
        buy(api, customer, expectedTotal="950.00").json()["quote"]["total"]
        == "1050.00"
    )
    placed = buy(api, customer, expectedTotal="1050.00")
    assert (placed.status_code, placed.json()["couponCode"]) == (201, None)
    coupon.refresh_from_db()
    assert coupon.used == 0


def test_a_cancelled_orders_use_is_free_again(api, customer):
    make_coupon(code="LAST", total_limit=1)
    order = make_order(customer=customer, coupon_code="LAST")
    make_cart_line(customer=customer)
    assert (
        buy(api, customer, couponCode="LAST").json()["code"] == "coupon_exhausted"
    )
    api.as_user(customer).post(f"/api/orders/{order.pk}/cancel", {})
    assert buy(api, customer, couponCode="LAST").status_code == 201
    assert Order.objects.filter(coupon_code="LAST").count() == 2


# --- As staff keep them --------------------------------------------------------------------------
def test_staff_keep_coupons(desk):
    body = {
        "code": "diwali-26",
        "kind": "fixed",
        "value": "150.00",
        "minSpend": "999.00",
        "totalLimit": 100,
    }
    made = desk.post("/api/staff/coupons", body)
    assert made.status_code == 201, made.content
    coupon = made.json()
    assert (
        coupon["code"],
        coupon["value"],
        coupon["used"],
        coupon["isActive"],
    ) == (
        "DIWALI-26",
        "150.00",
        0,
        True,
    )
    path = f"/api/staff/coupons/{coupon['id']}"
    assert desk.get(path).json() == coupon
    changed = desk.patch(path, {"isActive": False, "totalLimit": None}).json()
    assert (changed["isActive"], changed["totalLimit"]) == (False, None)
    assert [
        item["code"]
        for item in desk.get("/api/staff/coupons?active=false&code=DIWALI").json()[
            "items"
        ]
    ] == ["DIWALI-26"]
    assert desk.get("/api/staff/coupons?active=true").json()["items"] == []
    assert desk.delete(path).status_code == 204
    assert desk.get(path).status_code == desk.delete(path).status_code == 404


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"value": "100.01"}, "/value"),
        ({"value": "0.00"}, "/value"),
        ({"kind": "gift"}, "/kind"),
        ({"code": "S\u00dcD"}, "/code"),
        ({"code": "-X"}, "/code"),
        (
            {"startsAt": "2026-02-01T00:00:00Z", "endsAt": "2026-01-01T00:00:00Z"},
            "/endsAt",
        ),
        ({"totalLimit": 0}, "/totalLimit"),
        ({"perCustomerLimit": 1001}, "/perCustomerLimit"),
        ({"used": 1}, "/used"),
    ],
)
def test_refuses_a_coupon_that_cannot_be(desk, change, pointer):
    body = {"code": "X", "kind": "percent", "value": "10.00"} | change
    response = desk.post("/api/staff/coupons", body)
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (
        400,
        pointer,
    )
    assert not Coupon.objects.exists()


def test_a_code_is_once_and_a_used_coupon_stays(desk):
    coupon = make_coupon(code="ONE")
    taken = desk.post(
        "/api/staff/coupons", {"code": "one", "kind": "percent", "value": "5.00"}
    )
    assert (taken.status_code, taken.json()["code"]) == (409, "coupon_code_taken")
    make_order(coupon_code="ONE"), make_order(coupon_code="ONE")
    path = f"/api/staff/coupons/{coupon.pk}"
    assert desk.delete(path).json()["code"] == "coupon_in_use"
    assert (
        desk.patch(path, {"totalLimit": 1}).json()["errors"][0]["pointer"]
        == "/totalLimit"
    )
    assert desk.patch(path, {"value": "100.01"}).status_code == 400
    coupon.refresh_from_db()
    assert (coupon.value, coupon.total_limit) == (Decimal("10.00"), None)
