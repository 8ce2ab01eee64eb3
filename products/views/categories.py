"""Categories and size charts."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import NotFound
from markrin.api.operations import operation
from markrin.api.permissions import AllowAny
from markrin.api.views import View
from markrin.cache.decorators import cached
from products import errors
from products.schemas import categories as schemas
from products.schemas import products as products_schemas
from products.selectors import category_tree, size_tables
from products.serializers import categories as serializers
from products.services import categories, size_charts
from products.views.access import CATALOGUE_STAFF

_REFUSED = [
    errors.CategoryUnknown,
    errors.CategoryNameTaken,
    errors.SlugTaken,
    errors.CategoryTooDeep,
]


class CategoryTree(View):
    permission_classes = [AllowAny]

    @cached(lambda request, data: ["categories", "products"])  # it counts them
    @operation(
        id="listCategories",
        tag="categories",
        summary="Show the tree of categories",
        response=serializers.Categories,
    )
    def get(self, request: Request) -> Response:
        return Response(
            serializers.Categories({"items": category_tree.list_categories()}).data
        )

    @operation(
        id="createCategory",
        tag="staff: categories",
        summary="Create a category",
        body=schemas.CreateCategory,
        response=serializers.Category,
        status=201,
        errors=_REFUSED,
        permissions=CATALOGUE_STAFF,
    )
    def post(self, request: Request, *, body: dict[str, Any]) -> Response:
        return _show_category(categories.create_category(**body), HTTPStatus.CREATED)


class CategoryDetail(View):
    permission_classes = [AllowAny]

    @cached(
        lambda request, data: ["categories", "products"], missing=["categories"]
    )  # it counts them
    @operation(
        id="getCategory",
        tag="categories",
        summary="Show a category with the tree below it, by id or slug",
        response=serializers.Category,
        errors=[NotFound],
    )
    def get(self, request: Request, *, key: UUID | str) -> Response:
        return _show_category(key)

    @operation(
        id="replaceCategory",
        tag="staff: categories",
        summary="Replace a category's data, or move it",
        body=schemas.CreateCategory,
        response=serializers.Category,
        errors=[NotFound, *_REFUSED, errors.CategoryCycle],
        permissions=CATALOGUE_STAFF,
    )
    def put(
        self, request: Request, *, key: UUID | str, body: dict[str, Any]
    ) -> Response:
        return _show_category(categories.update_category(key=key, **body))

    @operation(
        id="updateCategory",
        tag="staff: categories",
        summary="Change some fields of a category, or move it",
        body=schemas.UpdateCategory,
        response=serializers.Category,
        errors=[NotFound, *_REFUSED, errors.CategoryCycle],
        permissions=CATALOGUE_STAFF,
    )
    def patch(
        self, request: Request, *, key: UUID | str, body: dict[str, Any]
    ) -> Response:
        return _show_category(categories.update_category(key=key, **body))

    @operation(
        id="deleteCategory",
        tag="staff: categories",
        summary="Delete an empty category",
        status=204,
        errors=[NotFound, errors.CategoryNotEmpty],
        permissions=CATALOGUE_STAFF,
    )
    def delete(self, request: Request, *, key: UUID | str) -> Response:
        categories.delete_category(key=key)
        return Response(status=HTTPStatus.NO_CONTENT)


class CategoryImage(View):
    permission_classes = CATALOGUE_STAFF

    @operation(
        id="setCategoryImage",
        tag="staff: categories",
        summary="Give a category a picture; it is encoded anew, without metadata",
        upload=schemas.UploadCategoryImage,
        response=serializers.Category,
        errors=[NotFound],
    )
    def post(
        self, request: Request, *, key: UUID | str, upload: dict[str, Any]
    ) -> Response:
        categories.set_category_image(key=key, **upload)
        return _show_category(key)

    @operation(
        id="deleteCategoryImage",
        tag="staff: categories",
        summary="Take a category's picture away",
        status=204,
        errors=[NotFound],
    )
    def delete(self, request: Request, *, key: UUID | str) -> Response:
        categories.delete_category_image(key=key)
        return Response(status=HTTPStatus.NO_CONTENT)


def _show_category(key: UUID | str, status: int = HTTPStatus.OK) -> Response:
    return Response(
        serializers.Category(category_tree.get_category(key=key)).data, status=status
    )


class SizeChartList(View):
    permission_classes = [AllowAny]

    @cached(lambda request, data: ["size-charts", "categories"])
    @operation(
        id="listSizeCharts",
        tag="size charts",
        summary="List all size charts",
        response=serializers.SizeCharts,
    )
    def get(self, request: Request) -> Response:
        return Response(
            serializers.SizeCharts({"items": size_tables.list_size_charts()}).data
        )

    @operation(
        id="createSizeChart",
        tag="staff: categories",
        summary="Give a category a size chart, as a whole table in centimetres",
        body=schemas.CreateSizeChart,
        max_bytes=products_schemas.BODY_BYTES,
        response=serializers.SizeChart,
        status=201,
        errors=[errors.CategoryUnknown, errors.SizeChartExists],
        permissions=CATALOGUE_STAFF,
    )
    def post(self, request: Request, *, body: dict[str, Any]) -> Response:
        size_charts.create_size_chart(**body)
        return _show_chart(body["category_id"], HTTPStatus.CREATED)


class SizeChartDetail(View):
    permission_classes = [AllowAny]

    @cached(
        lambda request, data: ["size-charts", "categories"],
        missing=["size-charts", "categories"],
    )
    @operation(
        id="getSizeChart",
        tag="size charts",
        summary="Show the size chart that holds for a category: its own or the nearest above it",
        response=serializers.SizeChart,
        errors=[NotFound],
    )
    def get(self, request: Request, *, key: UUID | str) -> Response:
        return _show_chart(key)

    @operation(
        id="replaceSizeChart",
        tag="staff: categories",
        summary="Replace a category's own size chart by this table in centimetres",
        body=schemas.ReplaceSizeChart,
        max_bytes=products_schemas.BODY_BYTES,
        response=serializers.SizeChart,
        errors=[NotFound],
        permissions=CATALOGUE_STAFF,
    )
    def put(
        self, request: Request, *, key: UUID | str, body: dict[str, Any]
    ) -> Response:
        size_charts.replace_size_chart(key=key, **body)
        return _show_chart(key)

    @operation(
        id="deleteSizeChart",
        tag="staff: categories",
        summary="Delete a category's own size chart",
        status=204,
        errors=[NotFound],
        permissions=CATALOGUE_STAFF,
    )
    def delete(self, request: Request, *, key: UUID | str) -> Response:
        size_charts.delete_size_chart(key=key)
        return Response(status=HTTPStatus.NO_CONTENT)


def _show_chart(key: UUID | str, status: int = HTTPStatus.OK) -> Response:
    return Response(
        serializers.SizeChart(size_tables.get_size_chart(key=key)).data, status=status
    )
