"""The codes of a promotion: one that everybody uses, or many."""

import secrets
from typing import Final
from uuid import UUID

from markrin.api.errors import NotFound
from markrin.db import transactions
from orders import errors
from orders.models import Coupon, OrderDiscount, Promotion

MAX_CODES: Final = 10_000  # at once
_LETTERS: Final = (
    "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that are read for another
)
_ENDING: Final = 7  # 32 to the 7th: 34 thousand million


@transactions.durable
def make_codes(
    *, promotion_id: UUID, beginning: str, number: int, total_limit: int | None
) -> int:
    """Make codes for a promotion and return how many: `beginning` itself for one, else so many
    that begin with it and end in random letters. Locks: the promotion.

    Raises:
        NotFound: there is no such promotion.
        CouponCodeTaken: there is a coupon with this code already.
    """
    promotion = Promotion.objects.locked().filter(pk=promotion_id).first()
    if promotion is None:
        raise NotFound
    if number == 1:
        codes = {beginning.upper()}
    else:
        codes = set()
        while len(codes) < number:
            ending = "".join(secrets.choice(_LETTERS) for _ in range(_ENDING))
            codes.add(f"{beginning.upper()}-{ending}")
    if Coupon.objects.filter(code__in=codes).exists():
        raise errors.CouponCodeTaken
    Coupon.objects.bulk_create(
        Coupon(promotion=promotion, code=code, total_limit=total_limit)
        for code in sorted(codes)
    )
    if not promotion.needs_code:
        promotion.needs_code = True
        promotion.save(update_fields=["needs_code", "updated_at"])
    return len(codes)


@transactions.requires_transaction
def count_uses(*, promotion_id: UUID) -> None:
    """Count a promotion's uses anew: they are not counted while it has no limit. Part of the
    caller's transaction. Locks: the promotion.
    """
    promotion = Promotion.objects.locked().get(pk=promotion_id)
    promotion.used = OrderDiscount.objects.filter(
        promotion=promotion_id, counts=True
    ).count()
    promotion.save(update_fields=["used", "updated_at"])
