"""`make pictures`: every page of the storefront, and every mail, in build/browser, for people to
look at.

Wide and narrow, light and dark; the pages that carry most also very narrow, very wide, and in Hindi
and Arabic. It fails where a page is wider than its window, or a script of it crashes.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from markrin.mail import previews
from tests.browser.conftest import (
    PATIENCE_MS,
    PICTURES,
    SCROLL,
    SETTLED,
    Shop,
    serving,
)
from tests.browser.steps import (
    add_to_bag,
    fill_address,
    new_email,
    sign_in,
    to_checkout,
)
from tests.factories import make_user

pytestmark = pytest.mark.skipif(
    not os.environ.get("PICTURES"), reason="for people's eyes: make pictures"
)

PASSWORD = "a long phrase"


@dataclass(frozen=True)
class Look:
    """A window, and how the shop is shown in it."""

    name: str
    width: int
    scheme: Literal["light", "dark"] = "light"
    language: str = ""
    short: bool = False  # the pages that carry most, alone


LOOKS = (
    Look("1280", 1280),
    Look("390", 390),
    Look("dark-1280", 1280, scheme="dark"),
    Look("dark-390", 390, scheme="dark"),
    Look("320", 320, short=True),
    Look("1920", 1920, short=True),
    Look("hi-390", 390, language="hi", short=True),
    Look("ar-1280", 1280, language="ar", short=True),
)
MOST = {"home", "category", "product", "checkout", "bag"}
PLACES = {
    "home": "/",
    "category": "/shop/women",
    "all": "/shop",
    "search": "/shop?search=blue+shirt",
    "search-typo": "/shop?search=kurtaa",
    "search-nothing": "/shop?search=zzzzqq",
    "filtered": "/shop?colorFamily=Blue&inStock=true",
    "wishlist-empty": "/wishlist",
    "sign-in": "/sign-in",
    "sign-up": "/sign-up",
    "forgot-password": "/forgot-password",
    "reset-password": "/reset-password?token=bad",
    "verify-email": "/verify-email?token=bad",
    "find-order": "/find-order",
    "gift-cards": "/gift-cards",
    "orders-signed-out": "/orders",
    "page-delivery": "/pages/delivery",
    "page-returns": "/pages/returns",
    "not-found": "/nothing/here",
    "product-gone": "/p/no-such-product",
    "order-gone": "/orders/0190a5b0-0000-7000-8000-000000000000",
}
SIGNED_IN = {
    "account": "/account",
    "account-addresses": "/account/addresses",
    "account-security": "/account/security",
    "account-data": "/account/data",
    "orders": "/orders",
    "wishlist": "/wishlist",
}


@pytest.fixture(params=LOOKS, ids=[look.name for look in LOOKS])
def view(request: pytest.FixtureRequest) -> Look:
    return request.param


@pytest.fixture(scope="module")
def languages(shop: Shop) -> Iterator[None]:
    with serving(
        shop, SHOP_LANGUAGES="en,hi,ar", SHOP_CONTACT_EMAIL="hello@shop.example"
    ):
        yield


@pytest.fixture
def visit(
    browser: Browser, shop: Shop, languages: None, view: Look
) -> Iterator[BrowserContext]:
    crashes: list[str] = []
    context = browser.new_context(
        base_url=shop.url,
        viewport={"width": view.width, "height": 900 if view.width > 700 else 844},
        color_scheme=view.scheme,
        reduced_motion="reduce",
    )
    context.set_default_timeout(PATIENCE_MS * 3)
    context.on("weberror", lambda error: crashes.append(str(error.error)))
    yield context
    context.close()
    assert crashes == []


def test_pictures_of_every_page(
    visit: BrowserContext, shop: Shop, view: Look
) -> None:
    page, too_wide = visit.new_page(), list[str]()
    PICTURES.mkdir(parents=True, exist_ok=True)

    def take(name: str) -> None:
        page.evaluate(SCROLL)
        page.wait_for_function(SETTLED)
        page.wait_for_timeout(200)
        page.screenshot(
            path=PICTURES / f"page-{name}-{view.name}.png", full_page=True
        )
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            too_wide.append(name)

    def go(place: str) -> None:
        page.goto(f"/{view.language}{place}" if view.language else place)
        page.wait_for_load_state("networkidle")

    for name, place in PLACES.items():
        if not view.short or name in MOST:
            go(place)
            take(name)
    go("/shop/women?inStock=true")
    page.locator("#content .card-link").first.click()
    page.wait_for_url("**/p/**")
    take("product")
    if not view.language:
        take_bag_and_checkout(page, view, take)
        if not view.short:
            take_account(page, shop, go, take)
            if view.width < 700:
                page.get_by_role("button", name="Menu").click()
            women = page.get_by_role("link", name=re.compile("^Women")).first
            women.wait_for()  # what has not come by now never does
            page.context.set_offline(True)
            women.click()
            page.wait_for_timeout(1500)
            page.screenshot(path=PICTURES / f"page-offline-{view.name}.png")
    assert too_wide == []


def take_bag_and_checkout(page: Page, view: Look, take) -> None:
    add_to_bag(page)
    page.wait_for_timeout(400)
    page.screenshot(path=PICTURES / f"page-bag-{view.name}.png")
    to_checkout(page)
    take("checkout")
    page.locator("main button[type=submit]").last.click()
    page.wait_for_timeout(500)
    take("checkout-errors")
    page.get_by_label("E-mail address").fill(new_email("pictures"))
    fill_address(page)
    page.get_by_text("Cash on delivery").first.click()
    page.wait_for_timeout(800)
    take("checkout-filled")
    page.get_by_role("button", name=re.compile("Place order")).click()
    page.wait_for_url("**/orders/**")
    page.wait_for_load_state("networkidle")
    take("order")


def take_account(page: Page, shop: Shop, go, take) -> None:
    email = new_email("pictures")
    shop.db(make_user, email=email, password=PASSWORD)
    sign_in(page, email, PASSWORD)
    for name, place in SIGNED_IN.items():
        go(place)
        take(name)


@pytest.mark.parametrize("language", ["en", "hi", "ar"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_of_every_mail(
    browser: Browser, language: str, scheme: Literal["light", "dark"]
) -> None:
    """Wide as mail programs show them in the light, narrow as on a phone in the dark."""
    too_wide = []
    PICTURES.mkdir(parents=True, exist_ok=True)
    width = 680 if scheme == "light" else 390
    context = browser.new_context(
        viewport={"width": width, "height": 500}, color_scheme=scheme
    )
    page = context.new_page()
    for name in previews.mail_samples():
        page.set_content(previews.render_sample(name, language=language).html)
        file = name.replace("/", "-").replace(":", "-")
        page.screenshot(
            path=PICTURES / f"mail-{file}-{language}-{scheme}.png", full_page=True
        )
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            too_wide.append(name)
    context.close()
    assert too_wide == []
