"""The uses of promotions: counted as an order is placed, exactly, and given back."""

import json
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from django.db import connection

from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.db.sql import fetch_all
from orders import errors
from orders.models import Order, OrderDiscount, Promotion
from orders.pricing.quote import Quote
from orders.promotion_terms import LivePromotions, Person, PromotionRow

# One after the other by their key, so that two orders cannot wait for each other. A code's uses
# stand behind its promotion's lock.
_LOCK: Final = """
    SELECT promotion.id, promotion.total_limit, promotion.per_customer_limit, promotion.used,
        promotion.is_active
    FROM orders_promotion AS promotion WHERE id = ANY (%(ids)s::uuid[])
    ORDER BY id FOR NO KEY UPDATE
"""
# A statement of its own after the lock, as only then it sees what others have taken meanwhile.
_TAKE: Final = """
    WITH given AS (
        SELECT * FROM jsonb_to_recordset(%(rows)s::jsonb) AS row (
            id uuid, position smallint, promotion_id uuid, name text, code text,
            amount numeric, shipping_amount numeric, shares jsonb)
    ), before AS (
        SELECT given.promotion_id, (SELECT count(*) FROM orders_orderdiscount AS taken
            WHERE taken.promotion_id = given.promotion_id AND taken.counts
            AND (taken.user_id = %(user)s::uuid OR taken.email_hash = %(email_hash)s::text
                OR taken.user_id = (SELECT id FROM accounts_user
                    WHERE email = %(email)s::text))) AS n
        FROM given
    ), counted AS (
        UPDATE orders_promotion SET used = used + 1, updated_at = now()
        WHERE id = ANY (%(counted)s::uuid[])
    ), coded AS (
        UPDATE orders_coupon SET used = used + 1, updated_at = now()
        WHERE id = ANY (%(codes)s::uuid[]) AND (total_limit IS NULL OR used < total_limit)
        RETURNING id
    ), written AS (
        INSERT INTO orders_orderdiscount (id, order_id, position, promotion_id, name, code,
            amount, shipping_amount, shares, counts, user_id, email_hash)
        SELECT id, %(order)s::uuid, position, promotion_id, name, code, amount,
            shipping_amount, shares, true, %(user)s::uuid, %(email_hash)s::text FROM given
    )
    SELECT promotion_id, n, (SELECT count(*) FROM coded) AS coded FROM before
"""


@transactions.requires_transaction
def take_promotions(
    order: Order,
    quote: Quote,
    live: LivePromotions,
    *,
    person: Person,
    lines: Mapping[UUID, UUID],
) -> list[OrderDiscount]:
    """Write what each promotion took off the order, and count it as a use, within the caller's
    transaction: two queries where any of them has a limit, else one, none without promotions.

    `lines` gives the order's lines by the cart's. Locks: the promotions with a limit, in key order.

    Raises:
        CouponExhausted, CouponUsedUp, PromotionEnded: the last use went to somebody else since
            the cart was priced.
    """
    if not quote.discounts:
        return []
    used = {discount.promotion.id for discount in quote.discounts}
    rows = [row for row in live.rows if row.terms.id in used]
    limited = [row for row in rows if row.is_limited]
    limits = _lock_limited(limited)
    written = _list_discounts(order, quote, person, lines)
    taken = fetch_all(
        _TAKE,
        {
            "rows": json.dumps([_to_json(each) for each in written]),
            "order": order.pk,
            "user": person.user_id,
            "email": person.email,
            "email_hash": person.email_hash,
            "counted": [
                id_ for id_, (total, _) in limits.items() if total is not None
            ],
            "codes": [row.code_id for row in rows if row.code_id is not None],
        },
    )
    _refuse_overdrawn(rows, taken, limits)
    return written


def _lock_limited(
    limited: Sequence[PromotionRow],
) -> dict[UUID, tuple[int | None, int | None]]:
    """Return the total and the per-customer limit of each, locked, and refuse what is used up."""
    if not limited:
        return {}
    by_id = {row.terms.id: row for row in limited}
    found = fetch_all(_LOCK, {"ids": list(by_id)})
    for row in found:
        total = row["total_limit"]
        if not row["is_active"] or (total is not None and row["used"] >= total):
            raise _exhausted(by_id[row["id"]])
    return {
        row["id"]: (row["total_limit"], row["per_customer_limit"]) for row in found
    }


