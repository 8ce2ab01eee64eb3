"""System checks: payments are set up as a whole, or not at all."""

from collections.abc import Iterator
from decimal import Decimal

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

from orders import gateways
from orders.gateways.base import Provider, ProviderRefused
from orders.pricing.money import decimals_of

FORMS = ("hosted", "embedded")
MIN_KEY_BYTES = 32
MOST_DECIMALS = 2  # of prices


@register()
def check_payments(**_: object) -> list[CheckMessage]:
    """Refuse an unknown provider, one without its keys, a currency that it cannot take, and
    made-up money outside DEBUG.
    """
    return list(_wrong(settings.ONLINE_PROVIDER))


@register()
def check_currency(**_: object) -> list[CheckMessage]:
    """Refuse a currency of three decimals: prices and orders have two."""
    decimals = decimals_of(settings.SHOP_CURRENCY)
    if decimals <= MOST_DECIMALS:
        return []
    return [
        Error(
            f"SHOP_CURRENCY={settings.SHOP_CURRENCY} has {decimals} decimals: prices have at most"
            f" {MOST_DECIMALS}. Sell in another currency.",
            id="orders.E008",
        )
    ]


@register()
def check_gift_card_keys(**_: object) -> list[CheckMessage]:
    """GIFT_CARD_KEYS: at least one key outside DEBUG; each long enough, and not another secret."""
    keys = settings.GIFT_CARD_KEYS
    if not keys:
        return [
            Error(
                "GIFT_CARD_KEYS is missing: a secret, such as of `openssl rand -base64 48`.",
                id="orders.E006",
            )
        ]
    return [
        Error(
            f"Key {position} of GIFT_CARD_KEYS must be a secret of its own of at least"
            f" {MIN_KEY_BYTES} bytes.",
            id="orders.E007",
        )
        for position, key in enumerate(keys, 1)
        if len(key.encode()) < MIN_KEY_BYTES
        or key == settings.SECRET_KEY
        or (key.startswith("debug-only-") and not settings.DEBUG)
    ]


def _wrong(name: str) -> Iterator[CheckMessage]:
    if settings.PAYMENT_FORM not in FORMS:
        yield Error(
            f"PAYMENT_FORM must be one of {', '.join(FORMS)}.", id="orders.E004"
        )
    if not name:
        return
    if name not in gateways.PROVIDERS:
        yield Error(
            f"ONLINE_PROVIDER must be one of {', '.join(gateways.PROVIDERS)}, or empty.",
            id="orders.E001",
        )
        return
    kind: type[Provider] = import_string(gateways.PROVIDERS[name])
    needed = [*kind.credentials]
    if name == "stripe" and settings.PAYMENT_FORM == "embedded":
        needed.append("STRIPE_PUBLIC_KEY")
    for credential in needed:
        if not getattr(settings, credential):
            yield Error(
                f"{credential} is missing, which ONLINE_PROVIDER={name} needs.",
                id="orders.E002",
            )
    if name == "test" and not (settings.DEBUG or settings.TEST_GATEWAY_IN_PUBLIC):
        yield Error(
            "ONLINE_PROVIDER=test sells for made-up money: it is for DEBUG, or for a stage"
            " that says so by TEST_GATEWAY_IN_PUBLIC=1.",
            id="orders.E003",
        )
    yield from _wrong_currency(kind)


def _wrong_currency(kind: type[Provider]) -> Iterator[CheckMessage]:
    """Refuse a currency in which the shop's smallest step is less than the provider's."""
    currency, table = settings.SHOP_CURRENCY, kind.currencies
    smallest = Decimal(1).scaleb(-decimals_of(currency))
    try:
        table.to_units(smallest, currency)
        taken = table.takes(currency)
    except ProviderRefused:
        taken = False
    if not taken:
        yield Error(
            f"SHOP_CURRENCY={currency}: {kind.name} cannot charge {smallest} {currency} exactly."
            " Sell in another currency, or without ONLINE_PROVIDER.",
            id="orders.E005",
        )
