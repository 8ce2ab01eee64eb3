"""Promotions over HTTP: in the cart, at checkout, in the order; and whose uses are counted."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import CustomerGroup
from orders.models import (
    CustomerRecord,
    Order,
    OrderDiscount,
    Promotion,
    PromotionTier,
    ShippingMethod,
    ShippingZone,
    TaxSettings,
)
from orders.services import privacy, promotion_codes
from orders.services.shipping import write_settings_zone
from tests.factories import (
    key,
    make_cart_line,
    make_category,
    make_coupon,
    make_order,
    make_product,
    make_promotion,
    make_user,
    make_variant,
    order_body,
    use_tax_preset,
)


def priced(price, **more):
    return make_variant(product=make_product(base_price=price, **more), stock=20)


def fill(customer, *variants, quantity=1):
    for variant in variants:
        make_cart_line(customer=customer, variant=variant, quantity=quantity)


def quote_of(api, customer):
    return api.as_user(customer).get("/api/cart").json()["quote"]


def buy(api, customer, **more):
    body = order_body(customer, **more)
    return api.as_user(customer).post("/api/orders", body, headers=key())


def buy_as_guest(api, email, **more):
    cart = api.post("/api/cart/items", {"variantId": priced("300.00").pk}).json()
    body = order_body(None, **{"email": email, **more})
    return api.post(
        "/api/orders", body, headers={**key(), "X-Cart-Token": cart["token"]}
    )


def test_one_that_applies_by_itself_shows_what_it_takes_off_each_line(
    api, customer
):
    shirts = make_category()
    three = make_promotion(
        name="3 for 2",
        kind="buy_x_get_y",
        buy=2,
        get=1,
        percent="100",
        categories=[shirts],
    )
    fill(
        customer,
        priced("300.00", category=make_category(parent=shirts)),
        quantity=2,
    )
    fill(customer, priced("100.00", category=shirts), priced("50.00"))
    quote = quote_of(api, customer)
    lines = api.as_user(customer).get("/api/cart").json()["items"]
    # 100.00 off, spread over 300, 300 and 100
    assert quote["discounts"] == [
        {
            "promotionId": str(three.pk),
            "name": "3 for 2",
            "code": None,
            "amount": "100.00",
            "shippingAmount": "0.00",
            "lines": [
                {"lineId": lines[0]["id"], "amount": "85.72"},
                {"lineId": lines[1]["id"], "amount": "14.28"},
            ],
        }
    ]
    assert (quote["subtotal"], quote["discount"], quote["total"]) == (
        "750.00",
        "100.00",
        "700.00",
    )
    order = buy(api, customer, expectedTotal="700.00").json()
    assert [item["discount"] for item in order["items"]] == [
        "85.72",
        "14.28",
        "0.00",
    ]
    [discount] = order["discounts"]
    assert discount["amount"] == order["discount"] == "100.00"
    assert {each["lineId"]: each["amount"] for each in discount["lines"]} == {
        item["id"]: item["discount"] for item in order["items"][:2]
    }
    shown = api.as_user(customer).get(f"/api/orders/{order['id']}").json()
    assert shown["discounts"] == order["discounts"]


def test_says_what_is_missing(api, customer):
    make_promotion(name="Spend 500", min_spend="500")
    tiers = make_promotion(name="From 3 pieces", kind="tiers", tier_by="pieces")
    PromotionTier.objects.create(promotion=tiers, threshold=3, percent="5")
    fill(customer, priced("299.00"))
    quote = quote_of(api, customer)
    assert [
        (each["name"], each["reason"], each["missing"])
        for each in quote["notApplied"]
    ] == [
        ("Spend 500", "minimum_spend", "201.00"),
        ("From 3 pieces", "minimum_pieces", "2"),
    ]


@pytest.mark.parametrize(
    ("effect", "discount", "shipping"),
    [
        ({"kind": "percent", "percent": "10", "cap": "5"}, "5.00", "50.00"),
        ({"kind": "amount", "amount": "20"}, "20.00", "50.00"),
        ({"kind": "fixed_price", "amount": "99"}, "201.00", "50.00"),
        ({"kind": "free_shipping"}, "0.00", "0.00"),
    ],
)
def test_effects(api, customer, effect, discount, shipping):
    make_promotion(**effect)
    fill(customer, priced("300.00"))
    quote = quote_of(api, customer)
    assert (quote["discount"], quote["shipping"]) == (discount, shipping)
    assert buy(api, customer, expectedTotal=quote["total"]).status_code == 201


def test_conditions_that_the_database_looks_at(api, customer):
    fill(customer, priced("300.00"))
    group = CustomerGroup.objects.create(name="Friends")
    make_promotion(name="Friends", percent="5", customer_groups=[group])
    make_promotion(name="First", percent="7", first_order_only=True, priority=200)
    now = timezone.now()
    make_promotion(name="Over", ends_at=now)
    make_promotion(name="To come", starts_at=now + timedelta(hours=1))
    make_promotion(name="Off", is_active=False)

    def names():
        return [each["name"] for each in quote_of(api, customer)["discounts"]]

    assert names() == ["First"]
    group.members.add(customer)
    assert names() == ["Friends", "First"]
    buy(api, customer)
    fill(customer, priced("300.00"))
    assert names() == ["Friends"]


def test_groups_by_rule_hold_for_promotions_shipping_and_taxes(api, customer):
    use_tax_preset("in", state="KA")
    good = CustomerGroup.objects.create(
        name="Good", by_rule=True, min_spent="500", min_orders=2, within_days=30
    )
    tagged = CustomerGroup.objects.create(name="VIP", by_rule=True, tags=["vip"])
    make_promotion(name="Good", percent="5", customer_groups=[good])
    make_promotion(name="VIP", percent="7", customer_groups=[tagged], priority=200)
    write_settings_zone()
    [zone] = ShippingZone.objects.all()
    express = ShippingMethod.objects.create(zone=zone, name="Express", price="1")
    express.customer_groups.set([tagged])
    TaxSettings.objects.get().exempt_groups.set([tagged])
    fill(customer, priced("300.00"))

    def names():
        return [each["name"] for each in quote_of(api, customer)["discounts"]]

    def methods():
        found = api.as_user(customer).get("/api/shipping/options").json()["items"]
        return {each["name"] for each in found} & {"Express"}

    assert (names(), methods()) == ([], set())
    goods = priced("300.00")
    orders = [
        make_order(variant=goods, customer=customer, paid=True, status="delivered")
        for _ in range(2)
    ]
    fill(customer, goods)
    assert names() == ["Good"]
    Order.objects.filter(pk=orders[0].pk).update(
        created_at=timezone.now() - timedelta(days=31)
    )
    assert names() == []  # one order within 30 days is not two
    CustomerRecord.objects.create(user=customer, tags=["vip"])
    assert (names(), methods()) == (["VIP"], {"Express"})
    quote = quote_of(api, customer)
    assert (quote["tax"], quote["taxes"]) == ("0.00", [])
    assert buy(api, customer, expectedTotal=quote["total"]).status_code == 201
    assert Order.objects.latest("created_at").zero_rated == "exempt_customer"
    stranger = make_user()
    fill(stranger, priced("300.00"))
    other = quote_of(api, stranger)
    assert other["discounts"] == []
    assert other["tax"] != "0.00"


def test_what_is_on_sale_may_be_left_out(api, customer):
    make_promotion(exclude_sale_items=True)
    fill(customer, priced("300.00", sale_price="200.00"), priced("100.00"))
    assert quote_of(api, customer)["discount"] == "10.00"


def test_the_better_of_exclusive_and_combined_wins(api, customer):
    make_promotion(name="Ten"), make_promotion(name="Twenty more", percent="20")
    best = make_promotion(name="Alone", percent="29", exclusive=True)
    fill(customer, priced("1000.00"))
    quote = quote_of(api, customer)
    assert [each["name"] for each in quote["discounts"]] == ["Alone"]
    assert {each["reason"] for each in quote["notApplied"]} == {"better_offer"}
    best.percent = "27"
    best.save()
    names = [each["name"] for each in quote_of(api, customer)["discounts"]]
    assert names == ["Ten", "Twenty more"]


def test_several_codes_apply_together(api, customer):
    make_coupon(code="TEN"), make_coupon(code="FIVER", kind="fixed", value="5.00")
    fill(customer, priced("1000.00"))
    order = buy(api, customer, couponCodes=["ten", "FIVER"]).json()
    assert (order["discount"], order["couponCode"]) == ("105.00", "TEN")
    assert [each["code"] for each in order["discounts"]] == ["TEN", "FIVER"]
    fill(customer, priced("1000.00"))
    refused = buy(api, customer, couponCodes=["TEN", "NONE"])
    assert (refused.status_code, refused.json()["code"]) == (422, "coupon_unknown")


def test_cart_and_checkout_refuse_a_coupon_alike(api, customer):
    make_coupon(code="BIG", min_spend="1500.00")
    fill(customer, priced("100.00"))
    shop = api.as_user(customer)
    in_cart = shop.put("/api/cart/coupon", {"code": "BIG"}).json()
    at_checkout = buy(api, customer, couponCode="BIG").json()
    for answer in (in_cart, at_checkout):
        assert (answer["code"], answer["minSpend"], answer["missing"]) == (
            "coupon_minimum_spend",
            "1500.00",
            "1400.00",
        )
    make_coupon(code="ABROAD", countries=["US"])
    refused = shop.put("/api/cart/coupon", {"code": "ABROAD"}).json()
    assert (refused["code"], refused["reason"]) == (
        "coupon_not_applicable",
        "country",
    )


# --- whose uses are counted


def test_a_person_is_one_customer_by_account_or_address(api):
    make_coupon(code="ONCE", per_customer_limit=1)

    def tries(email):
        return buy_as_guest(api, email, couponCode="ONCE").json().get("code")

    assert tries("asha@example.com") is None
    for same in ("asha@example.com", "ASHA@Example.com", "asha+2@example.com"):
        assert tries(same) == "coupon_used_up"
    account = make_user(email="asha@example.com")
    fill(account, priced("300.00"))
    assert buy(api, account, couponCode="ONCE").json()["code"] == "coupon_used_up"
    assert privacy.attach_guest_orders(user=account) == 1
    account.email = "asha.rao@example.com"
    account.save()
    assert buy(api, account, couponCode="ONCE").json()["code"] == "coupon_used_up"
    assert tries("asha.rao@example.com") == "coupon_used_up"
    assert tries("somebody@example.com") is None


def test_what_an_account_has_used_its_address_cannot_use_as_a_guest(api, customer):
    make_coupon(code="ONCE", per_customer_limit=1)
    fill(customer, priced("300.00"))
    assert buy(api, customer, couponCode="ONCE").status_code == 201
    refused = buy_as_guest(api, customer.email, couponCode="ONCE")
    assert refused.json()["code"] == "coupon_used_up"


def test_a_cancelled_order_gives_its_uses_back(api, customer):
    promotion = make_promotion(total_limit=1)
    order = make_order(customer=customer)
    promotion.refresh_from_db()
    assert (promotion.used, order.discount) == (1, Decimal("100.00"))
    other = make_user()
    fill(other, priced("300.00"))
    assert quote_of(api, other)["discount"] == "0.00"
    api.as_user(customer).post(f"/api/orders/{order.pk}/cancel", {"reason": "No."})
    promotion.refresh_from_db()
    assert promotion.used == 0
    assert OrderDiscount.objects.get().counts is False
    assert quote_of(api, other)["discount"] == "30.00"


def test_each_of_many_codes_is_good_once(api, customer):
    promotion = make_promotion(needs_code=True)
    made = promotion_codes.make_codes(
        promotion_id=promotion.pk, beginning="gift", number=20, total_limit=1
    )
    codes = list(promotion.coupons.values_list("code", flat=True))
    assert (made, len(set(codes))) == (20, 20)
    assert all(code.startswith("GIFT-") for code in codes)
    assert (
        buy_as_guest(api, "a@example.com", couponCode=codes[0]).status_code == 201
    )
    again = buy_as_guest(api, "b@example.com", couponCode=codes[0])
    assert again.json()["code"] == "coupon_exhausted"
    assert (
        buy_as_guest(api, "b@example.com", couponCode=codes[1]).status_code == 201
    )


def test_a_limit_that_comes_later_counts_what_was_before(api, customer):
    promotion = make_promotion()
    make_order(customer=customer)
    Promotion.objects.update(total_limit=1)
    with transaction.atomic():
        promotion_codes.count_uses(promotion_id=promotion.pk)
    fill(customer, priced("300.00"))
    assert quote_of(api, customer)["discounts"] == []


def test_promotions_add_three_queries_to_a_checkout(api, customer):
    def queries():
        fill(customer, priced("300.00"), priced("200.00"))
        body = order_body(customer)
        client = api.as_user(customer)
        with CaptureQueriesContext(connection) as found:
            assert (
                client.post("/api/orders", body, headers=key()).status_code == 201
            )
        return len(found)

    queries()
    without = queries()
    make_promotion(), make_promotion(total_limit=100, per_customer_limit=50)
    make_promotion(percent="1")
    assert queries() <= without + 3
    assert Order.objects.filter(discount__gt=0).count() == 1


def test_a_cart_takes_several_codes_and_says_of_each_what_it_does(api, customer):
    make_coupon(code="TEN"), make_coupon(code="BIG", min_spend="1500.00")
    fill(customer, priced("1000.00"))
    shop = api.as_user(customer)
    refused = shop.put("/api/cart/coupons", {"codes": ["TEN", "BIG"]})
    assert refused.json()["code"] == "coupon_minimum_spend"
    assert shop.get("/api/cart").json()["coupons"] == []
    fill(customer, priced("600.00"))
    shop.put("/api/cart/coupons", {"codes": ["ten ", "BIG"]})
    customer.cart.lines.last().delete()
    # What no longer applies stays, and says why; another code is not refused for it.
    make_coupon(code="FIVER", kind="fixed", value="5.00")
    cart = shop.put("/api/cart/coupons", {"codes": ["TEN", "BIG", "FIVER"]}).json()
    assert [(each["code"], each["reason"]) for each in cart["coupons"]] == [
        ("TEN", None),
        ("BIG", "coupon_minimum_spend"),
        ("FIVER", None),
    ]
    assert cart["quote"]["discount"] == "105.00"


def test_who_used_a_coupon_as_a_guest_cannot_again_with_the_verified_account(api):
    make_coupon(code="ONCE", per_customer_limit=1)
    assert (
        buy_as_guest(api, "asha@example.com", couponCode="once").status_code,
        buy_as_guest(api, "asha@example.com", couponCode="ONCE").json()["code"],
    ) == (201, "coupon_used_up")
    account = make_user(email="asha@example.com")
    with transaction.atomic():
        privacy.attach_guest_orders(user=account)  # the address is verified
    assert Order.objects.get().user == account
    fill(account, priced("300.00"))
    assert buy(api, account, couponCode="ONCE").json()["code"] == "coupon_used_up"
