"""A product's pictures, as staff keep them."""

from http import HTTPStatus
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import NotFound
from markrin.api.operations import operation
from markrin.api.views import View
from products import errors
from products.schemas import images as schemas
from products.selectors import product_lists
from products.serializers import products as serializers
from products.services import images


class ImageList(View):
    @operation(
        id="uploadProductImage",
        tag="staff-products",
        summary="Add a picture; it is encoded anew, without metadata, with thumbnails",
        upload=schemas.UploadImage,
        response=serializers.ProductImage,
        status=HTTPStatus.CREATED,
        errors=[NotFound, errors.TooManyImages],
    )
    def post(
        self, request: Request, *, product_id: UUID, upload: schemas.UploadedImage
    ) -> Response:
        image_id = images.upload_image(upload, product_id=product_id)
        return _show_image(product_id, image_id, HTTPStatus.CREATED)


class ImageOrder(View):
    @operation(
        id="orderProductImages",
        tag="staff-products",
        summary="Put the product's images into another order; the first is the one that lists show",
        body=schemas.OrderImages,
        status=HTTPStatus.NO_CONTENT,
        errors=[NotFound, errors.ImageOrderIncomplete],
    )
    def put(
        self, request: Request, *, product_id: UUID, body: schemas.ImageOrder
    ) -> Response:
        images.order_images(body, product_id=product_id)
        return Response(status=HTTPStatus.NO_CONTENT)


class ImageDetail(View):
    @operation(
        id="updateProductImage",
        tag="staff-products",
        summary="Change an image's alternative text",
        body=schemas.UpdateImage,
        response=serializers.ProductImage,
        errors=[NotFound],
    )
    def patch(
        self,
        request: Request,
        *,
        product_id: UUID,
        image_id: UUID,
        body: schemas.ImageText,
    ) -> Response:
        images.update_image(body, product_id=product_id, image_id=image_id)
        return _show_image(product_id, image_id)

    @operation(
        id="deleteProductImage",
        tag="staff-products",
        summary="Delete an image and its files",
        status=HTTPStatus.NO_CONTENT,
        errors=[NotFound],
    )
    def delete(
        self, request: Request, *, product_id: UUID, image_id: UUID
    ) -> Response:
        images.delete_image(product_id=product_id, image_id=image_id)
        return Response(status=HTTPStatus.NO_CONTENT)


def _show_image(
    product_id: UUID, image_id: UUID, status: int = HTTPStatus.OK
) -> Response:
    found = product_lists.get_staff_product(key=product_id)["images"]
    image = next(image for image in found if image["id"] == str(image_id))
    return Response(serializers.ProductImage(image).data, status=status)
