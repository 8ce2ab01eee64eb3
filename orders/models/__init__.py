"""Carts, orders, payments, coupons: a file per noun."""

from orders.models.cart import Cart, CartLine
from orders.models.coupon import Coupon, CouponUse
from orders.models.idempotency import IdempotencyKey
from orders.models.ledger import LedgerEntry, LedgerLine
from orders.models.order import Order, OrderEvent, OrderLine
from orders.models.payment import Payment, PaymentEvent, Refund
from orders.models.provider import Difference, Dispute, Payout, Reconciliation
from orders.models.returns import Return, ReturnLine

__all__ = [
    "Cart",
    "CartLine",
    "Coupon",
    "CouponUse",
    "Difference",
    "Dispute",
    "IdempotencyKey",
    "LedgerEntry",
    "LedgerLine",
    "Order",
    "OrderEvent",
    "OrderLine",
    "Payment",
    "PaymentEvent",
    "Payout",
    "Reconciliation",
    "Refund",
    "Return",
    "ReturnLine",
]
