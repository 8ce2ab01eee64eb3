"""Checkout, and one's own orders."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import NotFound, RateLimited, Unavailable
from markrin.api.operations import operation
from markrin.api.permissions import IsAuthenticated
from markrin.api.schemas import PageParams, PlainPageQuery
from orders import errors, schemas, selectors, serializers
from orders.customer_identity import identify
from orders.models import Invoice
from orders.services import (
    carts,
    checkout,
    invoice_files,
    order_lookup,
    payments,
    transitions,
)
from orders.views.base import ShopperView, get_base_url, mark_replayed
from orders.views.carts import COUPON_ERRORS
from products.errors import OutOfStock

IDEMPOTENCY_ERRORS = [
    errors.IdempotencyKeyMissing,
    errors.IdempotencyKeyReused,
    errors.IdempotencyKeyInUse,
    Unavailable,
]


class OrderList(ShopperView):
    @operation(
        query=PlainPageQuery,
        response=serializers.OrderPage,
        permissions=[IsAuthenticated],
        id="listOrders",
        tag="orders",
        summary="One's own orders, newest first",
    )
    def get(self, request: Request, *, query: PageParams) -> Response:
        page = selectors.list_orders(query, customer=identify(request))
        return Response(serializers.OrderPage(page).data)

    @operation(
        body=schemas.PlaceOrder,
        headers=schemas.CheckoutHeaders,
        response=serializers.PlacedOrder,
        status=HTTPStatus.CREATED,
        errors=[
            *IDEMPOTENCY_ERRORS,
            errors.CartEmpty,
            errors.AddressUnknown,
            errors.StateCodeNeeded,
            errors.EmailNeeded,
            errors.EmailUnexpected,
            errors.GuestCheckoutOff,
            errors.PaymentMethodUnavailable,
            errors.NotDeliveredThere,
            errors.ShippingMethodUnknown,
            errors.CashNotAllowed,
            *COUPON_ERRORS,
            errors.GiftCardUnknown,
            errors.GiftCardUnusable,
            errors.GiftCardsAlone,
            errors.QuoteChanged,
            OutOfStock,
        ],
        id="placeOrder",
        tag="orders",
        summary="Turn the cart into an order",
    )
    def post(
        self,
        request: Request,
        *,
        body: schemas.Checkout,
        headers: schemas.ShopperHeaders,
    ) -> Response:
        placed = checkout.place_order(
            body,
            customer=identify(request, headers),
            key=headers.idempotency_key,
            base_url=get_base_url(request),
        )
        return mark_replayed(
            Response(serializers.PlacedOrder.show(placed), HTTPStatus.CREATED),
            again=placed.replayed,
        )


class OrderDetail(ShopperView):
    @operation(
        headers=schemas.OrderHeaders,
        response=serializers.OrderDetail,
        errors=[NotFound],
        id="getOrder",
        tag="orders",
        summary="One of one's own orders",
    )
    def get(
        self, request: Request, *, order_id: UUID, headers: schemas.OrderHeader
    ) -> Response:
        order = selectors.get_order(
            customer=identify(request, headers), order_id=order_id
        )
        return Response(serializers.OrderDetail(order).data)


class OrderCancellation(ShopperView):
    @operation(
        body=schemas.CancelOrder,
        headers=schemas.OrderHeaders,
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
        body: schemas.Cancellation,
        headers: schemas.OrderHeader,
    ) -> Response:
        order = transitions.cancel_order(
            customer=identify(request, headers),
            order_id=order_id,
            reason=body.reason,
        )
        return Response(serializers.OrderDetail(order).data)


class OrderInvoice(ShopperView):
    @operation(
        headers=schemas.OrderHeaders,
        response="file:application/pdf",
        errors=[NotFound],
        id="getInvoice",
        tag="orders",
        summary="The order's newest invoice, to print; 404 before there is one",
    )
    def get(
        self, request: Request, *, order_id: UUID, headers: schemas.OrderHeader
    ) -> HttpResponse:
        order = selectors.get_order(
            customer=identify(request, headers), order_id=order_id
        )
        return invoice_response(selectors.get_invoice(order=order))


class InvoiceList(ShopperView):
    @operation(
        headers=schemas.OrderHeaders,
        response=serializers.InvoiceList,
        errors=[NotFound],
        id="listInvoices",
        tag="orders",
        summary="The order's invoices, credit notes and vouchers",
    )
    def get(
        self, request: Request, *, order_id: UUID, headers: schemas.OrderHeader
    ) -> Response:
        order = selectors.get_order(
            customer=identify(request, headers), order_id=order_id
        )
        found = selectors.list_invoices(order=order)
        return Response(serializers.InvoiceList({"invoices": found}).data)


class InvoiceDetail(ShopperView):
    @operation(
        headers=schemas.OrderHeaders,
        response="file:application/pdf",
        errors=[NotFound],
        id="downloadInvoice",
        tag="orders",
        summary="One of them as a PDF, the same each time",
    )
    def get(
        self,
        request: Request,
        *,
        order_id: UUID,
        invoice_id: UUID,
        headers: schemas.OrderHeader,
    ) -> HttpResponse:
        order = selectors.get_order(
            customer=identify(request, headers), order_id=order_id
        )
        return invoice_response(
            selectors.get_invoice(order=order, invoice_id=invoice_id)
        )


class OrderLookup(ShopperView):
    @operation(
        body=schemas.LookUpOrder,
        response=serializers.FoundOrder,
        errors=[NotFound, RateLimited],
        id="lookUpOrder",
        tag="orders",
        summary="Open an order by its number and e-mail address",
    )
    def post(self, request: Request, *, body: schemas.OrderLookup) -> Response:
        found = order_lookup.look_up_order(body, address=identify(request).address)
        return Response(serializers.FoundOrder(found).data)


class Reorder(ShopperView):
    @operation(
        headers=schemas.OrderHeaders,
        response=serializers.ReorderedCart,
        errors=[NotFound, Unavailable],
        id="reorder",
        tag="orders",
        summary="Put what was ordered into the cart again, as far as it can be had",
    )
    def post(
        self, request: Request, *, order_id: UUID, headers: schemas.OrderHeader
    ) -> Response:
        customer = identify(request, headers)
        order = selectors.get_order(customer=customer, order_id=order_id)
        return Response(
            serializers.ReorderedCart(
                carts.add_order_again(order, customer=customer)
            ).data
        )


class PaymentList(ShopperView):
    @operation(
        headers=schemas.CheckoutHeaders,
        response=serializers.Payment,
        status=HTTPStatus.CREATED,
        errors=[
            *IDEMPOTENCY_ERRORS,
            NotFound,
            errors.NothingToPay,
            errors.PaymentMethodUnavailable,
            errors.ProviderUnavailable,
            RateLimited,
        ],
        id="startPayment",
        tag="orders",
        summary="Open a payment, also after one has failed",
    )
    def post(
        self, request: Request, *, order_id: UUID, headers: schemas.ShopperHeaders
    ) -> Response:
        started, again = payments.start_payment(
            customer=identify(request, headers),
            order_id=order_id,
            idempotency_key=headers.idempotency_key,
            base_url=get_base_url(request),
        )
        return mark_replayed(
            Response(serializers.Payment(started).data, HTTPStatus.CREATED),
            again=again,
        )


def invoice_response(invoice: Invoice) -> HttpResponse:
    """Return an invoice's PDF, named by its number."""
    kept = invoice_files.get_file(invoice_id=invoice.pk)
    return pdf_response(bytes(kept.pdf), f"{invoice.number}.pdf")


def pdf_response(document: bytes, name: str) -> HttpResponse:
    """Return the document as a file that a browser shows."""
    return HttpResponse(
        document,
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )
