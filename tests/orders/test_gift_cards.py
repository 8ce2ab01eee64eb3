"""Gift cards and store credit: paid with, given back, sold; and the ledger behind them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from markrin.ops.verify import rules
from orders import errors, gift_card_codes
from orders.gateways import local
from orders.models import (
    GiftCard,
    GiftCardEntry,
    LedgerEntry,
    LedgerLine,
    Order,
    Payment,
    Refund,
)
from orders.models.fulfilment import ParcelStatus
from orders.services import (
    fulfilments,
    gift_card_sales,
    gift_cards,
    ledger,
    periodic,
    transitions,
)
from orders.services.lifecycle import Actor
from orders.staff_schemas import ParcelMove
from tests.factories import (
    age,
    key,
    make_cart_line,
    make_coupon,
    make_gift_card,
    make_order,
    make_product,
    make_user,
    make_variant,
    move_to,
    order_body,
)
from tests.outbox.helpers import drain

STAFF = Actor("staff")


@pytest.fixture(autouse=True)
def no_shipping(settings):
    settings.SHIPPING_FEE = Decimal(0)


@pytest.fixture(autouse=True)
def sound_books(request):
    """After each test every rule about orders and money holds."""
    if "db" not in request.fixturenames and "api" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("db")
    yield
    found = [
        breach
        for rule in rules.list_row_rules()
        if rule.table.startswith("orders_")
        for breach in rule.find_breaches()
    ]
    assert found == []
    assert on_cards() == -ledger.balances(["gift_cards"]).get(
        ("gift_cards", "INR"), Decimal(0)
    )


def on_cards() -> Decimal:
    return sum((card.balance for card in GiftCard.objects.all()), Decimal(0))


def priced(price="1000.00", **more):
    return make_variant(product=make_product(base_price=price, **more), stock=20)


def buy(api, customer, *, variant=None, **more):
    make_cart_line(customer=customer, variant=variant or priced())
    return api.as_user(customer).post(
        "/api/orders", order_body(customer, **more), headers=key()
    )


def pay_online(api, order, *, event_id="evt_1"):
    payment = Payment.objects.get(order=order, provider="test")
    body, headers = local.webhook(
        event_id=event_id,
        kind="payment.succeeded",
        payment_id=payment.pk,
        amount=payment.amount,
        currency=payment.currency,
    )
    return api.send(
        "POST",
        "/api/payments/webhooks/test",
        body,
        "application/json",
        headers=headers,
    )


def refused(response):
    return response.status_code, response.json()["code"]


# --- Paid with -----------------------------------------------------------------------------------
def test_a_card_pays_a_part_and_the_rest_is_due_at_the_door(api, customer):
    card, code = make_gift_card("400.00")
    body = buy(api, customer, giftCardCodes=[f" {code.lower()}\u200b"]).json()
    assert body["giftCards"] == [{"last4": code[-4:], "amount": "400.00"}]
    assert (body["total"], body["amountDue"], body["amountPaid"]) == (
        "1000.00",
        "600.00",
        "400.00",
    )
    assert body["paymentStatus"] == "partially_paid"
    order = Order.objects.get()
    card.refresh_from_db()
    assert (card.balance, order.status) == (Decimal(0), "pending")
    move_to(order, "delivered")
    transitions.mark_cash_paid(order_id=order.pk, actor=STAFF)
    cash = Payment.objects.get(provider="cod")
    shown = api.as_user(customer).get(f"/api/orders/{order.pk}").json()
    assert (cash.amount, shown["paymentStatus"]) == (Decimal("600.00"), "paid")
    assert (shown["amountPaid"], shown["amountDue"]) == ("1000.00", "0.00")
    assert shown["giftCards"] == body["giftCards"]
    assert ledger.owed(order.pk) == 0


def test_cards_that_cover_an_order_pay_it(api, customer):
    _, one = make_gift_card("300.00")
    second, two = make_gift_card("900.00")
    body = buy(
        api, customer, giftCardCodes=[one, two], expectedAmountDue="0.00"
    ).json()
    assert [card["amount"] for card in body["giftCards"]] == ["300.00", "700.00"]
    assert (body["paymentStatus"], body["status"]) == ("paid", "confirmed")
    second.refresh_from_db()
    assert second.balance == 200
    with pytest.raises(errors.OrderNotIn):
        transitions.mark_cash_paid(order_id=Order.objects.get().pk, actor=STAFF)


def test_the_rest_is_paid_online(api, customer):
    _, code = make_gift_card("400.00")
    placed = buy(api, customer, paymentMethod="online", giftCardCodes=[code]).json()
    payment = Payment.objects.get(provider="test")
    assert payment.amount == Decimal("600.00")
    order = Order.objects.get(pk=placed["id"])
    pay_online(api, order)
    order.refresh_from_db()
    assert (order.status, order.payment_status) == ("confirmed", "paid")


def test_the_carts_card_and_store_credit_pay_credit_first(api, customer):
    _, code = make_gift_card("400.00")
    gift_cards.issue_store_credit(
        user_id=customer.pk, amount=Decimal("100.00"), reason="Sorry.", actor=STAFF
    )
    shop = api.as_user(customer)
    make_cart_line(customer=customer, variant=priced())
    cart = shop.post("/api/cart/gift-cards", {"code": code}).json()
    assert [card["balance"] for card in cart["giftCards"]] == ["400.00"]
    assert cart["storeCredit"] == {"balance": "100.00", "used": False}
    assert cart["quote"]["amountDue"] == "600.00"
    cart = shop.put("/api/cart/store-credit", {"use": True}).json()
    assert cart["quote"]["giftCards"] == [
        {"last4": "", "amount": "100.00"},
        {"last4": code[-4:], "amount": "400.00"},
    ]
    placed = shop.post(
        "/api/orders",
        order_body(customer, expectedAmountDue="500.00"),
        headers=key(),
    ).json()
    assert placed["amountDue"] == "500.00"
    cart = shop.get("/api/cart").json()
    assert (cart["giftCards"], cart["storeCredit"]) == ([], None)
    credit = shop.get("/api/store-credit").json()
    assert credit["balance"] == "0.00"
    assert [(e["kind"], e["amount"]) for e in credit["entries"]] == [
        ("redeem", "-100.00"),
        ("issue", "100.00"),
    ]


def test_a_card_is_taken_off_the_cart_again(api, customer):
    card, code = make_gift_card()
    make_cart_line(customer=customer)
    shop = api.as_user(customer)
    shop.post("/api/cart/gift-cards", {"code": code})
    path = f"/api/cart/gift-cards/{card.pk}"
    assert shop.delete(path).json()["giftCards"] == []
    assert shop.delete(path).status_code == 404


@pytest.mark.parametrize("how", ["empty", "expired", "blocked"])
def test_a_card_that_cannot_be_used_is_refused_and_changes_nothing(
    api, customer, how
):
    card, code = make_gift_card()
    if how == "empty":
        gift_cards.correct_card(
            card_id=card.pk, amount=Decimal(-500), reason="Typo.", actor=STAFF
        )
    elif how == "blocked":
        gift_cards.set_blocked(card_id=card.pk, blocked=True)
    else:
        GiftCard.objects.update(expires_at=timezone.now())
    answer = buy(api, customer, giftCardCodes=[code])
    assert refused(answer) == (409, "gift_card_unusable")
    answer = api.as_user(customer).post("/api/cart/gift-cards", {"code": code})
    assert refused(answer) == (409, "gift_card_unusable")
    assert not Order.objects.exists()


def test_a_card_that_was_spent_elsewhere_meanwhile_is_told(api, customer):
    _, code = make_gift_card("400.00")
    shop = api.as_user(customer)
    shop.post("/api/cart/gift-cards", {"code": code})
    assert buy(api, make_user(), giftCardCodes=[code]).status_code == 201
    answer = buy(api, customer, expectedAmountDue="600.00")
    assert refused(answer) == (409, "quote_changed")
    assert answer.json()["quote"]["amountDue"] == "1000.00"


# --- Codes ---------------------------------------------------------------------------------------
def test_what_is_left_on_a_card(api):
    _, code = make_gift_card("250.00")
    answer = api.post("/api/gift-cards/balance", {"code": code}).json()
    assert answer == {
        "last4": code[-4:],
        "balance": "250.00",
        "currency": "INR",
        "expiresAt": None,
        "usable": True,
    }
    answer = api.post("/api/gift-cards/balance", {"code": "ABCD-EFGH-JKLM-NPQR"})
    assert refused(answer) == (422, "gift_card_unknown")


def test_guesses_are_limited_and_right_codes_do_not_count(api, settings):
    settings.RATE_LIMIT_SCALE = 1
    _, code = make_gift_card()
    for _ in range(15):
        answer = api.post("/api/gift-cards/balance", {"code": code})
        assert answer.status_code == 200
    guesses = [
        api.post("/api/gift-cards/balance", {"code": f"GUESS-{number}"}).status_code
        for number in range(12)
    ]
    assert guesses == [422] * 10 + [429] * 2
    assert api.post("/api/cart/gift-cards", {"code": code}).status_code == 429


@pytest.mark.django_db
def test_no_code_stands_anywhere_in_plain_text():
    _, code = make_gift_card(email="asha@example.com")
    drain()
    assert code in mail.outbox[0].body
    with connection.cursor() as cursor:
        for table in ("orders_giftcard", "orders_giftcardentry", "outbox_event"):
            cursor.execute(f"SELECT string_agg(t::text, ' ') FROM {table} AS t")
            text = cursor.fetchone()[0]
            assert code not in text
            assert code.replace("-", "") not in text


@pytest.mark.django_db
def test_keys_are_turned_over(settings):
    card, code = make_gift_card()
    old = settings.GIFT_CARD_KEYS
    settings.GIFT_CARD_KEYS = ["new" * 20, *old]
    assert card.code_hash in gift_card_codes.list_hashes(code)
    assert gift_card_codes.decrypt(card.code_encrypted) == code
    call_command("rotate_gift_card_keys")
    settings.GIFT_CARD_KEYS = ["new" * 20]
    card.refresh_from_db()
    assert [card.code_hash] == gift_card_codes.list_hashes(code)
    assert gift_card_codes.decrypt(card.code_encrypted) == code
    settings.GIFT_CARD_KEYS = ["another" * 10]
    with pytest.raises(errors.GiftCardUnreadable):
        gift_card_codes.decrypt(card.code_encrypted)


# --- Given back ----------------------------------------------------------------------------------
def test_a_refund_goes_to_the_provider_first_then_to_the_card(api, customer):
    card, code = make_gift_card("400.00")
    placed = buy(api, customer, paymentMethod="online", giftCardCodes=[code]).json()
    order = Order.objects.get(pk=placed["id"])
    pay_online(api, order)
    desk = api.as_user(make_user(role="staff", groups=("orders",)))
    path = f"/api/staff/orders/{order.pk}/refunds"
    body = {"amount": "700.00", "reason": "Damaged."}
    assert desk.post(path, body, headers=key()).status_code == 201
    back = list(
        order.refunds.order_by("id").values_list(
            "payment__provider", "amount", "state"
        )
    )
    assert back == [
        ("test", Decimal("600.00"), "requested"),
        ("gift_card", Decimal("100.00"), "succeeded"),
    ]
    drain()
    assert (
        desk.post(path, {"reason": "All."}, headers=key()).json()["amount"]
        == "300.00"
    )
    card.refresh_from_db()
    order.refresh_from_db()
    assert (card.balance, order.payment_status) == (Decimal(400), "refunded")
    answer = desk.post(path, {"reason": "More."}, headers=key())
    assert answer.status_code in (409, 422)


def test_one_of_two_lines_of_a_part_payment_comes_back(api, customer):
    card, code = make_gift_card("400.00")
    make_cart_line(customer=customer, variant=priced("700.00"))
    answer = buy(api, customer, paymentMethod="online", giftCardCodes=[code])
    order = Order.objects.get(pk=answer.json()["id"])
    assert pay_online(api, order).status_code == 200
    move_to(order, "delivered")
    desk = api.as_user(make_user(role="staff", groups=("orders",)))
    for price, back in (
        ("700.00", [("test", "700.00")]),
        (
            "1000.00",
            [("test", "700.00"), ("test", "600.00"), ("gift_card", "400.00")],
        ),
    ):
        line = order.lines.get(unit_price=price)
        body = {
            "lines": [{"lineId": str(line.pk), "quantity": 1}],
            "reason": "Too big.",
            "refund": True,
        }
        path = f"/api/staff/orders/{order.pk}/returns"
        assert desk.post(path, body, headers=key()).status_code == 201
        drain()
        found = order.refunds.order_by("id").values_list(
            "payment__provider", "amount"
        )
        assert list(found) == [(name, Decimal(amount)) for name, amount in back]
    card.refresh_from_db()
    assert card.balance == 400


def test_cash_goes_back_before_the_card(api, customer):
    card, code = make_gift_card("400.00")
    placed = buy(api, customer, giftCardCodes=[code]).json()
    order = Order.objects.get(pk=placed["id"])
    move_to(order, "delivered")
    transitions.mark_cash_paid(order_id=order.pk, actor=STAFF)
    desk = api.as_user(make_user(role="staff", groups=("orders",)))
    body = {"lines": [], "reason": "Too big.", "refund": True}
    del body["lines"]
    assert (
        desk.post(
            f"/api/staff/orders/{order.pk}/returns", body, headers=key()
        ).status_code
        == 201
    )
    back = list(
        order.refunds.order_by("id").values_list(
            "payment__provider", "amount", "state"
        )
    )
    assert back == [
        ("cod", Decimal("600.00"), "succeeded"),
        ("gift_card", Decimal("400.00"), "succeeded"),
    ]
    card.refresh_from_db()
    assert card.balance == 400


def test_a_parcel_refused_at_the_door_credits_the_card(api, customer):
    card, code = make_gift_card(
        "400.00", expires_at=timezone.now() + timedelta(days=1)
    )
    placed = buy(api, customer, giftCardCodes=[code]).json()
    order = Order.objects.get(pk=placed["id"])
    move_to(order, "shipped")
    parcel = order.fulfilments.get()
    for status in (ParcelStatus.UNDELIVERED, ParcelStatus.RETURNED):
        fulfilments.move_parcel(
            ParcelMove(status=status), fulfilment_id=parcel.pk, actor=STAFF
        )
    card.refresh_from_db()
    order.refresh_from_db()
    assert (card.balance, order.waived, order.refunded) == tuple(
        map(Decimal, (400, 600, 400))
    )
    assert (order.status, order.payment_status) == ("returned", "refunded")
    assert ledger.owed(order.pk) == 0
    assert ledger.balances(["revenue"]).get(("revenue", "INR"), 0) == 0
    # The card was about to end: what came back can be spent for 90 days.
    assert card.expires_at is not None
    assert card.expires_at > timezone.now() + timedelta(days=89)


def test_pieces_cancelled_lower_what_is_due_first(api, customer):
    card, code = make_gift_card("900.00")
    make_cart_line(customer=customer, variant=priced("300.00"))
    placed = buy(api, customer, giftCardCodes=[code]).json()  # 1300, 400 due
    order = Order.objects.get(pk=placed["id"])
    dear = next(line for line in order.lines.all() if line.unit_price == 1000)
    desk = api.as_user(make_user(role="staff", groups=("orders",)))
    body = {"lines": [{"lineId": str(dear.pk), "quantity": 1}], "reason": "Torn."}
    shown = desk.post(
        f"/api/staff/orders/{order.pk}/cancellations", body, headers=key()
    ).json()
    assert (shown["waived"], shown["refunded"]) == ("400.00", "600.00")
    assert (shown["paymentStatus"], shown["amountDue"]) == ("paid", "0.00")
    card.refresh_from_db()
    assert card.balance == 600


@pytest.mark.parametrize("method", ["cod", "online"])
def test_a_cancelled_order_gives_the_card_its_money_back(api, customer, method):
    card, code = make_gift_card("400.00")
    placed = buy(api, customer, paymentMethod=method, giftCardCodes=[code]).json()
    order = Order.objects.get(pk=placed["id"])
    if method == "online":
        age(order, expires_at=timezone.now())
        periodic.expire_orders()
        pay_online(api, order)  # too late: it goes back
        drain()
    else:
        api.as_user(customer).post(
            f"/api/orders/{order.pk}/cancel", {"reason": ""}, headers=key()
        )
    card.refresh_from_db()
    order.refresh_from_db()
    assert (card.balance, order.status) == (Decimal(400), "cancelled")
    shown = api.as_user(customer).get(f"/api/orders/{order.pk}").json()
    online = method == "online"
    assert shown["paymentStatus"] == ("refunded" if online else "unpaid")
    assert (shown["amountDue"], shown["amountRefunded"]) == (
        "0.00",
        "1000.00" if online else "400.00",
    )


def test_a_refund_as_store_credit(api, customer):
    order = make_order(
        customer=customer, variant=priced(), status="delivered", paid=True
    )
    desk = api.as_user(make_user(role="staff", groups=("orders",)))
    body = {"amount": "250.00", "reason": "Late.", "toStoreCredit": True}
    made = desk.post(f"/api/staff/orders/{order.pk}/refunds", body, headers=key())
    assert made.json()["state"] == "succeeded"
    credit = api.as_user(customer).get("/api/store-credit").json()
    assert credit["balance"] == "250.00"
    assert credit["entries"][0]["orderNumber"] == order.number
    drain()
    assert "store credit" in mail.outbox[-1].body
    guest = make_order(
        guest_email="g@example.com", variant=priced(), status="delivered", paid=True
    )
    answer = desk.post(f"/api/staff/orders/{guest.pk}/refunds", body, headers=key())
    assert refused(answer) == (409, "no_account")


# --- Sold ----------------------------------------------------------------------------------------
@pytest.fixture
def product_card():
    return priced("500.00", is_gift_card=True, name="Gift card")


def test_a_card_that_is_sold_is_mailed_once_it_is_paid(api, customer, product_card):
    make_coupon(code="TEN")
    make_cart_line(customer=customer, variant=product_card, quantity=2)
    shop = api.as_user(customer)
    quote = shop.get("/api/cart").json()["quote"]
    assert (quote["total"], quote["tax"], quote["shipping"]) == (
        "1000.00",
        "0.00",
        "0.00",
    )
    refusal = shop.put("/api/cart/coupon", {"code": "TEN"})
    assert refused(refusal) == (422, "coupon_not_applicable")
    body = order_body(customer, paymentMethod="online")
    placed = shop.post("/api/orders", body, headers=key()).json()
    drain()
    assert not GiftCard.objects.exists()
    order = Order.objects.get(pk=placed["id"])
    pay_online(api, order)
    mail.outbox.clear()
    drain()
    order.refresh_from_db()
    assert (order.status, GiftCard.objects.count()) == ("delivered", 2)
    assert {card.balance for card in GiftCard.objects.all()} == {500}
    codes = [
        gift_card_codes.decrypt(card.code_encrypted)
        for card in GiftCard.objects.all()
    ]
    assert len(mail.outbox) == 2
    assert {
        code for code in codes for each in mail.outbox if code in each.body
    } == set(codes)
    assert ledger.balances(["revenue"]).get(("revenue", "INR"), 0) == 0
    assert ledger.owed(order.pk) == 0
    # Told twice, made once.
    with transaction.atomic():
        gift_card_sales.issue_sold_cards(order_id=order.pk)
    assert GiftCard.objects.count() == 2


def test_cards_are_bought_alone_online_and_with_money(api, customer, product_card):
    shop = api.as_user(customer)
    shop.post("/api/cart/items", {"variantId": str(product_card.pk)})
    answer = shop.post("/api/cart/items", {"variantId": str(priced().pk)})
    assert refused(answer) == (422, "gift_cards_alone")
    body = order_body(customer)
    assert refused(shop.post("/api/orders", body, headers=key())) == (
        422,
        "gift_cards_alone",
    )
    _, code = make_gift_card("500.00")
    body |= {"paymentMethod": "online", "giftCardCodes": [code]}
    placed = shop.post("/api/orders", body, headers=key()).json()
    assert (placed["giftCards"], placed["amountDue"]) == ([], "500.00")


def test_what_was_bought_and_not_spent_can_be_refunded(api, customer, product_card):
    make_cart_line(customer=customer, variant=product_card)
    body = order_body(customer, paymentMethod="online")
    placed = api.as_user(customer).post("/api/orders", body, headers=key()).json()
    order = Order.objects.get(pk=placed["id"])
    pay_online(api, order)
    drain()
    card = GiftCard.objects.get()
    code = gift_card_codes.decrypt(card.code_encrypted)
    buy(api, make_user(), variant=priced("250.00"), giftCardCodes=[code])
    desk = api.as_user(make_user(role="staff", groups=("orders",)))
    path = f"/api/staff/orders/{order.pk}/refunds"
    answer = desk.post(path, {"reason": "All."}, headers=key())
    assert refused(answer) == (409, "gift_card_spent")
    card.refresh_from_db()
    left = card.balance
    body = {"amount": f"{left:.2f}", "reason": "The rest."}
    assert desk.post(path, body, headers=key()).status_code == 201
    card.refresh_from_db()
    assert (left, card.balance) == (Decimal(250), Decimal(0))
    drain()
    assert ledger.owed(order.pk) == 0


# --- The ledger ----------------------------------------------------------------------------------
@pytest.mark.django_db
def test_never_below_nothing_and_never_rewritten():
    card, _ = make_gift_card("100.00")
    with pytest.raises(errors.GiftCardSpent):
        gift_cards.correct_card(
            card_id=card.pk, amount=Decimal(-101), reason="x", actor=STAFF
        )
    statements = {
        "gift_card_balance_not_negative": "UPDATE orders_giftcard SET balance = -1",
        "gift_card_equals_its_entries": "UPDATE orders_giftcard SET balance = 99",
        "gift_card_entries_only_grow": "UPDATE orders_giftcardentry SET amount = 99",
        "gift_card_entry_sign_fits_kind": "INSERT INTO orders_giftcardentry (id, card_id,"
        " kind, key, amount, actor, reason) SELECT gen_random_uuid(), id, 'issue', 'k', -1,"
        " 'staff', '' FROM orders_giftcard",
    }
    for name, statement in statements.items():
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            with pytest.raises(IntegrityError) as caught, transaction.atomic():
                cursor.execute(statement)
        cause: Any = caught.value.__cause__
        assert cause.diag.constraint_name == name


@pytest.mark.django_db
def test_what_expires_and_what_staff_do_is_booked():
    card, _ = make_gift_card("100.00")
    gift_cards.correct_card(
        card_id=card.pk, amount=Decimal(-30), reason="Typo.", actor=STAFF
    )
    GiftCard.objects.update(expires_at=timezone.now())
    assert (gift_cards.expire_cards(), gift_cards.expire_cards()) == (1, 0)
    sums = {account: amount for (account, _), amount in ledger.balances().items()}
    assert sums == {"gift_cards": 0, "goodwill": 70, "breakage": -70}
    assert list(
        GiftCardEntry.objects.order_by("id").values_list("kind", flat=True)
    ) == [
        "issue",
        "correct",
        "expire",
    ]
    assert LedgerEntry.objects.count() == 3
    assert LedgerLine.objects.count() == 6
    assert not Refund.objects.exists()
