"""How a text is cut into the words that a search compares: functions of the database, so that the
index and what somebody types are cut by the very same ones.

A word is letters, marks and numbers in a row: a vowel sign belongs to its letter, which
PostgreSQL's own parser, that knows letters only, cuts off. Scripts that are written without
blanks are cut into overlapping pieces (n-grams).

Source: Unicode Standard Annex #29 (a mark extends its letter: WB4; joiners inside a word, which
are kept together here as one token of several parts: WB6, WB7, WB11, WB12, WB13a).
"""

from markrin.db.declared import Function

# What is no letter, mark or number, of the Basic Multilingual Plane beyond ASCII; code points not
# yet assigned go with those before them. Source: the Unicode Character Database 14.0.
NO_WORD = (
    r"\u0080-\u00A9\u00AB-\u00B1\u00B4\u00B6-\u00B8\u00BB\u00BF\u00D7\u00F7\u02C2-\u02C5"
    r"\u02D2-\u02DF\u02E5-\u02EB\u02ED\u02EF-\u02FF\u0375\u037E\u0384-\u0385\u0387\u03F6"
    r"\u0482\u055A-\u055F\u0589-\u058F\u05BE\u05C0\u05C3\u05C6\u05F3-\u060F\u061B-\u061F"
    r"\u066A-\u066D\u06D4\u06DD-\u06DE\u06E9\u06FD-\u06FE\u0700-\u070F\u07F6-\u07F9"
    r"\u07FE-\u07FF\u0830-\u083E\u085E\u0888\u0890-\u0891\u08E2\u0964-\u0965\u0970"
    r"\u09F2-\u09F3\u09FA-\u09FB\u09FD\u0A76\u0AF0-\u0AF1\u0B70\u0BF3-\u0BFA\u0C77\u0C7F"
    r"\u0C84\u0D4F\u0D79\u0DF4\u0E3F\u0E4F\u0E5A-\u0E5B\u0F01-\u0F17\u0F1A-\u0F1F\u0F34"
    r"\u0F36\u0F38\u0F3A-\u0F3D\u0F85\u0FBE-\u0FC5\u0FC7-\u0FDA\u104A-\u104F\u109E-\u109F"
    r"\u10FB\u1360-\u1368\u1390-\u1399\u1400\u166D-\u166E\u1680\u169B-\u169C\u16EB-\u16ED"
    r"\u1735-\u1736\u17D4-\u17D6\u17D8-\u17DB\u1800-\u180A\u180E\u1940-\u1945\u19DE-\u19FF"
    r"\u1A1E-\u1A1F\u1AA0-\u1AA6\u1AA8-\u1AAD\u1B5A-\u1B6A\u1B74-\u1B7E\u1BFC-\u1BFF"
    r"\u1C3B-\u1C3F\u1C7E-\u1C7F\u1CC0-\u1CC7\u1CD3\u1FBD\u1FBF-\u1FC1\u1FCD-\u1FCF"
    r"\u1FDD-\u1FDF\u1FED-\u1FEF\u1FFD-\u206F\u207A-\u207E\u208A-\u208E\u20A0-\u20C0"
    r"\u2100-\u2101\u2103-\u2106\u2108-\u2109\u2114\u2116-\u2118\u211E-\u2123\u2125\u2127"
    r"\u2129\u212E\u213A-\u213B\u2140-\u2144\u214A-\u214D\u214F\u218A-\u244A\u249C-\u24E9"
    r"\u2500-\u2775\u2794-\u2BFF\u2CE5-\u2CEA\u2CF9-\u2CFC\u2CFE-\u2CFF\u2D70\u2E00-\u2E2E"
    r"\u2E30-\u3004\u3008-\u3020\u3030\u3036-\u3037\u303D-\u303F\u309B-\u309C\u30A0\u30FB"
    r"\u3190-\u3191\u3196-\u319F\u31C0-\u31E3\u3200-\u321E\u322A-\u3247\u3250\u3260-\u327F"
    r"\u328A-\u32B0\u32C0-\u33FF\u4DC0-\u4DFF\uA490-\uA4C6\uA4FE-\uA4FF\uA60D-\uA60F\uA673"
    r"\uA67E\uA6F2-\uA716\uA720-\uA721\uA789-\uA78A\uA828-\uA82B\uA836-\uA839\uA874-\uA877"
    r"\uA8CE-\uA8CF\uA8F8-\uA8FA\uA8FC\uA92E-\uA92F\uA95F\uA9C1-\uA9CD\uA9DE-\uA9DF"
    r"\uAA5C-\uAA5F\uAA77-\uAA79\uAADE-\uAADF\uAAF0-\uAAF1\uAB5B\uAB6A-\uAB6B\uABEB\uFB29"
    r"\uFBB2-\uFBC2\uFD3E-\uFD4F\uFDCF\uFDFC-\uFDFF\uFE10-\uFE19\uFE30-\uFE6B\uFEFF-\uFF0F"
    r"\uFF1A-\uFF20\uFF3B-\uFF40\uFF5B-\uFF65\uFFE0-\uFFFD"
    r"\U0001F000-\U0001FBFF"
)
# What may join the parts of one token: t-shirt, h&m, 50/50, u.s.
JOINERS = "&/.+_-"
# Written without blanks: Han, Hiragana, Katakana; and Thai, Lao, Myanmar, Khmer, of whose signs it
# takes three to mean as much as two of the others.
PAIRS = r"\u3005-\u3007\u3041-\u30FF\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF"
TRIPLES = r"\u0E01-\u0E4E\u0E81-\u0ECD\u1000-\u109F\u1780-\u17D3"
# They say nothing of a product, and nothing is found by them alone.
STOP_WORDS = (
    "a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "is", "it", "of",
    "on", "or", "that", "the", "this", "to", "with", "und", "mit", "der", "die", "das", "für",
    "fur", "de", "del", "la", "el", "los", "las", "con", "para", "का", "की", "के", "में", "और",
)  # fmt: skip
MAX_WORD = 40

