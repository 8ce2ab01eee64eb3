"""The second factor at the API: staff sign in by two steps, and their calls ask for it."""

from typing import Any

import pytest
import time_machine
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import AuthEvent, Session, User
from markrin.admin.second_factor import make_recovery_codes
from tests.accounts.flows import ORIGIN, WEB, login, read_refusal
from tests.client import Client
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.django_db
LOGIN, FACTOR = "/api/auth/login", "/api/auth/second-factor"
CONFIRM = "/api/auth/second-factor/confirm"


@pytest.fixture(autouse=True)
def _asked_for(settings):
    settings.ADMIN_SECOND_FACTOR = True
    settings.RATE_LIMIT_SCALE = 1.0


@pytest.fixture
def clock():
    """A clock that stands, for codes that change every 30 seconds."""
    with time_machine.travel(timezone.now(), tick=False) as found:
        yield found


@pytest.fixture
def boss():
    user = make_user(role="admin")
    TOTPDevice.objects.create(user=user, name="app", confirmed=True)
    return user


def code(user: User) -> str:
    return f"{totp(TOTPDevice.objects.get(user=user).bin_key):06}"


def first_step(user: User, **rest: Any) -> Any:
    body = {"email": user.email, "password": PASSWORD}
    return Client().post(LOGIN, body, **rest)


def challenge(user: User) -> str:
    answer = first_step(user)
    assert read_refusal(answer) == (403, "second_factor_required")
    return str(answer.json()["challenge"])


def signed_in(user: User, clock: Any) -> Client:
    clock.shift(60)
    answer = Client().post(
        FACTOR, {"challenge": challenge(user), "code": code(user)}
    )
    assert answer.status_code == 200, answer.content
    return Client(headers={"Authorization": f"Bearer {answer.json()['access']}"})


def test_the_password_alone_opens_no_session_of_staffs(boss, clock):
    answer = first_step(boss)
    assert "access" not in answer.json()
    assert not Session.objects.exists()
    boss = signed_in(boss, clock)
    assert boss.get("/api/staff/users").status_code == 200


def test_customers_sign_in_as_ever(customer):
    assert login(customer)["user"]["role"] == "customer"


def test_who_has_set_up_no_device_is_sent_to_the_admin():
    user = make_user(role="staff")
    assert read_refusal(first_step(user)) == (403, "second_factor_not_set_up")
    assert not Session.objects.exists()


def test_a_code_works_once(boss, clock):
    given = {"challenge": challenge(boss), "code": code(boss)}
    assert Client().post(FACTOR, given).status_code == 200
    assert read_refusal(Client().post(FACTOR, given)) == (
        400,
        "second_factor_wrong",
    )


def test_a_recovery_code_does_too(boss):
    made = make_recovery_codes(boss)[0].upper()
    given = {"challenge": challenge(boss), "code": f" {made[:4]} {made[4:]}"}
    assert Client().post(FACTOR, given).status_code == 200
    assert read_refusal(Client().post(FACTOR, given)) == (
        400,
        "second_factor_wrong",
    )


def test_a_challenge_ends_by_time_and_by_a_new_password(boss, clock):
    old = challenge(boss)
    clock.shift(301)
    given = {"challenge": old, "code": code(boss)}
    assert read_refusal(Client().post(FACTOR, given)) == (400, "challenge_invalid")
    fresh = challenge(boss)
    boss.set_password("another quiet harbour")
    boss.save()
    given = {"challenge": fresh, "code": code(boss)}
    assert read_refusal(Client().post(FACTOR, given)) == (400, "challenge_invalid")
    for forged in ("x", f"{fresh[:-1]}A", "a.b.c"):
        given = {"challenge": forged, "code": "000000"}
        assert read_refusal(Client().post(FACTOR, given)) == (
            400,
            "challenge_invalid",
        )
    assert not Session.objects.exists()


@pytest.mark.asvs("16.3.1", "16.3.3")
def test_guesses_are_counted_and_logged(boss, clock):
    given = {"challenge": challenge(boss), "code": "000000"}
    statuses = []
    for _ in range(12):
        statuses.append(Client().post(FACTOR, given).status_code)
        clock.shift(1)
    assert statuses == [400] * 10 + [429] * 2
    assert (
        AuthEvent.objects.filter(type="second_factor", outcome="failed").count()
        == 10
    )
    given = {"challenge": challenge(boss), "code": code(boss)}
    assert Client().post(FACTOR, given).status_code == 429


def test_by_cookie_it_must_come_from_the_shops_own_pages(boss, clock):
    given = {"challenge": challenge(boss), "code": code(boss)}
    foreign = {**WEB, "Origin": "https://evil.example"}
    assert read_refusal(Client().post(FACTOR, given, headers=foreign)) == (
        403,
        "csrf_failed",
    )
    answer = Client().post(FACTOR, given, headers={**WEB, "Origin": ORIGIN})
    assert answer.status_code == 200
    assert "refresh" not in answer.json()
    assert "HttpOnly" in answer.headers["Set-Cookie"]


def test_a_session_without_a_factor_calls_nothing_of_staffs(boss, settings, clock):
    settings.ADMIN_SECOND_FACTOR = False
    old = login(boss)  # from before the shop asked for one
    settings.ADMIN_SECOND_FACTOR = True
    client = Client(headers={"Authorization": f"Bearer {old['access']}"})
    assert read_refusal(client.get("/api/staff/users")) == (
        403,
        "second_factor_required",
    )
    assert client.get("/api/auth/profile").status_code == 200
    assert read_refusal(client.post(CONFIRM, {"code": "000000"})) == (
        400,
        "second_factor_wrong",
    )
    clock.shift(60)
    assert client.post(CONFIRM, {"code": code(boss)}).status_code == 204
    assert client.get("/api/staff/users").status_code == 200


def test_what_cannot_be_taken_back_wants_a_recent_code(boss, settings, clock):
    client = signed_in(boss, clock)
    user = make_user()
    path = f"/api/staff/users/{user.pk}"
    clock.shift(settings.REAUTHENTICATION_S + 1)
    assert client.get("/api/staff/users").status_code == 200
    for answer in (
        client.patch(path, {"role": "admin"}),
        client.get(f"{path}/export"),
        client.post(f"{path}/erase"),
        client.post("/api/staff/users", {"name": "B"}),
    ):
        assert read_refusal(answer) == (403, "second_factor_required")
    user.refresh_from_db()
    assert user.role == "customer"
    assert client.post(CONFIRM, {"code": code(boss)}).status_code == 204
    assert client.patch(path, {"active": False}).status_code == 200


def test_where_no_factor_is_asked_for_a_recent_password_is(boss, settings, clock):
    settings.ADMIN_SECOND_FACTOR = False
    client = Client(headers={"Authorization": f"Bearer {login(boss)['access']}"})
    path = f"/api/staff/users/{make_user().pk}"
    clock.shift(settings.REAUTHENTICATION_S + 1)
    assert read_refusal(client.patch(path, {"active": False})) == (
        403,
        "reauthentication_required",
    )
    client.post("/api/auth/reauthenticate", {"password": PASSWORD})
    assert client.patch(path, {"active": False}).status_code == 200
