"""Users, their sessions, addresses and wishlists."""

from accounts.models.address import Address, AddressFields
from accounts.models.session import (
    AuthEvent,
    MailToken,
    Purpose,
    Revoked,
    Session,
    Transport,
)
from accounts.models.user import Role, Sex, User
from accounts.models.wishlist import WishlistItem

__all__ = [
    "Address",
    "AddressFields",
    "AuthEvent",
    "MailToken",
    "Purpose",
    "Revoked",
    "Role",
    "Session",
    "Sex",
    "Transport",
    "User",
    "WishlistItem",
]
