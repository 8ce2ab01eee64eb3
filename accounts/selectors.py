"""Reads of accounts: a function for each answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from accounts.models import Address, ApiKey, Role, Session, User, WishlistItem
from accounts.schemas import UserFilter
from markrin.api.pagination import CursorPage, Page, fetch_page
from markrin.api.schemas import PageParams
from products.models import ProductStatus
from products.selectors import summaries

NEWEST_FIRST = ("-created_at", "-id")
MAX_API_KEYS = 500  # that are shown


def list_sessions(*, current: Session) -> list[Session]:
    """Return the user's live sessions, the last used first; `current` is marked."""
    live = Session.objects.filter(
        user_id=current.user_id, auth_epoch=current.user.auth_epoch
    ).live(timezone.now())
    sessions = list(live.order_by("-last_seen_at", "-id"))
    for session in sessions:
        # for the serializer
        session.current = session.pk == current.pk  # type: ignore[attr-defined]
    return sessions


def list_addresses(*, customer: User) -> list[Address]:
    """Return the address book, the default first and then the newest."""
    return list(
        Address.objects.for_customer(customer).order_by(
            "-is_default", *NEWEST_FIRST
        )
    )


@dataclass(frozen=True)
class WishlistEntry:
    """A product on a wishlist, as its card, and since when."""

    product: dict[str, object]
    added_at: datetime


def list_wishlist(
    params: PageParams, *, customer: User
) -> Page[WishlistEntry] | CursorPage[WishlistEntry]:
    """Return the products on the list that are on sale, the last added first."""
    items = WishlistItem.objects.filter(
        user=customer, product__status=ProductStatus.PUBLISHED
    )
    page = fetch_page(
        items,
        order=NEWEST_FIRST,
        page=params.page,
        limit=params.limit,
        cursor=params.cursor,
    )
    cards = {
        card["id"]: card
        for card in summaries.get_summaries(
            [item.product_id for item in page.items]
        )
    }
    entries = [
        WishlistEntry(cards[item.product_id], item.created_at)
        for item in page.items
        if item.product_id in cards
    ]
    return page.with_items(entries)


def list_wishlist_ids(*, customer: User) -> list[UUID]:
    """Return the products on the list that are on sale, the last added first. There are at most
    MAX_WISHLIST_ITEMS of them.
    """
    items = WishlistItem.objects.filter(
        user=customer, product__status=ProductStatus.PUBLISHED
    )
    return list(items.order_by(*NEWEST_FIRST).values_list("product_id", flat=True))


def list_users(filters: UserFilter, *, by: User) -> Page[User] | CursorPage[User]:
    """Return users, the newest first: all for an admin, and customers for other staff.

    Each word of `search` is found in e-mail, name or last name, whatever its case.
    """
    users = User.objects.prefetch_related("groups")
    if by.role != Role.ADMIN:
        users = users.filter(role=Role.CUSTOMER)
    if filters.role is not None:
        users = users.filter(role=filters.role)
    if filters.active is not None:
        users = users.filter(is_active=filters.active)
    for word in filters.search.split():
        users = users.filter(
            Q(email__icontains=word)
            | Q(name__icontains=word)
            | Q(last_name__icontains=word)
        )
    page = fetch_page(
        users,
        order=NEWEST_FIRST,
        page=filters.page,
        limit=filters.limit,
        cursor=filters.cursor,
    )
    for user in page.items:
        user.for_admin = by.role == Role.ADMIN  # type: ignore[attr-defined]  # for the serializer
    return page


def get_user(*, user_id: UUID) -> User:
    """Return a user with the groups, as an admin sees it."""
    user = User.objects.prefetch_related("groups").get(pk=user_id)
    user.for_admin = True  # type: ignore[attr-defined]  # for the serializer
    return user


def list_api_keys() -> list[ApiKey]:
    """Return every key with its groups, the newest first; revoked ones too. Two queries."""
    keys = ApiKey.objects.select_related("user").prefetch_related("user__groups")
    return list(keys.order_by("-id")[:MAX_API_KEYS])
