"""What staff send: filters of the order list, steps of an order, refunds, returns, coupons."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import marshmallow as ma

from accounts.schemas import PostalAddress
from markrin.api import fields
from markrin.api.schemas import (
    InputSchema,
    Loaded,
    PageParams,
    PageQuery,
    PatchSchema,
)
from markrin.api.unset import UNSET, Unset
from orders.models.cart import MAX_LINES, MAX_PER_LINE
from orders.models.fulfilment import ParcelStatus, UndeliveredReason
from orders.models.order_status import OrderStatus, PaymentMethod, PaymentStatus
from orders.models.paperwork import MAX_TAG_LENGTH, MAX_TAGS, TAG
from orders.models.promotion import CouponKind
from orders.models.return_request import ReturnStatus
from orders.schemas import CouponCode, ShippingAddress, refuse_twins


@dataclass(frozen=True, kw_only=True)
class OrderFilter(PageParams):
    """Which orders: those that fit every filter; `placed_until` is excluded."""

    status: list[OrderStatus] | None = None
    payment_status: list[PaymentStatus] | None = None
    payment_method: PaymentMethod | None = None
    placed_from: datetime | None = None
    placed_until: datetime | None = None
    customer_id: UUID | None = None
    attention: bool | None = None
    tag: str | None = None
    search: str | None = None


class ListAllOrders(PageQuery[OrderFilter]):
    status = fields.CommaSeparated(fields.Enum(OrderStatus), max=len(OrderStatus))
    payment_status = fields.CommaSeparated(fields.Enum(PaymentStatus), max=4)
    payment_method = fields.Enum(PaymentMethod)
    placed_from = fields.Timestamp(data_key="from")
    placed_until = fields.Timestamp(data_key="to")
    customer_id = fields.Uuid()
    attention = fields.Bool()
    tag = fields.Text(max=MAX_TAG_LENGTH, pattern=TAG)
    search = fields.Text(max=120)


@dataclass(frozen=True, kw_only=True)
class Move:
    """The next status; carrier and tracking go with `shipped`."""

    status: OrderStatus
    note: str = ""
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    despite_dispute: bool = False


_MOVES = (
    OrderStatus.CONFIRMED,
    OrderStatus.PROCESSING,
    OrderStatus.SHIPPED,
    OrderStatus.DELIVERED,
    OrderStatus.CANCELLED,
)


class MoveOrder(InputSchema[Move]):
    """The next status; carrier and tracking go with `shipped`."""

    status = fields.Enum(OrderStatus, required=True)
    note = fields.Text(max=1000, min=0, multiline=True, load_default="")
    carrier = fields.Text(max=80)
    tracking_number = fields.Text(max=80)
    tracking_url = fields.HttpsUrl(max=500)
    despite_dispute = fields.Bool(load_default=False)

    @ma.validates_schema
    def _fits(self, data: dict[str, object], **kwargs: object) -> None:
        if data["status"] not in _MOVES:
            raise fields.refuse(
                "choice",
                "An order gets there by its parcels, or by a return.",
                "status",
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


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """Who brings a parcel, and under which number. Without a link, the carrier's pattern
    makes it.
    """

    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""


class CorrectParcel(InputSchema[Tracking]):
    carrier = fields.Text(max=80, min=0, load_default="")
    tracking_number = fields.Text(max=80, min=0, load_default="")
    tracking_url = fields.HttpsUrl(max=500)


@dataclass(frozen=True, kw_only=True)
class ParcelPieces:
    line_id: UUID
    quantity: int


class ParcelLine(InputSchema[ParcelPieces]):
    line_id = fields.Uuid(required=True)
    quantity = fields.Int(min=1, max=MAX_PER_LINE, required=True)


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """What goes into a parcel; `lines` None: all that is left to send. `ship`: it leaves now."""

    lines: list[ParcelPieces] | None = None
    tracking: Tracking = Tracking()
    ship: bool = True
    despite_dispute: bool = False


class CreateParcel(InputSchema[Parcel]):
    lines = fields.List(fields.Nested(ParcelLine), min=1, max=MAX_LINES)
    tracking = fields.Nested(CorrectParcel)
    ship = fields.Bool(load_default=True)
    despite_dispute = fields.Bool(load_default=False)

    @ma.validates_schema
    def _check_lines(self, data: dict[str, object], **kwargs: object) -> None:
        refuse_twins(data)


@dataclass(frozen=True, kw_only=True)
class ParcelMove:
    """A parcel's next status. `reason` goes with `undelivered`; `restock` with `returned`."""

    status: ParcelStatus
    reason: UndeliveredReason = UndeliveredReason.OTHER
    restock: bool = True
    note: str = ""
    despite_dispute: bool = False


