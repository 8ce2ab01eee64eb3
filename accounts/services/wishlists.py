"""The wishlist."""

from __future__ import annotations

from uuid import UUID

from accounts import errors
from accounts.models import User, WishlistItem
from markrin.api.errors import NotFound
from markrin.db import transactions
from products.models import Product

MAX_WISHLIST_ITEMS = 500


@transactions.durable
def put_on_wishlist(*, customer: User, product_id: UUID) -> None:
    """Put a product on the list; one that is on it stays where it is.

    Locks: the user, so that the list cannot grow past its limit by calls side by side.

    Raises:
        NotFound: there is no such product on sale.
        errors.WishlistLimit: the list is full.
    """
    if not Product.objects.published().filter(pk=product_id).exists():
        raise NotFound
    User.objects.select_for_update(no_key=True).only("pk").get(pk=customer.pk)
    items = WishlistItem.objects.filter(user=customer)
    if items.filter(product_id=product_id).exists():
        return
    if items.count() >= MAX_WISHLIST_ITEMS:
        raise errors.WishlistLimit(
            f"A wishlist holds {MAX_WISHLIST_ITEMS} products."
        )
    WishlistItem.objects.create(user=customer, product_id=product_id)


def take_off_wishlist(*, customer: User, product_id: UUID) -> None:
    """Take a product off the list; one that is not on it makes no difference."""
    WishlistItem.objects.filter(user=customer, product_id=product_id).delete()


def clear_wishlist(*, customer: User) -> None:
    """Empty the list."""
    WishlistItem.objects.filter(user=customer).delete()
