"""The lines of a cart: read with what they cost now, and written, by SQL that each connection
plans once. Every call about a cart waits for it.
"""

import functools
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.utils import timezone

from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.db.sql import (
    Query,
    Row,
    execute_prepared,
    fetch_together,
)
from orders.cart_lookup import CartOwner, owner_of, query_cart
from orders.customer_identity import Customer
from orders.models import Cart
from orders.promotion_terms import ANY_PROMOTION
from products.models import InventoryPolicy
from products.selectors import offers
from products.selectors.offers import Offer, ProductChoices


@dataclass(frozen=True)
class CartItem:
    """A line with what it is, and what it costs now."""

    id: UUID
    offer: Offer
    quantity: int
    price_at_add: Decimal
    choices: ProductChoices | None = None
    """What a shopper sees of its product besides; None where nobody looks."""

    @property
    def price_changed(self) -> bool:
        return self.price_at_add != self.offer.price

    @property
    def available(self) -> bool:
        """Whether all of its pieces can be bought now."""
        return self.offer.on_sale and self.quantity <= self.offer.sellable

    @property
    def count_in_stock(self) -> int:
        """Pieces that are there; where the offer may be sold without, more can be bought."""
        return self.offer.count_in_stock if self.offer.on_sale else 0

    @property
    def on_back_order(self) -> int:
        """How many of its pieces can be bought, but are not there yet."""
        if self.offer.inventory_policy != InventoryPolicy.CONTINUE:
            return 0
        return max(0, self.quantity - self.count_in_stock)

    @property
    def line_total(self) -> Decimal:
        """What its pieces cost, before any discount."""
        return self.offer.price * self.quantity


# The cart's id is what is found by its owner's condition (`CartOwner`). Whether any promotion
# applies by itself is read here and not with the cart, whose statement may wait for a lock.
_LINES: Final = f"""
    SELECT line.id, line.quantity::bigint, line.price_at_add::numeric, offer.*,
        {ANY_PROMOTION} AS any_promotion
    FROM orders_cartline AS line JOIN ({offers.OFFERS}) AS offer USING (variant_id)
    WHERE line.cart_id = (SELECT id FROM orders_cart AS cart WHERE {{owner}})
    ORDER BY line.created_at, line.id
"""  # noqa: S608 (constants)
# As a shopper sees them; last a variant that is not among them, where one is asked for.
_SHOWN: Final = f"""
    WITH own AS MATERIALIZED (
        SELECT id, variant_id, quantity, price_at_add, created_at FROM orders_cartline
        WHERE cart_id = (SELECT id FROM orders_cart AS cart WHERE {{owner}})
    )
    SELECT line.id, line.quantity::bigint, line.price_at_add::numeric, offer.*,
        shown.brand, shown.category_slug, shown.category_name, shown.choices,
        {ANY_PROMOTION} AS any_promotion
    FROM (
        SELECT * FROM own
        UNION ALL SELECT NULL, %(variant)s::uuid, NULL, NULL, NULL
            WHERE NOT EXISTS (SELECT FROM own WHERE variant_id = %(variant)s::uuid)
    ) AS line JOIN ({offers.OFFERS}) AS offer USING (variant_id)
    JOIN ({offers.CHOICES}) AS shown USING (product_id)
    ORDER BY line.created_at NULLS LAST, line.id
"""  # noqa: S608 (constants)


@dataclass(frozen=True)
class FoundCart:
    """A shopper's cart with its lines; `asked` is the line of the variant that was asked for: where
    the cart has none one of no pieces, which is not stored; None where there is no such variant.
    """

    cart: Cart
    items: list[CartItem]
    asked: CartItem | None = None


class _Lines(NamedTuple):
    """What is read of a cart's lines; whether any promotion applies only where there are rows."""

    items: list[CartItem]
    asked: CartItem | None
    any_promotion: bool | None

    def with_cart(self, cart: Cart) -> FoundCart:
        """Return them with their cart, which knows from now on whether any promotion applies."""
        if self.any_promotion is not None:
            vars(cart)["any_promotion"] = self.any_promotion
        return FoundCart(cart, self.items, self.asked)


def load_items(cart: Cart) -> list[CartItem]:
    """Return the cart's lines in the order they were added, with their offers: one query."""
    owner = CartOwner("cart.id = %(owner)s::uuid", cart.pk)
    return _query_items(owner).fetch().with_cart(cart).items


def load_customer_items(customer: Customer) -> list[CartItem]:
    """Return the lines of the shopper's cart, as `load_items` does; none if there is no cart."""
    owner = owner_of(customer)
    return _query_items(owner).fetch().items if owner else []


def lock_with_items(customer: Customer) -> FoundCart | None:
    """Return the shopper's cart as `find_cart` does, and its lines as `load_items` does, as they
    are once it is locked: two queries that are sent at once. Locks: the cart.
    """
    owner = owner_of(customer)
    if owner is None:
        return None
    cart, lines = fetch_together(query_cart(owner, lock=True), _query_items(owner))
    return lines.with_cart(cart) if cart else None