class MoveParcel(InputSchema[ParcelMove]):
    status = fields.Enum(ParcelStatus, required=True)
    reason = fields.Enum(UndeliveredReason)
    restock = fields.Bool(load_default=True)
    note = fields.Text(max=200, min=0, load_default="")
    despite_dispute = fields.Bool(load_default=False)

    @ma.validates_schema
    def _check_reason(self, data: dict[str, object], **kwargs: object) -> None:
        if data["status"] == ParcelStatus.PACKED:
            raise fields.refuse("choice", "A parcel begins with this.", "status")
        if "reason" in data and data["status"] != ParcelStatus.UNDELIVERED:
            raise fields.refuse(
                "exclusive", "This goes with the status undelivered only.", "reason"
            )


@dataclass(frozen=True, kw_only=True)
class PiecesCancellation:
    """Pieces that will not be sent; `lines` None: all that have not left."""

    lines: list[ParcelPieces] | None = None
    reason: str


class CancelPieces(InputSchema[PiecesCancellation]):
    lines = fields.List(fields.Nested(ParcelLine), min=1, max=MAX_LINES)
    reason = fields.Text(max=200, required=True)

    @ma.validates_schema
    def _check_lines(self, data: dict[str, object], **kwargs: object) -> None:
        refuse_twins(data)


@dataclass(frozen=True, kw_only=True)
class OrderNote:
    """`public`: the customer reads it. `resolve`: it settles what needed a person."""

    note: str
    public: bool = False
    resolve: bool = False


class NoteOrder(InputSchema[OrderNote]):
    """`public` notes are shown to the customer; `resolve` takes the order off those that
    need a person.
    """

    note = fields.Text(max=1000, multiline=True, required=True)
    public = fields.Bool(load_default=False)
    resolve = fields.Bool(load_default=False)


@dataclass(frozen=True, kw_only=True)
class OrderChange:
    """What is corrected of an order, and why."""

    shipping_address: PostalAddress | Unset = UNSET
    email: str | Unset = UNSET
    tags: list[str] | Unset = UNSET
    reason: str = ""


class EditOrder(PatchSchema[OrderChange]):
    """The address and a guest's e-mail until a parcel is handed over; tags at any time. All of
    the address is sent, and all tags."""

    shipping_address = fields.Nested(ShippingAddress)
    email = fields.Email()
    tags = fields.List(fields.Text(max=MAX_TAG_LENGTH, pattern=TAG), max=MAX_TAGS)
    reason = fields.Text(max=500, min=0)


@dataclass(frozen=True, kw_only=True)
class PieceAddition:
    """Pieces of a variant that an order gets besides, and why."""

    sku: str
    quantity: int
    reason: str = ""


class AddPieces(InputSchema[PieceAddition]):
    sku = fields.Text(max=64, required=True)
    quantity = fields.Int(min=1, max=MAX_PER_LINE, required=True)
    reason = fields.Text(max=200, min=0, load_default="")


@dataclass(frozen=True, kw_only=True)
class RefundRequest:
    """`amount` in the order's currency; None: all that is left."""

    amount: Decimal | None = None
    reason: str
    to_store_credit: bool = False


class RefundOrder(InputSchema[RefundRequest]):
    """Without an amount, all that is left. It goes back as it was paid, or as store credit."""

    amount = fields.Money(min="0.01")
    reason = fields.Text(max=200, required=True)
    to_store_credit = fields.Bool(load_default=False)


@dataclass(frozen=True, kw_only=True)
class RefundOutcome:
    succeeded: bool


class SettleRefund(InputSchema[RefundOutcome]):
    succeeded = fields.Bool(required=True)


@dataclass(frozen=True, kw_only=True)
class ReturnedPieces:
    """So many pieces of a line; `restock`: they can be sold again."""

    line_id: UUID
    quantity: int
    restock: bool = True


class ReturnedLine(InputSchema[ReturnedPieces]):
    line_id = fields.Uuid(required=True)
    quantity = fields.Int(min=1, max=MAX_PER_LINE, required=True)
    restock = fields.Bool(load_default=True)


@dataclass(frozen=True, kw_only=True)
class GoodsReturn:
    """What has come back; `lines` None: all pieces that are still out."""

    reason: str
    lines: list[ReturnedPieces] | None = None
    refund: bool = False


class ReturnGoods(InputSchema[GoodsReturn]):
    """Without lines, everything that is still out; `refund` gives back what was paid for
    the pieces.
    """

    reason = fields.Text(max=200, required=True)
    lines = fields.List(fields.Nested(ReturnedLine), min=1, max=MAX_LINES)
    refund = fields.Bool(load_default=False)

    @ma.validates_schema
    def _once(self, data: dict[str, object], **kwargs: object) -> None:
        refuse_twins(data)


# --- Returns that customers ask for --------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class ReturnFilter(PageParams):
    status: list[ReturnStatus] | None = None
    order_id: UUID | None = None


