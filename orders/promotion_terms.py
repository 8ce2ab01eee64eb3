"""The shop's promotions as `orders/pricing` takes them, for one shopper, in one query."""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from markrin.db.sql import Query, Row, fetch_prepared
from orders.customer_groups import is_for_customer
from orders.models.promotion import EffectKind, Promotion
from orders.pricing.effects import (
    AmountOff,
    BuyXGetY,
    Effect,
    FixedPrice,
    FreeShipping,
    PercentOff,
    Tier,
    TierBy,
    Tiered,
)
from orders.pricing.money import to_units
from orders.pricing.promotions import Conditions, PromotionTerms, Reason
from products.selectors.collections import MEMBERS

if TYPE_CHECKING:
    from orders.models import Cart, Order

_IS_FOR_THEM: Final = is_for_customer(
    "orders_promotion_customer_groups", "promotion_id", "promotion.id"
)
_APPLIES_BY_ITSELF: Final = """
    NOT needs_code AND (starts_at IS NULL OR starts_at <= statement_timestamp())
    AND (ends_at IS NULL OR ends_at > statement_timestamp())
"""
# Whether a cart without codes need ask for promotions: `cart_lines` reads it with the lines.
ANY_PROMOTION: Final = (
    "EXISTS (SELECT FROM orders_promotion AS promotion"
    f" WHERE promotion.is_active AND {_APPLIES_BY_ITSELF})"
)
# The casts keep a column's type when a migration widens it, as a prepared statement needs.
# What may apply: all that apply by themselves now, and those whose code was given. A person is
# known by the account and by the address, whichever an order was made with.
_PROMOTIONS: Final = f"""
    SELECT promotion.id, promotion.name::text, kind::text, percent::numeric, cap::numeric,
        amount::numeric, buy::bigint, get::bigint, tier_by::text, starts_at, ends_at,
        min_spend::numeric, min_pieces::bigint, countries::text[],
        exclude_sale_items, priority::bigint, exclusive, promotion.total_limit::bigint,
        per_customer_limit::bigint, promotion.used::bigint,
        statement_timestamp() AS moment, code.id AS code_id, code.code::text AS code,
        code.total_limit IS NOT NULL AND code.used >= code.total_limit AS code_used_up,
        ARRAY(SELECT product_id FROM orders_promotion_products
            WHERE promotion_id = promotion.id) AS product_ids,
        ARRAY(SELECT category_id FROM orders_promotion_categories
            WHERE promotion_id = promotion.id) AS category_ids,
        ARRAY(SELECT collection_id FROM orders_promotion_collections
            WHERE promotion_id = promotion.id) AS collection_ids,
        ARRAY(SELECT member.product_id FROM orders_promotion_collections AS named
            JOIN ({MEMBERS}) AS member USING (collection_id)
            WHERE named.promotion_id = promotion.id
            AND member.product_id = ANY ((SELECT %(products)s::uuid[])::uuid[])) AS collected_ids,
        {_IS_FOR_THEM} AS is_for_them,
        CASE WHEN per_customer_limit IS NULL THEN 0 ELSE (
            SELECT count(*) FROM orders_orderdiscount AS taken
            WHERE taken.promotion_id = promotion.id AND taken.counts
            AND (taken.user_id = %(user)s::uuid OR taken.email_hash = %(email_hash)s::text
                OR taken.user_id = (SELECT id FROM accounts_user WHERE email = %(email)s::text))
        ) END AS used_by_them,
        CASE WHEN first_order_only THEN NOT EXISTS (
            SELECT FROM orders_order AS placed WHERE placed.status <> 'cancelled'
            AND (placed.user_id = %(user)s::uuid OR %(email)s::text <> ''
                AND placed.email = %(email)s::text)
        ) ELSE true END AS is_first,
        (SELECT json_agg(json_build_array(threshold::text, percent::text, amount::text))
            FROM orders_promotiontier WHERE promotion_id = promotion.id) AS tiers
    FROM orders_promotion AS promotion
    LEFT JOIN orders_coupon AS code
        ON code.promotion_id = promotion.id AND code.code = ANY ((SELECT %(codes)s::text[])::text[])
    WHERE promotion.is_active AND (code.id IS NOT NULL OR {_APPLIES_BY_ITSELF})
    ORDER BY promotion.priority, promotion.id, code.code
"""  # noqa: S608 (constants)


@dataclass(frozen=True)
class Person:
    """Whose limits count: an account, an address, or both. `email` is empty where it is not
    known yet.
    """

    user_id: UUID | None
    email: str

    @property
    def email_hash(self) -> str:
        """The SHA-256 of the address as one person's: without case, and without what stands
        after a plus sign."""
        name, _, domain = self.email.lower().rpartition("@")
        plain = f"{name.partition('+')[0]}@{domain}" if self.email else ""
        return hashlib.sha256(plain.encode()).hexdigest()


@dataclass(frozen=True)
class PromotionRow:
    """A promotion with what its use is counted by."""

    terms: PromotionTerms
    is_limited: bool
    code_id: UUID | None


@dataclass(frozen=True)
class LivePromotions:
    """What may apply to a cart. `moment` is the database's clock, or None where nothing may."""

    rows: tuple[PromotionRow, ...]
    moment: datetime | None

    @property
    def terms(self) -> tuple[PromotionTerms, ...]:
        """As the quote takes them."""
        return tuple(row.terms for row in self.rows)

    @property
    def codes(self) -> frozenset[str]:
        """The codes that are known."""
        return frozenset(row.terms.code for row in self.rows if row.terms.code)


NO_PROMOTIONS: Final = LivePromotions((), None)


