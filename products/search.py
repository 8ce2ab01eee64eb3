"""Builds the query of a search from its words, what they mean in this shop, and how much each
meaning counts.

No part of what somebody typed reaches PostgreSQL as a pattern or a query of its own: its words
become quoted lexemes.

A search is places, one for each word, and a place is alternatives: the word as it was typed, its
other forms, what staff call its synonyms. Everything that it finds has something of each place.
What counts how much stands below.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz.distance import OSA

from markrin.db.text_search import JOINERS, PAIRS, STOP_WORDS, TRIPLES

MAX_TOKENS = 12
MAX_CORRECTIONS = 3
# What a place may be worth: the category itself; a category above it; a word of the name, and
# another form of it; of brand, colour, material or gender; of tags, collection, size, or a colour's
# family; the beginning of a word, and of one of tags; a word of the description; its beginning.
CATEGORY, ABOVE, NAME, NAME_FORM, CHOICE, TAG = 130, 100, 90, 85, 80, 60
BEGUN, BEGUN_TAG, TEXT, BEGUN_TEXT = 40, 30, 10, 5
STRONG = (
    15  # worth so much, a product is shown before all that only mention the words
)
SYNONYM = 0.55  # of what the word itself is worth
EXACT_NAME, NAME_BEGINS = 1_000, 30

_JOINERS = str.maketrans(dict.fromkeys(JOINERS, " "))


def is_dense(token: str) -> bool:
    """Return whether the token is of a script without blanks."""
    return bool(ngrams(token))


def ngrams(token: str) -> list[str]:
    """Return the pieces under which a token of a script without blanks stands in the index, or
    nothing for other tokens.
    """
    for ranges, size in ((_PAIRS, 2), (_TRIPLES, 3)):
        if any(low <= token[0] <= high for low, high in ranges):
            count = max(len(token) - size + 1, 1)
            return [token[start : start + size] for start in range(count)]
    return []


def _read_ranges(text: str) -> list[tuple[str, str]]:
    bounds = text.encode().decode("unicode_escape").split("-")
    joined = "-".join(bounds)
    return [(joined[i], joined[i + 2]) for i in range(0, len(joined), 3)]


_PAIRS, _TRIPLES = _read_ranges(PAIRS), _read_ranges(TRIPLES)


@dataclass(frozen=True)
class Token:
    """What was typed between two blanks: its parts, and all of them in one."""

    text: str

    @property
    def parts(self) -> list[str]:
        """The words of it that are looked for: none where they are stop words."""
        return [
            part
            for part in self.text.translate(_JOINERS).split()
            if not is_stop(part)
        ]

    @property
    def joined(self) -> str:
        """The token as one word: "tshirt" where "t-shirt" was typed."""
        return "".join(self.text.translate(_JOINERS).split())


def is_stop(word: str) -> bool:
    """Return whether a word says nothing of a product."""
    return word in STOP_WORDS


@dataclass(frozen=True)
class Meaning:
    """What a word of a search is in this shop: its forms in the catalogue, and the categories
    and colours that are called so, or stand below those, by their ids and keys.
    """

    forms: Sequence[str] = ()
    categories: Sequence[str] = ()
    above: Sequence[str] = ()
    colors: Sequence[str] = ()
    begun_categories: Sequence[str] = ()
    begun_colors: Sequence[str] = ()


Levels = Mapping[int, str]
"""Points → the tsquery of what is worth at least so much; points that add nothing are left out."""


def word_levels(word: str, meaning: Meaning, *, prefix: bool) -> Levels:
    """Return what a word finds, by what it is worth."""
    exact = quote(word)
    forms = [quote(form) for form in meaning.forms if form != word]
    words = [exact, *forms]
    found: dict[int, list[str]] = {
        CATEGORY: [quote("@" + each) for each in meaning.categories],
        ABOVE: [quote("@" + each) for each in meaning.above],
        NAME: [exact + ":A"],
        NAME_FORM: [form + ":A" for form in forms],
        CHOICE: [each + ":B" for each in words],
        TAG: [each + ":C" for each in words]
        + [quote("#" + word)]
        + [quote("~" + each) for each in meaning.colors],
        TEXT: [each + ":D" for each in words],
    }
    if prefix:
        found[BEGUN] = [
            exact + ":*AB",
            *(quote("@" + each) for each in meaning.begun_categories),
            *(quote("~" + each) for each in meaning.begun_colors),
        ]
        found[BEGUN_TAG] = [exact + ":*C"]
        found[BEGUN_TEXT] = [exact + ":*"]
    levels = dict(_accumulate(found))
    lowest = min(levels)
    keys = [*found[CATEGORY], *found[ABOVE], quote("#" + word)]
    keys += [quote("~" + each) for each in meaning.colors]
    keys += [key for key in found.get(BEGUN, ()) if not key.endswith(":*AB")]
    if prefix:  # which finds all words that begin so
        longer = [form for form in meaning.forms if not form.startswith(word)]
        words = [exact + ":*", *map(quote, longer)]
    levels[lowest] = _any([*keys, *words])
    return levels


def size_levels(word: str) -> Levels:
    """Return what has this size."""
    return _accumulate({TAG: [quote("#" + word)]})


def dense_levels(token: str, *, prefix: bool) -> Levels:
    """Return what holds all the pieces of a token of a script without blanks."""
    pieces = [quote(piece) for piece in ngrams(token)]
    begun = ":*" if prefix and len(pieces) == 1 else ":"
    weights = {NAME: "A", CHOICE: "AB", TAG: "ABC", TEXT: "ABCD"}
    return {
        points: _all(piece + begun + weight for piece in pieces)
        for points, weight in weights.items()
    }


def _accumulate(found: Mapping[int, Sequence[str]]) -> Levels:
    levels: dict[int, str] = {}
    all_so_far: list[str] = []
    for points in sorted(found, reverse=True):
        if found[points]:
            all_so_far += found[points]
            levels[points] = _any(all_so_far)
    return levels


def both(parts: Sequence[Levels]) -> Levels:
    """Return what has something of each part: worth what the least of them is."""
    if len(parts) == 1:
        return parts[0]
    levels = {}
    for points in _steps(parts):
        queries = [at_least(part, points) for part in parts]
        if all(queries):
            levels[points] = _all(queries)
    return levels


def either(alternatives: Sequence[Levels]) -> Levels:
    """Return what has one of the alternatives: worth what the best of them is."""
    if len(alternatives) == 1:
        return alternatives[0]
    levels = {}
    for points in _steps(alternatives):
        queries = [
            query for each in alternatives if (query := at_least(each, points))
        ]
        if queries:
            levels[points] = _any(queries)
    return levels


def _steps(levels: Iterable[Levels]) -> list[int]:
    return sorted({points for each in levels for points in each}, reverse=True)


def weaken(levels: Levels) -> Levels:
    """Return the same, worth less: a synonym counts less than the word itself."""
    return {round(points * SYNONYM): query for points, query in levels.items()}


def at_least(levels: Levels, points: int) -> str:
    """Return the tsquery of what is worth at least so many points, or "" for nothing."""
    fitting = [worth for worth in levels if worth >= points]
    return levels[min(fitting)] if fitting else ""


def _any(queries: Iterable[str]) -> str:
    # Each once: PostgreSQL takes a word that is named twice for twice as common.
    return "(" + " | ".join(dict.fromkeys(queries)) + ")"


def _all(queries: Iterable[str]) -> str:
    return "(" + " & ".join(queries) + ")"


def quote(lexeme: str) -> str:
    """Return a lexeme as a tsquery writes it."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


