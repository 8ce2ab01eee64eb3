"""Path to view, a line each; below `api/`."""

from django.urls import include, path

from orders.views import (
    carts,
    gift_cards,
    me,
    orders,
    payments,
    returns,
    shipping,
    staff,
    staff_returns,
    staff_shipping,
)

_cart = [
    path("items", carts.CartItemList.as_view()),
    path("items/<uid:line_id>", carts.CartItemDetail.as_view()),
    path("coupon", carts.CartCouponDetail.as_view()),
    path("coupons", carts.CartCouponList.as_view()),
    path("gift-cards", carts.CartGiftCardList.as_view()),
    path("gift-cards/<uid:card_id>", carts.CartGiftCardDetail.as_view()),
    path("store-credit", carts.CartStoreCredit.as_view()),
]
_orders = [
    path("<uid:order_id>", orders.OrderDetail.as_view()),
    path("lookup", orders.OrderLookup.as_view()),
    path("<uid:order_id>/reorder", orders.Reorder.as_view()),
    path("<uid:order_id>/cancel", orders.OrderCancellation.as_view()),
    path("<uid:order_id>/invoice", orders.OrderInvoice.as_view()),
    path("<uid:order_id>/returns", returns.ReturnList.as_view()),
    path(
        "<uid:order_id>/returns/<uid:return_id>/cancel",
        returns.ReturnCancellation.as_view(),
    ),
    path(
        "<uid:order_id>/returns/<uid:return_id>/label",
        returns.ReturnLabel.as_view(),
    ),
    path("<uid:order_id>/withdrawal", returns.WithdrawalDetail.as_view()),
    path("<uid:order_id>/invoices", orders.InvoiceList.as_view()),
    path(
        "<uid:order_id>/invoices/<uid:invoice_id>", orders.InvoiceDetail.as_view()
    ),
    path("<uid:order_id>/payments", orders.PaymentList.as_view()),
]
_staff = [
    path("shipping/zones", staff_shipping.ZoneList.as_view()),
    path("shipping/zones/<uid:zone_id>", staff_shipping.ZoneDetail.as_view()),
    path(
        "shipping/zones/<uid:zone_id>/postcodes",
        staff_shipping.ZonePostcodes.as_view(),
    ),
    path("orders", staff.OrderList.as_view()),
    path("orders/<uid:order_id>", staff.OrderDetail.as_view()),
    path("orders/<uid:order_id>/transition", staff.OrderTransition.as_view()),
    path("orders/<uid:order_id>/fulfilments", staff.FulfilmentList.as_view()),
    path("orders/<uid:order_id>/cancellations", staff.CancellationList.as_view()),
    path("fulfilments/<uid:fulfilment_id>", staff.FulfilmentDetail.as_view()),
    path(
        "fulfilments/<uid:fulfilment_id>/transition",
        staff.FulfilmentTransition.as_view(),
    ),
    path("orders/<uid:order_id>/items", staff.ItemList.as_view()),
    path("orders/<uid:order_id>/notes", staff.NoteList.as_view()),
    path("orders/<uid:order_id>/cash", staff.CashPayment.as_view()),
    path("orders/<uid:order_id>/refunds", staff.RefundList.as_view()),
    path("orders/<uid:order_id>/returns", staff.ReturnList.as_view()),
    path("orders/<uid:order_id>/invoice", staff.OrderInvoice.as_view()),
    path("returns", staff_returns.ReturnList.as_view()),
    path("returns/<uid:return_id>", staff_returns.ReturnDetail.as_view()),
    path("returns/<uid:return_id>/approve", staff_returns.ReturnApproval.as_view()),
    path("returns/<uid:return_id>/reject", staff_returns.ReturnRejection.as_view()),
    path("returns/<uid:return_id>/receive", staff_returns.ReturnReceipt.as_view()),
    path("returns/<uid:return_id>/judge", staff_returns.ReturnJudgement.as_view()),
    path("returns/<uid:return_id>/label", staff_returns.ReturnLabel.as_view()),
    path("orders/<uid:order_id>/invoices", staff.InvoiceList.as_view()),
    path(
        "orders/<uid:order_id>/invoices/<uid:invoice_id>",
        staff.InvoiceDetail.as_view(),
    ),
    path("refunds/<uid:refund_id>", staff.RefundDetail.as_view()),
    path("coupons", staff.CouponList.as_view()),
    path("coupons/<uid:coupon_id>", staff.CouponDetail.as_view()),
]
# Each is tried in turn: what begins alike stands together, and costs the others one try.
urlpatterns = [
    path("me", me.Me.as_view()),
    path("cart", carts.CartDetail.as_view()),
    path("cart/", include(_cart)),
    path("shipping/options", shipping.ShippingOptionList.as_view()),
    path("products/<uid:product_id>/delivery", shipping.ProductDelivery.as_view()),
    path("gift-cards/balance", gift_cards.GiftCardBalance.as_view()),
    path("store-credit", gift_cards.StoreCreditDetail.as_view()),
    path("orders", orders.OrderList.as_view()),
    path("orders/", include(_orders)),
    path("payments/webhooks/<slugid:provider>", payments.Webhook.as_view()),
    path("staff/", include(_staff)),
]
