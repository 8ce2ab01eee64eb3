"""Paying on a provider's own page: Stripe and Razorpay as stand-ins on loopback."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from orders.models import Order
from tests.browser.conftest import Shop, in_one_window, serving
from tests.browser.steps import (
    add_to_bag,
    fill_address,
    new_email,
    place_order,
    to_checkout,
)
from tests.providers.razorpay import RazorpayStandIn
from tests.providers.stripe import StripeStandIn


@contextmanager
def stripe(shop: Shop) -> Iterator[Any]:
    stand_in = StripeStandIn()
    with stand_in.running():
        env = {
            "ONLINE_PROVIDER": "stripe",
            "STRIPE_SECRET_KEY": stand_in.secret_key,
            "STRIPE_PUBLIC_KEY": "pk_test_1",
            "STRIPE_WEBHOOK_SECRET": stand_in.webhook_secret,
            "STRIPE_API_BASE": stand_in.url,
        }
        with serving(shop, **env):
            yield stand_in


@contextmanager
def razorpay(shop: Shop) -> Iterator[Any]:
    stand_in = RazorpayStandIn()
    with stand_in.running():
        env = {
            "ONLINE_PROVIDER": "razorpay",
            "RAZORPAY_KEY_ID": stand_in.key_id,
            "RAZORPAY_KEY_SECRET": stand_in.key_secret,
            "RAZORPAY_WEBHOOK_SECRET": stand_in.webhook_secret,
            "RAZORPAY_API_BASE": stand_in.url,
        }
        with serving(shop, **env):
            yield stand_in


@pytest.fixture(
    scope="module", params=[stripe, razorpay], ids=["stripe", "razorpay"]
)
def provider(request: pytest.FixtureRequest, shop: Shop) -> Iterator[Any]:
    """Return a stand-in that the shop takes payments by."""
    with request.param(shop) as stand_in:
        stand_in.webhooks.url = f"{shop.url}/api/payments/webhooks/{stand_in.name}"
        yield stand_in


@pytest.fixture
def email(request: pytest.FixtureRequest) -> str:
    return new_email(re.sub(r"\W+", "-", request.node.name)[-40:].strip("-"))


def order_of(shop: Shop, email: str) -> Order:
    return shop.db(Order.objects.get, email=email)


def to_payment_page(page: Page, email: str) -> None:
    page.goto("/shop?inStock=true")
    page.locator("#content .card-link").first.click()
    add_to_bag(page)
    to_checkout(page)
    page.get_by_label("E-mail address").fill(email)
    fill_address(page)
    page.get_by_text("Pay now").click()
    place_order(page)
    expect(page.get_by_role("heading", name=re.compile("stand-in"))).to_be_visible(
        timeout=45_000
    )


def pay(page: Page) -> None:
    page.get_by_role("button", name="Pay", exact=True).click()


def test_paying_leads_back_to_the_paid_order(
    page: Page, shop: Shop, provider: Any, email: str, look: Any
) -> None:
    to_payment_page(page, email)
    pay(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Confirmed", timeout=45_000
    )
    expect(page.get_by_text("Thank you!")).to_be_visible()
    look(page, f"paid-{provider.name}")
    order = order_of(shop, email)
    assert (order.status, order.payment_status) == ("confirmed", "paid")


@in_one_window("narrow")
def test_a_declined_card_can_be_followed_by_another(
    page: Page, shop: Shop, provider: Any, email: str
) -> None:
    to_payment_page(page, email)
    page.get_by_role("button", name="Pay with a card that is declined").click()
    expect(
        page.get_by_text(re.compile("declined", re.IGNORECASE)).first
    ).to_be_visible()
    pay(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Confirmed", timeout=45_000
    )
    assert order_of(shop, email).payment_status == "paid"


def test_the_back_button_leads_to_the_order_which_can_be_paid(
    page: Page, shop: Shop, provider: Any, email: str, look: Any
) -> None:
    to_payment_page(page, email)
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("Waiting for payment")
    look(page, f"unpaid-{provider.name}")
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    pay(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Confirmed", timeout=45_000
    )


@in_one_window("narrow")
def test_a_closed_tab_loses_nothing(
    page: Page, shop: Shop, provider: Any, email: str
) -> None:
    to_payment_page(page, email)
    context, payment_page = page.context, page.url
    order = order_of(shop, email)
    page.close()
    page = context.new_page()
    page.goto(f"/orders/{order.pk}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Waiting for payment")
    page.goto(payment_page)  # from the browser's history
    pay(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Confirmed", timeout=45_000
    )


@in_one_window("narrow")
def test_money_that_comes_late_is_waited_for(
    page: Page, shop: Shop, provider: Any, email: str
) -> None:
    provider.webhooks.hold = ".*"
    try:
        to_payment_page(page, email)
        pay(page)
        expect(page.get_by_text("Your bank is being asked")).to_be_visible(
            timeout=45_000
        )
    finally:
        provider.webhooks.hold = ""
        provider.webhooks.release()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Confirmed", timeout=60_000
    )


@in_one_window("narrow")
def test_a_second_tab_shows_that_it_is_paid(
    page: Page, shop: Shop, provider: Any, email: str
) -> None:
    to_payment_page(page, email)
    order = order_of(shop, email)
    second = page.context.new_page()
    second.goto(f"/orders/{order.pk}")
    expect(second.get_by_role("heading", level=1)).to_have_text(
        "Waiting for payment"
    )
    pay(page)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "Confirmed", timeout=45_000
    )
    second.get_by_role("button", name=re.compile("^Pay ")).click()
    # It cannot be paid twice: the shop says that it is paid.
    expect(second.get_by_role("heading", level=1)).to_have_text(
        "Confirmed", timeout=45_000
    )


@in_one_window("narrow")
def test_nothing_is_offered_that_the_shop_cannot_take(
    page: Page, shop: Shop
) -> None:
    with serving(shop, ONLINE_PROVIDER=""):
        page.goto("/shop?inStock=true")
        page.locator("#content .card-link").first.click()
        add_to_bag(page)
        to_checkout(page)
        expect(page.get_by_text("Cash on delivery")).to_be_visible()
        expect(page.get_by_text("Pay now")).to_have_count(0)
