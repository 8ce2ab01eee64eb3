"""Two of the same at once, and a session that dies in the middle: a return is judged once, pieces
are cancelled once, edits queue up, an exchange is whole or not there. The money moves once.
"""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, connection

from markrin.ops.verify import rules
from orders.gateways.base import Notice, Outcome
from orders.models import (
    LedgerLine,
    Order,
    OrderEvent,
    Payment,
    Refund,
    Return,
    ReturnRequest,
)
from orders.services import (
    checkout,
    credit_notes,
    exchanges,
    ledger,
    provider_events,
    return_requests,
)
from orders.services.lifecycle import Actor
from orders.staff_schemas import JudgedPieces, ReturnApproval, ReturnJudgement
from products.models import StockLevel, Variant
from products.services.stock import movements
from tests.client import Client
from tests.concurrency.threads import run_concurrently
from tests.factories import key, make_order, make_product, make_user, make_variant

pytestmark = pytest.mark.django_db(transaction=True)

PRICE = Decimal("33.35")


@pytest.fixture(autouse=True)
def nothing_is_wrong(settings, tmp_path):
    """After each test the rules of the orders' rows hold."""
    settings.MEDIA_ROOT = tmp_path
    yield
    breaches = [
        one
        for rule in rules.list_row_rules()
        if rule.table.startswith(("orders_", "products_stock"))
        for one in rule.find_breaches()
    ]
    assert breaches == []


def desk() -> Client:
    return Client().as_user(make_user(role="staff", groups=("orders",)))


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Return the answers of these calls, made at one moment."""
    answers = run_concurrently(len(calls), lambda number: calls[number]())
    assert not [one for one in answers if isinstance(one, Exception)], answers
    return answers


def statuses(answers: list[Any]) -> list[int]:
    return sorted(one.status_code for one in answers)


def level_of(variant: Variant) -> tuple[int, int]:
    level = StockLevel.objects.get(variant=variant)
    return level.on_hand, level.reserved


def asked_back(
    *, pieces: int, swapped: bool = False
) -> tuple[Order, ReturnRequest]:
    """Return a delivered, paid order of three pieces, of which some are asked back."""
    customer = make_user()
    product = make_product(base_price=PRICE)
    small, large = (make_variant(product=product, size=s, stock=5) for s in "SL")
    order = make_order(
        customer=customer, variant=small, quantity=3, status="delivered", paid=True
    )
    line: dict[str, Any] = {"lineId": str(order.lines.get().pk), "quantity": pieces}
    if swapped:
        line["exchangeVariantId"] = str(large.pk)
    answer = (
        Client()
        .as_user(customer)
        .post(
            f"/api/orders/{order.pk}/returns",
            {"reason": "too_small", "lines": [line]},
            headers=key(),
        )
    )
    assert answer.status_code == 201, answer.json()
    return order, ReturnRequest.objects.get(pk=answer.json()["id"])


def receive(request: ReturnRequest, staff: Actor) -> None:
    return_requests.approve_request(
        ReturnApproval(), request_id=request.pk, actor=staff
    )
    return_requests.receive_request("", request_id=request.pk, actor=staff)


@pytest.mark.parametrize("same_key", [True, False])
def test_one_return_judged_by_four_at_once_is_paid_back_once(same_key):
    order, request = asked_back(pieces=2)
    clerks = [desk() for _ in range(4)] if not same_key else [desk()] * 4
    receive(request, Actor("staff", make_user(role="staff").pk))
    line = {"lineId": str(order.lines.get().pk), "sellable": 2}
    one_key = key()
    answers = at_once(
        *(
            partial(
                clerk.post,
                f"/api/staff/returns/{request.pk}/judge",
                {"lines": [line]},
                headers=one_key if same_key else key(),
            )
            for clerk in clerks
        )
    )
    assert statuses(answers) == ([200] * 4 if same_key else [200, 409, 409, 409])
    if not same_key:
        refused = {one.json()["code"] for one in answers if one.status_code == 409}
        assert refused == {"return_status"}
    assert Refund.objects.get().amount == 2 * PRICE
    assert Return.objects.count() == 1
    assert order.lines.get().returned == 2
    assert level_of(order.lines.get().variant) == (4, 0)


def test_pieces_cancelled_by_two_at_once_go_once_and_are_paid_back_once():
    """Two of three pieces are cancelled twice: only one can be; the money goes back once."""
    variant = make_variant(product=make_product(base_price=PRICE), stock=5)
    order = make_order(variant=variant, quantity=3, method="online")
    pay(order)
    url = f"/api/staff/orders/{order.pk}/cancellations"
    body = {
        "lines": [{"lineId": str(order.lines.get().pk), "quantity": 2}],
        "reason": "Torn.",
    }
    answers = at_once(
        *(partial(desk().post, url, body, headers=key()) for _ in "ab")
    )
    assert statuses(answers) == [201, 422]
    assert order.lines.get().cancelled == 2
    assert Refund.objects.get().amount == 2 * PRICE
    assert level_of(variant) == (5, 1)


def test_a_piece_each_cancelled_by_three_at_once_ends_the_order():
    variant = make_variant(product=make_product(base_price=PRICE), stock=5)
    order = make_order(variant=variant, quantity=3, method="online")
    pay(order)
    url = f"/api/staff/orders/{order.pk}/cancellations"
    body = {
        "lines": [{"lineId": str(order.lines.get().pk), "quantity": 1}],
        "reason": "Torn.",
    }
    answers = at_once(
        *(partial(desk().post, url, body, headers=key()) for _ in "abc")
    )
    assert statuses(answers) == [201, 201, 201]
    order.refresh_from_db()
    assert order.status == "cancelled"
    amounts = list(Refund.objects.values_list("amount", flat=True))
    assert len(amounts) == 3
    assert sum(amounts) == order.total
    assert level_of(variant) == (5, 0)


def pay(order: Order) -> None:
    """Let the gateway say that the order is paid."""
    page = order.payments.get()
    provider_events.record_notice(
        Notice(
            provider="test",
            event_id=str(page.pk),
            type="paid",
            outcome=Outcome.SUCCEEDED,
            ref=page.provider_ref,
            payment_id=page.pk,
            amount=page.amount,
            currency=page.currency,
        )
    )


def test_edits_of_one_order_at_once_lose_nothing():
    """Two add pieces, one corrects the address, one cancels a piece: each does or is refused as
    if it had come alone, and the sums are those of what is left."""
    product = make_product(base_price=PRICE)
    first, second = (make_variant(product=product, size=s, stock=9) for s in "SL")
    order = make_order(variant=first, quantity=2, guest_email="edits@example.com")
    url = f"/api/staff/orders/{order.pk}"

    def add(variant: Variant) -> Any:
        return desk().post(
            f"{url}/items", {"sku": variant.sku, "quantity": 1}, headers=key()
        )

    def correct() -> Any:
        return desk().patch(url, {"email": "right@example.com", "tags": ["vip"]})

    answers = at_once(
        partial(add, first), partial(add, first), partial(add, second), correct
    )
    assert statuses(answers) == [200, 201, 201, 201], [a.json() for a in answers]
    order.refresh_from_db()
    counts = dict(order.lines.values_list("sku", "quantity"))
    assert counts == {first.sku: 4, second.sku: 1}
    assert order.subtotal == 5 * PRICE
    assert (order.email, order.tags) == ("right@example.com", ["vip"])
    assert (level_of(first), level_of(second)) == ((9, 4), (9, 1))
    assert OrderEvent.objects.filter(order=order, kind="edit").count() == 4


# --- A session that ends in the middle -----------------------------------------------------------
def die_at(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """Let the database session end, as a killed process's does, after this function has run."""
    before = getattr(module, name)

    def call_and_die(*args: Any, **kwargs: Any) -> Any:
        before(*args, **kwargs)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    monkeypatch.setattr(module, name, call_and_die)


