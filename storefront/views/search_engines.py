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
from storefront.addresses import get_page_url, make_absolute

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
def show_robots(request: HttpRequest) -> HttpResponse:
    """Tell crawlers what to leave alone, and where the sitemap is.

    A shop outside production refuses them all.
    """
    lines = ["User-agent: *"]
    if settings.ENVIRONMENT == "production":
        lines += [f"Disallow: {path}" for path in _PRIVATE]
        lines += ["Allow: /", "", f"Sitemap: {make_absolute('/sitemap.xml')}"]
    else:
        lines.append("Disallow: /")
    return _let_caches_keep(
        HttpResponse("\n".join([*lines, ""]), content_type="text/plain")
    )


@require_safe
def show_sitemap_index(request: HttpRequest) -> HttpResponse:
    """List the parts of the sitemap, with the last change of each."""
    parts = "".join(
        f"<sitemap><loc>{escape(make_absolute(f'/sitemap-{name}.xml'))}</loc>"
        f"{_write_lastmod(changed)}</sitemap>\n"
        for name, changed in sitemap_parts.list_parts()
    )
    text = f'{_XML}<sitemapindex xmlns="{_SITEMAP}">\n{parts}</sitemapindex>\n'
    return _let_caches_keep(HttpResponse(text, content_type="application/xml"))


@require_safe
def show_sitemap(request: HttpRequest, name: str) -> StreamingHttpResponse:
    """Answer one part of the sitemap, row by row as the database gives them."""
    entries = sitemap_parts.read_part(name)
    if entries is None:
        raise Http404
    return _let_caches_keep(
        StreamingHttpResponse(_write_part(entries), content_type="application/xml")
    )


def _write_part(entries: Iterator[tuple[str, datetime]]) -> Iterator[str]:
    languages = settings.SHOP_LANGUAGES
    yield (
        f'{_XML}<urlset xmlns="{_SITEMAP}"'
        ' xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
    )
    for path, changed in entries:
        alternates = "".join(
            f'<xhtml:link rel="alternate" hreflang="{code}"'
            f' href="{escape(get_page_url(path, language=code))}"/>'
            for code in (languages if len(languages) > 1 else [])
        )
        for code in languages:
            url = escape(get_page_url(path, language=code))
            yield f"<url><loc>{url}</loc>{_write_lastmod(changed)}{alternates}</url>\n"
    yield "</urlset>\n"


def _write_lastmod(changed: datetime | None) -> str:
    return (
        f"<lastmod>{changed.isoformat(timespec='seconds')}</lastmod>"
        if changed
        else ""
    )


def _let_caches_keep(response: _Response) -> _Response:
    response["Cache-Control"] = f"public, max-age={_MAX_AGE_S}"
    return response
