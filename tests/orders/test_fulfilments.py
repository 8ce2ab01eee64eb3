"""Parcels: an order leaves in parts, is corrected, comes back, and everything agrees after it."""

import contextlib
import io

import pytest
from django.core.management import CommandError, call_command

from markrin.outbox.models import OutboxEvent
from orders.models import Carrier, Fulfilment
from products.models import Purchase, StockLevel
from tests.factories import key, make_order, make_user, make_variant


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


def order_of(quantity=3, status="confirmed", **more):
    return make_order(quantity=quantity, status=status, **more)


def level_of(order):
    level = StockLevel.objects.get(variant=order.lines.get().variant_id)
    return level.on_hand, level.reserved


def pack(desk, order, quantity=None, **more):
    lines = (
        {}
        if quantity is None
        else {
            "lines": [{"lineId": str(order.lines.get().pk), "quantity": quantity}]
        }
    )
    return desk.post(
        f"/api/staff/orders/{order.pk}/fulfilments",
        {**lines, **more},
        headers=key(),
    )


def move(desk, parcel, status, **more):
    return desk.post(
        f"/api/staff/fulfilments/{parcel['id']}/transition",
        {"status": status, **more},
    )


def cancel(desk, order, quantity):
    line = {"lineId": str(order.lines.get().pk), "quantity": quantity}
    return desk.post(
        f"/api/staff/orders/{order.pk}/cancellations",
        {"lines": [line], "reason": "One is damaged."},
        headers=key(),
    )


def test_an_order_leaves_in_parts(desk, api, customer):
    order = order_of(customer=customer)
    first = pack(
        desk, order, 2, tracking={"carrier": "Delhivery", "trackingNumber": "A1"}
    )
    assert first.status_code == 201, first.json()
    assert first.json()["status"] == "partially_shipped"
    assert level_of(order) == (3, 1)
    second = pack(desk, order).json()
    assert (second["status"], level_of(order)) == ("shipped", (2, 0))
    one, two = second["fulfilments"]
    assert move(desk, one, "delivered").json()["status"] == "shipped"
    assert move(desk, two, "delivered").json()["status"] == "delivered"
    assert Purchase.objects.filter(user=customer).count() == 1
    seen = api.as_user(customer).get(f"/api/orders/{order.pk}").json()
    assert [
        (each["status"], each["carrier"], each["trackingNumber"], each["lines"])
        for each in seen["fulfilments"]
    ] == [
        (
            "delivered",
            "Delhivery",
            "A1",
            [{"lineId": seen["items"][0]["id"], "quantity": 2}],
        ),
        ("delivered", "", "", [{"lineId": seen["items"][0]["id"], "quantity": 1}]),
    ]
    assert OutboxEvent.objects.filter(task="orders.shipped_by_mail").count() == 2


@pytest.mark.parametrize("quantity", [4, 20])
def test_no_more_leave_than_are_wanted(desk, quantity):
    order = order_of()
    refused = pack(desk, order, quantity)
    assert (refused.status_code, refused.json()["code"]) == (422, "parcel_too_many")
    assert not Fulfilment.objects.exists()
    assert level_of(order) == (5, 3)


def test_what_is_packed_is_not_packed_or_cancelled_again(desk):
    order = order_of()
    parcel = pack(desk, order, 2, ship=False).json()["fulfilments"][0]
    assert (parcel["status"], level_of(order)) == ("packed", (5, 3))
    assert pack(desk, order, 2).json()["code"] == "parcel_too_many"
    assert cancel(desk, order, 2).json()["code"] == "parcel_too_many"
    assert move(desk, parcel, "cancelled").json()["status"] == "processing"
    assert cancel(desk, order, 2).json()["items"][0]["cancelled"] == 2
    assert level_of(order) == (5, 1)


def test_the_link_comes_from_the_carrier_and_a_wrong_number_is_corrected(desk):
    Carrier.objects.create(
        name="Delhivery", url_pattern="https://d.example/{tracking}"
    )
    order = order_of()
    sent = pack(
        desk, order, tracking={"carrier": "delhivery", "trackingNumber": "WRONG1"}
    )
    parcel = sent.json()["fulfilments"][0]
    assert (parcel["carrier"], parcel["trackingUrl"]) == (
        "Delhivery",
        "https://d.example/WRONG1",
    )
    right = desk.put(
        f"/api/staff/fulfilments/{parcel['id']}",
        {"carrier": "Delhivery", "trackingNumber": "RIGHT1"},
    ).json()
    assert right["trackingUrl"] == "https://d.example/RIGHT1"
    told = OutboxEvent.objects.filter(task="orders.tracking_corrected_by_mail")
    assert told.count() == 1


