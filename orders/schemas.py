"""What may come in: carts and checkout, in shape and range. Whatever needs the database is
the services'.
"""

from typing import Any

import marshmallow as ma

from accounts.schemas import AddressSchema, PostalAddress
from markrin.api import fields
from markrin.api.schemas import (
    CartHeaders,
    HeaderSchema,
    IdempotencyHeaders,
    InputSchema,
    PageQuery,
    PatchSchema,
)
from orders.models.cart import MAX_PER_LINE
from orders.models.order import PaymentMethod

__all__ = ["CartHeaders", "IdempotencyHeaders", "ListOrders"]


class CouponCode(fields.Text):
    """A coupon's code, read without regard to case."""

    def __init__(self, **kw: Any) -> None:
        super().__init__(max=32, pattern=r"[A-Za-z0-9][A-Za-z0-9-]{0,31}", **kw)

    def _check(self, value: Any) -> str:
        return super()._check(value).upper()


class AddToCart(InputSchema):
    variant_id = fields.Uuid(required=True)
    quantity = fields.Int(min=1, max=MAX_PER_LINE, load_default=1)


class ChangeCartLine(PatchSchema):
    quantity = fields.Int(min=1, max=MAX_PER_LINE)
    variant_id = fields.Uuid()


class PutCoupon(InputSchema):
    code = CouponCode(required=True)


class ShopperHeaders(HeaderSchema):
    """The idempotency key, and a guest's token."""

    idempotency_key = fields.Token(max=255)
    x_cart_token = fields.Token(max=255)


class ShippingAddress(AddressSchema[PostalAddress]):
    """An address that is not kept in the address book."""


class PlaceOrder(InputSchema):
    """Where to: an entry of the address book, or an address. Guests give an e-mail address, too."""

    address_id = fields.Uuid()
    shipping_address = fields.Nested(ShippingAddress)
    payment_method = fields.Enum(PaymentMethod, required=True)
    expected_total = fields.Money()
    coupon_code = CouponCode()
    email = fields.Email()

    @ma.validates_schema
    def _one_address(self, data: dict[str, Any], **kwargs: Any) -> None:
        if ("address_id" in data) == ("shipping_address" in data):
            raise fields.refuse(
                "exclusive",
                "Give either `addressId` or `shippingAddress`.",
                "address_id",
            )


class CancelOrder(InputSchema):
    reason = fields.Text(max=200, min=0, load_default="")


class ListOrders(PageQuery):
    """A customer's own orders."""