class ListReturns(PageQuery[ReturnFilter]):
    status = fields.CommaSeparated(fields.Enum(ReturnStatus), max=len(ReturnStatus))
    order_id = fields.Uuid()


@dataclass(frozen=True, kw_only=True)
class ReturnApproval:
    """What the customer is told, and by whom the pieces come: the carrier's own label, or the
    shop's, which is always there.
    """

    note: str = ""
    carrier: str = ""
    tracking_number: str = ""
    tracking_url: str = ""
    label_url: str = ""


class ApproveReturn(InputSchema[ReturnApproval]):
    note = fields.Text(max=900, min=0, multiline=True, load_default="")
    carrier = fields.Text(max=80, min=0, load_default="")
    tracking_number = fields.Text(max=80, min=0, load_default="")
    tracking_url = fields.HttpsUrl(max=500)
    label_url = fields.HttpsUrl(max=500)


@dataclass(frozen=True, kw_only=True)
class ReturnNote:
    note: str = ""


class ReceiveReturn(InputSchema[ReturnNote]):
    note = fields.Text(max=900, min=0, multiline=True, load_default="")


class RejectReturn(InputSchema[ReturnNote]):
    """The customer reads why."""

    note = fields.Text(max=900, multiline=True, required=True)


@dataclass(frozen=True, kw_only=True)
class JudgedPieces:
    """What the pieces of a line are; those that are not counted never came."""

    line_id: UUID
    sellable: int = 0
    damaged: int = 0
    refused: int = 0


class JudgedLine(InputSchema[JudgedPieces]):
    line_id = fields.Uuid(required=True)
    sellable = fields.Int(min=0, max=MAX_PER_LINE, load_default=0)
    damaged = fields.Int(min=0, max=MAX_PER_LINE, load_default=0)
    refused = fields.Int(min=0, max=MAX_PER_LINE, load_default=0)


@dataclass(frozen=True, kw_only=True)
class ReturnJudgement:
    lines: list[JudgedPieces]
    note: str = ""
    to_store_credit: bool = False


class JudgeReturn(InputSchema[ReturnJudgement]):
    """`sellable` pieces go back on the shelf, `damaged` ones do not; both are paid back, `refused`
    ones are not. With `toStoreCredit` the money goes on the customer's account: where they have
    agreed to that.
    """

    lines = fields.List(
        fields.Nested(JudgedLine), min=1, max=MAX_LINES, required=True
    )
    note = fields.Text(max=900, min=0, multiline=True, load_default="")
    to_store_credit = fields.Bool(load_default=False)

    @ma.validates_schema
    def _check_once(self, data: Loaded, **kwargs: object) -> None:
        refuse_twins(data)


@dataclass(frozen=True, kw_only=True)
class CouponFilter(PageParams):
    active: bool | None = None
    code: str | None = None


class ListCoupons(PageQuery[CouponFilter]):
    active = fields.Bool()
    code = CouponCode()


@dataclass(frozen=True, kw_only=True)
class NewCoupon:
    """`value` is a percentage, or an amount in shop currency."""

    code: str
    kind: CouponKind
    value: Decimal
    max_discount: Decimal | None = None
    min_spend: Decimal = Decimal(0)
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    total_limit: int | None = None
    per_customer_limit: int | None = None
    is_active: bool = True


class CreateCoupon(InputSchema[NewCoupon]):
    code = CouponCode(required=True)
    kind = fields.Enum(CouponKind, required=True)
    value = fields.Money(min="0.01", required=True)
    max_discount = fields.Money(min="0.01", allow_none=True)
    min_spend = fields.Money()
    starts_at = fields.Timestamp(allow_none=True)
    ends_at = fields.Timestamp(allow_none=True)
    total_limit = fields.Int(min=1, max=1_000_000, allow_none=True)
    per_customer_limit = fields.Int(min=1, max=1000, allow_none=True)
    is_active = fields.Bool()


@dataclass(frozen=True, kw_only=True)
class CouponChange:
    value: Decimal | Unset = UNSET
    max_discount: Decimal | Unset | None = UNSET
    min_spend: Decimal | Unset = UNSET
    starts_at: datetime | Unset | None = UNSET
    ends_at: datetime | Unset | None = UNSET
    total_limit: int | Unset | None = UNSET
    per_customer_limit: int | Unset | None = UNSET
    is_active: bool | Unset = UNSET


class UpdateCoupon(PatchSchema[CouponChange]):
    """`code` and `kind` stay: orders name them."""

    value = fields.Money(min="0.01")
    max_discount = fields.Money(min="0.01", allow_none=True)
    min_spend = fields.Money()
    starts_at = fields.Timestamp(allow_none=True)
    ends_at = fields.Timestamp(allow_none=True)
    total_limit = fields.Int(min=1, max=1_000_000, allow_none=True)
    per_customer_limit = fields.Int(min=1, max=1000, allow_none=True)
    is_active = fields.Bool()
