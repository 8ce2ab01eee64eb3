"""Stripe's stand-in, by Stripe's own library: what the documentation says of it holds."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import stripe

from tests.providers.stripe import StripeStandIn


@pytest.fixture
def server() -> Iterator[StripeStandIn]:
    stand_in, started = StripeStandIn(), time.time()
    stand_in.clock = lambda: started  # its time passes when a test says so
    with stand_in.running():
        yield stand_in


@pytest.fixture
def client(server: StripeStandIn) -> stripe.StripeClient:
    return client_of(server)


def client_of(
    server: StripeStandIn,
    *,
    timeout: float = 10,
    key: str = "sk_test_1",
    retries: int = 0,
):
    return stripe.StripeClient(
        key,
        base_addresses={"api": server.url},
        http_client=stripe.RequestsClient(timeout=timeout),
        max_network_retries=retries,
    )


def order_session(server: StripeStandIn, **more: Any) -> dict[str, Any]:
    price = {
        "currency": "inr",
        "unit_amount": 129950,
        "product_data": {"name": "MK-2026-000001"},
    }
    return {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": "http://shop.example/orders/1?session={CHECKOUT_SESSION_ID}",
        "cancel_url": "http://shop.example/orders/1",
        "client_reference_id": "payment-1",
        "expires_at": server.now() + 1800,
        "payment_intent_data": {"metadata": {"payment_id": "payment-1"}},
        **more,
    }


def list_events(server: StripeStandIn) -> list[str]:
    """Return the types of the events, each read as the shop reads it: by the library."""
    return [
        stripe.Webhook.construct_event(
            body, headers["Stripe-Signature"], "whsec_1"
        ).type
        for body, headers in server.webhooks.take()
    ]


def test_a_session_is_paid_on_its_page(server, client):
    session = client.v1.checkout.sessions.create(order_session(server))
    assert (session.status, session.payment_status, session.payment_intent) == (
        "open",
        "unpaid",
        None,
    )
    assert (
        "Pay with a card that is declined"
        in requests.get(session.url, timeout=5).text
    )
    answer = requests.post(
        session.url, {"action": "pay"}, allow_redirects=False, timeout=5
    )
    assert answer.status_code == 303
    assert (
        answer.headers["Location"]
        == f"http://shop.example/orders/1?session={session.id}"
    )
    paid = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge"]}
    )
    assert (paid.status, paid.payment_status) == ("complete", "paid")
    assert paid.payment_intent.status == "succeeded"
    assert paid.payment_intent.metadata["payment_id"] == "payment-1"
    assert paid.payment_intent.latest_charge.amount == 129950
    assert list_events(server) == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]


def test_a_decline_leaves_the_session_open_for_another_card(server, client):
    session = client.v1.checkout.sessions.create(order_session(server))
    page = requests.post(session.url, {"action": "decline"}, timeout=5).text
    assert "Your card was declined." in page
    declined = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent"]}
    )
    assert (declined.status, declined.payment_intent.status) == (
        "open",
        "requires_payment_method",
    )
    assert declined.payment_intent.last_payment_error.code == "card_declined"
    server.pay(session.id)
    paid = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent"]}
    )
    assert paid.payment_intent.id == declined.payment_intent.id
    charges = client.v1.charges.list({"payment_intent": paid.payment_intent.id})
    assert [charge.status for charge in charges.data] == ["succeeded", "failed"]
    assert list_events(server).count("payment_intent.payment_failed") == 1


def test_a_session_ends_by_the_clock_or_by_us_and_never_twice(server, client):
    first, second = (
        client.v1.checkout.sessions.create(order_session(server)) for _ in range(2)
    )
    server.decline(first.id)
    intent = client.v1.checkout.sessions.retrieve(first.id).payment_intent
    with pytest.raises(
        stripe.InvalidRequestError, match="Expire the Checkout Session"
    ):
        client.v1.payment_intents.cancel(intent)
    assert client.v1.checkout.sessions.expire(first.id).status == "expired"
    assert client.v1.payment_intents.retrieve(intent).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        client.v1.checkout.sessions.expire(first.id)
    server.pass_time(1799)
    assert client.v1.checkout.sessions.retrieve(second.id).status == "open"
    server.pass_time(1)
    assert client.v1.checkout.sessions.retrieve(second.id).status == "expired"
    assert (
        "has expired"
        in requests.get(
            second.url or first.url or server.url + f"/c/pay/{second.id}", timeout=5
        ).text
    )
    assert list_events(server).count("checkout.session.expired") == 2


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"expires_at": 1}, "expires_at"),
        ({"success_url": ""}, "success_url"),
        ({"line_items": []}, "line_items"),
        ({"mode": "setup"}, "mode"),
    ],
)
def test_what_a_session_must_have(server, client, more, param):
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(order_session(server, **more))
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("currency", "amount"), [("kwd", 10005), ("inr", 0), ("rupees", 100)]
)
def test_amounts_are_whole_numbers_of_the_smallest_unit(client, currency, amount):
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.create({"amount": amount, "currency": currency})


def test_a_transfer_arrives_days_later_or_not_at_all(server, client):
    sessions = [
        client.v1.checkout.sessions.create(order_session(server)) for _ in range(2)
    ]
    for session in sessions:
        requests.post(
            session.url, {"action": "later"}, allow_redirects=False, timeout=5
        )
    waiting = client.v1.checkout.sessions.retrieve(sessions[0].id)
    assert (waiting.status, waiting.payment_status) == ("complete", "unpaid")
    server.settle(sessions[0].id)
    server.settle(sessions[1].id, ok=False)
    states = [
        client.v1.checkout.sessions.retrieve(one.id).payment_status
        for one in sessions
    ]
    assert states == ["paid", "unpaid"]
    types = list_events(server)
    assert "checkout.session.async_payment_succeeded" in types
    assert "checkout.session.async_payment_failed" in types


def test_an_intent_of_ones_own_form(server, client):
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "jpy"})
    with pytest.raises(stripe.CardError, match="declined"):
        client.v1.payment_intents.confirm(
            intent.id, {"payment_method": "pm_card_chargeDeclined"}
        )
    paid = client.v1.payment_intents.confirm(
        intent.id, {"payment_method": "pm_card_visa"}
    )
    assert (paid.status, paid.amount_received) == ("succeeded", 500)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.payment_intents.cancel(intent.id)
    assert caught.value.code == "payment_intent_unexpected_state"


def paid_intent(
    server: StripeStandIn, client: stripe.StripeClient, amount: int = 10000
) -> str:
    intent = client.v1.payment_intents.create({"amount": amount, "currency": "inr"})
    client.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    server.webhooks.take()
    return intent.id


def test_refunds_add_up_to_the_charge_wherever_they_are_made(server, client):
    intent = paid_intent(server, client)
    made = client.v1.refunds.create(
        {"payment_intent": intent, "amount": 4000, "metadata": {"a": "b"}}
    )
    assert (made.status, made.metadata["a"]) == ("succeeded", "b")
    server.refund(intent, 5000)  # in the dashboard
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        client.v1.refunds.create({"payment_intent": intent, "amount": 1001})
    client.v1.refunds.create({"payment_intent": intent})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent, "amount": 1})
    assert caught.value.code == "charge_already_refunded"
    amounts = [
        one.amount
        for one in client.v1.refunds.list({"payment_intent": intent}).data
    ]
    assert amounts == [1000, 5000, 4000]
    assert list_events(server) == ["refund.created", "charge.refunded"] * 3


def test_a_refund_fails_and_its_money_is_back(server, client):
    server.refund_mode = "pending"
    intent = paid_intent(server, client)
    made = client.v1.refunds.create({"payment_intent": intent})
    assert made.status == "pending"
    server.finish_refund(made.id, ok=False)
    failed = client.v1.refunds.retrieve(made.id)
    assert (failed.status, failed.failure_reason) == (
        "failed",
        "lost_or_stolen_card",
    )
    charge = client.v1.charges.list({"payment_intent": intent}).data[0]
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    balance = client.v1.balance.retrieve().available[0].amount
    assert balance == 10000 - 236


def test_a_key_does_once_what_it_is_used_for(server, client):
    intent = paid_intent(server, client)
    sent = {"payment_intent": intent, "amount": 100}
    first, second = (
        client.v1.refunds.create(sent, {"idempotency_key": "k"}) for _ in range(2)
    )
    assert first.id == second.id
    with pytest.raises(stripe.IdempotencyError):
        client.v1.refunds.create({**sent, "amount": 200}, {"idempotency_key": "k"})
    assert len(client.v1.refunds.list().data) == 1


def test_disputes_take_the_money_and_give_it_back(server, client):
    won, lost = (paid_intent(server, client) for _ in range(2))
    disputes = [server.open_dispute(intent)["id"] for intent in (won, lost)]
    assert client.v1.disputes.retrieve(disputes[0]).status == "needs_response"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": won})
    assert caught.value.code == "charge_disputed"
    server.close_dispute(disputes[0], won=True)
    server.close_dispute(disputes[1], won=False)
    listed = client.v1.disputes.list({"payment_intent": won}).data
    assert [one.status for one in listed] == ["won"]
    moves = [one.net for one in listed[0].balance_transactions]
    assert moves == [-10000 - 1500, 10000]
    types = list_events(server)
    assert types[:2] == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]
    assert types.count("charge.dispute.closed") == 2
    assert types.count("charge.dispute.funds_reinstated") == 1


def test_a_payout_is_the_sum_of_its_transactions(server, client):
    intent = paid_intent(server, client)
    client.v1.refunds.create({"payment_intent": intent, "amount": 1000})
    payout = server.pay_out()
    assert payout is not None
    moved = client.v1.balance_transactions.list({"payout": payout["id"]}).data
    assert {one.type for one in moved} == {"charge", "refund", "payout"}
    assert sum(one.net for one in moved) == 0
    assert client.v1.payouts.retrieve(payout["id"]).amount == 10000 - 236 - 1000
    assert client.v1.balance.retrieve().available[0].amount == 0
    assert server.pay_out() is None


def test_lists_are_read_page_by_page_and_between_two_moments(server, client):
    start = server.now()
    for n in range(7):
        client.v1.payment_intents.create({"amount": 100 + n, "currency": "inr"})
        server.pass_time(10)
    page = client.v1.payment_intents.list({"limit": 3})
    assert (len(page.data), page.has_more) == (3, True)
    assert [one.amount for one in page.auto_paging_iter()] == [
        106,
        105,
        104,
        103,
        102,
        101,
        100,
    ]
    some = client.v1.payment_intents.list(
        {"created": {"gte": start + 20, "lt": start + 40}}
    )
    assert [one.amount for one in some.data] == [103, 102]
    events = client.v1.events.list(
        {"type": "payment_intent.created", "limit": 2}
    ).data
    assert [one.data.object["amount"] for one in events] == [106, 105]


def test_who_has_no_key_is_told_so(server):
    with pytest.raises(stripe.AuthenticationError):
        client_of(server, key="sk_test_2").v1.balance.retrieve()
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client_of(server).v1.payment_intents.retrieve("pi_none")
    assert (caught.value.http_status, caught.value.code) == (
        404,
        "resource_missing",
    )


def test_faults(server, client):
    intent = client.v1.payment_intents.create({"amount": 100, "currency": "inr"})
    server.fail("status", "GET /v1/payment_intents", status=503, times=2)
    for _ in range(2):
        with pytest.raises(stripe.APIError):
            client.v1.payment_intents.retrieve(intent.id)
    server.fail("drop", "GET")
    with pytest.raises(stripe.APIConnectionError):
        client.v1.payment_intents.retrieve(intent.id)
    server.fail("hang", "GET", times=None)
    with pytest.raises(stripe.APIConnectionError):
        client_of(server, timeout=0.2).v1.payment_intents.retrieve(intent.id)
    server.clear_faults()
    assert client.v1.payment_intents.retrieve(intent.id).id == intent.id


def test_an_answer_that_is_lost_was_done_all_the_same(server):
    client = client_of(server, retries=1)
    intent = paid_intent(server, client)
    server.fail("lost", "POST /v1/refunds")
    made = client.v1.refunds.create(
        {"payment_intent": intent, "amount": 100}, {"idempotency_key": "r"}
    )
    assert [one.id for one in client.v1.refunds.list().data] == [made.id]


def test_events_are_lost_doubled_held_and_told_backwards(server, client, httpd):
    server.webhooks.url = httpd.url
    server.webhooks.lose, server.webhooks.duplicate = (
        r"charge\.",
        r"payment_intent\.succeeded",
    )
    server.webhooks.hold = r"refund\."
    intent = client.v1.payment_intents.create({"amount": 10000, "currency": "inr"})
    client.v1.payment_intents.confirm(intent.id)
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 1})
    client.v1.refunds.create({"payment_intent": intent.id, "amount": 2})
    server.webhooks.flush()
    assert [one["type"] for one in httpd.got] == [
        "payment_intent.created",
        "payment_intent.succeeded",
        "payment_intent.succeeded",
    ]
    server.webhooks.release(backwards=True)
    server.webhooks.flush()
    assert [one["data"]["object"]["amount"] for one in httpd.got[3:]] == [2, 1]


def test_an_event_is_told_again_until_it_is_taken(server, client, httpd):
    server.webhooks.url, server.webhooks.retry_after_s = httpd.url, 0.01
    httpd.answers = [500, 503, 200]
    client.v1.payment_intents.create({"amount": 100, "currency": "inr"})
    server.webhooks.flush()
    assert server.webhooks.told[0].statuses == [500, 503, 200]
    assert len({one["id"] for one in httpd.got}) == 1


def test_as_a_process_it_takes_orders_by_http(tmp_path, process):
    url = process("stripe")
    control = lambda name, **sent: requests.post(  # noqa: E731 (short, and used four times)
        f"{url}/_control/{name}", json=sent, timeout=5
    )
    made = requests.post(
        f"{url}/v1/payment_intents",
        {"amount": "100", "currency": "inr"},
        headers={"Authorization": "Bearer sk_test_1"},
        timeout=5,
    ).json()
    assert control("clock", seconds=60).status_code == 200
    assert (
        control("faults", kind="status", where="GET", status=502).status_code == 200
    )
    auth = {"Authorization": "Bearer sk_test_1"}
    assert (
        requests.get(f"{url}/v1/balance", headers=auth, timeout=5).status_code
        == 502
    )
    state = requests.post(f"{url}/_control/state", json={}, timeout=5).json()
    assert made["id"] in {one["id"] for one in state}
    assert control("nothing").status_code == 404
    assert json.loads(control("refund", payment=made["id"]).text)["error"]["type"]
