"""The shop in Hindi, and in Arabic, which is read from right to left."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Shop, serving
from tests.browser.steps import choose_size


@pytest.fixture(autouse=True, scope="module")
def three_languages(shop: Shop) -> Iterator[None]:
    with serving(
        shop, SHOP_LANGUAGES="en,hi,ar", SHOP_CONTACT_EMAIL="hello@shop.example"
    ):
        yield


@pytest.mark.parametrize(
    ("language", "add", "bag", "checkout"),
    [
        ("hi", "बैग में डालें", "आपका बैग", "चेकआउट"),
        ("ar", "أضف إلى الحقيبة", "حقيبتك", "إتمام الشراء"),
    ],
)
def test_a_visit_in_another_language(
    page: Page,
    shop: Shop,
    look: Any,
    language: str,
    add: str,
    bag: str,
    checkout: str,
) -> None:
    page.goto("/")
    page.get_by_role("navigation", name="Language").locator(
        f"[lang={language}]"
    ).click()
    page.wait_for_url(f"**/{language}")
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("html")).to_have_attribute(
        "dir", "rtl" if language == "ar" else "ltr"
    )
    look(page, f"home-{language}", full=True)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")

    page.goto(f"/{language}/shop?inStock=true")
    page.locator(".card-link").first.click()
    page.wait_for_url(f"**/{language}/p/**")
    expect(page.get_by_role("button", name=add).first).to_be_visible()
    look(page, f"product-{language}", full=True)
    choose_size(page)
    page.get_by_role("button", name=add).first.click()
    dialog = page.get_by_role("dialog", name=bag)
    look(page, f"bag-{language}")
    dialog.get_by_role("button", name=checkout).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(checkout)
    look(page, f"checkout-{language}", full=True)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")

    # Mails and payment pages lead to addresses without a language: the chosen one goes on.
    page.goto("/wishlist")
    page.wait_for_url(f"**/{language}/wishlist")
    page.locator("footer [lang=en]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Wishlist")
    expect(page).not_to_have_url(re.compile(f"/{language}(/|$)"))
