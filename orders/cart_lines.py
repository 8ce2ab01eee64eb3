"""The lines of a cart: read with what they cost now, and written, by SQL that each connection
plans once. Every call about a cart waits for it.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.db.sql import Row, execute_prepared, fetch_prepared
from orders.customer_identity import Customer
from orders.models import Cart
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


_LINES: Final = f"""
    SELECT line.id, line.quantity::bigint, line.price_at_add::numeric, offer.*
    FROM orders_cartline AS line JOIN ({offers.OFFERS}) AS offer USING (variant_id)
    WHERE line.cart_id = {{cart}} ORDER BY line.created_at, line.id
"""  # noqa: S608 (constants)
_OF_CART: Final = _LINES.format(cart="%(cart)s")
_OF_SHOPPER: Final = _LINES.format(
    cart=(
        "(SELECT id FROM orders_cart WHERE user_id = %(user)s::uuid OR token_hash ="
        " %(token)s::bytea)"
    )
)
# As a shopper sees them; last a variant that is not among them, where one is asked for.
_SHOWN: Final = f"""
    SELECT line.id, line.quantity::bigint, line.price_at_add::numeric, offer.*,
        shown.brand, shown.category_slug, shown.category_name, shown.choices
    FROM (
        SELECT id, variant_id, quantity, price_at_add, created_at FROM orders_cartline
            WHERE cart_id = %(cart)s::uuid
        UNION ALL SELECT NULL, %(variant)s::uuid, NULL, NULL, NULL
            WHERE NOT EXISTS (SELECT FROM orders_cartline
                WHERE cart_id = %(cart)s::uuid AND variant_id = %(variant)s::uuid)
    ) AS line JOIN ({offers.OFFERS}) AS offer USING (variant_id)
    JOIN ({offers.CHOICES}) AS shown USING (product_id)
    ORDER BY line.created_at NULLS LAST, line.id
"""  # noqa: S608 (constants)


def load_items(cart: Cart) -> list[CartItem]:
    """Return the cart's lines in the order they were added, with their offers: one query."""
    return _fetch_items(_OF_CART, cart=cart.pk)


def load_customer_items(customer: Customer) -> list[CartItem]:
    """Return the lines of the shopper's cart, as `load_items` does; none if there is no cart."""
    if customer.cart_id is not None:
        return _fetch_items(_OF_CART, cart=customer.cart_id)
    return _fetch_items(
        _OF_SHOPPER,
        user=customer.user and customer.user.pk,
        token=customer.token_hash,
    )


def load_shown_items(cart: Cart) -> list[CartItem]:
    """Return the cart's lines as `load_items` does, each with what a shopper sees of its product
    besides: one query.
    """
    rows = fetch_prepared(_SHOWN, {"cart": cart.pk, "variant": None})
    return [_shown_item_from_row(row) for row in rows]


def load_items_with(
    cart: Cart, variant_id: UUID
) -> tuple[list[CartItem], CartItem | None]:
    """Return what `load_shown_items` does, and the line of this variant: where the cart has none
    one of no pieces, which is not stored; None where there is no such variant. One query.
    """
    rows = fetch_prepared(_SHOWN, {"cart": cart.pk, "variant": variant_id})
    items = [_shown_item_from_row(row) for row in rows if row["id"] is not None]
    if rows and rows[-1]["id"] is None:
        unsaved = {"id": uuid7(), "quantity": 0, "price_at_add": Decimal(0)}
        return items, _shown_item_from_row(rows[-1] | unsaved)
    own = [item for item in items if item.offer.variant_id == variant_id]
    return items, own[0] if own else None


def _fetch_items(sql: str, **params: object) -> list[CartItem]:
    return [_item_from_row(row) for row in fetch_prepared(sql, params)]


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
    INSERT INTO orders_cartline AS line
        (id, updated_at, cart_id, variant_id, quantity, price_at_add)
    VALUES (%(id)s::uuid, %(now)s, %(cart)s::uuid, %(variant)s::uuid, %(quantity)s, %(price)s)
    ON CONFLICT (cart_id, variant_id) DO UPDATE SET quantity = excluded.quantity,
        price_at_add = excluded.price_at_add, updated_at = excluded.updated_at
    RETURNING line.id
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


@transactions.requires_transaction
def put_line(cart: Cart, item: CartItem) -> CartItem:
    """Write a line's pieces and price, and note that the cart, which the caller has locked, is in
    use; return it as it is stored. One statement.
    """
    params = {
        "cart": cart.pk,
        "id": item.id,
        "variant": item.offer.variant_id,
        "quantity": item.quantity,
        "price": item.price_at_add,
        "now": timezone.now(),
    }
    [stored] = fetch_prepared(_PUT, params)
    return item if stored["id"] == item.id else replace(item, id=stored["id"])


@transactions.requires_transaction
def remove_line(cart: Cart, item: CartItem) -> None:
    """Take a line out of the cart, which the caller has locked, and note that the cart is in use.
    One statement.
    """
    params = {"cart": cart.pk, "id": item.id, "now": timezone.now()}
    execute_prepared(_REMOVE, params)


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
