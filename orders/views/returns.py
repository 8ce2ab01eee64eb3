"""Returns and withdrawals, as customers and guests ask for them."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import NotFound, RateLimited, Unavailable
from markrin.api.operations import operation
from orders import errors, return_label, schemas, selectors, serializers
from orders.customer_identity import identify
from orders.services import return_requests
from orders.views.base import ShopperView, mark_replayed
from orders.views.orders import IDEMPOTENCY_ERRORS, pdf_response

ASK_ERRORS = [
    *IDEMPOTENCY_ERRORS,
    NotFound,
    errors.ReturnWindowOver,
    errors.ReturnTooMany,
    errors.VariantNotOnSale,
    RateLimited,
]


class ReturnList(ShopperView):
    @operation(
        body=schemas.RequestReturn,
        headers=schemas.CheckoutHeaders,
        response=serializers.ReturnRequest,
        status=HTTPStatus.CREATED,
        errors=ASK_ERRORS,
        id="requestReturn",
        tag="orders",
        summary="Ask to send pieces back, for money or for another variant",
    )
    def post(
        self,
        request: Request,
        *,
        order_id: UUID,
        body: schemas.ReturnAsked,
        headers: schemas.ShopperHeaders,
    ) -> Response:
        asked, again = return_requests.request_return(
            body,
            order_id=order_id,
            customer=identify(request, headers),
            key=headers.idempotency_key,
        )
        return mark_replayed(
            Response(serializers.ReturnRequest(asked).data, HTTPStatus.CREATED),
            again=again,
        )


class ReturnCancellation(ShopperView):
    @operation(
        headers=schemas.OrderHeaders,
        response=serializers.ReturnRequest,
        errors=[NotFound, errors.ReturnNotIn, Unavailable],
        id="cancelReturn",
        tag="orders",
        summary="Keep the pieces after all",
    )
    def post(
        self,
        request: Request,
        *,
        order_id: UUID,
        return_id: UUID,
        headers: schemas.OrderHeader,
    ) -> Response:
        asked = return_requests.cancel_request(
            order_id=order_id,
            request_id=return_id,
            customer=identify(request, headers),
        )
        return Response(serializers.ReturnRequest(asked).data)


class ReturnLabel(ShopperView):
    @operation(
        headers=schemas.OrderHeaders,
        response="file:application/pdf",
        errors=[NotFound, errors.ReturnNotIn],
        id="getReturnLabel",
        tag="orders",
        summary="The label for the parcel that comes back",
    )
    def get(
        self,
        request: Request,
        *,
        order_id: UUID,
        return_id: UUID,
        headers: schemas.OrderHeader,
    ) -> HttpResponse:
        asked = selectors.get_return(
            customer=identify(request, headers),
            order_id=order_id,
            request_id=return_id,
        )
        return pdf_response(return_label.render_label(asked), f"{asked.number}.pdf")


class WithdrawalDetail(ShopperView):
    @operation(
        headers=schemas.OrderHeaders,
        response=serializers.WithdrawalOffer,
        errors=[NotFound],
        id="previewWithdrawal",
        tag="orders",
        summary="The first step of a withdrawal: what it would be about, and until when",
    )
    def get(
        self, request: Request, *, order_id: UUID, headers: schemas.OrderHeader
    ) -> Response:
        order = selectors.get_order(
            customer=identify(request, headers), order_id=order_id
        )
        return Response(serializers.WithdrawalOffer(order).data)

    @operation(
        body=schemas.WithdrawFromOrder,
        headers=schemas.CheckoutHeaders,
        response=serializers.ReturnRequest,
        status=HTTPStatus.CREATED,
        errors=ASK_ERRORS,
        id="withdraw",
        tag="orders",
        summary="The second step: withdraw from the contract; a mail confirms it",
    )
    def post(
        self,
        request: Request,
        *,
        order_id: UUID,
        body: schemas.Withdrawal,
        headers: schemas.ShopperHeaders,
    ) -> Response:
        asked, again = return_requests.withdraw(
            lines=body.lines,
            order_id=order_id,
            customer=identify(request, headers),
            key=headers.idempotency_key,
        )
        return mark_replayed(
            Response(serializers.ReturnRequest(asked).data, HTTPStatus.CREATED),
            again=again,
        )
