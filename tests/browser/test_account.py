"""Signing up, a forgotten password, and what stands in the account."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from tests.browser.conftest import Shop, in_one_window
from tests.browser.steps import fill_address, new_email, sign_in
from tests.factories import PASSWORD, make_user

STORED = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"

REFRESH = """async () => {
    const headers = {"Content-Type": "application/json", "X-Markrin-Client": "web"};
    const answer = await fetch("/api/auth/refresh", {method: "POST", headers, body: "{}"});
    return [answer.status, (await answer.json()).code];
}"""


def link_in(mail: str, path: str, shop: Shop) -> str:
    found = re.search(rf"{re.escape(shop.url)}{path}#token=[\w-]+", mail)
    assert found, mail
    return found[0]


@in_one_window("narrow")
def test_a_forgotten_password(
    page: Page, shop: Shop, look: Any, width: str
) -> None:
    email = new_email("forgetful")
    shop.db(make_user, email=email, password="what was it again")
    page.goto("/sign-in")
    look(page, "sign-in")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill("something else")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_have_text(
        "E-mail and password do not match an account."
    )
    page.get_by_role("link", name="Forgotten your password?").click()
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_text("a link is on its way")).to_be_visible()
    look(page, "forgot")

    page.goto(link_in(shop.mail(email, "password"), "/reset-password", shop))
    expect(
        page.get_by_role("heading", name="Choose a new password")
    ).to_be_visible()
    expect(page).not_to_have_url(re.compile("token"))  # a moment after the heading
    look(page, "reset")
    page.get_by_label("New password").fill(f"a lighthouse in {width}")
    page.get_by_role("button", name="Save it").click()
    expect(page.get_by_role("heading", name="That is done")).to_be_visible()
    sign_in(page, email, f"a lighthouse in {width}")


@pytest.mark.asvs("6.2.6", "7.4.4", "14.3.1", "14.3.3")
def test_a_new_customer_settles_in(
    page: Page, shop: Shop, look: Any, width: str
) -> None:
    email = new_email("newcomer")
    page.goto("/sign-up")
    look(page, "sign-up")
    page.get_by_label("First name").fill("Asha")
    page.get_by_label("Last name").fill("Rao")
    page.get_by_label("E-mail address").fill(email)
    expect(page.get_by_label("Password")).to_have_attribute("type", "password")
    page.get_by_label("Password").fill("password")
    page.get_by_role("button", name="Create the account").click()
    expect(page.locator("input[name=password][aria-invalid=true]")).to_be_visible()
    page.get_by_label("Password").fill("four unusual words here")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()
    expect(page.get_by_text("Please confirm")).to_be_visible()
    look(page, "profile", full=True)

    page.goto(link_in(shop.mail(email, "Welcome"), "/verify-email", shop))
    expect(page.get_by_text("the address is confirmed")).to_be_visible()
    assert shop.db(User.objects.get, email=email).email_verified

    page.goto("/account/addresses")
    page.get_by_role("button", name="Add an address").click()
    fill_address(page)
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_text("12 Lake Road").first).to_be_visible()
    look(page, "addresses")

    page.goto("/account/security")
    expect(page.get_by_text("this one")).to_be_visible()
    look(page, "security")

    page.goto("/shop")
    page.get_by_role("button", name=re.compile("Add to wishlist")).first.click()
    expect(
        page.get_by_role("button", name=re.compile("Remove from wishlist"))
    ).to_have_count(1)
    page.goto("/wishlist")
    expect(page.locator(".card-link")).to_have_count(1)
    look(page, "wishlist")

    page.goto("/account")
    sign_out = page.get_by_role("button", name="Sign out")
    expect(sign_out).to_be_visible()
    # Tokens are in no storage that a script could read, neither now nor later.
    assert "eyJ" not in page.evaluate(STORED)
    sign_out.click()
    page.goto("/account")
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert email not in page.evaluate(STORED)


def _has_refresh_cookie(page: Page) -> bool:
    return any(
        cookie["name"].endswith("mk_rt") for cookie in page.context.cookies()
    )


@in_one_window("wide")
@pytest.mark.asvs("7.4.1", "14.3.1")
def test_signing_out_takes_the_cookie_out_of_the_browser(
    page: Page, shop: Shop
) -> None:
    """As soon as the server has answered; and what a thief has copied of it opens nothing."""
    email = new_email("leaver")
    shop.db(make_user, email=email, password=PASSWORD)
    for path, button in (
        ("/account", "Sign out"),
        ("/account/security", "Sign out everywhere"),
    ):
        sign_in(page, email, PASSWORD)
        page.goto(path)
        copied = page.context.cookies()
        assert _has_refresh_cookie(page)
        with page.expect_response("**/api/auth/logout") as told:
            page.get_by_role("button", name=button, exact=True).click()
        assert told.value.status == 204
        told.value.finished()
        assert not _has_refresh_cookie(page)
        page.context.add_cookies(copied)  # type: ignore[arg-type]  # as they came
        page.goto(path)
        expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
        assert page.evaluate(REFRESH) == [401, "session_revoked"]
        page.context.clear_cookies()


def test_dark_and_keyboard(page: Page, look: Any) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto("/shop")
    expect(page.locator(".card-link").first).to_be_visible()
    look(page, "catalogue-dark")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    page.goto("/no/such/page")
    expect(
        page.get_by_role("heading", name="This page is not there")
    ).to_be_visible()
