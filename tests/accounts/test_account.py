"""Profile, e-mail, passwords and the mails about them."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import MailToken, TokenPurpose, User
from accounts.services import mail_tokens
from markrin.outbox.models import OutboxEvent
from tests.accounts.flows import (
    do_jobs,
    login,
    new_key,
    profile,
    read_refusal,
    refresh,
)
from tests.factories import PASSWORD, make_user

NEW = "another quiet harbour"


def linked(mail: Any, page: str) -> str:
    """Return the token that a mail's link to this page carries."""
    found = re.search(
        rf"http://localhost:8000/{page}#token=([\w-]{{43}})\b", mail.body
    )
    assert found, mail.body
    return found[1]


@pytest.fixture
def me(api, customer):
    """A client of the customer, who has just signed in."""
    return api.as_user(customer)


def test_registering_greets_by_mail_and_verifies(api, mailoutbox):
    body = {
        "name": "Asha",
        "lastName": "Rao",
        "email": "Asha@Example.com",
        "password": PASSWORD,
    }
    answer = api.post("/api/auth/register", body)
    assert answer.status_code == 201
    user = answer.json()["user"]
    assert (user["email"], user["emailVerified"], user["role"]) == (
        "asha@example.com",
        False,
        "customer",
    )
    assert sorted(do_jobs()) == ["accounts.welcome_by_mail", "webhooks.publish"]
    welcome = OutboxEvent.objects.get(task="accounts.welcome_by_mail")
    assert welcome.payload == {"user_id": user["id"]}
    token = linked(mailoutbox[0], "verify-email")
    bearer = {"Authorization": f"Bearer {answer.json()['access']}"}
    verified = api.post("/api/auth/email/verify", {"token": token}, headers=bearer)
    assert verified.status_code == 204
    assert profile(answer.json()["access"]).json()["emailVerified"] is True
    assert read_refusal(api.post("/api/auth/email/verify", {"token": token})) == (
        400,
        "verification_token_invalid",
    )


def test_an_address_is_taken_once_whatever_its_case(api, customer):
    body = {"name": "A", "email": customer.email.upper(), "password": PASSWORD}
    assert read_refusal(api.post("/api/auth/register", body)) == (
        409,
        "email_taken",
    )
    assert User.objects.count() == 1


def test_another_address_counts_once_it_is_verified(api, customer, me, mailoutbox):
    answer = me.patch(
        "/api/auth/profile", {"email": "New@Example.com", "name": "Other"}
    ).json()
    assert (answer["email"], answer["pendingEmail"], answer["name"]) == (
        customer.email,
        "new@example.com",
        "Other",
    )
    reset = mail_tokens.create_token(
        customer, TokenPurpose.RESET, email=customer.email, ttl_s=60
    )
    assert sorted(do_jobs()) == [
        "accounts.confirm_new_email_by_mail",
        "accounts.warn_of_new_email_by_mail",
    ]
    by_address = {mail.to[0]: mail for mail in mailoutbox}
    assert by_address.keys() == {customer.email, "new@example.com"}
    token = linked(by_address["new@example.com"], "verify-email")
    assert me.post("/api/auth/email/verify", {"token": token}).status_code == 204
    assert me.get("/api/auth/profile").json()["email"] == "new@example.com"
    # Links that went to the old address have become worthless.
    assert read_refusal(
        api.post("/api/auth/password/reset", {"token": reset, "newPassword": NEW})
    ) == (
        400,
        "reset_token_invalid",
    )


@pytest.mark.asvs("7.5.1")
def test_another_address_wants_the_password_of_the_last_ten_minutes(api, customer):
    with time_machine.travel(timezone.now(), tick=False) as clock:
        bearer = {"Authorization": f"Bearer {login(customer)['access']}"}
        clock.shift(601)
        answer = api.patch(
            "/api/auth/profile", {"email": "new@example.com"}, headers=bearer
        )
        assert read_refusal(answer) == (403, "reauthentication_required")
        assert (
            api.patch(
                "/api/auth/profile", {"name": "Other"}, headers=bearer
            ).status_code
            == 200
        )


def test_an_address_that_was_taken_meanwhile_is_refused(
    api, customer, me, mailoutbox
):
    me.patch("/api/auth/profile", {"email": "new@example.com"})
    do_jobs()
    make_user(email="new@example.com")
    token = linked(
        next(mail for mail in mailoutbox if mail.to == ["new@example.com"]),
        "verify-email",
    )
    assert read_refusal(api.post("/api/auth/email/verify", {"token": token})) == (
        409,
        "email_taken",
    )
    assert read_refusal(
        me.patch("/api/auth/profile", {"email": "new@example.com"})
    ) == (
        409,
        "email_taken",
    )
    assert (
        me.patch("/api/auth/profile", {"email": customer.email}).json()[
            "pendingEmail"
        ]
        is None
    )


def test_the_profile_is_kept(me):
    wanted = {
        "name": "Ünal",
        "lastName": "",
        "phone": "098765 43210",
        "dateOfBirth": "1990-01-31",
        "gender": "female",
    }
    assert me.patch("/api/auth/profile", wanted).status_code == 200
    kept = me.get("/api/auth/profile").json()
    assert {name: kept[name] for name in wanted} == wanted | {
        "phone": "+919876543210"
    }
    cleared = me.patch(
        "/api/auth/profile", {"phone": None, "dateOfBirth": None, "gender": ""}
    ).json()
    assert (cleared["phone"], cleared["dateOfBirth"], cleared["gender"]) == (
        None,
        None,
        "",
    )


