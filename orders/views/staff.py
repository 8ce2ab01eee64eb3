"""Orders and coupons, for staff of the group `orders`."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import NotFound, Unavailable
from markrin.api.operations import operation
from markrin.api.schemas import Empty, IdempotencyHeaders
from orders import errors, invoice, selectors
from orders import staff_schemas as schemas
from orders import staff_serializers as serializers
from orders.services import coupons, refunds, returns, transitions
from orders.views.base import StaffView, get_actor, mark_replayed
from orders.views.orders import IDEMPOTENCY_ERRORS, pdf_response


def _order(order_id: UUID, status: int = 200) -> Response:
    return Response(
        serializers.StaffOrder(selectors.get_any_order(order_id=order_id)).data, status
    )


class Orders(StaffView):
    @operation(
        query=schemas.ListAllOrders,
        response=serializers.StaffOrderPage,
        id="staffListOrders",
        tag="staff-orders",
        summary="All orders, newest first",
    )
    def get(self, request: Request, *, query: dict[str, Any]) -> Response:
        return Response(
            serializers.StaffOrderPage(selectors.list_all_orders(**query)).data
        )


class Order(StaffView):
    @operation(
        response=serializers.StaffOrder,
        errors=[NotFound],
        id="staffGetOrder",
        tag="staff-orders",
        summary="An order, with its private history",
    )
    def get(self, request: Request, *, order_id: UUID) -> Response:
        return _order(order_id)


class Transition(StaffView):
    @operation(
        body=schemas.MoveOrder,
        response=serializers.StaffOrder,
        errors=[NotFound, errors.OrderNotIn, Unavailable],
        id="moveOrder",
        tag="staff-orders",
        summary="Take an order to its next status",
    )
    def post(
        self, request: Request, *, order_id: UUID, body: dict[str, Any]
    ) -> Response:
        transitions.move_order(
            order_id=order_id, to=body.pop("status"), actor=get_actor(request), **body
        )
        return _order(order_id)


class Notes(StaffView):
    @operation(
        body=schemas.NoteOrder,
        response=serializers.StaffOrder,
        status=201,
        errors=[NotFound],
        id="noteOrder",
        tag="staff-orders",
        summary="Write a note into the order's history",
    )
    def post(
        self, request: Request, *, order_id: UUID, body: dict[str, Any]
    ) -> Response:
        transitions.note_order(order_id=order_id, actor=get_actor(request), **body)
        return _order(order_id, 201)


class Cash(StaffView):
    @operation(
        body=Empty,
        response=serializers.StaffOrder,
        errors=[NotFound, errors.OrderNotIn],
        id="markCashPaid",
        tag="staff-orders",
        summary="Note that the cash has been received",
    )
    def post(
        self, request: Request, *, order_id: UUID, body: dict[str, Any]
    ) -> Response:
        transitions.mark_cash_paid(order_id=order_id, actor=get_actor(request))
        return _order(order_id)


class Refunds(StaffView):
    @operation(
        body=schemas.RefundOrder,
        headers=IdempotencyHeaders,
        response=serializers.Refund,
        status=201,
        errors=[*IDEMPOTENCY_ERRORS, NotFound, errors.OrderNotIn, errors.RefundTooHigh],
        id="refundOrder",
        tag="staff-orders",
        summary="Give money back, all or a part",
    )
    def post(
        self,
        request: Request,
        *,
        order_id: UUID,
        body: dict[str, Any],
        headers: dict[str, Any],
    ) -> Response:
        refund, again = refunds.refund_order(
            order_id=order_id,
            actor=get_actor(request),
            amount=body.get("amount"),
            reason=body["reason"],
            idempotency_key=headers.get("idempotency_key"),
        )
        return mark_replayed(
            Response(serializers.Refund(refund).data, 201), again=again
        )


class Refund(StaffView):
    @operation(
        body=schemas.SettleRefund,
        response=serializers.Refund,
        errors=[NotFound, errors.OrderNotIn],
        id="settleRefund",
        tag="staff-orders",
        summary="Close an open refund by hand",
    )
    def patch(
        self, request: Request, *, refund_id: UUID, body: dict[str, Any]
    ) -> Response:
        refund = refunds.settle_refund(
            refund_id=refund_id, actor=get_actor(request), **body
        )
        return Response(serializers.Refund(refund).data)


class Returns(StaffView):
    @operation(
        body=schemas.ReturnGoods,
        response=serializers.StaffOrder,
        status=201,
        errors=[NotFound, errors.OrderNotIn, errors.ReturnTooMany, Unavailable],
        id="returnGoods",
        tag="staff-orders",
        summary="Note what has come back",
    )
    def post(
        self, request: Request, *, order_id: UUID, body: dict[str, Any]
    ) -> Response:
        lines = (
            [returns.ReturnedPieces(**line) for line in body["lines"]]
            if "lines" in body
            else None
        )
        returns.take_back(
            order_id=order_id,
            actor=get_actor(request),
            reason=body["reason"],
            lines=lines,
            refund=body["refund"],
        )
        return _order(order_id, 201)


class Invoice(StaffView):
    @operation(
        response="file:application/pdf",
        errors=[NotFound],
        id="staffGetInvoice",
        tag="staff-orders",
        summary="The order's invoice, to print",
    )
    def get(self, request: Request, *, order_id: UUID) -> HttpResponse:
        order = selectors.get_any_order(order_id=order_id)
        return pdf_response(invoice.render_invoice(order), f"{order.number}.pdf")


class Coupons(StaffView):
    @operation(
        query=schemas.ListCoupons,
        response=serializers.CouponPage,
        id="listCoupons",
        tag="staff-coupons",
        summary="The coupons, newest first",
    )
    def get(self, request: Request, *, query: dict[str, Any]) -> Response:
        return Response(serializers.CouponPage(selectors.list_coupons(**query)).data)

    @operation(
        body=schemas.CreateCoupon,
        response=serializers.Coupon,
        status=201,
        errors=[errors.CouponCodeTaken],
        id="createCoupon",
        tag="staff-coupons",
        summary="Make a coupon",
    )
    def post(self, request: Request, *, body: dict[str, Any]) -> Response:
        return Response(serializers.Coupon(coupons.create_coupon(**body)).data, 201)


class Coupon(StaffView):
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
        self, request: Request, *, coupon_id: UUID, body: dict[str, Any]
    ) -> Response:
        return Response(
            serializers.Coupon(coupons.update_coupon(coupon_id=coupon_id, **body)).data
        )

    @operation(
        status=204,
        errors=[NotFound, errors.CouponInUse],
        id="deleteCoupon",
        tag="staff-coupons",
        summary="Delete a coupon that no order has used",
    )
    def delete(self, request: Request, *, coupon_id: UUID) -> Response:
        coupons.delete_coupon(coupon_id=coupon_id)
        return Response(status=204)
