"""A token that was signed or verified here is not verified anew; what ended it before ends it
nonetheless.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
import time_machine
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError

from accounts import tokens
from accounts.models import Session
from accounts.tokens import AccessToken
from tests.accounts.flows import login, profile, read_refusal, refresh

INVALID = (401, "token_invalid")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture
def kept(customer) -> str:
    """An access token that this process has verified before."""
    access: str = login(customer)["access"]
    for _ in range(2):
        assert profile(access).status_code == 200
    return access


@pytest.fixture
def verified(monkeypatch) -> list[str]:
    """The tokens that are verified meanwhile."""
    seen, decode = [], jwt.decode

    def note(token: str, *given: Any, **named: Any) -> object:
        seen.append(token)
        return decode(token, *given, **named)

    monkeypatch.setattr(jwt, "decode", note)
    return seen


@pytest.fixture
def another_process(monkeypatch) -> Callable[[], None]:
    """Makes this process know no token, as one that has signed none of them."""
    return lambda: monkeypatch.setattr(tokens, "_signed", tokens._SignedTokens())


def test_a_token_is_verified_once(kept, verified, another_process):
    another_process()
    for _ in range(3):
        assert profile(kept).status_code == 200
    assert verified == [kept]


def test_what_a_process_has_signed_it_need_not_verify(customer, verified):
    pair = login(customer)
    assert profile(pair["access"]).status_code == 200
    pair = refresh(pair["refresh"]).json()
    assert profile(pair["access"]).status_code == 200
    assert verified == []


def test_no_more_than_the_newest_are_kept(monkeypatch):
    monkeypatch.setattr(tokens, "MAX_KEPT", 2)
    known = tokens._SignedTokens()
    meant = ("secret", "audience", "issuer")
    for name in ("first", "second"):
        known.keep(name, meant, {"sub": name})
    assert known.verify("first", meant, verify_exp=True) == {"sub": "first"}
    known.keep("third", meant, {"sub": "third"})
    assert len(known) == 2
    assert known.verify("first", meant, verify_exp=True) == {"sub": "first"}
    with pytest.raises(jwt.InvalidTokenError):
        known.verify("second", meant, verify_exp=True)


def test_a_kept_token_expires(kept):
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False):
        assert read_refusal(profile(kept)) == (401, "token_expired")
        AccessToken.from_text(kept, verify_exp=False)  # is no refusal, as before
        assert read_refusal(profile(kept)) == (401, "token_expired")


def test_a_kept_token_ends_with_its_session(kept):
    Session.objects.update(revoked_at=timezone.now(), revoked_reason="logout")
    assert read_refusal(profile(kept)) == (401, "session_revoked")


@pytest.mark.parametrize(
    "change",
    [
        {"JWT_KEYS": [{"kid": "other", "secret": "o" * 64}]},
        {"JWT_KEYS": [{"kid": "tests", "secret": "o" * 64}]},
        {"JWT_AUDIENCE": "another-api"},
        {"JWT_ISSUER": "another-shop"},
    ],
    ids=["key withdrawn", "secret changed", "audience", "issuer"],
)
def test_a_kept_token_is_refused_once_the_settings_are_others(
    kept, settings, change
):
    for setting, value in change.items():
        setattr(settings, setting, value)
    assert read_refusal(profile(kept)) == INVALID


def test_a_kept_token_with_any_character_changed_is_refused(kept):
    for at, letter in enumerate(kept):
        other = LETTERS[(LETTERS.find(letter) + 1) % len(LETTERS)]
        assert other != letter
        with pytest.raises(TokenError):
            AccessToken.from_text(kept[:at] + other + kept[at + 1 :])
    assert profile(kept).status_code == 200


def test_the_claims_of_a_kept_token_are_given_out_anew(kept):
    AccessToken.from_text(kept).payload.update(sub="somebody else")
    assert profile(kept).status_code == 200


def test_what_is_refused_is_not_kept(kept):
    before = len(tokens._signed)
    forged = kept[:-1] + ("A" if kept[-1] != "A" else "E")
    for _ in range(2):
        assert read_refusal(profile(forged)) == INVALID
    assert len(tokens._signed) == before
