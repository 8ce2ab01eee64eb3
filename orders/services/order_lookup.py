"""An order is found by its number and the address of its mails, by somebody without an account."""

import secrets
from dataclasses import dataclass
from uuid import UUID

from markrin.api import client_address, rate_limits
from markrin.api.errors import NotFound
from markrin.api.rate_limits import Limit
from orders import order_links
from orders.models import Order
from orders.schemas import OrderLookup


@dataclass(frozen=True)
class FoundOrder:
    """An order, and the token that opens it for a day."""

    id: UUID
    number: str
    order_token: str


def look_up_order(lookup: OrderLookup, *, address: str | None) -> FoundOrder:
    """Return the order of this number and e-mail address. A wrong number and a wrong address are
    answered alike, and each try is counted, of the network and of the number.

    Raises:
        NotFound: there is no such order, or its mails go to another address.
        RateLimited: too many tries.
    """
    number = lookup.number.strip().upper()
    network = client_address.network_of(address)
    rate_limits.enforce_limit(Limit.named("order_lookup_network"), network)
    rate_limits.enforce_limit(Limit.named("order_lookup_number"), number)
    order = Order.objects.select_related("user").filter(number=number).first()
    known = _address_of(order) if order is not None else ""
    given = lookup.email.strip().lower()
    if not secrets.compare_digest(known.encode(), given.encode()) or order is None:
        raise NotFound
    return FoundOrder(order.pk, order.number, order_links.sign_lookup(order))


def _address_of(order: Order) -> str:
    """Return where the order's mails go: to the account's address, or the guest's."""
    user = order.user
    return (user.email if user is not None else order.email).lower()
