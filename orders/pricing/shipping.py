"""Which zone an address is in, what its methods cost, and when the goods arrive. Pure: no
database, no clock.

Money is in the smallest unit of the shop's currency, weight in grams, and days are the shop's.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from orders.pricing.quote import Delivery, PriceStep, price_by_step

EVERY_DAY: Final = frozenset(range(1, 8))  # ISO 8601: Monday is 1
# Beyond this a calendar names no working day: every one of them is a holiday.
_MOST_DAYS: Final = 3660


class PriceBy(StrEnum):
    """What a method's steps go by."""

    FLAT = "flat"
    WEIGHT = "weight"
    SUBTOTAL = "subtotal"


class CashReason(StrEnum):
    """Why an order cannot be paid at the door."""

    NOT_OFFERED = "not_offered"  # by this method
    ORDER_VALUE = "order_value"
    OPEN_ORDERS = "open_orders"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where goods go. State (ISO 3166-2) and postal code are empty where they are not known.

    `is_certain` says that this is a whole address; else it is an estimate, such as a cart's.
    """

    country: str
    state: str = ""
    postal_code: str = ""
    is_certain: bool = False


@dataclass(frozen=True, slots=True)
class CashTerms:
    """On what terms an order is paid at the door; a limit of None is none."""

    fee: int = 0
    max_total: int | None = None
    max_open: int | None = None  # orders of one customer, address or telephone

    def find_refusal(self, total: int, open_orders: int) -> CashReason | None:
        """Return why an order of this total, fee included, cannot be paid at the door."""
        if self.max_total is not None and total > self.max_total:
            return CashReason.ORDER_VALUE
        if self.max_open is not None and open_orders >= self.max_open:
            return CashReason.OPEN_ORDERS
        return None


@dataclass(frozen=True, slots=True)
class MethodTerms:
    """A way to send goods. `cash` is None where an order cannot be paid at the door; `days` are
    the fewest and the most working days, None where nothing is promised.

    An order that comes in after `cut_off` counts from the next working day.
    """

    id: UUID
    name: str
    price: int = 0
    price_by: PriceBy = PriceBy.FLAT
    steps: tuple[PriceStep, ...] = ()
    free_above: int | None = None
    takes_free_shipping: bool = True
    default_weight_g: int = 0  # of a piece whose weight nobody knows
    max_weight_g: int | None = None
    days: tuple[int, int] | None = None
    cut_off: time | None = None
    weekdays: frozenset[int] = EVERY_DAY
    cash: CashTerms | None = None
    is_stored: bool = (
        True  # else it stands for the settings, in a shop without zones
    )


@dataclass(frozen=True, slots=True)
class ZoneTerms:
    """Where methods hold. What is empty does not narrow it. `is_listed` says that the
    destination is on the zone's list of postal codes, None that there is no list.
    """

    name: str
    position: int = 0
    countries: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    postal_patterns: tuple[str, ...] = ()
    is_listed: bool | None = None
    methods: tuple[MethodTerms, ...] = ()

    @property
    def names_postal_codes(self) -> bool:
        """Whether it holds for some postal codes only."""
        return bool(self.postal_patterns) or self.is_listed is not None

    def holds(self, place: Destination) -> bool | None:
        """Return whether the place is in the zone; None where too little is known of it."""
        if self.countries and place.country not in self.countries:
            return False
        unknown = False
        if self.states:
            if place.state and place.state not in self.states:
                return False
            unknown = not place.state
        if self.names_postal_codes:
            if place.postal_code and not self._names(place.postal_code):
                return False
            unknown = unknown or not place.postal_code
        return None if unknown else True

    def _names(self, postal_code: str) -> bool:
        return bool(self.is_listed) or any(
            matches_pattern(pattern, postal_code)
            for pattern in self.postal_patterns
        )


def find_zone(zones: Iterable[ZoneTerms], place: Destination) -> ZoneTerms | None:
    """Return the zone that a place is in: the nearest of those that hold for it.

    One of postal codes is nearer than one of states, that than one of countries, and that than
    one for everywhere; then by position and name. Of a place that is not certain, what may hold
    counts where nothing does for sure, the widest first.
    """
    held = [(zone.holds(place), zone) for zone in zones]
    sure = [zone for holds, zone in held if holds]
    if sure or place.is_certain:
        return min(sure, key=_rank, default=None)
    possible = [zone for holds, zone in held if holds is None]
    return min(
        possible, key=lambda zone: (-_nearness(zone), *_rank(zone)), default=None
    )


def _rank(zone: ZoneTerms) -> tuple[int, int, str]:
    return _nearness(zone), zone.position, zone.name


def _nearness(zone: ZoneTerms) -> int:
    if zone.names_postal_codes:
        return 0
    if zone.states:
        return 1
    return 2 if zone.countries else 3


# --- Postal codes --------------------------------------------------------------------------------
_RANGE: Final = "..."
# A code, its beginning with a star, or the first and the last with three dots between them.
POSTAL_PATTERN: Final = (
    r"[A-Z0-9][A-Z0-9 -]{0,11}(\*|\.\.\.[A-Z0-9][A-Z0-9 -]{0,11})?"
)


def matches_pattern(pattern: str, postal_code: str) -> bool:
    """Return whether a postal code is one that `pattern` means: `400050`, `SW1A*`, or
    `400001...400104`, both included. Spaces and hyphens do not matter.
    """
    code = _compact(postal_code)
    if _RANGE in pattern:
        first, _, last = map(_compact, pattern.partition(_RANGE))
        return len(first) == len(code) == len(last) and first <= code <= last
    if pattern.endswith("*"):
        return code.startswith(_compact(pattern.removesuffix("*")))
    return code == _compact(pattern)


def _compact(postal_code: str) -> str:
    return re.sub("[ -]", "", postal_code.upper())


# --- Prices --------------------------------------------------------------------------------------
def weigh(pieces: Iterable[tuple[int | None, int]], *, default_g: int) -> int:
    """Return what the pieces weigh together: each a weight, or None, and how many."""
    return sum(
        (default_g if weight is None else weight) * quantity
        for weight, quantity in pieces
    )


def price_delivery(
    method: MethodTerms, pieces: Sequence[tuple[int | None, int]]
) -> Delivery | None:
    """Return what the method costs for these pieces (weight and number); None if they are too
    heavy for it.
    """
    weight = weigh(pieces, default_g=method.default_weight_g)
    if method.max_weight_g is not None and weight > method.max_weight_g:
        return None
    price, steps = method.price, method.steps
    if method.price_by == PriceBy.WEIGHT:
        price = price_by_step(steps, weight, before=price)
    return Delivery(
        price=price,
        free_above=method.free_above,
        steps=steps if method.price_by == PriceBy.SUBTOTAL else (),
        takes_free_shipping=method.takes_free_shipping,
    )


# --- Dates ---------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Calendar:
    """The days on which nothing is sent or delivered besides a method's own weekdays."""

    holidays: Collection[date] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Promise:
    """The first and the last day on which goods should arrive."""

    first: date
    last: date


def promise_dates(
    method: MethodTerms, ordered_at: datetime, calendar: Calendar
) -> Promise | None:
    """Return when an order of this moment, in the shop's own time, should arrive.

    It counts from its own day, or from the next working day where that is none, or where it came
    in after the cut-off. None where the method promises nothing, or never works.
    """
    if method.days is None or not method.weekdays:
        return None
    day = ordered_at.date()
    late = method.cut_off is not None and ordered_at.time() > method.cut_off
    start = _find_working_day(
        method, calendar, day + timedelta(days=1 if late else 0)
    )
    fewest, most = method.days
    first = _count_on(method, calendar, start, fewest)
    last = _count_on(method, calendar, first, most - fewest)
    return None if first is None or last is None else Promise(first, last)


def _count_on(
    method: MethodTerms, calendar: Calendar, day: date | None, days: int
) -> date | None:
    for _ in range(days):
        if day is None:
            return None
        day = _find_working_day(method, calendar, day + timedelta(days=1))
    return day


def _find_working_day(
    method: MethodTerms, calendar: Calendar, day: date
) -> date | None:
    for _ in range(_MOST_DAYS):
        if day.isoweekday() in method.weekdays and day not in calendar.holidays:
            return day
        day += timedelta(days=1)
    return None
