"""The signed token that opens one order: it stands in the link of each mail about the order, so
that whoever reads the mail needs no account.

    /orders/<id>#key=<token>        behind the #, so that no log and no other site sees it

A token names the order and the address that it was mailed to: after staff have corrected the
address, links to the wrong one open nothing. It is signed with SECRET_KEY; those of
SECRET_KEY_FALLBACKS are still taken, so that the key can be changed. It ends with the window of
returns; one from the look-up after a day.
"""

import hashlib
from typing import Final

from django.conf import settings
from django.core import signing
from django.utils import timezone

from orders.models import Order
from orders.return_window import link_ends_at

_LINK: Final = "orders.link"
_LOOKUP: Final = "orders.lookup"
LOOKUP_TTL_S: Final = 86_400


def sign_link(order: Order) -> str:
    """Return the token for the mails of an order."""
    return signing.Signer(salt=_salt(_LINK, order)).sign(_digest(order))


def sign_lookup(order: Order) -> str:
    """Return the token for somebody who has named the order's number and address."""
    return signing.TimestampSigner(salt=_salt(_LOOKUP, order)).sign(_digest(order))


def link_to(order: Order) -> str:
    """Return the address of the order's page, with the token behind its #."""
    return (
        f"{settings.SHOP_URL.rstrip('/')}/orders/{order.pk}#key={sign_link(order)}"
    )


def opens(token: str | None, order: Order) -> bool:
    """Return whether the token opens this order now. Up to four queries, where the order was not
    loaded with its parcels and returns.
    """
    if not token or not order.email:
        return False
    looked_up = signing.TimestampSigner(salt=_salt(_LOOKUP, order))
    if _unsign(looked_up, token, LOOKUP_TTL_S) == _digest(order):
        return True
    if _unsign(signing.Signer(salt=_salt(_LINK, order)), token) != _digest(order):
        return False
    until = link_ends_at(order)
    return until is None or timezone.now() < until


def _unsign(signer: signing.Signer, token: str, max_age: int | None = None) -> str:
    try:
        if isinstance(signer, signing.TimestampSigner):
            return signer.unsign(token, max_age=max_age)
        return signer.unsign(token)
    except signing.BadSignature:
        return ""


def _salt(kind: str, order: Order) -> str:
    """Return what makes the signature good for this order alone: its page's address names it."""
    return f"{kind}:{order.pk}"


def _digest(order: Order) -> str:
    return hashlib.sha256(order.email.encode()).hexdigest()[:12]
