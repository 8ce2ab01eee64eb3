"""Mails as staff see them before customers do."""

from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from markrin import mail_previews
from tests.factories import make_user

MAILS = sorted(
    str(path.relative_to(folder).with_suffix(""))
    for folder in [settings.BASE_DIR / "templates/mail"]
    for path in Path(folder).rglob("*.mail")
)


@pytest.fixture
def staff_client(db) -> Client:
    client = Client()
    client.force_login(make_user(role="staff"))
    return client


def test_every_mail_of_the_shop_has_a_preview():
    assert list(mail_previews.samples()) == MAILS


@pytest.mark.parametrize("name", MAILS)
def test_renders_with_made_up_data_and_no_database(name):
    mail = mail_previews.render(name)
    assert mail.subject
    assert mail.text.strip()
    assert mail.html.startswith("<!doctype html>")
    assert not {"None", "{{", "{%"} & set(mail.text.split())


def test_the_amounts_are_in_the_shops_currency(settings):
    settings.SHOP_CURRENCY = "EUR"
    mail = mail_previews.render("orders/placed")
    assert "€2,787.30" in mail.text
    assert "€2,787.30" in mail.html
    assert "₹" not in mail.html


def test_the_page_shows_both_forms(staff_client):
    page = staff_client.get(reverse("admin:outbox_mail", args=["orders/placed"])).content.decode()
    assert "Your order MK-2026-000123" in page
    assert "2 × Linen shirt (M, Indigo)" in page
    for name in MAILS:
        assert reverse("admin:outbox_mail", args=[name]) in page


def test_the_frame_is_the_mail_and_can_do_nothing(staff_client):
    answer = staff_client.get(reverse("admin:outbox_mail_html", args=["orders/placed"]))
    assert "Thank you, Asha Rao" in answer.content.decode()
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


def test_the_list_of_jobs_leads_there(staff_client):
    assert staff_client.get(reverse("admin:outbox_mails")).status_code == 200
    admin = Client()
    admin.force_login(make_user(role="admin", is_superuser=True))
    assert "What the mails look like" in admin.get(reverse("admin:outbox_outboxevent_changelist")).content.decode()


def test_an_unknown_mail_is_not_found(staff_client):
    assert staff_client.get(reverse("admin:outbox_mail", args=["orders/nothing"])).status_code == 404


def test_only_staff_see_it(client, customer):
    client.force_login(customer)
    assert client.get(reverse("admin:outbox_mails")).status_code == 302
    assert client.get(reverse("admin:outbox_mail_html", args=["orders/placed"])).status_code == 404
