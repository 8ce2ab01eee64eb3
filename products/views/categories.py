"""Categories."""

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
from products.schemas import categories as schemas
from products.selectors import category_tree
from products.serializers import categories as serializers
from products.services import categories

_REFUSED = [
    errors.CategoryUnknown,
    errors.TaxClassUnknown,
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
        tag="staff-categories",
        summary="Create a category",
        body=schemas.CreateCategory,
        response=serializers.Category,
        status=HTTPStatus.CREATED,
        errors=_REFUSED,
    )
    def post(self, request: Request, *, body: schemas.CategoryInput) -> Response:
        return _show_category(categories.create_category(body), HTTPStatus.CREATED)


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
        tag="staff-categories",
        summary="Replace a category's data, or move it",
        body=schemas.CreateCategory,
        response=serializers.Category,
        errors=[NotFound, *_REFUSED, errors.CategoryCycle],
    )
    def put(
        self, request: Request, *, key: UUID | str, body: schemas.CategoryInput
    ) -> Response:
        return _show_category(categories.replace_category(body, key=key))

    @operation(
        id="updateCategory",
        tag="staff-categories",
        summary="Change some fields of a category, or move it",
        body=schemas.UpdateCategory,
        response=serializers.Category,
        errors=[NotFound, *_REFUSED, errors.CategoryCycle],
    )
    def patch(
        self, request: Request, *, key: UUID | str, body: schemas.CategoryChange
    ) -> Response:
        return _show_category(categories.update_category(body, key=key))

    @operation(
        id="deleteCategory",
        tag="staff-categories",
        summary="Delete an empty category",
        status=HTTPStatus.NO_CONTENT,
        errors=[NotFound, errors.CategoryNotEmpty, errors.CategoryInUse],
    )
    def delete(self, request: Request, *, key: UUID | str) -> Response:
        categories.delete_category(key=key)
        return Response(status=HTTPStatus.NO_CONTENT)


class CategoryImage(View):
    @operation(
        id="setCategoryImage",
        tag="staff-categories",
        summary="Give a category a picture; it is encoded anew, without metadata",
        upload=schemas.UploadCategoryImage,
        response=serializers.Category,
        errors=[NotFound],
    )
    def post(
        self, request: Request, *, key: UUID | str, upload: schemas.CategoryPicture
    ) -> Response:
        categories.set_category_image(upload, key=key)
        return _show_category(key)

    @operation(
        id="deleteCategoryImage",
        tag="staff-categories",
        summary="Take a category's picture away",
        status=HTTPStatus.NO_CONTENT,
        errors=[NotFound],
    )
    def delete(self, request: Request, *, key: UUID | str) -> Response:
        categories.delete_category_image(key=key)
        return Response(status=HTTPStatus.NO_CONTENT)


def _show_category(key: UUID | str, status: int = HTTPStatus.OK) -> Response:
    return Response(
        serializers.Category(category_tree.get_category(key=key)).data,
        status=status,
    )
