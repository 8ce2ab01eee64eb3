"""Razorpay's stand-in, by Razorpay's own library: what the documentation says of it holds."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import razorpay
import requests

from tests.providers.razorpay import DAY, RazorpayStandIn


@pytest.fixture
def server() -> Iterator[RazorpayStandIn]:
    stand_in, started = RazorpayStandIn(), time.time()
    stand_in.clock = lambda: started  # its time passes when a test says so
    with stand_in.running():
        yield stand_in


@pytest.fixture
def client(server: RazorpayStandIn) -> razorpay.Client:
    return razorpay.Client(auth=("rzp_test_1", "secret"), base_url=server.url)


def link_body(server: RazorpayStandIn, **more: Any) -> dict[str, Any]:
    return {
        "amount": 129950,
        "currency": "INR",
        "reference_id": "payment-1",
        "expire_by": server.now() + 16 * 60,
        "callback_url": "http://shop.example/orders/1",
        "callback_method": "get",
        "notes": {"payment_id": "payment-1"},
        **more,
    }


def list_events(
    server: RazorpayStandIn, client: razorpay.Client
) -> list[dict[str, Any]]:
    """Return the events, each verified as the shop does it: by the library."""
    events = []
    for body, headers in server.webhooks.take():
        assert client.utility.verify_webhook_signature(
            body.decode(), headers["X-Razorpay-Signature"], "hook"
        )
        events.append(json.loads(body))
    return events


def test_a_link_is_paid_on_its_page(server, client):
    link = client.payment_link.create(link_body(server))
    assert (link["status"], link["payments"], link["amount_paid"]) == (
        "created",
        None,
        0,
    )
    answer = requests.post(
        link["short_url"], {"action": "pay"}, allow_redirects=False, timeout=5
    )
    sent = {
        name: values[0]
        for name, values in parse_qs(
            urlsplit(answer.headers["Location"]).query
        ).items()
    }
    assert sent["razorpay_payment_link_status"] == "paid"
    assert client.utility.verify_payment_link_signature(
        {
            "payment_link_id": sent["razorpay_payment_link_id"],
            "payment_link_reference_id": sent["razorpay_payment_link_reference_id"],
            "payment_link_status": sent["razorpay_payment_link_status"],
            "razorpay_payment_id": sent["razorpay_payment_id"],
            "razorpay_signature": sent["razorpay_signature"],
        }
    )
    paid = client.payment_link.fetch(link["id"])
    assert (paid["status"], paid["amount_paid"]) == ("paid", 129950)
    assert paid["payments"][0]["payment_id"] == sent["razorpay_payment_id"]
    payment = client.payment.fetch(sent["razorpay_payment_id"])
    assert (payment["status"], payment["captured"], payment["order_id"]) == (
        "captured",
        True,
        paid["order_id"],
    )
    assert [one["event"] for one in list_events(server, client)] == [
        "payment.authorized",
        "payment.captured",
        "order.paid",
        "payment_link.paid",
    ]


def test_a_decline_leaves_the_link_open(server, client):
    link = client.payment_link.create(link_body(server))
    assert (
        "declined"
        in requests.post(link["short_url"], {"action": "decline"}, timeout=5).text
    )
    assert client.payment_link.fetch(link["id"])["status"] == "created"
    server.pay(link["id"])
    order = client.payment_link.fetch(link["id"])["order_id"]
    tries = client.order.payments(order)["items"]
    assert [one["status"] for one in tries] == ["captured", "failed"]
    assert tries[1]["error_code"] == "BAD_REQUEST_ERROR"


def test_a_link_ends_by_the_clock_or_by_us(server, client):
    first = client.payment_link.create(link_body(server))
    second = client.payment_link.create(link_body(server, reference_id="payment-2"))
    assert client.payment_link.cancel(first["id"])["status"] == "cancelled"
    with pytest.raises(razorpay.errors.BadRequestError, match="already cancelled"):
        client.payment_link.cancel(first["id"])
    server.pass_time(16 * 60)
    assert client.payment_link.fetch(second["id"])["status"] == "expired"
    page = requests.get(second["short_url"], timeout=5).text
    assert "expired" in page
    assert "<button" not in page


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"expire_by": 1}, "at least 15 minutes"),
        ({"amount": 99}, "minimum amount"),
        ({"amount": 10005, "currency": "KWD"}, "last digit"),
        ({"callback_method": "post"}, "callback_method"),
        ({"reference_id": "r" * 41}, "40 characters"),
    ],
)
def test_what_a_link_must_have(server, client, more, field):
    with pytest.raises(razorpay.errors.BadRequestError, match=field):
        client.payment_link.create(link_body(server, **more))


def test_a_reference_has_one_link_and_finds_it(server, client):
    link = client.payment_link.create(link_body(server))
    with pytest.raises(razorpay.errors.BadRequestError, match="already exists"):
        client.payment_link.create(link_body(server))
    found = client.payment_link.all({"reference_id": "payment-1"})["payment_links"]
    assert [one["id"] for one in found] == [link["id"]]
    payment = server.pay(link["id"])
    found = client.payment_link.all({"payment_id": payment["id"]})["payment_links"]
    assert [one["id"] for one in found] == [link["id"]]


def test_an_authorized_payment_is_captured_or_goes_back(server, client):
    server.auto_capture = False
    taken, left = (
        server.pay(
            client.payment_link.create(link_body(server, reference_id=name))["id"]
        )
        for name in ("a", "b")
    )
    with pytest.raises(razorpay.errors.BadRequestError, match="should be captured"):
        client.payment.refund(taken["id"], {"amount": 100})
    with pytest.raises(razorpay.errors.BadRequestError, match="must be equal"):
        client.payment.capture(taken["id"], 100, {"currency": "INR"})
    client.payment.capture(taken["id"], 129950, {"currency": "INR"})
    server.pass_time(5 * DAY)
    assert client.payment.fetch(taken["id"])["status"] == "captured"
    back = client.payment.fetch(left["id"])
    assert (back["status"], back["captured"], back["amount_refunded"]) == (
        "refunded",
        False,
        129950,
    )


def test_a_failed_payment_may_turn_out_to_be_made(server, client):
    link = client.payment_link.create(link_body(server))
    failed = server.decline(link["id"])
    client.payment_link.cancel(link["id"])
    server.pay_late(failed["id"], captured=True)
    assert client.payment.fetch(failed["id"])["status"] == "captured"
    assert client.payment_link.fetch(link["id"])["status"] == "cancelled"
    assert [one["event"] for one in list_events(server, client)] == [
        "payment.failed",
        "payment_link.cancelled",
        "payment.authorized",
        "payment.captured",
        "order.paid",
    ]


def pay_order(
    server: RazorpayStandIn, client: razorpay.Client, amount: int = 10000
) -> str:
    order = client.order.create(
        {"amount": amount, "currency": "INR", "notes": {"payment_id": "p"}}
    )
    payment = server.pay(order["id"])
    server.webhooks.take()
    return str(payment["id"])


def test_refunds_add_up_wherever_they_are_made(server, client):
    payment = pay_order(server, client)
    key = {"X-Refund-Idempotency": "refund-0001"}
    made = client.payment.refund(
        payment, {"amount": 4000, "notes": {"refund_id": "r"}}, headers=dict(key)
    )
    again = client.payment.refund(
        payment, {"amount": 4000, "notes": {"refund_id": "r"}}, headers=dict(key)
    )
    assert made["id"] == again["id"]
    with pytest.raises(razorpay.errors.BadRequestError, match="idempotency"):
        client.payment.refund(payment, {"amount": 4001}, headers=dict(key))
    server.refund(payment, 5000)
    with pytest.raises(razorpay.errors.BadRequestError, match="greater than"):
        client.payment.refund(payment, {"amount": 1001})
    server.refund(payment)
    with pytest.raises(razorpay.errors.BadRequestError, match="fully refunded"):
        client.payment.refund(payment, {"amount": 1})
    amounts = [one["amount"] for one in client.refund.all()["items"]]
    assert amounts == [1000, 5000, 4000]
    assert client.payment.fetch(payment)["refund_status"] == "full"
    assert [one["event"] for one in list_events(server, client)] == [
        "refund.created",
        "refund.processed",
    ] * 3


def test_a_refund_fails_and_its_money_is_back(server, client):
    server.refund_mode = "pending"
    payment = pay_order(server, client)
    made = client.payment.refund(payment, {"amount": 10000})
    assert made["status"] == "pending"
    server.finish_refund(made["id"], ok=False)
    assert client.refund.fetch(made["id"])["status"] == "failed"
    assert client.payment.fetch(payment)["amount_refunded"] == 0


def test_disputes_take_money_when_they_are_lost(server, client):
    won, lost = pay_order(server, client), pay_order(server, client)
    disputes = [server.open_dispute(payment)["id"] for payment in (won, lost)]
    assert client.dispute.fetch(disputes[1])["amount_deducted"] == 0
    server.close_dispute(disputes[0], won=True)
    server.close_dispute(disputes[1], won=False)
    listed = {one["id"]: one for one in client.dispute.all()["items"]}
    assert listed[disputes[0]]["status"] == "won"
    assert listed[disputes[1]]["amount_deducted"] == 10000
    assert [one["event"] for one in list_events(server, client)] == [
        "payment.dispute.created",
        "payment.dispute.created",
        "payment.dispute.won",
        "payment.dispute.lost",
    ]


def test_a_settlement_is_the_sum_of_its_report(server, client):
    first, second = pay_order(server, client), pay_order(server, client)
    client.payment.refund(first, {"amount": 1000})
    server.close_dispute(server.open_dispute(second, 500)["id"], won=False)
    settled = server.settle()
    assert settled is not None
    at = datetime.fromtimestamp(settled["created_at"], UTC)
    report = client.settlement.report(
        {"year": at.year, "month": at.month, "day": at.day}
    )["items"]
    assert sorted(one["type"] for one in report) == [
        "adjustment",
        "payment",
        "payment",
        "refund",
    ]
    total = sum(one["credit"] - one["debit"] for one in report)
    assert (
        total
        == client.settlement.fetch(settled["id"])["amount"]
        == 2 * (10000 - 236) - 1500
    )
    assert server.settle() is None
    assert list_events(server, client)[-1]["event"] == "settlement.processed"


def test_lists_are_read_page_by_page_and_between_two_moments(server, client):
    start = server.now()
    for n in range(7):
        pay_order(server, client, 10000 + n)
        server.pass_time(10)
    pages = [
        client.payment.all({"count": 3, "skip": skip})["items"]
        for skip in (0, 3, 6)
    ]
    assert [[one["amount"] - 10000 for one in page] for page in pages] == [
        [6, 5, 4],
        [3, 2, 1],
        [0],
    ]
    some = client.payment.all({"from": start + 20, "to": start + 39})["items"]
    assert [one["amount"] - 10000 for one in some] == [3, 2]
    with pytest.raises(razorpay.errors.BadRequestError, match="count"):
        client.payment.all({"count": 101})


def test_who_has_no_key_and_what_does_not_exist(server, client):
    other = razorpay.Client(auth=("rzp_test_1", "other"), base_url=server.url)
    with pytest.raises(
        razorpay.errors.BadRequestError, match="Authentication failed"
    ):
        other.payment.all()
    with pytest.raises(razorpay.errors.BadRequestError, match="does not exist"):
        client.payment.fetch("pay_none")


def test_faults(server, client):
    server.fail("status", "GET", status=502)
    with pytest.raises(razorpay.errors.ServerError):
        client.payment.all()
    server.fail("hang", "GET", times=None)
    with pytest.raises(requests.RequestException):
        client.payment.all(timeout=0.2)
    server.clear_faults()
    assert client.payment.all()["items"] == []


def test_as_a_process_it_tells_by_http(process, httpd):
    url = process("razorpay", "--webhooks", httpd.url)
    client = razorpay.Client(auth=("rzp_test_1", "secret"), base_url=url)
    link = client.payment_link.create({"amount": 5000, "currency": "INR"})
    payment = requests.post(
        f"{url}/_control/pay", json={"ref": link["id"]}, timeout=5
    ).json()
    assert payment["status"] == "captured"
    assert (
        requests.post(f"{url}/_control/flush", json={}, timeout=30).status_code
        == 200
    )
    assert [one["event"] for one in httpd.got][-1] == "payment_link.paid"
