"""The shop's settings and staff's pages, for storefronts."""

from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import NotFound
from markrin.api.operations import operation
from markrin.api.permissions import AllowAny
from markrin.api.views import View
from markrin.cache.decorators import cached
from storefront import schemas, selectors, serializers
from storefront.schemas import LanguageParams


class ShopDetail(View):
    permission_classes = [AllowAny]

    @cached(lambda request, data: ["shop", "pages"])
    @operation(
        id="getShop",
        tag="shop",
        summary="Show what a storefront has to know of the shop",
        query=schemas.InLanguage,
        response=serializers.Shop,
    )
    def get(self, request: Request, *, query: LanguageParams) -> Response:
        info = selectors.get_shop(language=query.language)
        return Response(serializers.shop_data(info))


class PageDetail(View):
    permission_classes = [AllowAny]

    @cached(lambda request, data: ["pages"], missing=["pages"])
    @operation(
        id="getPage",
        tag="shop",
        summary="Show a page that staff wrote",
        query=schemas.InLanguage,
        response=serializers.Page,
        errors=[NotFound],
    )
    def get(
        self, request: Request, *, slug: str, query: LanguageParams
    ) -> Response:
        page = selectors.get_page(slug=slug, language=query.language)
        return Response(serializers.Page(page).data)
