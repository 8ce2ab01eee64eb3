"""What the shop remembers for somebody without an account, and what one account takes over."""

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from accounts.models import User, WishlistItem
from tests.browser.conftest import Shop, in_one_window
from tests.browser.steps import (
    add_to_bag,
    choose_size,
    fill_address,
    new_email,
    sign_in,
    to_checkout,
)
from tests.factories import make_user


def cards(page: Page) -> Locator:
    return page.locator("#content .card-link")


def begin_checkout(page: Page) -> None:
    page.goto("/shop?inStock=true")
    cards(page).first.click()
    add_to_bag(page)
    to_checkout(page)


@in_one_window("wide")
def test_a_guests_wishes_become_the_accounts(
    page: Page, shop: Shop, look: Any, width: str
) -> None:
    email = new_email("wishful")
    user = shop.db(make_user, email=email, password="a long phrase")
    page.goto("/shop")
    hearts = page.get_by_role("button", name=re.compile("Add to wishlist"))
    hearts.first.click()
    expect(
        page.get_by_role("button", name=re.compile("Remove from wishlist"))
    ).to_have_count(1)
    page.goto("/wishlist")
    expect(cards(page)).to_have_count(1)
    expect(page.get_by_text("This list is kept in this browser")).to_be_visible()
    look(page, "guest-wishlist")
    sign_in(page, email, "a long phrase")
    page.goto("/wishlist")
    expect(cards(page)).to_have_count(1)
    expect(page.get_by_text("This list is kept in this browser")).to_have_count(0)
    assert page.evaluate("localStorage.getItem('guest-wishlist')") is None
    assert shop.db(WishlistItem.objects.filter(user=user).count) == 1


@in_one_window("narrow")
def test_products_that_were_looked_at_are_shown_again(
    page: Page, shop: Shop
) -> None:
    page.goto("/shop")
    name = cards(page).nth(2).locator("h2").inner_text()
    cards(page).nth(2).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.goto("/")
    seen = page.get_by_role("region", name="Recently seen")
    expect(seen.locator("h3")).to_have_text([name])


def test_the_checkout_keeps_what_was_typed_and_shows_all_that_is_wrong(
    page: Page, shop: Shop, look: Any
) -> None:
    begin_checkout(page)
    page.get_by_label("PIN code").fill("400050")
    expect(page.get_by_label("City")).to_have_value("Mumbai")
    expect(page.get_by_label("State")).to_have_value("Maharashtra")
    page.get_by_label("E-mail address").fill("not an address")
    page.get_by_label("Telephone").fill("12")
    page.get_by_text("Cash on delivery").click()
    page.get_by_role("button", name=re.compile("Place order")).click()
    summary = page.get_by_role("alert")
    expect(summary.get_by_role("heading")).to_have_text(
        "4 things are missing or wrong"
    )
    expect(summary).to_be_focused()
    expect(summary.get_by_role("button")).to_have_text(
        [
            "This is no e-mail address. It looks like name@example.com.",
            "Recipient is missing.",
            "A telephone number has 7 to 15 digits, like +91 98765 43210.",
            "House number and street is missing.",
        ]
    )
    look(page, "checkout-errors", full=True)
    summary.get_by_role("button", name="Recipient is missing.").click()
    expect(page.get_by_label("Recipient")).to_be_focused()
    page.keyboard.type("Asha Rao")
    expect(summary.get_by_role("heading")).to_have_text(
        "3 things are missing or wrong"
    )

    page.reload()
    expect(page.get_by_label("Recipient")).to_have_value("Asha Rao")
    expect(page.get_by_label("City")).to_have_value("Mumbai")
    expect(
        page.get_by_role("radio", name=re.compile("Cash on delivery"))
    ).to_be_checked()


@in_one_window("narrow")
def test_what_the_shop_refuses_stands_at_its_field(page: Page, shop: Shop) -> None:
    begin_checkout(page)
    fill_address(page)
    page.get_by_label("E-mail address").fill("asha@example.com")
    page.get_by_label("Telephone").fill("+91 1111111111")  # whose form is right
    page.get_by_role("button", name=re.compile("Place order")).click()
    expect(page.get_by_role("alert").get_by_role("button")).to_have_count(1)
    telephone = page.get_by_label("Telephone")
    expect(telephone).to_have_attribute("aria-invalid", "true")


def test_pictures_follow_the_colour_and_can_be_looked_at_from_near(
    page: Page, shop: Shop, look: Any
) -> None:
    page.goto("/shop?inStock=true")
    cards(page).filter(has_text="colours").first.click()
    expect(page.locator(".choice-color").first).to_be_visible()
    first = page.locator(".gallery-main img").get_attribute("src")
    page.locator(".choice-color").filter(
        has_not=page.locator(":checked")
    ).first.click()
    expect(page.locator(".gallery-main img")).not_to_have_attribute(
        "src", first or ""
    )
    page.get_by_role("button", name=re.compile("Look from near")).click()
    near = page.get_by_role("dialog")
    expect(near.get_by_role("img")).to_be_visible()
    look(page, "near")
    near.get_by_role("button", name="Show it larger").click()
    expect(near.get_by_role("button", name="Show all of it")).to_be_visible()
    page.keyboard.press("Escape")
    expect(near).to_be_hidden()


