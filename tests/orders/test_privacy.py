"""What orders have of a person: taken over, exported, erased."""

from datetime import timedelta
from typing import Any, cast

from django.utils import timezone

from accounts import hooks
from orders.customer_identity import hash_token
from orders.models import Cart, Order
from orders.services import periodic
from products.models import Purchase
from tests.factories import make_cart_line, make_order, make_user


def test_verifying_the_address_attaches_the_guests_orders(api):
    mine = make_order(
        guest_email="late@example.com", token="mine", status="delivered"
    )
    other = make_order(guest_email="else@example.com")
    user = make_user(email="late@example.com")
    hooks.email_verified(user=user)
    assert list(Order.objects.filter(user=user)) == [mine]
    assert Purchase.objects.get().user == user
    assert [
        item["id"] for item in api.as_user(user).get("/api/orders").json()["items"]
    ] == [str(mine.pk)]
    other.refresh_from_db()
    assert other.user is None
    # The guest's token opens it no less than before.
    assert (
        api.get(
            f"/api/orders/{mine.pk}", headers={"X-Cart-Token": "mine"}
        ).status_code
        == 200
    )


def test_an_export_has_the_customers_orders_and_cart(customer):
    order = make_order(customer=customer)
    line = make_cart_line(customer=customer)
    make_order()
    (found,) = cast("list[Any]", hooks.export(user=customer))
    assert [item["number"] for item in found["orders"]] == [order.number]
    assert found["orders"][0]["lines"][0]["quantity"] == 1
    assert found["cart"][0]["variant__sku"] == line.variant.sku


def test_erasing_empties_what_names_the_customer_and_keeps_the_books(customer):
    order, other = make_order(customer=customer), make_order()
    make_cart_line(customer=customer)
    hooks.erase(user=customer)
    order.refresh_from_db()
    assert (
        order.recipient,
        order.email,
        order.phone,
        order.street,
        order.postal_code,
    ) == ("", "", "", "", "")
    assert (order.total, order.lines.count(), order.country) == (
        other.total,
        1,
        "IN",
    )
    assert not Cart.objects.filter(user=customer).exists()
    other.refresh_from_db()
    assert other.recipient == "Asha Rao"


def test_guests_carts_are_forgotten_after_a_while(customer):
    (
        make_cart_line(token="old"),
        make_cart_line(token="new"),
        make_cart_line(customer=customer),
    )
    Cart.objects.filter(token_hash=hash_token("old")).update(
        updated_at=timezone.now() - timedelta(days=61)
    )
    Cart.objects.filter(user=customer).update(
        updated_at=timezone.now() - timedelta(days=61)
    )
    assert periodic.forget_old()["carts"] == 1
    assert Cart.objects.count() == 2
