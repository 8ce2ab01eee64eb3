"""Both stand-ins for a test, and the shop's settings that lead to them. Import what you use."""

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
