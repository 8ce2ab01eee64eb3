"""Colours, as the shop names them."""

from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.operations import operation
from markrin.api.permissions import AllowAny
from markrin.api.views import View
from markrin.cache.decorators import cached
from products.selectors import colors
from products.serializers import products as serializers


class ColorList(View):
    permission_classes = [AllowAny]

    @cached(lambda request, data: ["products"])
    @operation(
        id="listColors",
        tag="products",
        summary="List the shop's colours with their families and swatches",
        response=serializers.Colors,
    )
    def get(self, request: Request) -> Response:
        return Response(serializers.Colors({"items": colors.list_colors()}).data)
