"""Carts, orders, payments, coupons: a file per noun."""

from orders.models.cart import Cart, CartLine
from orders.models.closing import MonthClosing
from orders.models.draft import DraftOrder
from orders.models.fulfilment import Carrier, Fulfilment, FulfilmentLine
from orders.models.gift_card import GiftCard, GiftCardEntry
from orders.models.idempotency import IdempotencyKey
from orders.models.invoice import Invoice, InvoiceFile, InvoiceLine, InvoiceSeries
from orders.models.ledger import LedgerEntry, LedgerLine
from orders.models.order import Order
from orders.models.order_event import OrderEvent
from orders.models.order_line import OrderLine
from orders.models.paperwork import CustomerRecord, OrderAttachment
from orders.models.past_order import PastOrder
from orders.models.payment import Payment, PaymentEvent, Refund
from orders.models.promotion import Coupon, OrderDiscount, Promotion, PromotionTier
from orders.models.provider import Difference, Dispute, Payout, Reconciliation
from orders.models.refused import RefusedOrder
from orders.models.return_request import ReturnRequest, ReturnRequestLine
from orders.models.returns import Return, ReturnLine
from orders.models.shipping import (
    Holiday,
    ShippingMethod,
    ShippingPostcode,
    ShippingStep,
    ShippingZone,
)
from orders.models.tax import (
    ConfirmedTaxId,
    OrderTax,
    TaxPart,
    TaxRate,
    TaxSettings,
    TaxZone,
)

__all__ = [
    "Carrier",
    "Cart",
    "CartLine",
    "ConfirmedTaxId",
    "Coupon",
    "CustomerRecord",
    "Difference",
    "Dispute",
    "DraftOrder",
    "Fulfilment",
    "FulfilmentLine",
    "GiftCard",
    "GiftCardEntry",
    "Holiday",
    "IdempotencyKey",
    "Invoice",
    "InvoiceFile",
    "InvoiceLine",
    "InvoiceSeries",
    "LedgerEntry",
    "LedgerLine",
    "MonthClosing",
    "Order",
    "OrderAttachment",
    "OrderDiscount",
    "OrderEvent",
    "OrderLine",
    "OrderTax",
    "PastOrder",
    "Payment",
    "PaymentEvent",
    "Payout",
    "Promotion",
    "PromotionTier",
    "Reconciliation",
    "Refund",
    "RefusedOrder",
    "Return",
    "ReturnLine",
    "ReturnRequest",
    "ReturnRequestLine",
    "ShippingMethod",
    "ShippingPostcode",
    "ShippingStep",
    "ShippingZone",
    "TaxPart",
    "TaxRate",
    "TaxSettings",
    "TaxZone",
]
