"""Checkout, and one's own orders."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import NotFound, Unavailable
from markrin.api.operations import operation
from markrin.api.permissions import IsAuthenticated
from orders import errors, invoice, schemas, selectors, serializers
from orders.customer_identity import identify
from orders.services import checkout, payments, transitions
from orders.views.base import ShopperView, get_base_url, get_language, mark_replayed
from orders.views.carts import COUPON_ERRORS
from products.errors import OutOfStock

IDEMPOTENCY_ERRORS = [
    errors.IdempotencyKeyMissing,
    errors.IdempotencyKeyReused,
    errors.IdempotencyKeyInUse,
    Unavailable,
]


class Orders(ShopperView):
    @operation(
        query=schemas.ListOrders,
        response=serializers.OrderPage,
        permissions=[IsAuthenticated],
        id="listOrders",
        tag="orders",
        summary="One's own orders, newest first",
    )
    def get(self, request: Request, *, query: dict[str, Any]) -> Response:
        page = selectors.list_orders(customer=identify(request, {}), **query)
        return Response(serializers.OrderPage(page).data)

    @operation(
        body=schemas.PlaceOrder,
        headers=schemas.ShopperHeaders,
        response=serializers.PlacedOrder,
        status=201,
        errors=[
            *IDEMPOTENCY_ERRORS,
            errors.CartEmpty,
            errors.AddressUnknown,
            errors.EmailNeeded,
            errors.EmailUnexpected,
            errors.GuestCheckoutOff,
            errors.PaymentMethodUnavailable,
            *COUPON_ERRORS,
            errors.QuoteChanged,
            OutOfStock,
        ],
        id="placeOrder",
        tag="orders",
        summary="Turn the cart into an order",
    )
    def post(
        self, request: Request, *, body: dict[str, Any], headers: dict[str, Any]
    ) -> Response:
        placed = checkout.place_order(
            customer=identify(request, headers),
            idempotency_key=headers.get("idempotency_key"),
            base_url=get_base_url(request),
            language=get_language(request),
            body=body,
        )
        return mark_replayed(
            Response(serializers.PlacedOrder(placed).data, 201), again=placed.replayed
        )


class Order(ShopperView):
    @operation(
        headers=schemas.CartHeaders,
        response=serializers.OrderDetail,
        errors=[NotFound],
        id="getOrder",
        tag="orders",
        summary="One of one's own orders",
    )
    def get(
        self, request: Request, *, order_id: UUID, headers: dict[str, Any]
    ) -> Response:
        order = selectors.get_order(
            customer=identify(request, headers), order_id=order_id
        )
        return Response(serializers.OrderDetail(order).data)


class CancelOrder(ShopperView):
    @operation(
        body=schemas.CancelOrder,
        headers=schemas.CartHeaders,
        response=serializers.OrderDetail,
        errors=[NotFound, errors.OrderNotIn, Unavailable],
        id="cancelOrder",
        tag="orders",
        summary="Cancel an order that has not been shipped",
    )
    def post(
        self,
        request: Request,
        *,
        order_id: UUID,
        body: dict[str, Any],
        headers: dict[str, Any],
    ) -> Response:
        order = transitions.cancel_order(
            customer=identify(request, headers), order_id=order_id, **body
        )
        return Response(serializers.OrderDetail(order).data)


class Invoice(ShopperView):
    @operation(
        headers=schemas.CartHeaders,
        response="file:application/pdf",
        errors=[NotFound],
        id="getInvoice",
        tag="orders",
        summary="The order's invoice, to print",
    )
    def get(
        self, request: Request, *, order_id: UUID, headers: dict[str, Any]
    ) -> HttpResponse:
        order = selectors.get_order(
            customer=identify(request, headers), order_id=order_id
        )
        return pdf_response(invoice.render_invoice(order), f"{order.number}.pdf")


class OrderPayments(ShopperView):
    @operation(
        headers=schemas.ShopperHeaders,
        response=serializers.Payment,
        status=201,
        errors=[
            *IDEMPOTENCY_ERRORS,
            NotFound,
            errors.NothingToPay,
            errors.PaymentMethodUnavailable,
            errors.ProviderUnavailable,
        ],
        id="startPayment",
        tag="orders",
        summary="Open a payment, also after one has failed",
    )
    def post(
        self, request: Request, *, order_id: UUID, headers: dict[str, Any]
    ) -> Response:
        started, again = payments.start_payment(
            customer=identify(request, headers),
            order_id=order_id,
            idempotency_key=headers.get("idempotency_key"),
            base_url=get_base_url(request),
        )
        return mark_replayed(
            Response(serializers.Payment(started).data, 201), again=again
        )


def pdf_response(document: bytes, name: str) -> HttpResponse:
    """Return the document as a file that a browser shows."""
    return HttpResponse(
        document,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )
