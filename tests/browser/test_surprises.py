"""What happens when the shop moves under a shopper's feet: sold out, another price."""

import re
from decimal import Decimal
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from orders.models import Order
from products.models import Category, MovementKind, Product, Variant
from products.services.stock import movements
from tests.browser.conftest import Shop, in_one_window
from tests.browser.steps import (
    add_to_bag,
    fill_address,
    new_email,
    place_order,
    to_checkout,
)
from tests.factories import make_product, make_variant


def shirt(name: str, pieces: int) -> tuple[Product, Variant]:
    product = make_product(
        name=name,
        base_price=Decimal("1500.00"),
        category=Category.objects.earliest("created_at"),
    )
    return product, make_variant(product=product, size="M", stock=pieces)


def sell(variant: Variant, pieces: int) -> None:
    """Let somebody else have so many pieces."""
    from django.db import transaction

    with transaction.atomic():
        movements.move_stock(
            [
                movements.StockMove(
                    variant.pk,
                    MovementKind.ADJUST,
                    d_on_hand=-pieces,
                    ref=f"adjust:browser-{variant.pk}-{pieces}",
                )
            ]
        )


def reprice(product: Product, price: str) -> None:
    product.base_price = Decimal(price)
    product.save()


def begin_checkout(page: Page, product: Product, email: str) -> None:
    page.goto(f"/p/{product.slug}")
    add_to_bag(page, "M")
    to_checkout(page)
    page.get_by_label("E-mail address").fill(email)
    fill_address(page)
    page.get_by_text("Cash on delivery").click()
    # What it costs, sent there, is shown before the shop moves.
    expect(
        page.get_by_role("button", name=re.compile("Place order"))
    ).to_be_enabled()


@in_one_window("narrow")
@pytest.mark.parametrize(("left", "button"), [(1, "Take 1"), (0, "Remove")])
def test_somebody_was_faster(
    page: Page, shop: Shop, look: Any, width: str, left: int, button: str
) -> None:
    product, variant = shop.db(shirt, f"The wanted shirt {left} {width}", 2)
    email = new_email(f"late-{left}")
    begin_checkout(page, product, email)
    page.get_by_role("button", name="Bag, 1 piece").click()
    bag = page.get_by_role("dialog", name="Your bag")
    bag.get_by_role("button", name=re.compile("One more")).click()
    expect(bag.get_by_role("status", name="Quantity 2")).to_be_visible()
    bag.get_by_role("button", name="Close").click()

    shop.db(sell, variant, 2 - left)
    place_order(page)
    notice = page.get_by_role("alert").filter(has_text="Somebody was faster")
    expect(notice).to_contain_text(f"{left} left." if left else "it is sold out.")
    expect(
        page.get_by_role("button", name=re.compile("Place order"))
    ).to_be_disabled()
    look(page, f"sold-out-{left}")
    assert not shop.db(Order.objects.filter(email=email).exists)

    notice.get_by_role("button", name=button).click()
    if not left:
        expect(
            page.get_by_role("heading", name="Your bag is empty")
        ).to_be_visible()
        return
    expect(notice).to_be_hidden()
    place_order(page)
    expect(page.get_by_text("Thank you!")).to_be_visible()
    order = shop.db(
        lambda: Order.objects.prefetch_related("lines").get(email=email)
    )
    assert [line.quantity for line in order.lines.all()] == [1]


@in_one_window("wide")
def test_the_price_changed_meanwhile(
    page: Page, shop: Shop, look: Any, width: str
) -> None:
    product, _ = shop.db(shirt, f"The repriced shirt {width}", 5)
    email = new_email("careful")
    begin_checkout(page, product, email)
    shop.db(reprice, product, "1750.00")
    place_order(page)
    notice = page.get_by_role("alert").filter(has_text="The price has changed")
    expect(notice).to_contain_text("₹1,500 → ₹1,750")
    expect(page.get_by_role("button", name="Place order · ₹1,750")).to_be_visible()
    look(page, "price-change")
    assert not shop.db(Order.objects.filter(email=email).exists)

    place_order(page)
    expect(page.get_by_text("Thank you!")).to_be_visible()
    assert shop.db(Order.objects.get, email=email).total == Decimal("1750.00")
