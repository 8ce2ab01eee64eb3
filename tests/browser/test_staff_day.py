"""A day of the staff: signing in with the second factor, packing, refunding, a feed with
errors, a dead job, prices.

The same pages are looked at, wide and narrow, light and dark: axe finds nothing serious,
and pictures are kept."""

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.utils import timezone
from playwright.sync_api import Page, expect

from dev.processes import wait_for
from markrin.outbox.models import OutboxEvent, State
from orders.models import Carrier, Order
from products.models import BulkChange, Feed, Product, StockLevel
from tests.browser.conftest import Shop, in_one_window
from tests.browser.steps import look_at_whole, new_email, sign_in_as_staff
from tests.factories import make_order, make_user, make_variant


def take(page: Page, step: str, **fields: str) -> None:
    """Take a step of the order on whose page we are."""
    page.get_by_role("link", name=step, exact=True).click()
    for label, value in fields.items():
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name=step, exact=True).click()


@in_one_window("narrow")
def test_a_day(
    page: Page, desk: Shop, look: Any, width: str, tmp_path: Path
) -> None:
    db = desk.db
    boss = db(make_user, role="admin", email=new_email("boss"))
    sign_in_as_staff(page, boss.email)
    look_at_whole(page, look, "admin-dashboard")

    _pack(page, desk, look, width)
    _refund_half(page, desk, look, width)
    _feed_with_errors(page, desk, look, width, tmp_path)
    _dead_job(page, desk, look, width)
    _two_hundred_prices(page, desk, look)

    page.goto("/admin/admin/logentry/all/")
    expect(page.get_by_role("cell", name=boss.email).first).to_be_visible()
    look(page, "admin-who-changed-what")


def _pack(page: Page, desk: Shop, look: Any, width: str) -> None:
    email = new_email("pack")
    carrier = desk.db(Carrier.objects.get_or_create, name="BlueDart")[0]
    variant = desk.db(make_variant, stock=5, sku=f"PACK-{width.upper()}")
    order = desk.db(
        make_order,
        variant=variant,
        quantity=2,
        status="confirmed",
        guest_email=email,
    )
    desk.db(
        Order.objects.filter(pk=order.pk).update,
        created_at=timezone.now() - timedelta(days=400),
    )
    page.goto("/admin/orders/order/queue/pack/")
    first = page.get_by_role("list", name="To pack").get_by_role("listitem").first
    expect(first).to_contain_text(order.number)
    expect(first).to_contain_text(f"PACK-{width.upper()}")
    look(page, "admin-to-pack")
    first.get_by_role("checkbox").check()
    page.get_by_role("button", name="Pack all of it").click()
    expect(page.get_by_text("1 order is packed.")).to_be_visible()
    page.goto("/admin/orders/order/queue/send/")
    page.get_by_label("Carrier").select_option(label=carrier.name)
    page.get_by_label(f"Tracking number of {order.number}").fill("BD-1")
    look(page, "admin-to-send")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("1 order is sent.")).to_be_visible()
    assert desk.db(StockLevel.objects.get, variant=variant).on_hand == 3
    assert "BD-1" in desk.mail(email, "on its way")


def _refund_half(page: Page, desk: Shop, look: Any, width: str) -> None:
    email = new_email("refund")
    order = desk.db(make_order, status="delivered", paid=True, guest_email=email)
    page.goto(f"/admin/orders/order/{order.pk}/change/")
    half = (order.total / 2).quantize(Decimal("0.01"))
    take(page, "Refund", amount=str(half), reason="A loose button.")
    expect(page.get_by_text("go back.")).to_be_visible()
    assert desk.db(Order.objects.get, pk=order.pk).refunded == half
    assert f"{half:,.2f}" in desk.mail(email, "refund")
    look_at_whole(page, look, "admin-order")


