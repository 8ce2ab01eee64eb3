"""Which tax a line carries: classes by zones by rates with named parts, periods and bands. Pure: no
clock.

Amounts are whole numbers of the currency's smallest unit (`money`). Each part of a line's tax is
rounded half-up once; the taxable value is what was charged less the parts (docs/tax.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple

from orders.pricing.money import divide_half_up, per_million, spread

_WHOLE: Final = per_million(Decimal(100))
MAX_TABLES: Final = (
    100  # kept with the rules: a supply for each state, a day after the other
)
_ENDLESS: Final = 10**30  # no amount comes near it
INDIA: Final = "IN"
# Source: Directive 2006/112/EC art. 5 and the treaties; Greece is GR in ISO 3166 and EL in tax
# numbers.
EU_COUNTRIES: Final = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)


@dataclass(frozen=True, slots=True)
class Place:
    """A country (ISO 3166-1), and the state in it as a whole code (ISO 3166-2, `IN-KA`), or
    empty.
    """

    country: str
    state: str = ""


@dataclass(frozen=True, slots=True)
class Zone:
    """Where a rate holds: a country, or the named states of it. A zone of states is nearer than its
    country's.
    """

    name: str
    country: str
    states: frozenset[str] = frozenset()

    def holds(self, place: Place) -> bool:
        """Return whether the place lies in the zone."""
        return place.country == self.country and (
            not self.states or place.state in self.states
        )


@dataclass(frozen=True, slots=True)
class RatePart:
    """A named tax (CGST, IGST, VAT) with its percentage, of at most four decimals."""

    name: str
    percent: Decimal


@dataclass(frozen=True, slots=True)
class Rate:
    """What a class of goods carries in a zone, from `valid_from` to `valid_until`, both days
    included.

    `up_to` ends the rate's band: the highest taxable value of one piece; None has no end.
    """

    tax_class: str
    zone: str
    parts: tuple[RatePart, ...]
    valid_from: date | None = None
    valid_until: date | None = None
    up_to: int | None = None

    def holds_on(self, day: date) -> bool:
        """Return whether the rate is in force on this day of the shop's calendar."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )

    @property
    def per_million(self) -> int:
        """All its parts together."""
        return sum(per_million(part.percent) for part in self.parts)


class LevyKind(StrEnum):
    NONE = "none"
    CLASS = "class"
    GOODS = "goods"
    HIGHEST = "highest"


@dataclass(frozen=True, slots=True)
class Levy:
    """How shipping, or a fee, is taxed: not at all; as `tax_class`; as the goods it comes with, in
    proportion to what is paid for them; or at the highest of their rates.
    """

    kind: LevyKind = LevyKind.NONE
    tax_class: str = ""


class Regime(StrEnum):
    """Whose rule names the place of supply."""

    DESTINATION = ""  # where the goods go
    INDIA = "in"
    EU = "eu"


@dataclass(frozen=True, slots=True)
class TaxRules:
    """The shop's rules. `origin` is where it is registered. `one_stop_shop` taxes at the EU
    destination's rates; `exports_zero_rated` says that an Indian shop exports under a letter of
    undertaking.
    """

    included: bool
    origin: Place
    zones: tuple[Zone, ...] = ()
    rates: tuple[Rate, ...] = ()
    regime: Regime = Regime.DESTINATION
    one_stop_shop: bool = False
    exports_zero_rated: bool = True
    exempts_buyer: bool = False
    shipping: Levy = Levy()
    fees: Levy = Levy()
    _tables: "dict[tuple[Supply, date], RateTable]" = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    def find_table(self, supply: "Supply", day: date) -> "RateTable":
        """Return the rates for a supply on a day: made once for each, as a shop's rules serve many
        quotes.
        """
        known = self._tables.get((supply, day))
        if known is None:
            if len(self._tables) >= MAX_TABLES:
                self._tables.clear()
            known = self._tables[supply, day] = RateTable(self, supply, day)
        return known


@dataclass(frozen=True, slots=True)
class Buyer:
    """Where the goods go, and for a business where its tax number belongs. `confirmed` says that a
    registry or a member of staff has confirmed the number; its check digit is no confirmation.
    """

    ships_to: Place
    business_place: Place | None = None
    confirmed: bool = False


class ZeroRating(StrEnum):
    EXPORT = "export"
    INTRA_COMMUNITY = "intra_community"
    EXEMPT = "exempt_customer"


@dataclass(frozen=True, slots=True)
class Supply:
    """Where the goods count as supplied, and why no tax is charged, if none is."""

    place: Place
    zero_rated: ZeroRating | None = None


class TaxPart(
    NamedTuple
):  # made for every line of every quote: half the cost of a dataclass
    """A part of a tax as it is charged."""

    name: str
    percent: Decimal
    amount: int


class Taxed(NamedTuple):
    """An amount's tax: `taxable` is what was charged without the parts."""

    taxable: int
    parts: tuple[TaxPart, ...] = ()

    @property
    def amount(self) -> int:
        """All parts together."""
        return sum(part.amount for part in self.parts)


