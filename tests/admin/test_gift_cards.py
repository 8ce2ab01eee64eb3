"""Gift cards in the admin: given away, corrected, found by their code."""

from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from orders import gift_card_codes
from orders.models import GiftCard, GiftCardEntry
from tests.factories import make_gift_card, make_user
from tests.outbox.helpers import drain

pytestmark = pytest.mark.django_db
ADD = "admin:orders_giftcard_add"
LIST = "admin:orders_giftcard_changelist"


@pytest.fixture
def clerk(client):
    client.force_login(make_user(role="admin"))
    return client


def post(client, path, **data):
    return client.post(path, data, follow=True)


def step(card, name):
    return reverse("admin:orders_giftcard_step", args=[card.pk, name])


def test_staff_give_a_card_away_and_it_is_mailed(clerk, mailoutbox):
    body = {"amount": "500.00", "reason": "Sorry.", "email": "asha@example.com"}
    page = post(clerk, reverse(ADD), **body)
    assert page.status_code == 200, page.content
    card = GiftCard.objects.get()
    entry = GiftCardEntry.objects.get()
    assert (card.balance, entry.reason) == (Decimal(500), "Sorry.")
    assert entry.by is not None
    assert entry.actor == "staff"
    drain()
    code = gift_card_codes.decrypt(card.code_encrypted)
    assert code in mailoutbox[0].body
    page = clerk.get(reverse(LIST), {"q": code.lower().replace("-", " ")})
    assert f"…{card.last4}" in page.content.decode()
    page = post(clerk, step(card, "code"))
    assert code in page.content.decode()
    assert not LogEntry.objects.filter(change_message__contains=code).exists()
    assert LogEntry.objects.filter(
        change_message__contains="Show the code"
    ).exists()


def test_staff_give_store_credit(clerk, mailoutbox):
    customer = make_user()
    body = {"amount": "50.00", "reason": "Thanks.", "user": str(customer.pk)}
    post(clerk, reverse(ADD), **body), post(clerk, reverse(ADD), **body)
    assert customer.gift_cards.get().balance == 100
    drain()
    assert [mail.to for mail in mailoutbox] == [[customer.email]] * 2
    refused = post(clerk, reverse(ADD), **body, email="asha@example.com")
    assert "has no code to mail" in refused.content.decode()


def test_staff_correct_and_block_and_say_why(clerk):
    card, _ = make_gift_card("100.00")
    page = post(clerk, step(card, "correct"), amount="-150", reason="Typo.")
    assert "Less is left" in page.content.decode()
    post(clerk, step(card, "correct"), amount="-40", reason="Typo.")
    post(clerk, step(card, "block"))
    card.refresh_from_db()
    assert (card.balance, card.is_blocked) == (Decimal(60), True)
    assert (
        "Typo."
        in clerk.get(
            reverse("admin:orders_giftcard_change", args=[card.pk])
        ).content.decode()
    )
