"""The bitmaps that facets are counted by, as this process has read them.

Each request asks for what is newer than what the process knows, and for the products that have
changed since the bitmaps were written (products/models/facet_index.py): in one statement, so that
both are of one moment.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final
from uuid import UUID

from pyroaring import BitMap

from markrin.db.sql import fetch_prepared

MAX_CHANGES: Final = 20_000  # that are counted by themselves
MANY_PRODUCTS: Final = (
    10_000  # counting fewer costs less than asking for what has changed
)
PRICE_SCALE: Final = 1_000  # of prices, there is a bitmap for each binary digit
DIGITS: Final = 58  # at most: microseconds since 1970 in the year 9999
# The key of all products. An index in another form has another one, and is written anew.
ALL: Final = "all:2"
SEPARATOR: Final = "\x1f"  # of a variant's colour and its size

_READ = f"""
    SELECT 'sum' AS kind, NULL AS key, coalesce(sum(version), 0)::bigint AS number,
        NULL::bytea AS bitmap, NULL::uuid AS product
    FROM products_facetbitmap
    UNION ALL
    SELECT 'now', NULL, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint, NULL, NULL
    UNION ALL
    SELECT 'bitmap', key, version, bitmap, NULL FROM products_facetbitmap
    WHERE version > %(known)s::bigint
    UNION ALL
    SELECT 'change', NULL, number, NULL, changed.product_id
    FROM (SELECT product_id FROM products_facetchange
        WHERE NOT by_clock AND EXISTS (SELECT FROM products_facetbitmap)
        LIMIT {MAX_CHANGES + 1}) AS changed
    LEFT JOIN products_facetnumber AS known ON known.product_id = changed.product_id