def find_supply(rules: TaxRules, buyer: Buyer) -> Supply:
    """Return the place of supply.

    Source: IGST Act 2017 s. 10(1)(a) and (b), s. 16 (exports); Directive 2006/112/EC art. 32, 33,
    138, 146.
    """
    goes_to = buyer.ships_to
    if rules.exempts_buyer:
        return Supply(goes_to, ZeroRating.EXEMPT)
    if rules.regime == Regime.INDIA:
        return _find_indian_supply(rules, buyer)
    if rules.regime == Regime.EU:
        if goes_to.country not in EU_COUNTRIES:
            return Supply(goes_to, ZeroRating.EXPORT)
        if goes_to.country != rules.origin.country:
            if buyer.confirmed and _is_registered_abroad(rules, buyer):
                return Supply(goes_to, ZeroRating.INTRA_COMMUNITY)
            if not rules.one_stop_shop:
                return Supply(rules.origin)
    return Supply(goes_to)


def _find_indian_supply(rules: TaxRules, buyer: Buyer) -> Supply:
    if buyer.ships_to.country != INDIA:
        if rules.exports_zero_rated:
            return Supply(buyer.ships_to, ZeroRating.EXPORT)
        return Supply(
            Place(INDIA)
        )  # no state of the seller's: IGST, to be claimed back
    if buyer.business_place is not None:
        # A registration holds for one state. Goods that go to another one go to somebody else (s.
        # 10(1)(b)).
        return Supply(buyer.business_place)
    return Supply(buyer.ships_to)


def _is_registered_abroad(rules: TaxRules, buyer: Buyer) -> bool:
    place = buyer.business_place
    return place is not None and place.country in EU_COUNTRIES - {
        rules.origin.country
    }


class _Band(NamedTuple):
    """A rate with what is reckoned with many times: `limit` is the highest value of one piece,
    taxes counted where prices include them, in millionths of a unit; `millionths` are its parts'.
    """

    rate: Rate
    limit: int | None
    millionths: tuple[int, ...]
    total: int


