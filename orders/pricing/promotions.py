"""Which promotions apply to a cart, and what each takes off each line. Pure: no database, no clock.

The rule (docs/promotions.md): the candidates are each exclusive promotion alone, and all combinable
ones together in the order of their priority. The candidate with which the shopper pays least wins;
where two cost the same, the lower priority number, then the lower id. No promotion at all is a
candidate too, so that none makes an order dearer (a discount may cost the free shipping).

Amounts are whole numbers of the currency's smallest unit (`money`).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter, itemgetter
from typing import Final, NamedTuple
from uuid import UUID

from orders.pricing.money import PER_MILLION, per_million, split_in_two, spread


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
# Made once: a union written where it is asked for is made each time.
_PROPORTIONAL: Final = (PercentOff, AmountOff)
_BY_PIECE: Final = (FixedPrice, BuyXGetY)


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


@dataclass(slots=True)
class Run:
    """What promotions that follow each other take off the same lines, spread over these once.

    `taken` says it for each of the lines at `places`, in a cart of `lines` lines; `amounts` for
    each of the promotions.
    """

    lines: int
    places: Sequence[int]
    taken: Sequence[int]
    amounts: list[int] = field(default_factory=list)
    _shares: list[tuple[int, ...]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )

    def shares_of(self, number: int) -> tuple[int, ...]:
        """Return each line's share of one of the promotions. They are not reckoned before they are
        asked for: whoever only compares prices needs none.
        """
        if not self._shares:
            self._shares = [self._place(shares) for shares in self._split()]
        return self._shares[number]

    def _split(self) -> Iterator[Sequence[int]]:
        left = list(self.taken)
        for amount in self.amounts[:-1]:
            shares = spread(amount, left)
            yield shares
            left = list(map(int.__sub__, left, shares))
        yield left

    def _place(self, shares: Sequence[int]) -> tuple[int, ...]:
        if len(shares) == self.lines:
            return tuple(shares)
        placed = [0] * self.lines
        for place, share in zip(self.places, shares, strict=True):
            placed[place] = share
        return tuple(placed)


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
    at_least: Callable[["Reduction", bool, int], int]


class Reduction(NamedTuple):
    """So much off the lines at these places all together. `is_even` says that each has its share
    in proportion to what it costs, but for one unit.
    """

    off: int
    places: Sequence[int]
    is_even: bool = False


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


class _Meant(NamedTuple):
    """The places of the lines that a promotion is about, what they cost before any promotion, and
    their pieces.
    """

    places: list[int]
    spend: int
    pieces: int


_Eligible = tuple[PromotionTerms, _Meant]


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
        self._found: dict[tuple[object, ...], _Meant] = {}

    def _sum_up(self, places: list[int]) -> _Meant:
        totals, quantities = self.totals, self.pieces
        spend = pieces = 0
        for place in places:
            spend += totals[place]
            pieces += quantities[place]
        return _Meant(places, spend, pieces)

    def find_meant(self, conditions: Conditions) -> _Meant:
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

    def _find(self, conditions: Conditions) -> _Meant:
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
    promotion: PromotionTerms, meant: _Meant
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
    untouched = _Work(cart)
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
    work: "_Work", each: _Eligible, cost: Cost, beaten_by: int
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
        is_even = not isinstance(promotion.effect, _BY_PIECE)
        price = cost.at_least(Reduction(off, meant.places, is_even), False, beaten_by)
    return price, False, promotion.priority, promotion.id.int


def _try_candidate(
    cart: _Cart, candidate: Sequence[_Eligible], cost: Cost
) -> _Candidate:
    """Return what this candidate's promotions take off, one after the other. Its rank is what the
    shopper pays then, and what decides between two of one price.
    """
    work = _Work(cart)
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
        applied.append(Discount(free_by, 0, Run(len(prices), (), ()), ships_free=True))
        applied.sort(key=lambda discount: _by_rank(discount.promotion))
    if not applied:
        return _Candidate((), (price, True, 0, 0), prices)
    first = applied[0].promotion
    rank = (price, False, first.priority, first.id.int)
    return _Candidate(tuple(applied), rank, prices)


def _share_of(amount: int, millionths: int) -> int:
    """Return so many millionths of the amount, rounded half-up, as `money.share_of` does."""
    return (2 * amount * millionths + PER_MILLION) // (2 * PER_MILLION)


class _Work:
    """What the lines cost while promotions are applied one after the other.

    A line has two portions: its loose pieces, and those that have joined a buy-X set. Within a
    portion all pieces cost the same, to the smallest unit. Percentages and amounts that follow each
    other on the same lines are a run: the lines are lowered once, at its end.
    """

    def __init__(self, cart: _Cart) -> None:
        self.cart = cart
        self.loose_price = cart.totals.copy()
        self.loose_pieces = cart.pieces.copy()
        self.set_price = [0] * len(cart.totals)
        self.set_pieces = [0] * len(cart.totals)
        self.has_sets = False
        # The run that goes on: what its lines were worth before it, and cost together by now.
        self._run: Run | None = None
        self._worth_before: list[int] = []
        self._left = 0

    def prices(self) -> list[int]:
        """Return what each line costs by now."""
        self._end_run()
        if not self.has_sets:
            return self.loose_price
        return list(map(int.__add__, self.loose_price, self.set_price))

    def count(self, effect: Effect, meant: _Meant) -> int:
        """Return what the effect takes off all together, where nothing is taken off yet. Change
        nothing.
        """
        if isinstance(effect, Tiered):
            effect = self._reached(effect, meant)
        if isinstance(effect, _PROPORTIONAL):
            return self._off(effect, meant.spend)
        if isinstance(effect, FixedPrice):
            lowered = [
                self.loose_price[i] - effect.price * self.loose_pieces[i]
                for i in meant.places
            ]
            return sum([off for off in lowered if off > 0])
        if isinstance(effect, BuyXGetY):
            return sum([off for _, off in self._list_sets(effect, meant.places)])
        return 0

    def apply(self, effect: Effect, meant: _Meant) -> tuple[int, Run]:
        """Take the effect off the lines that are meant, and return what that is, and the run that
        says each line's share of it.
        """
        if isinstance(effect, Tiered):
            effect = self._reached(effect, meant)
        if isinstance(effect, _PROPORTIONAL):
            return self._take(effect, meant.places)
        self._end_run()
        if isinstance(effect, FixedPrice):
            off = self._lower_to(effect.price, meant.places)
        elif isinstance(effect, BuyXGetY):
            off = self._take_sets(effect, meant.places)
        else:
            off = []
        amount = sum(off)
        return amount, Run(len(self.loose_price), meant.places, off, [amount])

    def _reached(self, tiered: Tiered, meant: _Meant) -> PercentOff | AmountOff:
        reached = meant.spend if tiered.by == TierBy.SPEND else meant.pieces
        tiers = [tier for tier in tiered.tiers if tier.threshold <= reached]
        return max(tiers, key=lambda tier: tier.threshold).effect

    def _off(self, effect: PercentOff | AmountOff, worth: int) -> int:
        if isinstance(effect, AmountOff):
            return min(effect.amount, worth)
        off = _share_of(worth, per_million(effect.percent))
        return off if effect.cap is None else min(off, effect.cap)

    def _worth(self, places: Sequence[int]) -> list[int]:
        loose, in_sets = self.loose_price, self.set_price
        if not self.has_sets:
            return loose if len(places) == len(loose) else [loose[i] for i in places]
        return [loose[i] + in_sets[i] for i in places]

    def _take(
        self, effect: PercentOff | AmountOff, places: Sequence[int]
    ) -> tuple[int, Run]:
        """Take an effect off what these lines cost together by now."""
        run = self._run
        if run is None or (run.places is not places and run.places != places):
            self._end_run()
            self._worth_before = self._worth(places)
            self._left = sum(self._worth_before)
            run = self._run = Run(len(self.loose_price), places, ())
        off = self._off(effect, self._left)
        if off:
            self._left -= off
            run.amounts.append(off)
        return off, run

    def _end_run(self) -> None:
        """Lower the lines by what the run takes off, each in proportion to what it was worth
        before.
        """
        run, self._run = self._run, None
        if run is None or not run.amounts:
            return
        taken = run.taken = spread(sum(run.amounts), self._worth_before)
        loose, in_sets = self.loose_price, self.set_price
        if len(taken) == len(loose) and not self.has_sets:
            self.loose_price = list(map(int.__sub__, loose, taken))
            return
        for i, share in zip(run.places, taken, strict=True):
            if not in_sets[i]:  # most lines have no pieces in sets
                loose[i] -= share
                continue
            of_loose, of_sets = split_in_two(share, loose[i], in_sets[i])
            loose[i] -= of_loose
            in_sets[i] -= of_sets

    def _lower_to(self, price: int, places: Sequence[int]) -> list[int]:
        """Return what is taken off each of these lines."""
        taken = []
        for i in places:
            loose = max(0, self.loose_price[i] - price * self.loose_pieces[i])
            in_sets = max(0, self.set_price[i] - price * self.set_pieces[i])
            self.loose_price[i] -= loose
            self.set_price[i] -= in_sets
            taken.append(loose + in_sets)
        return taken

    def _list_sets(
        self, effect: BuyXGetY, places: Sequence[int]
    ) -> Iterator[tuple[list[tuple[int, int]], int]]:
        """Yield the sets that loose pieces make, the dearest first, with what each takes off: of a
        piece its price by now, and its line.
        """
        pieces: list[tuple[int, int]] = []
        for i in places:
            if count := self.loose_pieces[i]:
                price, dearer = divmod(self.loose_price[i], count)
                pieces += [(price + 1, i)] * dearer + [(price, i)] * (count - dearer)
        pieces.sort(key=itemgetter(0), reverse=True)
        size, millionths = effect.buy + effect.get, per_million(effect.percent)
        for start in range(0, len(pieces) - size + 1, size):
            members = pieces[start : start + size]
            cheapest = sum([price for price, _ in members[effect.buy :]])
            off = _share_of(cheapest, millionths)
            if not off:
                return  # later sets are cheaper still
            yield members, off

    def _take_sets(self, effect: BuyXGetY, places: Sequence[int]) -> list[int]:
        """Make sets of loose pieces, and spread each set's discount over all its pieces by price.
        Return what is taken off each of these lines.
        """
        taken = dict.fromkeys(places, 0)
        for members, off in list(self._list_sets(effect, places)):
            self.has_sets = True
            parts = spread(off, [price for price, _ in members])
            for (price, i), part in zip(members, parts, strict=True):
                taken[i] += part
                self.loose_price[i] -= price
                self.loose_pieces[i] -= 1
                self.set_price[i] += price - part
                self.set_pieces[i] += 1
        return list(taken.values())
