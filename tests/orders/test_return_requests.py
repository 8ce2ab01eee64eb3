"""Returns and exchanges that customers ask for: asked, approved, received, judged; and after each
the shop's own rules hold.
"""

import contextlib
import io
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from markrin.outbox.models import OutboxEvent
from orders.gateways.base import Notice, Outcome
from orders.models import Fulfilment, Order, Refund, ReturnRequest
from orders.order_links import sign_link
from orders.services import periodic, provider_events, return_requests
from products.models import Product, StockLevel
from tests.factories import (
    key,
    make_order,
    make_product,
    make_user,
    make_variant,
    move_to,
)


@pytest.fixture
def desk(api):
    return api.as_user(make_user(role="staff", groups=("orders",)))


@pytest.fixture(autouse=True)
def nothing_is_wrong(db, settings, tmp_path):
    """After each test the shop's own rules hold."""
    settings.MEDIA_ROOT = tmp_path
    yield
    out = io.StringIO()
    with contextlib.suppress(CommandError):
        call_command("verify", stdout=out, stderr=out)
    assert "nothing is wrong" in out.getvalue()


@pytest.fixture
def shirt():
    product = make_product()
    return {
        size: make_variant(product=product, size=size, stock=5)
        for size in ("S", "M", "L")
    }


def delivered(customer, variant, quantity=3, *, paid=True):
    return make_order(
        customer=customer,
        variant=variant,
        quantity=quantity,
        status="delivered",
        paid=paid,
    )


def ask_for_return(client, order, quantity=1, *, exchange=None, **headers):
    line = {"lineId": str(order.lines.get().pk), "quantity": quantity}
    if exchange is not None:
        line["exchangeVariantId"] = str(exchange.pk)
    return client.post(
        f"/api/orders/{order.pk}/returns",
        {"reason": "too_small", "lines": [line]},
        headers=headers or key(),
    )


def decide_return(desk, asked, step, **body):
    return desk.post(
        f"/api/staff/returns/{asked['id']}/{step}", body, headers=key()
    )


def judge_return(desk, asked, **pieces):
    line = {"lineId": asked["lines"][0]["lineId"], **pieces}
    return decide_return(desk, asked, "judge", lines=[line])


def level_of(variant):
    level = StockLevel.objects.get(variant=variant)
    return level.on_hand, level.reserved


def test_pieces_are_asked_back_judged_and_paid_back(api, desk, customer, shirt):
    order = delivered(customer, shirt["S"])
    client = api.as_user(customer)
    asked = ask_for_return(client, order, 3)
    assert asked.status_code == 201, asked.json()
    asked = asked.json()
    assert (asked["status"], asked["number"]) == ("requested", f"{order.number}-R1")
    assert (
        decide_return(desk, asked, "approve", note="Tags on, please").status_code
        == 200
    )
    assert decide_return(desk, asked, "receive").json()["status"] == "received"
    done = judge_return(desk, asked, sellable=1, damaged=1, refused=1)
    assert done.json()["status"] == "completed", done.json()
    assert level_of(shirt["S"]) == (3, 0)
    seen = client.get(f"/api/orders/{order.pk}").json()
    line = seen["items"][0]
    paid = Decimal(line["lineTotal"]) - Decimal(line["discount"])
    back = (2 * paid / 3).quantize(Decimal("0.01"))
    # Cash that is sent waits for a person.
    assert [(r.amount, r.state) for r in Refund.objects.all()] == [
        (back, "requested")
    ]
    assert (seen["status"], line["returned"]) == ("delivered", 2)
    assert [each["sellable"] for each in seen["returns"][0]["lines"]] == [1]
    assert seen["returnable"] == [{"lineId": line["id"], "quantity": 1}]
    told = OutboxEvent.objects.filter(task="orders.return_by_mail")
    assert told.count() == 4


def test_all_pieces_give_back_exactly_what_was_paid(api, desk, customer):
    variant = make_variant(
        stock=5, product=make_product(base_price=Decimal("33.35"))
    )
    order = delivered(customer, variant)
    for _ in range(3):
        asked = ask_for_return(api.as_user(customer), order, 1).json()
        decide_return(desk, asked, "approve")
        decide_return(desk, asked, "receive")
        judge_return(desk, asked, sellable=1)
    order.refresh_from_db()
    assert order.status == "returned"
    assert (
        sum(r.amount for r in Refund.objects.all()) == order.total - order.shipping
    )


