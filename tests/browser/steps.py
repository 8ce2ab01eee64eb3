"""What shoppers do again and again."""

import re
import secrets

from playwright.sync_api import Locator, Page, expect


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
    choose_size(page, size)
    page.get_by_role("button", name="Add to bag").click()
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
