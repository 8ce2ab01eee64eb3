"""The cart. Every call answers all of it."""

from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api.errors import NotFound
from markrin.api.operations import operation
from markrin.api.schemas import CartHeader, CartHeaders
from orders import errors, schemas, selectors, serializers
from orders.cart_summary import CartSummary
from orders.customer_identity import identify
from orders.services import carts
from orders.shipping_schemas import CartQuote, QuoteCart
from orders.views.base import ShopperView
from products.errors import OutOfStock

COUPON_ERRORS = [
    errors.CouponUnknown,
    errors.CouponNotNow,
    errors.CouponExhausted,
    errors.CouponUsedUp,
    errors.CouponMinimumSpend,
    errors.CouponNotApplicable,
]


def _respond(contents: CartSummary) -> Response:
    return Response(serializers.Cart.show(contents))


class CartDetail(ShopperView):
    @operation(
        query=QuoteCart,
        headers=CartHeaders,
        response=serializers.Cart,
        id="getCart",
        tag="cart",
        summary="The cart, with its quote",
    )
    def get(
        self, request: Request, *, query: CartQuote, headers: CartHeader
    ) -> Response:
        customer = identify(request, headers)
        return _respond(selectors.get_cart(customer=customer, wish=query.wish))

    @operation(
        headers=CartHeaders,
        response=serializers.Cart,
        id="clearCart",
        tag="cart",
        summary="Empty the cart",
    )
    def delete(self, request: Request, *, headers: CartHeader) -> Response:
        return _respond(carts.clear_cart(customer=identify(request, headers)))


class CartItemList(ShopperView):
    @operation(
        body=schemas.AddToCart,
        headers=CartHeaders,
        response=serializers.Cart,
        errors=[
            errors.VariantNotOnSale,
            errors.QuantityLimit,
            errors.CartFull,
            errors.GiftCardsAlone,
            OutOfStock,
        ],
        id="addToCart",
        tag="cart",
        summary="Put pieces into the cart; a guest's first gets a token",
    )
    def post(
        self, request: Request, *, body: schemas.CartAddition, headers: CartHeader
    ) -> Response:
        return _respond(
            carts.add_to_cart(body, customer=identify(request, headers))
        )


class CartItemDetail(ShopperView):
    @operation(
        body=schemas.ChangeCartLine,
        headers=CartHeaders,
        response=serializers.Cart,
        errors=[
            NotFound,
            errors.OtherProduct,
            errors.VariantNotOnSale,
            errors.QuantityLimit,
            OutOfStock,
        ],
        id="changeCartItem",
        tag="cart",
        summary="Change how many, or which variant of the product",
    )
    def patch(
        self,
        request: Request,
        *,
        line_id: UUID,
        body: schemas.CartLineChange,
        headers: CartHeader,
    ) -> Response:
        return _respond(
            carts.change_cart_line(
                body, customer=identify(request, headers), line_id=line_id
            )
        )

    @operation(
        headers=CartHeaders,
        response=serializers.Cart,
        errors=[NotFound],
        id="removeCartItem",
        tag="cart",
        summary="Take a line out of the cart",
    )
    def delete(
        self, request: Request, *, line_id: UUID, headers: CartHeader
    ) -> Response:
        return _respond(
            carts.remove_cart_line(
                customer=identify(request, headers), line_id=line_id
            )
        )


class CartCouponDetail(ShopperView):
    @operation(
        body=schemas.PutCoupon,
        headers=CartHeaders,
        response=serializers.Cart,
        errors=COUPON_ERRORS,
        id="putCoupon",
        tag="cart",
        summary="Let the quote count on a coupon",
    )
    def put(
        self, request: Request, *, body: schemas.CouponChoice, headers: CartHeader
    ) -> Response:
        return _respond(
            carts.put_coupons([body.code], customer=identify(request, headers))
        )

    @operation(
        headers=CartHeaders,
        response=serializers.Cart,
        id="removeCoupon",
        tag="cart",
        summary="Take the coupon off the cart",
    )
    def delete(self, request: Request, *, headers: CartHeader) -> Response:
        return _respond(carts.remove_coupon(customer=identify(request, headers)))


class CartCouponList(ShopperView):
    @operation(
        body=schemas.PutCoupons,
        headers=CartHeaders,
        response=serializers.Cart,
        errors=COUPON_ERRORS,
        id="putCoupons",
        tag="cart",
        summary="Let the quote count on these coupons, and no others",
    )
    def put(
        self, request: Request, *, body: schemas.CouponChoices, headers: CartHeader
    ) -> Response:
        return _respond(
            carts.put_coupons(body.codes, customer=identify(request, headers))
        )


class CartGiftCardList(ShopperView):
    @operation(
        body=schemas.NameGiftCard,
        headers=CartHeaders,
        response=serializers.Cart,
        errors=[
            errors.GiftCardUnknown,
            errors.GiftCardUnusable,
            errors.TooManyGiftCards,
        ],
        id="addGiftCard",
        tag="cart",
        summary="Pay with a gift card, as far as it goes",
    )
    def post(
        self, request: Request, *, body: schemas.GiftCardChoice, headers: CartHeader
    ) -> Response:
        return _respond(
            carts.add_gift_card(body.code, customer=identify(request, headers))
        )


class CartGiftCardDetail(ShopperView):
    @operation(
        headers=CartHeaders,
        response=serializers.Cart,
        errors=[NotFound],
        id="removeGiftCard",
        tag="cart",
        summary="Do not pay with this gift card",
    )
    def delete(
        self, request: Request, *, card_id: UUID, headers: CartHeader
    ) -> Response:
        return _respond(
            carts.remove_gift_card(card_id, customer=identify(request, headers))
        )


class CartStoreCredit(ShopperView):
    @operation(
        body=schemas.UseStoreCredit,
        headers=CartHeaders,
        response=serializers.Cart,
        id="useStoreCredit",
        tag="cart",
        summary="Pay with one's store credit, or not",
    )
    def put(
        self,
        request: Request,
        *,
        body: schemas.StoreCreditChoice,
        headers: CartHeader,
    ) -> Response:
        return _respond(
            carts.use_store_credit(body.use, customer=identify(request, headers))
        )
