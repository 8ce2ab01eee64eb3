"""The people of the shop as staff see them. Importing a module registers its pages."""

from accounts.admin import sessions, users

__all__ = ["sessions", "users"]
