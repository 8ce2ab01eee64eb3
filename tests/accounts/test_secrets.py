"""No secret where it could be read later."""

import logging
import re
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client as Browser
from django.urls import reverse

from accounts.models import MailToken, Session, TokenPurpose
from accounts.services import mail_tokens
from markrin.observe.logs import lines
from tests.accounts.flows import WEB, do_jobs, login, new_key, refresh
from tests.client import Client
from tests.factories import make_user

PASSWORD = "canary-password-4711"
NEW_PASSWORD = "canary-password-4712"


def _canaries(user: Any) -> dict[str, str]:
    """Go through everything that handles secrets, the refusals too; return the secrets."""
    first, key = login(user, password=PASSWORD), new_key()
    second = refresh(first["refresh"], key).json()
    bearer = {"Authorization": f"Bearer {second['access']}"}
    api = Client(headers=bearer)
    web = Client().post(
        "/api/auth/login", {"email": user.email, "password": PASSWORD}, headers=WEB
    )
    cookie = web.headers["Set-Cookie"].partition("=")[2].partition(";")[0]
    Client().post(
        "/api/auth/login", {"email": user.email, "password": PASSWORD + "?"}
    )
    Client().post(
        "/api/auth/login",
        {"email": user.email, "password": PASSWORD, "more": PASSWORD},
    )
    Client().post(
        "/api/auth/refresh", {}, headers=WEB | {"Cookie": f"mk_rt={cookie}x"}
    )
    api.get("/api/auth/profile", {"token": second["access"]})
    api.post(
        "/api/auth/password/change",
        {"currentPassword": PASSWORD + "!", "newPassword": NEW_PASSWORD},
    )
    reset = mail_tokens.create_token(
        user, TokenPurpose.RESET, email=user.email, ttl_s=60
    )
    Client().post(
        "/api/auth/password/reset",
        {"token": reset + "x", "newPassword": NEW_PASSWORD},
    )
    Client().post("/api/auth/password/forgot", {"email": user.email})
    refresh(first["refresh"])  # a theft: second dies
    do_jobs()
    return {
        "password": PASSWORD,
        "new password": NEW_PASSWORD,
        "reset": reset,
        "cookie": cookie,
        **{
            f"{name} {kind}": tokens[kind]
            for name, tokens in (("first", first), ("second", second))
            for kind in ("access", "refresh")
        },
    }


def _found(canaries: dict[str, str], text: str) -> list[str]:
    # A token's signature is what makes it one; its claims, such as the session's id, are no secret.
    return [
        name
        for name, secret in canaries.items()
        if secret.rpartition(".")[2] in text
    ]


def _tables() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
        names = [name for (name,) in cursor.fetchall()]
        rows = []
        for name in names:
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{name}" t')
            rows += [row for (row,) in cursor.fetchall()]
    assert len(names) > 20
    return "\n".join(rows)


@pytest.mark.asvs("16.2.5", "14.2.1", "14.2.4")
def test_no_secret_in_logs_or_tables(db, caplog, capfd, mailoutbox):
    caplog.set_level(logging.DEBUG)
    canaries = _canaries(make_user(password=PASSWORD))
    lines.flush()  # they wait in memory for a moment
    logged = caplog.text + "".join(capfd.readouterr())
    assert "auth" in logged  # something was logged at all
    assert _found(canaries, logged) == []
    tables = _tables()
    assert "reuse_detected" in tables
    assert _found(canaries, tables) == []
    mailed = re.search(
        r"#token=([\w-]+)", "".join(mail.body for mail in mailoutbox)
    )
    assert (
        mailed is not None
    )  # the mail itself carries one, of which the tables have a hash
    assert mailed[1] not in tables
    assert MailToken.objects.exists()


@pytest.mark.asvs("15.3.1")
def test_no_secret_in_the_admin(db, admin_user, settings):
    user = make_user(password=PASSWORD)
    canaries = _canaries(user)
    canaries["hash"] = user.password
    canaries |= {
        "jti": Session.objects.filter(user=user).values_list(
            "current_jti", flat=True
        )[0]
    }
    browser = Browser()
    browser.force_login(admin_user)
    pages = 0
    for model in admin.site._registry:
        if model._meta.app_label != "accounts":
            continue
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        urls = [reverse(f"{base}_changelist")]
        urls += [
            reverse(f"{base}_change", args=[row.pk])
            for row in model._default_manager.all()[:3]
        ]
        for url in urls:
            answer = browser.get(url)
            assert answer.status_code == 200, url
            pages += 1
            assert _found(canaries, answer.content.decode()) == [], url
    assert pages > 5


@pytest.mark.parametrize("label", ["otp_totp", "otp_static", "token_blacklist"])
def test_keys_and_tokens_have_no_page(label):
    assert not [
        model for model in admin.site._registry if model._meta.app_label == label
    ]
