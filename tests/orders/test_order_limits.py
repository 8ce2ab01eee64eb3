"""Nobody empties the shelves, or fills a stranger's letter box, with orders that cost nothing."""

import contextlib
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client as Browser
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from markrin.db.models import uuid7
from markrin.outbox.models import OutboxEvent
from orders.models import Order, RefusedOrder, ReturnRequest
from orders.order_links import sign_link
from orders.services import periodic, privacy, refused_orders
from products.errors import OutOfStock
from products.models import BackInStockRequest, StockLevel
from tests.accounts.flows import do_jobs
from tests.client import Client
from tests.factories import (
    SHIPPING_ADDRESS,
    key,
    make_cart_line,
    make_coupon,
    make_order,
    make_product,
    make_user,
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
    return [
        f"+9198{number:08d}" for number in range(10_000_001, 10_000_001 + count)
    ]


def emails(count: int) -> list[str]:
    return [f"buyer{number}@example.com" for number in range(count)]


@pytest.mark.asvs("2.2.1", "2.4.1")
@pytest.mark.parametrize("same", ["email", "phone", "address"])
def test_one_sender_holds_few_pieces_of_a_variant(api, same):
    """Two anonymous orders of twenty emptied it. Whatever else the sender makes up."""
    variant = make_variant(stock=100)
    statuses = []
    for number, (email, phone) in enumerate(zip(emails(4), phones(4), strict=True)):
        made_up = {
            "email": email,
            "phone": phone,
            "address": f"198.51.100.{number}",
        }
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
    [
        ({"email": "stranger@example.com"}, 5),
        ({"phone": "+919812345678"}, 5),
        ({}, 30),
    ],
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


def test_a_customer_whose_address_is_proved_is_not_taken_for_a_stranger(
    api, customer
):
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
    answers = [
        api.post("/api/orders", order_body(), headers=headers) for _ in range(8)
    ]
    assert {each.status_code for each in answers} == {201}
    assert len({each.json()["id"] for each in answers}) == 1


@pytest.mark.asvs("2.4.1")
@pytest.mark.parametrize(("same", "most"), [("email", 10), ("address", 30)])
def test_wishes_are_limited_by_address_and_network(api, same, most):
    """93 were taken in one stranger's name."""
    sold_out = [
        make_variant(product=make_product(), stock=0) for _ in range(most + 2)
    ]
    statuses = []
    for number, variant in enumerate(sold_out):
        email = (
            "stranger@example.com" if same == "email" else emails(most + 2)[number]
        )
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


# --- The queue for staff -------------------------------------------------------------------------
def step(staff: Any, row: RefusedOrder, name: str) -> int:
    """Take a step of the row in the admin."""
    browser = Browser()
    browser.force_login(staff)
    path = reverse("admin:orders_refusedorder_step", args=[row.pk, name])
    return browser.post(path, {}).status_code


@pytest.mark.django_db(transaction=True)
def test_a_refused_order_waits_for_staff_once_however_often_it_is_tried():
    variant = make_variant(stock=100)
    assert order(None, variant, 20, email="buyer@example.com").status_code == 201
    assert not RefusedOrder.objects.exists()
    for number in range(3):
        address = f"198.51.100.{number}"
        refused = order(
            None, variant, 5, email="Buyer@example.com", address=address
        )
        assert refused.status_code == 429
    row = RefusedOrder.objects.get()
    assert (row.limit, row.sender) == ("order_variant_network", "buyer@example.com")
    assert (row.email, row.phone) == (
        "buyer@example.com",
        SHIPPING_ADDRESS["phone"],
    )
    assert (row.pieces, row.tries, row.state) == (5, 3, "open")
    assert row.cart is not None
    assert row.cart.lines.get().variant == variant

    browser = Browser()
    browser.force_login(make_user(role="staff", groups=("orders",)))
    page = browser.get("/admin/")
    tasks = {task.name: (task.count, task.link) for task in page.context["tasks"]}
    count, link = tasks["refused by a limit"]
    assert count == "1"
    assert "buyer@example.com" in browser.get(link).content.decode()


@pytest.mark.django_db(transaction=True)
def test_staff_let_one_order_through(staff):
    staff.groups.add(Group.objects.get(name="orders"))
    variant = make_variant(stock=100)
    sender = {"email": "buyer@example.com", "phone": phones(1)[0]}
    order(None, variant, 20, **sender)
    assert order(None, variant, 20, **sender).status_code == 429
    row = RefusedOrder.objects.get()
    assert step(staff, row, "allow") == 302
    assert step(staff, row, "allow") == 422  # decided already

    # Whoever knows the e-mail address alone is no better off.
    other = {"email": "buyer@example.com", "phone": phones(2)[1]}
    assert order(None, variant, 20, **other).status_code == 429
    # An order that fails for another reason uses nothing up.
    with contextlib.suppress(OutOfStock), transaction.atomic():
        assert refused_orders.use_allowance(**sender)
        raise OutOfStock
    assert order(None, variant, 20, **sender).status_code == 201
    assert order(None, variant, 1, **sender).status_code == 429
    row.refresh_from_db()
    assert (row.state, row.decided_by) == ("used", staff)
    assert Order.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_an_allowance_ends_and_can_be_taken_back(staff):
    staff.groups.add(Group.objects.get(name="orders"))
    variant = make_variant(stock=100)
    sender = {"email": "buyer@example.com", "phone": phones(1)[0]}
    order(None, variant, 20, **sender)
    order(None, variant, 20, **sender)
    row = RefusedOrder.objects.get()
    assert step(staff, row, "allow") == 302
    with time_machine.travel(timezone.now() + refused_orders.ALLOWED_FOR):
        assert not _use(sender)
    assert step(staff, row, "dismiss") == 302
    assert order(None, variant, 20, **sender).status_code == 429
    states = RefusedOrder.objects.order_by("created_at").values_list(
        "state", flat=True
    )
    assert list(states) == ["dismissed", "open"]
    assert step(make_user(role="staff", groups=("catalogue",)), row, "allow") == 403


@transaction.atomic
def _use(sender: dict[str, str]) -> bool:
    return refused_orders.use_allowance(**sender)


@pytest.mark.django_db(transaction=True)
def test_what_was_typed_is_forgotten_after_a_month_and_with_the_person(customer):
    def refused(**more: Any) -> RefusedOrder:
        seen = {"email": "a@example.com", "pieces": 1, "last_at": timezone.now()}
        return RefusedOrder.objects.create(
            limit="order_email", sender=str(uuid7()), **(seen | more)
        )

    old = timezone.now() - timedelta(days=31)
    refused(last_at=old)
    kept = refused()
    refused(user=customer, email=customer.email)
    mine: Any = privacy.export_customer(user=customer)["refused_orders"]
    assert [each["email"] for each in mine] == [customer.email]
    assert periodic.forget_old()["refused_orders"] == 1
    with transaction.atomic():
        privacy.erase_customer(user=customer)
    assert RefusedOrder.objects.get() == kept


def test_codes_of_coupons_cannot_be_guessed(api, customer):
    """Neither in the cart nor at the checkout; codes that are somebody's do not count."""
    make_coupon(code="WELCOME-7"), make_cart_line(customer=customer)
    client = api.as_user(customer)
    for _ in range(32):
        assert (
            client.put("/api/cart/coupon", {"code": "WELCOME-7"}).status_code == 200
        )
        client.delete("/api/cart/coupon")
    guesses = [
        client.put("/api/cart/coupon", {"code": f"WELCOME-{number}"}).status_code
        for number in range(10, 35)
    ]
    body = order_body(
        customer, couponCodes=[f"SALE-{letter}" for letter in "ABCDE"]
    )
    guesses.append(client.post("/api/orders", body, headers=key()).status_code)
    assert guesses == [422] * 26
    right = client.put("/api/cart/coupons", {"codes": ["WELCOME-7"]})
    named = client.post(
        "/api/orders", order_body(customer, couponCode="WELCOME-7"), headers=key()
    )
    assert (right.status_code, named.status_code) == (429, 429)
    assert not Order.objects.exists()
    without = client.post("/api/orders", order_body(customer), headers=key())
    assert without.status_code == 201


def test_a_return_asked_and_kept_again_and_again_mails_a_stranger_ten_times(
    api,
):
    """Who orders in a stranger's name and takes the parcel in could go on for a month."""
    order = make_order(
        variant=make_variant(), quantity=1, status="delivered", paid=True
    )
    token = {"X-Order-Token": sign_link(order)}
    line = {"lineId": str(order.lines.get().pk), "quantity": 1}
    url, answers = f"/api/orders/{order.pk}/returns", []
    for _ in range(11):
        asked = api.post(
            url, {"reason": "too_small", "lines": [line]}, headers=key() | token
        )
        answers.append(asked.status_code)
        if asked.status_code == 201:
            api.post(f"{url}/{asked.json()['id']}/cancel", headers=token)
    assert answers == [201] * 10 + [429]
    assert ReturnRequest.objects.count() == 10


def test_one_order_asks_the_provider_a_limited_number_of_times(
    api, customer, settings
):
    settings.ONLINE_PROVIDER = "test"
    make_cart_line(customer=customer)
    client = api.as_user(customer)
    placed = client.post(
        "/api/orders", order_body(customer, paymentMethod="online"), headers=key()
    ).json()
    url = f"/api/orders/{placed['id']}/payments"
    answers = [client.post(url, headers=key()).status_code for _ in range(31)]
    assert answers == [201] * 29 + [429] * 2