def test_a_birthday_in_the_future_is_refused(me):
    answer = me.patch("/api/auth/profile", {"dateOfBirth": "2099-01-01"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/dateOfBirth"


@pytest.mark.asvs("6.4.1")
def test_a_forgotten_password_is_set_by_mail_once(api, customer, mailoutbox):
    assert (
        api.post("/api/auth/password/forgot", {"email": customer.email}).status_code
        == 202
    )
    assert do_jobs() == ["accounts.reset_by_mail"]
    assert "@" not in str(OutboxEvent.objects.get().payload)
    token = linked(mailoutbox[0], "reset-password")
    weak = api.post(
        "/api/auth/password/reset", {"token": token, "newPassword": "password"}
    )
    assert read_refusal(weak) == (
        400,
        "password_rejected",
    )  # and the token stays good
    assert (
        api.post(
            "/api/auth/password/reset", {"token": token, "newPassword": NEW}
        ).status_code
        == 204
    )
    assert login(customer, password=NEW)
    again = api.post(
        "/api/auth/password/reset", {"token": token, "newPassword": PASSWORD}
    )
    assert read_refusal(again) == (400, "reset_token_invalid")


def test_nobody_is_written_to_who_has_no_account(api, db, mailoutbox):
    make_user(email="gone@example.com", is_active=False)
    for email in ("nobody@example.com", "gone@example.com"):
        assert (
            api.post("/api/auth/password/forgot", {"email": email}).status_code
            == 202
        )
        assert (
            api.post("/api/auth/email/verify/resend", {"email": email}).status_code
            == 202
        )
    assert len(do_jobs()) == 4
    assert mailoutbox == []


@pytest.mark.asvs("6.5.5")
@pytest.mark.parametrize(
    ("purpose", "path", "after_s"),
    [("reset", "password/reset", 1801), ("verify", "email/verify", 86_401)],
)
def test_a_mailed_token_ends(api, customer, mailoutbox, purpose, path, after_s):
    User.objects.update(email_verified_at=None)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        api.post(
            "/api/auth/password/forgot"
            if purpose == "reset"
            else "/api/auth/email/verify/resend",
            {"email": customer.email},
        )
        do_jobs()
        token = MailToken.objects.get()
        assert token.expires_at == timezone.now() + timedelta(seconds=after_s - 1)
        clock.shift(after_s)
        page = "reset-password" if purpose == "reset" else "verify-email"
        body = {"token": linked(mailoutbox[0], page)} | (
            {"newPassword": NEW} if purpose == "reset" else {}
        )
        answer = api.post(f"/api/auth/{path}", body)
        assert answer.status_code == 400
        assert answer.json()["code"].endswith("_token_invalid")


@pytest.mark.asvs("9.2.2")
def test_a_mailed_token_is_good_for_its_purpose_only(api, customer):
    verify = mail_tokens.create_token(
        customer, TokenPurpose.VERIFY, email=customer.email, ttl_s=60
    )
    reset = mail_tokens.create_token(
        customer, TokenPurpose.RESET, email=customer.email, ttl_s=60
    )
    assert (
        api.post(
            "/api/auth/password/reset", {"token": verify, "newPassword": NEW}
        ).status_code
        == 400
    )
    assert api.post("/api/auth/email/verify", {"token": reset}).status_code == 400


def test_a_password_change_voids_what_was_mailed(api, customer, me):
    reset = mail_tokens.create_token(
        customer, TokenPurpose.RESET, email=customer.email, ttl_s=60
    )
    me.post(
        "/api/auth/password/change",
        {"currentPassword": PASSWORD, "newPassword": NEW},
    )
    assert (
        api.post(
            "/api/auth/password/reset", {"token": reset, "newPassword": PASSWORD}
        ).status_code
        == 400
    )


@pytest.mark.asvs("6.2.2", "6.2.3")
def test_changing_the_password_needs_the_current_one(customer, me):
    wrong = me.post(
        "/api/auth/password/change",
        {"currentPassword": "not this one", "newPassword": NEW},
    )
    assert read_refusal(wrong) == (400, "current_password_wrong")
    weak = me.post(
        "/api/auth/password/change",
        {"currentPassword": PASSWORD, "newPassword": customer.email},
    )
    assert read_refusal(weak) == (400, "password_rejected")
    assert me.get("/api/auth/profile").status_code == 200


def test_a_sign_in_from_elsewhere_is_told_of(api, customer, mailoutbox):
    def enter(ip: str, agent: str) -> None:
        api.http.defaults["REMOTE_ADDR"] = ip
        login(customer, client=api, headers={"User-Agent": agent})

    for ip, agent in (("192.0.2.1", "A"), ("192.0.2.1", "B"), ("192.0.2.2", "A")):
        enter(ip, agent)  # the first ever; the same network; the same browser
    assert not OutboxEvent.objects.exists()
    enter("192.0.2.3", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
    assert do_jobs() == ["accounts.report_new_device_by_mail"]
    assert "Firefox on Linux" in mailoutbox[0].body
    assert "192.0.2.3" in mailoutbox[0].body


def test_the_mails_may_be_sent_twice(customer, mailoutbox):
    from accounts.services import mails

    first = login(customer)
    key = new_key()
    refresh(first["refresh"], key)
    refresh(first["refresh"])
    for _ in range(2):
        mails.report_reuse_by_mail(
            user_id=customer.pk, session_id=first["sessionId"]
        )
    assert len({mail.extra_headers["Message-ID"] for mail in mailoutbox}) == 1


@pytest.mark.asvs("6.2.4", "6.2.11")
@pytest.mark.parametrize(
    "password",
    [
        "        ",
        "aaaaaaaa",
        "summer2026",
        "Summer2026!",
        "!!Winter99",
        "P@ssw0rd",
        "iloveyou1",
        "qwerty123",
        "abababab",
    ],
)
def test_a_well_known_word_is_no_password_however_decorated(api, password):
    body = {"name": "Asha", "email": "asha@example.com", "password": password}
    answer = api.post("/api/auth/register", body)
    assert read_refusal(answer) == (400, "password_rejected")


@pytest.mark.parametrize(
    "password",
    ["correct horse 77", "winter is late this year", "7391dragonfly-8847"],
)
def test_a_long_one_of_words_is_taken(api, password):
    body = {"name": "Asha", "email": "asha@example.com", "password": password}
    assert api.post("/api/auth/register", body).status_code == 201


@pytest.mark.parametrize(
    "name",
    [
        "\u3164",
        "\u2800\u2800",
        "\u115f\u1160",
        "\U000e0041",
        "\ufe0f",
        "\u200b\u3164",
    ],
)
def test_a_name_of_invisible_letters_is_blank(api, name):
    body = {"name": name, "email": "asha@example.com", "password": PASSWORD}
    answer = api.post("/api/auth/register", body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (
        400,
        "/name",
    )


@pytest.mark.parametrize("name", ["\u200b", "\u3164", " \U000e0041\u2800"])
def test_a_last_name_of_invisible_letters_is_none(me, name):
    answer = me.patch("/api/auth/profile", {"lastName": name})
    assert (answer.status_code, answer.json()["lastName"]) == (200, "")


def test_a_strangers_mail_does_not_open_with_the_senders_text(api, mailoutbox):
    body = {
        "name": "Refund at https://evil.example",
        "email": "victim@example.com",
        "password": PASSWORD,
    }
    assert api.post("/api/auth/register", body).status_code == 201
    assert (
        api.post(
            "/api/auth/password/forgot", {"email": "victim@example.com"}
        ).status_code
        == 202
    )
    do_jobs()
    assert len(mailoutbox) == 2
    for mail in mailoutbox:
        assert "evil" not in mail.message().as_string() + mail.body