def load_shown_items(cart: Cart) -> list[CartItem]:
    """Return the cart's lines as `load_items` does, each with what a shopper sees of its product
    besides: one query.
    """
    return load_shown(cart).items


def load_shown(cart: Cart, variant_id: UUID | None = None) -> FoundCart:
    """Return the cart with its lines as `load_shown_items` does, and the line of this variant: one
    query.
    """
    owner = CartOwner("cart.id = %(owner)s::uuid", cart.pk)
    return _query_shown(owner, variant_id).fetch().with_cart(cart)


def find_shown(
    customer: Customer, variant_id: UUID | None = None, *, lock: bool = False
) -> FoundCart | None:
    """Return the shopper's cart as `find_cart` does, and what `load_shown` does of it: two queries
    that are sent at once. Locks: the cart, if so asked; the lines are read after that.
    """
    owner = owner_of(customer)
    if owner is None:
        return None
    cart, lines = fetch_together(
        query_cart(owner, lock=lock), _query_shown(owner, variant_id)
    )
    return lines.with_cart(cart) if cart else None


@functools.cache
def _format_sql(sql: str, condition: str) -> str:
    return sql.format(owner=condition)


def _query_items(owner: CartOwner) -> Query[_Lines]:
    def read(rows: list[Row]) -> _Lines:
        return _Lines([_item_from_row(row) for row in rows], None, _read_any(rows))

    sql = _format_sql(_LINES, owner.condition)
    return Query(sql, {"owner": owner.value}, read)


def _query_shown(owner: CartOwner, variant_id: UUID | None) -> Query[_Lines]:
    def read(rows: list[Row]) -> _Lines:
        items = [_shown_item_from_row(row) for row in rows if row["id"] is not None]
        if rows and rows[-1]["id"] is None:
            unsaved = {"id": uuid7(), "quantity": 0, "price_at_add": Decimal(0)}
            own = [_shown_item_from_row(rows[-1] | unsaved)]
        else:
            own = [item for item in items if item.offer.variant_id == variant_id]
        return _Lines(items, own[0] if own else None, _read_any(rows))

    params = {"owner": owner.value, "variant": variant_id}
    return Query(_format_sql(_SHOWN, owner.condition), params, read)


def _read_any(rows: list[Row]) -> bool | None:
    return rows[0]["any_promotion"] if rows else None


def _item_from_row(row: Row, choices: ProductChoices | None = None) -> CartItem:
    return CartItem(
        row["id"],
        offers.offer_from_row(row),
        row["quantity"],
        row["price_at_add"],
        choices,
    )


def _shown_item_from_row(row: Row) -> CartItem:
    return _item_from_row(row, offers.choices_from_row(row))


# --- Writing -------------------------------------------------------------------------------------
_PUT: Final = """
    WITH used AS (UPDATE orders_cart SET updated_at = %(now)s WHERE id = %(cart)s::uuid)
    INSERT INTO orders_cartline
        (id, updated_at, cart_id, variant_id, quantity, price_at_add)
    VALUES (%(id)s::uuid, %(now)s, %(cart)s::uuid, %(variant)s::uuid, %(quantity)s, %(price)s)
    ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = excluded.quantity,
        price_at_add = excluded.price_at_add, updated_at = excluded.updated_at
"""
_REMOVE: Final = """
    WITH gone AS (DELETE FROM orders_cartline WHERE id = %(id)s::uuid)
    UPDATE orders_cart SET updated_at = %(now)s WHERE id = %(cart)s::uuid
"""
_SAVE_CART: Final = """
    UPDATE orders_cart SET coupon_codes = %(codes)s::varchar(32)[],
        gift_card_ids = %(cards)s::uuid[], use_store_credit = %(credit)s, updated_at = %(now)s
    WHERE id = %(cart)s::uuid
"""


def query_put_line(cart: Cart, item: CartItem) -> Query[object]:
    """Return what writes a line's pieces and price, and notes that the cart is in use. The caller
    has locked the cart, and looked whether it has the line.
    """
    params = {
        "cart": cart.pk,
        "id": item.id,
        "variant": item.offer.variant_id,
        "quantity": item.quantity,
        "price": item.price_at_add,
        "now": timezone.now(),
    }
    return Query(_PUT, params, len)


def query_remove_line(cart: Cart, item: CartItem) -> Query[object]:
    """Return what takes a line out of the cart, which the caller has locked, and notes that the
    cart is in use.
    """
    params = {"cart": cart.pk, "id": item.id, "now": timezone.now()}
    return Query(_REMOVE, params, len)


@transactions.requires_transaction
def save_cart(cart: Cart) -> None:
    """Write what stands in the cart besides its lines, and note that it is in use. The caller has
    locked it. One statement.
    """
    params: dict[str, Any] = {
        "cart": cart.pk,
        "codes": cart.coupon_codes,
        "cards": cart.gift_card_ids,
        "credit": cart.use_store_credit,
        "now": timezone.now(),
    }
    execute_prepared(_SAVE_CART, params)
