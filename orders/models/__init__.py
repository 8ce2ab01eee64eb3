"""Carts, orders, payments, coupons: a file per noun."""

from orders.models.cart import Cart, CartLine
from orders.models.coupon import Coupon, CouponUse
from orders.models.fulfilment import Carrier, Fulfilment, FulfilmentLine
from orders.models.idempotency import IdempotencyKey
from orders.models.ledger import LedgerEntry, LedgerLine
from orders.models.order import Order, OrderEvent, OrderLine
from orders.models.payment import Payment, PaymentEvent, Refund
from orders.models.provider import Difference, Dispute, Payout, Reconciliation
from orders.models.returns import Return, ReturnLine
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
    "CouponUse",
    "Difference",
    "Dispute",
    "Fulfilment",
    "FulfilmentLine",
    "IdempotencyKey",
    "LedgerEntry",
    "LedgerLine",
    "Order",
    "OrderEvent",
    "OrderLine",
    "OrderTax",
    "Payment",
    "PaymentEvent",
    "Payout",
    "Reconciliation",
    "Refund",
    "Return",
    "ReturnLine",
    "TaxPart",
    "TaxRate",
    "TaxSettings",
    "TaxZone",
]
