"""An hour at the order desk: clicks and typed fields of each task are counted, printed, and held
below what they may be.

The short form confirms three orders and sends two, in a wide window, and looks at few pages;
`make staff-hour` has thirty and eighteen, wide and narrow, and looks at all.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db.models import Min
from django.utils import timezone
from playwright.sync_api import Locator, Page, expect

from orders.customer_identity import Customer
from orders.models import Carrier, Fulfilment, Order, ReturnRequest
from orders.schemas import ReturnAsked, ReturnPieces
from orders.services import return_requests
from tests.browser.conftest import LONG, PICTURES, Shop, in_one_window
from tests.browser.steps import look_at_whole, sign_in_as_staff
from tests.factories import (
    make_address,
    make_order,
    make_product,
    make_user,
    make_variant,
)

CONFIRMED, PACKED, SENT = (30, 20, 18) if LONG else (3, 3, 2)
IN_SHORT = (
    "admin-desk-confirm",
    "admin-desk-order",
)  # looked at by axe in each run


@dataclass
class Hand:
    """A pair of hands, which count. A choice from a list is a click; a scan is a typed field."""

    page: Page
    clicks: int = 0
    typed: int = 0
    tasks: list[tuple[str, int, int]] = field(default_factory=list)

    def click(self, there: Locator) -> None:
        self.clicks += 1
        there.click()

    def choose(self, there: Locator, label: str) -> None:
        self.clicks += 1
        there.select_option(label=label)

    def write(self, there: Locator, text: str) -> None:
        self.typed += 1
        there.fill(text)

    def scan(self, text: str) -> None:
        """Read a code with a scanner: a keyboard that ends with Enter."""
        self.typed += 1
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")

    @contextmanager
    def task(self, name: str, *, clicks: int, typed: int) -> Iterator[None]:
        """Count a task, which must take no more than this."""
        before = self.clicks, self.typed
        yield
        took = self.clicks - before[0], self.typed - before[1]
        self.tasks.append((name, *took))
        assert took[0] <= clicks, f"{name}: {took[0]} clicks"
        assert took[1] <= typed, f"{name}: {took[1]} typed fields"

    def report(self) -> str:
        rows = [("task", "clicks", "typed"), *self.tasks]
        return "\n".join(
            f"{name:<52}{clicks:>7}{typed:>7}" for name, clicks, typed in rows
        )


def _look_at_few(look: Any) -> Any:
    def take(page: Page, name: str, *, full: bool = False) -> None:
        if LONG or name in IN_SHORT:
            look(page, name, full=full)

    return take


@in_one_window("wide")
def test_an_hour(page: Page, desk: Shop, look: Any, width: str) -> None:
    look = _look_at_few(look)
    orders = desk.db(_stage, width)
    boss = desk.db(make_user, role="admin", email=f"hour-{width}@example.com")
    sign_in_as_staff(page, boss.email)
    hand = Hand(page)
    _confirm(hand, orders, look)
    _pack(hand, orders, look)
    _send(hand, orders, desk, look)
    _correct_and_undelivered(hand, orders, desk, look)
    _take_back(hand, desk, look, width)
    _exchange(hand, desk, look, width)
    _by_telephone(hand, desk, look, width)
    report = hand.report()
    sys.stdout.write(f"\n{width}\n{report}\n")
    (PICTURES / f"staff-hour-{width}.txt").write_text(report + "\n")


def _stage(width: str) -> list[Order]:
    """Leave nothing in the queues but the hour's orders."""
    waiting = Order.objects.filter(
        status__in=["pending", "confirmed", "processing"]
    )
    waiting.exclude(fulfilments__status="packed").update(
        status="cancelled", closed_at=timezone.now(), expires_at=None
    )
    parcels = Fulfilment.objects.filter(status="packed")
    parcels.update(status="cancelled")
    Carrier.objects.get_or_create(
        name="BlueDart",
        defaults={"url_pattern": "https://track.example/{tracking}"},
    )
    variant = make_variant(stock=200, sku=f"HOUR-{width.upper()}-00152-BLS-UK10")
    variant.bin_location = "A-03-2"
    variant.save()
    return [
        make_order(
            variant=variant, quantity=3, guest_email=f"hour-{width}-{n}@example.com"
        )
        for n in range(CONFIRMED + 1)
    ]


