"""Shipping as shoppers meet it: options, quotes, orders, cash on delivery, what goes back."""

from datetime import date, time
from decimal import Decimal

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from orders.models import (
    Holiday,
    LedgerLine,
    Order,
    OrderTax,
    ShippingMethod,
    ShippingZone,
)
from orders.services import transitions
from orders.services.lifecycle import Actor
from tests.factories import (
    SHIPPING_ADDRESS,
    key,
    make_cart_line,
    make_order,
    make_product,
    make_promotion,
    make_variant,
    move_to,
    order_body,
    use_tax_preset,
)


@pytest.fixture
def zone(db):
    return ShippingZone.objects.create(name="India", countries=["IN"])


@pytest.fixture
def standard(zone):
    return make_method(zone, "Standard", "50", min_days=2, max_days=4, cod_fee="40")


@pytest.fixture
def express(zone):
    return make_method(
        zone,
        "Express",
        "120",
        min_days=1,
        max_days=1,
        cut_off=time(11),
        cod_allowed=False,
        takes_free_shipping=False,
    )


def make_method(zone, name, price, **fields):
    return ShippingMethod.objects.create(
        zone=zone, name=name, price=price, **fields
    )


@pytest.fixture
def shopper(api, customer):
    make_cart_line(customer=customer, variant=make_variant(stock=50))
    return api.as_user(customer)


def ask_for_options(shopper, **query):
    return shopper.get("/api/shipping/options", query)


def test_options_have_price_dates_and_cash(shopper, standard, express):
    answer = ask_for_options(shopper, postalCode="400 050")
    assert answer.status_code == 200
    first, second = answer.json()["items"]
    assert first["deliversFrom"]
    assert first["deliversFrom"] < first["deliversUntil"]
    assert {name: first[name] for name in ("id", "name", "price", "cod")} == {
        "id": str(standard.pk),
        "name": "Standard",
        "price": "50.00",
        "cod": {"allowed": True, "fee": "40.00", "reason": None},
    }
    assert second["price"] == "120.00"
    assert second["cod"] == {
        "allowed": False,
        "fee": "0.00",
        "reason": "not_offered",
    }


def test_nothing_goes_where_no_zone_holds(api, shopper, customer, standard):
    assert (
        ask_for_options(shopper, country="AE").json()["code"]
        == "not_delivered_there"
    )
    abroad = {
        **SHIPPING_ADDRESS,
        "country": "AE",
        "state": "Dubai",
        "postalCode": "",
    }
    body = {"paymentMethod": "cod", "shippingAddress": abroad}
    refused = shopper.post("/api/orders", body, headers=key())
    assert (refused.status_code, refused.json()["code"]) == (
        422,
        "not_delivered_there",
    )
    assert not Order.objects.exists()
    shown = shopper.get("/api/cart", {"country": "AE"}).json()
    assert (shown["shippingMethod"], shown["quote"]["shipping"]) == (None, "0.00")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ({"postalCode": "4000"}, "postalCode"),
        ({"country": "India"}, "country"),
        ({"country": "NL", "postalCode": "400050"}, "postalCode"),
    ],
)
def test_a_place_that_is_none_is_named(shopper, standard, query, parameter):
    refused = ask_for_options(shopper, **query)
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["parameter"] == parameter


def test_the_quote_is_for_the_method_the_place_and_the_payment(
    shopper, standard, express
):
    quote = shopper.get("/api/cart").json()["quote"]
    assert (quote["shipping"], quote["fees"]) == ("50.00", [])
    shown = shopper.get("/api/cart", {"paymentMethod": "cod"}).json()
    assert shown["quote"]["fees"] == [{"kind": "cod", "amount": "40.00"}]
    assert shown["shippingMethod"]["name"] == "Standard"
    query = {"shippingMethodId": str(express.pk), "postalCode": "400050"}
    assert shopper.get("/api/cart", query).json()["quote"]["shipping"] == "120.00"


def test_an_order_keeps_its_method_its_dates_and_its_fee(
    shopper, customer, standard, express
):
    placed = shopper.post("/api/orders", order_body(customer), headers=key()).json()
    assert placed["fees"] == [{"kind": "cod", "amount": "40.00"}]
    assert placed["shippingMethod"]["name"] == "Standard"
    assert placed["shippingMethod"]["deliversUntil"] > placed["createdAt"][:10]
    subtotal = float(placed["subtotal"])
    assert float(placed["total"]) == subtotal + 50 + 40
    standard.delete()
    kept = shopper.get(f"/api/orders/{placed['id']}").json()
    assert kept["shippingMethod"] == {**placed["shippingMethod"], "id": None}
    assert kept["total"] == placed["total"]


