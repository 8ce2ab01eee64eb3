"""What a storefront asks of a customer and of an order in one call."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import WishlistItem
from tests import factories
from tests.factories.orders import move_to

pytestmark = pytest.mark.django_db


def test_me_is_profile_addresses_cart_and_wishlist(api, customer):
    me = api.as_user(customer)
    empty = me.get("/api/me").json()
    assert empty["user"] == me.get("/api/auth/profile").json()
    assert (empty["addresses"], empty["wishlistIds"]) == ([], [])
    assert (empty["cart"]["id"], empty["cart"]["itemCount"]) == (None, 0)
    factories.make_address(user=customer)
    first, second, hidden = (factories.make_product() for _ in range(3))
    for product in (first, second, hidden):
        WishlistItem.objects.create(user=customer, product=product)
    type(hidden).objects.filter(pk=hidden.pk).update(status="draft")
    variant = factories.make_variant(stock=5)
    body = {"variantId": str(variant.pk), "quantity": 2}
    cart = me.post("/api/cart/items", body).json()
    with CaptureQueriesContext(connection) as asked:
        answer = me.get("/api/me")
    assert answer.headers["Cache-Control"] == "no-store"
    found = answer.json()
    assert found["addresses"] == me.get("/api/addresses").json()["items"]
    assert found["wishlistIds"] == [str(second.pk), str(first.pk)]
    assert found["cart"] == {
        "id": cart["id"],
        "itemCount": 2,
        "total": cart["quote"]["total"],
        "currency": "INR",
    }
    assert len(asked) <= 9  # the session, and seven of its own
    assert api.get("/api/me").status_code == 401


@pytest.mark.parametrize(
    ("status", "expected"), [("confirmed", True), ("shipped", False)]
)
def test_an_order_says_whether_it_can_be_cancelled_and_where_its_products_are(
    api, customer, status, expected
):
    variant = factories.make_variant(stock=5)
    order = factories.make_order(customer=customer, variant=variant)
    move_to(order, status)
    client = api.as_user(customer)
    shown = client.get(f"/api/orders/{order.pk}").json()
    assert shown["cancellable"] is expected
    assert [line["slug"] for line in shown["items"]] == [variant.product.slug]
    answer = client.post(f"/api/orders/{order.pk}/cancel", {})
    assert (answer.status_code == 200) is expected
    if expected:
        assert answer.json()["cancellable"] is False