def _told(page: Page, text: str) -> None:
    expect(page.get_by_text(text).first).to_be_visible()


def _queue(hand: Hand, name: str) -> None:
    """Go to a queue from whatever queue's page this is."""
    hand.click(
        hand.page.get_by_role("navigation", name="Queues").get_by_role(
            "link", name=re.compile(f"^{name}")
        )
    )
    expect(hand.page.get_by_role("navigation", name="Queues")).to_be_visible()


def _confirm(hand: Hand, orders: list[Order], look: Any) -> None:
    page = hand.page
    refused = orders.pop()
    page.goto("/admin/orders/order/queue/confirm/")
    look_at_whole(page, look, "admin-desk-confirm")
    page.goto("/admin/")
    row = page.locator(f"[data-order={refused.number}]")
    with hand.task("refuse an order", clicks=3, typed=1):
        hand.click(page.get_by_role("link", name="orders to confirm"))
        hand.click(row.get_by_role("link", name="Cancel"))
        hand.write(page.get_by_label("Note"), "The telephone number is wrong.")
        page.keyboard.press("Tab")
        hand.click(page.get_by_role("button", name="Cancel", exact=True))
    # The queue's next order, not the one just done: here its first again.
    expect(page.get_by_role("heading", name=orders[0].number).first).to_be_visible()
    page.goto("/admin/orders/order/queue/confirm/")
    with hand.task(f"confirm {len(orders)}", clicks=2, typed=0):
        hand.click(page.get_by_label(re.compile("of this page")))
        hand.click(page.get_by_role("button", name="Confirm"))
    _told(page, f"{len(orders)} orders are confirmed.")
    expect(page.get_by_text("Nothing waits here.")).to_be_visible()


def _pack(hand: Hand, orders: list[Order], look: Any) -> None:
    """Pack the first short of a piece, the others whole."""
    page = hand.page
    short, *others = orders[:PACKED]
    with hand.task("pack one that is short of a piece", clicks=3, typed=1):
        _queue(hand, "To pack")
        row = page.locator(f"[data-order={short.number}]")
        hand.click(row.get_by_role("link", name="Pack a part"))
        hand.write(page.get_by_label(re.compile("HOUR-")), "2")
        hand.click(page.get_by_role("button", name="Pack a part"))
    _told(page, f"Parcel 1 of {short.number} is packed.")
    page.goto("/admin/orders/order/queue/pack/")
    look(page, "admin-desk-pack")
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    with hand.task(f"pack {len(others)}", clicks=len(others) + 1, typed=0):
        for order in others:
            hand.click(page.get_by_label(order.number, exact=True))
        hand.click(page.get_by_role("button", name="Pack all of it"))
    _told(page, f"{len(others)} orders are packed.")
    links = page.get_by_role("link", name=re.compile("Print their"))
    names = ("slips", "labels")
    pages = [str(links.nth(n).get_attribute("href")) for n in range(2)]
    for name, path in zip(names, pages, strict=True):
        page.goto(path)
        expect(page.locator("section.sheet")).to_have_count(len(others))
        look(page, f"admin-desk-{name}")
    page.goto("/admin/orders/order/queue/pack/")
    picks = page.get_by_role("button", name="Pick list")
    page.get_by_label(re.compile("of this page")).check()
    with page.context.expect_page() as opened:
        picks.click()
    expect(opened.value.get_by_role("cell", name="A-03-2").first).to_be_visible()
    look(opened.value, "admin-desk-picks")
    opened.value.close()


