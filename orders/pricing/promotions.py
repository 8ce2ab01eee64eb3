"""Which promotions apply to a cart, and what each takes off each line. Pure: no database, no clock.

The rule (docs/promotions.md): the candidates are each exclusive promotion alone, and all combinable
ones together in the order of their priority. The candidate with which the shopper pays least wins;
where two cost the same, the lower priority number, then the lower id. No promotion at all is a
candidate too, so that none makes an order dearer (a discount may cost the free shipping).

Amounts are whole numbers of the currency's smallest unit (`money`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from orders.pricing.money import share_of, spread


@dataclass(frozen=True, slots=True)
class BasketLine:
    """So many pieces of a variant at a price. `category_ids` holds its categories and all that are
    above them.
    """

    id: UUID
    product_id: UUID
    unit_price: int
    quantity: int
    category_ids: frozenset[UUID] = frozenset()
    collection_ids: frozenset[UUID | str] = frozenset()
    on_sale: bool = False
    tax_class: str = ""
    is_promotable: bool = True  # a gift card costs what it is worth

    @property
    def total(self) -> int:
        """What the line costs before any promotion."""
        return self.unit_price * self.quantity


@dataclass(frozen=True, slots=True)
class ShopperFacts:
    """What conditions ask about who buys, when, and for where. `country` is where the goods go (ISO
    3166-1).
    """

    now: datetime
    country: str
    group_ids: frozenset[UUID] = frozenset()
    is_first_order: bool = False


@dataclass(frozen=True, slots=True)
class Conditions:
    """When a promotion applies, and to which lines.

    A line is meant if it is one of `product_ids`, or in one of the categories or collections; where
    all three are empty, every line is. The minimums count the lines that are meant, before any
    promotion.
    """

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    min_spend: int = 0
    min_pieces: int = 0
    product_ids: frozenset[UUID] = frozenset()
    category_ids: frozenset[UUID] = frozenset()
    collection_ids: frozenset[UUID | str] = frozenset()
    group_ids: frozenset[UUID] = frozenset()
    first_order_only: bool = False
    countries: frozenset[str] = frozenset()
    exclude_sale_items: bool = False

    def mean(self, line: BasketLine) -> bool:
        """Return whether the promotion is about this line."""
        if not line.is_promotable or (self.exclude_sale_items and line.on_sale):
            return False
        if not (self.product_ids or self.category_ids or self.collection_ids):
            return True
        return (
            line.product_id in self.product_ids
            or not self.category_ids.isdisjoint(line.category_ids)
            or not self.collection_ids.isdisjoint(line.collection_ids)
        )


@dataclass(frozen=True, slots=True)
class PercentOff:
    """A percentage of what the lines cost by then, at most `cap`."""

    percent: Decimal
    cap: int | None = None


@dataclass(frozen=True, slots=True)
class AmountOff:
    """An amount, spread over the lines; never more than they cost."""

    amount: int


@dataclass(frozen=True, slots=True)
class FixedPrice:
    """Each piece costs this, unless it costs less already."""

    price: int


@dataclass(frozen=True, slots=True)
class FreeShipping:
    """Nothing is paid for the shipping."""


@dataclass(frozen=True, slots=True)
class BuyXGetY:
    """Of every `buy` + `get` pieces the `get` cheapest cost `percent` less. "3 for 2" is buy 2, get
    1.

    Sets are made from the dearest piece down, so nobody does better by ordering twice.
    """

    buy: int
    get: int
    percent: Decimal = Decimal(100)


class TierBy(StrEnum):
    PIECES = "pieces"
    SPEND = "spend"


@dataclass(frozen=True, slots=True)
class Tier:
    """What is taken off from `threshold` on (pieces, or spent before any promotion): a percentage,
    or an amount.
    """

    threshold: int
    effect: PercentOff | AmountOff


@dataclass(frozen=True, slots=True)
class Tiered:
    """The highest tier that is reached counts. `tiers` has at least one, in any order."""

    by: TierBy
    tiers: tuple[Tier, ...]


Effect = PercentOff | AmountOff | FixedPrice | FreeShipping | BuyXGetY | Tiered


class Reason(StrEnum):
    """Why a promotion does not apply. `missing` goes with the two minimums."""

    NOT_NOW = "not_now"
    EXHAUSTED = "exhausted"
    USED_UP = "used_up"
    MINIMUM_SPEND = "minimum_spend"
    MINIMUM_PIECES = "minimum_pieces"
    NO_MATCHING_ITEMS = "no_matching_items"
    CUSTOMER_GROUP = "customer_group"
    FIRST_ORDER_ONLY = "first_order_only"
    COUNTRY = "country"
    BETTER_OFFER = "better_offer"
    NO_EFFECT = "no_effect"


# What a shopper can do something about. The rest is said only of a code that they typed.
ADVERTISED: Final = frozenset(
    {Reason.MINIMUM_SPEND, Reason.MINIMUM_PIECES, Reason.BETTER_OFFER}
)


@dataclass(frozen=True, slots=True)
class PromotionTerms:
    """What lowers a price. A lower `priority` comes first. `code` is the coupon that the shopper
    entered for it, or empty where it applies by itself. `spent` says which limit is reached, as the
    database knows.
    """

    id: UUID
    name: str
    effect: Effect
    conditions: Conditions = field(default_factory=Conditions)
    priority: int = 0
    exclusive: bool = False
    code: str = ""
    spent: Reason | None = None


@dataclass(frozen=True, slots=True)
class Discount:
    """What a promotion takes off: `shares` has an amount for each line of the cart, and adds up to
    `amount`.
    """

    promotion: PromotionTerms
    amount: int
    shares: tuple[int, ...]
    ships_free: bool = False


@dataclass(frozen=True, slots=True)
class NotApplied:
    """A promotion that does not apply, and why. `missing` is an amount (MINIMUM_SPEND) or pieces
    (MINIMUM_PIECES).
    """

    promotion: PromotionTerms
    reason: Reason
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What applies, in order of priority, and what of the rest the shopper is told about."""

    discounts: tuple[Discount, ...]
    not_applied: tuple[NotApplied, ...]


