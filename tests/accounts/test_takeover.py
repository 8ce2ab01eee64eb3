"""Whoever has somebody else's account, or address, for a while does not keep it."""

from typing import Any

import pytest

from accounts.models import MailToken, Session, TokenPurpose, User
from accounts.services import mail_tokens
from orders.models import Order
from tests.accounts.flows import do_jobs, login, profile, read_refusal
from tests.client import Client
from tests.factories import PASSWORD, make_order, make_user

NEW = "the owner is back in"


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access']}"}


def register(email: str) -> dict[str, Any]:
    body = {"name": "Mallory", "email": email, "password": PASSWORD}
    answer = Client().post("/api/auth/register", body)
    assert answer.status_code == 201
    found: dict[str, Any] = answer.json()
    return found


def mailed(
    user: User, email: str, purpose: TokenPurpose = TokenPurpose.VERIFY
) -> str:
    return mail_tokens.create_token(user, purpose, email=email, ttl_s=600)


def verify(token: str, headers: dict[str, str] | None = None) -> int:
    answer = Client().post(
        "/api/auth/email/verify", {"token": token}, headers=headers
    )
    return int(answer.status_code)


def links(mails: list[Any]) -> int:
    return sum("/verify-email" in mail.body for mail in mails)


# --- Somebody registered with another's address --------------------------------------------------
def test_the_owner_of_the_address_follows_the_link_and_the_strangers_session_ends(
    db,
):
    make_order(guest_email="owner@example.com")
    stranger = register("owner@example.com")
    user = User.objects.get()
    assert verify(mailed(user, user.email)) == 204
    assert read_refusal(profile(stranger["access"])) == (401, "session_revoked")
    assert Session.objects.get().revoked_reason == "email_verified"
    again = login(user)  # the stranger still knows the password
    assert Client(headers=bearer(again)).get("/api/orders").json()["items"] == []
    assert Order.objects.get().user is None


def test_a_session_of_somebody_else_proves_nothing(db):
    make_order(guest_email="owner@example.com")
    stranger = register("owner@example.com")
    user = User.objects.get(email="owner@example.com")
    owner = login(make_user())
    assert verify(mailed(user, user.email), bearer(owner)) == 204
    assert read_refusal(profile(stranger["access"])) == (401, "session_revoked")
    assert profile(owner["access"]).status_code == 200
    assert Order.objects.get().user is None


def test_whoever_is_signed_in_and_reads_the_mail_gets_what_they_ordered_as_a_guest(
    db,
):
    order = make_order(guest_email="owner@example.com")
    mine, phone = register("owner@example.com"), None
    user = User.objects.get()
    phone = login(user)
    assert verify(mailed(user, user.email), bearer(mine)) == 204
    assert profile(mine["access"]).status_code == 200
    assert read_refusal(profile(phone["access"])) == (401, "session_revoked")
    order.refresh_from_db()
    assert order.user == user


def test_a_change_to_anothers_address_does_not_bring_their_orders(db):
    make_order(guest_email="owner@example.com")
    stranger = login(make_user(email="stranger@example.com"))
    Client(headers=bearer(stranger)).patch(
        "/api/auth/profile", {"email": "owner@example.com"}
    )
    user = User.objects.get()
    assert verify(mailed(user, "owner@example.com")) == 204
    assert read_refusal(profile(stranger["access"])) == (401, "session_revoked")
    assert Order.objects.get().user is None


def test_the_link_again_for_whoever_verified_elsewhere(db, mailoutbox):
    order = make_order(guest_email="owner@example.com")
    user = make_user(email="owner@example.com")  # verified long ago
    tokens = login(user)
    Client().post("/api/auth/email/verify/resend", {"email": user.email})
    assert "accounts.verify_by_mail" in do_jobs()
    assert links(mailoutbox) == 0  # nobody in particular asked, and it is verified
    Client(headers=bearer(tokens)).post("/api/auth/email/verify/resend", {})
    do_jobs()
    assert links(mailoutbox) == 1
    assert verify(mailed(user, user.email), bearer(tokens)) == 204
    order.refresh_from_db()
    assert order.user == user