def _send(hand: Hand, orders: list[Order], desk: Shop, look: Any) -> None:
    """Scan slip and label of each parcel, and send all at once."""
    page = hand.page
    sent = orders[:SENT]
    _queue(hand, "To send")
    look_at_whole(page, look, "admin-desk-send")
    with hand.task(f"send {SENT} with tracking", clicks=2, typed=2 * SENT):
        hand.choose(page.get_by_label("Carrier"), "BlueDart")  # for the first time
        page.locator(
            "h1"
        ).first.click()  # out of the field, as one stands at the table
        for number, order in enumerate(sent):
            hand.scan(order.number)
            hand.scan(f"BD{number}{order.number[-6:]}")
        hand.click(page.get_by_role("button", name="Send", exact=True))
    _told(page, f"{SENT} orders are sent.")
    parcels = desk.db(
        lambda: list(
            Fulfilment.objects.filter(order__in=sent).values_list(
                "status", "carrier"
            )
        )
    )
    assert parcels == [("shipped", "BlueDart")] * SENT
    # Of the first a piece is left: it waits to be packed.
    page.goto("/admin/orders/order/queue/pack/")
    row = page.locator(f"[data-order={sent[0].number}]")
    expect(row).to_contain_text("Partly sent, waits")
    expect(row.get_by_role("cell", name="1 ×")).to_be_visible()


def _correct_and_undelivered(
    hand: Hand, orders: list[Order], desk: Shop, look: Any
) -> None:
    page = hand.page
    first, second = orders[:2]
    with hand.task("correct a tracking number", clicks=2, typed=2):
        hand.write(page.get_by_label("Find an order"), f"BD0{first.number[-6:]}")
        page.keyboard.press("Enter")
        hand.click(page.get_by_role("link", name="Correct the tracking"))
        hand.write(page.get_by_label("Tracking number"), "BD-RIGHT")
        hand.click(page.get_by_role("button", name="Correct the tracking"))
    _told(page, "BlueDart BD-RIGHT")
    mailed = desk.mail(first.email, "another tracking number")
    assert "BD-RIGHT" in mailed
    page.goto("/admin/")
    with hand.task("one could not be delivered", clicks=3, typed=1):
        hand.scan(second.number)
        expect(page).to_have_url(re.compile("/change/"))
        hand.click(page.get_by_role("link", name="Could not be delivered"))
        hand.choose(page.get_by_label("Reason"), "Refused")
        hand.click(page.get_by_role("button", name="Could not be delivered"))
    page.goto("/admin/orders/order/queue/undelivered/")
    expect(page.locator(f"[data-order={second.number}]")).to_contain_text(
        "pieces, refused"
    )
    look(page, "admin-desk-undelivered")


def _take_back(hand: Hand, desk: Shop, look: Any, width: str) -> None:
    variant = desk.db(make_variant, stock=5)
    order = desk.db(
        make_order,
        variant=variant,
        quantity=3,
        status="delivered",
        paid=True,
        guest_email=f"back-{width}@example.com",
    )
    page = hand.page
    with hand.task("two pieces of three come back", clicks=3, typed=3):
        hand.write(page.get_by_label("Find an order"), order.number[-6:])
        page.keyboard.press("Enter")
        hand.click(page.get_by_role("link", name="Goods came back"))
        hand.write(page.get_by_label(re.compile(variant.sku)), "2")
        hand.write(page.get_by_label("Reason"), "Too small.")
        hand.click(page.get_by_role("button", name="Goods came back"))
    _told(page, "2 pieces are back.")
    look_at_whole(page, look, "admin-desk-order")


def _ask_for_another_size(width: str) -> tuple[Order, ReturnRequest]:
    """Leave a customer a piece that is too small, and let them ask for a larger one."""
    product = make_product()
    small, large = (
        make_variant(product=product, size=s, stock=5) for s in ("S", "L")
    )
    order = make_order(
        customer=make_user(email=f"swaps-{width}@example.com"),
        variant=small,
        status="delivered",
        paid=True,
    )
    line = ReturnPieces(
        line_id=order.lines.get().pk, quantity=1, exchange_variant_id=large.pk
    )
    asked, _ = return_requests.request_return(
        ReturnAsked(reason="too_small", lines=[line]),
        order_id=order.pk,
        customer=Customer(user=order.user, language="en"),
        key=str(uuid4()),
    )
    return order, asked


