"""How and when goods can be sent somewhere."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import NotFound
from markrin.api.operations import operation
from markrin.api.schemas import CartHeader, CartHeaders
from orders import errors, selectors, serializers, shipping_options
from orders.customer_identity import identify
from orders.shipping_schemas import PlaceQuery, ShippingPlace
from orders.views.base import ShopperView


class ShippingOptionList(ShopperView):
    @operation(
        query=PlaceQuery,
        headers=CartHeaders,
        response=serializers.ShippingOptions,
        errors=[errors.NotDeliveredThere],
        id="listShippingOptions",
        tag="shipping",
        summary="How the cart can be sent there, and what it costs",
    )
    def get(
        self, request: Request, *, query: ShippingPlace, headers: CartHeader
    ) -> Response:
        options = selectors.list_shipping_options(
            query.destination, customer=identify(request, headers)
        )
        return Response(serializers.ShippingOptions({"items": options}).data)


class ProductDelivery(ShopperView):
    @operation(
        query=PlaceQuery,
        response=serializers.ProductDelivery,
        errors=[NotFound, errors.NotDeliveredThere],
        id="getProductDelivery",
        tag="shipping",
        summary="When a product would arrive there",
    )
    def get(
        self, request: Request, *, product_id: UUID, query: ShippingPlace
    ) -> Response:
        delivery = shipping_options.get_product_delivery(
            product_id=product_id, place=query.destination
        )
        return Response(serializers.ProductDelivery(delivery).data)
