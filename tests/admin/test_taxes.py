"""Staff edit tax rates, and see what a change means before it is made."""

import pytest
from django.test import Client
from django.urls import reverse

from orders.models import TaxRate
from products.models import TaxClass
from tests.factories import (
    make_category,
    make_product,
    make_user,
    use_tax_preset,
)


@pytest.fixture
def browser(db):
    client = Client()
    client.force_login(make_user(role="admin"))
    return client


@pytest.fixture
def rate(db):
    """What apparel above 2,500 carries outside of Karnataka now."""
    use_tax_preset("in", state="KA")
    category = make_category(tax_class=TaxClass.objects.get(code="apparel"))
    for price in ("499.00", "2999.00", "2999.00"):
        make_product(base_price=price, category=category)
    make_product(base_price="2999.00", category=category, status="draft")
    return TaxRate.objects.get(
        tax_class__code="apparel",
        zone__states=[],
        valid_from="2025-09-22",
        up_to=None,
    )


def form_of(rate, percent):
    part = rate.parts.get()
    return {
        "tax_class": rate.tax_class_id,
        "zone": rate.zone_id,
        "up_to": "",
        "valid_from": "2025-09-22",
        "valid_until": "",
        "parts-TOTAL_FORMS": 1,
        "parts-INITIAL_FORMS": 1,
        "parts-MIN_NUM_FORMS": 1,
        "parts-MAX_NUM_FORMS": 1000,
        "parts-0-id": part.pk,
        "parts-0-rate": rate.pk,
        "parts-0-position": 0,
        "parts-0-name": "IGST",
        "parts-0-percent": percent,
    }


def test_a_preview_shows_what_changes_and_saves_nothing(browser, rate):
    page = reverse("admin:orders_taxrate_change", args=[rate.pk])
    shown = browser.post(page, {**form_of(rate, "28"), "_preview": "1"})
    said = shown.content.decode()
    assert shown.status_code == 200
    assert "nothing has been saved" in said
    assert "2 products would be taxed differently" in said
    assert "IGST 18 %: ₹457.47" in said
    assert "IGST 28 %: ₹656.03" in said
    assert "₹499.00" not in said
    assert 'value="28"' in said  # what was typed is still there
    assert "was changed successfully" not in said
    assert rate.parts.get().percent == 18
    saved = browser.post(page, {**form_of(rate, "28"), "_save": "1"})
    assert saved.status_code == 302
    assert rate.parts.get().percent == 28


def test_a_preview_of_what_cannot_be_saved_says_why(browser, rate):
    page = reverse("admin:orders_taxrate_change", args=[rate.pk])
    shown = browser.post(page, {**form_of(rate, "101"), "_preview": "1"})
    assert "percent must be from 0 to 100" in shown.content.decode()
    assert "nothing has been saved" not in shown.content.decode()
    assert rate.parts.get().percent == 18


def test_two_rates_never_hold_on_one_day(browser, rate):
    page = reverse("admin:orders_taxrate_add")
    body = form_of(rate, "28") | {"parts-INITIAL_FORMS": 0, "parts-0-id": ""}
    shown = browser.post(page, {**body, "parts-0-rate": "", "_save": "1"})
    assert (
        "Another rate holds for this class, zone and band then."
        in shown.content.decode()
    )
    assert TaxRate.objects.count() == 28
