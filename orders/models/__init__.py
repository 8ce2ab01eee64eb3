"""Carts, orders, payments, coupons: a file per noun."""

from orders.models.cart import Cart, CartLine
from orders.models.coupon import Coupon, CouponUse
from orders.models.idempotency import IdempotencyKey
from orders.models.order import Order, OrderEvent, OrderLine
from orders.models.payment import Payment, PaymentEvent, Refund
from orders.models.returns import Return, ReturnLine

__all__ = [
    "Cart",
    "CartLine",
    "Coupon",
    "CouponUse",
    "IdempotencyKey",
    "Order",
    "OrderEvent",
    "OrderLine",
    "Payment",
    "PaymentEvent",
    "Refund",
    "Return",
    "ReturnLine",
]
