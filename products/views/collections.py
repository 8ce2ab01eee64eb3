"""Collections, as shoppers see them and as staff fill them."""

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
from products.schemas import collections as schemas
from products.selectors import collections as selectors
from products.serializers import collections as serializers
from products.services import collections

_REFUSED = [
    errors.CategoryUnknown,
    errors.SlugTaken,
    errors.CollectionRuleEmpty,
    errors.CollectionPricesWrong,
]


class CollectionList(View):
    permission_classes = [AllowAny]

    @cached(lambda request, data: ["collections"])
    @operation(
        id="listCollections",
        tag="collections",
        summary="List the collections that have a page",
        response=serializers.Collections,
    )
    def get(self, request: Request) -> Response:
        found = {"items": selectors.list_collections()}
        return Response(serializers.Collections(found).data)


class CollectionDetail(View):
    permission_classes = [AllowAny]

    @cached(lambda request, data: ["collections"], missing=["collections"])
    @operation(
        id="getCollection",
        tag="collections",
        summary="Show a collection, by id or slug",
        response=serializers.Collection,
        errors=[NotFound],
    )
    def get(self, request: Request, *, key: UUID | str) -> Response:
        found = selectors.get_collection(key=key)
        return Response(serializers.Collection(found).data)


class StaffCollectionList(View):
    @operation(
        id="listStaffCollections",
        tag="staff-collections",
        summary="List all collections with their rules",
        response=serializers.StaffCollections,
    )
    def get(self, request: Request) -> Response:
        found = {"items": selectors.list_staff_collections()}
        return Response(serializers.StaffCollections(found).data)

    @operation(
        id="createCollection",
        tag="staff-collections",
        summary="Make a collection, by hand or by a rule",
        body=schemas.CreateCollection,
        response=serializers.StaffCollection,
        status=HTTPStatus.CREATED,
        errors=_REFUSED,
    )
    def post(self, request: Request, *, body: schemas.CollectionInput) -> Response:
        return _show(collections.create_collection(body), HTTPStatus.CREATED)


class StaffCollectionDetail(View):
    @operation(
        id="getStaffCollection",
        tag="staff-collections",
        summary="Show a collection with its rule, by id or slug",
        response=serializers.StaffCollection,
        errors=[NotFound],
    )
    def get(self, request: Request, *, key: UUID | str) -> Response:
        return _show(key)

    @operation(
        id="updateCollection",
        tag="staff-collections",
        summary="Change some fields of a collection",
        body=schemas.UpdateCollection,
        response=serializers.StaffCollection,
        errors=[NotFound, *_REFUSED],
    )
    def patch(
        self, request: Request, *, key: UUID | str, body: schemas.CollectionChange
    ) -> Response:
        return _show(collections.update_collection(body, key=key))

    @operation(
        id="deleteCollection",
        tag="staff-collections",
        summary="Delete a collection; its products stay",
        status=HTTPStatus.NO_CONTENT,
        errors=[NotFound, errors.CollectionInUse],
    )
    def delete(self, request: Request, *, key: UUID | str) -> Response:
        collections.delete_collection(key=key)
        return Response(status=HTTPStatus.NO_CONTENT)


class CollectionPlaces(View):
    @operation(
        id="placeCollectionProducts",
        tag="staff-collections",
        summary="Put products of a collection into an order; by hand, these are all of them",
        body=schemas.PlaceProducts,
        max_bytes=128 * 1024,
        response=serializers.StaffCollection,
        errors=[NotFound, errors.ProductUnknown],
    )
    def put(
        self, request: Request, *, key: UUID | str, body: schemas.PlacedProducts
    ) -> Response:
        return _show(collections.place_products(body, key=key))


def _show(key: UUID | str, status: int = HTTPStatus.OK) -> Response:
    found = selectors.get_staff_collection(key=key)
    return Response(serializers.StaffCollection(found).data, status=status)
