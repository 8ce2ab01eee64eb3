"""A variant's stock, as staff correct it, and its ledger."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import NotFound
from markrin.api.operations import operation
from markrin.api.schemas import PageParams, PlainPageQuery
from markrin.api.views import View
from products import errors
from products.schemas import variants as schemas
from products.schemas.variants import StockAdjustment, StockCount
from products.selectors import stock_ledger
from products.serializers import products as serializers
from products.services.stock import back_in_stock
from products.views.access import get_user_id


class StockAdjustments(View):
    @operation(
        id="adjustStock",
        tag="staff-stock",
        summary="Correct a variant's stock by a number of pieces",
        body=schemas.AdjustStock,
        response=serializers.StaffVariant,
        errors=[
            NotFound,
            errors.StockTooLow,
            errors.StockTooHigh,
            errors.StockUntracked,
        ],
    )
    def post(
        self, request: Request, *, variant_id: UUID, body: StockAdjustment
    ) -> Response:
        back_in_stock.adjust_stock(
            body, variant_id=variant_id, actor_id=get_user_id(request)
        )
        variant = stock_ledger.get_staff_variant(variant_id=variant_id)
        return Response(serializers.StaffVariant(variant).data)


class StockCounts(View):
    @operation(
        id="setStock",
        tag="staff-stock",
        summary="Set how many pieces of a variant can be sold",
        body=schemas.SetStock,
        response=serializers.StaffVariant,
        errors=[
            NotFound,
            errors.StockNotAsExpected,
            errors.StockTooHigh,
            errors.StockUntracked,
        ],
    )
    def put(
        self, request: Request, *, variant_id: UUID, body: StockCount
    ) -> Response:
        back_in_stock.set_stock(
            body, variant_id=variant_id, actor_id=get_user_id(request)
        )
        variant = stock_ledger.get_staff_variant(variant_id=variant_id)
        return Response(serializers.StaffVariant(variant).data)


class StockMovements(View):
    @operation(
        id="listStockMovements",
        tag="staff-stock",
        summary="List a variant's stock ledger, the last entry first",
        query=PlainPageQuery,
        response=serializers.StockMovementPage,
        errors=[NotFound],
    )
    def get(
        self, request: Request, *, variant_id: UUID, query: PageParams
    ) -> Response:
        return Response(
            serializers.StockMovementPage(
                stock_ledger.list_movements(query, variant_id=variant_id)
            ).data
        )