def _refuse_overdrawn(
    rows: Sequence[PromotionRow],
    taken: Sequence[Mapping[str, object]],
    limits: Mapping[UUID, tuple[int | None, int | None]],
) -> None:
    by_id = {row.terms.id: row for row in rows}
    wanted = sum(row.code_id is not None for row in rows)
    for each in taken:
        row = by_id[each["promotion_id"]]  # type: ignore[index]  # a UUID
        _, per_customer = limits.get(row.terms.id, (None, None))
        if per_customer is not None and int(str(each["n"])) >= per_customer:
            raise errors.CouponUsedUp if row.terms.code else errors.PromotionEnded
        if each["coded"] != wanted:
            raise errors.CouponExhausted


def _exhausted(row: PromotionRow) -> Exception:
    return errors.CouponExhausted() if row.terms.code else errors.PromotionEnded()


@transactions.requires_transaction
def rewrite_discounts(
    order: Order, quote: Quote, *, lines: Mapping[UUID, UUID]
) -> None:
    """Write what the order's promotions take off now that it has other pieces; each was counted
    as a use before, and stays one. `lines` gives the order's lines by the quote's.
    """
    before = {each.promotion_id: each for each in order.discounts.all()}
    OrderDiscount.objects.filter(order=order).delete()
    written = _list_discounts(order, quote, Person(None, ""), lines)
    for each in written:
        was = before[each.promotion_id]
        each.name, each.code, each.counts = was.name, was.code, was.counts
        each.user_id, each.email_hash = was.user_id, was.email_hash
    OrderDiscount.objects.bulk_create(written)


def _list_discounts(
    order: Order, quote: Quote, person: Person, lines: Mapping[UUID, UUID]
) -> list[OrderDiscount]:
    return [
        OrderDiscount(
            id=uuid7(),
            order=order,
            position=position,
            promotion_id=discount.promotion.id,
            name=discount.promotion.name,
            code=discount.promotion.code,
            amount=quote.money(discount.amount),
            shipping_amount=quote.money(
                quote.shipping_discount if discount.ships_free else 0
            ),
            shares={
                str(lines[priced.line.id]): str(quote.money(share))
                for priced, share in zip(quote.lines, discount.shares, strict=True)
                if share
            },
            user_id=person.user_id,
            email_hash=person.email_hash,
        )
        for position, discount in enumerate(quote.discounts)
    ]


def _to_json(discount: OrderDiscount) -> dict[str, object]:
    return {
        "id": str(discount.id),
        "position": discount.position,
        "promotion_id": str(discount.promotion_id),
        "name": discount.name,
        "code": discount.code,
        "amount": str(discount.amount),
        "shipping_amount": str(discount.shipping_amount),
        "shares": discount.shares,
    }


@transactions.requires_transaction
def release_promotions(*, order_id: UUID) -> None:
    """Give an order's uses back, within the caller's transaction; what was taken off stays
    written. Locks: the promotions, in key order; the order's row is locked already.
    """
    promotions = list(
        OrderDiscount.objects.filter(order=order_id, counts=True).values_list(
            "promotion", flat=True
        )
    )
    if not promotions:
        return
    list(Promotion.objects.filter(pk__in=promotions).locked())
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH back AS (
                UPDATE orders_orderdiscount SET counts = false
                WHERE order_id = %(order)s AND counts RETURNING promotion_id, code
            ), coded AS (
                UPDATE orders_coupon AS code SET used = used - 1, updated_at = now()
                FROM back WHERE code.promotion_id = back.promotion_id AND code.code = back.code
            )
            UPDATE orders_promotion AS promotion SET used = used - 1, updated_at = now()
            FROM back WHERE promotion.id = back.promotion_id AND total_limit IS NOT NULL
            """,
            {"order": order_id},
        )
