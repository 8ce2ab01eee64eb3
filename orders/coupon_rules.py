"""Whether a coupon can be used, and what it takes off. The limits are held by `claim`,
under the coupon's lock.
"""

import hashlib
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from markrin.api.errors import ShopError
from markrin.db import transactions
from orders import errors
from orders.models import Coupon, CouponUse


def build_customer_key(*, user_id: UUID | None, email: str) -> str:
    """Return what a customer's uses are counted under: the account, or for a guest the hash
    of the address.
    """
    return str(user_id) if user_id else hashlib.sha256(email.encode()).hexdigest()


def find_refusal(
    coupon: Coupon, *, subtotal: Decimal, now: datetime, used_by_customer: int = 0
) -> ShopError | None:
    """Return why the coupon does not apply to a cart worth `subtotal`, or None if it does."""
    if not coupon.is_active:
        return errors.CouponUnknown()
    if (coupon.starts_at and now < coupon.starts_at) or (
        coupon.ends_at and now >= coupon.ends_at
    ):
        return errors.CouponNotNow()
    if coupon.total_limit is not None and coupon.used >= coupon.total_limit:
        return errors.CouponExhausted()
    if (
        coupon.per_customer_limit is not None
        and used_by_customer >= coupon.per_customer_limit
    ):
        return errors.CouponUsedUp()
    if subtotal < coupon.min_spend:
        return errors.CouponMinimumSpend(min_spend=str(coupon.min_spend))
    return None


def count_uses(coupon: Coupon, key: str | None) -> int:
    """Return how often this customer has used the coupon; asks the database only if there
    is a limit to it.
    """
    if coupon.per_customer_limit is None or key is None:
        return 0
    return coupon.uses.filter(customer_key=key).count()


@transactions.requires_transaction
def claim_use(coupon: Coupon, *, order_id: UUID, key: str) -> None:
    """Count a use for the order, within the caller's transaction, after the order's row and
    before the stock's.

    Locks: the coupon's row, so that all uses of one coupon stand in a line; its limits
    cannot be passed by a race.

    Raises:
        CouponExhausted, CouponUsedUp: the last use went to somebody else since the coupon
            was looked at.
    """
    left = Q(total_limit=None) | Q(used__lt=F("total_limit"))
    if not Coupon.objects.filter(left, pk=coupon.pk).update(
        used=F("used") + 1, updated_at=timezone.now()
    ):
        raise errors.CouponExhausted
    taken = set(
        CouponUse.objects.filter(coupon=coupon, customer_key=key).values_list(
            "slot", flat=True
        )
    )
    slot = next(number for number in range(1, len(taken) + 2) if number not in taken)
    if coupon.per_customer_limit is not None and slot > coupon.per_customer_limit:
        raise errors.CouponUsedUp
    CouponUse.objects.create(
        coupon=coupon, order_id=order_id, customer_key=key, slot=slot
    )


@transactions.requires_transaction
def release_use(*, order_id: UUID) -> None:
    """Undo an order's use, within the caller's transaction. Locks: the coupon's row; the
    order's is locked already.
    """
    use = CouponUse.objects.filter(order=order_id).first()
    if use is not None:
        Coupon.objects.filter(pk=use.coupon_id).update(
            used=F("used") - 1, updated_at=timezone.now()
        )
        use.delete()
