"""A guest buys something, pays at the test gateway, and has the mail."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from analytics.models import Event
from dev.processes import wait_for
from orders.models import Order
from products.models import Category, Product
from tests.browser.conftest import Shop
from tests.browser.steps import add_to_bag, fill_address, new_email, to_checkout
from tests.factories import make_category, make_product, make_size_chart, make_variant


def test_a_guest_finds_buys_and_pays(
    page: Page, shop: Shop, look: Any, width: str
) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Just arrived")).to_be_visible()
    look(page, "home", full=True)

    page.goto("/shop")
    expect(page.get_by_role("status").filter(has_text="products").first).to_be_visible()
    look(page, "catalogue")

    search = page.get_by_role("searchbox")
    search.press_sequentially("linen", delay=40)
    found = page.locator(".search-found")
    expect(found.get_by_role("link").first).to_be_visible()
    look(page, "search")
    search.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("“linen”")
    expect(page.locator(".catalogue-found[data-busy=false]")).to_be_visible()

    page.locator(".card:not(:has([data-sold-out=true])) .card-link").first.click()
    expect(page.get_by_role("button", name="Add to bag")).to_be_visible()
    look(page, "product", full=True)
    add_to_bag(page)
    look(page, "bag")
    to_checkout(page)
    email = new_email("guest")
    page.get_by_label("E-mail address").fill(email)
    fill_address(page)
    look(page, "checkout", full=True)
    page.get_by_role("button", name=re.compile("Place order")).click()

    page.wait_for_url("**/test-gateway/**", timeout=45_000)
    page.locator("button[value=success], input[value=success]").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirmed")
    expect(page.get_by_text("Thank you!")).to_be_visible()
    look(page, "order", full=True)

    order = shop.db(Order.objects.get, email=email)
    assert (order.status, order.payment_status) == ("confirmed", "paid")
    assert order.number in shop.mail(email, order.number)

    visit = page.evaluate("sessionStorage.getItem('visit')")
    told = {"view", "search", "add_to_cart", "checkout_started"}
    events = Event.objects.filter(session_key=visit).values_list("type", flat=True)
    assert wait_for(
        lambda: set(shop.db(lambda: list(events.all()))) == told, seconds=60
    )


def sized_shirt(width: str) -> Product:
    category = make_category(
        name=f"Shirts of the size test, {width}",
        parent=Category.objects.filter(parent=None)[0],
    )
    make_size_chart(category=category)
    product = make_product(category=category, name="Sized shirt")
    for size in ("S", "M", "L"):
        make_variant(product=product, size=size)
    return product


def test_the_size_chart_finds_a_size(
    page: Page, shop: Shop, look: Any, width: str
) -> None:
    product = shop.db(sized_shirt, width)
    page.goto(f"/p/{product.slug}")
    page.get_by_role("button", name="Which size fits me?").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    look(page, "sizes")
    cell = page.get_by_role("cell").first
    centimetres = cell.inner_text()
    page.get_by_role("radio", name="inches").check()
    expect(cell).not_to_have_text(centimetres)
