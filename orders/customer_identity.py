"""Who is shopping: a signed-in customer, or a guest who holds a token."""

import hashlib
import secrets
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import translation
from rest_framework.request import Request

from markrin.api import client_address
from markrin.api.schemas import CartHeader
from orders import order_links
from orders.models import Order
from orders.schemas import OrderHeader, ShopperHeaders

if TYPE_CHECKING:
    from accounts.models import User


@dataclass(frozen=True)
class Customer:
    """A customer, or a guest. A customer's token opens no cart: signing in has merged what it
    stood for. It still opens the orders that were made with it.
    """

    user: "User | None" = None
    token: str | None = None
    order_token: str | None = None  # of the link in an order's mails
    held_token: str | None = None  # a guest's, of somebody who has signed in since
    language: str = ""  # that of the account, or that the client asks for
    address: str | None = (
        None  # of the client, by which a guest's orders are limited
    )
    # Who of the staff takes the order by telephone, and the cart that it is dictated into.
    staff: "User | None" = None
    cart_id: UUID | None = None

    @cached_property
    def token_hash(self) -> bytes | None:
        """The SHA-256 of a guest's token: what the database keeps of it."""
        return hash_token(self.token) if self.user is None and self.token else None

    @property
    def actor(self) -> str:
        """The word in an order's history for who places it."""
        if self.staff is not None:
            return "staff"
        return "customer" if self.user else "guest"

    @property
    def scope(self) -> str:
        """What an idempotency key of theirs is unique within."""
        if self.staff is not None:
            return f"staff:{self.staff.pk}"
        if self.user:
            return f"user:{self.user.pk}"
        if self.token_hash is None and self.order_token:
            return f"link:{hash_token(self.order_token).hex()}"
        return f"guest:{(self.token_hash or b'').hex()}"

    def owns(self, order: Order) -> bool:
        """Return whether the order is theirs: of their account, made with the token that they
        hold, or opened by the link in its mails. Signing in takes none of these away.
        """
        if self.user is not None and order.user_id == self.user.pk:
            return True
        held, needed = self.token or self.held_token, order.guest_token_hash
        if (
            held
            and needed is not None
            and secrets.compare_digest(hash_token(held), bytes(needed))
        ):
            return True
        return order_links.opens(self.order_token, order)


def identify(
    request: Request,
    headers: CartHeader | OrderHeader | ShopperHeaders | None = None,
) -> Customer:
    """Return who sent the request; a guest is known by the token in `headers`."""
    language = translation.get_language_from_request(request._request)
    address = client_address.get_client_address(request._request)
    token = headers.x_cart_token if headers else None
    link = headers.x_order_token if isinstance(headers, _WITH_LINK) else None
    if request.user.is_authenticated:
        return Customer(
            user=request.user,
            held_token=token,
            order_token=link,
            language=request.user.language or language,
            address=address,
        )
    return Customer(
        token=token, order_token=link, language=language, address=address
    )


_WITH_LINK = (OrderHeader, ShopperHeaders)


def new_token() -> str:
    """Return a token of 256 random bits, in 43 characters."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """Return the token's SHA-256. A random token of this length needs no slow hash."""
    return hashlib.sha256(token.encode()).digest()
