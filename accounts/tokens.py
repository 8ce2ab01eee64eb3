"""Access and refresh tokens, and the authentication class that every API view uses by default.

The classes are SimpleJWT's, with another backend: it signs with the first of our keys and
verifies with any of them. Source: RFC 7519, RFC 8725 (fixed algorithm, typed tokens), RFC
9068 (`at+jwt`)."""

from __future__ import annotations

import functools
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID, uuid4

import jwt
from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework_simplejwt import tokens as simplejwt
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import (
    ExpiredTokenError,
    TokenBackendError,
    TokenBackendExpiredToken,
    TokenError,
)

from accounts import errors
from accounts.models import ApiKey, Session, User
from accounts.models.api_key import PREFIX
from markrin.api import client_address, rate_limits
from markrin.db.sql import fetch_prepared, instance_from_row, select_columns

ALGORITHM = "HS256"
# Headers by which a token names its own key, or asks for processing that we do not do.
REFUSED_HEADERS = frozenset({"jku", "jwk", "x5u", "x5c", "crit"})
REQUIRED_CLAIMS = ("iss", "aud", "sub", "sid", "jti", "iat", "exp", "token_type")
MAX_TOKEN_LENGTH = 2048
MAX_KEPT = 2_000  # signed tokens in a process; with its claims one takes about 2 kB
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_JTI = re.compile(r"[0-9a-f]{32}")
_BEARER = re.compile(r"bearer(?:[ \t]+(.*))?", re.IGNORECASE | re.DOTALL)


def new_jti() -> str:
    """Return a token id: 128 bits, of which 122 are random."""
    return uuid4().hex


def whole_second(moment: datetime) -> datetime:
    """Return the moment as a token's claim can state it. Source: RFC 7519, NumericDate."""
    return moment.replace(microsecond=0)


class Keyring(TokenBackend):
    """Signs with the first of JWT_KEYS, verifies with all of them; the algorithm is ours
    and never the token's.
    """

    def __init__(self, typ: str) -> None:
        super().__init__(
            ALGORITHM, issuer=settings.JWT_ISSUER, audience=settings.JWT_AUDIENCE
        )
        self.typ = typ

    def encode(self, payload: dict[str, object]) -> str:
        """Return the signed token."""
        first = settings.JWT_KEYS[0]
        audience, issuer = settings.JWT_AUDIENCE, settings.JWT_ISSUER
        claims = {**payload, "iss": issuer, "aud": audience}
        token = jwt.encode(
            claims,
            first["secret"],
            algorithm=ALGORITHM,
            headers={"typ": self.typ, "kid": first["kid"]},
        )
        if claims.keys() >= set(REQUIRED_CLAIMS):  # or verifying it would refuse it
            _signed.keep(token, (str(first["secret"]), audience, issuer), claims)
        return token

    def decode(
        self, token: object, verify: bool = True, *, verify_exp: bool = True
    ) -> dict[str, object]:
        """Return the claims of a token that is ours; `verify` is SimpleJWT's and must be True.

        Raises:
            TokenBackendExpiredToken: it was.
            TokenBackendError: it is not.
        """
        if (
            not verify
            or not isinstance(token, str)
            or len(token) > MAX_TOKEN_LENGTH
        ):
            raise TokenBackendError("Token is invalid")
        try:
            secret = self._secret_for(_read_header(token.partition(".")[0]))
            meant = secret, settings.JWT_AUDIENCE, settings.JWT_ISSUER
            claims = _signed.verify(token, meant, verify_exp=verify_exp)
            if verify_exp:
                _refuse_expired(claims)
            return dict(claims)
        except jwt.ExpiredSignatureError as exc:
            raise TokenBackendExpiredToken("Token is expired") from exc
        except (
            jwt.InvalidTokenError,
            ValueError,
        ) as exc:  # ValueError: not even text that base64 could hold
            raise TokenBackendError("Token is invalid") from exc

    def _secret_for(self, header: Mapping[str, object]) -> str:
        kid = header.get("kid")
        if (
            header.get("typ") != self.typ
            or not isinstance(kid, str)
            or REFUSED_HEADERS & header.keys()
        ):
            raise jwt.InvalidTokenError("header")
        for key in settings.JWT_KEYS:
            if key["kid"] == kid:
                return str(key["secret"])
        raise jwt.InvalidTokenError("kid")


