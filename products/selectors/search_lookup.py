"""Understands what somebody searches for: looks its words up in the catalogue's vocabulary, and in
what staff say of them. Two statements, and one more where a word is unknown."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from markrin.db.sql import fetch_prepared
from markrin.db.text_search import JOINERS
from products import search
from products.search import Levels, Meaning, Place, Query, Token
from products.selectors import search_ranking

MAX_WINDOW = 4  # words of one synonym
_MAX_SKUS = 200


def _for_both(sql: str) -> dict[bool, str]:
    """Return what shoppers look in, and what staff do: two texts, so that either can be planned
    once, though most of the vocabulary is public."""
    return {
        False: sql.replace("%(shown)s", "is_public"),
        True: sql.replace("%(shown)s", "true"),
    }


# Of each word: whether the catalogue has it in some form, or any word that begins so.
_KNOWN = """
    SELECT given.word, markrin_search_stem(given.word) AS stem,
        EXISTS (SELECT FROM products_searchword AS known
            WHERE stem = markrin_search_stem(given.word) AND %(shown)s) AS known,
        EXISTS (SELECT FROM products_searchword AS known
            WHERE known.word = '#' || given.word AND %(shown)s) AS is_size,
        EXISTS (SELECT FROM products_ignoredword WHERE key = given.word) AS is_ignored,
        given.is_last AND EXISTS (SELECT FROM products_searchword AS known
            WHERE known.word ~>=~ given.word AND known.word ~<~ (given.word || chr(1114111))
            AND %(shown)s) AS begins
"""
_WORDS = _for_both(f"""
    {_KNOWN} FROM (SELECT word, word = %(last)s AS is_last
        FROM unnest((SELECT %(words)s::text[])) AS word) AS given
""")  # noqa: S608 (constants)
# The same of all that the text may be made of: its tokens, their parts, two of them in one. The
# text stands in queries of its own, as arrays do (`markrin.db.sql.fetch_prepared`).
_READ = _for_both(f"""
    WITH typed AS MATERIALIZED (SELECT markrin_search_tokens((SELECT %(text)s::text)) AS tokens),
    pieces AS (
        SELECT place, translate(token, %(joiners)s, '') AS joined,
            place = max(place) OVER () AS is_last
        FROM typed CROSS JOIN LATERAL unnest(tokens) WITH ORDINALITY AS each (token, place)
    ), given AS (
        SELECT word, bool_or(is_last) AS is_last FROM (
            SELECT joined AS word, is_last FROM pieces
            UNION ALL SELECT unnest(markrin_search_words((SELECT %(text)s::text))), false
            UNION ALL SELECT former.joined || latter.joined, false
            FROM pieces AS former JOIN pieces AS latter ON latter.place = former.place + 1
        ) AS words GROUP BY word
    )
    SELECT (SELECT tokens FROM typed) AS tokens, markrin_search_key(%(text)s) AS key,
        (SELECT reltuples::int FROM pg_class WHERE oid = 'products_product'::regclass) AS size,
        (SELECT json_agg(found) FROM ({_KNOWN} FROM given) AS found) AS words
""")  # noqa: S608 (constants)
# What is like a word that is unknown. Candidates are alike by trigrams, or begin with the same
# letter and are about as long (a swapped pair of letters leaves short words few trigrams in
# common); or they are compounds that end so.
# With each, its stem: a word of the vocabulary is known, and needs no look of its own.
_LIKE = _for_both(rf"""
    SELECT (SELECT json_agg(found) FROM ({_KNOWN} FROM (SELECT word, word = %(last)s AS is_last
            FROM unnest((SELECT %(parts)s::text[])) AS word) AS given) AS found) AS words,
        (SELECT json_agg(alike) FROM (
        SELECT given.word, ARRAY(
            SELECT ARRAY[known.word, known.stem] FROM products_searchword AS known
            WHERE %(shown)s AND known.word !~ '^#' AND (
                known.word %% given.word
                OR known.word ~>=~ left(given.word, 1)
                    AND known.word ~<~ (left(given.word, 1) || chr(1114111))
                    AND length(known.word) >= length(given.word) - 1
                    AND (given.word = %(last)s OR length(known.word) <= length(given.word) + 1)
            )
            ORDER BY similarity(known.word, given.word) DESC, known.word LIMIT 60
        ) AS candidates, ARRAY(
            SELECT ARRAY[known.word, known.stem] FROM products_searchword AS known
            WHERE %(shown)s AND length(given.word) > 3
            AND known.word LIKE '%%' || given.word LIMIT 20
        ) AS endings
        FROM unnest((SELECT %(words)s::text[])) AS given (word)
    ) AS alike) AS alike
