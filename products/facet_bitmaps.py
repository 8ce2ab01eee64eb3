"""The bitmaps that facets are counted by, as this process has read them.

Each request asks for what is newer than what the process knows, and for the products that have
changed since the bitmaps were written (products/models/facet_index.py): in one statement, so that
both are of one moment.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from pyroaring import BitMap

from markrin.db.sql import fetch_prepared

MAX_CHANGES: Final = 20_000  # that are counted by themselves
PRICE_SCALE: Final = 1_000  # of prices, there is a bitmap for each binary digit
PRICE_BITS: Final = 40
SEPARATOR: Final = "\x1f"  # of a variant's colour and its size

_READ = f"""
    SELECT 'sum' AS kind, NULL AS key, coalesce(sum(version), 0)::bigint AS number,
        NULL::bytea AS bitmap, NULL::uuid AS product
    FROM products_facetbitmap
    UNION ALL
    SELECT 'bitmap', key, version, bitmap, NULL FROM products_facetbitmap
    WHERE version > %(known)s::bigint
    UNION ALL
    SELECT 'change', NULL, number, NULL, changed.product_id
    FROM (SELECT product_id FROM products_facetchange
        WHERE EXISTS (SELECT FROM products_facetbitmap) LIMIT {MAX_CHANGES + 1}) AS changed
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

    @property
    def version(self) -> int:
        """The version of the latest of them."""
        return max((version for version, _ in self.by_key.values()), default=0)

    @property
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
            BitMap(), *(known[str(value)] for value in values if str(value) in known)
        )

    def all(self) -> BitMap:
        """Return all products."""
        return self.values_of("all").get("", BitMap())

    def at_most(self, among: BitMap, price: int) -> BitMap:
        """Return those of these products whose price is no higher; by the binary digits."""
        if price >= 1 << PRICE_BITS:
            return among
        lower, equal = BitMap(), among
        for bit in reversed(range(PRICE_BITS)):
            digit = self.values_of("price").get(str(bit), BitMap())
            if price >> bit & 1:
                lower |= equal - digit
                equal = equal & digit
            else:
                equal = equal - digit
        return lower | equal

    def lowest(self, among: BitMap, column: str) -> int:
        """Return the lowest price of these products, of which there must be one."""
        value = 0
        for bit in reversed(range(PRICE_BITS)):
            digit = self.values_of(column).get(str(bit), BitMap())
            if among.issubset(digit):
                value |= 1 << bit
            else:
                among = among - digit
        return value

    def highest(self, among: BitMap, column: str) -> int:
        """Return the highest price of these products, of which there must be one."""
        value = 0
        for bit in reversed(range(PRICE_BITS)):
            digit = self.values_of(column).get(str(bit), BitMap())
            if among.intersect(digit):
                value |= 1 << bit
                among = among & digit
        return value


@dataclass(frozen=True)
class FacetIndex:
    """The bitmaps, and the products that have changed since, with their bits if they had any."""

    bitmaps: Bitmaps
    changed: Mapping[UUID, int | None]
    changes: int  # with those of one product; more than MAX_CHANGES were not all read

    @property
    def is_behind(self) -> bool:
        """Whether so much has changed that the bitmaps are of no use now."""
        return self.changes > MAX_CHANGES or not self.bitmaps.all()


_known = Bitmaps()


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
    by_key, changed, checksum, changes = None, {}, 0, 0
    for row in fetch_prepared(_READ, {"known": known.version}):
        if row["kind"] == "sum":
            checksum = row["number"]
        elif row["kind"] == "change":
            changed[row["product"]] = row["number"]
            changes += 1
        else:
            by_key = by_key or dict(known.by_key)
            by_key[row["key"]] = row["number"], BitMap.deserialize(bytes(row["bitmap"]))
    bitmaps = known if by_key is None else Bitmaps(by_key)
    return FacetIndex(bitmaps, changed, changes), checksum