# What the shopper pays when the lines cost this much and shipping is free, or not.
Cost = Callable[[Sequence[int], bool], int]


def choose_promotions(
    lines: Sequence[BasketLine],
    shopper: ShopperFacts,
    promotions: Iterable[PromotionTerms],
    cost: Cost,
) -> Outcome:
    """Return the cheapest candidate's discounts, and why the other promotions do not apply."""
    eligible: list[tuple[PromotionTerms, list[int]]] = []
    not_applied: list[NotApplied] = []
    promotable = [i for i, line in enumerate(lines) if line.is_promotable]
    for promotion in sorted(
        promotions, key=lambda promotion: (promotion.priority, promotion.id)
    ):
        meant = _find_meant(promotion.conditions, lines, promotable)
        if refused := _find_refusal(promotion, lines, meant, shopper):
            not_applied.append(refused)
        else:
            eligible.append((promotion, meant))
    discounts = _find_cheapest(lines, eligible, cost)
    won = {discount.promotion.id for discount in discounts}
    exclusive_won = any(discount.promotion.exclusive for discount in discounts)
    for promotion, _ in eligible:
        if promotion.id not in won:
            beaten = discounts and (promotion.exclusive or exclusive_won)
            reason = Reason.BETTER_OFFER if beaten else Reason.NO_EFFECT
            not_applied.append(NotApplied(promotion, reason))
    return Outcome(discounts, tuple(each for each in not_applied if _is_told(each)))


def _find_meant(
    conditions: Conditions, lines: Sequence[BasketLine], promotable: list[int]
) -> list[int]:
    """Return the places of the lines that are meant; of most promotions that is all of them."""
    named = (
        conditions.product_ids or conditions.category_ids or conditions.collection_ids
    )
    if not named and not conditions.exclude_sale_items:
        return promotable
    return [i for i in promotable if conditions.mean(lines[i])]


def _is_told(refused: NotApplied) -> bool:
    return bool(refused.promotion.code) or refused.reason in ADVERTISED


