"""Coupons, as staff keep them."""

from dataclasses import asdict
from uuid import UUID

from django.db.models.deletion import ProtectedError

from markrin.api import errors as shop_errors
from markrin.api.errors import NotFound
from markrin.api.unset import sent_fields
from markrin.db import transactions
from orders import errors
from orders.models import Coupon
from orders.models.coupon import CouponKind
from orders.staff_schemas import CouponChange, NewCoupon


@transactions.durable
def create_coupon(new: NewCoupon) -> Coupon:
    """Make a coupon.

    Raises:
        CouponCodeTaken, Invalid: the code is another's; the values do not fit together.
    """
    return _save_coupon(Coupon(**asdict(new)), new=True)


@transactions.durable
def update_coupon(change: CouponChange, *, coupon_id: UUID) -> Coupon:
    """Change a coupon. Orders that have used it keep what it gave them. Locks: its row.
    Raises: as `create_coupon`.
    """
    coupon = Coupon.objects.locked().filter(pk=coupon_id).first()
    if coupon is None:
        raise NotFound
    for name, value in sent_fields(change).items():
        setattr(coupon, name, value)
    return _save_coupon(coupon, new=False)


@transactions.durable
def delete_coupon(*, coupon_id: UUID) -> None:
    """Delete a coupon that no order has used. Raises: NotFound, CouponInUse."""
    coupon = Coupon.objects.locked().filter(pk=coupon_id).first()
    if coupon is None:
        raise NotFound
    try:
        coupon.delete()
    except ProtectedError as exc:
        raise errors.CouponInUse from exc


def _save_coupon(coupon: Coupon, *, new: bool) -> Coupon:
    _check_values(coupon)
    if Coupon.objects.filter(code=coupon.code).exclude(pk=coupon.pk).exists():
        raise errors.CouponCodeTaken
    coupon.save(force_insert=new)
    return coupon


def _check_values(coupon: Coupon) -> None:
    """Refuse values that do not fit together, naming the field; the database refuses the same."""
    if coupon.kind == CouponKind.PERCENT and coupon.value > 100:
        raise shop_errors.Invalid.at(
            "/value", "range", "A percentage is at most 100.00."
        )
    if coupon.starts_at and coupon.ends_at and coupon.ends_at <= coupon.starts_at:
        raise shop_errors.Invalid.at(
            "/endsAt", "order", "endsAt must be after startsAt."
        )
    if coupon.total_limit is not None and coupon.total_limit < coupon.used:
        raise shop_errors.Invalid.at(
            "/totalLimit", "range", f"It has been used {coupon.used} times already."
        )
