"""Returns that customers asked for, as staff decide and judge them."""

from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import NotFound, Unavailable
from markrin.api.operations import operation
from markrin.api.schemas import IdempotencyHeaders, KeyHeader
from orders import errors, return_label, selectors
from orders import staff_schemas as schemas
from orders import staff_serializers as serializers
from orders.models import ReturnRequest
from orders.services import return_requests
from orders.views.base import StaffView, get_actor, mark_replayed
from orders.views.orders import IDEMPOTENCY_ERRORS, pdf_response
from products.errors import OutOfStock

TAG = "staff-orders"


def _show(asked: ReturnRequest) -> Response:
    return Response(serializers.StaffReturnRequest(asked).data)


class ReturnList(StaffView):
    @operation(
        query=schemas.ListReturns,
        response=serializers.StaffReturnPage,
        id="listReturns",
        tag=TAG,
        summary="The returns that customers asked for, newest first",
    )
    def get(self, request: Request, *, query: schemas.ReturnFilter) -> Response:
        return Response(
            serializers.StaffReturnPage(selectors.list_returns(query)).data
        )


class ReturnDetail(StaffView):
    @operation(
        response=serializers.StaffReturnRequest,
        errors=[NotFound],
        id="getReturn",
        tag=TAG,
        summary="A return",
    )
    def get(self, request: Request, *, return_id: UUID) -> Response:
        return _show(selectors.get_any_return(request_id=return_id))


class ReturnApproval(StaffView):
    @operation(
        body=schemas.ApproveReturn,
        response=serializers.StaffReturnRequest,
        errors=[
            NotFound,
            errors.ReturnNotIn,
            errors.OrderNotIn,
            OutOfStock,
            Unavailable,
        ],
        id="approveReturn",
        tag=TAG,
        summary="Let the customer send the pieces; replacements are reserved",
    )
    def post(
        self, request: Request, *, return_id: UUID, body: schemas.ReturnApproval
    ) -> Response:
        return _show(
            return_requests.approve_request(
                body, request_id=return_id, actor=get_actor(request)
            )
        )


class ReturnRejection(StaffView):
    @operation(
        body=schemas.RejectReturn,
        response=serializers.StaffReturnRequest,
        errors=[NotFound, errors.ReturnNotIn, Unavailable],
        id="rejectReturn",
        tag=TAG,
        summary="Refuse a return, and say why",
    )
    def post(
        self, request: Request, *, return_id: UUID, body: schemas.ReturnNote
    ) -> Response:
        return _show(
            return_requests.reject_request(
                body.note, request_id=return_id, actor=get_actor(request)
            )
        )


class ReturnReceipt(StaffView):
    @operation(
        body=schemas.ReceiveReturn,
        response=serializers.StaffReturnRequest,
        errors=[NotFound, errors.ReturnNotIn, Unavailable],
        id="receiveReturn",
        tag=TAG,
        summary="Note that the parcel with the pieces is here",
    )
    def post(
        self, request: Request, *, return_id: UUID, body: schemas.ReturnNote
    ) -> Response:
        return _show(
            return_requests.receive_request(
                body.note, request_id=return_id, actor=get_actor(request)
            )
        )


class ReturnJudgement(StaffView):
    @operation(
        body=schemas.JudgeReturn,
        headers=IdempotencyHeaders,
        response=serializers.StaffReturnRequest,
        errors=[
            *IDEMPOTENCY_ERRORS,
            NotFound,
            errors.ReturnNotIn,
            errors.ReturnTooMany,
        ],
        id="judgeReturn",
        tag=TAG,
        summary="Say what each piece is; the money goes back, or pays the replacement",
    )
    def post(
        self,
        request: Request,
        *,
        return_id: UUID,
        body: schemas.ReturnJudgement,
        headers: KeyHeader,
    ) -> Response:
        judged, again = return_requests.judge_request(
            body,
            request_id=return_id,
            actor=get_actor(request),
            key=headers.idempotency_key,
        )
        return mark_replayed(_show(judged), again=again)


class ReturnLabel(StaffView):
    @operation(
        response="file:application/pdf",
        errors=[NotFound, errors.ReturnNotIn],
        id="staffGetReturnLabel",
        tag=TAG,
        summary="The label for the parcel that comes back",
    )
    def get(self, request: Request, *, return_id: UUID) -> HttpResponse:
        asked = selectors.get_any_return(request_id=return_id)
        return pdf_response(return_label.render_label(asked), f"{asked.number}.pdf")