def test_a_parcel_refused_at_the_door_comes_back_and_owes_nothing(
    desk, api, customer
):
    order = order_of(customer=customer)
    parcel = pack(desk, order).json()["fulfilments"][0]
    refused = move(desk, parcel, "undelivered", reason="refused")
    assert refused.json()["status"] == "undelivered"
    assert not Purchase.objects.exists()
    done = move(desk, parcel, "returned").json()
    assert (done["status"], done["paymentStatus"]) == ("returned", "unpaid")
    assert done["waived"] == done["total"]
    assert level_of(order) == (5, 0)
    cash = desk.post(f"/api/staff/orders/{order.pk}/cash", {})
    assert (cash.status_code, cash.json()["code"]) == (409, "order_status")
    mails = OutboxEvent.objects.filter(
        key__contains=parcel["id"], task__endswith="_by_mail"
    )
    assert {job.task for job in mails} == {
        "orders.shipped_by_mail",
        "orders.undelivered_by_mail",
    }


def test_an_undelivered_parcel_is_sent_again(desk):
    order = order_of()
    parcel = pack(desk, order).json()["fulfilments"][0]
    move(desk, parcel, "undelivered", reason="not_found")
    again = move(desk, parcel, "shipped").json()
    assert (again["status"], again["fulfilments"][0]["attempts"]) == ("shipped", 2)
    assert level_of(order) == (2, 0)
    assert OutboxEvent.objects.filter(task="orders.shipped_by_mail").count() == 2
    assert move(desk, parcel, "delivered").json()["status"] == "delivered"


def test_a_lost_parcel_gives_the_money_back_and_no_piece(desk):
    order = order_of(paid=True)
    parcel = pack(desk, order).json()["fulfilments"][0]
    lost = move(desk, parcel, "lost").json()
    assert (lost["status"], lost["refunded"]) == ("returned", lost["total"])
    assert lost["paymentStatus"] == "refunded"
    assert level_of(order) == (2, 0)


def test_one_parcel_refused_of_two_owes_its_share(desk):
    order = order_of(quantity=2)
    pack(desk, order, 1)
    first, second = pack(desk, order).json()["fulfilments"]
    move(desk, first, "delivered")
    move(desk, second, "undelivered", reason="refused")
    done = move(desk, second, "returned").json()
    assert done["status"] == "delivered"
    assert done["waived"] == done["items"][0]["unitPrice"]
    paid = desk.post(f"/api/staff/orders/{order.pk}/cash", {}).json()
    assert paid["paymentStatus"] == "paid"
    owed = float(done["total"]) - float(done["waived"])
    assert float(paid["payments"][0]["amount"]) == owed


def test_pieces_are_cancelled_and_the_last_one_cancels_the_order(desk):
    order = order_of(quantity=2, status="pending")
    left = cancel(desk, order, 1).json()
    assert (left["status"], left["waived"]) == (
        "pending",
        left["items"][0]["unitPrice"],
    )
    assert level_of(order) == (5, 1)
    gone = cancel(desk, order, 1).json()
    assert (gone["status"], level_of(order)) == ("cancelled", (5, 0))


def test_what_has_left_is_kept_when_the_rest_is_cancelled(desk):
    order = order_of(paid=True)
    pack(desk, order, 2)
    rest = desk.post(
        f"/api/staff/orders/{order.pk}/cancellations",
        {"reason": "Sold out."},
        headers=key(),
    ).json()
    assert rest["status"] == "shipped"
    assert rest["refunded"] == rest["items"][0]["unitPrice"]


def test_an_unpaid_online_order_is_not_packed(desk):
    order = make_order(method="online")
    assert pack(desk, order).json()["code"] == "order_status"


@pytest.mark.parametrize(
    "body",
    [
        {"status": "packed"},
        {"status": "shipped", "reason": "refused"},
        {"status": "nowhere"},
        {},
    ],
)
def test_refuses_a_step_that_is_none(desk, body):
    parcel = pack(desk, order_of()).json()["fulfilments"][0]
    path = f"/api/staff/fulfilments/{parcel['id']}/transition"
    assert desk.post(path, body).status_code == 400


@pytest.mark.parametrize("status", ["shipped", "returned", "cancelled"])
def test_a_delivered_parcel_stays_where_it_is(desk, status):
    parcel = pack(desk, order_of()).json()["fulfilments"][0]
    move(desk, parcel, "delivered")
    refused = move(desk, parcel, status)
    assert (refused.status_code, refused.json()["code"]) == (409, "parcel_status")


def test_two_entries_for_one_line_are_refused(desk):
    order = order_of(variant=make_variant(stock=5))
    line = {"lineId": str(order.lines.get().pk), "quantity": 1}
    path = f"/api/staff/orders/{order.pk}/fulfilments"
    assert desk.post(path, {"lines": [line, line]}).status_code == 400


def test_a_parcel_and_a_cancellation_asked_for_twice_are_one(desk):
    order, headers = order_of(), key()
    line = {"lineId": str(order.lines.get().pk), "quantity": 1}
    bodies = {
        "fulfilments": {"lines": [line]},
        "cancellations": {"lines": [line], "reason": "One is damaged."},
    }
    for name, body in bodies.items():
        path = f"/api/staff/orders/{order.pk}/{name}"
        assert desk.post(path, body).json()["code"] == "idempotency_key_missing"
        first, again = (desk.post(path, body, headers=headers) for _ in range(2))
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.headers["Idempotency-Replayed"] == "true"
    item = again.json()["items"][0]
    assert (item["shipped"], item["cancelled"]) == (1, 1)
