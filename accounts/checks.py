"""Refuses to start with settings under which signing in would not be safe."""

from __future__ import annotations

import re
from ipaddress import ip_network

from django.conf import settings

# Django's name
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004

SHORTEST_SECRET = (
    32  # bytes, as many as HS256 puts out. Source: RFC 7518 section 3.2
)
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")


@register(Tags.security)
def signing_keys(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """JWT_KEYS: at least one key; each with its own kid, long enough, and not SECRET_KEY."""
    keys: object = settings.JWT_KEYS  # from outside: it may be anything
    hint = "manage.py new_signing_key prints one"
    if not isinstance(keys, list) or not keys:
        return [
            Error(
                "JWT_KEYS holds no key to sign tokens with.",
                hint=hint,
                id="accounts.E001",
            )
        ]
    if not all(
        isinstance(key, dict) and isinstance(key.get("kid"), str) and key["kid"]
        for key in keys
    ):
        return [
            Error(
                'JWT_KEYS is a JSON list of {"kid": …, "secret": …}.',
                hint=hint,
                id="accounts.E002",
            )
        ]
    messages: list[CheckMessage] = []
    if len({key["kid"] for key in keys}) < len(keys):
        messages.append(
            Error("Two keys in JWT_KEYS have the same kid.", id="accounts.E003")
        )
    for key in keys:
        secret = key.get("secret")
        if not isinstance(secret, str) or len(secret.encode()) < SHORTEST_SECRET:
            problem = f"The key {key['kid']} in JWT_KEYS has fewer than {SHORTEST_SECRET} bytes."
            messages.append(Error(problem, hint=hint, id="accounts.E004"))
        elif secret == settings.SECRET_KEY:
            messages.append(
                Error(
                    f"The key {key['kid']} in JWT_KEYS is SECRET_KEY.",
                    hint=hint,
                    id="accounts.E005",
                )
            )
        elif not settings.DEBUG and secret.startswith("debug-only-"):
            messages.append(
                Error(
                    "JWT_KEYS holds the key that is in the source.",
                    hint=hint,
                    id="accounts.E006",
                )
            )
    return messages


@register(Tags.security)
def cookie_and_origins(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """The refresh cookie is secure, and only exact origins may use it."""
    messages: list[CheckMessage] = []
    if not settings.REFRESH_COOKIE_SECURE and not settings.DEBUG:
        messages.append(
            Error(
                "REFRESH_COOKIE_SECURE may be off only in DEBUG.",
                id="accounts.E007",
            )
        )
    for origin in {*settings.AUTH_ORIGINS, *settings.CORS_ALLOWED_ORIGINS}:
        if not _ORIGIN.fullmatch(origin):
            problem = (
                f"{origin!r} is not an origin such as "
                f"https://shop.example: lower case, nothing after the host."
            )
            messages.append(
                Error(
                    problem,
                    hint="AUTH_ORIGINS, CORS_ALLOWED_ORIGINS, SHOP_URL",
                    id="accounts.E008",
                )
            )
    return messages


@register(Tags.security)
def addresses_and_limits(
    app_configs: object, **kwargs: object
) -> list[CheckMessage]:
    """TRUSTED_PROXIES and RATE_LIMITS can be read, and no request is a transaction."""
    messages: list[CheckMessage] = []
    for text in settings.TRUSTED_PROXIES:
        try:
            ip_network(text, strict=False)
        except ValueError:
            messages.append(
                Error(
                    f"TRUSTED_PROXIES: {text!r} is no address or network.",
                    id="accounts.E009",
                )
            )
    for name, text in settings.RATE_LIMITS.items():
        if not re.fullmatch("[1-9][0-9]{0,8}/[1-9][0-9]{0,6}", text):
            messages.append(
                Error(
                    f"RATE_LIMITS: {name}={text!r} is not requests/seconds.",
                    id="accounts.E010",
                )
            )
    if settings.DATABASES["default"].get("ATOMIC_REQUESTS"):
        messages.append(
            Error(
                "ATOMIC_REQUESTS must be off: services own their transactions.",
                id="accounts.E011",
            )
        )
    return messages


@register(Tags.security, deploy=True)
def factor_and_https(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Warn of a public shop without a second factor or https."""
    messages: list[CheckMessage] = []
    if not settings.ADMIN_SECOND_FACTOR:
        messages.append(
            Warning(
                "ADMIN_SECOND_FACTOR is off: a password alone opens the admin.",
                id="accounts.W001",
            )
        )
    messages.extend(
        Warning(
            f"{origin} is not https: its users' sessions can be read on the way.",
            id="accounts.W002",
        )
        for origin in settings.AUTH_ORIGINS
        if not origin.startswith("https://")
    )
    return messages
