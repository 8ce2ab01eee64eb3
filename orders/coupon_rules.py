"""Coupons as shoppers hear of them: whether a code applies, and if not, why not."""

from collections.abc import Iterable

from markrin.api.errors import ShopError
from orders import errors
from orders.pricing.promotions import NotApplied, Reason
from orders.pricing.quote import Quote
from orders.promotion_terms import LivePromotions

_REFUSALS: dict[Reason, type[ShopError]] = {
    Reason.NOT_NOW: errors.CouponNotNow,
    Reason.EXHAUSTED: errors.CouponExhausted,
    Reason.USED_UP: errors.CouponUsedUp,
}
# The code is good, and the cart costs no more than with it.
HARMLESS = frozenset({Reason.BETTER_OFFER, Reason.NO_EFFECT})


def find_refusal(code: str, quote: Quote, live: LivePromotions) -> ShopError | None:
    """Return why the code does not apply to what was quoted, or None if it does, or if the cart
    costs no more than with it.
    """
    if code not in live.codes:
        return errors.CouponUnknown()
    harmless = HARMLESS if quote.lines else HARMLESS | {Reason.NO_MATCHING_ITEMS}
    for refused in quote.not_applied:
        if refused.promotion.code == code and refused.reason not in harmless:
            return _make_refusal(refused, quote)
    return None


def find_first_refusal(
    codes: Iterable[str], quote: Quote, live: LivePromotions
) -> ShopError | None:
    """Return why the first code that does not apply does not."""
    refusals = (find_refusal(code, quote, live) for code in codes)
    return next((refusal for refusal in refusals if refusal), None)


def _make_refusal(refused: NotApplied, quote: Quote) -> ShopError:
    conditions = refused.promotion.conditions
    if refused.reason == Reason.MINIMUM_SPEND:
        missing = quote.money(refused.missing)
        return errors.CouponMinimumSpend(
            min_spend=str(quote.money(conditions.min_spend)), missing=str(missing)
        )
    if refused.reason in _REFUSALS:
        return _REFUSALS[refused.reason]()
    return errors.CouponNotApplicable(reason=str(refused.reason))