@dataclass(frozen=True)
class Place:
    """One of the things that are searched for: what was typed, and what it finds."""

    typed: str
    levels: Levels


@dataclass(frozen=True)
class Query:
    """A search, understood. `exact` are products that stand first in this order: pinned ones,
    and those whose SKU or barcode it is. `colors` are what its words mean of them, by their keys,
    once for each word. `catalogue_size`: of about how many products it is asked. `is_named`: a
    product is called just so. `is_begun`: a product's name begins so.
    """

    key: str = ""  # all that was typed, in one piece
    places: Sequence[Place] = ()
    exact: Sequence[str] = ()
    colors: Sequence[str] = ()
    catalogue_size: int = 0
    is_named: bool = False
    is_begun: bool = False
    corrected_to: str | None = None
    not_found: Sequence[str] = field(default_factory=list)

    @property
    def matching(self) -> str:
        """The tsquery of all that is found."""
        return self._at_least(0)

    @property
    def strong(self) -> str:
        """The tsquery of what does not only mention the words."""
        return self._at_least(STRONG)

    @property
    def best_tsquery(self) -> str:
        """The tsquery of what is worth as much as anything can be that is neither exact nor
        called so; "" where nothing is.
        """
        if not all(place.levels for place in self.places):
            return ""
        queries = [
            at_least(place.levels, max(place.levels)) for place in self.places
        ]
        if self.is_begun:
            queries.append(quote("=" + self.key) + ":*")
        return " & ".join(queries)

    def _at_least(self, points: int) -> str:
        queries = [at_least(place.levels, points) for place in self.places]
        return " & ".join(queries) if all(queries) else ""


def is_slip(typed: str, word: str, *, is_last: bool) -> int | None:
    """Return how many slips lead from what was typed to a word, if so few that it may have been
    meant: one in a short word, two in a longer one. The last word may still be in the making.
    """
    most = 1 if len(typed) < 6 else 2
    slips: int = OSA.distance(typed, word, score_cutoff=most)
    if is_last and len(word) > len(typed):
        begun = OSA.distance(typed, word[: len(typed)], score_cutoff=most)
        slips = min(slips, begun)
    if slips > most and typed[0] == word[0] and sorted(typed) == sorted(word):
        return most  # the right letters in the wrong order: lenin, linen
    return slips if slips <= most else None


def correct(typed: str, candidates: Iterable[str], *, is_last: bool) -> list[str]:
    """Return the nearest of the candidates, if any is near enough; a word that begins alike, and
    of those the one of the same length, first.
    """
    near = [
        (slips, word[0] != typed[0], abs(len(word) - len(typed)), word)
        for word in candidates
        if (slips := is_slip(typed, word, is_last=is_last)) is not None
    ]
    if not near:
        return []
    least = min(near)[:2]
    return [word for *rank, word in sorted(near) if tuple(rank[:2]) == least][
        :MAX_CORRECTIONS
    ]


def splits(word: str) -> list[tuple[str, str]]:
    """Return the ways in which a word may be two: flipflops, flip flops."""
    return [(word[:at], word[at:]) for at in range(2, len(word) - 1)]
