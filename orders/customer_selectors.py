"""What a storefront asks of a signed-in customer first, in one answer."""

from dataclasses import dataclass
from uuid import UUID

from accounts import selectors as accounts
from accounts.models import Address, User
from orders import cart_summary
from orders.cart_lookup import find_cart
from orders.cart_summary import CartSummary
from orders.customer_identity import Customer


@dataclass(frozen=True)
class CustomerOverview:
    """A customer with what is theirs. `wishlist_ids` are products, the last added first."""

    user: User
    addresses: list[Address]
    cart: CartSummary
    wishlist_ids: list[UUID]


def get_overview(*, user: User) -> CustomerOverview:
    """Return the customer's profile, address book, cart and wishlist: four queries, seven where
    the cart has lines.
    """
    cart = find_cart(Customer(user=user))
    return CustomerOverview(
        user=user,
        addresses=accounts.list_addresses(customer=user),
        cart=cart_summary.summarize_cart(cart, token=None),
        wishlist_ids=accounts.list_wishlist_ids(customer=user),
    )