class _SessionToken(simplejwt.Token):
    """What the two kinds share. Make one by `for_session`, read one by `from_text`: the
    constructor alone gives a token without claims.
    """

    typ = ""

    def __init__(self) -> None:
        # not the library's, which makes up an id and times for a new one
        self.payload = {}

    def get_token_backend(self) -> Keyring:
        return _get_keyring(self.typ)

    def verify(self) -> None:
        """Check the claims' forms. The signature and `exp` have been checked by the keyring."""
        self._verify_claims()

    def _verify_claims(self) -> None:
        claims = self.payload
        numbers = all(
            type(claims[name]) is int and 0 < claims[name] < 2**40
            for name in ("iat", "exp")
        )
        texts = (
            _matches(_UUID, claims["sub"])
            and _matches(_UUID, claims["sid"])
            and _matches(_JTI, claims["jti"])
        )
        if not (numbers and texts and claims["token_type"] == self.token_type):
            raise TokenError("Token is invalid")

    @classmethod
    def _from_claims(cls, **claims: object) -> Self:
        token = cls()
        token.payload = {"token_type": cls.token_type, **claims}
        return token

    @classmethod
    def from_text(cls, text: str, *, verify_exp: bool = True) -> Self:
        """Return the token that `text` is.

        Raises:
            ExpiredTokenError: it is ours, but expired.
            TokenError: it is not ours, or of the other kind.
        """
        token = cls()
        try:
            token.payload = token.get_token_backend().decode(
                text, verify_exp=verify_exp
            )
        except TokenBackendExpiredToken as exc:
            raise ExpiredTokenError("Token is expired") from exc
        except TokenBackendError as exc:
            raise TokenError("Token is invalid") from exc
        token._verify_claims()
        return token

    @property
    def sid(self) -> UUID:
        return UUID(self.payload["sid"])

    @property
    def sub(self) -> UUID:
        return UUID(self.payload["sub"])

    @property
    def jti(self) -> str:
        return str(self.payload["jti"])


class AccessToken(_SessionToken, simplejwt.AccessToken):
    """What a client sends with every call. Lives ACCESS_TTL_S seconds, and never past its
    session.
    """

    typ = "at+jwt"

    @classmethod
    def for_session(cls, session: Session, now: datetime) -> Self:
        """Return a fresh one."""
        issued = int(now.timestamp())
        ends = min(
            issued + settings.ACCESS_TTL_S, int(session.expires_at.timestamp())
        )
        return cls._from_claims(
            sub=str(session.user_id),
            sid=str(session.pk),
            jti=new_jti(),
            iat=issued,
            exp=ends,
        )


# the library's own bases disagree
class RefreshToken(_SessionToken, simplejwt.RefreshToken):  # type: ignore[misc]
    """What a client trades for the next pair; the session's row says which one is live."""

    typ = "rt+jwt"

    @classmethod
    def for_session(cls, session: Session) -> Self:
        """Return the session's live one: always the same claims until it is rotated."""
        return cls._from_claims(
            sub=str(session.user_id),
            sid=str(session.pk),
            jti=session.current_jti,
            iat=int(session.current_iat.timestamp()),
            exp=int(session.current_exp.timestamp()),
            gen=session.generation,
        )

    def check_blacklist(self) -> None:
        """Do nothing: a spent token must reach the session's own rules, which tell a retry
        from a theft.
        """

    def _verify_claims(self) -> None:
        super()._verify_claims()
        if (
            type(self.payload.get("gen")) is not int
            or not 0 <= self.payload["gen"] < 2**31
        ):
            raise TokenError("Token is invalid")

    @property
    def gen(self) -> int:
        return int(self.payload["gen"])


@functools.lru_cache(maxsize=16)  # ours are all alike, for each kind and key
def _read_header(segment: str) -> Mapping[str, object]:
    """Return the header that a token begins with, which nobody has verified yet: it says by which
    key that is to be done. Raises: jwt.InvalidTokenError.
    """
    return jwt.get_unverified_header(f"{segment}..")


_Meant = tuple[
    str, str, str
]  # a secret, and the audience and issuer of what it signs


class _SignedTokens:
    """The claims of tokens that are known to be signed as they are meant to be: verified before, or
    signed by this process. A session sends the same token with every call, and verifying one looks
    at each of its characters. The newest MAX_KEPT are kept, each by the secret and the settings
    that it is right by; what is refused is not.
    """

    def __init__(self) -> None:
        self._claims: OrderedDict[tuple[str, _Meant], Mapping[str, object]] = (
            OrderedDict()
        )
        self._lock = threading.Lock()

    def keep(
        self, token: str, meant: _Meant, claims: Mapping[str, object]
    ) -> Mapping[str, object]:
        """Keep and return the claims."""
        with self._lock:
            self._claims[token, meant] = claims
            self._claims.move_to_end((token, meant))
            if len(self._claims) > MAX_KEPT:
                self._claims.popitem(last=False)
        return claims

    def verify(
        self, token: str, meant: _Meant, *, verify_exp: bool
    ) -> Mapping[str, object]:
        """Return the token's claims. Whether it has expired since it was verified is for the
        caller to look at. Raises: jwt.InvalidTokenError, ValueError.
        """
        with self._lock:
            if (known := self._claims.get((token, meant))) is not None:
                self._claims.move_to_end((token, meant))
                return known
        return self.keep(token, meant, _verify(token, meant, verify_exp=verify_exp))

    def __len__(self) -> int:
        return len(self._claims)


