"""The headers that every answer has, whoever made it: a view, a middleware, or the cache.

Source: OWASP ASVS 5.0 sections 3.4 and 4.1; RFC 6797 (HSTS, which belongs on answers over
https only)."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

# Of what states no policy of its own: it is no page, so it loads and frames nothing.
NO_PAGE = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
FRAMES = "X-Frame-Options"
HSTS = "Strict-Transport-Security"


def defaults() -> dict[str, str]:
    """Return what an answer has unless it says otherwise."""
    return {
        "Content-Security-Policy": NO_PAGE,
        "Cross-Origin-Opener-Policy": settings.SECURE_CROSS_ORIGIN_OPENER_POLICY,
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "X-Content-Type-Options": "nosniff",
        FRAMES: settings.X_FRAME_OPTIONS,
    }


def hsts() -> str:
    """Return the header's value, empty where the shop sends none."""
    if not settings.SECURE_HSTS_SECONDS:
        return ""
    value = f"max-age={settings.SECURE_HSTS_SECONDS}"
    if settings.SECURE_HSTS_INCLUDE_SUBDOMAINS:
        value += "; includeSubDomains"
    return value + ("; preload" if settings.SECURE_HSTS_PRELOAD else "")


def add_headers(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Add the headers. The outermost middleware, so that every answer has them."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        for name, value in defaults().items():
            if name != FRAMES or not getattr(
                response, "xframe_options_exempt", False
            ):
                response.headers.setdefault(name, value)
        if request.is_secure() and (value := hsts()):
            response.headers.setdefault(HSTS, value)
        return response

    return answer
