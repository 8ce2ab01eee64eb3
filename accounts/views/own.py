"""What is the customer's own: address book and wishlist."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from accounts import errors, schemas, selectors, serializers
from accounts.services import addresses, wishlists
from accounts.views.base import AuthView, current_user
from markrin.api.errors import NotFound, Unprocessable
from markrin.api.operations import operation


class AddressList(AuthView):
    @operation(
        answer=serializers.Addresses,
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
        answer=serializers.Address,
        status=201,
        errors=[errors.AddressLimit],
        id="addAddress",
        tag="addresses",
        summary="Add an address; the first is the default",
    )
    def post(self, request: Request, *, body: dict[str, Any]) -> Response:
        return Response(
            serializers.Address(
                addresses.add_address(customer=current_user(request), **body)
            ).data,
            201,
        )


class AddressDetail(AuthView):
    @operation(
        body=schemas.ChangeAddress,
        answer=serializers.Address,
        errors=[NotFound, Unprocessable],
        id="changeAddress",
        tag="addresses",
        summary="Change an address, or make it the default",
    )
    # the URL's name
    def patch(self, request: Request, *, id: UUID, body: dict[str, Any]) -> Response:  # noqa: A002
        address = addresses.change_address(
            customer=current_user(request), address_id=id, **body
        )
        return Response(serializers.Address(address).data)

    @operation(
        status=204,
        errors=[NotFound],
        id="deleteAddress",
        tag="addresses",
        summary="Delete an address; after the default, the newest is it",
    )
    def delete(self, request: Request, *, id: UUID) -> Response:  # noqa: A002 (the URL's name)
        addresses.delete_address(customer=current_user(request), address_id=id)
        return Response(status=204)


class WishlistItemList(AuthView):
    @operation(
        query=schemas.ListWishlist,
        answer=serializers.WishlistPage,
        id="listWishlist",
        tag="wishlist",
        summary="Products kept in mind, the last added first",
    )
    def get(self, request: Request, *, query: dict[str, Any]) -> Response:
        return Response(
            serializers.WishlistPage(
                selectors.list_wishlist(customer=current_user(request), **query)
            ).data
        )

    @operation(
        status=204, id="clearWishlist", tag="wishlist", summary="Empty the wishlist"
    )
    def delete(self, request: Request) -> Response:
        wishlists.clear_wishlist(customer=current_user(request))
        return Response(status=204)


class WishlistItemDetail(AuthView):
    @operation(
        status=204,
        errors=[NotFound, errors.WishlistLimit],
        id="putOnWishlist",
        tag="wishlist",
        summary="Keep a product in mind; again changes nothing",
    )
    def put(self, request: Request, *, product_id: UUID) -> Response:
        wishlists.put_on_wishlist(customer=current_user(request), product_id=product_id)
        return Response(status=204)

    @operation(
        status=204,
        id="takeOffWishlist",
        tag="wishlist",
        summary="Take a product off; again changes nothing",
    )
    def delete(self, request: Request, *, product_id: UUID) -> Response:
        wishlists.take_off_wishlist(
            customer=current_user(request), product_id=product_id
        )
        return Response(status=204)
