"""Limits on orders that nobody may mean: a guest's, and one to be paid at the door or later.

Such an order holds stock and sends a mail, and costs its sender nothing. So it is counted
by all that the sender cannot make up at will: network, e-mail address, telephone; in
orders, in pieces, and in pieces of one variant."""

from collections.abc import Mapping
from uuid import UUID

from markrin.api import client_address, rate_limits
from markrin.api.rate_limits import Limit


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
        markrin.api.errors.RateLimited: that is more than one sender may order for now.
    """
    if account is not None:
        rate_limits.enforce_limit(Limit.named("order_account"), str(account))
        return
    senders = {
        "email": email.lower(),
        "phone": phone,
        "network": client_address.network_of(address),
    }
    for kind, sender in senders.items():
        rate_limits.enforce_limit(Limit.named(f"order_{kind}"), sender)
        total = sum(pieces.values())
        rate_limits.enforce_limit(
            Limit.named(f"order_pieces_{kind}"), sender, amount=total
        )
        for variant_id, count in pieces.items():
            key = (kind, sender, str(variant_id))
            rate_limits.enforce_limit(
                Limit.named("order_variant_network"), *key, amount=count
            )
