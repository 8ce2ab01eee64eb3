"""A merchant's day in the admin: a grid of variants, a weekend's sale, "3 for 2", a fee for three
postal codes, a collection in its order. Clicks and typed fields of each are counted, printed, and
held below what they may be. Every run has names of its own, so that it can be tried again.
"""

import re
import sys
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from orders.models import Promotion, ShippingZone
from products.models import Collection, Product
from tests.browser.conftest import PICTURES, Shop
from tests.browser.steps import look_at_whole, new_email, sign_in_as_staff
from tests.browser.test_staff_hour import Hand
from tests.factories import make_category, make_product, make_user

pytestmark = pytest.mark.parametrize("width", ["wide"], indirect=True)


def test_a_merchants_day(page: Page, desk: Shop, look: Any) -> None:
    boss = desk.db(make_user, role="admin", email=new_email("merchant"))
    mark = uuid4().hex[:6]
    category = desk.db(
        make_category, name=f"Festive tees {mark}", slug=f"festive-tees-{mark}"
    )
    tee = desk.db(
        make_product,
        name=f"Festive tee {mark}",
        slug=f"festive-tee-{mark}",
        base_price="1000.00",
        category=category,
    )
    sign_in_as_staff(page, boss.email)
    hand = Hand(page)
    _make_grid(hand, desk, tee, look)
    _plan_weekend(hand, desk, tee, look)
    _offer_three_for_two(hand, desk, category.name, look)
    _charge_at_three_doors(hand, desk, f"Bandra {mark}", look)
    _gather(hand, desk, tee, look)
    report = hand.report()
    sys.stdout.write(f"\n{report}\n")
    (PICTURES / "merchant-day.txt").write_text(report + "\n")


def _save(hand: Hand) -> None:
    hand.click(hand.page.get_by_role("button", name="Save", exact=True))
    expect(hand.page.get_by_text(re.compile("successfully"))).to_be_visible()


def _make_grid(hand: Hand, desk: Shop, tee: Product, look: Any) -> None:
    page = hand.page
    page.goto(f"/admin/products/product/{tee.pk}/change/")
    with hand.task("the grid of 4 colours and 6 sizes", clicks=2, typed=4):
        hand.click(
            page.get_by_role("link", name="Make a grid of sizes and colours")
        )
        hand.write(page.get_by_label("Sizes"), "XS, S, M, L, XL, XXL")
        hand.write(page.get_by_label("Colours"), "Black, Navy, White, Olive")
        hand.write(page.get_by_label("Sku"), tee.slug.upper())
        hand.write(page.get_by_label("First pieces of each"), "8")
        look(page, "admin-merchant-grid")
        hand.click(page.get_by_role("button", name="Make the variants"))
        expect(page.get_by_text("24 new variants.")).to_be_visible()
    assert desk.db(tee.variants.count) == 24
    look_at_whole(page, look, "admin-merchant-product")


def _plan_weekend(hand: Hand, desk: Shop, tee: Product, look: Any) -> None:
    page = hand.page
    page.goto(f"/admin/products/product/{tee.pk}/change/")
    saturday = timezone.localdate() + timedelta(days=2)
    with hand.task("a sale for the weekend", clicks=1, typed=5):
        hand.write(page.locator("#id_sale_price"), "799")
        for name, day in (
            ("starts", saturday),
            ("ends", saturday + timedelta(days=2)),
        ):
            hand.write(page.locator(f"#id_sale_{name}_at_0"), day.isoformat())
            hand.write(page.locator(f"#id_sale_{name}_at_1"), "00:00:00")
        _save(hand)

    def planned() -> bool:
        tee.refresh_from_db()
        return bool(
            tee.sale_price == 799 and tee.sale_starts_at and tee.sale_ends_at
        )

    assert desk.db(planned)


def _choose_by_name(hand: Hand, field: str, text: str) -> None:
    """Choose from a list that is searched as one types."""
    page = hand.page
    hand.click(page.locator(f"#id_{field} + .select2"))
    hand.typed += 1
    page.keyboard.type(text)
    hand.click(page.locator(".select2-results__option", has_text=text).first)


def _offer_three_for_two(hand: Hand, desk: Shop, category: str, look: Any) -> None:
    page = hand.page
    name = f"3 for 2 on {category}"
    page.goto("/admin/orders/promotion/add/")
    with hand.task("3 for 2 on a category, without sale items", clicks=5, typed=5):
        hand.write(page.locator("#id_name"), name)
        hand.choose(page.locator("#id_kind"), "buy X, get Y of the cheapest")
        hand.write(page.locator("#id_buy"), "2")
        hand.write(page.locator("#id_get"), "1")
        hand.write(page.locator("#id_percent"), "100")
        _choose_by_name(hand, "categories", category)
        hand.click(page.locator("#id_exclude_sale_items"))
        look_at_whole(page, look, "admin-merchant-promotion")
        _save(hand)

    def made() -> tuple[bool, list[str]]:
        found = Promotion.objects.get(name=name)
        names = list(found.categories.values_list("name", flat=True))
        return found.exclude_sale_items, names

    assert desk.db(made) == (True, [category])


def _charge_at_three_doors(hand: Hand, desk: Shop, name: str, look: Any) -> None:
    page = hand.page
    page.goto("/admin/orders/shippingzone/add/")
    with hand.task("a COD fee for three postal codes", clicks=2, typed=6):
        hand.write(page.locator("#id_name"), name)
        hand.write(page.locator("#id_countries"), "IN")
        hand.write(page.locator("#id_postal_patterns"), "400050, 400051, 400052")
        hand.click(page.get_by_role("link", name=re.compile("^Add another")).first)
        hand.write(page.locator("#id_methods-0-name"), "Standard")
        hand.write(page.locator("#id_methods-0-price"), "60")
        hand.write(page.locator("#id_methods-0-cod_fee"), "49")
        look_at_whole(page, look, "admin-merchant-zone")
        _save(hand)

    def made() -> tuple[list[str], Decimal | None]:
        zone = ShippingZone.objects.get(name=name)
        return zone.postal_patterns, zone.methods.get().cod_fee

    assert desk.db(made) == (["400050", "400051", "400052"], 49)


def _gather(hand: Hand, desk: Shop, tee: Product, look: Any) -> None:
    page = hand.page

    def pick() -> Collection:
        chosen = Product.objects.published().order_by("name")[:3]
        made = Collection.objects.create(
            name="Window", slug=f"window-of-{tee.slug}"
        )
        for position, product in enumerate(chosen):
            made.picked.create(product=product, position=position)
        return made

    def places() -> list[str]:
        rows = window.picked.order_by("position")
        return list(rows.values_list("product__name", flat=True))

    window = desk.db(pick)
    before = desk.db(places)
    page.goto(f"/admin/products/collection/{window.pk}/change/")
    cards = page.locator("#collection-products [data-product]")
    expect(cards).to_have_count(3)
    with hand.task(
        "the last product of a collection dragged first", clicks=1, typed=0
    ):
        hand.clicks += 1
        cards.nth(2).drag_to(cards.nth(0))
        expect(page.locator("#collection-products [role=status]")).to_have_text(
            "Saved."
        )
    assert desk.db(places) == [before[2], before[0], before[1]]
    with hand.task("a product added to a collection", clicks=1, typed=1):
        hand.write(page.get_by_label("Name, slug or SKU of a product"), tee.slug)
        hand.click(page.get_by_role("button", name="Add", exact=True))
        expect(cards).to_have_count(4)
    look_at_whole(page, look, "admin-merchant-collection")
