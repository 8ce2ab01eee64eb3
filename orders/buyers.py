"""For whom and where to a quote is: what taxes ask about a buyer."""

from django.conf import settings

from accounts import tax_ids
from accounts.schemas import PostalAddress
from accounts.state_codes import find_gst_state, find_state_code
from orders.models import Cart, ConfirmedTaxId
from orders.pricing.shipping import Destination
from orders.pricing.tax import INDIA, Buyer, Place


def find_buyer(address: PostalAddress, tax_id: str = "") -> Buyer:
    """Return who buys: where the goods go, and of a business where its number is registered.

    One query where there is a number: whether staff have confirmed it.
    """
    place = Place(
        address.country,
        find_state_code(
            address.country,
            state_code=address.state_code,
            state=address.state,
            postal_code=address.postal_code,
        ),
    )
    if not tax_id:
        return Buyer(place)
    country = tax_ids.find_tax_country(tax_id)
    state = find_gst_state(tax_id) if country == INDIA else ""
    confirmed = ConfirmedTaxId.objects.filter(tax_id=tax_id).exists()
    return Buyer(place, Place(country, state), confirmed)


def find_destination(address: PostalAddress, buyer: Buyer) -> Destination:
    """Return where an order goes, as shipping asks."""
    place = buyer.ships_to
    return Destination(place.country, place.state, address.postal_code, True)


def find_cart_destination(cart: Cart | None) -> Destination:
    """Return where a cart goes while nothing is known: to the customer's default address, else
    somewhere in the shop's own country. No query.
    """
    place = find_cart_buyer(cart).ships_to
    postal_code = getattr(cart, "ships_to_postal_code", None) or ""
    return Destination(place.country, place.state, postal_code, bool(postal_code))


def find_cart_buyer(cart: Cart | None) -> Buyer:
    """Return for whom a cart is quoted while nothing is known: the customer's default address,
    else somebody in the shop's own country. No query: `find_cart` has read it.
    """
    country = getattr(cart, "ships_to_country", None)
    if country:
        return Buyer(Place(country, getattr(cart, "ships_to_state", "") or ""))
    return Buyer(Place(settings.SHOP_COUNTRY))