def test_what_is_named_must_be_offered(shopper, customer, standard, express):
    body = order_body(customer, shippingMethodId=str(customer.pk))
    refused = shopper.post("/api/orders", body, headers=key())
    assert refused.json()["code"] == "shipping_method_unknown"
    body["shippingMethodId"] = str(express.pk)
    refused = shopper.post("/api/orders", body, headers=key())
    assert refused.json()["code"] == "cash_not_allowed"
    assert refused.json()["reason"] == "not_offered"
    assert not Order.objects.exists()
    body["paymentMethod"] = "online"
    placed = shopper.post("/api/orders", body, headers=key())
    assert (placed.status_code, placed.json()["shipping"]) == (201, "120.00")
    assert placed.json()["fees"] == []


def test_the_cheapest_is_that_for_what_goods_cost_after_discounts(
    api, customer, zone, standard
):
    make_method(zone, "Free above", "90", free_above="900")
    variant = make_variant(product=make_product(base_price="1000.00"), stock=5)
    make_cart_line(customer=customer, variant=variant)
    shopper = api.as_user(customer)
    assert shopper.get("/api/cart").json()["shippingMethod"]["name"] == "Free above"
    make_promotion(percent="20")
    assert shopper.get("/api/cart").json()["shippingMethod"]["name"] == "Standard"


def test_free_shipping_leaves_express_paid(shopper, standard, express):
    make_promotion(kind="free_shipping")
    prices = [
        option["price"] for option in ask_for_options(shopper).json()["items"]
    ]
    assert prices == ["0.00", "120.00"]
    query = {"shippingMethodId": str(express.pk)}
    quote = shopper.get("/api/cart", query).json()["quote"]
    assert (quote["shipping"], quote["discounts"]) == ("120.00", [])


def test_cash_has_a_limit_by_order_value(shopper, customer, standard):
    standard.cod_max_total = "100"
    standard.save()
    [option] = ask_for_options(shopper).json()["items"]
    assert option["cod"]["reason"] == "order_value"
    refused = shopper.post(
        "/api/orders", order_body(customer), headers=key()
    ).json()
    assert (refused["code"], refused["reason"]) == (
        "cash_not_allowed",
        "order_value",
    )


@pytest.mark.parametrize(
    ("other", "counts"),
    [
        ({}, True),  # the same telephone and address
        ({"phone": "+919876543299"}, True),
        ({"street": "1 Other Road"}, True),
        ({"phone": "+919876543299", "street": "1 Other Road"}, False),
    ],
)
def test_open_cash_orders_of_an_address_or_telephone_are_limited(
    api, standard, other, counts
):
    """Guests with different e-mail addresses."""
    standard.cod_max_open = 1
    standard.save()
    order = make_order(
        guest_email="first@example.com", variant=make_variant(stock=5)
    )
    body = order_body(
        email="second@example.com", shippingAddress={**SHIPPING_ADDRESS, **other}
    )
    token = api.post(
        "/api/cart/items", {"variantId": str(make_variant(stock=5).pk)}
    ).json()["token"]
    headers = {"X-Cart-Token": token, **key()}
    answer = api.post("/api/orders", body, headers=headers)
    if counts:
        assert answer.json()["reason"] == "open_orders"
        move_to(order, "cancelled")  # it is open no more
        answer = api.post("/api/orders", body, headers={**headers, **key()})
    assert answer.status_code == 201


def test_a_customer_reads_of_the_limit_before_ordering(shopper, customer, standard):
    standard.cod_max_open = 1
    standard.save()
    assert ask_for_options(shopper).json()["items"][0]["cod"]["allowed"] is True
    shopper.post("/api/orders", order_body(customer), headers=key())
    make_cart_line(customer=customer, variant=make_variant(stock=5))
    assert (
        ask_for_options(shopper).json()["items"][0]["cod"]["reason"]
        == "open_orders"
    )


