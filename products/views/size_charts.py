"""Size charts of categories."""

from http import HTTPStatus
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import NotFound
from markrin.api.operations import operation
from markrin.api.permissions import AllowAny
from markrin.api.views import View
from markrin.cache.decorators import cached
from products import errors
from products.schemas import size_charts as schemas
from products.schemas.products import BODY_BYTES
from products.selectors import size_tables
from products.serializers import categories as serializers
from products.services import size_charts


class SizeChartList(View):
    permission_classes = [AllowAny]

    @cached(lambda request, data: ["size-charts", "categories"])
    @operation(
        id="listSizeCharts",
        tag="size-charts",
        summary="List all size charts",
        response=serializers.SizeCharts,
    )
    def get(self, request: Request) -> Response:
        return Response(
            serializers.SizeCharts({"items": size_tables.list_size_charts()}).data
        )

    @operation(
        id="createSizeChart",
        tag="staff-size-charts",
        summary="Give a category a size chart, as a whole table in centimetres",
        body=schemas.CreateSizeChart,
        max_bytes=BODY_BYTES,
        response=serializers.SizeChart,
        status=HTTPStatus.CREATED,
        errors=[errors.CategoryUnknown, errors.SizeChartExists],
    )
    def post(self, request: Request, *, body: schemas.NewSizeChart) -> Response:
        size_charts.create_size_chart(body)
        return _show_chart(body.category_id, HTTPStatus.CREATED)


class SizeChartDetail(View):
    permission_classes = [AllowAny]

    @cached(
        lambda request, data: ["size-charts", "categories"],
        missing=["size-charts", "categories"],
    )
    @operation(
        id="getSizeChart",
        tag="size-charts",
        summary="Show the size chart that holds for a category: its own or the nearest above it",
        response=serializers.SizeChart,
        errors=[NotFound],
    )
    def get(self, request: Request, *, key: UUID | str) -> Response:
        return _show_chart(key)

    @operation(
        id="replaceSizeChart",
        tag="staff-size-charts",
        summary="Replace a category's own size chart by this table in centimetres",
        body=schemas.ReplaceSizeChart,
        max_bytes=BODY_BYTES,
        response=serializers.SizeChart,
        errors=[NotFound],
    )
    def put(
        self, request: Request, *, key: UUID | str, body: schemas.SizeTable
    ) -> Response:
        size_charts.replace_size_chart(body, key=key)
        return _show_chart(key)

    @operation(
        id="deleteSizeChart",
        tag="staff-size-charts",
        summary="Delete a category's own size chart",
        status=HTTPStatus.NO_CONTENT,
        errors=[NotFound],
    )
    def delete(self, request: Request, *, key: UUID | str) -> Response:
        size_charts.delete_size_chart(key=key)
        return Response(status=HTTPStatus.NO_CONTENT)


def _show_chart(key: UUID | str, status: int = HTTPStatus.OK) -> Response:
    return Response(
        serializers.SizeChart(size_tables.get_size_chart(key=key)).data,
        status=status,
    )
