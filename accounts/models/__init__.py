"""Users, their sessions, addresses and wishlists."""

from accounts.models.address import Address, AddressFields
from accounts.models.api_key import ApiKey
from accounts.models.customer_group import CustomerGroup
from accounts.models.session import (
    AuthEvent,
    MailToken,
    RevokedReason,
    Session,
    TokenPurpose,
    Transport,
)
from accounts.models.user import Gender, Role, User
from accounts.models.wishlist import WishlistItem

__all__ = [
    "Address",
    "AddressFields",
    "ApiKey",
    "AuthEvent",
    "CustomerGroup",
    "Gender",
    "MailToken",
    "RevokedReason",
    "Role",
    "Session",
    "TokenPurpose",
    "Transport",
    "User",
    "WishlistItem",
]