def test_the_whole_order_gives_back_the_shipping_too(api, desk, customer):
    variant = make_variant(
        stock=5, product=make_product(base_price=Decimal("33.35"))
    )
    order = delivered(customer, variant)
    asked = ask_for_return(api.as_user(customer), order, 3).json()
    decide_return(desk, asked, "approve")
    decide_return(desk, asked, "receive")
    judge_return(desk, asked, sellable=3)
    assert order.shipping > 0
    assert Refund.objects.get().amount == order.total


def test_an_exchange_is_reserved_at_its_approval_and_leaves_when_paid(
    api, desk, customer, shirt
):
    order = delivered(customer, shirt["S"])
    asked = ask_for_return(
        api.as_user(customer), order, 2, exchange=shirt["M"]
    ).json()
    assert level_of(shirt["M"]) == (5, 0)
    approved = decide_return(desk, asked, "approve").json()
    assert level_of(shirt["M"]) == (5, 2)
    made = Order.objects.get(pk=approved["exchangeOrderId"])
    assert (made.status, made.payment_status, made.expires_at) == (
        "pending",
        "unpaid",
        None,
    )
    packed = desk.post(
        f"/api/staff/orders/{made.pk}/fulfilments", {}, headers=key()
    )
    assert packed.json()["code"] == "order_status"
    paying = api.as_user(customer).post(
        f"/api/orders/{made.pk}/payments", headers=key()
    )
    assert paying.json()["code"] == "nothing_to_pay"
    decide_return(desk, asked, "receive")
    judge_return(desk, asked, sellable=2)
    made.refresh_from_db()
    assert (made.status, made.payment_status) == ("confirmed", "paid")
    moved = Refund.objects.get()
    assert (moved.exchange_id, moved.state, moved.amount) == (
        made.pk,
        "succeeded",
        made.payable,
    )
    shipped = desk.post(
        f"/api/staff/orders/{made.pk}/fulfilments", {}, headers=key()
    )
    assert shipped.json()["status"] == "shipped", shipped.json()
    assert level_of(shirt["M"]) == (3, 0)


def test_a_refused_piece_has_no_replacement(api, desk, customer, shirt):
    order = delivered(customer, shirt["S"])
    asked = ask_for_return(
        api.as_user(customer), order, 3, exchange=shirt["M"]
    ).json()
    decide_return(desk, asked, "approve")
    decide_return(desk, asked, "receive")
    judge_return(desk, asked, sellable=1, refused=1)  # and one never came
    made = Order.objects.get(exchange_of=asked["id"])
    assert (made.status, made.lines.get().cancelled) == ("confirmed", 2)
    assert level_of(shirt["M"]) == (5, 1)
    assert Refund.objects.get().amount == made.payable


def test_an_exchange_that_will_not_be_is_let_go(api, desk, customer, shirt):
    order = delivered(customer, shirt["S"])
    client = api.as_user(customer)
    asked = ask_for_return(client, order, 2, exchange=shirt["M"]).json()
    decide_return(desk, asked, "approve")
    gone = client.post(f"/api/orders/{order.pk}/returns/{asked['id']}/cancel")
    assert gone.json()["status"] == "cancelled"
    assert level_of(shirt["M"]) == (5, 0)
    again = ask_for_return(client, order, 3, exchange=shirt["M"]).json()
    decide_return(desk, again, "approve")
    ReturnRequest.objects.filter(pk=again["id"]).update(
        send_by=timezone.now() - timedelta(minutes=1)
    )
    assert return_requests.expire_returns() == 1
    assert level_of(shirt["M"]) == (5, 0)
    assert return_requests.expire_returns() == 0


def test_a_replacement_that_was_paid_and_cancelled_pays_back(
    api, desk, customer, shirt
):
    order = delivered(customer, shirt["S"])
    client = api.as_user(customer)
    asked = ask_for_return(client, order, 1, exchange=shirt["M"]).json()
    decide_return(desk, asked, "approve")
    decide_return(desk, asked, "receive")
    judge_return(desk, asked, sellable=1)
    made = Order.objects.get(exchange_of=asked["id"])
    client.post(f"/api/orders/{made.pk}/cancel", {})
    back = Refund.objects.get(order=made)
    assert back.payment is not None
    # The cash of the first order; it is for a person to give back.
    assert (back.amount, back.payment.order_id) == (made.total, order.pk)


