"""Every refusal of carts, checkout, orders and payments. `OutOfStock` is the catalogue's."""

from markrin.api.errors import ShopError

# --- Carts ---------------------------------------------------------------------------------------


class VariantNotOnSale(ShopError):
    status, code, message = 422, "variant_not_on_sale", "This cannot be bought."


class QuantityLimit(ShopError):
    status, code, message = (
        422,
        "quantity_limit",
        "A cart takes at most 20 pieces of one variant.",
    )


class CartFull(ShopError):
    status, code, message = (
        422,
        "cart_full",
        "A cart takes at most 50 different variants.",
    )


class OtherProduct(ShopError):
    status, code, message = (
        422,
        "other_product",
        "A line can only change to another variant of the same product.",
    )


class CartEmpty(ShopError):
    status, code, message = 422, "cart_empty", "There is nothing in the cart."


# --- Coupons -------------------------------------------------------------------------------------


class CouponUnknown(ShopError):
    status, code, message = 422, "coupon_unknown", "There is no such coupon."


class CouponNotNow(ShopError):
    status, code, message = (
        422,
        "coupon_not_now",
        "The coupon is not valid at this time.",
    )


class CouponMinimumSpend(ShopError):
    status, code, message = (
        422,
        "coupon_minimum_spend",
        "The cart is worth less than the coupon asks for.",
    )


class CouponNotApplicable(ShopError):
    status, code, message = (
        422,
        "coupon_not_applicable",
        "The coupon is not for this cart; `reason` says why.",
    )


class PromotionEnded(ShopError):
    status, code, message = (
        409,
        "promotion_ended",
        "A promotion has just been used for the last time. Look at the cart again.",
    )


class CouponExhausted(ShopError):
    status, code, message = (
        409,
        "coupon_exhausted",
        "The coupon has been used as often as it can be.",
    )


class CouponUsedUp(ShopError):
    status, code, message = (
        409,
        "coupon_used_up",
        "You have used the coupon as often as one customer can.",
    )


class CouponCodeTaken(ShopError):
    status, code, message = (
        409,
        "coupon_code_taken",
        "There is a coupon with this code already.",
    )


class CouponInUse(ShopError):
    status, code, message = (
        409,
        "coupon_in_use",
        "Orders have used the coupon: switch it off instead.",
    )


# --- Gift cards ----------------------------------------------------------------------------------


class GiftCardUnknown(ShopError):
    status, code, message = 422, "gift_card_unknown", "There is no such gift card."


class GiftCardUnusable(ShopError):
    status, code, message = (
        409,
        "gift_card_unusable",
        "Nothing is left on the gift card, or it has expired.",
    )


class TooManyGiftCards(ShopError):
    status, code, message = (
        422,
        "too_many_gift_cards",
        "An order takes at most 5 gift cards.",
    )


class GiftCardsAlone(ShopError):
    status, code, message = (
        422,
        "gift_cards_alone",
        "Gift cards are bought on their own, and paid online.",
    )


class GiftCardSpent(ShopError):
    status, code, message = (
        409,
        "gift_card_spent",
        "Less is left on the gift cards than this takes.",
    )


class GiftCardUnreadable(ShopError):
    status, code, message = (
        409,
        "gift_card_unreadable",
        "The code cannot be read with the keys that the shop has.",
    )


# --- Checkout ------------------------------------------------------------------------------------


class IdempotencyKeyMissing(ShopError):
    status, code, message = (
        400,
        "idempotency_key_missing",
        "This needs an Idempotency-Key header.",
    )


class IdempotencyKeyReused(ShopError):
    status, code, message = (
        422,
        "idempotency_key_reused",
        "The Idempotency-Key was sent before, with another request.",
    )


class IdempotencyKeyInUse(ShopError):
    status, code, message = (
        409,
        "idempotency_key_in_use",
        "The same request is still being worked on. Try again.",
    )


class QuoteChanged(ShopError):
    status, code, message = (
        409,
        "quote_changed",
        "The cart no longer costs what was expected.",
    )


class AddressUnknown(ShopError):
    status, code, message = (
        422,
        "address_unknown",
        "There is no such address in the address book.",
    )


class StateCodeNeeded(ShopError):
    status, code, message = (
        422,
        "state_code_needed",
        "The address must say in which state it is: stateCode, such as IN-KA.",
    )


