"""Three tabs shop with tokens of three seconds; nobody notices a lost refresh or a restart.
Then a thief comes.

TABS_SECONDS says for how long (two minutes for the figures that are published, less in an
ordinary test run)."""

import json
import os
import random
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from accounts.models import Session, User
from products.models import Category
from tests.browser.conftest import PICTURES, Shop, serving
from tests.browser.proxy import Proxy
from tests.browser.steps import add_to_bag, new_email, sign_in
from tests.factories import make_product, make_user, make_variant

SECONDS = float(os.environ.get("TABS_SECONDS", "40"))
LOST = 0.1  # of the refresh answers
PASSWORD = "three tabs at once"
REFRESH = "/api/auth/refresh"
TROUBLE = ".notice-bad, .line-bad, [data-testid=signed-out]"


@pytest.fixture
def shop(shop: Shop) -> Iterator[Shop]:
    """Serve the same shop a second time, behind a proxy of this test's own."""
    proxy = Proxy()
    env = shop.env | {"SHOP_URL": proxy.url, "ACCESS_TTL_S": "3"}
    yield Shop(proxy, env, shop.mails, shop.db)
    proxy.close()


@pytest.fixture
def width() -> str:
    return "wide"


def customer_and_shirt(email: str) -> tuple[User, str]:
    user = make_user(email=email, password=PASSWORD)
    product = make_product(
        name="The shirt of three tabs",
        category=Category.objects.earliest("created_at"),
    )
    make_variant(product=product, size="M", stock=1000)
    return user, product.slug


class Tab:
    """A tab, and what goes on in it: an action is begun, and later waited for, so that the
    tabs act at once.
    """

    def __init__(self, page: Page, slug: str) -> None:
        self.page, self.slug = page, slug
        self.troubles: list[str] = []
        self.wanted = ""

    def begin(self, action: int) -> None:
        self.wanted = ("account", "wish", "bag")[action % 3]
        path = "/account" if self.wanted == "account" else f"/p/{self.slug}"
        self.page.goto(path, wait_until="commit")

    def finish(self) -> None:
        page = self.page
        if self.wanted == "account":
            expect(page.get_by_label("First name")).to_be_visible(timeout=45_000)
        elif self.wanted == "wish":
            heart = page.locator(".buy button[aria-pressed]")
            expect(heart).to_be_visible(timeout=45_000)
            heart.click()
            expect(page.get_by_text("your wishlist.")).to_be_visible(timeout=45_000)
        else:
            add_to_or_take_from_bag(page)
        self.troubles += [
            text for text in page.locator(TROUBLE).all_inner_texts() if text
        ]


def add_to_or_take_from_bag(page: Page) -> None:
    page.get_by_role("button", name="Bag,").click(timeout=45_000)
    bag = page.get_by_role("dialog", name="Your bag")
    quantity = bag.get_by_role("status", name=re.compile("Quantity"))
    expect(quantity).to_be_visible(timeout=45_000)
    before = int(quantity.inner_text())
    more = before < 10
    bag.get_by_role("button", name="One more" if more else "One less").click(
        timeout=45_000
    )
    expect(quantity).not_to_have_text(str(before), timeout=45_000)
    bag.get_by_role("button", name="Close").click()


def replay(shop: Shop, cookie: str) -> tuple[int, str]:
    """Send a refresh cookie that was used long ago, as a thief would who copied it."""
    headers = {
        "Cookie": cookie,
        "Origin": shop.url,
        "X-Markrin-Client": "web",
        "Content-Type": "application/json",
    }
    # our own address
    request = urllib.request.Request(shop.url + REFRESH, b"{}", headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 (our own address)
            return answer.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)["code"]


def test_three_tabs_and_a_thief(
    context: BrowserContext, shop: Shop, look: Any, record_property: Any
) -> None:
    user, slug = shop.db(customer_and_shirt, new_email("three-tabs"))
    dice = random.Random(9)
    with ExitStack() as running:
        running.enter_context(serving(shop, ACCESS_TTL_S="3"))
        first = context.new_page()
        sign_in(first, user.email, PASSWORD)
        first.goto(f"/p/{slug}")
        add_to_bag(first)
        tabs = [
            Tab(page, slug)
            for page in (first, context.new_page(), context.new_page())
        ]
        refreshes = count(
            1
        )  # the second is lost in any case: a slow machine has few of them
        shop.proxy.loses = lambda method, path: (
            path == REFRESH and (next(refreshes) == 2 or dice.random() < LOST)
        )
        begun = time.monotonic()
        rounds = shopping(tabs, until=begun + SECONDS / 2)
        for tab in tabs:
            tab.begin(0)  # and in the middle of it the shop stops
    with serving(shop, ACCESS_TTL_S="3"):
        for tab in tabs:
            tab.finish()
        rounds += 1 + shopping(tabs, until=begun + SECONDS, round_=rounds)
        shop.proxy.loses = lambda method, path: False
        session = shop.db(Session.objects.get, user=user, revoked_at=None)
        figures = {
            "seconds": round(time.monotonic() - begun),
            "actions": rounds * len(tabs),
            "requests": sum(shop.proxy.seen.values()),
            "refreshes": shop.proxy.count(REFRESH),
            "refresh answers lost": sum(shop.proxy.lost.values()),
            "requests that met a closed port": sum(
                n for (*_, code), n in shop.proxy.seen.items() if code == 0
            ),
            "generation of the session": session.generation,
            "failures seen": sum(len(tab.troubles) for tab in tabs),
            "sign-outs": shop.proxy.count(REFRESH, 401),
        }
        (PICTURES / "three-tabs.json").write_text(json.dumps(figures, indent=2))
        for name, value in figures.items():
            record_property(name, value)
        assert [tab.troubles for tab in tabs] == [[], [], []], figures
        assert figures["refresh answers lost"] > 0, figures
        assert figures["sign-outs"] == 0, figures

        assert replay(shop, shop.proxy.refresh_cookies[0]) == (
            401,
            "session_revoked",
        )
        for tab in tabs:
            tab.begin(0)
        for number, tab in enumerate(tabs):
            expect(tab.page.get_by_test_id("signed-out")).to_contain_text(
                "You have been signed out."
            )
            expect(
                tab.page.get_by_role("heading", name="Welcome back")
            ).to_be_visible()
            look(tab.page, f"signed-out-{number}")


def shopping(tabs: list[Tab], *, until: float, round_: int = 0) -> int:
    """Act in all tabs at once, again and again; return how many rounds it were."""
    rounds = 0
    while time.monotonic() < until:
        for number, tab in enumerate(tabs):
            tab.begin(round_ + rounds + number)
        for tab in tabs:
            tab.finish()
        rounds += 1
    return rounds
