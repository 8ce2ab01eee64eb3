"""A gift card from the admin to the checkout and back: issued, mailed, looked at, paid with in
part, and given its money back by a return."""

import re
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from orders import gift_card_codes
from orders.models import GiftCard, Order, Refund, ReturnRequest
from orders.services import transitions
from orders.services.lifecycle import Actor
from tests.browser.conftest import Shop
from tests.browser.steps import (
    add_to_bag,
    fill_address,
    look_at_whole,
    new_email,
    place_order,
    sign_in_as_staff,
    to_checkout,
)
from tests.factories import make_user, move_to

pytestmark = pytest.mark.parametrize("width", ["wide"], indirect=True)


def test_a_gift_card_is_issued_mailed_and_paid_with(
    page: Page, desk: Shop, look: Any
) -> None:
    boss = desk.db(make_user, role="admin", email=new_email("cards"))
    friend = new_email("friend")
    sign_in_as_staff(page, boss.email)
    page.goto("/admin/orders/giftcard/add/")
    page.get_by_label("Amount").fill("300")
    page.get_by_label("Reason").fill("For the long wait")
    page.get_by_label("E-mail address").fill(friend)
    look_at_whole(page, look, "admin-gift-card-add")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text(re.compile("successfully"))).to_be_visible()
    mail = desk.mail(friend, "gift card")
    found = re.search(r"\b[A-Z0-9]{4}(-[A-Z0-9]{4})+\b", mail)
    assert found, mail
    code = found[0]

    page.context.clear_cookies()
    page.goto("/gift-cards")
    page.get_by_label("Gift card code").fill("NOT-A-CARD-2345")
    page.get_by_role("button", name="See what is left").click()
    expect(page.get_by_text("There is no such gift card.")).to_be_visible()
    page.get_by_label("Gift card code").fill(code.lower().replace("-", " "))
    page.get_by_role("button", name="See what is left").click()
    expect(page.get_by_text(re.compile("₹300 left"))).to_be_visible()
    look(page, "gift-card-balance")

    page.goto("/shop?inStock=true&minPrice=800")
    page.locator("#content .card-link").first.click()
    add_to_bag(page)
    to_checkout(page)
    page.get_by_label("E-mail address").fill(friend)
    fill_address(page)
    page.get_by_label("Gift card code").fill(code)
    page.get_by_role("button", name="Apply").last.click()
    expect(
        page.get_by_text(re.compile(f"Gift card …{code[-4:]}")).first
    ).to_be_visible()
    page.get_by_text("Cash on delivery").click()
    look(page, "gift-card-checkout", full=True)
    place_order(page)
    page.wait_for_url("**/orders/**")
    expect(page.get_by_text(re.compile("Gift card")).first).to_be_visible()
    look(page, "gift-card-order", full=True)

    def paid() -> tuple[Decimal, Decimal]:
        order = Order.objects.get(email=friend)
        return order.total - order.amount_due, GiftCard.objects.get(
            email=friend
        ).balance

    assert desk.db(paid) == (Decimal(300), Decimal(0))
    card = desk.db(GiftCard.objects.get, email=friend)
    sign_in_as_staff(
        page, desk.db(make_user, role="admin", email=new_email("two")).email
    )
    page.goto(f"/admin/orders/giftcard/{card.pk}/change/")
    expect(page.get_by_text("For the long wait").first).to_be_visible()
    look_at_whole(page, look, "admin-gift-card")
    _send_it_back(page, desk, card, look)


def _send_it_back(page: Page, desk: Shop, card: GiftCard, look: Any) -> None:
    """The order has come and its rest is paid in cash; the guest sends all of it back."""
    order = desk.db(_deliver, card.email)
    page.goto(f"/orders/{order.pk}")
    page.get_by_role("link", name="Send pieces back or exchange them").click()
    page.get_by_label("Why?").select_option("Too small")
    look(page, "gift-card-return-form", full=True)
    page.get_by_role("button", name="Ask for the return").click()
    expect(page.get_by_role("heading", name="Asked for")).to_be_visible()
    [asked] = desk.db(lambda: list(ReturnRequest.objects.filter(order=order)))
    for step, told in (("Approve", "is approved"), ("Received", "is here")):
        page.goto(f"/admin/orders/returnrequest/{asked.pk}/change/")
        page.get_by_role("link", name=step, exact=True).click()
        page.get_by_role("button", name=step, exact=True).click()
        expect(page.get_by_text(told).first).to_be_visible()
    page.goto(f"/admin/orders/returnrequest/{asked.pk}/change/")
    page.get_by_role("link", name="Judge", exact=True).click()
    page.get_by_label(re.compile("back on the shelf")).fill("1")
    look_at_whole(page, look, "admin-gift-card-return")
    page.get_by_role("button", name="Judge", exact=True).click()
    expect(page.get_by_text("is judged.").first).to_be_visible()
    assert desk.db(_refunded, order) == [
        ("cash", order.due),
        ("gift_card", Decimal(300)),
    ]
    page.goto(f"/admin/orders/order/{order.pk}/change/")
    look_at_whole(page, look, "admin-gift-card-order-returned")
    page.goto(f"/orders/{order.pk}")
    expect(page.get_by_text("Done").first).to_be_visible()
    look(page, "gift-card-order-returned", full=True)
    page.goto("/gift-cards")
    page.get_by_label("Gift card code").fill(desk.db(_code_of, card))
    page.get_by_role("button", name="See what is left").click()
    expect(page.get_by_text(re.compile("₹300 left"))).to_be_visible()


def _deliver(email: str) -> Order:
    order = Order.objects.get(email=email)
    move_to(order, "delivered")
    transitions.mark_cash_paid(order_id=order.pk, actor=Actor("staff"))
    return Order.objects.get(pk=order.pk)


def _refunded(order: Order) -> list[tuple[str, Decimal]]:
    rows = Refund.objects.filter(order=order).order_by("created_at")
    return [
        ("gift_card" if row.gift_card_id else "cash", row.amount) for row in rows
    ]


def _code_of(card: GiftCard) -> str:
    return gift_card_codes.decrypt(card.code_encrypted)
