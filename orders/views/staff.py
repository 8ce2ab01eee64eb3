"""Orders and coupons, for staff of the group `orders`."""

from http import HTTPStatus
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import NotFound, Unavailable
from markrin.api.operations import operation
from markrin.api.schemas import Empty, IdempotencyHeaders, KeyHeader
from orders import errors, selectors
from orders import staff_schemas as schemas
from orders import staff_serializers as serializers
from orders.serializers import InvoiceList as InvoiceListShape
from orders.services import (
    coupons,
    fulfilments,
    order_additions,
    order_edits,
    refunds,
    returns,
    transitions,
)
from orders.views.base import StaffView, get_actor, mark_replayed
from orders.views.orders import IDEMPOTENCY_ERRORS, invoice_response
from products.errors import OutOfStock, PiecesNotThere


def _respond(order_id: UUID, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(
        serializers.StaffOrder(selectors.get_any_order(order_id=order_id)).data,
        status,
    )


class OrderList(StaffView):
    @operation(
        query=schemas.ListAllOrders,
        response=serializers.StaffOrderPage,
        id="staffListOrders",
        tag="staff-orders",
        summary="All orders, newest first",
    )
    def get(self, request: Request, *, query: schemas.OrderFilter) -> Response:
        return Response(
            serializers.StaffOrderPage(selectors.list_all_orders(query)).data
        )


class OrderDetail(StaffView):
    @operation(
        response=serializers.StaffOrder,
        errors=[NotFound],
        id="staffGetOrder",
        tag="staff-orders",
        summary="An order, with its private history",
    )
    def get(self, request: Request, *, order_id: UUID) -> Response:
        return _respond(order_id)

    @operation(
        body=schemas.EditOrder,
        response=serializers.StaffOrder,
        errors=[
            NotFound,
            errors.OrderNotIn,
            errors.PlaceChangesPrice,
            errors.EmailUnexpected,
        ],
        id="editOrder",
        tag="staff-orders",
        summary="Correct an order's address, a guest's e-mail, or tags",
    )
    def patch(
        self, request: Request, *, order_id: UUID, body: schemas.OrderChange
    ) -> Response:
        order_edits.edit_order(body, order_id=order_id, actor=get_actor(request))
        return _respond(order_id)


class OrderTransition(StaffView):
    @operation(
        body=schemas.MoveOrder,
        response=serializers.StaffOrder,
        errors=[NotFound, errors.OrderNotIn, PiecesNotThere, Unavailable],
        id="moveOrder",
        tag="staff-orders",
        summary="Take an order to its next status",
    )
    def post(
        self, request: Request, *, order_id: UUID, body: schemas.Move
    ) -> Response:
        transitions.move_order(body, order_id=order_id, actor=get_actor(request))
        return _respond(order_id)


class FulfilmentList(StaffView):
    @operation(
        body=schemas.CreateParcel,
        headers=IdempotencyHeaders,
        response=serializers.StaffOrder,
        status=HTTPStatus.CREATED,
        errors=[
            *IDEMPOTENCY_ERRORS,
            NotFound,
            errors.OrderNotIn,
            errors.ParcelTooMany,
            PiecesNotThere,
        ],
        id="createFulfilment",
        tag="staff-orders",
        summary="Pack a parcel of some pieces or of all that are left, and send it",
    )
    def post(
        self,
        request: Request,
        *,
        order_id: UUID,
        body: schemas.Parcel,
        headers: KeyHeader,
    ) -> Response:
        again = fulfilments.create_parcel_once(
            body,
            order_id=order_id,
            actor=get_actor(request),
            key=headers.idempotency_key,
        )
        return mark_replayed(_respond(order_id, HTTPStatus.CREATED), again=again)


class FulfilmentDetail(StaffView):
    @operation(
        body=schemas.CorrectParcel,
        response=serializers.StaffFulfilment,
        errors=[NotFound],
        id="correctFulfilment",
        tag="staff-orders",
        summary="Correct a parcel's carrier and tracking number",
    )
    def put(
        self, request: Request, *, fulfilment_id: UUID, body: schemas.Tracking
    ) -> Response:
        parcel = fulfilments.correct_parcel(
            body, fulfilment_id=fulfilment_id, actor=get_actor(request)
        )
        return Response(serializers.StaffFulfilment(parcel).data)


class FulfilmentTransition(StaffView):
    @operation(
        body=schemas.MoveParcel,
        response=serializers.StaffOrder,
        errors=[NotFound, errors.ParcelNotIn, PiecesNotThere, Unavailable],
        id="moveFulfilment",
        tag="staff-orders",
        summary="Take a parcel to its next status: sent, delivered, undelivered, back, lost",
    )
    def post(
        self, request: Request, *, fulfilment_id: UUID, body: schemas.ParcelMove
    ) -> Response:
        parcel = fulfilments.move_parcel(
            body, fulfilment_id=fulfilment_id, actor=get_actor(request)
        )
        return _respond(parcel.order_id)


class CancellationList(StaffView):
    @operation(
        body=schemas.CancelPieces,
        headers=IdempotencyHeaders,
        response=serializers.StaffOrder,
        status=HTTPStatus.CREATED,
        errors=[
            *IDEMPOTENCY_ERRORS,
            NotFound,
            errors.OrderNotIn,
            errors.ParcelTooMany,
        ],
        id="cancelPieces",
        tag="staff-orders",
        summary="Cancel pieces that have not left",
    )
    def post(
        self,
        request: Request,
        *,
        order_id: UUID,
        body: schemas.PiecesCancellation,
        headers: KeyHeader,
    ) -> Response:
        again = transitions.cancel_pieces_once(
            body,
            order_id=order_id,
            actor=get_actor(request),
            key=headers.idempotency_key,
        )
        return mark_replayed(_respond(order_id, HTTPStatus.CREATED), again=again)


class NoteList(StaffView):
    @operation(
        body=schemas.NoteOrder,
        response=serializers.StaffOrder,
        status=HTTPStatus.CREATED,
        errors=[NotFound],
        id="noteOrder",
        tag="staff-orders",
        summary="Write a note into the order's history",
    )
    def post(
        self, request: Request, *, order_id: UUID, body: schemas.OrderNote
    ) -> Response:
        transitions.note_order(body, order_id=order_id, actor=get_actor(request))
        return _respond(order_id, HTTPStatus.CREATED)


class ItemList(StaffView):
    @operation(
        body=schemas.AddPieces,
        headers=IdempotencyHeaders,
        response=serializers.StaffOrder,
        status=HTTPStatus.CREATED,
        errors=[
            *IDEMPOTENCY_ERRORS,
            NotFound,
            errors.OrderNotIn,
            errors.VariantNotOnSale,
            errors.QuantityLimit,
            errors.CartFull,
            OutOfStock,
            Unavailable,
        ],
        id="addPieces",
        tag="staff-orders",
        summary="Add pieces to an order that has not left",
    )
    def post(
        self,
        request: Request,
        *,
        order_id: UUID,
        body: schemas.PieceAddition,
        headers: KeyHeader,
    ) -> Response:
        _, again = order_additions.add_pieces(
            body,
            order_id=order_id,
            actor=get_actor(request),
            key=headers.idempotency_key,
        )
        return mark_replayed(_respond(order_id, HTTPStatus.CREATED), again=again)


class CashPayment(StaffView):
    @operation(
        body=Empty,
        response=serializers.StaffOrder,
        errors=[NotFound, errors.OrderNotIn],
        id="markCashPaid",
        tag="staff-orders",
        summary="Note that the cash has been received",
    )
    def post(
        self, request: Request, *, order_id: UUID, body: dict[str, object]
    ) -> Response:
        transitions.mark_cash_paid(order_id=order_id, actor=get_actor(request))
        return _respond(order_id)


class RefundList(StaffView):
    @operation(
        body=schemas.RefundOrder,
        headers=IdempotencyHeaders,
        response=serializers.Refund,
        status=HTTPStatus.CREATED,
        errors=[
            *IDEMPOTENCY_ERRORS,
            NotFound,
            errors.OrderNotIn,
            errors.RefundTooHigh,
            errors.GiftCardSpent,
            errors.NoAccount,
        ],
        id="refundOrder",
        tag="staff-orders",
        summary="Give money back, all or a part",
    )
    def post(
        self,
        request: Request,
        *,
        order_id: UUID,
        body: schemas.RefundRequest,
        headers: KeyHeader,
    ) -> Response:
        refund, again = refunds.refund_order(
            order_id=order_id,
            actor=get_actor(request),
            amount=body.amount,
            reason=body.reason,
            to_store_credit=body.to_store_credit,
            idempotency_key=headers.idempotency_key,
        )
        return mark_replayed(
            Response(serializers.Refund(refund).data, HTTPStatus.CREATED),
            again=again,
        )


class RefundDetail(StaffView):
    @operation(
        body=schemas.SettleRefund,
        response=serializers.Refund,
        errors=[NotFound, errors.OrderNotIn],
        id="settleRefund",
        tag="staff-orders",
        summary="Close an open refund by hand",
    )
    def patch(
        self, request: Request, *, refund_id: UUID, body: schemas.RefundOutcome
    ) -> Response:
        refund = refunds.settle_refund(
            refund_id=refund_id, actor=get_actor(request), succeeded=body.succeeded
        )
        return Response(serializers.Refund(refund).data)


class ReturnList(StaffView):
    @operation(
        body=schemas.ReturnGoods,
        response=serializers.StaffOrder,
        status=HTTPStatus.CREATED,
        errors=[NotFound, errors.OrderNotIn, errors.ReturnTooMany, Unavailable],
        id="returnGoods",
        tag="staff-orders",
        summary="Note what has come back",
    )
    def post(
        self, request: Request, *, order_id: UUID, body: schemas.GoodsReturn
    ) -> Response:
        returns.take_back(body, order_id=order_id, actor=get_actor(request))
        return _respond(order_id, HTTPStatus.CREATED)


class OrderInvoice(StaffView):
    @operation(
        response="file:application/pdf",
        errors=[NotFound],
        id="staffGetInvoice",
        tag="staff-orders",
        summary="The order's newest invoice, to print; 404 before there is one",
    )
    def get(self, request: Request, *, order_id: UUID) -> HttpResponse:
        order = selectors.get_any_order(order_id=order_id)
        return invoice_response(selectors.get_invoice(order=order))


class InvoiceList(StaffView):
    @operation(
        response=InvoiceListShape,
        errors=[NotFound],
        id="staffListInvoices",
        tag="staff-orders",
        summary="An order's invoices, credit notes and vouchers",
    )
    def get(self, request: Request, *, order_id: UUID) -> Response:
        order = selectors.get_any_order(order_id=order_id)
        found = selectors.list_invoices(order=order)
        return Response(InvoiceListShape({"invoices": found}).data)


class InvoiceDetail(StaffView):
    @operation(
        response="file:application/pdf",
        errors=[NotFound],
        id="staffDownloadInvoice",
        tag="staff-orders",
        summary="One of them as a PDF, the same each time",
    )
    def get(
        self, request: Request, *, order_id: UUID, invoice_id: UUID
    ) -> HttpResponse:
        order = selectors.get_any_order(order_id=order_id)
        return invoice_response(
            selectors.get_invoice(order=order, invoice_id=invoice_id)
        )


class CouponList(StaffView):
    @operation(
        query=schemas.ListCoupons,
        response=serializers.CouponPage,
        id="listCoupons",
        tag="staff-coupons",
        summary="The coupons, newest first",
    )
    def get(self, request: Request, *, query: schemas.CouponFilter) -> Response:
        return Response(serializers.CouponPage(selectors.list_coupons(query)).data)

    @operation(
        body=schemas.CreateCoupon,
        response=serializers.Coupon,
        status=HTTPStatus.CREATED,
        errors=[errors.CouponCodeTaken],
        id="createCoupon",
        tag="staff-coupons",
        summary="Make a coupon",
    )
    def post(self, request: Request, *, body: schemas.NewCoupon) -> Response:
        return Response(
            serializers.Coupon(coupons.create_coupon(body)).data, HTTPStatus.CREATED
        )


class CouponDetail(StaffView):
    @operation(
        response=serializers.Coupon,
        errors=[NotFound],
        id="getCoupon",
        tag="staff-coupons",
        summary="A coupon",
    )
    def get(self, request: Request, *, coupon_id: UUID) -> Response:
        return Response(
            serializers.Coupon(selectors.get_coupon(coupon_id=coupon_id)).data
        )

    @operation(
        body=schemas.UpdateCoupon,
        response=serializers.Coupon,
        errors=[NotFound],
        id="updateCoupon",
        tag="staff-coupons",
        summary="Change a coupon",
    )
    def patch(
        self, request: Request, *, coupon_id: UUID, body: schemas.CouponChange
    ) -> Response:
        return Response(
            serializers.Coupon(
                coupons.update_coupon(body, coupon_id=coupon_id)
            ).data
        )

    @operation(
        status=HTTPStatus.NO_CONTENT,
        errors=[NotFound, errors.CouponInUse],
        id="deleteCoupon",
        tag="staff-coupons",
        summary="Delete a coupon that no order has used",
    )
    def delete(self, request: Request, *, coupon_id: UUID) -> Response:
        coupons.delete_coupon(coupon_id=coupon_id)
        return Response(status=HTTPStatus.NO_CONTENT)