def _find_refusal(
    promotion: PromotionTerms,
    lines: Sequence[BasketLine],
    meant: Sequence[int],
    shopper: ShopperFacts,
) -> NotApplied | None:
    conditions = promotion.conditions
    if reason := _find_shopper_refusal(promotion, shopper):
        return NotApplied(promotion, reason)
    if not meant:
        return NotApplied(promotion, Reason.NO_MATCHING_ITEMS)
    spend = sum([lines[i].total for i in meant])
    pieces = sum([lines[i].quantity for i in meant])
    min_spend, min_pieces = conditions.min_spend, conditions.min_pieces
    if isinstance(promotion.effect, Tiered):
        lowest = min(tier.threshold for tier in promotion.effect.tiers)
        if promotion.effect.by == TierBy.SPEND:
            min_spend = max(min_spend, lowest)
        else:
            min_pieces = max(min_pieces, lowest)
    elif isinstance(promotion.effect, BuyXGetY):
        min_pieces = max(min_pieces, promotion.effect.buy + promotion.effect.get)
    if spend < min_spend:
        return NotApplied(promotion, Reason.MINIMUM_SPEND, min_spend - spend)
    if pieces < min_pieces:
        return NotApplied(promotion, Reason.MINIMUM_PIECES, min_pieces - pieces)
    return None


def _find_shopper_refusal(
    promotion: PromotionTerms, shopper: ShopperFacts
) -> Reason | None:
    conditions = promotion.conditions
    starts_at, ends_at = conditions.starts_at, conditions.ends_at
    if (starts_at and shopper.now < starts_at) or (ends_at and shopper.now >= ends_at):
        return Reason.NOT_NOW
    if promotion.spent:
        return promotion.spent
    if conditions.group_ids and conditions.group_ids.isdisjoint(shopper.group_ids):
        return Reason.CUSTOMER_GROUP
    if conditions.first_order_only and not shopper.is_first_order:
        return Reason.FIRST_ORDER_ONLY
    if conditions.countries and shopper.country not in conditions.countries:
        return Reason.COUNTRY
    return None


def _find_cheapest(
    lines: Sequence[BasketLine],
    eligible: Sequence[tuple[PromotionTerms, list[int]]],
    cost: Cost,
) -> tuple[Discount, ...]:
    """Return the winning candidate's discounts: those of its promotions that take something off."""
    together = [each for each in eligible if not each[0].exclusive]
    candidates = [together, *([each] for each in eligible if each[0].exclusive)]
    best: tuple[Discount, ...] = ()
    best_rank: tuple[int, bool, int, UUID] | None = None
    for candidate in [[], *candidates]:
        discounts, price = _try_candidate(lines, candidate, cost)
        if discounts:
            first = discounts[0].promotion
            rank = (price, False, first.priority, first.id)
        else:
            rank = (price, True, 0, UUID(int=0))
        if best_rank is None or rank < best_rank:
            best, best_rank = discounts, rank
    return best


def _try_candidate(
    lines: Sequence[BasketLine],
    candidate: Sequence[tuple[PromotionTerms, list[int]]],
    cost: Cost,
) -> tuple[tuple[Discount, ...], int]:
    """Return what this candidate's promotions take off, one after the other, and what the shopper
    pays then.
    """
    work = _Work(lines)
    applied: list[Discount] = []
    free_by: PromotionTerms | None = None
    for promotion, meant in candidate:
        if isinstance(promotion.effect, FreeShipping):
            free_by = free_by or promotion
            continue
        shares = work.apply(promotion.effect, meant)
        if amount := sum(shares):
            applied.append(Discount(promotion, amount, tuple(shares)))
    prices = work.prices()
    price = cost(prices, False)
    if free_by and (with_free := cost(prices, True)) < price:
        price = with_free
        applied.append(Discount(free_by, 0, (0,) * len(lines), ships_free=True))
        applied.sort(
            key=lambda discount: (discount.promotion.priority, discount.promotion.id)
        )
    return tuple(applied), price


