"""The shop's pages, as `frontend/shop` was built, from the same process as the API.

WhiteNoise serves the files. What is left for here is the one page that all of the shop's
addresses share, since the browser decides what an address shows, and the catalogue's
pictures. `/api`, `/admin` and the other prefixes of `markrin/urls.py` are never touched.
"""

import re
from hashlib import sha256
from pathlib import Path
from wsgiref.headers import Headers

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views import static
from django.views.decorators.http import require_safe

# What the shop's pages may load: their own files, and pictures, which run nothing, from
# wherever the catalogue links to. Source: W3C Content Security Policy Level 3.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Everything that is not somebody else's; behind all other paths in markrin/urls.py.
PATH = r"^(?!(?:api|admin|static|media|health|metrics|test-gateway|assets)(?:/|$)).*$"
MEDIA_PATH = r"^media/(?P<path>[A-Za-z0-9._/-]+)$"
MEDIA_MAX_AGE_S = 86_400  # a changed picture has another name
# The addresses that frontend/shop/src/app.tsx knows. Any other gets the same page, which
# says so, but as a 404.
_KNOWN = re.compile(
    r"/(?:shop(?:/[^/]+)?|p/[^/]+|checkout|orders(?:/[^/]+)?|account(?:/[^/]+)?|wishlist|sign-in|sign-up"
    r"|forgot-password|reset-password|verify-email)?"
)


@require_safe
def serve_page(request: HttpRequest) -> HttpResponseBase:
    """Answer the shop's page; where it has not been built, `/` leads to the API's documentation."""
    try:
        content = (settings.STOREFRONT_DIR / "index.html").read_bytes()
    except FileNotFoundError:
        if request.path_info == "/":
            return HttpResponseRedirect("/api/docs")
        raise Http404 from None
    response = HttpResponse(
        content, status=200 if _KNOWN.fullmatch(request.path_info) else 404
    )
    add_headers(response, "index.html", request.path_info)
    etag = quote_etag(sha256(content).hexdigest()[:20])
    response["ETag"] = etag
    response["Cache-Control"] = (
        "no-cache"  # it names the hashed files, so it must be the newest
    )
    if response.status_code == HttpResponse.status_code:
        return (
            get_conditional_response(request, etag=etag, response=response) or response
        )
    return response


@require_safe
def serve_media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Answer an uploaded picture, where no proxy in front of us does; only pictures of our
    own encoding are there.
    """
    try:
        response = static.serve(request, path, document_root=str(settings.MEDIA_ROOT))
    except SuspiciousFileOperation as exc:  # a path that leads out of the folder
        raise Http404 from exc
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = f"public, max-age={MEDIA_MAX_AGE_S}"
    return response


def add_headers(headers: HttpResponse | Headers, path: str, url: str) -> None:
    """Say what a page may load (WhiteNoise's WHITENOISE_ADD_HEADERS_FUNCTION, for a file at
    `path`).
    """
    if Path(path).suffix == ".html":
        headers["Content-Security-Policy"] = POLICY