def read_promotions(
    person: Person, codes: Collection[str], product_ids: Iterable[UUID]
) -> LivePromotions:
    """Return what may apply to a cart of this person, with these codes and products: one query."""
    return query_promotions(person, codes, product_ids).fetch()


def may_have_promotions(cart: "Cart", codes: Collection[str]) -> bool:
    """Return whether promotions may apply to the cart with these codes. No query: where nothing
    was read with its lines, they may.
    """
    return bool(codes) or getattr(cart, "any_promotion", True)


def query_promotions(
    person: Person, codes: Collection[str], product_ids: Iterable[UUID]
) -> Query[LivePromotions]:
    """Return the query of `read_promotions`."""
    params = {
        "user": person.user_id,
        "email": person.email,
        "email_hash": person.email_hash,
        "codes": list(codes),
        "products": list(set(product_ids)),
    }
    return Query(_PROMOTIONS, params, _read_live)


def _read_live(rows: Sequence[Row]) -> LivePromotions:
    known: dict[UUID, PromotionRow] = {}
    for row in rows:  # two codes of one promotion count once, the first of them
        known.setdefault(row["id"], _read_promotion(row))
    return LivePromotions(
        tuple(known.values()), rows[0]["moment"] if rows else None
    )


# As they were taken, whether or not they still run.
_TAKEN: Final = (
    _PROMOTIONS.partition("WHERE promotion.is_active")[0]
    + "WHERE promotion.id = ANY (%(ids)s::uuid[])"
    + " ORDER BY promotion.priority, promotion.id, code.code"
)


def read_taken_promotions(order: "Order") -> LivePromotions:
    """Return the promotions that took something off an order, as of its moment, without their
    limits: they are used already. Two queries.
    """
    taken = list(order.discounts.all())
    rows = fetch_prepared(
        _TAKEN,
        {
            "user": None,
            "email": "",
            "email_hash": "",
            "codes": [each.code for each in taken if each.code],
            "products": [line.product_id for line in order.lines.all()],
            "ids": [each.promotion_id for each in taken],
        },
    )
    known: dict[UUID, PromotionRow] = {}
    for row in rows:
        found = _read_promotion(row)
        terms = replace(found.terms, spent=None)
        known.setdefault(row["id"], replace(found, terms=terms))
    return LivePromotions(tuple(known.values()), order.created_at)


def _read_promotion(row: Row) -> PromotionRow:
    limited = (
        row["total_limit"] is not None or row["per_customer_limit"] is not None
    )
    terms = PromotionTerms(
        id=row["id"],
        name=row["name"],
        effect=_read_effect(row),
        conditions=Conditions(
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            min_spend=_units(row["min_spend"]),
            min_pieces=row["min_pieces"],
            # What is in its collections is known here, product by product.
            product_ids=frozenset([*row["product_ids"], *row["collected_ids"]]),
            category_ids=frozenset(row["category_ids"]),
            collection_ids=frozenset(row["collection_ids"]),
            countries=frozenset(row["countries"]),
            exclude_sale_items=row["exclude_sale_items"],
        ),
        priority=row["priority"],
        exclusive=row["exclusive"],
        code=row["code"] or "",
        spent=_find_spent(row),
    )
    return PromotionRow(
        terms, limited or row["code_id"] is not None, row["code_id"]
    )


def _find_spent(row: Row) -> Reason | None:
    """Return what the database knows to speak against it."""
    if not row["is_for_them"]:
        return Reason.CUSTOMER_GROUP
    if not row["is_first"]:
        return Reason.FIRST_ORDER_ONLY
    if row["code_used_up"]:
        return Reason.EXHAUSTED
    if row["total_limit"] is not None and row["used"] >= row["total_limit"]:
        return Reason.EXHAUSTED
    limit = row["per_customer_limit"]
    if limit is not None and row["used_by_them"] >= limit:
        return Reason.USED_UP
    return None


def _read_effect(row: Row) -> Effect:
    kind = row["kind"]
    if kind == EffectKind.PERCENT:
        return _read_percent(row["percent"], row["cap"])
    if kind == EffectKind.AMOUNT:
        return AmountOff(_units(row["amount"]))
    if kind == EffectKind.FIXED_PRICE:
        return FixedPrice(_units(row["amount"]))
    if kind == EffectKind.BUY_X_GET_Y:
        return BuyXGetY(row["buy"], row["get"], row["percent"])
    if kind == EffectKind.TIERS and row["tiers"]:
        by = TierBy(row["tier_by"])
        return Tiered(by, tuple(_read_tier(by, *tier) for tier in row["tiers"]))
    if kind == EffectKind.TIERS:  # none yet: nothing is taken off
        return PercentOff(Decimal(0))
    return FreeShipping()


def _read_tier(
    by: TierBy, threshold: str, percent: str | None, amount: str | None
) -> Tier:
    reached = Decimal(threshold)
    return Tier(
        _units(reached) if by == TierBy.SPEND else int(reached),
        PercentOff(Decimal(percent)) if percent else AmountOff(_units(amount or 0)),
    )


def _read_percent(percent: Decimal, cap: Decimal | None) -> PercentOff:
    return PercentOff(percent, None if cap is None else _units(cap))


def _units(amount: str | int | Decimal) -> int:
    return to_units(Decimal(amount), settings.SHOP_CURRENCY)


def list_promotions(
    *, category_id: UUID | None, collection_id: UUID | None
) -> list[str]:
    """Return the names of the promotions that go by this category, or this collection."""
    named = (
        Q(categories=category_id) if category_id else Q(collections=collection_id)
    )
    return list(
        Promotion.objects.filter(named)
        .order_by("name")
        .values_list("name", flat=True)
    )
