"""What a search must find, and whether it did.

A query says by the catalogue's own fields what its first five results must be; README.md has the
table of them. `judge` is handed the products found, the best first.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from tests.search.sample_catalogue import Product, read_color_families

FOLDER = Path(__file__).resolve().parent
RESULTS = 5  # are looked at, as many as a shopper sees at once
FIELDS = (
    "name", "name_has", "category", "brand", "collection", "gender", "material", "tags", "color",
    "color_family", "size", "barcode",
)  # fmt: skip


class Half(StrEnum):
    OPEN = "queries_open"
    HELD_BACK = "queries_held_back"


class Mode(StrEnum):
    ALL = "all"
    """Each of the first five; where the catalogue has fewer that match, these come first."""
    ANY = "any"
    """At least one of the first five."""
    FIRST = "first"
    """The first of all."""


@dataclass(frozen=True)
class Query:
    """What somebody types, and what must come first then."""

    text: str
    language: str
    """BCP 47."""
    kind: str
    source: str
    mode: Mode
    expected: Mapping[str, tuple[str, ...]]
    """A field, and the values of which it must have one."""
    at_least: int | None = None
    """With Mode.ALL: how many results will do, where not all that match must be found."""
    needs: str = ""

    def matches(self, product: Product) -> bool:
        """Return whether the product is what the query is after."""
        return all(
            any(_has(product, name, value) for value in values)
            for name, values in self.expected.items()
        )


@dataclass
class Shares:
    """How many queries were answered as they must be, of how many; by kind and of all."""

    passed: int = 0
    asked: int = 0
    by_kind: dict[str, tuple[int, int]] = field(default_factory=dict)
    failed: list[tuple[Query, list[str]]] = field(default_factory=list)
    """With the names of what was found."""

    def add(self, query: Query, found: Sequence[Product], *, passed: bool) -> None:
        """Count one more answer."""
        self.asked += 1
        self.passed += passed
        before, of = self.by_kind.get(query.kind, (0, 0))
        self.by_kind[query.kind] = (before + passed, of + 1)
        if not passed:
            self.failed.append((query, [product.name for product in found]))


def read_queries(half: Half) -> list[Query]:
    """Return the queries of a half. Raises: ValueError, for one that is not written as it
    must be.
    """
    document = tomllib.loads((FOLDER / f"{half}.toml").read_text(encoding="utf-8"))
    return [_query(entry, half) for entry in document["queries"]]


def _query(entry: dict[str, Any], half: Half) -> Query:
    text = entry["text"]
    modes = [mode for mode in Mode if mode in entry]
    if len(modes) != 1:
        raise ValueError(
            f"{half}.toml, {text!r}: one of all, any and first is needed"
        )
    expected = {
        name: (value,) if isinstance(value, str) else tuple(value)
        for name, value in entry[modes[0]].items()
    }
    if not expected:
        raise ValueError(
            f"{half}.toml, {text!r}: nothing is said of what must be found"
        )
    if unknown := set(expected) - set(FIELDS):
        raise ValueError(
            f"{half}.toml, {text!r}: {unknown} is no field; there are {FIELDS}"
        )
    rest = {"at_least": entry.get("at_least"), "needs": entry.get("needs", "")}
    known = {"text", "language", "kind", "source", modes[0].value, *rest}
    if stray := set(entry) - known:
        raise ValueError(f"{half}.toml, {text!r}: there is no {stray}")
    head = {name: entry[name] for name in ("text", "language", "kind", "source")}
    return Query(**head, mode=modes[0], expected=expected, **rest)


def judge(
    query: Query, found: Sequence[Product], catalogue: Iterable[Product]
) -> bool:
    """Return whether these results, the best first, are what the query must find."""
    shown = found[:RESULTS]
    right = [query.matches(product) for product in shown]
    if query.mode is Mode.FIRST:
        return bool(right) and right[0]
    if query.mode is Mode.ANY:
        return any(right)
    most = min(RESULTS, count_matches(query, catalogue))
    least = most if query.at_least is None else query.at_least
    return all(right[:most]) and len(right) >= least


def count_matches(query: Query, catalogue: Iterable[Product]) -> int:
    """Return how many products a shopper may see are what the query is after."""
    return sum(
        product.status == "published" and query.matches(product)
        for product in catalogue
    )


_FAMILIES = read_color_families()


def _has(product: Product, name: str, value: str) -> bool:
    if name == "name_has":
        return value.casefold() in product.name.casefold()
    if name == "color":
        return value in product.colors
    if name == "color_family":
        return any(_FAMILIES[color] == value for color in product.colors)
    if name == "size":
        return value in product.sizes
    here = getattr(
        product, name
    )  # a text, or several: the category with its ancestors, the tags
    return value == here if isinstance(here, str) else value in here