class NotDeliveredThere(ShopError):
    status, code, message = (
        422,
        "not_delivered_there",
        "The shop does not deliver there.",
    )


class ShippingZoneTaken(ShopError):
    status, code, message = (
        409,
        "shipping_zone_taken",
        "Another shipping zone has this name.",
    )


class ShippingMethodUnknown(ShopError):
    status, code, message = (
        422,
        "shipping_method_unknown",
        "This way of sending is not offered for the cart and the address.",
    )


class CashNotAllowed(ShopError):
    status, code, message = (
        422,
        "cash_not_allowed",
        "This order cannot be paid at the door; `reason` says why.",
    )


class EmailNeeded(ShopError):
    status, code, message = (
        422,
        "email_needed",
        "A guest's order needs an e-mail address.",
    )


class EmailUnexpected(ShopError):
    status, code, message = (
        422,
        "email_unexpected",
        "A signed-in customer's order goes to the account's own address.",
    )


class GuestCheckoutOff(ShopError):
    status, code, message = (
        403,
        "guest_checkout_off",
        "This shop takes orders of signed-in customers only.",
    )


class PaymentMethodUnavailable(ShopError):
    status, code, message = (
        422,
        "payment_method_unavailable",
        "This shop does not take this way of paying.",
    )


# --- Orders, payments, refunds -------------------------------------------------------------------


class OrderNotIn(ShopError):
    status, code, message = (
        409,
        "order_status",
        "The order's status does not allow this.",
    )


class NothingToPay(ShopError):
    status, code, message = (
        409,
        "nothing_to_pay",
        "The order is not waiting for an online payment.",
    )


class ProviderUnavailable(ShopError):
    status, code, message = (
        503,
        "payment_provider_unavailable",
        "The payment provider does not answer. Try again.",
    )


class RefundTooHigh(ShopError):
    status, code, message = (
        422,
        "refund_too_high",
        "No more can be refunded than was paid.",
    )


class NoAccount(ShopError):
    status, code, message = (
        409,
        "no_account",
        "The order is a guest's: store credit is for customers with an account.",
    )


class ParcelNotIn(ShopError):
    status, code, message = (
        409,
        "parcel_status",
        "The parcel's status does not allow this.",
    )


class ParcelTooMany(ShopError):
    status, code, message = (
        422,
        "parcel_too_many",
        "No more pieces than are left can be sent or cancelled.",
    )


class PlaceChangesPrice(ShopError):
    status, code, message = (
        409,
        "place_changes_price",
        "Another country or state has other taxes and shipping: place another order.",
    )


class FileRefused(ShopError):
    status, code, message = (
        422,
        "file_refused",
        "A file is a PDF, JPEG, PNG or WebP of at most 5 million bytes.",
    )


class ReturnTooMany(ShopError):
    status, code, message = (
        422,
        "return_too_many",
        "No more pieces can come back than were bought.",
    )


class ReturnWindowOver(ShopError):
    status, code, message = (
        409,
        "return_window_over",
        "The order's pieces cannot be sent back: none has arrived, or the time is over.",
    )


class ReturnNotIn(ShopError):
    status, code, message = (
        409,
        "return_status",
        "The return's status does not allow this.",
    )


class DisputeOpen(ShopError):
    status, code, message = (
        409,
        "dispute_open",
        "The shopper's bank asks the payment back: ship only if you mean to.",
    )


class DifferenceSettled(ShopError):
    status, code, message = (
        409,
        "difference_settled",
        "Somebody has settled this difference already.",
    )


class MonthNotOver(ShopError):
    status, code, message = (
        409,
        "month_not_over",
        "The month is not over yet: it can be closed from the first day of the next one.",
    )


class MonthClosed(ShopError):
    status, code, message = (409, "month_closed", "The month is closed already.")


class MonthBeforeOpen(ShopError):
    """`month` is the earliest open one, as 2026-10."""

    status, code, message = (
        409,
        "month_before_open",
        "A month before it is open: close that one first.",
    )


class RefusedOrderDecided(ShopError):
    status, code, message = (
        409,
        "refused_order_decided",
        "Somebody has decided about this order already.",
    )


class SignatureInvalid(ShopError):
    status, code, message = (
        400,
        "signature_invalid",
        "The webhook's signature is not the provider's.",
    )