class RateTable:
    """The rates that hold for one supply on one day, by class."""

    def __init__(self, rules: TaxRules, supply: Supply, day: date) -> None:
        self.included = rules.included
        zone = None if supply.zero_rated else _find_zone(rules.zones, supply.place)
        self._bands: dict[str, list[_Band]] = {}
        for rate in rules.rates:
            if zone is not None and rate.zone == zone.name and rate.holds_on(day):
                band = self._make_band(rate)
                self._bands.setdefault(rate.tax_class, []).append(band)
        for bands in self._bands.values():
            bands.sort(key=lambda band: (band.limit is None, band.rate.up_to or 0))
        self._millionths = {
            id(band.rate): band.millionths
            for bands in self._bands.values()
            for band in bands
        }

        self._parts: dict[int, tuple[int, list[tuple[str, Decimal, int]]]] = {}

    def _make_band(self, rate: Rate) -> _Band:
        millionths = tuple([per_million(part.percent) for part in rate.parts])
        total = sum(millionths)
        limit = None
        if rate.up_to is not None:
            limit = rate.up_to * (_WHOLE + total if self.included else _WHOLE)
        return _Band(rate, limit, millionths, total)

    @property
    def is_empty(self) -> bool:
        """Return whether no class carries anything."""
        return not self._bands

    def find_rate(self, tax_class: str, charged: int, pieces: int) -> Rate | None:
        """Return the rate for a line charged so much, all its pieces together; None carries no tax.

        The band is the lowest that holds the taxable value per piece, not rounded. Where prices
        include the tax, it is the lowest whose own rate makes the value fit, else the highest (our
        choice for the gap between two).
        """
        band = self._find_band(tax_class, charged, pieces)
        return band and band.rate

    def _find_band(self, tax_class: str, charged: int, pieces: int) -> _Band | None:
        bands = self._bands.get(tax_class)
        if not bands:
            return None
        value = charged * _WHOLE
        for band in bands:
            if band.limit is None or value <= band.limit * pieces:
                return band
        return bands[-1]

    def tax(self, charged: int, rate: Rate | None) -> Taxed:
        """Return the tax on an amount at this rate."""
        if rate is None:
            return Taxed(charged)
        if id(rate) not in self._millionths:  # another table's
            return tax_amount(charged, rate.parts, included=self.included)
        known = self._parts.get(id(rate)) or self._list_parts(rate)
        whole, named = known
        twice = 2 * charged
        parts = [
            TaxPart(name, percent, (twice * share + whole) // (2 * whole))
            for name, percent, share in named
        ]
        if not self.included:
            return Taxed(charged, tuple(parts))
        return Taxed(charged - sum([part[2] for part in parts]), tuple(parts))

    def _list_parts(self, rate: Rate) -> tuple[int, list[tuple[str, Decimal, int]]]:
        """Return what each of its parts is a share of, and the parts with their shares."""
        millionths = self._millionths[id(rate)]
        whole = _WHOLE + sum(millionths) if self.included else _WHOLE
        named = [
            (part.name, part.percent, share)
            for part, share in zip(rate.parts, millionths, strict=True)
        ]
        self._parts[id(rate)] = whole, named
        return whole, named

    def find_tax(
        self, tax_class: str, charged: int, pieces: int
    ) -> tuple[Rate | None, int]:
        """Return a line's rate, and what `tax` says of it, all parts together, where prices do not
        include it.
        """
        band = self._find_band(tax_class, charged, pieces)
        if band is None:
            return None, 0
        twice = 2 * charged
        return band.rate, sum(
            [(twice * share + _WHOLE) // (2 * _WHOLE) for share in band.millionths]
        )

    def find_lowest(self, tax_class: str) -> int:
        """Return the lowest rate of a class, all parts together, in millionths."""
        return min(
            [band.total for band in self._bands.get(tax_class, ())], default=0
        )

    @cached_property
    def most_parts(self) -> int:
        """How many parts its rates have at most."""
        return max(map(len, self._millionths.values()), default=0)

    @cached_property
    def highest(self) -> int:
        """Its highest rate, all parts together, in millionths."""
        return max(map(sum, self._millionths.values()), default=0)

    def list_bands(self, tax_class: str, pieces: int) -> list[tuple[int, int]]:
        """Return the bands of a line, the lowest first: up to what it may be charged for all its
        pieces, and the rate then, all parts together, in millionths. The last has no end.
        """
        bands = [
            (
                _ENDLESS if band.limit is None else band.limit * pieces // _WHOLE,
                band.total,
            )
            for band in self._bands.get(tax_class, ())
        ]
        if not bands or bands[-1][0] != _ENDLESS:
            bands.append((_ENDLESS, bands[-1][1] if bands else 0))
        return bands


def tax_amount(charged: int, parts: Sequence[RatePart], *, included: bool) -> Taxed:
    """Return the tax on `charged`, which contains it if `included`: half-up once per part."""
    whole = _WHOLE
    if included:
        whole += sum(per_million(part.percent) for part in parts)
    taxed = tuple(
        TaxPart(
            part.name,
            part.percent,
            divide_half_up(charged * per_million(part.percent), whole),
        )
        for part in parts
    )
    return Taxed(
        charged - sum(part.amount for part in taxed) if included else charged, taxed
    )


def tax_levy(
    levy: Levy,
    charged: int,
    table: RateTable,
    goods: Sequence[tuple[int, Rate | None]],
) -> tuple[Taxed, ...]:
    """Return the tax on shipping or a fee. `goods` is what each line was charged, with the rate
    that it carries.

    As the goods, the amount is divided among their rates in proportion; of free goods, equally
    among the lines.
    """
    if not charged:
        return ()
    if levy.kind == LevyKind.NONE:
        return (Taxed(charged),)
    if levy.kind == LevyKind.CLASS:
        return (table.tax(charged, table.find_rate(levy.tax_class, charged, 1)),)
    if levy.kind == LevyKind.HIGHEST:
        rates = [rate for _, rate in goods if rate is not None]
        return (
            table.tax(
                charged, max(rates, key=lambda rate: rate.per_million, default=None)
            ),
        )
    return tuple(
        table.tax(share, rate) for share, rate in _spread_over_rates(charged, goods)
    )


def _spread_over_rates(
    charged: int, goods: Sequence[tuple[int, Rate | None]]
) -> list[tuple[int, Rate | None]]:
    """Return the shares of an amount by distinct parts, the first line's first."""
    free = not any(price for price, _ in goods)
    weights: dict[tuple[RatePart, ...], int] = {}
    rates: dict[tuple[RatePart, ...], Rate | None] = {}
    for price, rate in goods:
        parts = rate.parts if rate else ()
        weights[parts] = weights.get(parts, 0) + (1 if free else price)
        rates.setdefault(parts, rate)
    if not weights:
        return [(charged, None)]
    shares = spread(charged, list(weights.values()))
    return [
        (share, rates[parts])
        for parts, share in zip(weights, shares, strict=True)
        if share
    ]


def sum_taxes(taxed: Iterable[Taxed]) -> tuple[tuple[TaxPart, int], ...]:
    """Return the sum of each part by name and percentage, with its taxable value, in order of
    appearance.
    """
    sums: dict[tuple[str, Decimal], list[int]] = {}
    for each in taxed:
        for part in each.parts:
            found = sums.setdefault((part.name, part.percent), [0, 0])
            found[0] += part.amount
            found[1] += each.taxable
    return tuple(
        (TaxPart(name, percent, amount), taxable)
        for (name, percent), (amount, taxable) in sums.items()
    )


def _find_zone(zones: Iterable[Zone], place: Place) -> Zone | None:
    """Return the nearest zone: one of states before its country's, then by name."""
    holding = [zone for zone in zones if zone.holds(place)]
    return min(holding, key=lambda zone: (not zone.states, zone.name), default=None)
