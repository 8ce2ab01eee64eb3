"""What a token must be."""

import base64
import hmac
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import jwt
import pytest
import time_machine
from django.utils import timezone

from accounts.models import Session
from accounts.tokens import authenticate_token
from tests.accounts.flows import login, new_key, profile, read_refusal, refresh
from tests.client import Client
from tests.factories import make_user

INVALID = (401, "token_invalid")
KEY = {"kid": "tests", "secret": "tests-only-" + "j" * 50}
OTHER = {"kid": "other", "secret": "o" * 64}


def claims_of(token: str) -> dict[str, Any]:
    """Return what the token claims."""
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def remade(
    token: str, *, secret: str = KEY["secret"], without: str = "", **changes: Any
) -> str:
    """Return the token with other header fields (`h_…`) or claims; None, or `without`,
    leaves one out.
    """
    header, claims = jwt.get_unverified_header(token), claims_of(token)
    for name, value in changes.items():
        target, key = (
            (header, name.removeprefix("h_"))
            if name.startswith("h_")
            else (claims, name)
        )
        target.pop(key, None)
        if value is not None:
            target[key] = value
    header.pop("alg")
    claims.pop(without, None)
    return jwt.encode(claims, secret, algorithm="HS256", headers=header)


def unsigned(
    header: dict[str, Any], claims: dict[str, Any], signature: bytes = b""
) -> str:
    """Return a token whose header PyJWT itself would not write."""
    parts = [json.dumps(part).encode() for part in (header, claims)] + [signature]
    return ".".join(
        base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts
    )


def _raw(digest: str = "sha256", **header: Any) -> Callable[[str], str]:
    def make(token: str) -> str:
        was = jwt.get_unverified_header(token) | header
        body = unsigned(was, claims_of(token)).rstrip(".")
        seal = hmac.new(KEY["secret"].encode(), body.encode(), digest).digest()
        return f"{body}.{base64.urlsafe_b64encode(seal).decode().rstrip('=')}"

    return make


FORGERIES: dict[str, Callable[[str], str]] = {
    "alg none": lambda token: unsigned(
        {
            "alg": "none",
            "typ": jwt.get_unverified_header(token)["typ"],
            "kid": "tests",
        },
        claims_of(token),
    ),
    "alg none, signed": _raw(alg="none"),
    "alg RS256 over our secret": _raw(alg="RS256"),
    "alg HS512": _raw("sha512", alg="HS512"),
    "another secret": lambda token: remade(token, secret="x" * 64),
    "the secret of SECRET_KEY": lambda token: remade(
        token, secret="tests-only-" + "s" * 50
    ),
    "unknown kid": lambda token: remade(token, h_kid="nobody"),
    "no kid": lambda token: remade(token, h_kid=None),
    "kid is a list": _raw(kid=["tests"]),
    "kid is a number": _raw(kid=1),
    "kid is a path": lambda token: remade(token, h_kid="../../dev/null"),
    "typ JWT": lambda token: remade(token, h_typ="JWT"),
    "no typ": _raw(typ=None),
    "typ in capitals": lambda token: remade(
        token, h_typ=jwt.get_unverified_header(token)["typ"].upper()
    ),
    **{
        f"header {name}": _raw("sha256", **{name: value})
        for name, value in {
            "jku": "https://evil.test/keys",
            "jwk": {"kty": "oct", "k": "AAAA"},
            "x5u": "https://evil.test/x",
            "x5c": ["AAAA"],
            "crit": ["exp"],
        }.items()
    },
    "aud": lambda token: remade(token, aud="another-api"),
    "iss": lambda token: remade(token, iss="evil"),
    **{
        f"no {name}": partial(remade, without=name)
        for name in ("iss", "aud", "sub", "sid", "jti", "iat", "exp", "token_type")
    },
    "sub is nobody": lambda token: remade(
        token, sub="00000000-0000-4000-8000-000000000000"
    ),
    "sid is nobody": lambda token: remade(
        token, sid="00000000-0000-4000-8000-000000000000"
    ),
    "sid is text": lambda token: remade(token, sid="1 OR 1=1"),
    "sid in capitals": lambda token: remade(
        token, sid=claims_of(token)["sid"].upper()
    ),
    "exp is text": lambda token: remade(token, exp="9999999999"),
    "exp is a fraction": lambda token: remade(token, exp=9999999999.5),
    "exp is beyond time": lambda token: remade(token, exp=10**15),
    "token_type": lambda token: remade(token, token_type="sliding"),
    "cut": lambda token: token[:-2],
    "four parts": lambda token: token + ".x",
    "no base64": lambda token: token.replace(".", ".é"),
    "too long": lambda token: remade(token, extra="x" * 3000),
    "nothing": lambda token: "",
}


@pytest.mark.asvs("9.1.1", "9.1.2", "9.1.3", "9.2.1", "9.2.3", "9.2.4", "10.3.1")
@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_access_token_identifies_nobody(customer, forgery):
    token = FORGERIES[forgery](login(customer)["access"])
    answer = profile(token)
    assert read_refusal(answer) == INVALID
    assert (
        answer.headers["WWW-Authenticate"]
        == 'Bearer realm="markrin", error="invalid_token"'
    )


