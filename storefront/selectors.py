"""Staff's pages, and the public facts of the shop."""

from dataclasses import dataclass, field
from decimal import Decimal

from babel.numbers import get_currency_precision
from django.conf import settings

from accounts.password_rules import MIN_LENGTH
from markrin.api import errors
from orders import gateways
from orders.models.cart import MAX_PER_LINE
from orders.shipping_options import get_free_above
from storefront import markdown
from storefront.models import Page, PageKind


@dataclass(frozen=True)
class PaymentChoice:
    """A way to pay at checkout."""

    method: str
    provider: str = ""
    public_key: str = ""  # for a payment form in the shop's own page


@dataclass(frozen=True)
class ShopInfo:
    """What a storefront needs before it shows anything. Amounts are in the shop currency."""

    name: str
    url: str
    headline: str
    description: str
    languages: list[str]
    countries: list[str]
    currency: dict[str, object]
    payment_methods: list[PaymentChoice]
    guest_checkout: bool
    free_shipping_above: Decimal | None
    limits: dict[str, int]
    return_window_days: int | None
    contact: dict[str, str]
    pages: list[Page] = field(default_factory=list)


def get_page(*, slug: str, language: str) -> Page:
    """Return a published page in this language, else in the shop's own. One query.

    Raises:
        errors.NotFound: there is none in either.
    """
    translations = {
        page.language: page
        for page in Page.objects.published().filter(
            slug=slug, language__in=(language, settings.LANGUAGE_CODE)
        )
    }
    page = translations.get(language) or translations.get(settings.LANGUAGE_CODE)
    if page is None or page.kind == PageKind.HOME:
        raise errors.NotFound
    return page


def list_pages(*, language: str) -> list[Page]:
    """Return every published page once: in this language, else in the shop's own. One
    query, without the bodies but for the home page's.
    """
    rows = Page.objects.published().filter(
        language__in=(language, settings.LANGUAGE_CODE)
    )
    chosen: dict[str, Page] = {}
    for page in rows.order_by("position", "title", "id"):
        if page.slug not in chosen or page.language == language:
            chosen[page.slug] = page
    return list(chosen.values())


def get_shop(*, language: str) -> ShopInfo:
    """Return the public facts of the shop, with staff's texts in this language. One query."""
    pages = list_pages(language=language)
    home = next((page for page in pages if page.kind == PageKind.HOME), None)
    currency = settings.SHOP_CURRENCY
    return ShopInfo(
        name=settings.SHOP_NAME,
        url=settings.SHOP_URL,
        headline=home.title if home else "",
        description=markdown.first_paragraph(home.body) if home else "",
        languages=list(settings.SHOP_LANGUAGES),
        countries=list(settings.SHOP_COUNTRIES),
        currency={"code": currency, "decimals": get_currency_precision(currency)},
        payment_methods=list_payment_methods(),
        guest_checkout=settings.GUEST_CHECKOUT,
        free_shipping_above=get_free_above(),
        limits={
            "line_quantity": MAX_PER_LINE,
            "password_length": MIN_LENGTH,
        },
        return_window_days=settings.RETURN_WINDOW_DAYS or None,
        contact={
            "email": settings.SHOP_CONTACT_EMAIL,
            "phone": settings.SHOP_CONTACT_PHONE,
            "address": settings.SHOP_ADDRESS,
        },
        pages=[page for page in pages if page.kind != PageKind.HOME],
    )


_PUBLIC_KEYS = {"stripe": "STRIPE_PUBLIC_KEY", "razorpay": "RAZORPAY_KEY_ID"}


def list_payment_methods() -> list[PaymentChoice]:
    """Return the ways to pay, the preferred one first; online only with a provider."""
    cash = PaymentChoice("cod")
    if gateways.current() is None:
        return [cash]
    provider = settings.ONLINE_PROVIDER
    key = (
        getattr(settings, _PUBLIC_KEYS[provider])
        if provider in _PUBLIC_KEYS
        else ""
    )
    return [PaymentChoice("online", provider, key), cash]
