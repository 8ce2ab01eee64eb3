"""A guest buys something, pays at the test gateway, and has the mail."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from analytics.models import Event
from dev.processes import wait_for
from orders.models import Order, ShippingMethod, ShippingZone
from products.models import Category, Product
from tests.browser.conftest import Shop
from tests.browser.steps import add_to_bag, fill_address, new_email, to_checkout
from tests.factories import (
    make_category,
    make_product,
    make_size_chart,
    make_variant,
)


def make_methods() -> ShippingZone:
    zone = ShippingZone.objects.create(name="India, by courier", countries=["IN"])
    for name, price, days, cash in [
        ("Standard", "50", (3, 5), True),
        ("Express", "150", (1, 1), False),
    ]:
        ShippingMethod.objects.create(
            zone=zone,
            name=name,
            price=price,
            min_days=days[0],
            max_days=days[1],
            cod_allowed=cash,
            cod_fee="40",
        )
    return zone


@pytest.fixture
def _methods(shop: Shop) -> Iterator[None]:
    """Two ways of sending to India, of which one takes cash for a fee."""
    zone = shop.db(make_methods)
    yield
    shop.db(zone.delete)


@pytest.mark.usefixtures("_methods")
def test_a_guest_finds_buys_and_pays(
    page: Page, shop: Shop, look: Any, width: str
) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Just arrived")).to_be_visible()
    look(page, "home", full=True)

    page.goto("/shop")
    expect(
        page.get_by_role("status").filter(has_text="products").first
    ).to_be_visible()
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
    delivery = page.get_by_role("region", name="Delivery")
    delivery.get_by_label("Deliver to").fill("4000")
    delivery.get_by_role("button", name="Check").click()
    expect(delivery.get_by_text("This is no postal code")).to_be_visible()
    delivery.get_by_label("Deliver to").fill("560 001")
    delivery.get_by_role("button", name="Check").click()
    expect(delivery.locator("li").first).to_contain_text("Standard arrives")
    look(page, "product", full=True)
    bag = add_to_bag(page)
    # What was asked about once is kept.
    expect(bag.locator(".delivery li")).to_have_count(2)
    look(page, "bag")
    to_checkout(page)
    email = new_email("guest")
    page.get_by_label("E-mail address").fill(email)
    fill_address(page)
    expect(page.get_by_role("radio", name=re.compile("Standard"))).to_be_checked()
    page.get_by_role("radio", name=re.compile("Cash on delivery")).check()
    expect(page.locator(".quote")).to_contain_text("Cash on delivery fee")
    look(page, "checkout", full=True)
    page.get_by_role("radio", name=re.compile("Express")).check()
    expect(
        page.get_by_role("radio", name=re.compile("Cash on delivery"))
    ).to_be_disabled()
    expect(page.locator(".quote")).not_to_contain_text("Cash on delivery fee")
    look(page, "checkout-express", full=True)
    page.get_by_role("button", name=re.compile("Place order")).click()

    page.wait_for_url("**/test-gateway/**", timeout=45_000)
    page.locator("button[value=success], input[value=success]").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirmed")
    expect(page.get_by_text("Thank you!")).to_be_visible()
    look(page, "order", full=True)

    expect(page.locator(".order-where")).to_contain_text("Express")
    order = shop.db(Order.objects.get, email=email)
    assert (order.shipping_name, order.cod_fee) == ("Express", 0)
    assert order.delivers_from is not None
    assert (order.status, order.payment_status) == ("confirmed", "paid")
    mail = shop.mail(email, order.number)
    assert order.number in mail
    assert "It should arrive" in mail

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