class _Work:
    """What the lines cost while promotions are applied one after the other.

    A line has two portions: its loose pieces, and those that have joined a buy-X set. Within a
    portion all pieces cost the same, to the smallest unit.
    """

    def __init__(self, lines: Sequence[BasketLine]) -> None:
        self.lines = lines
        self.loose_price = [line.total for line in lines]
        self.loose_pieces = [line.quantity for line in lines]
        self.set_price = [0] * len(lines)
        self.set_pieces = [0] * len(lines)

    def prices(self) -> list[int]:
        """Return what each line costs by now."""
        return [
            sum(pair) for pair in zip(self.loose_price, self.set_price, strict=True)
        ]

    def apply(self, effect: Effect, meant: Sequence[int]) -> list[int]:
        """Take the effect off the lines that are meant, and return each line's share of it."""
        if isinstance(effect, Tiered):
            effect = self._reached(effect, meant)
        if isinstance(effect, PercentOff):
            off = share_of(self._worth(meant), effect.percent)
            return self._take(
                off if effect.cap is None else min(off, effect.cap), meant
            )
        if isinstance(effect, AmountOff):
            return self._take(min(effect.amount, self._worth(meant)), meant)
        if isinstance(effect, FixedPrice):
            return self._lower_to(effect.price, meant)
        if isinstance(effect, BuyXGetY):
            return self._take_sets(effect, meant)
        return [0] * len(self.lines)

    def _reached(self, tiered: Tiered, meant: Sequence[int]) -> PercentOff | AmountOff:
        lines = [self.lines[i] for i in meant]
        by_spend = tiered.by == TierBy.SPEND
        reached = sum(line.total if by_spend else line.quantity for line in lines)
        tiers = [tier for tier in tiered.tiers if tier.threshold <= reached]
        return max(tiers, key=lambda tier: tier.threshold).effect

    def _worth(self, meant: Sequence[int]) -> int:
        loose, in_sets = self.loose_price, self.set_price
        return sum([loose[i] + in_sets[i] for i in meant])

    def _take(self, off: int, meant: Sequence[int]) -> list[int]:
        """Take an amount off, each line in proportion to what it costs by now."""
        shares = [0] * len(self.lines)
        worth = [self.loose_price[i] + self.set_price[i] for i in meant]
        for i, share in zip(meant, spread(off, worth), strict=True):
            shares[i] = share
            if not self.set_price[i]:  # most lines have no pieces in sets
                self.loose_price[i] -= share
                continue
            loose, in_sets = spread(share, [self.loose_price[i], self.set_price[i]])
            self.loose_price[i] -= loose
            self.set_price[i] -= in_sets
        return shares

    def _lower_to(self, price: int, meant: Sequence[int]) -> list[int]:
        shares = [0] * len(self.lines)
        for i in meant:
            loose = max(0, self.loose_price[i] - price * self.loose_pieces[i])
            in_sets = max(0, self.set_price[i] - price * self.set_pieces[i])
            self.loose_price[i] -= loose
            self.set_price[i] -= in_sets
            shares[i] = loose + in_sets
        return shares

    def _take_sets(self, effect: BuyXGetY, meant: Sequence[int]) -> list[int]:
        """Make sets of loose pieces, and spread each set's discount over all its pieces by
        price.
        """
        pieces: list[tuple[int, int]] = []  # what each costs by now, and its line
        for i in meant:
            if count := self.loose_pieces[i]:
                price, dearer = divmod(self.loose_price[i], count)
                pieces += [(price + 1, i)] * dearer + [(price, i)] * (count - dearer)
        pieces.sort(key=lambda piece: -piece[0])
        shares = [0] * len(self.lines)
        size = effect.buy + effect.get
        for start in range(0, len(pieces) - size + 1, size):
            members = pieces[start : start + size]
            off = share_of(
                sum(price for price, _ in members[effect.buy :]), effect.percent
            )
            if not off:
                break  # later sets are cheaper still
            parts = spread(off, [price for price, _ in members])
            for (price, i), part in zip(members, parts, strict=True):
                shares[i] += part
                self.loose_price[i] -= price
                self.loose_pieces[i] -= 1
                self.set_price[i] += price - part
                self.set_pieces[i] += 1
        return shares