@in_one_window("narrow")
def test_reviews_are_narrowed_down_by_their_stars(page: Page, shop: Shop) -> None:
    page.goto("/shop?sort=popularity")
    cards(page).filter(has=page.locator(".stars")).first.click()
    stars = page.get_by_role("list", name="Reviews by stars").get_by_role("button")
    chosen = stars.and_(page.locator(":enabled")).first
    label = chosen.locator(".bar-label").inner_text()
    number = label.split()[0]
    chosen.click()
    expect(chosen).to_have_attribute("aria-pressed", "true")
    shown = page.get_by_role("list", name="Reviews", exact=True).get_by_role(
        "listitem"
    )
    expect(page.locator(".review-list[data-busy=false]")).to_be_visible()
    expect(shown.first).to_contain_text(f"{number}.0 of 5 stars")
    assert {text[:3] for text in shown.locator(".stars").all_inner_texts()} == {
        f"{number}.0"
    }


@in_one_window("wide")
def test_a_purchase_by_keyboard_alone(page: Page, shop: Shop, width: str) -> None:
    def tab_to(target: Locator) -> None:
        for _ in range(200):  # other tests' categories stand in the filters too
            if target.evaluate("(element) => element === document.activeElement"):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {target}")

    page.goto("/shop?inStock=true")
    cards(page).first.wait_for()
    tab_to(cards(page).first)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Add to bag").first).to_be_visible()
    sizes = page.locator(".choice-size:not([data-gone=true]) input")
    if sizes.count():
        tab_to(page.locator(".choice-size input").first)
        for _ in range(12):
            page.keyboard.press("Space")
            if page.locator(
                ".choice-size:not([data-gone=true]) input:checked"
            ).count():
                break
            page.keyboard.press("ArrowRight")
    tab_to(page.locator(".buy > .button-wide"))
    page.keyboard.press("Enter")
    bag = page.get_by_role("dialog", name="Your bag")
    checkout = bag.get_by_role("button", name="Checkout")
    expect(checkout).to_be_visible()
    tab_to(checkout)
    page.keyboard.press("Enter")
    typed = {
        "E-mail address": new_email("keys"),
        "Recipient": "Asha Rao",
        "Telephone": "98765 43210",
        "House number and street": "12 Lake Road",
        "PIN code": "560001",
    }
    for label, text in typed.items():
        tab_to(page.get_by_label(label, exact=True))
        page.keyboard.type(text)
    expect(page.get_by_label("City")).to_have_value("Bengaluru")
    tab_to(page.get_by_role("radio", name=re.compile("Pay now")))
    page.keyboard.press("ArrowDown")
    expect(
        page.get_by_role("radio", name=re.compile("Cash on delivery"))
    ).to_be_checked()
    tab_to(page.get_by_role("button", name=re.compile("Place order")))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Thank you!")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Checkout")


@in_one_window("narrow")
def test_the_account_can_be_taken_along_and_deleted(
    page: Page, shop: Shop, look: Any, width: str
) -> None:
    email = new_email("leaving")
    user = shop.db(make_user, email=email, password="a long phrase")
    sign_in(page, email, "a long phrase")
    page.goto("/account/data")
    look(page, "account-data")
    with page.expect_download() as taken:
        page.get_by_role("button", name="Download it").click()
    assert email in taken.value.path().read_text()

    page.get_by_role("button", name="Delete my account").click()
    page.get_by_label("To be sure").fill("yes")
    page.get_by_role("button", name="Delete it for good").click()
    expect(page.get_by_text("That is not the word.")).to_be_visible()
    page.get_by_label("To be sure").fill("DELETE")
    page.get_by_role("button", name="Delete it for good").click()
    expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
    assert not shop.db(User.objects.filter(email=email).exists)
    assert not shop.db(User.objects.get, pk=user.pk).is_active


@in_one_window("wide")
def test_an_order_can_be_bought_again(page: Page, shop: Shop, width: str) -> None:
    page.goto("/shop?inStock=true")
    cards(page).nth(1).click()
    name = page.get_by_role("heading", level=1).inner_text()
    choose_size(page)
    add_to_bag(page)
    to_checkout(page)
    page.get_by_label("E-mail address").fill(new_email("again"))
    fill_address(page)
    page.get_by_text("Cash on delivery").click()
    page.get_by_role("button", name=re.compile("Place order")).click()
    page.get_by_role("button", name="Buy it again").click()
    bag = page.get_by_role("dialog", name="Your bag")
    expect(bag.get_by_role("link", name=name)).to_be_visible()
