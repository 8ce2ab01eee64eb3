"""The refresh token's cookie, and proof that a request which may use it comes from the
shop's own pages.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from accounts.models import Transport
from accounts.services.sessions import Tokens
from markrin.api.errors import CsrfFailed, UnsupportedMediaType
from markrin.api.parsers import check_media_type

CLIENT_HEADER: Final = "X-Markrin-Client"
WEB: Final = "web"


def cookie_name() -> str:
    """Return the cookie's name; its prefix lets no subdomain and no plain http set it.
    Source: RFC 6265bis, 4.1.3.2.
    """
    return "__Host-mk_rt" if settings.REFRESH_COOKIE_SECURE else "mk_rt"


def get_transport(request: HttpRequest) -> Transport:
    """Return how this client wants its refresh token; the shop's own pages say so in a header."""
    return (
        Transport.COOKIE
        if request.headers.get(CLIENT_HEADER) == WEB
        else Transport.BODY
    )


def read_refresh_cookie(request: HttpRequest) -> str | None:
    """Return the token in the cookie."""
    return request.COOKIES.get(cookie_name()) or None


def _format_cookie(value: str, max_age_s: int) -> str:
    secure = "Secure; " if settings.REFRESH_COOKIE_SECURE else ""
    attributes = f"Path=/; {secure}HttpOnly; SameSite=Strict; Max-Age={max_age_s}"
    return f"{cookie_name()}={value}; {attributes}"


def set_refresh_cookie(response: HttpResponseBase, tokens: Tokens) -> None:
    """Put the refresh token of a cookie session into the answer's cookie, for as long as it
    may idle.
    """
    if tokens.session.transport == Transport.COOKIE:
        response.headers["Set-Cookie"] = _format_cookie(
            tokens.refresh, tokens.refresh_expires_in
        )


def clear_refresh_cookie(response: HttpResponseBase) -> None:
    """Let the browser drop the cookie. Only logout does: a late refusal must not take a
    newer sign-in's cookie.
    """
    response.headers["Set-Cookie"] = _format_cookie("", 0)


def check_origin(request: HttpRequest) -> None:
    """Return if the request is one of the shop's own pages'. Source: W3C Fetch Metadata; RFC 6454.

    Raises:
        CsrfFailed: it is not, or cannot show it.
    """
    origin_known = request.headers.get("Origin") in settings.AUTH_ORIGINS
    site = request.headers.get("Sec-Fetch-Site")
    ours = site in (None, "same-origin", "same-site")
    if not (origin_known and ours and get_transport(request) == Transport.COOKIE):
        raise CsrfFailed
    try:
        check_media_type(request)
    except UnsupportedMediaType as exc:
        raise CsrfFailed from exc
