"""Sensitive acts in the admin want a second factor that was given lately."""

import html
import re
from typing import Any

import pytest
import time_machine
from django.contrib import admin
from django.test import Client as Browser
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from accounts.models import AuthEvent, User
from markrin import rights
from markrin.admin.models import SavedExport
from orders.models import Refund
from tests import factories
from tests.accounts.test_second_factor import code, enrolled, signed_in
from tests.admin.test_pages import form_of
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
QUESTION = 'id="recent-factor-form"'
# Figures without anybody's name.
HARMLESS_FILES = {
    "analytics_dailysales",
    "analytics_dailyfunnel",
    "analytics_dailyproduct",
    "analytics_dailycategory",
    "analytics_dailysearch",
}


@pytest.fixture
def clock():
    with time_machine.travel(timezone.now(), tick=False) as found:
        yield found


@pytest.fixture
def boss(admin_user, clock, settings) -> Browser:
    """An admin who gave the second factor eleven minutes ago."""
    settings.ADMIN_SECOND_FACTOR = True
    enrolled(admin_user, clock)
    browser = signed_in(admin_user)
    answer = browser.post("/admin/second-factor/", {"code": code(admin_user)})
    assert answer.status_code == 302
    clock.shift(settings.REAUTHENTICATION_S + 60)
    return browser


def answered(page: Any, **answer: str) -> dict[str, list[str]]:
    """Return what the question's form sends, as a browser does."""
    body = page.content.decode()
    assert QUESTION in body
    form = body.partition(QUESTION)[2].partition("</form>")[0]
    sent: dict[str, list[str]] = {}
    for name, value in re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form
    ):
        sent.setdefault(html.unescape(name), []).append(html.unescape(value))
    asked_for = set(re.findall(r'name="(recent-factor-(?:code|password))"', form))
    assert asked_for == {f"recent-factor-{name}" for name in answer}
    return sent | {f"recent-factor-{name}": [text] for name, text in answer.items()}


def paths() -> list[tuple[str, str]]:
    """Return each page of the table, by its URL's name, with the step if it is one of some."""
    return sorted(rights.list_acts())


def path_of(page: str, step: str) -> str:
    some = "01890000-0000-7000-8000-000000000000"
    for args in ([], [some], [some, step or "any"]):
        try:
            return reverse(f"admin:{page}", args=args)
        except NoReverseMatch:
            continue
    raise AssertionError(
        f"markrin/rights.py names {page}, and there is no such page"
    )


@pytest.mark.asvs("7.5.1")
def test_each_sensitive_page_asks_again(boss):
    asked_not, kept = set(), set()
    for page, step in paths():
        answer = boss.post(path_of(page, step), {"x": "1"})
        if (answer.status_code, QUESTION in answer.content.decode()) != (403, True):
            asked_not.add((page, step))
        if "no-store" not in answer.headers["Cache-Control"]:
            kept.add((page, step))
    assert not asked_not
    assert not kept


def test_every_list_that_gives_a_file_of_people_or_money_is_in_the_table():
    named = {
        f"{model._meta.app_label}_{model._meta.model_name}"
        for model, page in admin.site._registry.items()
        if getattr(page, "export_columns", None)
    }
    files = {
        page.removesuffix("_export") for page, _ in paths() if "export" in page
    }
    assert named == {name for name in files if not name.endswith("_saved")} | (
        HARMLESS_FILES & named
    )


@pytest.mark.asvs("16.3.1")
def test_what_was_filled_in_is_done_after_the_code(
    boss, admin_user, customer, clock
):
    page = reverse("admin:accounts_user_change", args=[customer.pk])
    form = form_of(boss, page) | {"name": "Asha “A” <b>", "role": "staff"}
    del form["groups"]
    asked = boss.post(page, form)
    assert asked.status_code == 403
    assert User.objects.get(pk=customer.pk).role == "customer"

    again = boss.post(page, answered(asked, code="000000"))
    assert again.status_code == 403
    assert "This code is not right" in again.content.decode()
    assert User.objects.get(pk=customer.pk).role == "customer"

    clock.shift(60)  # a wrong code makes the device wait
    done = boss.post(page, answered(again, code=code(admin_user)))
    assert (done.status_code, done["Location"]) == (302, "/admin/accounts/user/")
    changed = User.objects.get(pk=customer.pk)
    assert (changed.role, changed.name) == ("staff", "Asha “A” <b>")
    outcomes = AuthEvent.objects.filter(type="second_factor").order_by("id")
    assert [event.outcome for event in outcomes][-2:] == ["failed", "ok"]

    # and for the next ten minutes nobody is asked
    assert boss.post(page, form).status_code == 302


def test_a_file_comes_after_the_code(boss, admin_user, clock):
    factories.make_order()
    export = "/admin/orders/order/export/"
    saved = boss.post(export, {"columns": ["Number"], "name": "all", "save": "1"})
    boss.post(export, answered(saved, code=code(admin_user)))
    row = SavedExport.objects.get()
    link = f"{export}{row.pk}/"
    assert boss.get(link).status_code == 200
    clock.shift(3_600)
    asked = boss.get(link)
    assert asked.status_code == 403
    led_on = boss.post(link, answered(asked, code=code(admin_user)))
    assert (led_on.status_code, led_on["Location"]) == (302, link)
    assert boss.get(link)["Content-Type"] == "text/csv; charset=utf-8"


def test_where_no_factor_is_asked_for_it_is_the_password(
    admin_user, clock, settings
):
    settings.ADMIN_SECOND_FACTOR = False
    settings.RATE_LIMIT_SCALE = 1.0
    variant = factories.make_variant(stock=5)
    order = factories.make_order(variant=variant, status="confirmed", paid=True)
    browser = signed_in(admin_user)
    clock.shift(settings.REAUTHENTICATION_S + 60)
    page = reverse("admin:orders_order_step", args=[order.pk, "refund"])
    form = {"amount": "1.00", "reason": "late", "key": _key_of(browser.get(page))}
    asked = browser.post(page, form)
    wrong = browser.post(page, answered(asked, password="not this one at all"))
    assert wrong.status_code == 403
    assert "not this one" not in wrong.content.decode()
    assert not Refund.objects.exists()
    done = browser.post(page, answered(wrong, password=PASSWORD))
    assert done.status_code == 302
    assert str(Refund.objects.get().amount) == "1.00"


def _key_of(page: Any) -> str:
    return re.findall(r'name="key" value="([^"]+)"', page.content.decode())[0]


def test_other_acts_ask_nothing(boss):
    order = factories.make_order(status="pending")
    step = reverse("admin:orders_order_step", args=[order.pk, "confirm"])
    assert boss.post(step, {}).status_code == 302
    assert boss.get("/admin/accounts/user/").status_code == 200
