"""What a customer does when something of a delivered order is to go back."""

from uuid import UUID

from django.contrib.auth import get_user_model
from playwright.sync_api import Page, expect

from orders.models import ReturnRequest
from tests.browser.conftest import Shop
from tests.browser.steps import new_email, sign_in
from tests.factories import make_order, make_product, make_user, make_variant

PASSWORD = "a long phrase"


def make_delivered_order(email: str) -> UUID:
    """Make a customer's order of two pieces, of a product that also has another size."""
    customer = make_user(email=email, password=PASSWORD)
    product = make_product(name="Linen kurta", base_price="900.00")
    variant = make_variant(product=product, size="M", color="Red", stock=5)
    make_variant(product=product, size="L", color="Red", stock=5, position=1)
    make_order(customer=customer, variant=variant, quantity=2, status="delivered")
    return get_user_model().objects.get(email=email).orders.get().pk


def test_a_piece_is_exchanged_for_another_size_and_the_request_taken_back(
    page: Page, shop: Shop, look, width: str
) -> None:
    email = new_email("returns")
    order = shop.db(make_delivered_order, email)
    sign_in(page, email, PASSWORD)
    page.goto(f"/orders/{order}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Delivered")
    page.get_by_role("link", name="Send pieces back or exchange them").click()
    expect(page.get_by_role("heading", name="Send pieces back")).to_be_visible()
    page.get_by_label("Pieces to send back").select_option("0")
    page.get_by_role("button", name="Ask for the return").click()
    expect(page.get_by_text("Choose at least one piece.")).to_be_visible()
    page.get_by_label("Pieces to send back").select_option("1")
    page.get_by_label("What do you want for it?").select_option(
        "Another one: Red · L"
    )
    page.get_by_label("Why?").select_option("Too small")
    look(page, "return", full=True)
    page.get_by_role("button", name="Ask for the return").click()
    expect(page.get_by_role("heading", name="Asked for")).to_be_visible()
    look(page, "order-returned", full=True)
    [asked] = shop.db(lambda: list(ReturnRequest.objects.filter(order_id=order)))
    [line] = shop.db(lambda: list(asked.lines.select_related("variant")))
    assert (asked.reason, line.quantity, line.variant.size) == (
        "too_small",
        1,
        "L",
    )
    # The other piece may still go back; then the first one is kept after all.
    expect(page.get_by_role("link", name="Send pieces back")).to_be_visible()
    page.get_by_role("button", name="Keep the pieces after all").click()
    expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()
