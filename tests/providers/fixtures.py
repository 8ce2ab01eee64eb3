"""Both stand-ins for a test, and the shop's settings that lead to them. Import what you use."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from tests.providers.razorpay import RazorpayStandIn
from tests.providers.stripe import StripeStandIn


@pytest.fixture
def stripe_server(settings: Any) -> Iterator[StripeStandIn]:
    """Return Stripe's stand-in, which the shop has credentials for; events are kept for `take`."""
    stand_in = StripeStandIn()
    with stand_in.running():
        settings.STRIPE_SECRET_KEY, settings.STRIPE_PUBLIC_KEY = (
            stand_in.secret_key,
            "pk_test_1",
        )
        settings.STRIPE_WEBHOOK_SECRET = stand_in.webhook_secret
        settings.STRIPE_API_BASE = stand_in.url
        yield stand_in


@pytest.fixture
def razorpay_server(settings: Any) -> Iterator[RazorpayStandIn]:
    """Return Razorpay's stand-in, which the shop has credentials for; events are kept."""
    stand_in = RazorpayStandIn()
    with stand_in.running():
        settings.RAZORPAY_KEY_ID = stand_in.key_id
        settings.RAZORPAY_KEY_SECRET = stand_in.key_secret
        settings.RAZORPAY_WEBHOOK_SECRET = stand_in.webhook_secret
        settings.RAZORPAY_API_BASE = stand_in.url
        yield stand_in


@pytest.fixture(params=["stripe", "razorpay"])
def provider(request: Any, settings: Any) -> Any:
    """Return each provider's stand-in in turn, as the shop's provider of new payments."""
    settings.ONLINE_PROVIDER = request.param
    return request.getfixturevalue(f"{request.param}_server")


def deliver(api: Any, stand_in: Any, *, shuffle: int | None = None) -> list[str]:
    """Tell the shop all that the stand-in has kept, and return what came of each event."""
    kept = stand_in.webhooks.take()
    if shuffle is not None:
        random.Random(shuffle).shuffle(kept)
    outcomes = []
    for body, headers in kept:
        url = f"/api/payments/webhooks/{stand_in.name}"
        answer = api.send("POST", url, body, "application/json", headers=headers)
        assert answer.status_code == 200, answer.content
        outcomes.append(answer.json()["outcome"])
    return outcomes


def page_of(payment: Any) -> str:
    """Return the id of a payment's page at the provider."""
    payment.refresh_from_db()
    return str(payment.provider_ref)