"""  # noqa: S608 (a constant)


@dataclass(frozen=True)
class Bitmaps:
    """A state of all bitmaps. No bitmap is ever written to: a newer state has others."""

    by_key: Mapping[str, tuple[int, BitMap]] = field(default_factory=dict)
    _facets: Mapping[str, Mapping[str, BitMap]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        facets: defaultdict[str, dict[str, BitMap]] = defaultdict(dict)
        for key, (_, bitmap) in self.by_key.items():
            name, _, value = key.partition(":")
            facets[name][value] = bitmap
        object.__setattr__(self, "_facets", dict(facets))

    @cached_property
    def version(self) -> int:
        """The version of the latest of them."""
        return max((version for version, _ in self.by_key.values()), default=0)

    @cached_property
    def checksum(self) -> int:
        """What the versions of all add up to."""
        return sum(version for version, _ in self.by_key.values())

    def values_of(self, facet: str) -> Mapping[str, BitMap]:
        """Return the bitmap of each value."""
        return self._facets.get(facet, {})

    def any_of(self, facet: str, values: Iterable[object]) -> BitMap:
        """Return the products that have one of these values."""
        known = self.values_of(facet)
        return BitMap.union(
            BitMap(),
            *(known[str(value)] for value in values if str(value) in known),
        )

    def all(self) -> BitMap:
        """Return all products."""
        return self.by_key.get(ALL, (0, BitMap()))[1]

    def at_most(self, among: BitMap, value: int, column: str) -> BitMap:
        """Return those of these products of which the number is no higher; by the binary digits."""
        if value >= 1 << DIGITS:
            return among
        lower, equal = BitMap(), among
        digits = self.values_of(column)
        for bit in reversed(range(DIGITS)):
            digit = digits.get(str(bit))
            if value >> bit & 1:
                if digit is None:
                    return lower | equal
                lower |= equal - digit
                equal = equal & digit
            elif digit is not None:
                equal = equal - digit
        return lower | equal

    def lowest(self, among: BitMap, column: str) -> int:
        """Return the lowest number of these products, of which there must be one."""
        value, digits = 0, self.values_of(column)
        for bit in reversed(range(DIGITS)):
            digit = digits.get(str(bit))
            if digit is None:
                continue
            if among.issubset(digit):
                value |= 1 << bit
            else:
                among = among - digit
        return value

    def highest(self, among: BitMap, column: str) -> int:
        """Return the highest number of these products, of which there must be one."""
        value, digits = 0, self.values_of(column)
        for bit in reversed(range(DIGITS)):
            digit = digits.get(str(bit))
            if digit is not None and among.intersect(digit):
                value |= 1 << bit
                among = among & digit
        return value


class PricesNow:
    """What the bitmaps know of list prices at a moment, in microseconds since 1970.

    They have two prices of a product whose sale starts or ends: up to a moment, and from then on.
    So they are right at that moment, whether or not anybody has written the new price since. Of
    the products in `unknown` the second one has ended, too.
    """

    def __init__(self, bitmaps: Bitmaps, now: int) -> None:
        self._bitmaps = bitmaps
        moved = self._ended("ends", "price_until", now)
        self.unknown = moved & self._ended("next_ends", "next_until", now)
        self._moved = moved - self.unknown

    def _ended(self, known: str, column: str, now: int) -> BitMap:
        among = self._bitmaps.any_of(known, [""])
        return self._bitmaps.at_most(among, now, column) if among else among

    def _halves(self, among: BitMap) -> list[tuple[BitMap, str]]:
        """Return the products by which of the two prices holds, without empty halves."""
        halves = [(among - self._moved, ""), (among & self._moved, "next_")]
        return [half for half in halves if half[0]]

    def at_most(self, among: BitMap, price: int) -> BitMap:
        """Return those of these products whose lowest price is no higher."""
        found = BitMap()
        for half, which in self._halves(among):
            found |= self._bitmaps.at_most(half, price, f"{which}price")
        return found

    def lowest(self, among: BitMap) -> int:
        """Return the lowest price of these products, of which there must be one."""
        return min(
            self._bitmaps.lowest(half, f"{which}price")
            for half, which in self._halves(among)
        )

    def highest(self, among: BitMap) -> int:
        """Return the highest price of these products, of which there must be one."""
        return max(
            self._bitmaps.highest(half, f"{which}price_max")
            for half, which in self._halves(among)
        )

    def reduced(self) -> BitMap:
        """Return the products that cost less than their base price."""
        before = self._bitmaps.any_of("reduced", [""])
        after = self._bitmaps.any_of("next_reduced", [""])
        return (before - self._moved) | (after & self._moved)


@dataclass(frozen=True)
class FacetIndex:
    """The bitmaps, and the products that have changed since, with their bits if they had any;
    without those to which nothing but a sale's start or end has happened.
    """

    bitmaps: Bitmaps
    changed: Mapping[UUID, int | None]
    changes: (
        int  # with those of one product; more than MAX_CHANGES were not all read
    )
    now: int  # PostgreSQL's clock as they were read, in microseconds since 1970

    @property
    def is_behind(self) -> bool:
        """Whether so much has changed that the bitmaps are of no use now."""
        return self.changes > MAX_CHANGES or not self.bitmaps.all()


_known = Bitmaps()


def knows_many() -> bool:
    """Return whether this process has read bitmaps of so many products that a list is sooner
    counted by them than by SQL. No query.
    """
    return len(_known.all()) >= MANY_PRODUCTS


def count_in_categories(ids: Iterable[UUID]) -> int:
    """Return how many products of these categories this process has read bitmaps of. No query."""
    return len(_known.any_of("category", ids))


def read_index() -> FacetIndex:
    """Return the index as it is at this moment: one query, which fetches what this process has
    not read yet. A second one where what it has read is not there any more: a database was
    restored, or a transaction rolled back.
    """
    global _known
    known = _known
    index, checksum = _read_newer(known)
    if index.bitmaps.checksum != checksum:
        index, _ = _read_newer(Bitmaps())
    _known = index.bitmaps
    return index


def _read_newer(known: Bitmaps) -> tuple[FacetIndex, int]:
    by_key, changed, checksum, changes, now = None, {}, 0, 0, 0
    for row in fetch_prepared(_READ, {"known": known.version}):
        if row["kind"] == "sum":
            checksum = row["number"]
        elif row["kind"] == "now":
            now = row["number"]
        elif row["kind"] == "change":
            changed[row["product"]] = row["number"]
            changes += 1
        else:
            by_key = by_key or dict(known.by_key)
            by_key[row["key"]] = (
                row["number"],
                BitMap.deserialize(bytes(row["bitmap"])),
            )
    bitmaps = known if by_key is None else Bitmaps(by_key)
    return FacetIndex(bitmaps, changed, changes, now), checksum
