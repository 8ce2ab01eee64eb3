"""Limits on orders that nobody may mean: a guest's, and one to be paid at the door or later.

Such an order holds stock and sends a mail, and costs its sender nothing. So it is counted
by all that the sender cannot make up at will: network, e-mail address, telephone; in
orders, in pieces, and in pieces of one variant."""

from collections.abc import Iterator, Mapping
from uuid import UUID

from markrin.api import client_address, rate_limits
from markrin.api.errors import RateLimited
from markrin.api.rate_limits import Limit


class OrderLimitReached(RateLimited):
    """The 429 of an order; `limit` is the name of the limit, `sender` whom it counts."""

    limit: str
    sender: str
    pieces: int


def enforce_order_limits(
    pieces: Mapping[UUID, int],
    *,
    email: str,
    phone: str,
    address: str | None,
    account: UUID | None,
) -> None:
    """Count an order of so many pieces of each variant; `account` is the customer's who signed in.

    What is counted stays counted when the order is refused later.

    Raises:
        OrderLimitReached: that is more than one sender may order for now.
    """
    senders = {
        "email": email.lower(),
        "phone": phone,
        "network": client_address.network_of(address),
    }
    counted = (
        iter([("order_account", str(account), (str(account),), 1)])
        if account is not None
        else _list_counted(pieces, senders)
    )
    for limit, sender, key, amount in counted:
        wait = rate_limits.count_request(Limit.named(limit), *key, amount=amount)
        if wait is not None:
            refusal = OrderLimitReached(
                headers=rate_limits.rate_limited_error(wait).headers
            )
            refusal.limit, refusal.sender = limit, sender
            refusal.pieces = sum(pieces.values())
            raise refusal


def _list_counted(
    pieces: Mapping[UUID, int], senders: Mapping[str, str]
) -> Iterator[tuple[str, str, tuple[str, ...], int]]:
    """Yield what is counted: the limit, whom it counts, the counter's key, how many."""
    for kind, sender in senders.items():
        yield f"order_{kind}", sender, (sender,), 1
        yield f"order_pieces_{kind}", sender, (sender,), sum(pieces.values())
        for variant_id, count in pieces.items():
            key = (kind, sender, str(variant_id))
            yield "order_variant_network", sender, key, count
