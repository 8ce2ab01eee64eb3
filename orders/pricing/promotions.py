"""Which promotions apply to a cart. Pure: no database, no clock. What each takes off each line is
reckoned in `effects`.

The rule (docs/promotions.md): the candidates are each exclusive promotion alone, and all combinable
ones together in the order of their priority. The candidate with which the shopper pays least wins;
where two cost the same, the lower priority number, then the lower id. No promotion at all is a
candidate too, so that none makes an order dearer (a discount may cost the free shipping).

Amounts are whole numbers of the currency's smallest unit (`money`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from operator import attrgetter, itemgetter
from typing import Final, NamedTuple
from uuid import UUID

from orders.pricing.effects import (
    BY_PIECE,
    BuyXGetY,
    Effect,
    FreeShipping,
    LinePrices,
    MeantLines,
    Reduction,
    Run,
    TierBy,
    Tiered,
)


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


class Discount(NamedTuple):
    """What a promotion takes off. It is the promotion of this number in its run."""

    promotion: PromotionTerms
    amount: int
    run: Run
    number: int = 0
    ships_free: bool = False

    @property
    def shares(self) -> tuple[int, ...]:
        """An amount for each line of the cart, which add up to `amount`."""
        return self.run.shares_of(self.number)


class NotApplied(NamedTuple):
    """A promotion that does not apply, and why. `missing` is an amount (MINIMUM_SPEND) or pieces
    (MINIMUM_PIECES).
    """

    promotion: PromotionTerms
    reason: Reason
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What applies, in order of priority, what of the rest the shopper is told about, and what
    each line costs then.
    """

    discounts: tuple[Discount, ...]
    not_applied: tuple[NotApplied, ...]
    prices: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cost:
    """What the shopper pays.

    `of_lines` says it for what each line costs, with shipping free or not. `at_least` says the
    least that it can be with an amount off: what it is, where prices include the tax. Its last
    argument is what another candidate costs: beyond that it need not be exact.
    """

    of_lines: Callable[[Sequence[int], bool], int]
    at_least: Callable[[Reduction, bool, int], int]


_by_rank: Final = attrgetter("priority", "id.int")


def choose_promotions(
    lines: Sequence[BasketLine],
    shopper: ShopperFacts,
    promotions: Iterable[PromotionTerms],
    cost: Cost,
) -> Outcome:
    """Return the cheapest candidate's discounts, and why the other promotions do not apply."""
    ranked = sorted(promotions, key=_by_rank)
    cart = _Cart(lines)
    eligible: list[_Eligible] = []
    not_applied: list[NotApplied] = []
    for promotion in ranked:
        reason, missing = _find_shopper_refusal(promotion, shopper), 0
        if reason is None:
            meant = cart.find_meant(promotion.conditions)
            reason, missing = _find_refusal(promotion, meant)
            if reason is None:
                eligible.append((promotion, meant))
                continue
        if promotion.code or reason in ADVERTISED:
            not_applied.append(NotApplied(promotion, reason, missing))
    discounts, _, prices = _find_cheapest(cart, eligible, cost)
    won = {discount.promotion.id.int for discount in discounts}
    exclusive_won = any(discount.promotion.exclusive for discount in discounts)
    for promotion, _ in eligible:
        if promotion.id.int not in won:
            beaten = discounts and (promotion.exclusive or exclusive_won)
            reason = Reason.BETTER_OFFER if beaten else Reason.NO_EFFECT
            if promotion.code or reason in ADVERTISED:
                not_applied.append(NotApplied(promotion, reason))
    return Outcome(discounts, tuple(not_applied), tuple(prices))


_Eligible = tuple[PromotionTerms, MeantLines]


class _Cart:
    """The lines of a cart, and which of them promotions are about. UUIDs are looked up by their
    numbers, whose hashes are not reckoned in Python.
    """

    def __init__(self, lines: Sequence[BasketLine]) -> None:
        self.lines = lines
        self.totals = [line.unit_price * line.quantity for line in lines]
        self.pieces = [line.quantity for line in lines]
        promotable = [i for i, line in enumerate(lines) if line.is_promotable]
        self._on_sale = {i for i, line in enumerate(lines) if line.on_sale}
        self._by_product: dict[int, list[int]] = {}
        self._by_category: dict[int, list[int]] = {}
        self._by_collection: dict[UUID | str, list[int]] = {}
        for i in promotable:
            line = lines[i]
            self._by_product.setdefault(line.product_id.int, []).append(i)
            for category in line.category_ids:
                self._by_category.setdefault(category.int, []).append(i)
            for collection in line.collection_ids:
                self._by_collection.setdefault(collection, []).append(i)
        self.everything = self._sum_up(list(range(len(lines))))
        self._promotable = self.everything
        if len(promotable) < len(lines):
            self._promotable = self._sum_up(promotable)
        self._found: dict[tuple[object, ...], MeantLines] = {}

    def _sum_up(self, places: list[int]) -> MeantLines:
        totals, quantities = self.totals, self.pieces
        spend = pieces = 0
        for place in places:
            spend += totals[place]
            pieces += quantities[place]
        return MeantLines(places, spend, pieces)

    def find_meant(self, conditions: Conditions) -> MeantLines:
        """Return what the promotion is about: of most promotions that is everything."""
        products, categories = conditions.product_ids, conditions.category_ids
        collections = conditions.collection_ids
        named = products or categories or collections
        if not named and not conditions.exclude_sale_items:
            return self._promotable
        key = (products, categories, collections, conditions.exclude_sale_items)
        if key not in self._found:
            self._found[key] = self._find(conditions)
        return self._found[key]

    def _find(self, conditions: Conditions) -> MeantLines:
        products, categories = conditions.product_ids, conditions.category_ids
        collections = conditions.collection_ids
        if not (products or categories or collections):
            places = self._promotable.places
        else:
            # Plain loops, as most of the three are empty, and a comprehension costs a call.
            named: list[list[int]] = []
            for product in products:
                named.append(self._by_product.get(product.int, []))  # noqa: PERF401
            for category in categories:
                named.append(self._by_category.get(category.int, []))  # noqa: PERF401
            for collection in collections:
                named.append(self._by_collection.get(collection, []))  # noqa: PERF401
            places = named[0] if len(named) == 1 else sorted(set().union(*named))
        if conditions.exclude_sale_items:
            on_sale = self._on_sale
            places = [i for i in places if i not in on_sale]
        return self._sum_up(places)


