"""Payment providers: which one the shop uses is the setting ONLINE_PROVIDER. Cash on
delivery needs none.
"""

from django.conf import settings
from django.utils.module_loading import import_string

from orders.gateways.base import (
    Charge,
    Notice,
    Outcome,
    Provider,
    ProviderDown,
    ProviderRefused,
    Refunded,
    Started,
)

__all__ = [
    "Charge",
    "Notice",
    "Outcome",
    "Provider",
    "ProviderDown",
    "ProviderRefused",
    "Refunded",
    "Started",
    "current",
    "get",
]

# Each is imported when it is first wanted: the libraries are heavy, and a shop uses one.
PROVIDERS = {
    "test": "orders.gateways.local.LocalGateway",
    "stripe": "orders.gateways.stripe.StripeGateway",
    "razorpay": "orders.gateways.razorpay.RazorpayGateway",
}


def current() -> Provider | None:
    """Return the provider of new payments, or None if the shop takes none online."""
    return get(settings.ONLINE_PROVIDER)


def get(name: str) -> Provider | None:
    """Return the provider of this name, or None: also for the local one while it is not the
    shop's.
    """
    if name not in PROVIDERS or (name == "test" and settings.ONLINE_PROVIDER != "test"):
        return None
    provider: Provider = import_string(PROVIDERS[name])()
    return provider
