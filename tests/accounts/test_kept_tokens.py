"""A token that was verified once is not verified anew; what ended it before ends it nonetheless."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError

from accounts import tokens
from accounts.models import Session
from accounts.tokens import AccessToken
from tests.accounts.flows import login, profile, read_refusal

INVALID = (401, "token_invalid")
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@pytest.fixture
def kept(customer) -> str:
    """An access token that this process has verified before."""
    access: str = login(customer)["access"]
    for _ in range(2):
        assert profile(access).status_code == 200
    return access


def test_a_token_is_verified_once(kept):
    before = tokens._verify.cache_info()
    assert profile(kept).status_code == 200
    after = tokens._verify.cache_info()
    assert (after.hits, after.misses) == (before.hits + 1, before.misses)


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
    before = tokens._verify.cache_info().currsize
    forged = kept[:-1] + ("A" if kept[-1] != "A" else "E")
    for _ in range(2):
        assert read_refusal(profile(forged)) == INVALID
    assert tokens._verify.cache_info().currsize == before
