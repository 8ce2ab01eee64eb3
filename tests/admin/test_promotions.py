"""Staff make promotions, try them on last week's orders, and make codes."""

import pytest
from django.test import Client
from django.urls import reverse

from orders.models import Coupon, Promotion
from tests.factories import (
    make_order,
    make_product,
    make_promotion,
    make_user,
    make_variant,
)


@pytest.fixture
def browser(db):
    client = Client()
    client.force_login(make_user(role="admin"))
    return client


def form(**values):
    empty = dict.fromkeys(("percent", "cap", "amount", "buy", "get", "tier_by"), "")
    empty |= dict.fromkeys(("countries", "total_limit", "per_customer_limit"), "")
    empty |= {
        f"{name}_{part}": "" for name in ("starts_at", "ends_at") for part in "01"
    }
    formsets = {
        f"{prefix}-{name}": number
        for prefix in ("tiers", "coupons")
        for name, number in (
            ("TOTAL_FORMS", 0),
            ("INITIAL_FORMS", 0),
            ("MIN_NUM_FORMS", 0),
            ("MAX_NUM_FORMS", 1000),
        )
    }
    usual = {"name": "Sale", "is_active": "on", "priority": 100, "kind": "percent"}
    return empty | formsets | usual | {"min_spend": 0, "min_pieces": 0} | values


def test_a_preview_prices_last_weeks_orders_and_saves_nothing(browser):
    shirt = make_variant(product=make_product(base_price="2000.00"), stock=9)
    cap = make_variant(product=make_product(base_price="300.00"), stock=9)
    dear, cheap = make_order(variant=shirt), make_order(variant=cap)
    page = reverse("admin:orders_promotion_add")
    body = form(percent="10", min_spend="1000")
    shown = browser.post(page, {**body, "_preview": "1"})
    said = shown.content.decode()
    assert shown.status_code == 200
    assert (
        "Of 2 orders of the last seven days 1 would have cost something else"
        in said
    )
    assert "₹200.00 less in all" in said
    assert dear.number in said
    assert cheap.number not in said
    assert not Promotion.objects.exists()
    assert browser.post(page, {**body, "_save": "1"}).status_code == 302
    assert Promotion.objects.get().percent == 10


def test_an_effect_that_lacks_something_is_refused(browser):
    page = reverse("admin:orders_promotion_add")
    shown = browser.post(page, form(kind="buy_x_get_y", buy="2", _save="1"))
    assert "The effect lacks its percentage" in shown.content.decode()
    assert not Promotion.objects.exists()


def test_tiers_and_codes_stand_on_its_page(browser):
    promotion = make_promotion(name="More is less", kind="tiers", tier_by="pieces")
    page = reverse("admin:orders_promotion_change", args=[promotion.pk])
    body = form(name="More is less", kind="tiers", tier_by="pieces", _save="1")
    body |= {"tiers-TOTAL_FORMS": 1, "tiers-0-promotion": promotion.pk}
    body |= {"tiers-0-threshold": "3", "tiers-0-percent": "5", "tiers-0-amount": ""}
    assert browser.post(page, body).status_code == 302
    assert promotion.tiers.get().percent == 5
    step = reverse("admin:orders_promotion_step", args=[promotion.pk, "codes"])
    made = browser.post(step, {"code": "few", "number": 3, "total_limit": 1})
    assert made.status_code == 302
    codes = list(Coupon.objects.values_list("code", flat=True))
    assert len(codes) == 3
    shown = browser.get(page).content.decode()
    assert all(code in shown for code in codes)
    promotion.refresh_from_db()
    assert promotion.needs_code
    taken = browser.post(step, {"code": codes[0], "number": 1, "total_limit": ""})
    assert "There is a coupon with this code already." in taken.content.decode()


def test_one_that_was_used_stays(browser):
    promotion = make_promotion()
    make_order()
    page = reverse("admin:orders_promotion_delete", args=[promotion.pk])
    assert browser.post(page, {"post": "yes"}).status_code == 403
    listed = browser.get(reverse("admin:orders_promotion_changelist"))
    assert "100.00" in listed.content.decode()  # what it took off
