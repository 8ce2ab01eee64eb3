"""Reads what a shopper typed: into words that the catalogue has, a mistyped one into its
likeliest corrections.

No part of the text reaches PostgreSQL as a pattern or a query of its own: its words become
quoted lexemes."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchQuery

MAX_WORDS = 10
MAX_CORRECTIONS = 3
_WORD = re.compile(r"[^\W_]+(?:[-'’.&][^\W_]+)*")

# Each lexeme of the words given (in the order they were typed), whether the catalogue has
# it, and else what is like it. The last word may still be in the making: it is known if any
# word begins so, and stands also where it is a stop word. Candidates are alike by trigrams,
# or begin with the same letter and are about as long (a swapped pair of letters leaves
# short words few trigrams in common).
WORDS_SQL = r"""
    SELECT json_agg(json_build_object(
        'place', wanted.place, 'last', wanted.last, 'lexeme', wanted.lexeme, 'candidates',
            candidates.words
    ) ORDER BY wanted.place, wanted.lexeme)
    FROM (
        SELECT place, last, lexeme FROM (
            SELECT place, place = max(place) OVER () AS last,
                tsvector_to_array(to_tsvector('public.markrin', word))
                AS lexemes, lower(public.markrin_unaccent(word)) AS folded
            FROM unnest(%(words)s::text[]) WITH ORDINALITY AS given (word, place)
        ) AS parsed
        CROSS JOIN LATERAL unnest(CASE WHEN last AND lexemes = '{}' THEN ARRAY[folded] ELSE
            lexemes END) AS lexeme
    ) AS wanted
    CROSS JOIN LATERAL (
        SELECT array_agg(word ORDER BY likeness DESC, word) AS words FROM (
            SELECT word, similarity(word, wanted.lexeme) AS likeness
            FROM products_searchword
            WHERE length(wanted.lexeme) > 2
                AND NOT EXISTS (
                    SELECT FROM products_searchword AS known
                    WHERE known.word = wanted.lexeme OR wanted.last
                        AND known.word ~>=~ wanted.lexeme
                        AND known.word ~<~ (wanted.lexeme || chr(1114111))
                )
                AND (
                    word %% wanted.lexeme
                    OR word ~>=~ left(wanted.lexeme, 1)
                        AND word ~<~ (left(wanted.lexeme, 1) || chr(1114111))
                        AND length(word) >= length(wanted.lexeme) - 1
                        AND (wanted.last OR length(word) <= length(wanted.lexeme) + 1)
                )
            ORDER BY likeness DESC, word LIMIT 40
        ) AS nearest
    ) AS candidates
"""


class Lexemes(SearchQuery):
    """A tsquery written out, so that its lexemes are not stemmed a second time."""

    template = "(%(expressions)s)::tsquery"

    def __init__(self, text: str, places: int) -> None:
        super().__init__(text, search_type="raw")
        self.text, self.places = (
            text,
            places,
        )  # as PostgreSQL reads it; how many words are searched for


@dataclass(frozen=True)
class Wanted:
    """One lexeme of a search, as WORDS_SQL answers it."""

    place: int
    last: bool
    lexeme: str
    candidates: list[str] | None


def words(text: str) -> list[str]:
    """Return the words of a text that somebody typed, at most MAX_WORDS."""
    return [word[:64] for word in _WORD.findall(text)][:MAX_WORDS]


def query(found: Iterable[dict[str, Any]] | None) -> Lexemes:
    """Return the query for WORDS_SQL's answer: all words, each as typed or corrected, the
    last also as a beginning.
    """
    places = defaultdict(list)
    for wanted in (Wanted(**row) for row in found or ()):
        places[wanted.place].append(wanted)
    alternatives = [
        _alternatives(wanted) for place in sorted(places) for wanted in places[place]
    ]
    return Lexemes(" & ".join(alternatives), len(alternatives))


def _alternatives(wanted: Wanted) -> str:
    tail = ":*" if wanted.last else ""
    taken = [wanted.lexeme, *corrections(wanted)]
    return "(" + " | ".join(_quoted(lexeme) + tail for lexeme in taken) + ")"


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def corrections(wanted: Wanted) -> list[str]:
    """Return the nearest of the candidates, if any is near enough: one slip in a short
    word, two in a longer one.
    """
    length = len(wanted.lexeme)
    most = 1 if length < 6 else 2
    near = []
    for candidate in wanted.candidates or ():
        slips = distance(wanted.lexeme, candidate)
        if wanted.last and len(candidate) > length:
            slips = min(slips, distance(wanted.lexeme, candidate[:length]))
        near.append((slips, candidate))
    least = min((slips for slips, _ in near), default=most + 1)
    return [candidate for slips, candidate in near if slips == least <= most][
        :MAX_CORRECTIONS
    ]


def distance(one: str, other: str) -> int:
    """Return how many slips lead from one word to the other: a letter wrong, missing, too
    many, or two swapped.

    Source: the optimal string alignment distance (Damerau 1964, restricted).
    """
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        before, last, row = row, before, [i]
        for j, wanted in enumerate(other, start=1):
            swapped = (
                i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted
            )
            cheapest = min(
                before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted)
            )
            row.append(min(cheapest, last[j - 2] + 1) if swapped else cheapest)
    return row[-1]


def beginnings(found: list[str]) -> SearchQuery:
    """Return the query for what holds all these words, each whole or as a beginning, none
    of them corrected.
    """
    text = " & ".join(_quoted(word) + ":*" for word in found)
    return SearchQuery(text, search_type="raw", config="public.markrin")