_APOSTROPHES = "'’‘ʼ`´′＇"
# Letters that are written one way or another for the same sound (Arabic), and digits.
_ALIKE = {
    "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ؤ": "و",
    "ئ": "ي", "\u0901": "\u0902", "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-", "−": "-",
}  # fmt: skip
_ALIKE |= {
    chr(zero + digit): str(digit)
    for zero in (
        0x0660,
        0x06F0,
        0x0966,
        0x09E6,
        0x0AE6,
        0x0BE6,
        0x0C66,
        0x0CE6,
        0x0E50,
    )
    for digit in range(10)
}
# Not written by everybody: short vowels and the stretched line of Arabic, the dot below a letter
# of an Indian script, what only joins or parts letters on the screen.
_LEFT_OUT = (
    "".join(map(chr, [*range(0x064B, 0x0660), 0x0640, 0x0670]))
    + "\u093c\u09bc\u0a3c\u0abc\u0b3c\u0cbc"
    + "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_IMMUTABLE = "IMMUTABLE PARALLEL SAFE STRICT"
_WORD = f"[^ {JOINERS}]"
_STOP_WORDS = ", ".join(map(_quoted, STOP_WORDS))

# PL/pgSQL, as the planner takes functions of SQL that read arrays for much work, and compiles
# them at every call. Plain ASCII, which most texts are, needs none of Unicode's rules.
FOLD = Function(
    name="markrin_search_fold",
    signature="value text",
    returns="text",
    options=_IMMUTABLE,
    body=f"""
BEGIN
    IF octet_length(value) = length(value) THEN
        RETURN lower(translate(value, {_quoted("'`")}, ''));
    END IF;
    RETURN lower(public.markrin_unaccent(regexp_replace(
        translate(
            lower(normalize(translate(value, {_quoted(_APOSTROPHES)}, ''), NFKC)),
            {_quoted("".join(_ALIKE) + _LEFT_OUT)},
            {_quoted("".join(_ALIKE.values()))}),
        '[{NO_WORD}]+', ' ', 'g')));
END""",
)

# The tokens of a text in their order. One letter by itself belongs to what it is joined with:
# t-shirt and T.Shirt are one word, and so are U.S., H&M, "h and m".
TOKENS = Function(
    name="markrin_search_tokens",
    signature="value text",
    returns="text[]",
    options=_IMMUTABLE,
    body=rf"""
DECLARE
    folded text := public.markrin_search_fold(value);
BEGIN
    IF folded ~ '^[a-z0-9]+$' THEN
        RETURN ARRAY[folded];
    END IF;
    IF octet_length(folded) <> length(folded) THEN
        folded := regexp_replace(folded, '([{PAIRS}]+|[{TRIPLES}]+)', ' \1 ', 'g');
    END IF;
    folded := regexp_replace(folded, '[\u0001-\u0025\u0027-\u002A\u002C\u003A-\u0040'
        '\u005B-\u005E\u0060\u007B-\u007F]+', ' ', 'g');
    IF folded ~ '[{JOINERS}]| and ' THEN
        folded := regexp_replace(regexp_replace(regexp_replace(folded,
            '(^|[ {JOINERS}])([^0-9 {JOINERS}]) ?(?: and |&) ?([^0-9 {JOINERS}])(?![^ {JOINERS}])',
            '\1\2\3', 'g'),
            '(^|[ {JOINERS}])([^0-9 {JOINERS}])[{JOINERS}](?={_WORD})', '\1\2', 'g'),
            '({_WORD})[{JOINERS}]([^0-9 {JOINERS}])(?!{_WORD})', '\1\2', 'g');
        folded := regexp_replace(folded, '(^| )[{JOINERS}]+|[{JOINERS}]+(?=[ {JOINERS}]|$)',
            ' ', 'g');
    END IF;
    RETURN array_remove(string_to_array(folded, ' '), '');
END""",
)

# All the words of a text, in no order, for an index: of a token of several parts each part and
# all of them together; of a script without blanks the pieces.
WORDS = Function(
    name="markrin_search_words",
    signature="value text",
    returns="text[]",
    options=_IMMUTABLE,
    body=f"""
DECLARE
    token text;
    words text[] := '{{}}';
    size integer;
BEGIN
    FOREACH token IN ARRAY public.markrin_search_tokens(value) LOOP
        IF token ~ '^[a-z0-9]+$' THEN
            words := words || token;
        ELSIF token ~ '[{PAIRS}{TRIPLES}]' THEN
            size := CASE WHEN token ~ '[{PAIRS}]' THEN 2 ELSE 3 END;
            FOR place IN 1 .. greatest(length(token) - size + 1, 1) LOOP
                words := words || substr(token, place, size);
            END LOOP;
        ELSIF token ~ '[{JOINERS}]' THEN
            words := words || string_to_array(
                translate(token, '{JOINERS}', '{" " * len(JOINERS)}'), ' ')
                || translate(token, '{JOINERS}', '');
        ELSE
            words := words || token;
        END IF;
    END LOOP;
    RETURN ARRAY(SELECT DISTINCT word FROM unnest(words) AS word
        WHERE length(word) BETWEEN 1 AND {MAX_WORD}
        AND word <> ALL (ARRAY[{_STOP_WORDS}]));
END""",  # noqa: S608 (constants)
)

# What the forms of one word have in common. The plural alone is taken off: stemmers that take more
# make one word of leg and leggings, or of कुर्ता (kurta) and कुर्ती (kurti).
STEM = Function(
    name="markrin_search_stem",
    signature="word text",
    returns="text",
    language="sql",
    options=_IMMUTABLE,
    body=r"""
    SELECT CASE
        WHEN word = 'woman' THEN 'women'
        WHEN word IN ('man', 'mens') THEN 'men'
        WHEN word = 'womens' THEN 'women'
        WHEN word = 'children' THEN 'child'
        WHEN word = 'scarves' THEN 'scarf'
        WHEN word ~ '[\u0900-\u097F]' THEN regexp_replace(regexp_replace(word,
            '(?:ियां|ियों)$', 'ी'), '(.{2})(?:ाओं|ाएं|ों|ें)$', '\1')
        WHEN word ~ '[\u0600-\u06FF]' THEN coalesce((ts_lexize('arabic_stem', word))[1], word)
        WHEN word ~ '[\u0B80-\u0BFF]' THEN coalesce((ts_lexize('tamil_stem', word))[1], word)
        WHEN word !~ '^[a-z]{4,}$' OR word ~ '(ss|us)$' THEN word
        WHEN word ~ '.{2}ies?$' THEN regexp_replace(word, 'ies?$', 'y')
        WHEN word ~ '(ch|sh|ss|x|zz)es$' THEN left(word, -2)
        WHEN word ~ 's$' THEN left(word, -1)
        ELSE word END
""",
)

# A text in one piece, by which two spellings of it are the same: "Off-White" → offwhite.
KEY = Function(
    name="markrin_search_key",
    signature="value text",
    returns="text",
    options=_IMMUTABLE,
    body=f"""
BEGIN
    RETURN left(translate(array_to_string(public.markrin_search_tokens(value), ''),
        '{JOINERS}', ''), 200);
END""",
)

# The stems of all words of a text, in no order.
STEMS = Function(
    name="markrin_search_stems",
    signature="value text",
    returns="text[]",
    language="sql",
    options=_IMMUTABLE,
    body="""
    SELECT coalesce(array_agg(DISTINCT public.markrin_search_stem(word)), '{}')
    FROM unnest(public.markrin_search_words(value)) AS word
""",
)

# Each text as the stems of its words in their order, with a blank between them.
PHRASES = Function(
    name="markrin_search_phrases",
    signature="texts character varying[]",
    returns="text[]",
    language="sql",
    options=_IMMUTABLE,
    body=f"""
    SELECT array_agg((
        SELECT string_agg(public.markrin_search_stem(part), ' ' ORDER BY place)
        FROM unnest(public.markrin_search_tokens(value)) WITH ORDINALITY AS tokens (token, place)
        CROSS JOIN LATERAL regexp_split_to_table(token, '[{JOINERS}]') AS part
        WHERE part <> ALL (ARRAY[{_STOP_WORDS}])
    )) FROM unnest(texts) AS value
""",  # noqa: S608 (constants)
)

TEXT_FUNCTIONS = (FOLD, TOKENS, WORDS, STEM, KEY, STEMS, PHRASES)