def test_it_is_given_back_as_store_credit_where_there_is_an_account(
    api, desk, customer, shirt
):
    order = delivered(customer, shirt["S"])
    asked = ask_for_return(api.as_user(customer), order, 3).json()
    decide_return(desk, asked, "approve")
    decide_return(desk, asked, "receive")
    line = {"lineId": asked["lines"][0]["lineId"], "sellable": 3}
    done = decide_return(desk, asked, "judge", lines=[line], toStoreCredit=True)
    assert done.json()["status"] == "completed", done.json()
    back = Refund.objects.get()
    assert (back.amount, back.state) == (order.total, "succeeded")
    assert back.gift_card is not None
    assert (back.gift_card.user, back.gift_card.balance) == (customer, order.total)

    guests = make_order(
        guest_email="g@example.com",
        variant=shirt["M"],
        status="delivered",
        paid=True,
    )
    asked = ask_for_return(
        api, guests, 1, **key(), **{"X-Order-Token": sign_link(guests)}
    ).json()
    decide_return(desk, asked, "approve")
    decide_return(desk, asked, "receive")
    line = {"lineId": asked["lines"][0]["lineId"], "sellable": 1}
    refused = decide_return(desk, asked, "judge", lines=[line], toStoreCredit=True)
    assert refused.json()["code"] == "no_account"
    assert ReturnRequest.objects.get(pk=asked["id"]).status == "received"


@pytest.mark.parametrize("days", [-31, None])
def test_the_window_ends(api, customer, shirt, days):
    order = (
        delivered(customer, shirt["S"]) if days else make_order(customer=customer)
    )
    if days:
        at = timezone.now() + timedelta(days=days)
        Fulfilment.objects.filter(order=order).update(delivered_at=at)
    refused = ask_for_return(api.as_user(customer), order)
    assert (refused.status_code, refused.json()["code"]) == (
        409,
        "return_window_over",
    )
    assert not ReturnRequest.objects.exists()


def test_nobody_asks_for_more_than_they_have(api, desk, customer, shirt):
    order = delivered(customer, shirt["S"])
    client = api.as_user(customer)
    assert ask_for_return(client, order, 4).json()["code"] == "return_too_many"
    assert ask_for_return(client, order, 2).status_code == 201
    assert ask_for_return(client, order, 2).json()["code"] == "return_too_many"
    # What is asked back is judged there, not taken back beside it.
    taken = desk.post(f"/api/staff/orders/{order.pk}/returns", {"reason": "a"})
    assert taken.json()["items"][0]["returned"] == 1


def test_a_return_asked_twice_is_one(api, customer, shirt):
    order = delivered(customer, shirt["S"])
    headers = key()
    first, second = (
        ask_for_return(api.as_user(customer), order, 1, **headers) for _ in range(2)
    )
    assert second.json() == first.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    assert ReturnRequest.objects.count() == 1


def test_what_is_wanted_instead_must_be_for_sale(api, customer, shirt):
    order = delivered(customer, shirt["S"])
    gone = make_variant(is_active=False)
    refused = ask_for_return(api.as_user(customer), order, 1, exchange=gone)
    assert (refused.status_code, refused.json()["code"]) == (
        422,
        "variant_not_on_sale",
    )


# --- Exchanges with a difference -----------------------------------------------------------------
def exchange(api, desk, customer, order, variant, quantity=1, **judged):
    """Have pieces exchanged; return the return as it was asked for, and the replacement's order."""
    asked = ask_for_return(api.as_user(customer), order, quantity, exchange=variant)
    assert asked.status_code == 201, asked.json()
    asked = asked.json()
    approved = decide_return(desk, asked, "approve")
    assert approved.status_code == 200, approved.json()
    decide_return(desk, asked, "receive")
    done = judge_return(desk, asked, **(judged or {"sellable": quantity}))
    assert done.status_code == 200, done.json()
    return asked, Order.objects.get(exchange_of=asked["id"])


def pay_rest(page):
    notice = Notice(
        provider="test",
        event_id=uuid4().hex,
        type="payment.succeeded",
        outcome=Outcome.SUCCEEDED,
        ref=page.provider_ref,
        payment_id=page.pk,
        amount=page.amount,
        currency=page.currency,
    )
    return provider_events.record_notice(notice)


@pytest.fixture
def coat():
    """Of another product that costs more than the shirt."""
    return make_variant(
        stock=5, product=make_product(base_price=Decimal("1999.00"))
    )