""")  # noqa: S608 (constants)
# An array's elements, not a function's rows: of these PostgreSQL expects a thousand each time, and
# makes room for as many.
_MEANINGS = _for_both("""
    WITH synonyms AS MATERIALIZED (
        SELECT phrases FROM products_synonymgroup WHERE phrases && (SELECT %(phrases)s::text[])
    ), wanted AS MATERIALIZED (
        SELECT stem FROM unnest((SELECT %(stems)s::text[])) AS stem
        UNION SELECT unnest(string_to_array(phrase, ' '))
        FROM synonyms CROSS JOIN LATERAL unnest(phrases) AS phrase
    ), called AS (
        SELECT stem, category.id, false AS begun
        FROM wanted JOIN products_category AS category ON stem = ANY (category.stems)
        UNION SELECT '', category.id, true FROM products_category AS category
        WHERE %(last)s <> ''
        AND EXISTS (SELECT FROM unnest(category.stems) AS stem WHERE starts_with(stem, %(last)s))
    )
    SELECT
        (SELECT count(*) > 0 FROM (SELECT FROM products_product
            WHERE search @@ (SELECT %(name)s::tsquery) LIMIT 1000) AS named) AS is_named,
        (SELECT count(*) > 0 FROM (SELECT FROM products_product
            WHERE search @@ (SELECT %(begun)s::tsquery) LIMIT 50) AS begun) AS is_begun,
        (SELECT json_agg(phrases) FROM synonyms) AS synonyms,
        (SELECT json_object_agg(stem, words) FROM (
            SELECT stem, array_agg(word) AS words FROM products_searchword
            WHERE stem IN (SELECT stem FROM wanted) AND %(shown)s GROUP BY stem
        ) AS found) AS forms,
        (SELECT json_agg(found) FROM (
            SELECT stem, begun, array_agg(DISTINCT replace(called.id::text, '-', '')) AS own,
                array_agg(DISTINCT replace(below.id::text, '-', '')) AS below
            FROM called JOIN products_category AS below ON below.ancestors @> ARRAY[called.id]
            GROUP BY stem, begun
        ) AS found) AS categories,
        (SELECT json_object_agg(stem, keys) FROM (
            SELECT stem, array_agg(key) AS keys
            FROM wanted JOIN products_color AS color ON stem = ANY (color.stems) GROUP BY stem
        ) AS found) AS colors,
        ARRAY(SELECT key FROM products_color WHERE %(last)s <> '' AND EXISTS (
            SELECT FROM unnest(stems) AS stem WHERE starts_with(stem, %(last)s))) AS begun_colors,
        ARRAY(SELECT product_id FROM products_searchpin
            WHERE markrin_search_key(query) = (SELECT %(key)s::text) ORDER BY position, id)
        || ARRAY(SELECT DISTINCT product_id FROM (
            SELECT product_id FROM products_variant
            WHERE is_active AND upper(translate(sku, '._/-', '')) ~>=~ (SELECT %(sku)s::text)
            AND upper(translate(sku, '._/-', '')) ~<~ (SELECT %(sku)s::text || %(sku_tail)s::text)
            LIMIT %(most)s
        ) AS variant)
        || ARRAY(SELECT product_id FROM products_variant
            WHERE is_active AND barcode <> ''
            AND barcode = ANY ((SELECT %(barcodes)s::text[])::text[])) AS exact
