"""Pieces that staff add to an order: at the prices and with the promotions of its moment."""

import contextlib
import io
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from markrin.outbox.models import OutboxEvent
from orders.models import Order, OrderEvent
from products.models import Product, StockLevel
from tests import factories
from tests.factories.orders import key

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def staff():
    return factories.make_user(role="staff", groups=("orders",))


@pytest.fixture
def desk(api, staff):
    return api.as_user(staff)


@pytest.fixture(autouse=True)
def nothing_is_wrong(db, settings, tmp_path):
    """After each test the shop's own rules hold."""
    settings.MEDIA_ROOT = tmp_path
    yield
    out = io.StringIO()
    with contextlib.suppress(CommandError):
        call_command("verify", stdout=out, stderr=out)
    assert "nothing is wrong" in out.getvalue()


def add(desk, order, sku, quantity=1, headers=None):
    return desk.post(
        f"/api/staff/orders/{order.pk}/items",
        {"sku": sku, "quantity": quantity, "reason": "The customer rang."},
        headers=headers or key(),
    )


def reserved(variant):
    return StockLevel.objects.get(variant=variant).reserved


def test_pieces_cost_what_they_cost_then_and_yesterdays_promotion_counts(desk):
    promotion = factories.make_promotion(percent="10")
    first = factories.make_variant(stock=9)
    other = factories.make_variant(stock=9)
    order = factories.make_order(variant=first, quantity=2, guest_email="g@b.example")
    price, cheap = (each.product.base_price for each in (first, other))
    promotion.is_active = False
    promotion.save()
    Product.objects.filter(pk__in=[first.product_id, other.product_id]).update(
        base_price=Decimal("9999.00")
    )

    answer = add(desk, order, first.sku)
    assert answer.status_code == 201, answer.json()
    assert add(desk, order, other.sku, 2).status_code == 201
    order.refresh_from_db()
    goods = 3 * price + 2 * cheap
    assert order.subtotal == goods
    assert order.discount == (goods / 10).quantize(Decimal("0.01"))
    one, two = order.lines.order_by("position")
    assert (one.quantity, two.quantity, two.unit_price) == (3, 2, cheap)
    assert (reserved(first), reserved(other)) == (3, 2)
    assert promotion.discounts.get().amount == order.discount
    notes = OrderEvent.objects.filter(order=order, kind="edit").values_list("note")
    assert [note for (note,) in notes] == [
        f"Added: 1 × {first.sku}. The customer rang.",
        f"Added: 2 × {other.sku}. The customer rang.",
    ]
    assert OutboxEvent.objects.filter(task="orders.mail_again").count() == 2
    # The whole way to the door: what is collected is the new total.
    factories.move_to(order, "delivered")
    assert desk.post(f"/api/staff/orders/{order.pk}/cash", {}).status_code == 200


def test_the_same_key_adds_once(desk):
    variant = factories.make_variant(stock=9)
    order = factories.make_order(variant=variant)
    headers = key()
    assert add(desk, order, variant.sku, headers=headers).status_code == 201
    again = add(desk, order, variant.sku, headers=headers)
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
    assert add(desk, order, variant.sku, 2, headers=headers).status_code == 422
    assert order.lines.get().quantity == 2
    assert reserved(variant) == 2


def test_what_cannot_be_added_changes_nothing(desk):
    variant = factories.make_variant(stock=3)
    order = factories.make_order(variant=variant)
    paid = factories.make_order(variant=variant, status="processing", paid=True)
    rare = factories.make_variant(stock=0)
    before = Order.objects.order_by("pk").values_list("total", "updated_at")
    was = list(before)
    for changed, sku, number, code in (
        (order, rare.sku, 1, "out_of_stock"),
        (order, "NO-SUCH", 1, "variant_not_on_sale"),
        (order, variant.sku, 20, "quantity_limit"),
        (paid, variant.sku, 1, "order_status"),
    ):
        assert add(desk, changed, sku, number).json()["code"] == code
    assert list(before) == was
    assert order.lines.get().quantity == 1
    assert desk.post(
        f"/api/staff/orders/{order.pk}/items", {"sku": "A", "quantity": 1}
    ).json()["code"] == ("idempotency_key_missing")


def test_the_admins_form_adds_once_however_often_it_is_sent(staff):
    clerk = Client()
    clerk.force_login(staff)
    variant = factories.make_variant(stock=9)
    order = factories.make_order(variant=variant, status="confirmed")
    step = reverse("admin:orders_order_step", args=[order.pk, "add_pieces"])
    data = {"sku": variant.sku, "quantity": "2", "key": "one-click"}
    assert clerk.post(step, data).status_code == 302
    assert clerk.post(step, data).status_code == 302
    assert order.lines.get().quantity == 3
    assert clerk.post(step, data | {"sku": "NO", "key": "b"}).status_code == 422