def test_a_dearer_piece_of_another_product_leaves_once_the_rest_is_paid(
    api, desk, customer, shirt, coat
):
    order = delivered(customer, shirt["S"])
    price = order.lines.get().unit_price
    asked, made = exchange(api, desk, customer, order, coat, 2)
    more = 2 * (coat.product.base_price - price)
    assert asked["lines"][0]["difference"] == str(more)
    assert (made.status, made.payment_status) == ("pending", "unpaid")
    assert (made.part_paid, made.due, made.total) == (
        2 * price,
        more,
        2 * coat.product.base_price,
    )
    assert made.expires_at is not None
    assert (
        OutboxEvent.objects.filter(task="orders.payment_link_by_mail").count() == 1
    )
    client = api.as_user(customer)
    shown = client.get(f"/api/orders/{made.pk}").json()
    assert (shown["paymentStatus"], shown["amountDue"]) == (
        "partially_paid",
        str(more),
    )
    assert client.post(f"/api/orders/{made.pk}/payments", headers=key()).json()
    assert pay_rest(made.payments.get(state="created")) == "paid"
    made.refresh_from_db()
    assert (made.status, made.payment_status) == ("confirmed", "paid")
    shipped = desk.post(
        f"/api/staff/orders/{made.pk}/fulfilments", {}, headers=key()
    )
    assert shipped.json()["status"] == "shipped", shipped.json()
    # It comes back in turn: the rest by its own payment, the other part by that of the first.
    move_to(made, "delivered")
    back = desk.post(
        f"/api/staff/orders/{made.pk}/refunds", {"reason": "a"}, headers=key()
    )
    assert back.status_code == 201, back.json()
    found = Refund.objects.filter(order=made).values_list(
        "payment__order", "amount"
    )
    assert sorted(found) == sorted([(made.pk, more), (order.pk, 2 * price)])


def test_a_rest_that_nobody_pays_ends_the_exchange_and_the_money_goes_back(
    api, desk, customer, shirt, coat
):
    order = delivered(customer, shirt["S"])
    _, made = exchange(api, desk, customer, order, coat)
    Order.objects.filter(pk=made.pk).update(
        expires_at=timezone.now() - timedelta(minutes=1)
    )
    assert periodic.expire_orders() == 1
    made.refresh_from_db()
    assert made.status == "cancelled"
    assert level_of(coat) == (5, 0)
    found = Refund.objects.filter(order=made).values_list(
        "amount", "payment__order"
    )
    assert list(found) == [(made.part_paid, order.pk)]


def test_a_cheaper_piece_gives_back_the_difference(api, desk, customer, coat):
    order = delivered(customer, coat)
    cheap = make_variant(
        stock=5, product=make_product(base_price=Decimal("333.35"))
    )
    asked, made = exchange(api, desk, customer, order, cheap, 2)
    less = 2 * (coat.product.base_price - Decimal("333.35"))
    assert asked["lines"][0]["difference"] == str(-less)
    assert (made.status, made.payment_status) == ("confirmed", "paid")
    found = Refund.objects.filter(order=order).values_list("exchange", "amount")
    assert sorted(found, key=str) == sorted(
        [(made.pk, Decimal("666.70")), (None, less)], key=str
    )


def test_a_size_that_costs_more_costs_only_what_the_sizes_differ(
    api, desk, customer, shirt
):
    """Whatever the first has come to cost since."""
    order = delivered(customer, shirt["S"])
    price = order.lines.get().unit_price
    Product.objects.filter(pk=shirt["S"].product_id).update(base_price=price + 500)
    long = make_variant(
        product=shirt["S"].product, size="XL", stock=5, base_price=price + 600
    )
    _, made = exchange(api, desk, customer, order, long, 3, sellable=1, refused=1)
    assert (made.part_paid, made.due) == (price, Decimal("100.00"))
    assert made.lines.get().cancelled == 2


def test_without_a_provider_the_rest_is_paid_at_the_door(
    api, desk, customer, shirt, coat, settings
):
    order = delivered(customer, shirt["S"])
    settings.ONLINE_PROVIDER = ""
    _, made = exchange(api, desk, customer, order, coat)
    assert (made.status, made.payment_method) == ("confirmed", "cod")
    move_to(made, "delivered")
    assert desk.post(f"/api/staff/orders/{made.pk}/cash", {}).status_code == 200
    made.refresh_from_db()
    assert made.payment_status == "paid"


@pytest.mark.parametrize("included", [True, False])
def test_amounts_with_tax_add_up_in_an_exchange_with_a_difference(
    api, desk, customer, settings, included
):
    settings.TAX_INCLUDED = included
    first, other = (
        make_variant(stock=5, product=make_product(base_price=Decimal(price)))
        for price in ("33.35", "77.77")
    )
    order = delivered(customer, first)
    _, made = exchange(api, desk, customer, order, other, 2)
    line = order.lines.get()
    charged = line.line_total - line.discount + (0 if included else line.tax)
    worth = (2 * charged / 3).quantize(Decimal("0.01"))
    assert (made.part_paid, made.payable) == (worth, made.total - made.waived)
    assert made.waived <= Decimal("0.04")
    assert pay_rest(made.payments.get(state="created")) == "paid"


