"""What shoppers see when something is missing: a script, the network, a page, an order."""

import re
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page, Route, expect

from products.models import Product
from tests.browser.conftest import Shop, in_one_window
from tests.browser.steps import new_email
from tests.factories import make_order, make_user


@in_one_window("narrow")
def test_a_script_that_is_gone_loads_the_page_anew_once(
    page: Page, shop: Shop
) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Just arrived")).to_be_visible()
    page.evaluate("window.mark = true")
    gone: list[str] = []

    def lose(
        route: Route,
    ) -> None:  # as after a deploy, when the new page names new files
        gone.append(route.request.url)
        if len(gone) == 1:
            route.fulfill(status=404, body="gone")
        else:
            route.continue_()

    page.route("**/assets/catalogue-*.js", lose)
    page.locator("#content").get_by_role("link", name="See everything").click()
    expect(page.get_by_role("heading", name="Everything", level=1)).to_be_visible()
    assert page.evaluate("window.mark") is None  # it was loaded anew
    assert len(gone) == 2


@in_one_window("narrow")
def test_a_script_that_stays_away_is_said_in_words(
    page: Page, shop: Shop, look: Any
) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Just arrived")).to_be_visible()
    page.route("**/assets/catalogue-*.js", lambda route: route.fulfill(status=404))
    page.locator("#content").get_by_role("link", name="See everything").click()
    trouble = page.get_by_role("alert").filter(has_text="This page cannot be shown")
    expect(trouble).to_be_visible()
    look(page, "script-gone")
    expect(page.get_by_role("button", name=re.compile("^Bag"))).to_be_visible()

    page.unroute("**/assets/catalogue-*.js")
    trouble.get_by_role("button", name="Load it again").click()
    expect(page.get_by_role("heading", name="Everything", level=1)).to_be_visible()


@in_one_window("narrow")
def test_being_offline_is_said_and_ends_by_itself(
    page: Page, shop: Shop, look: Any
) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Just arrived")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text("You are offline. What you see")).to_be_visible()
    page.locator("#content").get_by_role("link", name="See everything").click()
    expect(
        page.get_by_text("We load the page as soon as you are back")
    ).to_be_visible()
    look(page, "offline")
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Everything", level=1)).to_be_visible()
    expect(page.get_by_text("You are offline")).to_have_count(0)


@in_one_window("narrow")
def test_a_shop_that_does_not_answer_is_said(page: Page, shop: Shop) -> None:
    page.goto("/")
    page.route(
        "**/api/products?*", lambda route: route.fulfill(status=503, body="{}")
    )
    page.get_by_role("searchbox").fill("linen")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_text("The shop is slow to answer")).to_be_visible()
    page.unroute("**/api/products?*")
    expect(page.locator(".card-link").first).to_be_visible()
    expect(page.get_by_text("The shop is slow to answer")).to_be_hidden()


@pytest.mark.parametrize(
    ("path", "heading", "way"),
    [
        ("/no/such/page", "This page is not there", "To the shop"),
        ("/shop/no-such-category", "This page is not there", "To the shop"),
        (
            "/p/no-such-shirt",
            "This product is not there",
            "Look for something like it",
        ),
        ("/pages/none", "This page is not there", "To the shop"),
    ],
)
def test_what_is_not_there_says_what_to_do(
    page: Page, shop: Shop, path: str, heading: str, way: str
) -> None:
    answer = page.goto(path)
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", level=1)).to_contain_text(heading)
    expect(page.get_by_role("link", name=way)).to_be_visible()


def test_somebody_elses_order_says_how_to_get_to_ones_own(
    page: Page, shop: Shop, look: Any, width: str
) -> None:
    email = new_email("unverified")
    user = shop.db(
        make_user, email=email, password="a long phrase", email_verified_at=None
    )
    other = shop.db(make_order)
    page.goto(f"/orders/{other.pk}")
    expect(
        page.get_by_role("heading", name="Ordered with an account?")
    ).to_be_visible()
    look(page, "order-not-found")
    page.locator("#content").get_by_role("link", name="Sign in").click()
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_label("Password").fill("a long phrase")
    page.get_by_role("button", name="Sign in").click()
    expect(
        page.get_by_role("heading", name="Ordered before you had an account?")
    ).to_be_visible()
    expect(page.locator("#content")).to_contain_text(email)


@in_one_window("wide")
def test_a_former_address_leads_to_the_product(page: Page, shop: Shop) -> None:
    product = shop.db(
        Product.objects.filter(status="published").earliest, "created_at"
    )
    page.goto(f"/p/{product.pk}")
    expect(page.get_by_role("heading", level=1)).to_have_text(product.name)
    expect(page).to_have_url(re.compile(f"/p/{re.escape(product.slug)}$"))


@in_one_window("wide")
def test_an_order_that_never_was_is_not_white(page: Page, shop: Shop) -> None:
    page.goto(f"/orders/{uuid4()}")
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "We cannot show this order here"
    )
