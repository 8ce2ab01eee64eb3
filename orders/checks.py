"""System checks: payments are set up as a whole, or not at all."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from orders import gateways

_NEEDED = {
    "stripe": ("STRIPE_SECRET_KEY", "STRIPE_PUBLIC_KEY", "STRIPE_WEBHOOK_SECRET"),
    "razorpay": ("RAZORPAY_KEY_ID", "RAZORPAY_KEY_SECRET", "RAZORPAY_WEBHOOK_SECRET"),
}


@register()
def check_payments(**_: Any) -> list[CheckMessage]:
    """Refuse an unknown provider, one without its keys, and made-up money outside DEBUG."""
    return list(_wrong(settings.ONLINE_PROVIDER))


def _wrong(provider: str) -> Iterator[CheckMessage]:
    if provider and provider not in gateways.PROVIDERS:
        yield Error(
            f"ONLINE_PROVIDER must be one of {', '.join(gateways.PROVIDERS)}, or empty.",
            id="orders.E001",
        )
    for name in _NEEDED.get(provider, ()):
        if not getattr(settings, name):
            yield Error(
                f"{name} is missing, which ONLINE_PROVIDER={provider} needs.",
                id="orders.E002",
            )
    if provider == "test" and not (settings.DEBUG or settings.TEST_GATEWAY_IN_PUBLIC):
        yield Error(
            "ONLINE_PROVIDER=test sells for made-up money: it is for DEBUG, or for a stage that says so by"
            " TEST_GATEWAY_IN_PUBLIC=1.",
            id="orders.E003",
        )