def test_who_sets_the_password_by_mail_gets_the_guests_orders(db):
    order = make_order(guest_email="owner@example.com")
    register("owner@example.com")
    user = User.objects.get()
    token = mailed(user, user.email, TokenPurpose.RESET)
    body = {"token": token, "newPassword": NEW}
    assert Client().post("/api/auth/password/reset", body).status_code == 204
    order.refresh_from_db()
    assert order.user == user


# --- A takeover ends -----------------------------------------------------------------------------
def reset(user: User, tokens: dict[str, Any]) -> None:
    token = mailed(user, user.email, TokenPurpose.RESET)
    body = {"token": token, "newPassword": NEW}
    assert Client().post("/api/auth/password/reset", body).status_code == 204


def change(user: User, tokens: dict[str, Any]) -> None:
    body = {"currentPassword": PASSWORD, "newPassword": NEW}
    answer = Client(headers=bearer(tokens)).post("/api/auth/password/change", body)
    assert answer.status_code == 200


def set_in_admin(user: User, tokens: dict[str, Any]) -> None:
    pages = Client().http
    pages.force_login(make_user(role="admin"))
    page = f"/admin/accounts/user/{user.pk}/password/"
    answer = pages.post(page, {"password1": NEW, "password2": NEW})
    assert answer.status_code == 302


@pytest.mark.parametrize("end", [reset, change, set_in_admin])
def test_a_new_password_ends_all_that_is_pending(db, end):
    user = make_user()
    tokens = login(user)
    other = Client(headers=bearer(tokens))
    asked = other.patch("/api/auth/profile", {"email": "attacker@example.com"})
    assert asked.json()["pendingEmail"] == "attacker@example.com"
    link = mailed(user, "attacker@example.com")
    end(user, tokens)
    user.refresh_from_db()
    assert (user.pending_email, MailToken.objects.count()) == ("", 0)
    assert verify(link) == 400
    user.refresh_from_db()
    assert user.email != "attacker@example.com"


def test_a_better_hash_of_the_same_password_ends_nothing(db, settings):
    user = make_user()
    user.pending_email = "new@example.com"
    user.save(update_fields=["pending_email"])
    link = mailed(user, "new@example.com")
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        *settings.PASSWORD_HASHERS,
    ]
    login(user)
    user.refresh_from_db()
    assert user.password.startswith("pbkdf2")
    assert verify(link) == 204


def test_the_export_wants_a_recent_password(db, settings):
    tokens = login(make_user())
    me = Client(headers=bearer(tokens))
    settings.REAUTHENTICATION_S = 0
    assert read_refusal(me.get("/api/auth/export")) == (
        403,
        "reauthentication_required",
    )
    settings.REAUTHENTICATION_S = 600
    assert me.get("/api/auth/export").status_code == 200


# --- Passwords and names -------------------------------------------------------------------------
@pytest.mark.parametrize(
    "password",
    [
        "        ",
        "summer2026",
        "Summer2026!!!",
        "2026summer",
        "abababab",
        "letmein123",
    ],
)
def test_a_password_that_is_guessed_early_is_refused(db, password):
    body = {"name": "A", "email": "a@example.com", "password": password}
    assert read_refusal(Client().post("/api/auth/register", body)) == (
        400,
        "password_rejected",
    )
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["\u3164", "\u115f\u1160", "\u2800", "\U000e0041"])
def test_a_name_that_nobody_sees_is_refused(db, name):
    body = {"name": name, "email": "a@example.com", "password": PASSWORD}
    answer = Client().post("/api/auth/register", body)
    assert answer.json()["errors"][0] == {
        "pointer": "/name",
        "code": "too_short",
        "message": "This may not be blank.",
    }
