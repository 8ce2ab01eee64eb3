"""The admin's pages of mails: what each looks like, as HTML and as text, in each language
of the shop.
"""

from functools import partial

from csp.decorators import csp_replace
from django.conf import settings
from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import check_for_language
from django.views.decorators.clickjacking import xframe_options_sameorigin

from markrin.mail import previews
from markrin.mail.markup import Rendered

_POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "frame-ancestors": ["'self'"],
}


def preview_urls(site: AdminSite) -> list[URLPattern]:
    """Return the pages, for whoever may see the admin: they show made-up data."""

    def overview(request: HttpRequest, name: str = "") -> HttpResponse:
        return _overview_page(request, site, name)

    @xframe_options_sameorigin
    def framed(request: HttpRequest, name: str) -> HttpResponseBase:
        if not site.has_permission(
            request
        ):  # the site's own wrapper would let scripts in
            raise Http404
        return csp_replace(_POLICY)(partial(_html_page, name=name))(request)

    return [
        path("mails/", site.admin_view(overview), name="mails"),
        path("mails/<path:name>/html/", framed, name="mail_html"),
        path("mails/<path:name>/", site.admin_view(overview), name="mail"),
    ]


def _overview_page(
    request: HttpRequest, site: AdminSite, name: str
) -> HttpResponse:
    names = list(previews.mail_samples())
    shown = name or names[0]
    language = _chosen_language(request)
    rendered = _render_or_404(shown, language)
    context = {
        **site.each_context(request),
        "title": "Mails",
        "names": names,
        "shown": shown,
        "language": language,
        "languages": [code for code, _ in settings.LANGUAGES],
        "mail": rendered,
        "html_url": f"{reverse('admin:mail_html', args=[shown])}?language={language}",
    }
    return TemplateResponse(request, "shop_admin/mails.html", context)


def _html_page(request: HttpRequest, name: str) -> HttpResponse:
    """The mail's own HTML, for the frame on the page: no script, nothing from elsewhere."""
    return HttpResponse(_render_or_404(name, _chosen_language(request)).html)


def _render_or_404(name: str, language: str) -> Rendered:
    if name not in previews.mail_samples():
        raise Http404
    return previews.render_sample(name, language=language)


def _chosen_language(request: HttpRequest) -> str:
    language = request.GET.get("language", "")
    known = dict(settings.LANGUAGES)
    return (
        language
        if language in known and check_for_language(language)
        else settings.LANGUAGE_CODE
    )
