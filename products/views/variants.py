"""Variants of a product, as staff change them; and a shopper's wish to hear of one."""

from http import HTTPStatus
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.client_address import get_client_address
from markrin.api.errors import Invalid, NotFound
from markrin.api.operations import operation
from markrin.api.permissions import AllowAny
from markrin.api.views import View
from products import errors
from products.schemas import variants as schemas
from products.schemas.variants import BackInStockWish, NewVariant, VariantChange
from products.selectors import stock_ledger
from products.serializers import products as serializers
from products.services import variants
from products.services.stock import back_in_stock
from products.views.access import get_user_id

_PRICES_WRONG = [
    errors.SalePriceNotBelow,
    errors.SaleDatesWrong,
    errors.VariantPricesApart,
]


class VariantList(View):
    @operation(
        id="createVariant",
        tag="staff-products",
        summary="Add a variant with its first stock",
        body=schemas.CreateVariant,
        response=serializers.StaffVariant,
        status=HTTPStatus.CREATED,
        errors=[
            NotFound,
            errors.SkuTaken,
            errors.VariantExists,
            errors.TooManyVariants,
        ],
    )
    def post(
        self, request: Request, *, product_id: UUID, body: NewVariant
    ) -> Response:
        variant_id = variants.create_variant(
            body, product_id=product_id, actor_id=get_user_id(request)
        )
        return _show_variant(variant_id, HTTPStatus.CREATED)


class VariantDetail(View):
    @operation(
        id="updateVariant",
        tag="staff-products",
        summary="Change a variant in place, or put it back on sale",
        body=schemas.UpdateVariant,
        response=serializers.StaffVariant,
        errors=[NotFound, errors.SkuTaken, errors.VariantExists, *_PRICES_WRONG],
    )
    def patch(
        self,
        request: Request,
        *,
        product_id: UUID,
        variant_id: UUID,
        body: VariantChange,
    ) -> Response:
        variants.update_variant(
            body,
            product_id=product_id,
            variant_id=variant_id,
            actor_id=request.user.pk,
        )
        return _show_variant(variant_id)

    @operation(
        id="deleteVariant",
        tag="staff-products",
        summary="Take a variant off sale",
        status=HTTPStatus.NO_CONTENT,
        errors=[NotFound],
    )
    def delete(
        self, request: Request, *, product_id: UUID, variant_id: UUID
    ) -> Response:
        variants.delete_variant(product_id=product_id, variant_id=variant_id)
        return Response(status=HTTPStatus.NO_CONTENT)


class VariantNotify(View):
    permission_classes = [AllowAny]

    @operation(
        id="notifyWhenBack",
        tag="products",
        summary="Ask for a mail when the variant can be bought again",
        body=schemas.NotifyWhenBack,
        status=HTTPStatus.NO_CONTENT,
        errors=[NotFound, Invalid, errors.AlreadyInStock],
    )
    def post(
        self,
        request: Request,
        *,
        product_id: UUID,
        variant_id: UUID,
        body: BackInStockWish,
    ) -> Response:
        back_in_stock.notify_when_back(
            body,
            product_id=product_id,
            variant_id=variant_id,
            user_id=request.user.pk,
            account_email=getattr(request.user, "email", ""),
            address=get_client_address(request._request),
        )
        return Response(status=HTTPStatus.NO_CONTENT)


def _show_variant(variant_id: UUID, status: int = HTTPStatus.OK) -> Response:
    variant = stock_ledger.get_staff_variant(variant_id=variant_id)
    return Response(serializers.StaffVariant(variant).data, status=status)
