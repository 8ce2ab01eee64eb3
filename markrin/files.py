"""Files: the catalogue's pictures, and what the storefront's own files may load.

WhiteNoise serves the storefront's files; `storefront.views.pages` makes its pages.
"""

from pathlib import Path
from wsgiref.headers import Headers

from django.conf import settings
from django.core.exceptions import SuspiciousFileOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views import static
from django.views.decorators.http import require_safe

# What the shop's pages may load: their own files, and pictures, which run nothing, from
# wherever the catalogue links to. Source: W3C Content Security Policy Level 3.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
MEDIA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
MEDIA_PATH = r"^media/(?P<path>[A-Za-z0-9._/-]+)$"
MEDIA_MAX_AGE_S = 86_400  # a changed picture has another name


@require_safe
def serve_media(request: HttpRequest, path: str) -> HttpResponseBase:
    """Answer an uploaded picture, where no proxy in front of us does; only pictures of our
    own encoding are there.
    """
    try:
        response = static.serve(
            request, path, document_root=str(settings.MEDIA_ROOT)
        )
    except SuspiciousFileOperation as exc:  # a path that leads out of the folder
        raise Http404 from exc
    response["Content-Security-Policy"] = MEDIA_POLICY
    response["Cache-Control"] = f"public, max-age={MEDIA_MAX_AGE_S}"
    return response


def add_headers(headers: HttpResponse | Headers, path: str, url: str) -> None:
    """Say what a page may load (WhiteNoise's WHITENOISE_ADD_HEADERS_FUNCTION, for a file at
    `path`).
    """
    if Path(path).suffix == ".html":
        headers["Content-Security-Policy"] = POLICY
