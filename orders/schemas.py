"""What may come in: carts and checkout, in shape and range. Whatever needs the database is
the services'.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import marshmallow as ma
from django.conf import settings
from typing_extensions import Unpack

from accounts import tax_ids
from accounts.schemas import AddressSchema, PostalAddress
from markrin.api import fields
from markrin.api.fields.base import FieldOptions
from markrin.api.schemas import HeaderSchema, InputSchema, Loaded, PatchSchema
from markrin.api.unset import UNSET, Unset
from orders.codes import MAX_TYPED, normalize_code
from orders.models.cart import MAX_COUPONS, MAX_GIFT_CARDS, MAX_LINES, MAX_PER_LINE
from orders.models.order_status import PaymentMethod
from orders.models.promotion import CODE_FORMAT


class TypedCode(fields.Field[str]):
    """A code as people type and paste it: without regard to case, spaces, kinds of hyphens and
    letters that nobody sees.
    """

    regex = re.compile(CODE_FORMAT)
    message = "A code has letters, digits and hyphens, at most 32."

    def _check(self, value: object) -> str:
        if not isinstance(value, str):
            raise fields.refuse("type", "This must be a string.")
        code = normalize_code(value) if len(value) <= MAX_TYPED else ""
        if not self.regex.fullmatch(code):
            raise fields.refuse("format", self.message)
        return code

    def limits(self) -> fields.JSONSchema:
        return {
            "type": "string",
            "minLength": 1,
            "maxLength": MAX_TYPED,
            "pattern": r"^[^\u0000]*$",
        }


class CouponCode(TypedCode):
    """A coupon's code."""


class GiftCardCode(TypedCode):
    """A gift card's code; hyphens do not count."""


class ReturnUrl(fields.Text):
    """Where a shopper comes back to from the provider's page: an address of the shop's, or of an
    origin that may sign in (AUTH_ORIGINS).
    """

    def __init__(self, **kw: Unpack[FieldOptions]) -> None:
        super().__init__(max=500, **kw)

    def _check(self, value: object) -> str:
        text = str(super()._check(value))
        if not re.fullmatch(self._build_pattern(), text):
            raise fields.refuse(
                "origin", "This must be an address of the shop, without a fragment."
            )
        return text

    def limits(self) -> fields.JSONSchema:
        return {
            **super().limits(),
            "format": "uri",
            "pattern": f"^(?:{self._build_pattern()})$",
        }

    def _build_pattern(self) -> str:
        """Return the regular expression of all such addresses: an origin, then path and query
        if any, in visible ASCII. Source: RFC 3986 section 2.
        """
        origins = "|".join(_as_pattern(origin) for origin in settings.AUTH_ORIGINS)
        return f'(?:{origins})(?:[/?][!-"$-~]*)?'


def _as_pattern(text: str) -> str:
    """Return a regular expression of exactly this text, for Python and ECMAScript alike."""
    return re.sub(r"[^A-Za-z0-9:/_-]", lambda found: f"[{found[0]}]", text)


class TaxId(fields.Text):
    """A business buyer's tax number: a GSTIN, or a VAT number with its country. Spaces, dots and
    hyphens are left out; the check digit must fit.
    """

    def __init__(self, **kw: Unpack[FieldOptions]) -> None:
        super().__init__(max=32, **kw)

    def _check(self, value: object) -> str:
        number = tax_ids.normalize_tax_id(super()._check(value))
        if not tax_ids.is_tax_id(number):
            raise fields.refuse(
                "format",
                "This is no tax number: a GSTIN of 15 characters, or a VAT number with its"
                " country, such as DE136695976.",
            )
        return number


# --- Carts ---------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class CartAddition:
    """So many pieces of a variant, on top of what is in the cart."""

    variant_id: UUID
    quantity: int


class AddToCart(InputSchema[CartAddition]):
    variant_id = fields.Uuid(required=True)
    quantity = fields.Int(min=1, max=MAX_PER_LINE, load_default=1)


@dataclass(frozen=True, kw_only=True)
class CartLineChange:
    quantity: int | Unset = UNSET
    variant_id: UUID | Unset = UNSET


class ChangeCartLine(PatchSchema[CartLineChange]):
    quantity = fields.Int(min=1, max=MAX_PER_LINE)
    variant_id = fields.Uuid()


@dataclass(frozen=True, kw_only=True)
class CouponChoice:
    code: str


class PutCoupon(InputSchema[CouponChoice]):
    code = CouponCode(required=True)


@dataclass(frozen=True, kw_only=True)
class CouponChoices:
    codes: Sequence[str]


class PutCoupons(InputSchema[CouponChoices]):
    codes = fields.List(CouponCode(), max=MAX_COUPONS, unique=True, required=True)


# --- Gift cards ----------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class GiftCardChoice:
    code: str


class NameGiftCard(InputSchema[GiftCardChoice]):
    code = GiftCardCode(required=True)


@dataclass(frozen=True, kw_only=True)
class StoreCreditChoice:
    use: bool


class UseStoreCredit(InputSchema[StoreCreditChoice]):
    use = fields.Bool(required=True)


# --- Orders --------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class ShopperHeaders:
    """The idempotency key, and the token of a guest's cart."""

    idempotency_key: str | None = None
    x_cart_token: str | None = None
    x_order_token: str | None = None


@dataclass(frozen=True, kw_only=True)
class OrderHeader:
    """What opens a guest's order: the token of its cart, or that of the link in its mails."""

    x_cart_token: str | None = None
    x_order_token: str | None = None


