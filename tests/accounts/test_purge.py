"""The hourly purge keeps what lives."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import (
    BlacklistedToken,
    OutstandingToken,
)

from accounts.models import AuthEvent, Session, TokenPurpose
from accounts.services import mail_tokens, purge
from tests.accounts.flows import login, new_key, profile, refresh
from tests.factories import make_user

pytestmark = pytest.mark.django_db(transaction=True)


def test_live_rows_stay_and_the_rest_goes():
    user, now = make_user(), timezone.now()
    with time_machine.travel(now - timedelta(days=70)):
        long_ended = login(user)
        refresh(long_ended["refresh"])
        mail_tokens.create_token(
            user, TokenPurpose.RESET, email=user.email, ttl_s=1800
        )
    with time_machine.travel(now - timedelta(days=20)):
        ended = login(
            user
        )  # its token has expired, the session itself may be looked at
    with time_machine.travel(now - timedelta(days=6)):
        live, key = login(user), new_key()
        spent = refresh(live["refresh"], key).json()
        fresh = mail_tokens.create_token(
            user, TokenPurpose.RESET, email=user.email, ttl_s=30 * 86_400
        )
    Session.objects.filter(pk=ended["sessionId"]).update(
        expires_at=now - timedelta(days=10)
    )
    done = purge.purge_expired(now=now)
    assert done == {"tokens": 3, "sessions": 1, "mail_tokens": 1, "events": 0}
    assert {str(pk) for pk in Session.objects.values_list("pk", flat=True)} == {
        live["sessionId"],
        ended["sessionId"],
    }
    assert OutstandingToken.objects.count() == 2
    assert BlacklistedToken.objects.count() == 1
    assert mail_tokens.get_token_owner(fresh, TokenPurpose.RESET) == user
    again = refresh(spent["refresh"]).json()
    assert profile(again["access"]).status_code == 200
    assert purge.purge_expired(now=now) == {
        "tokens": 0,
        "sessions": 0,
        "mail_tokens": 0,
        "events": 0,
    }


def test_a_token_that_has_just_expired_is_kept_for_a_refresh_under_way():
    user = make_user()
    token = OutstandingToken.objects.create(
        user=user,
        jti="a" * 32,
        token="",
        expires_at=timezone.now() - timedelta(minutes=59),
    )
    purge.purge_expired(now=timezone.now())
    assert OutstandingToken.objects.filter(pk=token.pk).exists()


def test_it_goes_on_batch_by_batch(monkeypatch):
    monkeypatch.setattr(purge, "BATCH", 10)  # the package's `purge` is the function
    old = timezone.now() - timedelta(days=2)
    tokens = OutstandingToken.objects.bulk_create(
        OutstandingToken(jti=f"{number:032}", token="", expires_at=old)
        for number in range(35)
    )
    BlacklistedToken.objects.bulk_create(
        BlacklistedToken(token=token) for token in tokens[:20]
    )
    assert purge.purge_expired(now=timezone.now())["tokens"] == 35
    assert not BlacklistedToken.objects.exists()


def test_the_log_goes_after_half_a_year_and_not_before():
    for days in (179, 181):
        AuthEvent.objects.create(
            type="login", outcome="ok", at=timezone.now() - timedelta(days=days)
        )
    assert purge.purge_expired(now=timezone.now())["events"] == 1
    assert AuthEvent.objects.get().at > timezone.now() - timedelta(days=180)


def test_the_expiry_is_found_by_an_index():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexdef FROM pg_indexes WHERE tablename = 'token_blacklist_outstandingtoken'"
        )
        assert any(
            "(expires_at)" in definition for (definition,) in cursor.fetchall()
        )