@pytest.mark.parametrize(
    "forgery",
    [
        name
        for name in FORGERIES
        if name not in ("no base64", "too long", "nothing")
    ],
)
def test_a_forged_refresh_token_changes_nothing(customer, forgery):
    first = login(customer)
    assert read_refusal(refresh(FORGERIES[forgery](first["refresh"]))) == INVALID
    assert refresh(first["refresh"]).status_code == 200


@pytest.mark.parametrize("gen", [None, "0", -1, True, 0.0, 2**31])
def test_a_refresh_token_needs_its_generation(customer, gen):
    first = login(customer)
    assert read_refusal(refresh(remade(first["refresh"], gen=gen))) == INVALID
    assert refresh(first["refresh"]).status_code == 200


@pytest.mark.asvs("10.3.3", "7.2.1")
def test_who_is_identified_is_who_is_stored(customer):
    """Its SQL is by hand: every field is as Django's own query reads it."""
    first = login(customer)["access"]
    renewed = refresh(login(customer)["refresh"], new_key()).json()[
        "access"
    ]  # its session keeps the key's hash
    for access in (first, renewed):
        found = authenticate_token(access, now=timezone.now())
        stored = Session.objects.select_related("user").get(pk=found.pk)
        for one, other in ((found, stored), (found.user, stored.user)):
            for field in one._meta.concrete_fields:
                values = getattr(one, field.attname), getattr(other, field.attname)
                assert values[0] == values[1], field
                assert type(values[0]) is type(values[1]), field
        assert found.ip
    assert found.rotation_key_hash


@pytest.mark.asvs("9.2.2")
def test_neither_token_stands_in_for_the_other(customer):
    tokens = login(customer)
    assert read_refusal(profile(tokens["refresh"])) == INVALID
    assert read_refusal(refresh(tokens["access"])) == INVALID
    disguised = remade(tokens["refresh"], h_typ="at+jwt")
    assert read_refusal(profile(disguised)) == INVALID
    assert (
        read_refusal(refresh(remade(tokens["access"], h_typ="rt+jwt"))) == INVALID
    )


def test_somebody_elses_session_is_nobodys(customer):
    mine, theirs = login(customer), login(make_user())
    assert (
        read_refusal(profile(remade(mine["access"], sid=theirs["sessionId"])))
        == INVALID
    )
    assert (
        read_refusal(refresh(remade(mine["refresh"], sid=theirs["sessionId"])))
        == INVALID
    )


def test_a_key_is_added_promoted_and_dropped(customer, settings):
    old = login(customer)
    settings.JWT_KEYS = [KEY, OTHER]  # added: verifies
    assert jwt.get_unverified_header(login(customer)["access"])["kid"] == "tests"
    settings.JWT_KEYS = [OTHER, KEY]  # promoted: signs
    new = login(customer)
    assert (
        jwt.get_unverified_header(new["access"])["kid"]
        == jwt.get_unverified_header(new["refresh"])["kid"]
        == "other"
    )
    assert profile(old["access"]).status_code == 200
    settings.JWT_KEYS = [OTHER]  # dropped
    assert (
        read_refusal(profile(old["access"]))
        == read_refusal(refresh(old["refresh"]))
        == INVALID
    )
    assert profile(new["access"]).status_code == 200


@pytest.mark.asvs("7.2.2")
def test_an_access_token_lives_fifteen_minutes(customer):
    with time_machine.travel(
        timezone.now().replace(microsecond=0), tick=False
    ) as clock:
        tokens = login(customer)
        assert tokens["accessExpiresIn"] == 900
        clock.shift(899)
        assert profile(tokens["access"]).status_code == 200
        clock.shift(1)
        assert read_refusal(profile(tokens["access"])) == (401, "token_expired")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
def test_the_scheme_is_read_whatever_its_case(customer, scheme):
    answer = Client().get(
        "/api/auth/profile",
        headers={"Authorization": f"{scheme} {login(customer)['access']}"},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("header", "code", "challenge"),
    [
        (None, "token_missing", 'Bearer realm="markrin"'),
        ("Basic YTpi", "token_missing", 'Bearer realm="markrin"'),
        (
            "Bearer",
            "token_invalid",
            'Bearer realm="markrin", error="invalid_token"',
        ),
        (
            "Bearer a b",
            "token_invalid",
            'Bearer realm="markrin", error="invalid_token"',
        ),
    ],
)
def test_a_401_says_what_was_missing(api, header, code, challenge):
    answer = api.get(
        "/api/auth/profile", headers={"Authorization": header} if header else {}
    )
    assert (*read_refusal(answer), answer.headers["WWW-Authenticate"]) == (
        401,
        code,
        challenge,
    )


def test_one_query_finds_out_who_calls(customer, django_assert_num_queries):
    bearer = {"Authorization": f"Bearer {login(customer)['access']}"}
    with django_assert_num_queries(1):
        assert Client().get("/api/auth/profile", headers=bearer).status_code == 200
    with django_assert_num_queries(0):
        assert profile("no.token.at-all").status_code == 401
