"""Path to view, a line each; below `api/`."""

from django.urls import path

from orders.views import carts, orders, payments, staff

urlpatterns = [
    path("cart", carts.Cart.as_view()),
    path("cart/items", carts.CartItems.as_view()),
    path("cart/items/<uid:line_id>", carts.CartItem.as_view()),
    path("cart/coupon", carts.CartCoupon.as_view()),
    path("orders", orders.Orders.as_view()),
    path("orders/<uid:order_id>", orders.Order.as_view()),
    path("orders/<uid:order_id>/cancel", orders.CancelOrder.as_view()),
    path("orders/<uid:order_id>/invoice", orders.Invoice.as_view()),
    path("orders/<uid:order_id>/payments", orders.OrderPayments.as_view()),
    path("payments/webhooks/<slugid:provider>", payments.Webhook.as_view()),
    path("staff/orders", staff.Orders.as_view()),
    path("staff/orders/<uid:order_id>", staff.Order.as_view()),
    path("staff/orders/<uid:order_id>/transition", staff.Transition.as_view()),
    path("staff/orders/<uid:order_id>/notes", staff.Notes.as_view()),
    path("staff/orders/<uid:order_id>/cash", staff.Cash.as_view()),
    path("staff/orders/<uid:order_id>/refunds", staff.Refunds.as_view()),
    path("staff/orders/<uid:order_id>/returns", staff.Returns.as_view()),
    path("staff/orders/<uid:order_id>/invoice", staff.Invoice.as_view()),
    path("staff/refunds/<uid:refund_id>", staff.Refund.as_view()),
    path("staff/coupons", staff.Coupons.as_view()),
    path("staff/coupons/<uid:coupon_id>", staff.Coupon.as_view()),
]
