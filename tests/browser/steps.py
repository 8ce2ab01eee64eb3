"""What shoppers do again and again."""

import re
import secrets
from base64 import b32decode
from typing import Any

from django_otp.oath import totp
from playwright.sync_api import Locator, Page, expect

from tests.factories import PASSWORD


def new_email(name: str) -> str:
    """Return an address that no test has used, nor an earlier try of the same one."""
    return f"{name}-{secrets.token_hex(4)}@example.com"


ADDRESS = {
    "Recipient": "Asha Rao",
    "Telephone": "+91 98765 43210",
    "House number and street": "12 Lake Road",
    "PIN code": "560001",
    "City": "Bengaluru",
    "State": "Karnataka",
}


def choose_size(page: Page, size: str | None = None) -> None:
    """Choose a size that is there, if the product has sizes; the radio is under its label."""
    choices = page.locator(".choice-size:not([data-gone=true])")
    if size is not None:
        page.locator(".choice-size").filter(
            has_text=re.compile(f"^{re.escape(size)}")
        ).click()
    elif choices.count():
        choices.first.click()


def add_to_bag(page: Page, size: str | None = None) -> Locator:
    """Put the product of this page into the bag, which opens; return the bag."""
    add = page.get_by_role("button", name="Add to bag")
    add.wait_for()  # until then there are no sizes to choose from
    choose_size(page, size)
    add.click()
    bag = page.get_by_role("dialog", name="Your bag")
    expect(bag.get_by_role("button", name="Checkout")).to_be_visible()
    return bag


def to_checkout(page: Page) -> None:
    page.get_by_role("dialog", name="Your bag").get_by_role(
        "button", name="Checkout"
    ).click()
    expect(page.get_by_role("heading", name="Checkout", level=1)).to_be_visible()


def fill_address(page: Page) -> None:
    for label, value in ADDRESS.items():
        page.get_by_label(label, exact=True).fill(value)


def sign_in(page: Page, email: str, password: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Your account")).to_be_visible()


def place_order(page: Page) -> None:
    page.get_by_role("button", name=re.compile("Place order")).click()


# --- Staff ---------------------------------------------------------------------------------------
def sign_in_as_staff(page: Page, email: str) -> None:
    """Sign in to the admin for the first time: the password, then the factor is set up."""
    page.goto("/admin/")
    page.locator("input[name=username]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name=re.compile("log in", re.IGNORECASE)).click()
    key = page.locator("#key").inner_text().replace(" ", "")
    page.get_by_label("Code").fill(_code(key))
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("heading", name=re.compile("today"))).to_be_visible()


def _code(key: str) -> str:
    return f"{totp(b32decode(key + '=' * (-len(key) % 8))):06}"


def look_at_whole(page: Page, look: Any, name: str) -> None:
    """Look at all of a page: in a window so tall that what sticks to its foot stands at the
    page's end.
    """
    size = page.viewport_size
    assert size is not None
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size(
        {"width": size["width"], "height": max(height, size["height"])}
    )
    look(page, name)
    page.set_viewport_size(size)
