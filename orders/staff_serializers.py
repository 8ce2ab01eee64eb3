"""What staff see: orders with their private side, and coupons."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from markrin.api.serializers import Money, Serializer, Timestamp, page_of
from orders.models import Order
from orders.models.order_event import OrderEvent, OrderEventKind
from orders.models.order_status import OrderStatus, PaymentMethod
from orders.models.payment import PaymentState, RefundState
from orders.models.promotion import CouponKind, EffectKind
from orders.serializers import (
    SHOWN_PAYMENT_STATUS,
    Fee,
    Fulfilment,
    OrderItem,
    OrderShippingMethod,
    ReturnRequest,
    ReturnRequestLine,
    Shipment,
    ShippingAddress,
    show_last_shipment,
)


class SummaryLine(Serializer):
    sku = serializers.CharField()
    name = serializers.CharField()
    size = serializers.CharField()
    color = serializers.CharField()
    quantity = serializers.IntegerField()


class StaffOrderSummary(Serializer):
    id = serializers.UUIDField()
    number = serializers.CharField()
    status = serializers.ChoiceField(choices=OrderStatus.choices)
    payment_status = serializers.ChoiceField(
        choices=SHOWN_PAYMENT_STATUS, source="shown_payment_status"
    )
    payment_method = serializers.ChoiceField(choices=PaymentMethod.choices)
    recipient = serializers.CharField()
    city = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()
    customer_id = serializers.UUIDField(source="user_id", allow_null=True)
    item_count = serializers.IntegerField(help_text="pieces")
    items = SummaryLine(many=True, source="lines.all")
    total = Money()
    refunded = Money()
    currency = serializers.CharField()
    attention = serializers.CharField()
    created_at = Timestamp()


class StaffStep(Serializer):
    at = Timestamp()
    kind = serializers.ChoiceField(choices=OrderEventKind.choices)
    from_ = serializers.CharField(source="from_status")
    to = serializers.CharField(source="to_status")
    by = serializers.CharField(source="actor")
    by_email = serializers.SerializerMethodField()
    note = serializers.CharField()
    public = serializers.BooleanField(source="is_public")
    request_id = serializers.CharField()

    def get_by_email(self, event: OrderEvent) -> str | None:
        return event.by.email if event.by else None


class StaffPayment(Serializer):
    id = serializers.UUIDField()
    provider = serializers.CharField()
    provider_ref = serializers.CharField()
    amount = Money()
    currency = serializers.CharField()
    state = serializers.ChoiceField(choices=PaymentState.choices)
    error = serializers.CharField()
    created_at = Timestamp()
    succeeded_at = Timestamp(allow_null=True)


class Refund(Serializer):
    id = serializers.UUIDField()
    payment_id = serializers.UUIDField(allow_null=True)
    gift_card_id = serializers.UUIDField(allow_null=True)
    amount = Money()
    reason = serializers.CharField()
    state = serializers.ChoiceField(choices=RefundState.choices)
    surplus = serializers.BooleanField()
    provider_ref = serializers.CharField()
    error = serializers.CharField()
    created_at = Timestamp()
    finished_at = Timestamp(allow_null=True)


class ReturnLine(Serializer):
    line_id = serializers.UUIDField()
    quantity = serializers.IntegerField()
    restocked = serializers.BooleanField()


class Return(Serializer):
    id = serializers.UUIDField()
    reason = serializers.CharField()
    lines = ReturnLine(many=True, source="lines.all")
    created_at = Timestamp()


class StaffReturnLine(ReturnRequestLine):
    """A line of a return, with what it is."""

    name = serializers.CharField(source="line.name")
    sku = serializers.CharField(source="line.sku")
    exchange_sku = serializers.SerializerMethodField()

    def get_exchange_sku(self, row: Any) -> str | None:
        return row.variant.sku if row.variant else None


class StaffReturnRequest(ReturnRequest):
    order_id = serializers.UUIDField()
    order_number = serializers.CharField(source="order.number")
    exchange_order_number = serializers.SerializerMethodField()
    recipient = serializers.CharField(source="order.recipient")
    lines = StaffReturnLine(many=True, source="lines.all")
    updated_at = Timestamp()

    def get_exchange_order_number(self, request: Any) -> str | None:
        return request.exchange.number if request.exchange else None


class StaffFulfilment(Fulfilment):
    """A parcel, with what customers do not see: packed ones, and how often it was sent."""

    position = serializers.IntegerField()
    undelivered_reason = serializers.CharField()
    attempts = serializers.IntegerField()


class StaffOrder(Serializer):
    id = serializers.UUIDField()
    number = serializers.CharField()
    status = serializers.ChoiceField(choices=OrderStatus.choices)
    payment_status = serializers.ChoiceField(
        choices=SHOWN_PAYMENT_STATUS, source="shown_payment_status"
    )
    payment_method = serializers.ChoiceField(choices=PaymentMethod.choices)
    attention = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    customer_id = serializers.UUIDField(source="user_id", allow_null=True)
    email = serializers.CharField()
    language = serializers.CharField()
    items = OrderItem(many=True, source="lines.all")
    shipping_address = ShippingAddress(source="*")
    shipping_method = OrderShippingMethod(source="*")
    subtotal = Money()
    discount = Money()
    shipping = Money()
    fees = Fee(many=True)
    tax = Money()
    tax_included = serializers.BooleanField()
    total = Money()
    gift_card_amount = Money()
    amount_due = Money()
    amount_paid = Money()
    amount_refunded = Money(source="refunded")
    refunded = Money()
    waived = Money()
    currency = serializers.CharField()
    coupon_code = serializers.SerializerMethodField()
    fulfilments = StaffFulfilment(many=True, source="fulfilments.all")
    shipment = serializers.SerializerMethodField()
    history = StaffStep(many=True, source="events.all")
    payments = StaffPayment(many=True, source="payments.all")
    refunds = Refund(many=True, source="refunds.all")
    returns = Return(many=True, source="returns.all")
    return_requests = ReturnRequest(many=True, source="return_requests.all")
    created_at = Timestamp()
    updated_at = Timestamp()
    expires_at = Timestamp(allow_null=True)
    paid_at = Timestamp(allow_null=True)
    shipped_at = Timestamp(allow_null=True)
    delivered_at = Timestamp(allow_null=True)
    closed_at = Timestamp(allow_null=True)

    def get_coupon_code(self, order: Order) -> str | None:
        return order.coupon_code or None

    @extend_schema_field(Shipment(allow_null=True))
    def get_shipment(self, order: Order) -> object:
        return show_last_shipment(order)


_OTHER_EFFECTS = [
    kind for kind in EffectKind.values if kind not in ("percent", "amount")
]


class Coupon(Serializer):
    id = serializers.UUIDField()
    code = serializers.CharField()
    kind = serializers.ChoiceField(
        choices=[*CouponKind.values, *_OTHER_EFFECTS],
        help_text="another than percent or fixed was made in the admin",
    )
    value = Money()
    max_discount = Money(allow_null=True, source="promotion.cap")
    min_spend = Money(source="promotion.min_spend")
    starts_at = Timestamp(allow_null=True, source="promotion.starts_at")
    ends_at = Timestamp(allow_null=True, source="promotion.ends_at")
    total_limit = serializers.IntegerField(allow_null=True)
    per_customer_limit = serializers.IntegerField(
        allow_null=True, source="promotion.per_customer_limit"
    )
    used = serializers.IntegerField()
    is_active = serializers.BooleanField(source="promotion.is_active")
    created_at = Timestamp()


StaffReturnPage = page_of(StaffReturnRequest)
StaffOrderPage = page_of(StaffOrderSummary)
CouponPage = page_of(Coupon)
