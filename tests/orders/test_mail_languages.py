"""Mails in the shop's languages: every text has a translation, amounts and days are
written as the language does, and what is read from right to left stands so.
"""

import gettext
import re
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.utils import translation

from markrin import localized
from markrin.mail import previews
from orders.services import mails
from tests.factories import make_order

TEMPLATES = Path(settings.BASE_DIR) / "templates/mail"
_TEXT = re.compile(r'\{% translate "([^"]*)" %\}')
_DEFAULT = re.compile(r'default:_\("([^"]*)"\)')
_BLOCK = re.compile(
    r"\{% blocktranslate[^%]*%\}(.*?)\{% endblocktranslate %\}", re.DOTALL
)


def texts():
    for file in sorted(TEMPLATES.glob("*/*.mail")):
        text = file.read_text()
        yield from ((file.name, found) for found in _TEXT.findall(text))
        yield from ((file.name, found) for found in _DEFAULT.findall(text))
        for block in _BLOCK.findall(text):
            one = block.partition("{% plural %}")[0]
            yield file.name, re.sub(r"\{\{ (\w+) \}\}", r"%(\1)s", one)


@pytest.mark.parametrize("language", ["hi", "ar"])
def test_every_text_of_a_mail_is_translated(language):
    with open(
        f"{settings.BASE_DIR}/locale/{language}/LC_MESSAGES/django.mo", "rb"
    ) as file:
        catalog = gettext.GNUTranslations(file)
    missing = [
        (name, text)
        for name, text in texts()
        if catalog.gettext(text) == text and catalog.ngettext(text, text, 1) == text
    ]
    assert missing == []


def test_an_arabic_mail_is_read_from_right_to_left(tmp_path):
    out = StringIO()
    call_command("preview_mails", tmp_path, "--language", "ar", stdout=out)
    assert f"{len(previews.mail_samples())} mails" in out.getvalue()
    html = (tmp_path / "ar.orders.return_completed.html").read_text()
    assert '<html lang="ar" dir="rtl">' in html
    assert "padding-right:16px;text-align:left" in html
    text = (tmp_path / "ar.orders.return_completed.txt").read_text()
    assert "اكتمل إرجاعك MK-2026-000123-R1" in text


@pytest.mark.django_db
def test_amounts_are_written_in_the_language_of_the_order(mailoutbox, monkeypatch):
    order = make_order(guest_email="a@example.com")
    type(order).objects.filter(pk=order.pk).update(language="hi")
    seen = []

    def format_money(amount, currency):
        seen.append(translation.get_language())
        return "1"

    monkeypatch.setattr(localized, "format_money", format_money)
    mails.mail_confirmation(order_id=order.pk)
    assert set(seen) == {"hi"}
    assert f"/orders/{order.pk}#key=" in mailoutbox[0].body
