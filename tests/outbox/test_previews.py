"""Mails as staff see them before customers do."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils.translation import trans_real

from markrin.mail import previews
from tests.factories import make_user
from tests.outbox.helpers import drain

MAILS = sorted(
    str(path.relative_to(folder).with_suffix(""))
    for folder in [settings.BASE_DIR / "templates/mail"]
    for path in Path(folder).rglob("*.mail")
)


def forget_languages() -> None:
    cached: Any = trans_real.get_languages
    cached.cache_clear()


@pytest.fixture
def staff_client(db) -> Client:
    client = Client()
    client.force_login(make_user(role="staff"))
    return client


def test_every_mail_of_the_shop_has_a_preview():
    samples = map(previews.template_of, previews.mail_samples())
    assert sorted(set(samples)) == MAILS


@pytest.mark.parametrize("name", previews.mail_samples())
def test_renders_with_made_up_data_and_no_database(name):
    mail = previews.render_sample(name)
    assert mail.subject
    assert mail.text.strip()
    assert mail.html.startswith("<!doctype html>")
    assert not {"None", "{{", "{%"} & set(mail.text.split())


def test_the_amounts_are_in_the_shops_currency(settings):
    settings.SHOP_CURRENCY = "EUR"
    mail = previews.render_sample("orders/placed")
    assert "€2,787.30" in mail.text
    assert "€2,787.30" in mail.html
    assert "₹" not in mail.html


def test_amounts_and_days_are_in_the_language_of_the_preview():
    mail = previews.render_sample("orders/placed:online", language="ar")
    assert 'dir="rtl"' in mail.html
    assert "−\u200f1,000.00\xa0₹" in mail.html
    assert "نوفمبر" in mail.text
    assert "November" not in mail.text


def test_the_page_shows_both_forms(staff_client):
    page = staff_client.get(
        reverse("admin:mail", args=["orders/placed"])
    ).content.decode()
    assert "Your order MK-2026-000123" in page
    assert "2 × Linen shirt (M, Indigo)" in page
    for name in MAILS:
        assert reverse("admin:mail", args=[name]) in page


def test_the_frame_is_the_mail_and_can_do_nothing(staff_client):
    answer = staff_client.get(reverse("admin:mail_html", args=["orders/placed"]))
    # An order's number is kept whole, whichever way a line is read.
    number = '<span dir="ltr" style="white-space:nowrap">MK-2026-000123</span>'
    assert f"We have received your order {number}" in answer.content.decode()
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


def test_the_list_of_jobs_leads_there(staff_client):
    assert staff_client.get(reverse("admin:mails")).status_code == 200
    admin = Client()
    admin.force_login(make_user(role="admin", is_superuser=True))
    assert (
        "What the mails look like"
        in admin.get(
            reverse("admin:outbox_outboxevent_changelist")
        ).content.decode()
    )


def test_an_unknown_mail_is_not_found(staff_client):
    assert (
        staff_client.get(reverse("admin:mail", args=["orders/nothing"])).status_code
        == 404
    )


def test_only_staff_see_it(client, customer):
    client.force_login(customer)
    assert client.get(reverse("admin:mails")).status_code == 302
    assert (
        client.get(reverse("admin:mail_html", args=["orders/placed"])).status_code
        == 404
    )


@pytest.mark.parametrize("name", MAILS)
def test_every_word_of_a_mail_can_be_translated_and_has_been(name):
    source = (settings.BASE_DIR / f"templates/mail/{name}.mail").read_text()
    source = re.sub(
        r"{% blocktranslate.*?{% endblocktranslate %}", "", source, flags=re.DOTALL
    )
    bare = re.sub(
        r"\]\([^)]*\)|{%.*?%}|{{.*?}}|^Subject:", "", source, flags=re.MULTILINE
    )
    assert not re.search(r"[A-Za-z]{2,}", bare)
    mail = previews.render_sample(name, language="hi")
    assert re.search(r"[\u0900-\u097f]", mail.subject)
    assert '<html lang="hi" dir="ltr">' in mail.html


def test_no_translation_is_missing():
    entries = (
        (settings.BASE_DIR / "locale/hi/LC_MESSAGES/django.po")
        .read_text()
        .split("\n\n")[1:]
    )
    known = {
        "".join(re.findall(r'"(.*)"', entry.split("msgstr")[0]))
        for entry in entries
    }
    assert not [
        entry for entry in entries if re.search(r'msgstr(\[\d\])? ""$', entry)
    ]
    sources = "".join(
        path.read_text()
        for path in (settings.BASE_DIR / "templates/mail").rglob("*.mail")
    )
    used = set(re.findall(r'{% translate "(.*?)" %}', sources))
    assert used <= known


@pytest.mark.parametrize(
    ("asked", "subject"), [("hi-IN,hi;q=0.9", "स्वागत है"), ("fr", "Welcome")]
)
def test_a_new_customers_mails_are_in_their_language(
    api, settings, mailoutbox, asked, subject
):
    settings.LANGUAGES = [("en", "en"), ("hi", "hi")]
    forget_languages()
    body = {
        "name": "Asha",
        "email": "asha@example.com",
        "password": "correct horse battery staple",
    }
    assert (
        api.post(
            "/api/auth/register", body, headers={"Accept-Language": asked}
        ).status_code
        == 201
    )
    drain(queue="email")
    assert subject in mailoutbox[0].body
    forget_languages()