def test_a_withdrawal_needs_nobodys_approval(api, desk, customer, shirt, settings):
    order = delivered(customer, shirt["S"])
    client, url = api.as_user(customer), f"/api/orders/{order.pk}/withdrawal"
    assert client.get(url).json()["until"] is None
    assert (
        client.post(url, {}, headers=key()).json()["code"] == "return_window_over"
    )
    settings.WITHDRAWAL_DAYS = 14
    offered = client.get(url).json()
    assert offered["lines"][0]["quantity"] == 3
    assert offered["until"]
    withdrawn = client.post(url, {}, headers=key()).json()
    assert (withdrawn["status"], withdrawn["isWithdrawal"]) == ("approved", True)
    label = client.get(f"/api/orders/{order.pk}/returns/{withdrawn['id']}/label")
    assert label.content.startswith(b"%PDF")
    decide_return(desk, withdrawn, "receive")
    judge_return(desk, withdrawn, sellable=3)
    assert Refund.objects.get().amount == order.total


# --- Guests --------------------------------------------------------------------------------------
def test_a_guest_does_all_of_it_with_the_link(api, desk, shirt):
    order = make_order(
        guest_email="g@example.com",
        variant=shirt["S"],
        quantity=2,
        status="delivered",
        paid=True,
    )
    link = {"X-Order-Token": sign_link(order)}
    assert api.get(f"/api/orders/{order.pk}").status_code == 404
    assert api.get(f"/api/orders/{order.pk}", headers=link).status_code == 200
    asked = ask_for_return(api, order, 1, **key(), **link)
    assert asked.status_code == 201
    url = f"/api/orders/{order.pk}/returns/{asked.json()['id']}/cancel"
    assert api.post(url).status_code == 404
    assert api.post(url, headers=link).status_code == 200
    # An account of the same address, or of another, locks nobody out.
    other = api.as_user(make_user())
    assert other.get(f"/api/orders/{order.pk}").status_code == 404
    assert other.get(f"/api/orders/{order.pk}", headers=link).status_code == 200


def test_the_link_ends_with_the_window_and_turns_with_the_key(api, shirt, settings):
    order = make_order(
        guest_email="g@example.com", variant=shirt["S"], status="delivered"
    )
    old, token = settings.SECRET_KEY, sign_link(order)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "n" * 60, [old]

    def status():
        headers = {"X-Order-Token": token}
        return api.get(f"/api/orders/{order.pk}", headers=headers).status_code

    assert status() == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert status() == 404
    settings.SECRET_KEY_FALLBACKS = [old]
    at = timezone.now() - timedelta(days=31)
    Fulfilment.objects.filter(order=order).update(delivered_at=at)
    assert status() == 404


def test_a_link_to_a_wrong_address_opens_nothing_once_that_is_corrected(api):
    order = make_order(guest_email="wrong@example.com")
    headers = {"X-Order-Token": sign_link(order)}
    assert api.get(f"/api/orders/{order.pk}", headers=headers).status_code == 200
    Order.objects.filter(pk=order.pk).update(email="right@example.com")
    assert api.get(f"/api/orders/{order.pk}", headers=headers).status_code == 404


def test_an_order_is_looked_up_by_number_and_address(api, settings):
    settings.RATE_LIMIT_SCALE = 1.0
    order = make_order(guest_email="g@example.com")

    def look_up_order(number, email):
        return api.post("/api/orders/lookup", {"number": number, "email": email})

    found = look_up_order(order.number.lower(), "G@example.com").json()
    headers = {"X-Order-Token": found["orderToken"]}
    assert api.get(f"/api/orders/{found['id']}", headers=headers).status_code == 200
    wrong, unknown = (
        look_up_order(order.number, "x@example.com"),
        look_up_order("MK-1999-1", "g@example.com"),
    )
    assert wrong.status_code == unknown.status_code == 404
    assert {**wrong.json(), "requestId": ""} == {**unknown.json(), "requestId": ""}
    for _ in range(10):
        last = look_up_order(order.number, "x@example.com")
    assert last.status_code == 429


def test_what_was_ordered_goes_into_the_cart_again(api, customer, shirt):
    order = delivered(customer, shirt["S"], 3)
    StockLevel.objects.filter(variant=shirt["S"]).update(on_hand=2)
    done = api.as_user(customer).post(f"/api/orders/{order.pk}/reorder").json()
    assert done["cart"]["itemCount"] == 2
    assert done["notAdded"] == [
        {
            "name": order.lines.get().name,
            "sku": shirt["S"].sku,
            "wanted": 3,
            "added": 2,
            "reason": "out_of_stock",
        }
    ]
    StockLevel.objects.filter(variant=shirt["S"]).update(on_hand=2)
