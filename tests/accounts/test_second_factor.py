"""The admin's second factor, and its headers."""

import re
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from markrin.admin import second_factor
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db
ASKS = "/admin/second-factor/"


@pytest.fixture(autouse=True)
def _asked_for(settings):
    settings.ADMIN_SECOND_FACTOR = True


@pytest.fixture
def clock():
    """A clock that stands, for codes that change every 30 seconds."""
    with time_machine.travel(timezone.now(), tick=False) as found:
        yield found


def signed_in(user: Any) -> Browser:
    """Return a browser in which the user has given the password."""
    browser = Browser()
    answer = browser.post(
        "/admin/login/?next=/admin/", {"username": user.email, "password": PASSWORD}
    )
    assert answer.status_code == 302
    return browser


def code(user: Any) -> str:
    """Return what the user's app shows now."""
    return f"{totp(TOTPDevice.objects.get(user=user).bin_key):06}"


def enrolled(user: Any, clock: Any) -> list[str]:
    """Set the user's factor up and return the recovery codes; the clock goes on to the next
    code.
    """
    browser = signed_in(user)
    browser.get(ASKS)
    page = browser.post(ASKS, {"code": code(user)}).content.decode()
    clock.shift(60)
    return re.findall(r"<li>([a-z2-7]{8})</li>", page)


def test_the_first_sign_in_sets_it_up(admin_user, clock):
    browser = signed_in(admin_user)
    assert (
        browser.get("/admin/").status_code == 302
    )  # the password alone opens nothing
    asked = browser.get("/admin/", follow=True)
    assert asked.redirect_chain[-1][0].startswith(ASKS)
    page = asked.content.decode()
    assert (
        "<svg" in page
    )  # drawn here: no address of another site is asked for the picture
    assert not re.findall(
        r"https?://(?!www\.w3\.org)",
        page.partition('id="qr"')[2].partition("</form>")[0],
    )
    assert browser.post(ASKS, {"code": "000000"}).status_code == 200
    assert not TOTPDevice.objects.get(user=admin_user).confirmed
    clock.shift(5)
    done = browser.post(ASKS, {"code": code(admin_user)})
    assert len(re.findall(r"<li>[a-z2-7]{8}</li>", done.content.decode())) == 10
    assert browser.get("/admin/").status_code == 200


@pytest.mark.asvs("6.5.1")
def test_later_sign_ins_ask_for_a_code_which_works_once(admin_user, clock):
    enrolled(admin_user, clock)
    now = code(admin_user)
    browser, thief = signed_in(admin_user), signed_in(admin_user)
    assert (
        "<svg"
        not in browser.get(ASKS)
        .content.decode()
        .partition("second-factor-form")[0]
        .partition("<main")[2]
    )
    assert browser.post(ASKS, {"code": now}).status_code == 302
    assert browser.get("/admin/").status_code == 200
    assert thief.post(ASKS, {"code": now}).status_code == 200  # asked again
    assert thief.get("/admin/").status_code == 302


@pytest.mark.asvs("6.5.1", "6.5.2", "6.5.3", "6.5.4")
def test_a_recovery_code_works_once_and_is_kept_as_a_hash(admin_user, clock):
    codes = enrolled(admin_user, clock)
    assert len(set(codes)) == 10  # of 40 bits each
    kept = set(StaticToken.objects.values_list("token", flat=True))
    assert not kept & set(codes)
    for stolen in kept:  # what stands in the table opens nothing
        assert signed_in(admin_user).post(ASKS, {"code": stolen}).status_code == 200
        clock.shift(3_600)
    assert (
        signed_in(admin_user)
        .post(ASKS, {"code": f" {codes[0].upper()} "})
        .status_code
        == 302
    )
    assert StaticToken.objects.count() == 9
    assert signed_in(admin_user).post(ASKS, {"code": codes[0]}).status_code == 200


def test_wrong_codes_make_it_wait(admin_user, clock):
    enrolled(admin_user, clock)
    browser = signed_in(admin_user)
    for _ in range(3):
        browser.post(ASKS, {"code": "000000"})
    assert browser.post(ASKS, {"code": code(admin_user)}).status_code == 200
    clock.shift(30)
    assert browser.post(ASKS, {"code": code(admin_user)}).status_code == 302


@pytest.mark.asvs("6.4.4")
def test_a_lost_factor_is_set_up_anew(admin_user, clock):
    enrolled(admin_user, clock)
    assert second_factor.remove_devices(admin_user) == 1
    assert "<svg" in signed_in(admin_user).get(ASKS).content.decode()


@pytest.mark.asvs("6.3.4", "6.4.3")
@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/admin/accounts/user/",
        "/admin/search/",
        "/admin/accounts/session/",
    ],
)
def test_no_page_opens_before_the_code(admin_user, path):
    browser = signed_in(admin_user)
    answer = browser.get(path)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/admin/login/")


def test_nobody_and_customers_never_see_the_page(customer):
    assert Browser().get(ASKS).headers["Location"] == "/admin/login/"
    browser = Browser()
    assert (
        browser.post(
            "/admin/login/", {"username": customer.email, "password": PASSWORD}
        ).status_code
        == 200
    )
    browser.force_login(customer)
    assert browser.get(ASKS).headers["Location"] == "/admin/login/"


@pytest.mark.asvs("3.7.2")
@pytest.mark.parametrize(
    "after", ["https://evil.example/", "//evil.example", "javascript:alert(1)"]
)
def test_it_leads_on_to_our_own_pages_only(admin_user, clock, after):
    enrolled(admin_user, clock)
    answer = signed_in(admin_user).post(
        f"{ASKS}?next={after}", {"code": code(admin_user), "next": after}
    )
    assert answer.headers["Location"] == "/admin/"


def test_wrong_passwords_are_limited_as_in_the_api(admin_user, settings):
    settings.RATE_LIMIT_SCALE = 1.0
    for _ in range(5):
        Browser().post(
            "/admin/login/",
            {"username": admin_user.email, "password": "not this one"},
        )
    refused = Browser().post(
        "/admin/login/", {"username": admin_user.email, "password": PASSWORD}
    )
    assert refused.status_code == 200  # the form again


def test_without_the_setting_the_password_is_enough(settings):
    settings.ADMIN_SECOND_FACTOR = False
    assert signed_in(make_user(role="admin")).get("/admin/").status_code == 200


@pytest.mark.asvs("3.4.3")
@pytest.mark.parametrize(
    ("path", "compiles"),
    [("/admin/login/", True), ("/api/docs", False)],
)
def test_pages_say_what_they_may_load(path, compiles):
    answer = Browser().get(path)
    policy = dict(
        part.strip().split(" ", 1)
        for part in answer.headers["Content-Security-Policy"].split(";")
    )
    assert (
        policy["script-src"].split() == ["'self'", "'unsafe-eval'"]
        if compiles
        else ["'self'"]
    )
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert not re.findall(
        r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>",
        answer.content.decode(),
    )
