"""Pieces that staff add to an order: at the prices and with the promotions of its moment."""

import contextlib
import io
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from markrin.outbox.models import OutboxEvent
from orders import labels, queues
from orders.gateways.base import Notice, Outcome
from orders.models import Order, OrderEvent
from orders.services import provider_events
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
    order = factories.make_order(
        variant=first, quantity=2, guest_email="g@b.example"
    )
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
    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (
        201,
        "true",
    )
    assert add(desk, order, variant.sku, 2, headers=headers).status_code == 422
    assert order.lines.get().quantity == 2
    assert reserved(variant) == 2


def test_what_cannot_be_added_changes_nothing(desk):
    variant = factories.make_variant(stock=3)
    order = factories.make_order(variant=variant)
    gone = factories.make_order(variant=variant, status="shipped")
    rare = factories.make_variant(stock=0)
    before = Order.objects.order_by("pk").values_list("total", "updated_at")
    was = list(before)
    for changed, sku, number, code in (
        (order, rare.sku, 1, "out_of_stock"),
        (order, "NO-SUCH", 1, "variant_not_on_sale"),
        (order, variant.sku, 20, "quantity_limit"),
        (gone, variant.sku, 1, "order_status"),
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


# --- Of an order that is paid --------------------------------------------------------------------
def pay(order):
    """Have the provider tell that the order's open page was paid; return what came of it."""
    page = order.payments.get(state="created")
    return tell_paid(page)


def tell_paid(page):
    return provider_events.record_notice(
        Notice(
            provider="test",
            event_id=uuid4().hex,
            type="payment.succeeded",
            outcome=Outcome.SUCCEEDED,
            ref=page.provider_ref,
            payment_id=page.pk,
            amount=page.amount,
            currency=page.currency,
        )
    )


def state_of(order):
    order.refresh_from_db()
    return order.status, order.payment_status


@pytest.fixture
def paid_order(customer):
    """An online order of one piece, paid, of a variant of which more are there."""
    variant = factories.make_variant(stock=9)
    order = factories.make_order(
        customer=customer, variant=variant, method="online"
    )
    pay(order)
    return order


def test_the_difference_of_a_paid_order_is_paid_by_the_same_door(
    api, desk, customer, paid_order
):
    variant, before = paid_order.lines.get().variant, paid_order.total
    added = add(desk, paid_order, variant.sku, 2)
    assert added.status_code == 201, added.json()
    assert state_of(paid_order) == ("confirmed", "unpaid")
    more = paid_order.total - before
    client = api.as_user(customer)
    shown = client.get(f"/api/orders/{paid_order.pk}").json()
    assert (shown["paymentStatus"], shown["amountPaid"], shown["amountDue"]) == (
        "partially_paid",
        str(before),
        str(more),
    )
    assert (
        OutboxEvent.objects.filter(task="orders.payment_link_by_mail").count() == 1
    )
    # Nothing is packed before the rest is paid.
    url = f"/api/staff/orders/{paid_order.pk}/fulfilments"
    assert desk.post(url, {}, headers=key()).json()["code"] == "order_status"
    opened = client.post(f"/api/orders/{paid_order.pk}/payments", headers=key())
    assert opened.status_code == 201, opened.json()
    assert paid_order.payments.get(state="created").amount == more
    assert pay(paid_order) == "paid"
    assert state_of(paid_order) == ("confirmed", "paid")
    assert desk.post(url, {}, headers=key()).json()["status"] == "shipped"
    factories.move_to(paid_order, "delivered")
    # All of it goes back by both payments, to the paisa.
    back = desk.post(
        f"/api/staff/orders/{paid_order.pk}/refunds", {"reason": "a"}, headers=key()
    )
    assert back.status_code == 201, back.json()
    refunds = paid_order.refunds.values_list("payment", "amount")
    assert sorted(refunds) == sorted(
        paid_order.payments.values_list("pk", "amount")
    )


def test_an_added_piece_that_nobody_pays_is_cancelled_again(desk, paid_order):
    variant, before = paid_order.lines.get().variant, paid_order.total
    dearer = factories.make_variant(stock=9)
    add(desk, paid_order, variant.sku)
    add(desk, paid_order, dearer.sku)
    # The page of before is given up; what is paid on it all the same is a part.
    late = paid_order.payments.filter(state="cancelled").get()
    assert tell_paid(late) == "paid in part"
    assert state_of(paid_order) == ("confirmed", "unpaid")
    assert paid_order.part_paid == before + late.amount
    line = paid_order.lines.get(variant=dearer)
    gone = desk.post(
        f"/api/staff/orders/{paid_order.pk}/cancellations",
        {"lines": [{"lineId": str(line.pk), "quantity": 1}], "reason": "Not paid."},
        headers=key(),
    )
    assert gone.status_code == 201, gone.json()
    assert state_of(paid_order) == ("confirmed", "paid")
    assert (reserved(variant), reserved(dearer)) == (2, 0)
    assert not paid_order.payments.filter(state="created").exists()


@pytest.mark.parametrize("late", [False, True])
def test_a_part_paid_order_that_is_cancelled_gives_back_what_was_paid(
    api, desk, customer, paid_order, late
):
    before = paid_order.total
    add(desk, paid_order, paid_order.lines.get().variant.sku)
    page = paid_order.payments.get(state="created")
    api.as_user(customer).post(f"/api/orders/{paid_order.pk}/cancel", {})
    assert sum(paid_order.refunds.values_list("amount", flat=True)) == before
    if late:
        assert tell_paid(page) == "too late: refunded"
        back = sum(paid_order.refunds.values_list("amount", flat=True))
        assert back == before + page.amount


def test_the_rest_of_cash_is_collected_at_the_door(desk):
    variant = factories.make_variant(stock=9)
    order = factories.make_order(variant=variant, status="confirmed", paid=True)
    before = order.total
    assert add(desk, order, variant.sku).status_code == 201
    assert state_of(order) == ("confirmed", "unpaid")
    factories.move_to(order, "shipped")
    [paper] = labels.list_papers(queues.load_orders(Order.objects.all()).get())
    assert paper.cash == order.total - before
    assert desk.post(f"/api/staff/orders/{order.pk}/cash", {}).status_code == 200
    amounts = order.payments.order_by("id").values_list("amount", flat=True)
    assert list(amounts) == [before, order.total - before]


def test_what_is_invoiced_takes_no_more(desk, customer, settings):
    settings.INVOICE_AT = "paid"
    variant = factories.make_variant(stock=9)
    order = factories.make_order(
        customer=customer, variant=variant, method="online"
    )
    pay(order)
    assert add(desk, order, variant.sku).json()["code"] == "order_status"
