"""Payment providers: which one takes new payments is the setting ONLINE_PROVIDER. Cash on delivery
needs none.

A provider exists where its credentials are set. So the webhooks, refunds and disputes of old
orders go on after the shop has changed to another one, and a provider without credentials has no
webhook address at all.
"""

from django.conf import settings
from django.utils.module_loading import import_string

from orders.gateways.base import Provider

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
    """Return the provider of this name, or None without its credentials.

    The local one exists only while it is the shop's: its money is made up.
    """
    if name not in PROVIDERS or (
        name == "test" and settings.ONLINE_PROVIDER != "test"
    ):
        return None
    kind = import_string(PROVIDERS[name])
    if not all(getattr(settings, credential) for credential in kind.credentials):
        return None
    provider: Provider = kind()
    return provider


def configured() -> list[Provider]:
    """Return every provider that the shop has credentials for, by name."""
    return [
        provider
        for name in sorted(PROVIDERS)
        if (provider := get(name)) is not None
    ]