class OrderHeaders(HeaderSchema[OrderHeader]):
    x_cart_token = fields.Token(max=255)
    x_order_token = fields.Token(max=255)


class CheckoutHeaders(HeaderSchema[ShopperHeaders]):
    idempotency_key = fields.Token(max=255)
    x_cart_token = fields.Token(max=255)
    x_order_token = fields.Token(max=255)


class ShippingAddress(AddressSchema[PostalAddress]):
    """An address that is not kept in the address book."""


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """How an order is to be paid and where it goes: one of the two addresses.

    `expected_total` is what the customer was shown, in shop currency, `expected_amount_due` what
    of it gift cards leave to be paid. `email` is a guest's. Without `gift_card_codes` and
    `use_store_credit` it is paid with those that the cart has.
    """

    address_id: UUID | None = None
    shipping_address: PostalAddress | None = None
    payment_method: PaymentMethod
    shipping_method_id: UUID | None = None  # else the cheapest
    expected_total: Decimal | None = None
    tax_id: str = ""
    coupon_code: str | None = None
    coupon_codes: Sequence[str] = ()
    gift_card_codes: Sequence[str] = ()
    use_store_credit: bool | None = None
    expected_amount_due: Decimal | None = None
    email: str | None = None
    return_url: str = ""

    @property
    def all_coupon_codes(self) -> list[str]:
        """Every code that was named, once."""
        first = [self.coupon_code] if self.coupon_code else []
        return list(dict.fromkeys([*first, *self.coupon_codes]))


class PlaceOrder(InputSchema[Checkout]):
    """Where to: an entry of the address book, or an address. Guests give an e-mail address, too."""

    address_id = fields.Uuid()
    shipping_address = fields.Nested(ShippingAddress)
    payment_method = fields.Enum(PaymentMethod, required=True)
    shipping_method_id = fields.Uuid()
    expected_total = fields.QuotedMoney()
    tax_id = TaxId()
    coupon_code = CouponCode()
    coupon_codes = fields.List(CouponCode(), max=MAX_COUPONS, unique=True)
    gift_card_codes = fields.List(GiftCardCode(), max=MAX_GIFT_CARDS, unique=True)
    use_store_credit = fields.Bool()
    expected_amount_due = fields.QuotedMoney()
    email = fields.Email()
    return_url = ReturnUrl()

    @ma.validates_schema
    def _check_one_address(self, data: dict[str, object], **kwargs: object) -> None:
        if ("address_id" in data) == ("shipping_address" in data):
            raise fields.refuse(
                "exclusive",
                "Give either `addressId` or `shippingAddress`.",
                "address_id",
            )


@dataclass(frozen=True, kw_only=True)
class OrderLookup:
    number: str
    email: str


class LookUpOrder(InputSchema[OrderLookup]):
    """As the mails say it: MK-2026-000123, and the address that they went to."""

    number = fields.Text(max=20, required=True)
    email = fields.Email(required=True)


# --- Returns -------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class ReturnPieces:
    """So many pieces of a line that go back: for money, or for another variant."""

    line_id: UUID
    quantity: int
    refund: bool = True  # not looked at where there is an exchange
    exchange_variant_id: UUID | None = None


class ReturnPiecesLine(InputSchema[ReturnPieces]):
    """`refund` and `exchangeVariantId` exclude each other; without either, money goes back."""

    line_id = fields.Uuid(required=True)
    quantity = fields.Int(min=1, max=MAX_PER_LINE, required=True)
    refund = fields.Bool()
    exchange_variant_id = fields.Uuid()

    @ma.validates_schema
    def _check_one_way(self, data: Loaded, **kwargs: object) -> None:
        if "refund" in data and data["refund"] == ("exchange_variant_id" in data):
            raise fields.refuse(
                "exclusive",
                "Give either `refund` or `exchangeVariantId`.",
                "exchange_variant_id",
            )


@dataclass(frozen=True, kw_only=True)
class ReturnAsked:
    """What a customer wants to send back, and why: in words of their own, or one of the reasons
    that a storefront offers (`too_small`, `too_large`, `damaged`, `wrong_item`, `not_as_shown`,
    `changed_mind`).
    """

    reason: str
    lines: list[ReturnPieces]


class RequestReturn(InputSchema[ReturnAsked]):
    reason = fields.Text(max=200, required=True)
    lines = fields.List(
        fields.Nested(ReturnPiecesLine), min=1, max=MAX_LINES, required=True
    )

    @ma.validates_schema
    def _check_once(self, data: Loaded, **kwargs: object) -> None:
        refuse_twins(data)


def refuse_twins(data: Loaded) -> None:
    """Refuse two entries for one line."""
    ids = [line.line_id for line in data.get("lines", ())]
    if len(ids) != len(set(ids)):
        raise fields.refuse("unique", "No line may be given twice.", "lines")


@dataclass(frozen=True, kw_only=True)
class Withdrawal:
    """The pieces that a customer withdraws from; `lines` None: all that have arrived."""

    lines: list[ReturnPieces] | None = None


class WithdrawFromOrder(InputSchema[Withdrawal]):
    lines = fields.List(fields.Nested(ReturnPiecesLine), min=1, max=MAX_LINES)

    @ma.validates_schema
    def _check_once(self, data: Loaded, **kwargs: object) -> None:
        refuse_twins(data)


@dataclass(frozen=True, kw_only=True)
class Cancellation:
    reason: str = ""


class CancelOrder(InputSchema[Cancellation]):
    reason = fields.Text(max=200, min=0, load_default="")
