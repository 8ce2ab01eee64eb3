"""A request sent twice takes effect once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import IdempotencyKey, Order
from orders.services import periodic
from products.models import StockLevel
from tests.factories import make_cart_line, make_user, make_variant, order_body


def test_needs_a_key(api, customer):
    make_cart_line(customer=customer)
    response = api.as_user(customer).post("/api/orders", order_body(customer))
    assert (response.status_code, response.json()["code"]) == (
        400,
        "idempotency_key_missing",
    )
    assert not Order.objects.exists()


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256, "tab\there"])
def test_refuses_a_key_that_is_none(api, customer, key):
    make_cart_line(customer=customer)
    response = api.as_user(customer).post(
        "/api/orders", order_body(customer), headers={"Idempotency-Key": key}
    )
    assert response.status_code == 400


def test_replays_the_order_for_the_same_request(api, customer):
    line = make_cart_line(customer=customer, variant=make_variant(stock=1))
    body, headers = (
        order_body(customer),
        {"Idempotency-Key": '"8e03978e-40d5-43dd-bc93-6894a57f9324"'},
    )
    client = api.as_user(customer)
    first, again = (
        client.post("/api/orders", body, headers=headers) for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (201, 201)
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json() == again.json()
    assert Order.objects.count() == 1
    assert StockLevel.objects.get(variant=line.variant).reserved == 1


def test_replays_even_where_a_new_cart_could_not_be_bought(api, customer):
    variant = make_variant(stock=1)
    make_cart_line(customer=customer, variant=variant)
    body, headers = order_body(customer), {"Idempotency-Key": "k"}
    client = api.as_user(customer)
    first = client.post("/api/orders", body, headers=headers)
    make_cart_line(
        customer=customer, variant=variant
    )  # the answer was lost, and the shopper tried by hand
    again = client.post("/api/orders", body, headers=headers)
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])


@pytest.mark.asvs("2.3.1")
def test_refuses_the_key_with_another_body(api, customer):
    make_cart_line(customer=customer)
    body, client = order_body(customer), api.as_user(customer)
    client.post("/api/orders", body, headers={"Idempotency-Key": "k"})
    make_cart_line(customer=customer)
    response = client.post(
        "/api/orders",
        {**body, "expectedTotal": "1.00"},
        headers={"Idempotency-Key": "k"},
    )
    assert (response.status_code, response.json()["code"]) == (
        422,
        "idempotency_key_reused",
    )
    assert Order.objects.count() == 1


def test_a_key_is_the_callers_own(api, customer):
    for user in (customer, make_user()):
        make_cart_line(customer=user)
        response = api.as_user(user).post(
            "/api/orders", order_body(user), headers={"Idempotency-Key": "k"}
        )
        assert response.status_code == 201
    assert Order.objects.count() == 2


def test_a_refusal_is_not_remembered(api, customer):
    variant = make_variant(stock=1)
    make_cart_line(customer=customer, variant=variant, quantity=1)
    body, client = order_body(customer, expectedTotal="1.00"), api.as_user(customer)
    assert (
        client.post(
            "/api/orders", body, headers={"Idempotency-Key": "k"}
        ).status_code
        == 409
    )
    good = {**body, "expectedTotal": "1050.00"}
    assert (
        client.post(
            "/api/orders", good, headers={"Idempotency-Key": "k"}
        ).status_code
        == 201
    )


def test_keys_are_forgotten_after_two_days(api, customer):
    make_cart_line(customer=customer)
    api.as_user(customer).post(
        "/api/orders", order_body(customer), headers={"Idempotency-Key": "k"}
    )
    assert periodic.forget_old()["keys"] == 0
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=49))
    assert periodic.forget_old()["keys"] == 1


def test_replays_though_the_address_is_gone(api, customer):
    make_cart_line(customer=customer)
    body, client = order_body(customer), api.as_user(customer)
    first = client.post("/api/orders", body, headers={"Idempotency-Key": "k"})
    customer.addresses.all().delete()
    again = client.post("/api/orders", body, headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
