"""Nobody empties the shelves, or fills a stranger's letter box, with orders that cost nothing."""

from typing import Any

import pytest
from django.test import override_settings

from markrin.outbox.models import OutboxEvent
from orders.models import Order
from products.models import BackInStockRequest, StockLevel
from tests.accounts.flows import do_jobs
from tests.client import Client
from tests.factories import (
    SHIPPING_ADDRESS,
    key,
    make_cart_line,
    make_product,
    make_variant,
    order_body,
)


def client_at(address: str) -> Client:
    """Return a client that calls from this address."""
    client = Client()
    client.http.defaults["REMOTE_ADDR"] = address
    return client


@pytest.fixture(autouse=True)
def limits_of_production():
    with override_settings(RATE_LIMIT_SCALE=1.0):
        yield


def order(
    api: Any,
    variant: Any,
    quantity: int = 1,
    *,
    address: str = "203.0.113.7",
    **changed: Any,
) -> Any:
    """Order as somebody who is not signed in."""
    api = client_at(address)
    line = {"variantId": variant.pk, "quantity": quantity}
    token = api.post("/api/cart/items", line).json()["token"]
    phone = changed.pop("phone", None)
    body = order_body() | changed
    if phone:
        body["shippingAddress"] = SHIPPING_ADDRESS | {"phone": phone}
    return api.post("/api/orders", body, headers={"X-Cart-Token": token, **key()})


def phones(count: int) -> list[str]:
    return [f"+9198{number:08d}" for number in range(10_000_001, 10_000_001 + count)]


def emails(count: int) -> list[str]:
    return [f"buyer{number}@example.com" for number in range(count)]


@pytest.mark.asvs("2.2.1", "2.4.1")
@pytest.mark.parametrize("same", ["email", "phone", "address"])
def test_one_sender_holds_few_pieces_of_a_variant(api, same):
    """Two anonymous orders of twenty emptied it. Whatever else the sender makes up."""
    variant = make_variant(stock=100)
    statuses = []
    for number, (email, phone) in enumerate(zip(emails(4), phones(4), strict=True)):
        made_up = {"email": email, "phone": phone, "address": f"198.51.100.{number}"}
        del made_up[same]
        if same != "address":
            made_up[same] = "same@example.com" if same == "email" else phones(1)[0]
        statuses.append(order(api, variant, 20, **made_up).status_code)
    assert statuses == [201, 429, 429, 429]
    assert StockLevel.objects.get(variant=variant).reserved == 20
    assert Order.objects.count() == 1
    assert OutboxEvent.objects.filter(task="orders.confirm_by_mail").count() == 1


@pytest.mark.parametrize(
    ("same", "most"),
    [({"email": "stranger@example.com"}, 5), ({"phone": "+919812345678"}, 5), ({}, 30)],
)
def test_a_sender_places_few_orders(api, same, most):
    """And so a stranger gets few mails: an order is what is limited, not its mail."""
    variants = [make_variant(stock=5) for _ in range(4)]
    asked = most + 3
    statuses = []
    for number, (email, phone) in enumerate(
        zip(emails(asked), phones(asked), strict=True)
    ):
        made_up = {"email": email, "phone": phone} | same
        address = f"198.51.100.{number}" if same else "203.0.113.7"
        variant = variants[number % 4] if same else make_variant(stock=1)
        statuses.append(order(api, variant, address=address, **made_up).status_code)
    assert statuses == [201] * most + [429] * 3


def test_the_refusal_says_when_to_come_back(api):
    variant = make_variant(stock=100)
    order(api, variant, 20)
    refused = order(api, variant, 1)
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400


def test_a_customer_whose_address_is_proved_is_not_taken_for_a_stranger(api, customer):
    variant = make_variant(stock=100)
    for _ in range(6):
        make_cart_line(customer=customer, variant=variant, quantity=10)
        placed = api.as_user(customer).post(
            "/api/orders", order_body(customer), headers=key()
        )
        assert placed.status_code == 201
    assert StockLevel.objects.get(variant=variant).reserved == 60


def test_asking_again_for_the_same_order_counts_once(api):
    variant = make_variant(stock=100)
    token = api.post(
        "/api/cart/items", {"variantId": variant.pk, "quantity": 20}
    ).json()["token"]
    headers = {"X-Cart-Token": token, **key()}
    answers = [api.post("/api/orders", order_body(), headers=headers) for _ in range(8)]
    assert {each.status_code for each in answers} == {201}
    assert len({each.json()["id"] for each in answers}) == 1


@pytest.mark.asvs("2.4.1")
@pytest.mark.parametrize(("same", "most"), [("email", 10), ("address", 30)])
def test_wishes_are_limited_by_address_and_network(api, same, most):
    """93 were taken in one stranger's name."""
    sold_out = [make_variant(product=make_product(), stock=0) for _ in range(most + 2)]
    statuses = []
    for number, variant in enumerate(sold_out):
        email = "stranger@example.com" if same == "email" else emails(most + 2)[number]
        address = "203.0.113.7" if same == "address" else f"198.51.100.{number}"
        path = f"/api/products/{variant.product_id}/variants/{variant.pk}/notify"
        statuses.append(client_at(address).post(path, {"email": email}).status_code)
    assert statuses == [204] * most + [429] * 2
    assert BackInStockRequest.objects.count() == most


@pytest.mark.asvs("2.3.2")
@pytest.mark.django_db(transaction=True)
def test_the_mail_has_no_text_of_the_senders(api, mailoutbox):
    text = {
        "recipient": "Your refund: https://evil.example/pay",
        "street": "CALL +1 900 SCAM NOW",
        "city": "https://evil.example",
    }
    variant = make_variant()
    token = api.post(
        "/api/cart/items", {"variantId": variant.pk, "quantity": 1}
    ).json()["token"]
    body = order_body() | {"shippingAddress": SHIPPING_ADDRESS | text}
    guest = {"X-Cart-Token": token}
    placed = api.post("/api/orders", body, headers={**guest, **key()})
    assert placed.status_code == 201
    reason = {"reason": "Win a prize at https://evil.example"}
    path = f"/api/orders/{placed.json()['id']}/cancel"
    assert api.post(path, reason, headers=guest).status_code == 200
    do_jobs()
    assert len(mailoutbox) == 2
    for mail in mailoutbox:
        whole = mail.message().as_string() + mail.body + mail.alternatives[0][0]
        assert "evil" not in whole
        assert "SCAM" not in whole
        assert "MK-" in whole
