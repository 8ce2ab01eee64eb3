"""The decision table of a refresh, which docs/auth.md has."""

from threading import Event, Thread
from time import sleep
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import (
    BlacklistedToken,
    OutstandingToken,
)

from accounts import errors
from accounts.client_info import ClientInfo
from accounts.models import AuthEvent, RevokedReason, Session
from accounts.services import session_refresh, sessions, sign_in
from accounts.tokens import RefreshToken
from dev.processes import wait_for
from markrin.db import transactions
from tests.accounts.flows import (
    at_once,
    codes,
    do_jobs,
    live_tokens,
    login,
    new_key,
    profile,
    read_refusal,
    refresh,
    session_of,
)
from tests.client import Client
from tests.factories import PASSWORD, make_user

DEAD = (401, "session_revoked")


@pytest.mark.asvs("10.4.5", "16.3.3")
def test_the_old_token_ends_the_family_at_once(customer, mailoutbox):
    first = login(customer)
    second = refresh(first["refresh"]).json()
    assert second["refresh"] != first["refresh"]
    assert second["sessionId"] == first["sessionId"]
    assert second["user"] == profile(second["access"]).json()
    assert profile(second["access"]).status_code == 200
    assert read_refusal(refresh(first["refresh"])) == DEAD
    assert (
        read_refusal(profile(first["access"]))
        == read_refusal(profile(second["access"]))
        == read_refusal(refresh(second["refresh"]))
        == DEAD
    )
    row = session_of(first)
    assert row.revoked_reason == "reuse_detected"
    assert live_tokens(first["sessionId"]) == 0
    assert (
        AuthEvent.objects.filter(
            type="refresh", outcome="reuse", sid=row.pk, user_id=customer.pk
        ).count()
        == 1
    )
    assert do_jobs() == ["accounts.report_reuse_by_mail"]
    assert [(mail.to, mail.subject) for mail in mailoutbox] == [
        ([customer.email], "We signed you out: a token was used twice")
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.asvs("16.3.1")
def test_the_revocation_survives_the_refusal_under_atomic_requests(monkeypatch):
    customer = make_user()
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    first = login(customer)
    assert refresh(first["refresh"]).status_code == 200
    assert read_refusal(refresh(first["refresh"])) == DEAD
    assert session_of(first).revoked_reason == "reuse_detected"
    assert login_fails(customer)
    assert AuthEvent.objects.filter(type="login", outcome="failed").count() == 1


def login_fails(user: Any) -> bool:
    answer = Client().post(
        "/api/auth/login", {"email": user.email, "password": "not this one"}
    )
    return read_refusal(answer) == (401, "invalid_credentials")


@pytest.mark.asvs("10.4.5")
@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_without_a_key_make_one_child():
    first = login(make_user())
    answers = at_once(lambda _: refresh(first["refresh"]), times=20)
    won = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {
        read_refusal(answer) for answer in answers if answer.status_code != 200
    } <= {
        (409, "refresh_conflict"),
        DEAD,
    }
    conflicts = [answer for answer in answers if answer.status_code == 409]
    assert all(answer.headers["Retry-After"] == "1" for answer in conflicts)
    row = session_of(first)
    assert row.generation == 1
    assert OutstandingToken.objects.count() == 2
    assert live_tokens(first["sessionId"]) == (0 if row.revoked_at else 1)


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_with_one_key_get_the_same_child(monkeypatch):
    patient = "SELECT set_config('lock_timeout', '60s', true)"
    monkeypatch.setattr(transactions, "LIMITS_SQL", patient)  # they stand in line
    first, key = login(make_user()), new_key()
    answers = at_once(lambda _: refresh(first["refresh"], key), times=20)
    assert codes(answers) == [200] * 20
    assert len({answer.json()["refresh"] for answer in answers}) == 1
    row = session_of(first)
    assert (row.generation, row.replay_count, row.revoked_at) == (1, 19, None)
    assert live_tokens(first["sessionId"]) == 1
    assert OutstandingToken.objects.count() == 2


def test_refreshes_behind_a_pooler_where_nothing_is_planned_once(
    customer, monkeypatch
):
    monkeypatch.setitem(
        connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", True
    )
    first = login(customer)
    second = refresh(first["refresh"]).json()
    assert profile(second["access"]).status_code == 200
    assert read_refusal(refresh(first["refresh"])) == DEAD
    assert session_of(first).revoked_reason == "reuse_detected"


def test_a_lost_answer_is_given_again_for_its_key(customer):
    first, key = login(customer), new_key()
    lost = refresh(first["refresh"], key).json()
    again = refresh(
        first["refresh"], f'"{key}"'
    ).json()  # the quoted spelling is the same key
    assert again["refresh"] == lost["refresh"]
    assert profile(again["access"]).status_code == 200
    third = refresh(again["refresh"]).json()
    assert profile(third["access"]).status_code == 200


@pytest.mark.parametrize("other", [new_key(), None], ids=["another", "none"])
def test_another_key_or_none_is_reuse(customer, other):
    first = login(customer)
    assert refresh(first["refresh"], new_key()).status_code == 200
    assert read_refusal(refresh(first["refresh"], other)) == DEAD
    assert session_of(first).revoked_reason == "reuse_detected"


@pytest.mark.parametrize(("after_s", "wanted"), [(299, 200), (301, 401)])
def test_a_key_is_good_for_300_seconds(customer, after_s, wanted):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first, key = login(customer), new_key()
        assert refresh(first["refresh"], key).status_code == 200
        clock.shift(after_s)
        assert refresh(first["refresh"], key).status_code == wanted


@pytest.mark.parametrize(
    "key",
    ["", "1", "x" * 36, f"'{new_key()}'", new_key()[:-1], "é" * 36],
    ids=range(6),
)
def test_a_key_that_is_no_uuid_is_refused_and_changes_nothing(customer, api, key):
    first = login(customer)
    answer = api.post(
        "/api/auth/refresh",
        {"refresh": first["refresh"]},
        headers={"Idempotency-Key": key},
    )
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["header"] == "Idempotency-Key"
    assert session_of(first).generation == 0


def test_the_grandparent_is_reuse_even_with_the_right_key(customer):
    first, key = login(customer), new_key()
    second = refresh(first["refresh"], key).json()
    assert refresh(second["refresh"], key).status_code == 200
    assert read_refusal(refresh(first["refresh"], key)) == DEAD
    assert session_of(first).revoked_reason == "reuse_detected"


@pytest.mark.parametrize("end", ["logout", "disable", "password"])
def test_no_answer_is_given_again_after_the_end(api, customer, end):
    first, key = login(customer), new_key()
    second = refresh(first["refresh"], key).json()
    bearer = {"Authorization": f"Bearer {second['access']}"}
    if end == "logout":
        assert (
            api.post("/api/auth/logout", {"refresh": second["refresh"]}).status_code
            == 204
        )
    elif end == "disable":
        customer.is_active = False
        customer.save()
    else:
        body = {"currentPassword": PASSWORD, "newPassword": "another quiet harbour"}
        assert (
            api.post("/api/auth/password/change", body, headers=bearer).status_code
            == 200
        )
    assert read_refusal(refresh(first["refresh"], key)) == DEAD


def _racing(first: dict[str, Any]) -> list[Any]:
    """Start a refresh in a thread and return where its answer will be."""
    answers: list[Any] = []

    def refresh_in_thread() -> None:
        try:
            answers.append(refresh(first["refresh"]))
        finally:
            connection.close()

    thread = Thread(target=refresh_in_thread)
    thread.start()
    answers.insert(0, thread)
    return answers


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE NOT granted AND datname = current_database())"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_a_refresh_that_waits_for_a_logout_finds_the_session_dead():
    first = login(make_user())
    with transaction.atomic():
        Session.objects.filter(pk=first["sessionId"]).locked().get()
        answers = _racing(first)
        assert wait_for(somebody_waits_for_a_lock, seconds=20)
        assert len(answers) == 1
        sessions.revoke_sessions(
            Session.objects.filter(pk=first["sessionId"]),
            reason=RevokedReason.LOGOUT,
            now=timezone.now(),
        )
    answers[0].join(60)
    assert read_refusal(answers[1]) == DEAD
    assert live_tokens(first["sessionId"]) == 0


