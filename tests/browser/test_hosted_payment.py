"""A guest pays on a provider's own page: a declined card, another that works, and back in
the shop.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from orders.models import LedgerLine, Order
from tests.browser.conftest import Shop, serving
from tests.browser.steps import add_to_bag, fill_address, place_order, to_checkout
from tests.providers.razorpay import RazorpayStandIn
from tests.providers.server import StandIn
from tests.providers.stripe import StripeStandIn


@pytest.fixture
def provider(shop: Shop, width: str) -> Iterator[StandIn]:
    """Serve the shop with Stripe in the wide window and Razorpay in the narrow one."""
    stand_in: StandIn = StripeStandIn() if width == "wide" else RazorpayStandIn()
    with stand_in.running():
        stand_in.webhooks.url = f"{shop.url}/api/payments/webhooks/{stand_in.name}"
        env = {
            "ONLINE_PROVIDER": stand_in.name,
            "STRIPE_SECRET_KEY": "sk_test_1",
            "STRIPE_WEBHOOK_SECRET": "whsec_1",
            "STRIPE_API_BASE": stand_in.url,
            "RAZORPAY_KEY_ID": "rzp_test_1",
            "RAZORPAY_KEY_SECRET": "secret",
            "RAZORPAY_WEBHOOK_SECRET": "hook",
            "RAZORPAY_API_BASE": stand_in.url,
        }
        before = shop.proxy.upstream
        try:
            with serving(shop, **env):
                yield stand_in
        finally:
            shop.proxy.upstream = before


def test_a_guest_pays_on_the_providers_page(
    page: Page, shop: Shop, provider: StandIn, look: Any, width: str
) -> None:
    email = f"hosted-{width}@example.com"
    page.goto("/shop")
    page.locator(".card:not(:has([data-sold-out=true])) .card-link").first.click()
    add_to_bag(page)
    to_checkout(page)
    page.get_by_label("E-mail address").fill(email)
    fill_address(page)
    place_order(page)

    page.wait_for_url(f"{provider.url}/**", timeout=45_000)
    page.get_by_role("button", name="Pay with a card that is declined").click()
    expect(page.get_by_text(re.compile(r"declined( it)?\."))).to_be_visible()
    page.get_by_role("button", name="Pay", exact=True).click()

    page.wait_for_url(re.compile(f"^{re.escape(shop.url)}/orders/.*payment=success"))
    provider.webhooks.flush()
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirmed")
    look(page, f"paid-at-{provider.name}")

    order = shop.db(Order.objects.get, email=email)
    assert (order.status, order.payment_status) == ("confirmed", "paid")
    lines = shop.db(
        lambda: dict(
            LedgerLine.objects.filter(entry__order=order).values_list(
                "account", "amount"
            )
        )
    )
    assert lines == {
        f"provider:{provider.name}": order.total,
        "receivable": -order.total,
    }
