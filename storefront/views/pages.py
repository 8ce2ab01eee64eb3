"""The shop's pages, as `frontend/shop` was built, from the same process as the API.

WhiteNoise serves the files. Every path of the shop answers the build's index.html
with a head of its own and its first data (`page_data`). A page that is the same for
everybody is cached like the API's answers, under the same tags.
"""

from typing import Any

import orjson
from django.conf import settings
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponsePermanentRedirect,
)
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.views import View

from markrin.cache.decorators import keep_at_most
from markrin.files import POLICY
from products.selectors import category_tree
from products.serializers.categories import Categories
from storefront import build, page_data, redirects
from storefront import selectors as storefront_selectors
from storefront import serializers as storefront_serializers
from storefront.addresses import get_page_url, make_absolute
from storefront.page_data import Data, Moved, PageData

# Signs that could end a script element, or open an HTML comment in one, as JSON escapes.
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


class ShopPage(View):
    """Every path of the shop that no other view answers."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        built = build.read_build()
        if built is None:
            if request.path_info == "/":
                return HttpResponse(status=302, headers={"Location": "/api/docs"})
            raise Http404
        language, path = split_language(request.path_info)
        query = {name: str(value) for name, value in request.GET.items()}
        try:
            page = page_data.read_page(path, query, language=language)
        except Moved as moved:
            return self._redirect_to(request, moved, language)
        if page.status == 404 and (target := redirects.find_redirect(path)):
            return self._redirect_to(request, Moved(target), language)
        keep_at_most(request, page.fresh_for_s)
        return self._render(page, built, path, language)

    def _redirect_to(
        self, request: HttpRequest, moved: Moved, language: str
    ) -> HttpResponseBase:
        own = language == settings.SHOP_LANGUAGES[0]
        query = request.META.get("QUERY_STRING", "")
        mark = "&" if "?" in moved.path else "?"
        start = "" if own or moved.path.startswith("https://") else f"/{language}"
        response = HttpResponsePermanentRedirect(
            f"{start}{moved.path}{f'{mark}{query}' if query else ''}"
        )
        response.status_code = 308
        return response

    def _render(
        self, page: PageData, built: build.Build, path: str, language: str
    ) -> HttpResponse:
        info = storefront_serializers.shop_data(
            storefront_selectors.get_shop(language=language)
        )
        tree = page.categories
        if tree is None:
            tree = category_tree.list_categories()
        categories = Categories({"items": tree}).data
        context = _build_context(page, built, info, language)
        context["page"]["data"] = _dump_for_script(
            {**page.data, "categories": categories}
        )
        head = render_to_string("storefront/head.html", context)
        response = HttpResponse(
            built.render_page(head, language=language), status=page.status
        )
        response["Content-Security-Policy"] = POLICY
        response["Cache-Control"] = "no-cache"  # it names the newest build's files
        if page.cacheable and page.status == 200:
            tags = page.tags | {"categories", "shop", "pages", "products"}
            response.cache_tags = frozenset(tags)  # type: ignore[attr-defined]  # ours
        return response

    # The cache's middleware looks for this; each response has tags of its own.
    get.cache_tags = None  # type: ignore[attr-defined]


def split_language(path: str) -> tuple[str, str]:
    """Return the language that a path begins with, and the path without it."""
    first, _, rest = path.removeprefix("/").partition("/")
    if first in settings.SHOP_LANGUAGES[1:]:
        return first, f"/{rest}"
    return settings.SHOP_LANGUAGES[0], path


def _build_context(
    page: PageData, built: build.Build, info: Data, language: str
) -> dict[str, Any]:
    name = info["name"]
    languages = settings.SHOP_LANGUAGES if len(settings.SHOP_LANGUAGES) > 1 else []
    alternates = [
        (code, get_page_url(page.path, language=code)) for code in languages
    ]
    if alternates:
        alternates.append(("x-default", alternates[0][1]))
    files = built.list_files(page.source) if page.source else []
    return {
        "shop_name": name,
        "page": {
            "title": f"{page.title} · {name}" if page.title else name,
            "description": page.description,
            "noindex": page.noindex,
            "kind": page.kind,
            "canonical": get_page_url(page.path, language=language)
            if page.path
            else "",
            "alternates": alternates if page.path else [],
            "image": make_absolute(page.image) if page.image else "",
            "picture": page.picture,
            "files": [*files, *built.list_files(f"src/locales/{language}.json")],
            "structured_data": [
                _dump_for_script(block) for block in page.structured_data
            ],
            "settings": _dump_for_script(info),
        },
    }


def _dump_for_script(data: object) -> SafeString:
    """Return data as JSON in which nothing can end the <script> element around it."""
    text = orjson.dumps(data).decode()
    for sign, escape in _ESCAPES.items():
        text = text.replace(sign, escape)
    return mark_safe(text)  # noqa: S308 (escaped above)


page = ShopPage.as_view()
page.cls = ShopPage  # type: ignore[attr-defined]  # where the cache's middleware looks
