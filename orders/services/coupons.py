"""Coupons, as staff keep them by the API: a promotion with one code that takes off a percentage
or an amount. A promotion's own page in the admin offers every effect and condition.
"""

from decimal import Decimal
from uuid import UUID

from django.db.models.deletion import ProtectedError

from markrin.api import errors as shop_errors
from markrin.api.errors import NotFound
from markrin.api.unset import UNSET, sent_fields
from markrin.db import transactions
from orders import errors
from orders.models import Coupon, Promotion
from orders.models.promotion import CouponKind, EffectKind
from orders.staff_schemas import CouponChange, NewCoupon

_OF_COUPON = {"total_limit"}
_OF_EFFECT = {"value", "max_discount"}


@transactions.durable
def create_coupon(new: NewCoupon) -> Coupon:
    """Make a coupon.

    Raises:
        CouponCodeTaken, Invalid: the code is another's; the values do not fit together.
    """
    return insert_coupon(new)


@transactions.requires_transaction
def insert_coupon(new: NewCoupon) -> Coupon:
    """Do the work of `create_coupon` within the caller's transaction. Raises as that."""
    promotion = Promotion(
        name=new.code,
        needs_code=True,
        kind=EffectKind.PERCENT
        if new.kind == CouponKind.PERCENT
        else EffectKind.AMOUNT,
        cap=new.max_discount,
        min_spend=new.min_spend,
        starts_at=new.starts_at,
        ends_at=new.ends_at,
        per_customer_limit=new.per_customer_limit,
        is_active=new.is_active,
    )
    _set_value(promotion, new.value)
    coupon = Coupon(promotion=promotion, code=new.code, total_limit=new.total_limit)
    _check_values(coupon)
    if Coupon.objects.filter(code=new.code).exists():
        raise errors.CouponCodeTaken
    promotion.save(force_insert=True)
    coupon.save(force_insert=True)
    return coupon


@transactions.durable
def update_coupon(change: CouponChange, *, coupon_id: UUID) -> Coupon:
    """Change a coupon, and with it its promotion. Orders that have used it keep what it gave
    them. Locks: the promotion, the coupon. Raises: NotFound, Invalid.
    """
    coupon = _lock_coupon(coupon_id)
    promotion = coupon.promotion
    for name, value in sent_fields(change).items():
        if name in _OF_COUPON:
            setattr(coupon, name, value)
        elif name not in _OF_EFFECT:
            setattr(promotion, name, value)
    if change.value is not UNSET:
        _set_value(promotion, change.value)
    if change.max_discount is not UNSET:
        promotion.cap = change.max_discount
    _check_values(coupon)
    promotion.save()
    coupon.save()
    return coupon


@transactions.durable
def delete_coupon(*, coupon_id: UUID) -> None:
    """Delete a coupon that no order has used, with its promotion if that has no other code.
    Locks: both. Raises: NotFound, CouponInUse.
    """
    coupon = _lock_coupon(coupon_id)
    promotion = coupon.promotion
    if promotion.discounts.filter(code=coupon.code).exists():
        raise errors.CouponInUse
    coupon.delete()
    if not promotion.coupons.exists():
        try:
            promotion.delete()
        except ProtectedError as exc:
            raise errors.CouponInUse from exc


def _lock_coupon(coupon_id: UUID) -> Coupon:
    """Return the coupon with its promotion, both locked: the promotion first, as checkout does."""
    found = (
        Coupon.objects.filter(pk=coupon_id)
        .values_list("promotion", flat=True)
        .first()
    )
    if found is None:
        raise NotFound
    promotion = Promotion.objects.locked().get(pk=found)
    coupon = Coupon.objects.locked().filter(pk=coupon_id).first()
    if coupon is None:
        raise NotFound
    coupon.promotion = promotion
    return coupon


def _set_value(promotion: Promotion, value: Decimal) -> None:
    if promotion.kind == EffectKind.PERCENT:
        promotion.percent = value
    elif promotion.kind == EffectKind.AMOUNT:
        promotion.amount = value
    else:
        raise shop_errors.Invalid.at(
            "/value",
            "kind",
            f"A promotion of the kind {promotion.kind} has no value.",
        )


def _check_values(coupon: Coupon) -> None:
    """Refuse values that do not fit together, naming the field; the database refuses the same."""
    promotion = coupon.promotion
    if promotion.percent is not None and promotion.percent > 100:
        raise shop_errors.Invalid.at(
            "/value", "range", "A percentage is at most 100.00."
        )
    starts_at, ends_at = promotion.starts_at, promotion.ends_at
    if starts_at and ends_at and ends_at <= starts_at:
        raise shop_errors.Invalid.at(
            "/endsAt", "order", "endsAt must be after startsAt."
        )
    if coupon.total_limit is not None and coupon.total_limit < coupon.used:
        raise shop_errors.Invalid.at(
            "/totalLimit", "range", f"It has been used {coupon.used} times already."
        )
