"""What a guest does after an order has come, without an account: finds it, exchanges a piece for a
dearer one of another product, withdraws; what staff make of it; and the rest that is paid then.
"""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from markrin.outbox.models import OutboxEvent
from orders.models import Order, ReturnRequest
from tests.browser.conftest import Shop, serving
from tests.browser.steps import look_at_whole, new_email, sign_in_as_staff
from tests.factories import (
    make_gift_card,
    make_order,
    make_product,
    make_user,
    make_variant,
)

NARROW = pytest.mark.parametrize("width", ["narrow"])  # where there is least room
COAT = "Overcoat Zephyrine"


@pytest.fixture(scope="module")
def counter(shop: Shop) -> Iterator[Shop]:
    """Serve the shop as one that sells in the EU: with a right to withdraw."""
    with serving(shop, DEBUG="1", ADMIN_SECOND_FACTOR="1", WITHDRAWAL_DAYS="14"):
        yield shop


def _stage(email: str) -> Order:
    """Leave a guest an order of three pieces that has come, in a shop that sells a coat, too."""
    product = make_product(
        name="Ribbed cardigan with a rather long name", base_price=900
    )
    small = make_variant(product=product, size="S", stock=9)
    make_variant(product=make_product(name=COAT, base_price=1400), stock=9)
    return make_order(
        variant=small, quantity=3, status="delivered", paid=True, guest_email=email
    )


@NARROW
def test_a_guest_exchanges_withdraws_and_pays_the_rest(
    page: Page, counter: Shop, look: Any
) -> None:
    email = new_email("guest")
    order = counter.db(_stage, email)
    _find(page, order.number, email, look)
    _ask_for_a_coat(page, look)
    _withdraw(page, look)
    assert order.number in counter.mail(email, "withdrawn")
    boss = counter.db(make_user, role="admin", email=new_email("judge"))
    sign_in_as_staff(page, boss.email)
    made = _judge(page, counter, order, look)
    _pay_the_rest(page, counter, made, email, look)


def _find(page: Page, number: str, email: str, look: Any) -> None:
    page.goto("/find-order")
    page.get_by_label("Order number").fill(number)
    page.get_by_label("E-mail address").fill("somebody.else@example.com")
    page.get_by_role("button", name="Show the order").click()
    expect(page.get_by_text("There is no order with this number")).to_be_visible()
    look(page, "find-order-wrong")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Show the order").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Delivered")
    page.reload()  # the key is kept in this browser
    expect(page.get_by_text(number).first).to_be_visible()


def _ask_for_a_coat(page: Page, look: Any) -> None:
    page.get_by_role("link", name="Send pieces back or exchange them").click()
    page.get_by_label("Pieces to send back").select_option("0")
    ask = page.get_by_role("button", name="Ask for the return")
    ask.click()
    expect(page.get_by_text("Choose at least one piece.")).to_be_visible()
    page.get_by_label("Pieces to send back").select_option("2")
    page.get_by_text("Something else instead").click()
    page.get_by_label("Name of the product").fill("zephyrine")
    page.keyboard.press("Enter")
    page.get_by_role("button", name=re.compile(COAT)).click()
    other = page.get_by_label("What do you want for it?")
    choice = other.locator("option").filter(has_text=COAT)
    expect(choice).to_contain_text("₹500 more for each")
    other.select_option(label=choice.inner_text())
    page.get_by_label("Why?").select_option("Too small")
    look(page, "return-form", full=True)
    ask.click()
    expect(page.get_by_role("heading", name="Asked for")).to_be_visible()


def _withdraw(page: Page, look: Any) -> None:
    page.get_by_role("link", name="Withdraw from the contract").click()
    page.get_by_role("button", name="Go on").click()
    expect(
        page.get_by_role("heading", name="Confirm the withdrawal")
    ).to_be_visible()
    look(page, "withdrawal-confirm", full=True)
    page.get_by_role("button", name="Confirm withdrawal").click()
    expect(
        page.get_by_role("heading", name="Approved: please send it")
    ).to_be_visible()
    with page.expect_download() as label:
        page.get_by_role("button", name="Label (PDF)").click()
    assert label.value.suggested_filename.endswith(".pdf")
    look(page, "guest-order-returns", full=True)


def _judge(page: Page, counter: Shop, order: Order, look: Any) -> Order:
    """Approve, receive and judge: one piece can be sold again, one is damaged."""
    page.goto("/admin/orders/order/queue/returns/")
    row = page.locator(f"[data-order={order.number}]")
    expect(row).to_contain_text("asked for, too small")
    row.get_by_role("link", name=f"{order.number}-R1", exact=True).click()
    expect(page.get_by_text("₹1,000.00 more")).to_be_visible()
    asked = counter.db(
        lambda: ReturnRequest.objects.get(number=f"{order.number}-R1")
    )
    for step, told in (("Approve", "is approved"), ("Received", "is here")):
        page.goto(f"/admin/orders/returnrequest/{asked.pk}/change/")
        page.get_by_role("link", name=step, exact=True).click()
        page.get_by_role("button", name=step, exact=True).click()
        expect(page.get_by_text(told).first).to_be_visible()
    page.goto(f"/admin/orders/returnrequest/{asked.pk}/change/")
    page.get_by_role("link", name="Judge", exact=True).click()
    page.get_by_label(re.compile("back on the shelf")).fill("1")
    page.get_by_label(re.compile("damaged")).fill("1")
    look_at_whole(page, look, "admin-return-judge")
    page.get_by_role("button", name="Judge", exact=True).click()
    expect(page.get_by_text("is judged.").first).to_be_visible()
    made: Order = counter.db(lambda: Order.objects.get(exchange_of=asked))
    assert (made.status, made.payment_status) == ("pending", "unpaid")
    assert made.due == 1000
    link = OutboxEvent.objects.filter(task="orders.payment_link_by_mail")
    assert counter.db(link.filter(payload__order_id=str(made.pk)).exists)
    page.goto(f"/admin/orders/order/{made.pk}/change/")
    expect(
        page.get_by_text("Paid before pieces were added or exchanged")
    ).to_be_visible()
    look_at_whole(page, look, "admin-order-rest")
    return made


def _pay_the_rest(
    page: Page, counter: Shop, made: Order, email: str, look: Any
) -> None:
    page.goto("/find-order")
    page.get_by_label("Order number").fill(made.number)
    page.get_by_label("E-mail address").fill(email)
    page.get_by_role("button", name="Show the order").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "The rest is to be paid"
    )
    look(page, "order-rest", full=True)
    page.get_by_role("button", name="Pay ₹1,000").click()
    page.wait_for_url("**/test-gateway/**", timeout=45_000)
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirmed")
    paid = counter.db(lambda: Order.objects.get(pk=made.pk))
    assert (paid.status, paid.payment_status) == ("confirmed", "paid")


@NARROW
def test_what_is_left_on_a_gift_card(page: Page, counter: Shop, look: Any) -> None:
    _, code = counter.db(make_gift_card, "750.00")
    page.goto("/gift-cards")
    page.get_by_label("Gift card code").fill("AAAA-BBBB-CCCC-DDDD")
    ask = page.get_by_role("button", name="See what is left")
    ask.click()
    expect(page.get_by_text("There is no such gift card.")).to_be_visible()
    page.get_by_label("Gift card code").fill(code.lower())
    ask.click()
    expect(page.locator("#content").get_by_role("status").first).to_contain_text(
        "₹750 left"
    )
    look(page, "gift-cards-balance")