@pytest.mark.django_db(transaction=True)
def test_a_logout_that_waits_for_a_refresh_ends_what_it_made(monkeypatch):
    first = login(make_user())
    decision = session_refresh
    rotate, inside = decision.rotate_token, Event()

    def slowly(*args: Any, **kwargs: Any) -> Session | None:
        with transaction.atomic():
            rotated = rotate(*args, **kwargs)
            inside.set()
            sleep(0.4)  # the lock is held: the logout comes in here
        return rotated

    monkeypatch.setattr(decision, "rotate_token", slowly)
    answers = _racing(first)
    assert inside.wait(20)
    sign_in.log_out(
        sessions={RefreshToken.from_text(first["refresh"]).sid}, client=ClientInfo()
    )
    answers[0].join(60)
    won = answers[1].json()
    assert (
        answers[1].status_code == 200
    )  # it was given out before the logout took hold
    assert (
        read_refusal(refresh(won["refresh"]))
        == read_refusal(profile(won["access"]))
        == DEAD
    )
    assert live_tokens(first["sessionId"]) == 0


@pytest.mark.django_db(transaction=True)
def test_a_refresh_that_waits_too_long_asks_to_come_again():
    first = login(make_user())
    with transaction.atomic():
        Session.objects.filter(pk=first["sessionId"]).locked().get()
        answers = _racing(first)
        answers[0].join(60)
        assert read_refusal(answers[1]) == (409, "refresh_conflict")
    assert refresh(first["refresh"]).status_code == 200