def test_the_fee_is_taxed_booked_and_given_back_with_the_whole_order(
    api, customer, admin_user, standard
):
    use_tax_preset("in", state="KA")
    order = make_order(customer=customer, quantity=2, variant=make_variant(stock=9))
    move_to(order, "delivered")
    assert (order.shipping, order.cod_fee) == (Decimal(50), Decimal(40))
    fee = OrderTax.objects.get(of="fees")
    assert fee.taxable + fee.amount == 40
    assert fee.amount > 0
    sale = LedgerLine.objects.filter(entry__order=order, entry__kind="sale")
    booked = dict(sale.values_list("account", "amount"))
    assert booked["fees"] == -fee.taxable
    assert booked["receivable"] == order.total
    shipping = OrderTax.objects.get(of="shipping")
    assert booked["shipping"] == -shipping.taxable
    transitions.mark_cash_paid(order_id=order.pk, actor=Actor("staff"))
    desk = api.as_user(admin_user)
    back = {"lineId": str(order.lines.get().pk), "quantity": 1}
    body = {"reason": "too small", "lines": [back], "refund": True}
    shown = desk.post(f"/api/staff/orders/{order.pk}/returns", body).json()
    assert shown["refunded"] == str(order.subtotal / 2)


def test_an_order_that_comes_back_whole_gives_back_shipping_and_fee(
    api, customer, admin_user, standard
):
    order = make_order(customer=customer, status="delivered", paid=True)
    body = {"reason": "too small", "refund": True}
    path = f"/api/staff/orders/{order.pk}/returns"
    shown = api.as_user(admin_user).post(path, body).json()
    assert shown["refunded"] == str(order.total) == shown["total"]
    left = dict(balances())
    assert {name for name, amount in left.items() if amount} == set()


def balances():
    lines = LedgerLine.objects.values_list("account").annotate(n=Sum("amount"))
    return lines.order_by()


def test_a_product_page_has_dates(api, standard, express):
    variant = make_variant()
    path = f"/api/products/{variant.product_id}/delivery"
    found = api.get(path, {"postalCode": "400-050"}).json()
    assert (found["country"], found["postalCode"]) == ("IN", "400050")
    assert [option["name"] for option in found["items"]] == ["Standard", "Express"]
    assert found["deliversUntil"] == found["items"][0]["deliversUntil"]
    refused = api.get(path, {"country": "AE"})
    assert refused.json()["code"] == "not_delivered_there"
    draft = make_variant(product=make_product(status="draft"))
    missing = api.get(f"/api/products/{draft.product_id}/delivery")
    assert missing.status_code == 404


def test_gift_cards_are_mailed(api, standard):
    product = make_product(is_gift_card=True)
    variant = make_variant(product=product, stock=5)
    found = api.get(f"/api/products/{product.pk}/delivery").json()
    assert (found["deliversUntil"], found["items"]) == (None, [])
    body = {"variantId": str(variant.pk)}
    cart = api.post("/api/cart/items", body).json()
    headers = {"X-Cart-Token": cart["token"]}
    options = api.get("/api/shipping/options", {"country": "IN"}, headers=headers)
    assert (options.status_code, options.json()) == (200, {"items": []})
    assert (cart["shippingMethod"], cart["quote"]["shipping"]) == (None, "0.00")


def test_holidays_move_the_dates(shopper, standard):
    before = ask_for_options(shopper).json()["items"][0]["deliversFrom"]
    Holiday.objects.create(day=date.fromisoformat(before), name="A holiday")
    assert ask_for_options(shopper).json()["items"][0]["deliversFrom"] > before


def test_the_shop_says_above_what_it_is_free(api, zone, standard):
    assert api.get("/api/shop").json()["freeShippingAbove"] is None
    standard.free_above = "1999"
    standard.save()
    assert api.get("/api/shop").json()["freeShippingAbove"] == "1999.00"


def test_options_take_the_same_queries_for_one_line_and_method_as_for_many(
    api, customer, zone, standard
):
    shopper, counts = api.as_user(customer), []
    for number in range(3):
        make_cart_line(customer=customer)
        make_method(zone, f"Another {number}", "70")
        with CaptureQueriesContext(connection) as queries:
            assert len(ask_for_options(shopper).json()["items"]) == 2 + number
        counts.append(len(queries))
    # The first look of a process reads taxes; the methods have just changed each time.
    assert counts[0] <= 6
    assert counts[1] == counts[2] <= 5
