"""The invoice, as a PDF."""

from decimal import Decimal

import pytest

from orders import invoice, selectors
from orders.models import Order
from tests.factories import (
    make_category,
    make_coupon,
    make_order,
    make_product,
    make_user,
    make_variant,
)

pytestmark = pytest.mark.django_db


@pytest.mark.asvs("5.4.1")
def test_a_customer_and_staff_get_it_as_a_file(api, customer):
    order = make_order(customer=customer)
    desk = api.as_user(make_user(role="staff", groups=("orders",)))
    for client, path in ((api.as_user(customer), "orders"), (desk, "staff/orders")):
        response = client.get(f"/api/{path}/{order.pk}/invoice")
        assert (response.status_code, response.headers["Content-Type"]) == (
            200,
            "application/pdf",
        )
        assert (
            response.headers["Content-Disposition"]
            == f'inline; filename="{order.number}.pdf"'
        )
        assert response.content.startswith(b"%PDF-")
        assert response.content.rstrip().endswith(b"%%EOF")


@pytest.mark.parametrize("included", [True, False])
def test_holds_letters_of_every_language_and_many_lines(settings, included, caplog):
    settings.TAX_INCLUDED = included
    settings.SHOP_ADDRESS, settings.SHOP_TAX_ID = (
        "1 Bazaar Road\nMumbai 400001",
        "27AAAPL1234C1ZV",
    )
    product = make_product(
        name="Żółta koszula ‘α’ Рубашка ₹",
        base_price="1234.50",
        category=make_category(),
    )
    coupon = make_coupon()
    order = make_order(
        variant=make_variant(product=product),
        quantity=3,
        coupon_code=coupon.code,
        paid=True,
    )
    Order.objects.filter(pk=order.pk).update(
        recipient="Zoë Ångström", refunded=Decimal("10.00")
    )
    document = invoice.render_invoice(selectors.get_any_order(order_id=order.pk))
    assert document.startswith(b"%PDF-")
    assert "missing" not in caplog.text


def test_a_letter_that_no_font_has_is_no_error(caplog):
    order = make_order()
    Order.objects.filter(pk=order.pk).update(recipient="नमस्ते")
    assert invoice.render_invoice(
        selectors.get_any_order(order_id=order.pk)
    ).startswith(b"%PDF-")