""")


@dataclass
class _Word:
    """A word of the search, as the vocabulary answers."""

    word: str
    stem: str = ""
    known: bool = False
    is_size: bool = False
    is_ignored: bool = False
    begins: bool = False


@dataclass
class _Piece:
    """A place in the making: `ways` to read it, each of words that must all be there."""

    typed: str
    ways: list[list[_Word]]
    shown: str = ""  # of a mistyped one, what it is taken for
    is_size: bool = False
    is_last: bool = False

    @property
    def stems(self) -> list[str]:
        """The stems of the first way."""
        return [word.stem for word in self.ways[0]] if self.ways else []


def understand(text: str, *, for_staff: bool = False) -> Query:
    """Return what to look for. `for_staff`: also by words that only unpublished products have."""
    [found] = fetch_prepared(_READ[for_staff], {"text": text, "joiners": JOINERS})
    tokens = [Token(token[:64]) for token in found["tokens"]][: search.MAX_TOKENS]
    if not tokens:
        return Query()
    words = {row["word"]: _Word(**row) for row in found["words"]}
    reader = _Reader(tokens, words, for_staff=for_staff)
    pieces, unknown = reader.read()
    meanings = _fetch_meanings(text, found["key"], pieces, reader.last, for_staff)
    corrected = any(piece.shown for piece in pieces)
    places = _Places(meanings, reader.last)
    return Query(
        key=found["key"],
        places=places.make(pieces),
        exact=[str(each) for each in meanings["exact"]],
        colors=places.meant_colors,
        catalogue_size=found["size"],
        is_named=meanings["is_named"],
        is_begun=meanings["is_begun"],
        corrected_to=" ".join(piece.shown or piece.typed for piece in pieces)
        if corrected
        else None,
        not_found=unknown,
    )


def relax(query: Query, *, for_staff: bool = False) -> Query:
    """Return the search without the words that stand in the way of finding anything; itself, if
    something has them all, or nothing has any.
    """
    missing = search_ranking.find_missing_words(query.places, for_staff=for_staff)
    left = [place for at, place in enumerate(query.places) if at not in missing]
    unknown = [query.places[at].typed for at in sorted(missing)]
    return replace(query, places=left, not_found=[*query.not_found, *unknown])


class _Reader:
    """Reads tokens into places: which of them are one word, which two, which are mistyped."""

    def __init__(
        self, tokens: Sequence[Token], words: dict[str, _Word], *, for_staff: bool
    ) -> None:
        self.tokens, self.words, self.for_staff = tokens, words, for_staff
        last = tokens[-1]
        only = all(not token.parts for token in tokens)
        self.last = last.joined if last.parts or only else ""

    def read(self) -> tuple[list[_Piece], list[str]]:
        """Return the places, and the words that nothing is like."""
        tokens = self.tokens
        self._look_up(token.joined for token in tokens)  # those cut short
        pieces: list[_Piece] = []
        at = 0
        while at < len(tokens):
            piece, taken = self._read_at(at)
            if piece is not None:
                piece.is_last = at + taken == len(tokens) and bool(self.last)
                pieces.append(piece)
            at += taken
        self._mend([piece for piece in pieces if not piece.ways])
        known = [piece for piece in pieces if piece.ways]
        return known, [piece.typed for piece in pieces if not piece.ways]

    def _look_up(self, words: Iterable[str]) -> None:
        missing = [word for word in dict.fromkeys(words) if word not in self.words]
        if missing:
            given = {"words": missing, "last": self.last}
            for row in fetch_prepared(_WORDS[self.for_staff], given):
                self.words[row["word"]] = _Word(**row)

    def _read_at(self, at: int) -> tuple[_Piece | None, int]:
        """Return the place that begins at a token, if there is one, and of how many it is."""
        token = self.tokens[at]
        if search.is_dense(token.text):
            word = _Word(token.text, token.text, known=True)
            return _Piece(token.text, [[word]]), 1
        if at + 1 < len(self.tokens):
            after = self.tokens[at + 1]
            joined = self.words.get(token.joined + after.joined)
            if token.joined in ("size", "sizes"):
                size = self.words.get(after.joined)
                if size is not None and size.is_size:
                    typed = f"{token.text} {after.text}"
                    return _Piece(typed, [[size]], is_size=True), 2
            if joined is not None and (joined.known or joined.is_size):
                parts = [self.words[part] for part in (*token.parts, *after.parts)]
                whole = len(parts) == 2 and all(part.known for part in parts)
                typed = f"{token.text} {after.text}"
                return _Piece(typed, [[joined], parts] if whole else [[joined]]), 2
        return self._read_token(token, is_last=at + 1 == len(self.tokens)), 1

    def _read_token(self, token: Token, *, is_last: bool) -> _Piece | None:
        joined = self.words[token.joined]
        parts = [self.words[part] for part in token.parts]
        if joined.is_ignored or (not parts and not (is_last and self.last)):
            return None
        ways = []
        if _is_known(joined):
            ways.append([joined])
        if len(parts) > 1 and all(map(_is_known, parts)):
            ways.append(parts)
        return _Piece(token.text, ways)

    def _mend(self, pieces: Sequence[_Piece]) -> None:
        """Read unknown words as two, or as what they are mistyped from."""
        texts = {piece.typed: Token(piece.typed) for piece in pieces}
        if not texts:
            return
        candidates, endings = self._find_alike(texts.values())
        for piece in pieces:
            token = texts[piece.typed]
            # The last part of a compound says what it is: Hose, Stoffhose.
            piece.ways += [[self.words[word]] for word in endings[token.joined]]
            self._mend_one(piece, token, candidates)

    def _find_alike(
        self, tokens: Iterable[Token]
    ) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
        """Return what these unknown words may be mistyped from, and the words that end so; they
        and the parts of these words are known from here on. One query.
        """
        tokens = list(tokens)
        parts = {
            part
            for token in tokens
            for pair in search.splits(token.joined)
            for part in pair
        }
        asked = [word for token in tokens for word in {token.joined, *token.parts}]
        [found] = fetch_prepared(
            _LIKE[self.for_staff],
            {
                "parts": sorted(parts - self.words.keys()),
                "words": asked,
                "last": self.last,
            },
        )
        for row in found["words"] or ():
            self.words[row["word"]] = _Word(**row)
        alike = []
        for kind in ("candidates", "endings"):
            alike.append(
                {
                    row["word"]: [word for word, _ in row[kind]]
                    for row in found["alike"]
                }
            )
            for row in found["alike"]:
                for word, stem in row[kind]:
                    self.words.setdefault(word, _Word(word, stem, known=True))
        return alike[0], alike[1]

    def _mend_one(
        self, piece: _Piece, token: Token, candidates: Mapping[str, Sequence[str]]
    ) -> None:
        for pair in search.splits(token.joined):
            parts = [self.words[part] for part in pair]
            if all(part.known and len(part.word) > 2 for part in parts):
                piece.ways.append(parts)
        if piece.ways:
            return
        mended = [
            self._correct(part, candidates)
            for part in (token.parts if len(token.parts) > 1 else [token.joined])
        ]
        if all(mended):
            first = [words[0] for words in mended]
            piece.ways = (
                [[self.words[word]] for word in mended[0]]
                if len(mended) == 1
                else [[self.words[word] for word in first]]
            )
            piece.shown = " ".join(first)

    def _correct(
        self, word: str, candidates: Mapping[str, Sequence[str]]
    ) -> Sequence[str]:
        if word in self.words and _is_known(self.words[word]):
            return [word]
        if len(word) < 3 or any(letter.isdigit() for letter in word):
            return []
        return search.correct(
            word, candidates.get(word, ()), is_last=word == self.last
        )


def _is_known(word: _Word) -> bool:
    return word.known or word.is_size or word.begins


def _fetch_meanings(
    text: str, key: str, pieces: Sequence[_Piece], last: str, for_staff: bool
) -> dict[str, Any]:
    stems = [word.stem for piece in pieces for way in piece.ways for word in way]
    order = [stem for piece in pieces for stem in piece.stems]
    windows = [
        " ".join(order[start : start + size])
        for size in range(1, MAX_WINDOW + 1)
        for start in range(len(order) - size + 1)
    ]
    sku = re.sub("[^A-Z0-9]", "", text.upper())
    begins = len(sku) > 3 and (
        not pieces or any(letter.isdigit() for letter in sku)
    )
    code = (
        re.sub("[^0-9]", "", text)
        if re.fullmatch(r"[0-9 -]+", text.strip())
        else ""
    )
    bare = code.lstrip("0")
    [found] = fetch_prepared(
        _MEANINGS[for_staff],
        {
            "phrases": [*windows, *stems],
            "stems": stems,
            "last": last,
            "key": key,
            "name": search.quote("=" + key),
            "begun": search.quote("=" + key) + ":*",
            "sku": sku or " ",
            "sku_tail": chr(1114111) if begins else chr(1),
            "barcodes": [bare.zfill(size) for size in (8, 12, 13, 14)]
            if bare
            else [],
            "most": _MAX_SKUS,
        },
    )
    return found


class _Places:
    """Makes places of pieces, by what the shop says of their words."""

    def __init__(self, found: Mapping[str, Any], last: str) -> None:
        self.synonyms: list[list[str]] = found["synonyms"] or []
        self.forms: dict[str, list[str]] = found["forms"] or {}
        self.colors: dict[str, list[str]] = found["colors"] or {}
        self.own: dict[str, list[str]] = {}
        self.below: dict[str, list[str]] = {}
        self.begun: list[str] = []
        for row in found["categories"] or ():
            if row["begun"]:
                self.begun = row["below"]
            else:
                self.own[row["stem"]], self.below[row["stem"]] = (
                    row["own"],
                    row["below"],
                )
        self.begun_colors: list[str] = found["begun_colors"]
        self.last = last
        self.meant_colors: list[str] = []

    def make(self, pieces: Sequence[_Piece]) -> list[Place]:
        """Return the places, those that a synonym takes together as one."""
        words = [word.word for piece in pieces for word in piece.ways[0]]
        self.meant_colors += map("".join, pairwise(words))  # sea green
        places, at = [], 0
        while at < len(pieces):
            size = self._synonym_size(pieces, at)
            taken = pieces[at : at + size]
            phrase = " ".join(stem for piece in taken for stem in piece.stems)
            ways = [search.both([self._piece_levels(piece) for piece in taken])]
            names = {
                phrase,
                *(
                    stem
                    for way in taken[0].ways
                    for stem in [way[0].stem]
                    if size == 1 and len(way) == 1
                ),
            }
            for group in self.synonyms:
                if names & set(group):
                    ways += [
                        search.weaken(self._phrase_levels(other))
                        for other in group
                        if other and other not in names
                    ]
            typed = " ".join(piece.typed for piece in taken)
            places.append(Place(typed, search.either(ways)))
            at += size
        return places

    def _synonym_size(self, pieces: Sequence[_Piece], at: int) -> int:
        """Return of how many pieces the longest synonym that begins here is, at least one."""
        known = {phrase for group in self.synonyms for phrase in group}
        for size in range(min(MAX_WINDOW, len(pieces) - at), 1, -1):
            stems = [
                stem for piece in pieces[at : at + size] for stem in piece.stems
            ]
            if " ".join(stems) in known:
                return size
        return 1

    def _piece_levels(self, piece: _Piece) -> Levels:
        if piece.is_size:
            return search.size_levels(piece.ways[0][0].word)
        return search.either(
            [
                search.both(
                    [
                        self._word_levels(
                            word.word,
                            word.stem,
                            prefix=piece.is_last
                            and not piece.shown
                            and word.word == self.last,
                        )
                        for word in way
                    ]
                )
                for way in piece.ways
            ]
        )

    def _phrase_levels(self, phrase: str) -> Levels:
        return search.both(
            [self._word_levels(stem, stem, prefix=False) for stem in phrase.split()]
        )

    def _word_levels(self, word: str, stem: str, *, prefix: bool) -> Levels:
        if search.is_dense(word):
            return search.dense_levels(word, prefix=prefix)
        meaning = Meaning(
            forms=self.forms.get(stem, ()),
            categories=self.own.get(stem, ()),
            above=self.below.get(stem, ()),
            colors=self.colors.get(stem, ()),
            begun_categories=self.begun if prefix else (),
            begun_colors=self.begun_colors if prefix else (),
        )
        self.meant_colors += {word, *meaning.colors, *meaning.begun_colors}
        return search.word_levels(word, meaning, prefix=prefix)
