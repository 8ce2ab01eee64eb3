"""The shop's pages, as `frontend/shop` was built, from the same process as the API.

WhiteNoise serves the files. Each of the shop's addresses answers the one page of the build
with a head of its own and the data that it begins with (`page_data`). A page that is the
same for everybody is kept as the API's answers are, under the same tags.
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
from storefront import build, page_data
from storefront import selectors as storefront_selectors
from storefront import serializers as storefront_serializers
from storefront.page_data import Moved, PageData

# What ends a script element, or an HTML comment in one, is written as JSON can write it.
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}


class ShopPage(View):
    """Any address of the shop that nobody else answers."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponseBase:
        built = build.get()
        if built is None:
            if request.path_info == "/":
                return HttpResponse(status=302, headers={"Location": "/api/docs"})
            raise Http404
        language, path = split_language(request.path_info)
        query = {name: str(value) for name, value in request.GET.items()}
        try:
            page = page_data.read(path, query, language=language)
        except Moved as moved:
            return self._redirect(request, moved, language)
        keep_at_most(request, page.fresh_for_s)
        return self._answer(page, built, path, language)

    def _redirect(
        self, request: HttpRequest, moved: Moved, language: str
    ) -> HttpResponseBase:
        own = language == settings.SHOP_LANGUAGES[0]
        query = request.META.get("QUERY_STRING", "")
        response = HttpResponsePermanentRedirect(
            f"{'' if own else f'/{language}'}{moved.path}{f'?{query}' if query else ''}"
        )
        response.status_code = 308
        return response

    def _answer(
        self, page: PageData, built: build.Build, path: str, language: str
    ) -> HttpResponse:
        info = storefront_serializers.shop_data(
            storefront_selectors.get_shop(language=language)
        )
        categories = Categories({"items": category_tree.list_categories()}).data
        context = _context(page, built, info, language)
        context["page"]["data"] = _json({**page.data, "categories": categories})
        head = render_to_string("storefront/head.html", context)
        response = HttpResponse(
            built.render(head, language=language), status=page.status
        )
        response["Content-Security-Policy"] = POLICY
        response["Cache-Control"] = "no-cache"  # it names the newest build's files
        if page.kept and page.status == 200:
            tags = page.tags | {"categories", "shop", "pages", "products"}
            response.cache_tags = frozenset(tags)  # type: ignore[attr-defined]  # ours
        return response

    # what the cache's middleware looks for; the tags are each answer's own
    get.cache_tags = None  # type: ignore[attr-defined]


def split_language(path: str) -> tuple[str, str]:
    """Return the language that a path begins with, and the path without it."""
    first, _, rest = path.removeprefix("/").partition("/")
    if first in settings.SHOP_LANGUAGES[1:]:
        return first, f"/{rest}"
    return settings.SHOP_LANGUAGES[0], path


def _context(
    page: PageData, built: build.Build, info: dict[str, Any], language: str
) -> dict[str, Any]:
    name = info["name"]
    languages = settings.SHOP_LANGUAGES if len(settings.SHOP_LANGUAGES) > 1 else []
    alternates = [
        (code, page_data.address(page.path, language=code)) for code in languages
    ]
    if alternates:
        alternates.append(("x-default", alternates[0][1]))
    files = built.files(page.source) if page.source else []
    return {
        "shop_name": name,
        "page": {
            "title": f"{page.title} · {name}" if page.title else name,
            "description": page.description,
            "hidden": page.hidden,
            "kind": page.kind,
            "canonical": page_data.address(page.path, language=language)
            if page.path
            else "",
            "alternates": alternates if page.path else [],
            "image": page_data.absolute(page.image) if page.image else "",
            "picture": page.picture,
            "files": [*files, *built.files(f"src/locales/{language}.json")],
            "structured_data": [_json(block) for block in page.structured_data],
            "settings": _json(info),
        },
    }


def _json(data: Any) -> SafeString:
    """Return data as JSON that nothing in it can end the script element around."""
    text = orjson.dumps(data).decode()
    for sign, escape in _ESCAPES.items():
        text = text.replace(sign, escape)
    return mark_safe(text)  # noqa: S308 (escaped above)


page = ShopPage.as_view()
page.cls = ShopPage  # type: ignore[attr-defined]  # where the cache's middleware looks
