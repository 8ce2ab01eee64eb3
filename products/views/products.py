"""Products, as shoppers see them and as staff write them."""

from collections import Counter
from http import HTTPStatus
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import Invalid, NotFound, PageTooDeep
from markrin.api.operations import operation
from markrin.api.permissions import AllowAny
from markrin.api.schemas import PageParams, PlainPageQuery
from markrin.api.views import View
from markrin.cache.decorators import cached, keep_at_most
from products import errors
from products.schemas import products as schemas
from products.selectors import product_lists, related, suggestions
from products.selectors.product_lists import SUGGESTED_S
from products.serializers import products as serializers
from products.services import bulk_upsert, products
from products.services.bulk_upsert import BulkStatus
from products.views.access import get_user_id

_REFUSED = [
    errors.CategoryUnknown,
    errors.TaxClassUnknown,
    errors.SlugTaken,
    errors.ImageUnknown,
]
_REFUSED_VARIANTS = [errors.SkuTaken, errors.VariantExists, errors.TooManyVariants]


class ProductList(View):
    permission_classes = [AllowAny]

    @cached(lambda request, data: ["products", "categories"])
    @operation(
        id="listProducts",
        tag="products",
        summary="List, filter and search the products",
        query=schemas.ListProducts,
        response=serializers.ProductPage,
        errors=[Invalid, PageTooDeep],
    )
    def get(
        self, request: Request, *, query: schemas.ShopperProductFilter
    ) -> Response:
        found = product_lists.list_products(query)
        keep_at_most(request, found.fresh_for_s)
        return Response(serializers.ProductPage(found).data)

    @operation(
        id="createProduct",
        tag="staff-products",
        summary="Create a product with its variants and their first stock",
        body=schemas.CreateProduct,
        max_bytes=schemas.BODY_BYTES,
        response=serializers.StaffProductDetail,
        status=HTTPStatus.CREATED,
        errors=[*_REFUSED, *_REFUSED_VARIANTS],
    )
    def post(self, request: Request, *, body: schemas.NewProduct) -> Response:
        product_id = products.create_product(body, actor_id=get_user_id(request))
        return _show_staff_product(product_id, HTTPStatus.CREATED)


class ProductDetail(View):
    permission_classes = [AllowAny]

    @cached(
        lambda request, data: [
            f"product:{data['id']}",
            "categories",
            "size-charts",
        ],
        missing=["products"],
    )
    @operation(
        id="getProduct",
        tag="products",
        summary="Show a product, by id or slug",
        response=serializers.ProductDetail,
        extra_responses={
            HTTPStatus.PERMANENT_REDIRECT: (
                "The product's present address, for a slug that it had earlier."
            )
        },
        errors=[NotFound],
    )
    def get(self, request: Request, *, key: UUID | str) -> Response:
        try:
            product = product_lists.get_product(key=key)
        except NotFound:
            slug = product_lists.get_new_slug(former=str(key))
            if slug is None:
                raise
            return Response(
                status=HTTPStatus.PERMANENT_REDIRECT,
                headers={"Location": f"/api/products/{slug}"},
            )
        keep_at_most(request, product["fresh_for_s"])
        return Response(serializers.ProductDetail(product).data)

    @operation(
        id="replaceProduct",
        tag="staff-products",
        summary="Replace a product",
        body=schemas.ReplaceProduct,
        max_bytes=schemas.BODY_BYTES,
        response=serializers.StaffProductDetail,
        errors=[NotFound, *_REFUSED, *_REFUSED_VARIANTS, errors.StockOnlyMoves],
    )
    def put(
        self, request: Request, *, key: UUID | str, body: schemas.ReplacedProduct
    ) -> Response:
        product_id = products.replace_product(
            body, key=key, actor_id=get_user_id(request)
        )
        return _show_staff_product(product_id)

    @operation(
        id="updateProduct",
        tag="staff-products",
        summary="Change some fields of a product",
        body=schemas.UpdateProduct,
        max_bytes=schemas.BODY_BYTES,
        response=serializers.StaffProductDetail,
        errors=[
            NotFound,
            *_REFUSED,
            errors.SalePriceNotBelow,
            errors.SaleDatesWrong,
        ],
    )
    def patch(
        self, request: Request, *, key: UUID | str, body: schemas.ProductChange
    ) -> Response:
        return _show_staff_product(products.update_product(body, key=key))

    @operation(
        id="archiveProduct",
        tag="staff-products",
        summary="Archive a product",
        status=HTTPStatus.NO_CONTENT,
        errors=[NotFound],
    )
    def delete(self, request: Request, *, key: UUID | str) -> Response:
        products.archive_product(key=key)
        return Response(status=HTTPStatus.NO_CONTENT)


