"""An order's work besides its way to the customer: packing, papers, mails sent again, goods
that come back.
"""

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Session
from markrin.outbox.models import OutboxEvent
from orders import tasks
from orders.models import OrderEvent
from products.models import StockLevel
from tests import factories
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
PACKING = "/admin/orders/order/queue/pack/"


@pytest.fixture
def packer():
    client = Client()
    client.force_login(factories.make_user(role="staff", groups=("orders",)))
    return client


def step(client, row, name, **data):
    path = reverse(
        f"admin:{row._meta.app_label}_{row._meta.model_name}_step",
        args=[row.pk, name],
    )
    assert client.get(path).status_code == 200
    return client.post(path, data)


def test_the_queue_has_what_can_be_packed_oldest_first_and_what_to_fetch_for_it(
    packer,
):
    shared = factories.make_variant(stock=9, sku="AAA-1")
    second = factories.make_order(variant=shared, quantity=2, status="processing")
    third = factories.make_order(
        variant=factories.make_variant(sku="BBB-1"), status="confirmed"
    )
    fourth = factories.make_order(variant=shared, quantity=3, status="confirmed")
    factories.make_order(status="pending")
    factories.make_order(status="shipped")
    factories.make_order(method="online")  # waits for its payment

    page = packer.get(PACKING)
    assert [each["order"] for each in page.context["rounds"]] == [
        second,
        third,
        fourth,
    ]
    assert [
        (pick.sku, pick.pieces, pick.orders) for pick in page.context["picks"]
    ] == [
        ("AAA-1", 5, 2),
        ("BBB-1", 1, 1),
    ]
    text = page.content.decode()
    for order in (second, third):
        assert reverse("admin:orders_order_step", args=[order.pk, "pack"]) in text


def test_the_queue_goes_on_and_makes_as_many_queries_for_many_as_for_one(
    packer, monkeypatch
):
    from orders.admin import desk

    factories.make_order(status="confirmed")
    packer.get(PACKING)
    with CaptureQueriesContext(connection) as for_one:
        packer.get(PACKING)
    for _ in range(3):
        factories.make_order(status="confirmed")
    with CaptureQueriesContext(connection) as for_many:
        packer.get(PACKING)
    assert len(for_one) == len(for_many)

    monkeypatch.setattr(desk, "ORDERS_PER_PAGE", 3)
    first, rest = packer.get(PACKING), packer.get(f"{PACKING}?p=2")
    assert [len(page.context["rounds"]) for page in (first, rest)] == [3, 1]
    assert (first.context["later"], rest.context["later"]) == (2, None)
    assert packer.get(f"{PACKING}?p=-1").context["page"] == 1


def test_an_invoice_opens_from_the_order(packer):
    order = factories.make_order(status="shipped")
    page = reverse(
        "admin:orders_order_invoice", args=[order.pk, order.invoices.get().pk]
    )
    opened = packer.get(reverse("admin:orders_order_change", args=[order.pk]))
    assert page.encode() in opened.content
    answer = packer.get(page)
    assert (answer.status_code, answer["Content-Type"], answer.content[:5]) == (
        200,
        "application/pdf",
        b"%PDF-",
    )
    catalogue = Client()
    catalogue.force_login(factories.make_user(role="staff", groups=("catalogue",)))
    assert catalogue.get(page).status_code == 403


def test_a_mail_is_sent_again_as_one_of_its_own(packer, customer):
    order = factories.make_order(customer=customer)
    tasks.confirm_by_mail(order_id=str(order.pk))
    assert step(packer, order, "resend", mail="placed").status_code == 302
    row = OutboxEvent.objects.get(task="orders.mail_again")
    assert row.payload["mail_name"] == "placed"
    sent = [tasks.mail_again(**row.payload) for _ in range(2)]
    first, again, retried = [
        message.extra_headers["Message-ID"] for message in mail.outbox
    ]
    assert first != again == retried == (sent[0] or {})["message_id"]
    assert (mail.outbox[1].to, mail.outbox[1].subject) == (
        [customer.email],
        mail.outbox[0].subject,
    )
    event = OrderEvent.objects.get(order=order, kind="mail")
    assert (event.is_public, event.note) == (
        False,
        "To be sent again: Confirmation of the order.",
    )


