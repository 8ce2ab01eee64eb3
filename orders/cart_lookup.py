"""The shopper's cart, found by SQL that each connection plans once: every call about a cart begins
with it.
"""

import functools
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple
from uuid import UUID

from django.conf import settings

from markrin.db import transactions
from markrin.db.sql import Query, Row, instance_from_row
from orders.customer_identity import Customer
from orders.models import Cart
from orders.models.gift_card import GiftCardKind
from orders.rule_versions import RULE_VERSIONS

Owner = Literal[
    "cart.id = %(owner)s::uuid",
    "cart.user_id = %(owner)s::uuid",
    "cart.token_hash = %(owner)s::bytea",
]
_BY_ID: Final[Owner] = "cart.id = %(owner)s::uuid"
_BY_USER: Final[Owner] = "cart.user_id = %(owner)s::uuid"
_BY_HASH: Final[Owner] = "cart.token_hash = %(owner)s::bytea"

# Beside its columns, what its quote asks for: the customer's e-mail address, where the default
# address is, the store credit that can be paid with, and the versions of the shop's rules. The
# casts keep a column's type when a migration widens it, as a prepared statement needs.
_QUOTE_PARTS: Final = f"""
    person.email::text AS owner_email, usual.country::text AS ships_to_country,
    usual.state_code::text AS ships_to_state, usual.postal_code::text AS ships_to_postal_code,
    (SELECT balance::numeric FROM orders_giftcard AS credit
        WHERE credit.user_id = cart.user_id AND credit.kind = '{GiftCardKind.STORE_CREDIT}'
        AND credit.currency = %(currency)s::text AND balance > 0 AND NOT is_blocked
        AND (expires_at IS NULL OR expires_at > statement_timestamp())) AS store_credit,
    {RULE_VERSIONS}
"""  # noqa: S608 (constants)
_CASTS: Final = {"coupon_codes": "text[]"}
_PARTS: Final = (
    "owner_email",
    "ships_to_country",
    "ships_to_state",
    "ships_to_postal_code",
    "store_credit",
    "tax_version",
    "shipping_version",
)


class CartOwner(NamedTuple):
    """By what a shopper's cart is found: a condition on `cart`, and the value in it."""

    condition: Owner
    value: UUID | bytes


def owner_of(customer: Customer) -> CartOwner | None:
    """Return by what the shopper's cart is found, or None where it cannot have one."""
    if customer.cart_id is not None:
        return CartOwner(_BY_ID, customer.cart_id)
    if customer.user is not None:
        return CartOwner(_BY_USER, customer.user.pk)
    if customer.token_hash is not None:
        return CartOwner(_BY_HASH, customer.token_hash)
    return None


def find_cart(customer: Customer, *, lock: bool = False) -> Cart | None:
    """Return the shopper's cart with what its quote asks for, or None: one query.

    Locks: its row, if so asked, within a transaction. Where there is one, the transaction's waits
    are limited then, as by `transactions.limit_waits`.
    """
    owner = owner_of(customer)
    return query_cart(owner, lock=lock).fetch() if owner else None


def lock_cart(cart_id: UUID) -> Cart | None:
    """Return the cart of this id as `find_cart` does. Locks: its row."""
    return query_cart(CartOwner(_BY_ID, cart_id), lock=True).fetch()


def query_cart(owner: CartOwner, *, lock: bool) -> Query[Cart | None]:
    """Return the query of `find_cart`."""
    params = {"owner": owner.value, "currency": settings.SHOP_CURRENCY}
    sql = _cart_sql(owner.condition, transactions.LIMITS_SQL if lock else None)
    return Query(sql, params, _read_cart)


def _read_cart(rows: Sequence[Row]) -> Cart | None:
    for row in rows:
        cart = instance_from_row(Cart, "cart", row)
        for part in _PARTS:
            setattr(cart, part, row[part])
        return cart
    return None


@functools.cache
def _cart_sql(owner: Owner, limits: str | None) -> str:
    """Return the SQL of a cart, its row locked where the SQL of the `limits` is given."""
    columns = ", ".join(
        f"cart.{name}::{_CASTS[name]} AS cart_{name}"
        if name in _CASTS
        else f"cart.{name} AS cart_{name}"
        for name in (field.column for field in Cart._meta.concrete_fields)
    )
    # Rows are locked after they have been joined: by then the limits hold, the lock's own, too.
    begin = f"WITH limits AS MATERIALIZED ({limits}) " if limits else ""
    return (
        f"{begin}SELECT {columns}, {_QUOTE_PARTS}"  # noqa: S608 (our own names)
        f" FROM {'limits CROSS JOIN ' if limits else ''}orders_cart AS cart"
        " LEFT JOIN accounts_user AS person ON person.id = cart.user_id"
        " LEFT JOIN accounts_address AS usual"
        " ON usual.user_id = cart.user_id AND usual.is_default"
        f" WHERE {owner}" + (" FOR NO KEY UPDATE OF cart" if limits else "")
    )