_signed = _SignedTokens()


def _verify(token: str, meant: _Meant, *, verify_exp: bool) -> Mapping[str, object]:
    secret, audience, issuer = meant
    return jwt.decode(
        token,
        secret,
        algorithms=[ALGORITHM],
        audience=audience,
        issuer=issuer,
        # `iat` in the future is another server's clock, a second ahead of ours, and
        # no forgery.
        options={
            "require": list(REQUIRED_CLAIMS),
            "verify_exp": verify_exp,
            "verify_iat": False,
        },
    )


def _refuse_expired(claims: Mapping[str, Any]) -> None:
    """Raise jwt.ExpiredSignatureError if they have, by PyJWT's own rule."""
    if int(claims["exp"]) <= datetime.now(UTC).timestamp():
        raise jwt.ExpiredSignatureError("Signature has expired")


@functools.cache
def _get_keyring(typ: str) -> Keyring:
    return Keyring(typ)


def _matches(form: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


def read_bearer_token(header: str | None) -> str | None:
    """Return the token of an Authorization header, "" if it names the scheme without one,
    None for another scheme.
    """
    match = _BEARER.fullmatch(header.strip()) if header else None
    return (match[1] or "") if match else None


class BearerAuthentication(BaseAuthentication):
    """Finds the user and session (`request.user`, `request.auth`) of an access token, by
    exactly one query.
    """

    def authenticate(
        self, request: Request
    ) -> tuple[User, Session | ApiKey] | None:
        """Return user and session, or a machine's account and key; None if no token was sent.

        Raises:
            errors.TokenExpired, errors.SessionRevoked, errors.SessionExpired: each of them a 401.
            markrin.api.errors.TokenInvalid: so is this.
            markrin.api.errors.Forbidden: a key is used from an address that is not its own.
            markrin.api.errors.RateLimited: this network has sent too much that was refused.
        """
        text = read_bearer_token(request._request.headers.get("Authorization"))
        if text is None:
            return None
        try:
            if text.startswith(PREFIX):
                return self._authenticate_machine(text, request)
            session = authenticate_token(text, now=datetime.now(UTC))
        except Exception:
            rate_limits.count_refused(request._request)
            raise
        return session.user, session

    def _authenticate_machine(
        self, text: str, request: Request
    ) -> tuple[User, ApiKey]:
        from accounts.services.api_keys import (
            authenticate_key,
        )  # it uses this module

        address = client_address.get_client_address(request._request)
        key = authenticate_key(text, address=address, now=datetime.now(UTC))
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="markrin"'


def authenticate_token(text: str, *, now: datetime) -> Session:
    """Return the session of an access token, with its user.

    Raises:
        errors.TokenExpired, errors.SessionRevoked, errors.SessionExpired,
        markrin.api.errors.TokenInvalid.
    """
    try:
        token = AccessToken.from_text(text)
    except ExpiredTokenError as exc:
        raise errors.TokenExpired from exc
    except TokenError as exc:
        raise errors.token_invalid() from exc
    session = _find_session(token.sid)
    if session is None or session.user_id != token.sub:
        raise errors.token_invalid()
    if session.revoked_at is not None:
        raise errors.SessionRevoked
    if session.expires_at <= now:
        raise errors.SessionExpired
    if not session.user.is_active or session.auth_epoch != session.user.auth_epoch:
        raise errors.SessionRevoked
    return session


def _find_session(session_id: UUID) -> Session | None:
    """Return the session with its user. Every call with a token waits for it, and most of
    that was to make the SQL.
    """
    for row in fetch_prepared(_session_sql(), [session_id]):
        session = instance_from_row(Session, "session", row)
        session._state.fields_cache["user"] = instance_from_row(
            User, "account", row
        )
        return session
    return None


@functools.cache
def _session_sql() -> str:
    return (
        f"SELECT {select_columns(Session, 'session')}, "  # noqa: S608 (our own names)
        f"{select_columns(User, 'account')} FROM auth_session AS session"
        " JOIN accounts_user AS account ON account.id = session.user_id WHERE session.id = %s"
    )
