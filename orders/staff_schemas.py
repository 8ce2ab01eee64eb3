"""What staff send: filters of the order list, steps of an order, refunds, returns, coupons."""

from typing import Any

import marshmallow as ma

from markrin.api import fields
from markrin.api.schemas import InputSchema, PageQuery, PatchSchema
from orders.models.cart import MAX_LINES, MAX_PER_LINE
from orders.models.coupon import CouponKind
from orders.models.order import OrderStatus, PaymentMethod, PaymentStatus
from orders.schemas import CouponCode


class ListAllOrders(PageQuery):
    status = fields.CommaSeparated(fields.Enum(OrderStatus), max=7)
    payment_status = fields.CommaSeparated(fields.Enum(PaymentStatus), max=4)
    payment_method = fields.Enum(PaymentMethod)
    placed_from = fields.Timestamp(data_key="from")
    placed_until = fields.Timestamp(data_key="to")
    customer_id = fields.Uuid()
    attention = fields.Bool()
    search = fields.Text(max=120)


class MoveOrder(InputSchema):
    """The next status; carrier and tracking go with `shipped`."""

    status = fields.Enum(OrderStatus, required=True)
    note = fields.Text(max=1000, min=0, multiline=True, load_default="")
    carrier = fields.Text(max=80)
    tracking_number = fields.Text(max=80)
    tracking_url = fields.HttpsUrl(max=500)

    @ma.validates_schema
    def _fits(self, data: dict[str, Any], **kwargs: Any) -> None:
        if data["status"] in (OrderStatus.PENDING, OrderStatus.RETURNED):
            raise fields.refuse(
                "choice", "An order gets there by itself, or by a return.", "status"
            )
        extra = [
            name
            for name in ("carrier", "tracking_number", "tracking_url")
            if name in data
        ]
        if extra and data["status"] != OrderStatus.SHIPPED:
            raise fields.refuse(
                "exclusive", "This goes with the status shipped only.", extra[0]
            )


class NoteOrder(InputSchema):
    """`public` notes are shown to the customer; `resolve` takes the order off those that
    need a person.
    """

    note = fields.Text(max=1000, multiline=True, required=True)
    public = fields.Bool(load_default=False)
    resolve = fields.Bool(load_default=False)


class RefundOrder(InputSchema):
    """Without an amount, all that is left."""

    amount = fields.Money(min="0.01")
    reason = fields.Text(max=200, required=True)


class SettleRefund(InputSchema):
    succeeded = fields.Bool(required=True)


class ReturnedLine(InputSchema):
    line_id = fields.Uuid(required=True)
    quantity = fields.Int(min=1, max=MAX_PER_LINE, required=True)
    restock = fields.Bool(load_default=True)


class ReturnGoods(InputSchema):
    """Without lines, everything that is still out; `refund` gives back what was paid for
    the pieces.
    """

    reason = fields.Text(max=200, required=True)
    lines = fields.List(fields.Nested(ReturnedLine), min=1, max=MAX_LINES)
    refund = fields.Bool(load_default=False)

    @ma.validates_schema
    def _once(self, data: dict[str, Any], **kwargs: Any) -> None:
        ids = [line["line_id"] for line in data.get("lines", ())]
        if len(ids) != len(set(ids)):
            raise fields.refuse("unique", "No line may be given twice.", "lines")


class ListCoupons(PageQuery):
    active = fields.Bool()
    code = CouponCode()


class CreateCoupon(InputSchema):
    code = CouponCode(required=True)
    kind = fields.Enum(CouponKind, required=True)
    value = fields.Money(min="0.01", required=True)
    min_spend = fields.Money()
    starts_at = fields.Timestamp(allow_none=True)
    ends_at = fields.Timestamp(allow_none=True)
    total_limit = fields.Int(min=1, max=1_000_000, allow_none=True)
    per_customer_limit = fields.Int(min=1, max=1000, allow_none=True)
    is_active = fields.Bool()


class UpdateCoupon(PatchSchema):
    """`code` and `kind` stay: orders name them."""

    value = fields.Money(min="0.01")
    min_spend = fields.Money()
    starts_at = fields.Timestamp(allow_none=True)
    ends_at = fields.Timestamp(allow_none=True)
    total_limit = fields.Int(min=1, max=1_000_000, allow_none=True)
    per_customer_limit = fields.Int(min=1, max=1000, allow_none=True)
    is_active = fields.Bool()
