"""Carts of customers and guests: every call answers the whole cart."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import hooks
from orders.models import Cart, CartLine
from tests.factories import (
    make_cart_line,
    make_category,
    make_coupon,
    make_image,
    make_product,
    make_tax,
    make_user,
    make_variant,
)

AMOUNTS = ("subtotal", "discount", "shipping", "tax", "total", "amountDue")
LISTS = ("discounts", "notApplied", "fees", "taxes", "giftCards")


def add(client, variant, quantity=1, **headers):
    return client.post(
        "/api/cart/items",
        {"variantId": variant.pk, "quantity": quantity},
        **headers,
    )


def test_a_shopper_without_a_cart_has_an_empty_one_and_nothing_is_stored(
    api, customer
):
    for client in (api, api.as_user(customer)):
        cart = client.get("/api/cart").json()
        assert cart == {
            "id": None,
            "token": None,
            "items": [],
            "coupon": None,
            "coupons": [],
            "giftCards": [],
            "storeCredit": None,
            "itemCount": 0,
            "shippingMethod": None,
            "quote": {
                **dict.fromkeys(AMOUNTS, "0.00"),
                **{key: [] for key in LISTS},
                "taxIncluded": True,
                "currency": "INR",
            },
        }
    assert not Cart.objects.exists()


def test_shows_what_is_in_it(api, customer):
    category = make_category(
        parent=make_category(tax_class=make_tax("reduced", "5.00"))
    )
    product = make_product(
        name="Linen shirt", base_price="600.00", category=category
    )
    make_image(
        product=product,
        external_url="https://img.example/a.jpg",
        alt_text="A shirt",
    )
    variant = make_variant(product=product, stock=4, size="M", color="Blue")
    cart = add(api.as_user(customer), variant, 2).json()
    assert cart["items"] == [
        {
            "id": str(CartLine.objects.get().pk),
            "variantId": str(variant.pk),
            "sku": variant.sku,
            "size": "M",
            "color": "Blue",
            "product": {
                "id": str(product.pk),
                "slug": product.slug,
                "name": "Linen shirt",
                "brand": product.brand,
                "category": {
                    "id": str(category.pk),
                    "slug": category.slug,
                    "name": category.name,
                },
                "isGiftCard": False,
                "image": {"url": "https://img.example/a.jpg", "altText": "A shirt"},
                "variants": [
                    {
                        "id": str(variant.pk),
                        "size": "M",
                        "color": "Blue",
                        "countInStock": 4,
                        "inStock": True,
                    }
                ],
            },
            "quantity": 2,
            "priceAtAdd": "600.00",
            "basePrice": "600.00",
            "price": "600.00",
            "priceChanged": False,
            "lineTotal": "1200.00",
            "available": True,
            "countInStock": 4,
            "onBackOrder": 0,
            "inventoryPolicy": "deny",
        }
    ]
    # 5 % of the nearest category above that states one: 1200 × 5/105
    assert cart["quote"] == {
        "subtotal": "1200.00",
        "discount": "0.00",
        "shipping": "0.00",
        "tax": "57.14",
        "taxIncluded": True,
        "total": "1200.00",
        "amountDue": "1200.00",
        "currency": "INR",
        "taxes": [
            {"name": "Tax", "rate": "5", "taxable": "1142.86", "amount": "57.14"}
        ],
        **{key: [] for key in ("discounts", "notApplied", "fees", "giftCards")},
    }
    assert (cart["token"], cart["itemCount"]) == (None, 2)


def test_tells_a_changed_price_and_what_cannot_be_bought_any_more(api, customer):
    dear, gone, short = make_variant(), make_variant(), make_variant(stock=3)
    for variant in (dear, gone, short):
        make_cart_line(customer=customer, variant=variant, quantity=2)
    dear.product.sale_price = Decimal("800.00")
    dear.product.save()
    gone.product.status = "archived"
    gone.product.save()
    short.stock.on_hand = 1
    short.stock.save()
    cart = api.as_user(customer).get("/api/cart").json()
    shown = [
        (
            item["price"],
            item["priceChanged"],
            item["available"],
            item["countInStock"],
        )
        for item in cart["items"]
    ]
    assert shown == [
        ("800.00", True, True, 5),
        ("1000.00", False, False, 0),
        ("1000.00", False, False, 1),
    ]
    assert cart["quote"]["subtotal"] == "1600.00"
    assert cart["itemCount"] == 6


def test_a_guest_gets_an_unguessable_token_and_keeps_the_cart_by_it(api):
    variant = make_variant()
    first = add(api, variant).json()
    assert len(first["token"]) == 43
    sent = {"X-Cart-Token": first["token"]}
    assert add(api, variant, headers=sent).json()["items"][0]["quantity"] == 2
    assert api.get("/api/cart", headers=sent).json()["id"] == first["id"]
    assert (
        api.get("/api/cart", headers={"X-Cart-Token": "made-up"}).json()["id"]
        is None
    )
    assert (
        add(api, variant, headers={"X-Cart-Token": "made-up"}).json()["token"]
        != "made-up"
    )
    assert first["token"] not in str(Cart.objects.values_list())


def test_adding_again_adds_up(api, customer):
    variant = make_variant(stock=30)
    client = api.as_user(customer)
    add(client, variant, 15)
    over = add(client, variant, 6)
    assert (over.status_code, over.json()["code"]) == (422, "quantity_limit")
    assert add(client, variant, 5).json()["items"][0]["quantity"] == 20


def test_refuses_more_than_there_is_with_what_is_left(api, customer):
    variant = make_variant(stock=2)
    response = add(api.as_user(customer), variant, 3)
    assert (response.status_code, response.json()["code"]) == (409, "out_of_stock")
    assert response.json()["lines"][0]["available"] == 2
    assert not CartLine.objects.exists()


@pytest.mark.parametrize("how", ["unknown", "inactive", "draft"])
def test_refuses_what_is_not_on_sale(api, customer, how):
    variant = make_variant(
        is_active=how != "inactive",
        product=make_product(status="draft" if how == "draft" else "published"),
    )
    wanted = (
        "00000000-0000-7000-8000-000000000000" if how == "unknown" else variant.pk
    )
    response = api.as_user(customer).post(
        "/api/cart/items", {"variantId": wanted, "quantity": 1}
    )
    assert (response.status_code, response.json()["code"]) == (
        422,
        "variant_not_on_sale",
    )
    assert not CartLine.objects.exists()


def test_takes_at_most_fifty_variants(api, customer):
    product = make_product()
    for number in range(50):
        make_cart_line(
            customer=customer,
            variant=make_variant(product=product, size=f"{number}"),
        )
    response = add(api.as_user(customer), make_variant())
    assert (response.status_code, response.json()["code"]) == (422, "cart_full")


@pytest.mark.parametrize("quantity", [0, 21, -1, "2", 1.5, None, True])
def test_refuses_a_bad_quantity(api, customer, quantity):
    line = make_cart_line(customer=customer)
    client = api.as_user(customer)
    body = {"variantId": line.variant_id, "quantity": quantity}
    assert client.post("/api/cart/items", body).status_code == 400
    assert (
        client.patch(
            f"/api/cart/items/{line.pk}", {"quantity": quantity}
        ).status_code
        == 400
    )
    assert CartLine.objects.get().quantity == 1


def test_changes_quantity_and_variant(api, customer):
    product = make_product(base_price="500.00")
    small, large = (
        make_variant(product=product, stock=9),
        make_variant(product=product, stock=9),
    )
    line = make_cart_line(customer=customer, variant=small)
    client = api.as_user(customer)
    (item,) = client.patch(f"/api/cart/items/{line.pk}", {"quantity": 3}).json()[
        "items"
    ]
    assert (item["quantity"], item["variantId"]) == (3, str(small.pk))
    (item,) = client.patch(
        f"/api/cart/items/{line.pk}", {"variantId": large.pk}
    ).json()["items"]
    assert (item["quantity"], item["variantId"]) == (3, str(large.pk))
    (item,) = client.patch(
        f"/api/cart/items/{line.pk}", {"variantId": small.pk, "quantity": 1}
    ).json()["items"]
    assert (item["quantity"], item["variantId"]) == (1, str(small.pk))


def test_a_variant_that_has_a_line_takes_the_pieces_over(api, customer):
    product = make_product()
    small, large = (
        make_variant(product=product, stock=9),
        make_variant(product=product, stock=9),
    )
    line = make_cart_line(customer=customer, variant=small, quantity=2)
    make_cart_line(customer=customer, variant=large, quantity=3)
    cart = (
        api.as_user(customer)
        .patch(f"/api/cart/items/{line.pk}", {"variantId": large.pk})
        .json()
    )
    assert [(item["variantId"], item["quantity"]) for item in cart["items"]] == [
        (str(large.pk), 5)
    ]


def test_refuses_another_products_variant(api, customer):
    line = make_cart_line(customer=customer)
    response = api.as_user(customer).patch(
        f"/api/cart/items/{line.pk}", {"variantId": make_variant().pk}
    )
    assert (response.status_code, response.json()["code"]) == (422, "other_product")


def test_removes_a_line_and_empties_the_cart(api, customer):
    lines = [make_cart_line(customer=customer) for _ in range(3)]
    client = api.as_user(customer)
    assert len(client.delete(f"/api/cart/items/{lines[0].pk}").json()["items"]) == 2
    assert client.delete(f"/api/cart/items/{lines[0].pk}").status_code == 404
    assert client.delete("/api/cart").json()["items"] == []
    assert client.delete("/api/cart").status_code == 200


def test_nobody_elses_line_is_there(api, customer):
    foreign = make_cart_line()
    client = api.as_user(customer)
    assert (
        client.patch(f"/api/cart/items/{foreign.pk}", {"quantity": 2}).status_code
        == 404
    )
    assert client.delete(f"/api/cart/items/{foreign.pk}").status_code == 404
    assert api.delete(f"/api/cart/items/{foreign.pk}").status_code == 404
    assert CartLine.objects.get().quantity == 1


# --- Coupons in the cart -------------------------------------------------------------------------
def test_a_coupon_shows_in_the_quote(api, customer):
    make_coupon(code="TEN", value="10.00")
    make_cart_line(customer=customer)
    client = api.as_user(customer)
    cart = client.put("/api/cart/coupon", {"code": "ten"}).json()
    assert cart["coupon"] == {"code": "TEN", "applied": True, "reason": None}
    assert (cart["quote"]["discount"], cart["quote"]["total"]) == (
        "100.00",
        "950.00",
    )
    assert client.get("/api/cart").json() == cart
    cart = client.delete("/api/cart/coupon").json()
    assert (cart["coupon"], cart["quote"]["discount"]) == (None, "0.00")


def test_a_coupon_that_ceases_to_apply_says_why(api, customer):
    make_coupon(code="BIG", min_spend="1500.00")
    line = make_cart_line(customer=customer, quantity=2)
    client = api.as_user(customer)
    assert (
        client.put("/api/cart/coupon", {"code": "BIG"}).json()["coupon"]["applied"]
        is True
    )
    cart = client.patch(f"/api/cart/items/{line.pk}", {"quantity": 1}).json()
    assert cart["coupon"] == {
        "code": "BIG",
        "applied": False,
        "reason": "coupon_minimum_spend",
    }
    assert cart["quote"]["discount"] == "0.00"


@pytest.mark.parametrize(
    ("coupon", "status", "code"),
    [
        ({"code": "OTHER"}, 422, "coupon_unknown"),
        ({"is_active": False}, 422, "coupon_unknown"),
        ({"ends_at": "2020-01-01T00:00:00Z"}, 422, "coupon_not_now"),
        ({"starts_at": "2090-01-01T00:00:00Z"}, 422, "coupon_not_now"),
        ({"min_spend": "5000.00"}, 422, "coupon_minimum_spend"),
    ],
)
def test_refuses_a_coupon_that_does_not_apply(api, customer, coupon, status, code):
    make_coupon(**{"code": "SAVE"} | coupon)
    make_cart_line(customer=customer)
    response = api.as_user(customer).put("/api/cart/coupon", {"code": "SAVE"})
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert customer.cart.coupon_codes == []


# --- Signing in ----------------------------------------------------------------------------------
def test_signing_in_merges_what_the_guest_had(customer):
    shared, fresh, gone, scarce = (
        make_variant(stock=30),
        make_variant(),
        make_variant(),
        make_variant(stock=2),
    )
    make_cart_line(customer=customer, variant=shared, quantity=12)
    coupon = make_coupon()
    for variant, quantity in ((shared, 12), (fresh, 1), (gone, 1), (scarce, 5)):
        make_cart_line(token="guest", variant=variant, quantity=quantity)
    Cart.objects.filter(user=None).update(coupon_codes=[coupon.code])
    gone.is_active = False
    gone.save()
    hooks.signed_in(user=customer, cart_token="guest")
    cart = Cart.objects.get(user=customer)
    kept = {line.variant_id: line.quantity for line in cart.lines.all()}
    assert kept == {shared.pk: 20, fresh.pk: 1, scarce.pk: 2}
    assert cart.coupon_codes == [coupon.code]
    assert not Cart.objects.filter(user=None).exists()


@pytest.mark.parametrize("cart_token", ["", "nobody's"])
def test_signing_in_without_a_guests_cart_changes_nothing(customer, cart_token):
    hooks.signed_in(user=customer, cart_token=cart_token)
    assert not Cart.objects.exists()


def test_registering_and_signing_in_over_http_take_the_cart_along(api):
    variant = make_variant()
    token = add(api, variant).json()["token"]
    user = make_user(email="merge@example.com", password="a quiet harbour at dawn")
    login = api.post(
        "/api/auth/login",
        {"email": user.email, "password": "a quiet harbour at dawn"},
        headers={"X-Cart-Token": token},
    )
    assert login.status_code == 200, login.content
    mine = api.get(
        "/api/cart", headers={"Authorization": f"Bearer {login.json()['access']}"}
    ).json()
    assert [item["variantId"] for item in mine["items"]] == [str(variant.pk)]
    assert (
        api.get("/api/cart", headers={"X-Cart-Token": token}).json()["items"] == []
    )


def test_reading_takes_the_same_queries_for_one_line_as_for_many(api, customer):
    client, counts = api.as_user(customer), []
    for _ in range(3):
        make_cart_line(customer=customer)
        make_cart_line(
            customer=customer,
            variant=make_variant(product=make_product(category=make_category())),
        )
        with CaptureQueriesContext(connection) as queries:
            client.get("/api/cart")
        counts.append(len(queries))
    # The first look of a process reads taxes and shipping.
    assert counts[0] <= 6
    assert counts[1] == counts[2] <= 4


def test_a_line_says_what_else_there_is_of_its_product(api, customer):
    category = make_category(name="Shirts")
    product = make_product(
        category=category,
        brand="Loomwork",
        base_price="900.00",
        sale_price="450.00",
    )
    small = make_variant(product=product, size="S", color="Red", stock=3)
    large = make_variant(product=product, size="L", color="Red", stock=0)
    make_variant(product=product, size="XL", color="Red", is_active=False)
    make_cart_line(customer=customer, variant=small)
    [line] = api.as_user(customer).get("/api/cart").json()["items"]
    assert (line["basePrice"], line["price"]) == ("900.00", "450.00")
    shown = line["product"]
    assert (shown["brand"], shown["category"]) == (
        "Loomwork",
        {"id": str(category.pk), "slug": category.slug, "name": "Shirts"},
    )
    assert shown["variants"] == [
        {
            "id": str(small.pk),
            "size": "S",
            "color": "Red",
            "countInStock": 3,
            "inStock": True,
        },
        {
            "id": str(large.pk),
            "size": "L",
            "color": "Red",
            "countInStock": 0,
            "inStock": False,
        },
    ]