def test_a_mail_that_does_not_fit_the_order_is_not_offered(packer):
    order = factories.make_order()
    assert step(packer, order, "resend", mail="shipped").status_code == 422
    assert not OutboxEvent.objects.filter(task="orders.mail_again").exists()


def test_some_pieces_come_back_and_their_price_goes_back(packer):
    variant = factories.make_variant(stock=5)
    order = factories.make_order(
        variant=variant, quantity=2, status="delivered", paid=True
    )
    line = order.lines.get()
    before = StockLevel.objects.get(variant=variant).on_hand
    field = f"line_{line.pk.hex}"
    assert (
        step(
            packer, order, "return", **{field: "3", "reason": "Too small."}
        ).status_code
        == 422
    )
    assert (
        step(
            packer, order, "return", **{field: "0", "reason": "Too small."}
        ).status_code
        == 422
    )
    done = step(
        packer,
        order,
        "return",
        **{field: "1", "reason": "Too small.", "restock": "on", "refund": "on"},
    )
    assert done.status_code == 302
    order.refresh_from_db()
    assert (order.status, order.refunded) == ("delivered", line.unit_price)
    assert StockLevel.objects.get(variant=variant).on_hand == before + 1
    assert (
        step(
            packer, order, "return", **{field: "1", "reason": "This one, too."}
        ).status_code
        == 302
    )
    order.refresh_from_db()
    assert order.status == "returned"
    assert (
        StockLevel.objects.get(variant=variant).on_hand == before + 1
    )  # not to be sold again


def test_a_refund_says_what_is_left_and_takes_no_more(packer):
    order = factories.make_order(status="delivered", paid=True)
    path = reverse("admin:orders_order_step", args=[order.pk, "refund"])
    half = order.total / 2
    assert (
        step(
            packer, order, "refund", amount=str(half), reason="Half.", key="a"
        ).status_code
        == 302
    )
    assert f"{half:,.2f} of" in packer.get(path).content.decode()
    assert (
        packer.post(
            path, {"amount": str(order.total), "reason": "All.", "key": "b"}
        ).status_code
        == 422
    )


def test_a_number_an_address_or_a_name_finds_the_order(packer):
    order = factories.make_order(guest_email="findme@example.com")
    factories.make_order()
    for text in (
        order.number,
        order.number.lower(),
        order.number[-6:].lstrip("0"),
        "findme@example.com",
    ):
        found = (
            packer.get("/admin/orders/order/", {"q": text})
            .context["cl"]
            .result_list
        )
        assert [each.pk for each in found] == [order.pk], text


def test_a_customer_is_signed_out_and_anonymised_by_an_admin_and_by_nobody_else(
    admin_user, packer, api
):
    user = factories.make_user(password=PASSWORD)
    assert (
        api.post(
            "/api/auth/login", json={"email": user.email, "password": PASSWORD}
        ).status_code
        == 200
    )
    page = reverse("admin:accounts_user_change", args=[user.pk])
    boss = Client()
    boss.force_login(admin_user)
    assert "sessions, the newest 50" in boss.get(page).content.decode().lower()
    for name in ("sign-out", "erase"):
        assert (
            packer.post(
                reverse("admin:accounts_user_step", args=[user.pk, name])
            ).status_code
            == 403
        )

    assert step(boss, user, "sign-out").status_code == 302
    assert Session.objects.get(user=user).revoked_reason
    assert step(boss, user, "erase").status_code == 302
    user.refresh_from_db()
    assert (user.name, user.is_active) == ("Erased", False)
    assert (
        step(boss, admin_user, "erase").status_code == 422
    )  # staff's deeds stay theirs