def _exchange(hand: Hand, desk: Shop, look: Any, width: str) -> None:
    """A size is exchanged: approved from the queue; later the parcel's order is scanned."""
    page = hand.page
    order, asked = desk.db(_ask_for_another_size, width)
    page.goto("/admin/orders/order/queue/returns/")
    look(page, "admin-desk-returns")
    with hand.task("approve an exchange of size", clicks=2, typed=0):
        row = page.locator(f"[data-order={order.number}]")
        hand.click(row.get_by_role("link", name="Approve"))
        hand.click(page.get_by_role("button", name="Approve"))
    _told(page, "is approved")
    page.goto("/admin/")
    with hand.task("it has come, and its larger one may leave", clicks=4, typed=1):
        hand.scan(order.number)
        expect(page).to_have_url(re.compile("/change/"))
        hand.click(page.get_by_role("link", name="Received", exact=True))
        hand.click(page.get_by_role("button", name="Received", exact=True))
        _told(page, "is here")
        hand.click(page.get_by_role("link", name="Judge", exact=True))
        hand.click(page.get_by_role("button", name="Judge", exact=True))
    _told(page, "is judged")
    made = desk.db(lambda: Order.objects.get(exchange_of=asked.pk))
    assert (made.status, made.payment_status) == ("confirmed", "paid")


def _by_telephone(hand: Hand, desk: Shop, look: Any, width: str) -> None:
    """A customer rings: their address is known, a discount is granted, cash on delivery."""
    customer = desk.db(make_user, email=f"rings-{width}@example.com")
    desk.db(make_address, user=customer)
    variant = desk.db(make_variant, stock=5, sku=f"PHONE-{width.upper()}")
    page = hand.page
    page.goto("/admin/orders/draftorder/")
    with hand.task("an order by telephone", clicks=4, typed=4):
        hand.click(page.get_by_role("link", name=re.compile("^Add")).first)
        hand.write(page.get_by_label("Articles"), f"{variant.sku} 2")
        hand.write(page.get_by_label("E-mail"), customer.email)
        hand.write(page.get_by_label("Discount", exact=True), "10")
        hand.write(
            page.get_by_label("Discount reason"), "The parcel before came late."
        )
        look_at_whole(page, look, "admin-desk-telephone")
        hand.click(page.get_by_role("button", name="Save", exact=True))
        hand.click(page.get_by_role("link", name="Place the order"))
        hand.click(page.get_by_role("button", name="Place the order"))
    _told(page, "is placed.")
    order = desk.db(lambda: Order.objects.get(user=customer))
    assert (order.discount, order.status) == (10, "pending")
    assert order.number in desk.mail(customer.email, order.number)


@in_one_window("narrow")
def test_old_orders_come_first(page: Page, desk: Shop, width: str) -> None:
    """A number scanned anywhere opens the order, also where a link has the focus."""
    order = desk.db(make_order, guest_email=f"scan-{width}@example.com")
    # Older than what the other window, or an earlier try, has made.
    before = desk.db(Order.objects.aggregate, oldest=Min("created_at"))["oldest"]
    desk.db(
        Order.objects.filter(pk=order.pk).update,
        created_at=min(before, timezone.now() - timedelta(days=500))
        - timedelta(days=1),
    )
    boss = desk.db(make_user, role="admin", email=f"scan-boss-{width}@example.com")
    sign_in_as_staff(page, boss.email)
    page.keyboard.press("Tab")
    hand = Hand(page)
    hand.scan(order.number)
    expect(page).to_have_url(re.compile(f"{order.pk}/change/"))
    page.goto("/admin/orders/order/queue/confirm/")
    first = (
        page.get_by_role("list", name="To confirm").get_by_role("listitem").first
    )
    expect(first).to_contain_text(order.number)