def _feed_with_errors(
    page: Page, desk: Shop, look: Any, width: str, tmp_path: Path
) -> None:
    # Without first pieces: a count of this minute would have them added, as moved after it.
    variants = [
        desk.db(make_variant, stock=0, sku=f"FEED-{width.upper()}-{number}")
        for number in range(9)
    ]
    file = tmp_path / "count.csv"
    lines = [f"{variant.sku},7" for variant in variants]
    file.write_text("\n".join(["sku,quantity", *lines, "NO-SUCH-SKU,3"]) + "\n")
    page.goto("/admin/products/feed/")
    page.get_by_role("link", name="Upload feed").click()
    page.get_by_label("CSV or JSON lines").set_input_files(file)
    page.get_by_label("Source").fill(f"shelf-{width}")
    page.get_by_label("Counted at").fill(f"{timezone.localtime():%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url(re.compile("/admin/products/feed/.+/change/"))

    def done() -> bool:
        return str(Feed.objects.get(source=f"shelf-{width}").state) == "applied"

    assert wait_for(lambda: desk.db(done), seconds=120)
    page.reload()
    expect(page.get_by_text("NO-SUCH-SKU").first).to_be_visible()
    look_at_whole(page, look, "admin-feed-report")
    assert desk.db(StockLevel.objects.get, variant=variants[0]).on_hand == 7


def _dead_job(page: Page, desk: Shop, look: Any, width: str) -> None:
    email = new_email("dead")
    order = desk.db(make_order, guest_email=email)
    jobs = OutboxEvent.objects.filter(key=f"orders.confirm_by_mail:{order.pk}")
    desk.mail(email, order.number)  # it was sent; now say that it was not
    assert wait_for(
        lambda: desk.db(jobs.get).state == State.DONE, seconds=60
    )  # the mail is there a moment earlier
    dead = {
        "state": State.DEAD,
        "error": "SMTPRecipientsRefused: 550 no such mailbox",
        "attempts": 11,
    }
    assert desk.db(jobs.update, **dead) == 1
    page.goto("/admin/outbox/outboxevent/?state__exact=dead")
    look(page, "admin-dead-letters")
    page.get_by_role("link", name=re.compile(str(order.pk))).first.click()
    page.get_by_role("button", name="Run again").click()
    expect(page.get_by_text("1 of 1 will run again")).to_be_visible()
    assert wait_for(lambda: desk.db(jobs.get).state == State.DONE, seconds=120)


def _two_hundred_prices(page: Page, desk: Shop, look: Any) -> None:
    desk.db(_some_products, 200)
    before = desk.db(
        lambda: dict(
            Product.objects.filter(brand="Twohundred").values_list(
                "pk", "base_price"
            )
        )
    )
    page.goto("/admin/products/product/?brand=Twohundred&all=")
    page.locator("thead input[type=checkbox]").first.evaluate(
        "box => box.click()"
    )  # a narrow list has no head
    page.locator("select[name=action]").select_option("change_in_bulk")
    page.get_by_role("button", name="Run").click()
    page.get_by_label("What changes").select_option("base")
    page.get_by_label("How").select_option("percent")
    page.get_by_label(re.compile("Percent, amount")).fill("-10")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("button", name="Apply to 200 products")).to_be_visible()
    look(page, "admin-bulk-change")
    page.get_by_role("button", name="Apply to 200 products").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible(timeout=60_000)
    now = desk.db(
        lambda: dict(
            Product.objects.filter(brand="Twohundred").values_list(
                "pk", "base_price"
            )
        )
    )
    assert all(
        now[pk] == (price * Decimal("0.9")).quantize(Decimal("0.01"))
        for pk, price in before.items()
    )
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#bulk-change[data-state=undone]")).to_be_visible(
        timeout=60_000
    )
    assert (
        desk.db(
            lambda: dict(
                Product.objects.filter(brand="Twohundred").values_list(
                    "pk", "base_price"
                )
            )
        )
        == before
    )
    desk.db(BulkChange.objects.all().delete)
    desk.db(Product.objects.filter(brand="Twohundred").delete)


def _some_products(count: int) -> None:
    from tests.factories import make_category, make_product

    category = make_category()
    for number in range(count):
        make_product(
            brand="Twohundred", category=category, base_price=f"{1000 + number}.00"
        )


@in_one_window("wide")
def test_the_pages_in_the_dark_and_by_keyboard(
    page: Page, desk: Shop, look: Any, width: str
) -> None:
    page.emulate_media(color_scheme="dark")
    boss = desk.db(make_user, role="admin", email=new_email("night"))
    sign_in_as_staff(page, boss.email)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    look_at_whole(page, look, "admin-dashboard-dark")
    order = desk.db(lambda: Order.objects.filter(status="delivered").first())
    product = desk.db(
        lambda: Product.objects.filter(source="demo", reviews__isnull=False).first()
    )
    page.goto(f"/admin/orders/order/{order.pk}/change/")
    look_at_whole(page, look, "admin-order-dark")
    page.emulate_media(color_scheme="light")
    page.goto(f"/admin/products/product/{product.pk}/change/")
    look_at_whole(page, look, "admin-product")
    page.goto("/admin/orders/order/")
    filters = page.get_by_role("button", name="Filters")
    filters.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("By status").first).to_be_visible()
    look(page, "admin-orders")