def test_a_request_that_came_in_before_the_rotation_is_no_theft(customer):
    first = login(customer)
    came_in = timezone.now()
    assert refresh(first["refresh"]).status_code == 200
    with pytest.raises(errors.RefreshConflict):
        session_refresh.refresh_session(
            text=first["refresh"],
            transport="body",
            key=None,
            received_at=came_in,
            client=ClientInfo(),
        )
    assert session_of(first).revoked_at is None


def test_a_token_that_was_spent_already_is_reuse_even_if_the_row_does_not_know(
    customer,
):
    first = login(customer)
    live = OutstandingToken.objects.get(jti=session_of(first).current_jti)
    BlacklistedToken.objects.create(token=live)
    assert read_refusal(refresh(first["refresh"])) == DEAD


@pytest.mark.django_db(transaction=True)
def test_a_login_beside_a_refresh_of_the_old_session_mixes_nobody_up():
    old, new = make_user(), make_user()
    for _ in range(5):
        first = login(old)

        def both(number: int, first: dict[str, Any] = first) -> Any:
            if number:
                return refresh(first["refresh"])
            return login(
                new, headers={"Authorization": f"Bearer {first['access']}"}
            )

        signed_in, refreshed = at_once(both, times=2)
        assert signed_in["user"]["id"] == str(new.pk)
        assert signed_in["sessionId"] != first["sessionId"]
        if refreshed.status_code == 200:
            assert refreshed.json()["sessionId"] == first["sessionId"]
            assert read_refusal(profile(refreshed.json()["access"])) == DEAD
        else:
            assert read_refusal(refreshed) == DEAD
        assert profile(signed_in["access"]).json()["id"] == str(new.pk)
        assert session_of(first).revoked_reason == "logout"


def test_a_plain_refresh_is_one_statement(customer, django_assert_num_queries):
    first = login(customer)
    with django_assert_num_queries(1):
        assert refresh(first["refresh"]).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_refresh_that_waits_for_a_harmless_lock_goes_on():
    first = login(make_user())
    with transaction.atomic():
        Session.objects.filter(pk=first["sessionId"]).locked().get()
        answers = _racing(first)
        assert wait_for(somebody_waits_for_a_lock, seconds=20)
    answers[0].join(60)
    assert answers[1].status_code == 200
    assert live_tokens(first["sessionId"]) == 1


def test_a_password_is_not_changed_where_the_live_token_was_spent_elsewhere(
    customer,
):
    first = login(customer)
    live = OutstandingToken.objects.get(jti=session_of(first).current_jti)
    BlacklistedToken.objects.create(token=live)
    change = {
        "currentPassword": PASSWORD,
        "newPassword": "a quiet harbour at dawn",
    }
    bearer = {"Authorization": f"Bearer {first['access']}"}
    answer = Client(headers=bearer).post("/api/auth/password/change", change)
    assert read_refusal(answer) == DEAD
    customer.refresh_from_db()
    assert customer.check_password(PASSWORD)
    assert session_of(first).auth_epoch == customer.auth_epoch


@pytest.mark.django_db(transaction=True)
def test_a_kept_connection_that_has_died_costs_no_refresh():
    first = login(make_user())
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [(pid,)] = cursor.fetchall()
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    other.close()
    assert refresh(first["refresh"]).status_code == 200
    assert live_tokens(first["sessionId"]) == 1


@pytest.mark.django_db(transaction=True)
def test_a_user_who_is_disabled_while_a_refresh_decides_is_no_victim(
    monkeypatch, mailoutbox
):
    user = make_user()
    first = login(user)
    rotate, asked = session_refresh.rotate_token, list[None]()

    def disable_between(*args: Any, **kwargs: Any) -> Session | None:
        asked.append(None)
        if len(asked) == 1:
            return None  # as if somebody held the session
        other = connection.copy()
        with other.cursor() as cursor:
            cursor.execute(
                "UPDATE accounts_user SET is_active = false WHERE id = %s",
                [user.pk],
            )
        other.close()
        return rotate(*args, **kwargs)

    monkeypatch.setattr(session_refresh, "rotate_token", disable_between)
    assert read_refusal(refresh(first["refresh"])) == DEAD
    assert session_of(first).revoked_reason == RevokedReason.USER_DISABLED
    assert do_jobs() == []
