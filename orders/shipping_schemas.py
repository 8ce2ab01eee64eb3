"""What may come in about shipping: where to, and by which method."""

from dataclasses import dataclass
from uuid import UUID

import marshmallow as ma
from django.conf import settings

from accounts import postal_codes
from accounts.schemas import Country
from accounts.state_codes import find_state_code
from markrin.api import fields
from markrin.api.schemas import Loaded, QuerySchema
from orders.cart_summary import CartWish
from orders.models.order_status import PaymentMethod
from orders.pricing.shipping import Destination
from orders.shipping_choice import ShippingWish


@dataclass(frozen=True, kw_only=True)
class ShippingPlace:
    """Where to, as far as it is known. The postal code is in its country's form."""

    country: str | None = None
    state: str = ""
    postal_code: str = ""

    @property
    def destination(self) -> Destination | None:
        """The place, None where nothing is known of it; certain where its postal code is
        known, or its country has none.
        """
        if not (self.country or self.state or self.postal_code):
            return None
        country = self.country or settings.SHOP_COUNTRY
        known = postal_codes.normalize_postal_code(country, self.postal_code)
        state = find_state_code(
            country,
            state_code=self.state,
            state=self.state,
            postal_code=self.postal_code,
        )
        return Destination(country, state, self.postal_code, known is not None)


class PlaceQuery(QuerySchema[ShippingPlace]):
    """Where to: a country (else the shop's own), a state by code or name, a postal code."""

    country = fields.Enum(Country)
    state = fields.Text(max=80)
    postal_code = fields.Text(max=postal_codes.MAX_POSTAL_CODE_LENGTH)

    @ma.validates_schema
    def _check_postal_code(self, data: Loaded, **kwargs: object) -> None:
        country, code = _find_country(data), data.get("postal_code")
        if code and postal_codes.normalize_postal_code(country, code) is None:
            message = postal_codes.describe_postal_code(country)
            raise fields.refuse("postal_code", message, "postal_code")

    @ma.post_load
    def _normalize(self, data: Loaded, **kwargs: object) -> Loaded:
        found = dict(data)
        if "country" in data:
            found["country"] = data["country"].value
        if code := data.get("postal_code"):
            country = _find_country(data)
            found["postal_code"] = postal_codes.normalize_postal_code(country, code)
        return found


def _find_country(data: Loaded) -> str:
    country = data.get("country")
    return str(country.value) if country else settings.SHOP_COUNTRY


@dataclass(frozen=True, kw_only=True)
class CartQuote(ShippingPlace):
    """How a cart is to be quoted."""

    shipping_method_id: UUID | None = None
    payment_method: PaymentMethod | None = None

    @property
    def wish(self) -> CartWish:
        """What the quote takes."""
        pays_cash = self.payment_method == PaymentMethod.COD
        return CartWish(
            self.destination, ShippingWish(self.shipping_method_id, pays_cash)
        )


class QuoteCart(PlaceQuery, QuerySchema[CartQuote]):
    """Where to, by which method and how it is paid: the quote is reckoned for this, where it
    can be had; else for the cheapest method.
    """

    shipping_method_id = fields.Uuid()
    payment_method = fields.Enum(PaymentMethod)
