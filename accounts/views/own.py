"""What is the customer's own: address book and wishlist."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import errors, schemas, selectors, serializers
from accounts.services import addresses, wishlists
from accounts.views.base import AuthView, current_user
from markrin.api.errors import NotFound, Unprocessable
from markrin.api.operations import operation
from markrin.api.schemas import PageParams, PlainPageQuery


class AddressList(AuthView):
    @operation(
        response=serializers.Addresses,
        id="listAddresses",
        tag="addresses",
        summary="The address book",
    )
    def get(self, request: Request) -> Response:
        return Response(
            serializers.Addresses(
                {"items": selectors.list_addresses(customer=current_user(request))}
            ).data
        )

    @operation(
        body=schemas.AddAddress,
        response=serializers.Address,
        status=HTTPStatus.CREATED,
        errors=[errors.AddressLimit],
        id="addAddress",
        tag="addresses",
        summary="Add an address; the first is the default",
    )
    def post(self, request: Request, *, body: schemas.NewAddress) -> Response:
        address = addresses.add_address(body, customer=current_user(request))
        return Response(serializers.Address(address).data, HTTPStatus.CREATED)


class AddressDetail(AuthView):
    @operation(
        body=schemas.ChangeAddress,
        response=serializers.Address,
        errors=[NotFound, Unprocessable],
        id="changeAddress",
        tag="addresses",
        summary="Change an address, or make it the default",
    )
    def patch(
        self, request: Request, *, address_id: UUID, body: schemas.AddressChange
    ) -> Response:
        address = addresses.change_address(
            body, customer=current_user(request), address_id=address_id
        )
        return Response(serializers.Address(address).data)

    @operation(
        status=HTTPStatus.NO_CONTENT,
        errors=[NotFound],
        id="deleteAddress",
        tag="addresses",
        summary="Delete an address; after the default, the newest is it",
    )
    def delete(self, request: Request, *, address_id: UUID) -> Response:
        addresses.delete_address(
            customer=current_user(request), address_id=address_id
        )
        return Response(status=HTTPStatus.NO_CONTENT)


class WishlistItemList(AuthView):
    @operation(
        query=PlainPageQuery,
        response=serializers.WishlistPage,
        id="listWishlist",
        tag="wishlist",
        summary="Products kept in mind, the last added first",
    )
    def get(self, request: Request, *, query: PageParams) -> Response:
        page = selectors.list_wishlist(query, customer=current_user(request))
        return Response(serializers.WishlistPage(page).data)

    @operation(
        status=HTTPStatus.NO_CONTENT,
        id="clearWishlist",
        tag="wishlist",
        summary="Empty the wishlist",
    )
    def delete(self, request: Request) -> Response:
        wishlists.clear_wishlist(customer=current_user(request))
        return Response(status=HTTPStatus.NO_CONTENT)


class WishlistItemDetail(AuthView):
    @operation(
        status=HTTPStatus.NO_CONTENT,
        errors=[NotFound, errors.WishlistLimit],
        id="putOnWishlist",
        tag="wishlist",
        summary="Keep a product in mind; again changes nothing",
    )
    def put(self, request: Request, *, product_id: UUID) -> Response:
        wishlists.put_on_wishlist(
            customer=current_user(request), product_id=product_id
        )
        return Response(status=HTTPStatus.NO_CONTENT)

    @operation(
        status=HTTPStatus.NO_CONTENT,
        id="takeOffWishlist",
        tag="wishlist",
        summary="Take a product off; again changes nothing",
    )
    def delete(self, request: Request, *, product_id: UUID) -> Response:
        wishlists.take_off_wishlist(
            customer=current_user(request), product_id=product_id
        )
        return Response(status=HTTPStatus.NO_CONTENT)