class RelatedProducts(View):
    permission_classes = [AllowAny]

    @cached(lambda request, data: ["products", "categories"], missing=["products"])
    @operation(
        id="listRelatedProducts",
        tag="products",
        summary="List what goes well with a product",
        query=schemas.ListRelated,
        response=serializers.ProductItems,
        errors=[NotFound],
    )
    def get(
        self, request: Request, *, key: UUID | str, query: schemas.RelatedLimit
    ) -> Response:
        found = related.list_related(key=key, limit=query.limit)
        keep_at_most(request, found.fresh_for_s)
        return Response(serializers.ProductItems(found).data)


class SearchSuggestions(View):
    permission_classes = [AllowAny]

    @cached(lambda request, data: ["products", "categories"])
    @operation(
        id="suggestSearches",
        tag="products",
        summary="Suggest what fits a text that is still being typed",
        query=schemas.SuggestSearches,
        response=serializers.Suggestions,
        errors=[Invalid],
    )
    def get(self, request: Request, *, query: schemas.SuggestionQuery) -> Response:
        found = suggestions.suggest(query.q)
        keep_at_most(request, min(found.fresh_for_s or SUGGESTED_S, SUGGESTED_S))
        return Response(serializers.Suggestions(found).data)


class NewArrivals(View):
    permission_classes = [AllowAny]

    @cached(lambda request, data: ["products", "categories"])
    @operation(
        id="listNewArrivals",
        tag="products",
        summary="List the products marked as new, newest first",
        query=PlainPageQuery,
        response=serializers.ProductItemPage,
        errors=[PageTooDeep],
    )
    def get(self, request: Request, *, query: PageParams) -> Response:
        found = product_lists.list_new_arrivals(query)
        keep_at_most(request, found.fresh_for_s)
        return Response(serializers.ProductItemPage(found.page).data)


class Featured(View):
    permission_classes = [AllowAny]

    @cached(lambda request, data: ["products", "categories"])
    @operation(
        id="listFeaturedProducts",
        tag="products",
        summary="List the featured products, newest first",
        query=PlainPageQuery,
        response=serializers.ProductItemPage,
        errors=[PageTooDeep],
    )
    def get(self, request: Request, *, query: PageParams) -> Response:
        found = product_lists.list_featured(query)
        keep_at_most(request, found.fresh_for_s)
        return Response(serializers.ProductItemPage(found.page).data)


class StaffProductList(View):
    @operation(
        id="listStaffProducts",
        tag="staff-products",
        summary="List products of any status",
        query=schemas.ListStaffProducts,
        response=serializers.StaffProductPage,
        errors=[PageTooDeep],
    )
    def get(
        self, request: Request, *, query: schemas.StaffProductFilter
    ) -> Response:
        found = product_lists.list_staff_products(query)
        return Response(serializers.StaffProductPage(found).data)


class StaffProductBulk(View):
    @operation(
        id="upsertProducts",
        tag="staff-products",
        summary="Create or replace up to 1,000 products, each answered for itself",
        body=schemas.UpsertProducts,
        max_bytes=schemas.BULK_BYTES,
        max_nodes=schemas.BULK_NODES,
        response=serializers.BulkResults,
        errors=[Invalid],
    )
    def post(self, request: Request, *, body: schemas.BulkProducts) -> Response:
        done = bulk_upsert.upsert_products(body, actor_id=get_user_id(request))
        counts = Counter(result.status.value for result in done)
        shown = {
            "items": done,
            **{status.value: counts[status.value] for status in BulkStatus},
        }
        return Response(serializers.BulkResults(shown).data)


class StaffProductDetail(View):
    @operation(
        id="getStaffProduct",
        tag="staff-products",
        summary="Show a product of any status with all its variants, by id or slug",
        response=serializers.StaffProductDetail,
        errors=[NotFound],
    )
    def get(self, request: Request, *, key: UUID | str) -> Response:
        return _show_staff_product(key)


def _show_staff_product(key: UUID | str, status: int = HTTPStatus.OK) -> Response:
    return Response(
        serializers.StaffProductDetail(
            product_lists.get_staff_product(key=key)
        ).data,
        status=status,
    )
