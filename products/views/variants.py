"""Variants, images and stock of a product, as staff change them; and a shopper's wish to
hear of a variant.
"""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import Invalid, NotFound
from markrin.api.operations import operation
from markrin.api.permissions import AllowAny
from markrin.api.schemas import PageQuery
from markrin.api.views import View
from products import errors
from products.schemas import products as schemas
from products.selectors import product_lists, stock_ledger
from products.serializers import products as serializers
from products.services import images, variants
from products.services.stock import back_in_stock
from products.views.access import CATALOGUE_STAFF, get_user_id


class VariantList(View):
    permission_classes = CATALOGUE_STAFF

    @operation(
        id="createVariant",
        tag="staff: products",
        summary="Add a variant with its first stock",
        body=schemas.CreateVariant,
        response=serializers.StaffVariant,
        status=201,
        errors=[
            NotFound,
            errors.SkuTaken,
            errors.VariantExists,
            errors.TooManyVariants,
        ],
    )
    # the path's name
    def post(self, request: Request, *, id: UUID, body: dict[str, Any]) -> Response:  # noqa: A002
        variant_id = variants.create_variant(
            product_id=id, actor_id=request.user.pk, **body
        )
        return _show_variant(variant_id, HTTPStatus.CREATED)


class VariantDetail(View):
    permission_classes = CATALOGUE_STAFF

    @operation(
        id="updateVariant",
        tag="staff: products",
        summary="Change a variant in place, or put it back on sale",
        body=schemas.UpdateVariant,
        response=serializers.StaffVariant,
        errors=[NotFound, errors.SkuTaken, errors.VariantExists],
    )
    def patch(
        self,
        request: Request,
        *,
        id: UUID,  # noqa: A002
        variant_id: UUID,
        body: dict[str, Any],
    ) -> Response:
        variants.update_variant(product_id=id, variant_id=variant_id, **body)
        return _show_variant(variant_id)

    @operation(
        id="deleteVariant",
        tag="staff: products",
        summary="Take a variant off sale",
        status=204,
        errors=[NotFound],
    )
    def delete(self, request: Request, *, id: UUID, variant_id: UUID) -> Response:  # noqa: A002
        variants.delete_variant(product_id=id, variant_id=variant_id)
        return Response(status=HTTPStatus.NO_CONTENT)


class VariantNotify(View):
    permission_classes = [AllowAny]

    @operation(
        id="notifyWhenBack",
        tag="products",
        summary="Ask for a mail when the variant can be bought again",
        body=schemas.NotifyWhenBack,
        status=204,
        errors=[NotFound, Invalid, errors.AlreadyInStock],
    )
    def post(
        self,
        request: Request,
        *,
        id: UUID,  # noqa: A002
        variant_id: UUID,
        body: dict[str, Any],
    ) -> Response:
        back_in_stock.notify_when_back(
            product_id=id,
            variant_id=variant_id,
            user_id=request.user.pk,
            account_email=getattr(request.user, "email", ""),
            email=body.get("email"),
        )
        return Response(status=HTTPStatus.NO_CONTENT)


class StockAdjustments(View):
    permission_classes = CATALOGUE_STAFF

    @operation(
        id="adjustStock",
        tag="staff: stock",
        summary="Correct a variant's stock by a number of pieces",
        body=schemas.AdjustStock,
        response=serializers.StaffVariant,
        errors=[NotFound, errors.StockTooLow, errors.StockTooHigh],
    )
    def post(self, request: Request, *, id: UUID, body: dict[str, Any]) -> Response:  # noqa: A002
        back_in_stock.adjust_stock(variant_id=id, actor_id=get_user_id(request), **body)
        return _show_variant(id)


class StockMovements(View):
    permission_classes = CATALOGUE_STAFF

    @operation(
        id="listStockMovements",
        tag="staff: stock",
        summary="List a variant's stock ledger, the last entry first",
        query=PageQuery,
        response=serializers.StockMovementPage,
        errors=[NotFound],
    )
    def get(self, request: Request, *, id: UUID, query: dict[str, Any]) -> Response:  # noqa: A002
        return Response(
            serializers.StockMovementPage(
                stock_ledger.list_movements(variant_id=id, **query)
            ).data
        )


def _show_variant(variant_id: UUID, status: int = HTTPStatus.OK) -> Response:
    variant = stock_ledger.get_staff_variant(variant_id=variant_id)
    return Response(serializers.StaffVariant(variant).data, status=status)


class ImageList(View):
    permission_classes = CATALOGUE_STAFF

    @operation(
        id="uploadProductImage",
        tag="staff: products",
        summary="Add a picture; it is encoded anew, without metadata, with thumbnails",
        upload=schemas.UploadImage,
        response=serializers.ProductImage,
        status=201,
        errors=[NotFound, errors.TooManyImages],
    )
    def post(self, request: Request, *, id: UUID, upload: dict[str, Any]) -> Response:  # noqa: A002
        image_id = images.upload_image(product_id=id, **upload)
        return _show_image(id, image_id, HTTPStatus.CREATED)


class ImageOrder(View):
    permission_classes = CATALOGUE_STAFF

    @operation(
        id="orderProductImages",
        tag="staff: products",
        summary="Put the product's images into another order; the first is the one that lists show",
        body=schemas.OrderImages,
        status=204,
        errors=[NotFound, errors.ImageOrderIncomplete],
    )
    def put(self, request: Request, *, id: UUID, body: dict[str, Any]) -> Response:  # noqa: A002
        images.order_images(product_id=id, **body)
        return Response(status=HTTPStatus.NO_CONTENT)


class ImageDetail(View):
    permission_classes = CATALOGUE_STAFF

    @operation(
        id="updateProductImage",
        tag="staff: products",
        summary="Change an image's alternative text",
        body=schemas.UpdateImage,
        response=serializers.ProductImage,
        errors=[NotFound],
    )
    def patch(
        self,
        request: Request,
        *,
        id: UUID,  # noqa: A002
        image_id: UUID,
        body: dict[str, Any],
    ) -> Response:
        images.update_image(product_id=id, image_id=image_id, **body)
        return _show_image(id, image_id)

    @operation(
        id="deleteProductImage",
        tag="staff: products",
        summary="Delete an image and its files",
        status=204,
        errors=[NotFound],
    )
    def delete(self, request: Request, *, id: UUID, image_id: UUID) -> Response:  # noqa: A002
        images.delete_image(product_id=id, image_id=image_id)
        return Response(status=HTTPStatus.NO_CONTENT)


def _show_image(
    product_id: UUID, image_id: UUID, status: int = HTTPStatus.OK
) -> Response:
    images = product_lists.get_staff_product(key=product_id)["images"]
    image = next(image for image in images if image["id"] == str(image_id))
    return Response(serializers.ProductImage(image).data, status=status)
