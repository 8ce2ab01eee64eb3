"""robots.txt and the sitemaps.

Source: RFC 9309 (robots.txt); sitemaps.org protocol 0.9: at most 50,000 addresses a file.
"""

from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import TypeVar

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe

from storefront import sitemap as sitemap_parts
from storefront.page_data import absolute, address

_Response = TypeVar("_Response", HttpResponse, StreamingHttpResponse)
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
_MAX_AGE_S = 3600
# What belongs to one shopper, or is the same list in another order.
_PRIVATE = (
    "/admin/",
    "/account",
    "/checkout",
    "/orders",
    "/sign-in",
    "/sign-up",
)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Say what is to be found, and where the list of it is. A shop outside production is
    not to be found at all.
    """
    lines = ["User-agent: *"]
    if settings.ENVIRONMENT == "production":
        lines += [f"Disallow: {path}" for path in _PRIVATE]
        lines += ["Allow: /", "", f"Sitemap: {absolute('/sitemap.xml')}"]
    else:
        lines.append("Disallow: /")
    return _kept(HttpResponse("\n".join([*lines, ""]), content_type="text/plain"))


@require_safe
def sitemap_index(request: HttpRequest) -> HttpResponse:
    """List the parts of the sitemap, with the last change of each."""
    parts = "".join(
        f"<sitemap><loc>{escape(absolute(f'/sitemap-{name}.xml'))}</loc>"
        f"{_lastmod(changed)}</sitemap>\n"
        for name, changed in sitemap_parts.list_parts()
    )
    text = f'{_XML}<sitemapindex xmlns="{_SITEMAP}">\n{parts}</sitemapindex>\n'
    return _kept(HttpResponse(text, content_type="application/xml"))


@require_safe
def sitemap(request: HttpRequest, name: str) -> StreamingHttpResponse:
    """Answer one part of the sitemap, row by row as the database gives them."""
    entries = sitemap_parts.read_part(name)
    if entries is None:
        raise Http404
    return _kept(
        StreamingHttpResponse(_written(entries), content_type="application/xml")
    )


def _written(entries: Iterator[tuple[str, datetime]]) -> Iterator[str]:
    languages = settings.SHOP_LANGUAGES
    yield (
        f'{_XML}<urlset xmlns="{_SITEMAP}"'
        ' xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
    )
    for path, changed in entries:
        others = "".join(
            f'<xhtml:link rel="alternate" hreflang="{code}"'
            f' href="{escape(address(path, language=code))}"/>'
            for code in (languages if len(languages) > 1 else [])
        )
        for code in languages:
            where = escape(address(path, language=code))
            yield f"<url><loc>{where}</loc>{_lastmod(changed)}{others}</url>\n"
    yield "</urlset>\n"


def _lastmod(changed: datetime | None) -> str:
    return (
        f"<lastmod>{changed.isoformat(timespec='seconds')}</lastmod>" if changed else ""
    )


def _kept(response: _Response) -> _Response:
    response["Cache-Control"] = f"public, max-age={_MAX_AGE_S}"
    return response
