"""Guesses at codes that are worth money are counted: of the network that they come from, and of
the customer who is signed in. The limits are named by the kind of code: `gift_card`, `coupon`.
"""

from collections.abc import Iterator

from markrin.api import client_address, rate_limits
from markrin.api.rate_limits import Limit
from orders.customer_identity import Customer


def count_tries(kind: str, amount: int, *, customer: Customer) -> None:
    """Count so many codes as wrong. That is done before they are looked up, so that many tries at
    once learn no more; who was right gets them back by `give_back_tries`.

    Raises:
        markrin.api.errors.RateLimited: too many codes were wrong.
    """
    if amount:
        for limit, key in _list_counted(kind, customer):
            rate_limits.enforce_limit(limit, key, amount=amount)


def give_back_tries(kind: str, amount: int, *, customer: Customer) -> None:
    """Count so many codes less: they are somebody's."""
    if amount:
        for limit, key in _list_counted(kind, customer):
            rate_limits.give_back(limit, key, amount=amount)


def _list_counted(kind: str, customer: Customer) -> Iterator[tuple[Limit, str]]:
    """Yield each limit with whom it counts. Staff on the telephone guess nothing."""
    if customer.staff is not None:
        return
    network = client_address.network_of(customer.address)
    yield Limit.named(f"{kind}_network"), network
    if customer.user is not None:
        yield Limit.named(f"{kind}_customer"), str(customer.user.pk)
