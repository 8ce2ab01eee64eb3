"""How sessions end."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test import override_settings
from django.utils import timezone

from accounts import errors
from accounts.client_info import ClientInfo
from accounts.models import Role, Session, TokenPurpose, Transport, User
from accounts.schemas import Credentials, UserChange
from accounts.services import (
    credentials,
    mail_tokens,
    sessions,
    sign_in,
    staff_users,
)
from tests.accounts.flows import (
    live_tokens,
    login,
    profile,
    read_refusal,
    refresh,
    session_of,
)
from tests.client import Client
from tests.factories import PASSWORD, make_user

DEAD = (401, "session_revoked")
NEW = "another quiet harbour"
DAY = 86_400


@pytest.mark.asvs("7.3.1")
@pytest.mark.parametrize(
    ("role", "idle_s"), [("customer", 7 * DAY), ("staff", 3600), ("admin", 3600)]
)
def test_a_session_unused_for_too_long_has_ended(db, role, idle_s):
    with time_machine.travel(
        timezone.now().replace(microsecond=0), tick=False
    ) as clock:
        first = login(make_user(role=role))
        assert first["refreshExpiresIn"] == idle_s
        clock.shift(idle_s - 1)
        second = refresh(first["refresh"]).json()
        assert (
            second["refreshExpiresIn"] == idle_s
        )  # used again: it may idle as long once more
        clock.shift(idle_s)
        assert read_refusal(refresh(second["refresh"])) == (
            401,
            "refresh_token_expired",
        )
        assert session_of(first).revoked_at is None  # nothing has changed


@pytest.mark.parametrize(
    ("role", "idle_s", "most_s"),
    [("customer", 7 * DAY, 30 * DAY), ("staff", 3600, 12 * 3600)],
)
def test_no_rotation_moves_the_absolute_end(db, role, idle_s, most_s):
    with time_machine.travel(
        timezone.now().replace(microsecond=0), tick=False
    ) as clock:
        tokens: dict[str, Any] = login(make_user(role=role))
        end = session_of(tokens).expires_at
        assert end == timezone.now() + timedelta(seconds=most_s)
        while timezone.now() + timedelta(seconds=idle_s) <= end:
            clock.shift(idle_s - 10)
            tokens = refresh(tokens["refresh"]).json()
        left = int((end - timezone.now()).total_seconds())
        assert tokens["refreshExpiresIn"] == left < idle_s
        clock.shift(left - 5)
        last = refresh(tokens["refresh"]).json()
        assert last["accessExpiresIn"] == last["refreshExpiresIn"] == 5
        assert session_of(last).expires_at == end
        clock.shift(5)
        assert refresh(last["refresh"]).status_code == 401
        assert read_refusal(profile(last["access"])) == (401, "token_expired")


@pytest.mark.asvs("7.3.2", "10.4.8")
def test_the_absolute_end_holds_for_tokens_that_would_outlive_it(customer):
    first = login(customer)
    ended = timezone.now() - timedelta(seconds=1)
    Session.objects.update(
        expires_at=ended, current_exp=ended
    )  # as if the setting had been shortened
    assert read_refusal(profile(first["access"])) == (401, "session_expired")
    assert read_refusal(refresh(first["refresh"])) == (401, "session_expired")
    assert session_of(first).revoked_reason == "expired"
    assert live_tokens(first["sessionId"]) == 0


def test_a_promotion_shortens_the_sessions_that_are_open(admin_user, customer):
    first = login(customer)
    staff_users.change_user(
        UserChange(role=Role.STAFF),
        user_id=customer.pk,
        by=admin_user,
        client=ClientInfo(),
    )
    assert session_of(first).expires_at <= timezone.now() + timedelta(hours=12)


@pytest.mark.asvs("7.4.1")
def test_logout_kills_both_tokens_and_says_the_same_each_time(api, customer):
    first = login(customer)
    second = refresh(first["refresh"]).json()
    for _ in range(2):
        answer = api.post("/api/auth/logout", {"refresh": second["refresh"]})
        assert (answer.status_code, answer.content) == (204, b"")
    assert (
        read_refusal(profile(second["access"]))
        == read_refusal(refresh(second["refresh"]))
        == DEAD
    )
    assert session_of(first).revoked_reason == "logout"
    assert live_tokens(first["sessionId"]) == 0


@pytest.mark.parametrize(
    "by", ["spent", "expired refresh", "access", "expired access"]
)
def test_any_token_that_is_ours_ends_the_session(api, customer, by):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first = login(customer)
        second = refresh(first["refresh"]).json()
        if "expired" in by:
            clock.shift(8 * DAY)
        body, headers = (
            {
                "refresh": {"spent": first, "expired refresh": second}.get(
                    by, {}
                ).get("refresh")
            },
            {},
        )
        if "access" in by:
            body, headers = {}, {"Authorization": f"bearer {second['access']}"}
        assert (
            api.post("/api/auth/logout", body, headers=headers).status_code == 204
        )
    assert session_of(first).revoked_reason == "logout"


@pytest.mark.parametrize("body", [{}, {"refresh": "x"}, {"refresh": "a.b.c"}])
def test_a_logout_without_a_token_of_ours_succeeds_too(api, body):
    assert (
        api.post(
            "/api/auth/logout", body, headers={"Authorization": "Bearer nonsense"}
        ).status_code
        == 204
    )


def _change(user: User, tokens: dict[str, Any]) -> None:
    body = {"currentPassword": PASSWORD, "newPassword": NEW}
    other = login(user)
    answer = Client().post(
        "/api/auth/password/change",
        body,
        headers={"Authorization": f"Bearer {other['access']}"},
    )
    assert answer.status_code == 200
    assert profile(answer.json()["access"]).status_code == 200
    assert refresh(answer.json()["refresh"]).status_code == 200


def _reset(user: User, tokens: dict[str, Any]) -> None:
    token = mail_tokens.create_token(
        user, TokenPurpose.RESET, email=user.email, ttl_s=60
    )
    answer = Client().post(
        "/api/auth/password/reset", {"token": token, "newPassword": NEW}
    )
    assert answer.status_code == 204


def _disable(user: User, tokens: dict[str, Any]) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def _logout_all(user: User, tokens: dict[str, Any]) -> None:
    answer = Client().post(
        "/api/auth/logout-all",
        headers={"Authorization": f"Bearer {tokens['access']}"},
    )
    assert answer.status_code == 204


@pytest.mark.asvs("7.4.3")
@pytest.mark.parametrize("end", [_change, _reset, _disable, _logout_all])
def test_everywhere_else_is_signed_out(
    customer, end: Callable[[User, dict[str, Any]], None]
):
    here, there = login(customer), login(customer)
    end(customer, there)
    for tokens in (here, there):
        assert (
            read_refusal(profile(tokens["access"]))
            == read_refusal(refresh(tokens["refresh"]))
            == DEAD
        )
        assert (
            live_tokens(tokens["sessionId"]) <= 1
        )  # that of the session which changed the password
        assert session_of(tokens).revoked_at is not None


@pytest.mark.asvs("7.4.2")
def test_a_deleted_user_is_401_everywhere(api, customer):
    tokens = login(customer)
    customer.delete()
    assert (
        read_refusal(profile(tokens["access"]))
        == read_refusal(refresh(tokens["refresh"]))
        == (401, "token_invalid")
    )
    assert (
        api.post("/api/auth/logout", {"refresh": tokens["refresh"]}).status_code
        == 204
    )
    assert (
        api.get(
            "/api/addresses",
            headers={"Authorization": f"Bearer {tokens['access']}"},
        ).status_code
        == 401
    )


def test_coming_back_revives_nothing(customer):
    stale = User.objects.get(pk=customer.pk)
    tokens = login(customer)
    _disable(customer, tokens)
    User.objects.filter(pk=customer.pk).update(is_active=True)
    stale.name = "As it was loaded before"
    stale.save()  # writes the old epoch back, or would
    assert (
        read_refusal(profile(tokens["access"]))
        == read_refusal(refresh(tokens["refresh"]))
        == DEAD
    )
    assert profile(login(customer)["access"]).status_code == 200


def test_a_login_with_the_old_password_that_races_the_change_is_dead(
    customer, monkeypatch
):
    real = credentials.authenticate_user

    def overtaken(given: Credentials, *, client: ClientInfo) -> User:
        checked = real(given, client=client)
        changed = User.objects.get(pk=customer.pk)
        changed.set_password(NEW)
        changed.save()
        return checked

    monkeypatch.setattr(credentials, "authenticate_user", overtaken)
    with pytest.raises(errors.InvalidCredentials):
        sign_in.log_in(
            Credentials(email=customer.email, password=PASSWORD),
            sign_in.SignInContext(client=ClientInfo(), transport=Transport.BODY),
        )
    assert not Session.objects.exists()


def test_a_session_of_the_old_epoch_is_born_dead(customer):
    stale = User.objects.get(pk=customer.pk)
    customer.set_password(NEW)
    customer.save()
    tokens = sessions.open_session(stale)
    assert read_refusal(profile(tokens.access)) == DEAD


class StrongerArgon2(Argon2PasswordHasher):
    time_cost, memory_cost, parallelism = 2, 16, 1


@pytest.mark.asvs("11.2.2")
def test_a_better_hash_of_the_same_password_signs_nobody_out(customer):
    tokens = login(customer)
    with override_settings(
        PASSWORD_HASHERS=["tests.accounts.test_ends.StrongerArgon2"]
    ):
        login(customer)
    before, customer.password = (
        customer.password,
        User.objects.get(pk=customer.pk).password,
    )
    assert customer.password != before
    assert (
        profile(tokens["access"]).status_code
        == refresh(tokens["refresh"]).status_code
        == 200
    )


def test_the_21st_session_ends_the_oldest(customer):
    opened = [login(customer) for _ in range(21)]
    assert read_refusal(profile(opened[0]["access"])) == DEAD
    assert session_of(opened[0]).revoked_reason == "session_cap"
    assert all(
        profile(tokens["access"]).status_code == 200 for tokens in opened[1:]
    )


@pytest.mark.asvs("7.5.2", "10.4.9")
def test_sessions_are_listed_and_ended_one_by_one(api, customer):
    here, there = (
        login(
            customer,
            headers={"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"},
        ),
        login(customer),
    )
    bearer = {"Authorization": f"Bearer {here['access']}"}
    listed = api.get("/api/auth/sessions", headers=bearer).json()["items"]
    assert {(one["id"], one["current"], one["label"]) for one in listed} == {
        (here["sessionId"], True, "Firefox on Windows"),
        (there["sessionId"], False, ""),
    }
    for _ in range(2):
        assert (
            api.delete(
                f"/api/auth/sessions/{there['sessionId']}", headers=bearer
            ).status_code
            == 204
        )
    assert read_refusal(profile(there["access"])) == DEAD
    assert [
        one["id"]
        for one in api.get("/api/auth/sessions", headers=bearer).json()["items"]
    ] == [here["sessionId"]]


@pytest.mark.asvs("10.3.4")
@pytest.mark.parametrize(
    "path", ["/api/auth/logout-all", "/api/auth/sessions/{id}", "/api/auth/erase"]
)
def test_sensitive_calls_want_the_password_of_the_last_ten_minutes(
    api, customer, path
):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        tokens, other = login(customer), login(customer)
        clock.shift(601)
        bearer = {"Authorization": f"Bearer {tokens['access']}"}
        method = api.delete if "sessions" in path else api.post
        path = path.replace("{id}", other["sessionId"])
        assert read_refusal(method(path, headers=bearer)) == (
            403,
            "reauthentication_required",
        )
        wrong = api.post(
            "/api/auth/reauthenticate", {"password": "not this one"}, headers=bearer
        )
        assert read_refusal(wrong) == (400, "current_password_wrong")
        assert read_refusal(method(path, headers=bearer)) == (
            403,
            "reauthentication_required",
        )
        assert (
            api.post(
                "/api/auth/reauthenticate", {"password": PASSWORD}, headers=bearer
            ).status_code
            == 204
        )
        assert method(path, headers=bearer).status_code == 204


@pytest.mark.asvs("7.2.4")
def test_a_login_ends_the_session_that_came_with_it(api, customer):
    first = login(customer)
    login(customer, headers={"Authorization": f"Bearer {first['access']}"})
    assert read_refusal(refresh(first["refresh"])) == DEAD
    assert session_of(first).revoked_reason == "logout"
