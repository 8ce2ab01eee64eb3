"""For whom and where to a quote is: what taxes ask about a buyer."""

from django.conf import settings

from accounts import tax_ids
from accounts.schemas import PostalAddress
from accounts.state_codes import find_gst_state, find_state_code
from orders.models import Cart, ConfirmedTaxId
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


def find_cart_buyer(cart: Cart | None) -> Buyer:
    """Return for whom a cart is quoted while nothing is known: the customer's default address,
    else somebody in the shop's own country. No query: `carts.find` has read it.
    """
    country = getattr(cart, "ships_to_country", None)
    if country:
        return Buyer(Place(country, getattr(cart, "ships_to_state", "") or ""))
    return Buyer(Place(settings.SHOP_COUNTRY))
