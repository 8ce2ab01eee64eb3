"""What the effects of promotions take off a cart, and each line's share of it. Pure: no database,
no clock.

Which promotions apply is chosen in `promotions`. Amounts are whole numbers of the currency's
smallest unit (`money`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from operator import itemgetter
from typing import Final, NamedTuple

from orders.pricing.money import PER_MILLION, per_million, split_in_two, spread


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
BY_PIECE: Final = (FixedPrice, BuyXGetY)


class MeantLines(NamedTuple):
    """The places of the lines that a promotion is about, what they cost before any promotion, and
    their pieces.
    """

    places: list[int]
    spend: int
    pieces: int


class Reduction(NamedTuple):
    """So much off the lines at these places all together. `is_even` says that each has its share
    in proportion to what it costs, but for one unit.
    """

    off: int
    places: Sequence[int]
    is_even: bool = False


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


def _share_of(amount: int, millionths: int) -> int:
    """Return so many millionths of the amount, rounded half-up, as `money.share_of` does."""
    return (2 * amount * millionths + PER_MILLION) // (2 * PER_MILLION)


class LinePrices:
    """What the lines cost while promotions are applied one after the other.

    A line has two portions: its loose pieces, and those that have joined a buy-X set. Within a
    portion all pieces cost the same, to the smallest unit. Percentages and amounts that follow each
    other on the same lines are a run: the lines are lowered once, at its end.
    """

    def __init__(self, totals: list[int], pieces: list[int]) -> None:
        self.loose_price = totals.copy()
        self.loose_pieces = pieces.copy()
        self.set_price = [0] * len(totals)
        self.set_pieces = [0] * len(totals)
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

    def count(self, effect: Effect, meant: MeantLines) -> int:
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

    def apply(self, effect: Effect, meant: MeantLines) -> tuple[int, Run]:
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

    def _reached(self, tiered: Tiered, meant: MeantLines) -> PercentOff | AmountOff:
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
            return (
                loose if len(places) == len(loose) else [loose[i] for i in places]
            )
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
                pieces += [(price + 1, i)] * dearer + [(price, i)] * (
                    count - dearer
                )
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