@pytest.mark.parametrize(
    ("module", "name"),
    [(checkout, "place_replacements"), (movements, "reserve_stock")],
)
def test_an_exchange_whose_approval_is_killed_is_not_there(
    monkeypatch, module, name
):
    _, request = asked_back(pieces=2, swapped=True)
    staff = Actor("staff", make_user(role="staff").pk)

    def approve() -> ReturnRequest:
        return return_requests.approve_request(
            ReturnApproval(), request_id=request.pk, actor=staff
        )

    die_at(monkeypatch, module, name)
    with pytest.raises(DatabaseError):
        approve()
    connection.close()
    request.refresh_from_db()
    large = request.lines.get().variant
    assert large is not None
    assert (request.status, request.exchange) == ("requested", None)
    assert (Order.objects.count(), level_of(large)) == (1, (5, 0))
    monkeypatch.undo()
    assert approve().exchange is not None
    assert (Order.objects.count(), level_of(large)) == (2, (5, 2))


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (return_requests, "_take_accepted"),
        (ledger, "book_payment"),
        (credit_notes, "settle"),
        (exchanges, "settle_exchange"),
    ],
)
def test_an_exchange_whose_judgement_is_killed_can_be_judged_again(
    monkeypatch, module, name
):
    order, request = asked_back(pieces=2, swapped=True)
    staff = Actor("staff", make_user(role="staff").pk)
    receive(request, staff)
    line_id = order.lines.get().pk
    one_key = key()["Idempotency-Key"]

    def judge() -> tuple[ReturnRequest, bool]:
        lines = [JudgedPieces(line_id=line_id, sellable=2)]
        return return_requests.judge_request(
            ReturnJudgement(lines=lines),
            request_id=request.pk,
            actor=staff,
            key=one_key,
        )

    booked = LedgerLine.objects.count()
    die_at(monkeypatch, module, name)
    with pytest.raises(DatabaseError):
        judge()
    connection.close()
    monkeypatch.undo()
    request.refresh_from_db()
    assert request.status == "received"
    assert not Refund.objects.exists()
    assert LedgerLine.objects.count() == booked
    assert judge()[1] is False
    assert judge()[1] is True
    made = Order.objects.get(exchange_of=request)
    assert (made.status, made.payment_status) == ("confirmed", "paid")
    assert Refund.objects.get().amount == 2 * PRICE == made.payable
    assert Payment.objects.filter(order=made).count() == 1
    assert level_of(order.lines.get().variant) == (4, 0)