def _find_refusal(
    promotion: PromotionTerms, meant: MeantLines
) -> tuple[Reason | None, int]:
    """Return why the lines do not suffice for it, and what is missing of a minimum; None: they
    do.
    """
    if not meant.places:
        return Reason.NO_MATCHING_ITEMS, 0
    conditions, effect = promotion.conditions, promotion.effect
    min_spend, min_pieces = conditions.min_spend, conditions.min_pieces
    if isinstance(effect, Tiered):
        lowest = min([tier.threshold for tier in effect.tiers])
        if effect.by == TierBy.SPEND:
            min_spend = max(min_spend, lowest)
        else:
            min_pieces = max(min_pieces, lowest)
    elif isinstance(effect, BuyXGetY):
        min_pieces = max(min_pieces, effect.buy + effect.get)
    if meant.spend < min_spend:
        return Reason.MINIMUM_SPEND, min_spend - meant.spend
    if meant.pieces < min_pieces:
        return Reason.MINIMUM_PIECES, min_pieces - meant.pieces
    return None, 0


def _find_shopper_refusal(
    promotion: PromotionTerms, shopper: ShopperFacts
) -> Reason | None:
    conditions = promotion.conditions
    starts_at, ends_at = conditions.starts_at, conditions.ends_at
    if (starts_at and shopper.now < starts_at) or (
        ends_at and shopper.now >= ends_at
    ):
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


_Rank = tuple[int, bool, int, int]  # price, whether nothing applies, priority, id


class _Candidate(NamedTuple):
    """What the promotions that may apply together take off, and what each line costs then."""

    discounts: tuple[Discount, ...]
    rank: _Rank
    prices: list[int]


def _find_cheapest(
    cart: _Cart, eligible: Sequence[_Eligible], cost: Cost
) -> _Candidate:
    """Return the winning candidate.

    An exclusive promotion is first reckoned as a whole. Only where that may win, what it takes off
    is spread over the lines.
    """
    together = [each for each in eligible if not each[0].exclusive]
    best = _try_candidate(cart, [], cost)
    if together:
        best = min(best, _try_candidate(cart, together, cost), key=_rank_of)
    # Of those that take the same off the same, only the first can win.
    rivals: dict[tuple[Effect, int], _Eligible] = {}
    for each in eligible:
        if each[0].exclusive:
            rivals.setdefault((each[0].effect, id(each[1])), each)
    untouched = LinePrices(cart.totals, cart.pieces)
    alone = [
        (_bound_exclusive(untouched, each, cost, best.rank[0]), each)
        for each in rivals.values()
    ]
    for bound, each in sorted(alone, key=itemgetter(0)):
        if bound >= best.rank:
            break  # what follows can only be dearer, or comes later
        best = min(best, _try_candidate(cart, [each], cost), key=_rank_of)
    return best


_rank_of: Final = attrgetter("rank")


def _bound_exclusive(
    work: LinePrices, each: _Eligible, cost: Cost, beaten_by: int
) -> _Rank:
    """Return a rank that this promotion alone cannot come before; exact where that is below the
    price `beaten_by`.
    """
    promotion, meant = each
    if isinstance(promotion.effect, FreeShipping):
        nothing = Reduction(0, ())
        price = min(
            cost.at_least(nothing, False, beaten_by),
            cost.at_least(nothing, True, beaten_by),
        )
    else:
        off = work.count(promotion.effect, meant)
        is_even = not isinstance(promotion.effect, BY_PIECE)
        price = cost.at_least(
            Reduction(off, meant.places, is_even), False, beaten_by
        )
    return price, False, promotion.priority, promotion.id.int


def _try_candidate(
    cart: _Cart, candidate: Sequence[_Eligible], cost: Cost
) -> _Candidate:
    """Return what this candidate's promotions take off, one after the other. Its rank is what the
    shopper pays then, and what decides between two of one price.
    """
    work = LinePrices(cart.totals, cart.pieces)
    applied: list[Discount] = []
    free_by: PromotionTerms | None = None
    for promotion, meant in candidate:
        if isinstance(promotion.effect, FreeShipping):
            free_by = free_by or promotion
            continue
        amount, run = work.apply(promotion.effect, meant)
        if amount:
            applied.append(Discount(promotion, amount, run, len(run.amounts) - 1))
    prices = work.prices()
    price = cost.of_lines(prices, False)
    if free_by and (with_free := cost.of_lines(prices, True)) < price:
        price = with_free
        applied.append(
            Discount(free_by, 0, Run(len(prices), (), ()), ships_free=True)
        )
        applied.sort(key=lambda discount: _by_rank(discount.promotion))
    if not applied:
        return _Candidate((), (price, True, 0, 0), prices)
    first = applied[0].promotion
    rank = (price, False, first.priority, first.id.int)
    return _Candidate(tuple(applied), rank, prices)
