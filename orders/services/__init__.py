"""What changes: a file per noun, a function per use case."""

from orders.services.carts import (
    add_to_cart,
    change_cart_line,
    clear_cart,
    merge_guest_cart,
    put_coupon,
    remove_cart_line,
    remove_coupon,
)
from orders.services.checkout import place_order
from orders.services.coupon_book import create_coupon, delete_coupon, update_coupon
from orders.services.mails import (
    MAILS,
    call_staff_by_mail,
    cancelled_by_mail,
    confirm_by_mail,
    delivered_by_mail,
    mail_again,
    mails_of,
    refunded_by_mail,
    resend_mail,
    shipped_by_mail,
)
from orders.services.payments import abandon_payment, receive_webhook, start_payment
from orders.services.people import attach_guest_orders, erase_customer, export_customer
from orders.services.refunds import refund_order, send_refund, settle_refund
from orders.services.returns import Returned, take_back
from orders.services.settling import expire_orders, forget_old, settle_payments
from orders.services.steps import Actor
from orders.services.transitions import (
    cancel_order,
    mark_cash_paid,
    move_order,
    note_order,
)

__all__ = [
    "MAILS",
    "Actor",
    "Returned",
    "abandon_payment",
    "add_to_cart",
    "attach_guest_orders",
    "call_staff_by_mail",
    "cancel_order",
    "cancelled_by_mail",
    "change_cart_line",
    "clear_cart",
    "confirm_by_mail",
    "create_coupon",
    "delete_coupon",
    "delivered_by_mail",
    "erase_customer",
    "expire_orders",
    "export_customer",
    "forget_old",
    "mail_again",
    "mails_of",
    "mark_cash_paid",
    "merge_guest_cart",
    "move_order",
    "note_order",
    "place_order",
    "put_coupon",
    "receive_webhook",
    "refund_order",
    "refunded_by_mail",
    "remove_cart_line",
    "remove_coupon",
    "resend_mail",
    "send_refund",
    "settle_payments",
    "settle_refund",
    "shipped_by_mail",
    "start_payment",
    "take_back",
    "update_coupon",
]
