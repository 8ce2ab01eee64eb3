"""Currencies from the quote to the provider: whole yen, and dinars that are refused."""

from decimal import Decimal

import pytest

from orders.checks import check_currency
from orders.models import Order
from tests.factories import (
    key,
    make_cart_line,
    make_product,
    make_tax,
    make_variant,
    order_body,
)
from tests.orders.provider_orders import assert_clean, balance
from tests.providers.fixtures import (
    deliver,
    page_of,
    provider,
    razorpay_server,
    stripe_server,
)

__all__ = ["provider", "razorpay_server", "stripe_server"]
pytestmark = pytest.mark.django_db


def test_yen_with_tax_added_are_whole_and_charged_as_quoted(
    api, customer, provider, settings
):
    settings.SHOP_CURRENCY, settings.TAX_INCLUDED = "JPY", False
    settings.SHIPPING_FEE = Decimal(0)
    make_tax("consumption", "10", default=True)
    make_cart_line(
        customer=customer,
        variant=make_variant(product=make_product(base_price="1235")),
        quantity=3,
    )
    shopper = api.as_user(customer)
    quote = shopper.get("/api/cart").json()["quote"]
    # 3 x 1,235 and 370.5 of tax, half up
    assert [Decimal(quote[name]) for name in ("subtotal", "tax", "total")] == [
        3705,
        371,
        4076,
    ]
    body = order_body(
        customer, paymentMethod="online", expectedTotal=quote["total"]
    )
    placed = shopper.post("/api/orders", body, headers=key())
    assert placed.status_code == 201, placed.content
    order = Order.objects.get(pk=placed.json()["id"])
    assert order.total == 4076
    kind, amount = {
        "stripe": ("checkout.session", "amount_total"),
        "razorpay": ("payment_link", "amount"),
    }[provider.name]
    [page] = provider.all(kind)
    assert (page[amount], page["currency"].upper()) == (4076, "JPY")
    provider.pay(page_of(order.payments.get()))
    deliver(api, provider)
    order.refresh_from_db()
    assert (order.payment_status, balance("provider")) == (
        "paid",
        Decimal(4076),
    )
    assert_clean()


@pytest.mark.parametrize(
    ("currency", "refused"),
    [("INR", False), ("JPY", False), ("KWD", True), ("BHD", True)],
)
def test_a_currency_of_three_decimals_does_not_start(settings, currency, refused):
    settings.SHOP_CURRENCY = currency
    assert [message.id for message in check_currency()] == ["orders.E008"] * refused
