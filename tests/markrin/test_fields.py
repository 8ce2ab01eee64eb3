"""What each input type takes, what it becomes, and what it refuses: in a body and in a
query string.
"""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db.models import TextChoices
from hypothesis import given
from hypothesis import strategies as st

from markrin.api import errors, fields, schemas


class Size(TextChoices):
    SMALL = "s"
    NONE = ""


def load(
    field: Any, value: Any, base: type[schemas.Schema] = schemas.InputSchema
) -> Any:
    """Return what `field` makes of `value` in a schema."""
    made = type("Made", (base,), {"the_value": field})
    return made().load({"theValue": value})["the_value"]


def code(
    field: Any, value: Any, base: type[schemas.Schema] = schemas.InputSchema
) -> str:
    """Return the code with which `field` refuses `value`, and its place."""
    with pytest.raises(errors.Invalid) as caught:
        load(field, value, base)
    (error,) = caught.value.errors
    assert (error.get("pointer") or error.get("parameter")) in (
        "/theValue",
        "theValue",
    )
    assert len(repr(value)) < 4 or repr(value) not in error["message"]
    return error["code"]


U = "0190b6f0-7000-7000-8000-00000000000a"
TEXT, LINES, LONG, ANY = (
    fields.Text(max=5),
    fields.Text(max=9, multiline=True),
    fields.Text(max=5, min=3),
    fields.Text(max=5, min=0),
)
INT = fields.Int(min=-5, max=10)
URL = fields.HttpsUrl()

TAKEN: list[tuple[Any, Any, Any]] = [
    (TEXT, "abc", "abc"),
    (TEXT, " a b ", "a b"),
    (TEXT, "e\u0301", "\u00e9"),
    (TEXT, "\u0939\u093f\u0902", "\u0939\u093f\u0902"),
    (TEXT, "\U0001f600", "\U0001f600"),
    (TEXT, "a\u200db", "a\u200db"),
    (ANY, "", ""),
    (ANY, "   ", ""),
    (ANY, "\u200b\u3164", ""),
    (LINES, "a\r\nb\rc\n", "a\nb\nc"),
    (LONG, "abc", "abc"),
    (fields.Text(max=6, pattern="[0-9]{6}"), "560001", "560001"),
    (fields.Text(max=5, allow_none=True), None, None),
    (fields.Secret(min=2, max=4), " e\u0301 ", " e\u0301 "),
    (fields.Token(max=3), '"a"', '"a"'),
    (INT, 10, 10),
    (INT, Decimal("2.0"), 2),
    (INT, Decimal("1e1"), 10),
    (INT, Decimal("-0.0"), 0),
    (INT, Decimal("0e999999999"), 0),
    (fields.Bool(), True, True),
    (fields.Money(), "0.00", Decimal("0.00")),
    (fields.QuotedMoney(), "1299.00", Decimal("1299.00")),
    (fields.QuotedMoney(), "1299", Decimal(1299)),
    (fields.Money(), "99999999.99", Decimal("99999999.99")),
    (fields.Percent(), "100.00", Decimal("100.00")),
    (
        fields.Timestamp(),
        "2026-02-28T23:30:00-01:00",
        datetime(2026, 3, 1, 0, 30, tzinfo=UTC),
    ),
    (
        fields.Timestamp(),
        "2026-01-01t00:00:00.123456789z",
        datetime(2026, 1, 1, 0, 0, 0, 123456, tzinfo=UTC),
    ),
    (
        fields.Timestamp(),
        "2100-12-31T23:59:59Z",
        datetime(2100, 12, 31, 23, 59, 59, tzinfo=UTC),
    ),
    (fields.Date(), "2024-02-29", date(2024, 2, 29)),
    (fields.Uuid(), U, UUID(U)),
    (fields.Slug(), "a-1", "a-1"),
    (fields.PageSlug(), "a-1", "a-1"),
    (
        fields.PageSlug(),
        "लाल-साड़ी",
        "लाल-सा\u0921\u093cी",
    ),  # NFC takes nukta letters apart
    (fields.PageSlug(), "cafe\u0301", "caf\u00e9"),
    (fields.PageSlug(), "ผ้าไหม-2", "ผ้าไหม-2"),
    (fields.Email(), "A.b+c@Example.COM", "a.b+c@example.com"),
    (fields.Email(), "a@b\u00fccher.de", "a@xn--bcher-kva.de"),
    (fields.Phone(), "098765 43210", "+919876543210"),
    (fields.Phone(), "+49 30 901820", "+4930901820"),
    (URL, "https://a-b.example/x?y=%20&z=1", "https://a-b.example/x?y=%20&z=1"),
    (URL, "https://a.example:8443", "https://a.example:8443"),
    (fields.Enum(Size), "s", Size.SMALL),
    (fields.Enum(Size), "", Size.NONE),
    (fields.List(INT, max=2), [1, 1], [1, 1]),
    (fields.List(INT, max=2), [], []),
]


@pytest.mark.parametrize(("field", "value", "expected"), TAKEN)
def test_takes(field: Any, value: Any, expected: Any) -> None:
    found = load(field, value)
    assert (found, type(found)) == (expected, type(expected))


NOT_TEXT: list[Any] = [1, True, ["a"], {}]
NOT_INT: list[Any] = [
    "5",
    "",
    True,
    False,
    2.0,
    Decimal("1.5"),
    Decimal("1e-999999"),
    [],
    {},
]
NOT_BOOL: list[Any] = ["true", 1, 0, "", []]
REFUSED: list[tuple[Any, Any, str]] = [
    (TEXT, None, "null"),
    *((TEXT, value, "type") for value in NOT_TEXT),
    *(
        (TEXT, value, "too_short")
        for value in ("", "  ", "\u200b", "\u00a0", "\u2060\u00ad", "\u3000")
    ),
    *((TEXT, value, "too_long") for value in ("abcdef", "abcde ", " abcde")),
    *(
        (TEXT, f"a{bad}b", "characters")
        for bad in "\0\n\t\r\x1b\x7f\x85\u200e\u202e\u2066\u2028\u2029\ufeff\ufffe\ud800"
    ),
    *((LINES, f"a{bad}b", "characters") for bad in "\t\x0b\u2028\u202e"),
    (LONG, "ab", "too_short"),
    (LONG, " ab ", "too_short"),
    (ANY, "\n", "characters"),
    *(
        (fields.Text(max=6, pattern="[0-9]{6}"), value, "format")
        for value in ("56000", "560001\n", " 560001", "\u0665" * 6)
    ),
    (fields.Secret(min=2, max=4), "a", "length"),
    (fields.Secret(min=2, max=4), "abcde", "length"),
    (fields.Secret(min=2, max=4), "a\0b", "characters"),
    (fields.Secret(min=2, max=4), 12, "type"),
    *(
        (fields.Token(max=3), value, "format")
        for value in ("", "a b", "\u00e9", "abcd", "a\n")
    ),
    *((INT, value, "type") for value in NOT_INT),
    *(
        (INT, value, "range")
        for value in (
            11,
            -6,
            10**20,
            Decimal("1e999999"),
            Decimal("-1e999999"),
            Decimal("1e40"),
        )
    ),
    *((fields.Bool(), value, "type") for value in NOT_BOOL),
    *(
        (fields.Money(), value, "format")
        for value in (
            "1",
            "1.5",
            "1.500",
            "-1.00",
            "+1.00",
            "01.00",
            ".50",
            "1,00",
            "1e2",
            " 1.00",
            "1.00\n",
            "100000000.00",
            "\u0661.00",
            "NaN",
        )
    ),
    (fields.Money(), 1, "type"),
    (fields.Money(), Decimal("1.50"), "type"),
    (fields.Money(min="0.01"), "0.00", "range"),
    (fields.Money(max="10.00"), "10.01", "range"),
    *(
        (fields.Percent(), value, "format")
        for value in ("100.01", "101.00", "5", "05.00")
    ),
    *(
        (fields.Timestamp(), value, "format")
        for value in (
            "2026-01-01",
            "2026-01-01T00:00:00",
            "2026-01-01 00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-02-30T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:60Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "2026-01-01T00:00:00+24:00",
            "2026-01-01T00:00:00Z\n",
            "20260101T000000Z",
            "2026-01-01T00:00Z",
            "",
        )
    ),
    (fields.Timestamp(), "1900-01-01T00:00:00+05:30", "range"),
    (fields.Timestamp(), "2100-12-31T23:59:59-05:30", "range"),
    (fields.Timestamp(), 0, "type"),
    *(
        (fields.Date(), value, "format")
        for value in (
            "2023-02-29",
            "26-01-01",
            "2026-1-1",
            "0001-01-01",
            "2026-01-01T00:00:00Z",
        )
    ),
    *(
        (fields.Uuid(), value, "format")
        for value in (
            U.upper(),
            U.replace("-", ""),
            "{" + U + "}",
            f"urn:uuid:{U}",
            U + "\n",
            "",
        )
    ),
    *(
        (fields.Slug(), value, "format")
        for value in ("", "A", "a_b", "a b", "\u00e9", "a" * 121, "a\n")
    ),
    *(
        (fields.PageSlug(), value, "format")
        for value in (
            *("", "A", "a_b", "a b", "É", "a" * 121, "a\n", "a/b", "a%20", "€"),
            *("a\u200db", "\u202ea", "a\u00a0b", "\u2460", "a\0"),
        )
    ),
    *(
        (fields.Email(), value, "format")
        for value in (
            "a",
            "a@",
            "@b.de",
            "a@b",
            "\u00e9@b.de",
            "a b@c.de",
            '"a b"@c.de',
            "a@[1.2.3.4]",
            "A <a@b.de>",
            "a@b.de\n",
            f"{'a' * 65}@b.de",
            f"a@{'b' * 250}.de",
            "a@b..de",
        )
    ),
    *(
        (fields.Phone(), value, "format")
        for value in (
            "",
            "1",
            "12345",
            "+1",
            "98765432100000",
            "call me",
            "+91 98765 43210 x1",
            "\u0669876543210",
        )
    ),
    *(
        (URL, value, "format")
        for value in (
            "http://a.example/",
            "https://a/",
            "https://u:p@a.example/",
            "https://a.example/#x",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://a.example:0/",
            "https://a.example:99999/",
            "https://a..example/",
            "https://-a.example/",
            "https://a.example/ x",
            "https://a.example/\\",
            "https://a.example\n",
            "javascript:alert(1)",
            "//a.example",
            "https://a.example/\u00e9",
            "https:/a.example",
            f"https://{'a.' * 130}de/",
            "https://a.example/[x]",
            "https://a.example/%zz",
            "https://a.example/%",
        )
    ),
    (fields.HttpsUrl(max=20), "https://a.example/xxxxx", "too_long"),
    *((fields.Enum(Size), value, "choice") for value in ("S", "s ", "SMALL", "x")),
    (fields.Enum(Size), 1, "type"),
    (fields.List(INT, max=2), [1, 2, 3], "count"),
    (fields.List(INT, max=2, min=1), [], "count"),
    (fields.List(TEXT, max=2, unique=True), ["a", "a "], "unique"),
    *(
        (fields.List(INT, max=2), value, "type")
        for value in ("12", {}, {"0": 1}, 1)
    ),
]


@pytest.mark.asvs("2.2.1", "1.4.2", "1.3.3", "1.2.2")
@pytest.mark.parametrize(("field", "value", "expected"), REFUSED)
def test_refuses(field: Any, value: Any, expected: str) -> None:
    assert code(field, value) == expected


COMMAS = fields.CommaSeparated(fields.Text(max=5), max=3)


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        (INT, "5", 5),
        (INT, "-5", -5),
        (INT, "0", 0),
        (fields.Bool(), "true", True),
        (fields.Bool(), "false", False),
        (COMMAS, "a,b", ["a", "b"]),
        (fields.CommaSeparated(fields.Enum(Size), max=2), "s", [Size.SMALL]),
        (fields.CommaSeparated(INT, max=2), "1,2", [1, 2]),
        (fields.Money(), "1.50", Decimal("1.50")),
    ],
)
def test_takes_in_a_query(field: Any, value: str, expected: Any) -> None:
    assert load(field, value, schemas.QuerySchema) == expected


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        *(
            (INT, value, "type")
            for value in (
                " 5",
                "5 ",
                "+5",
                "05",
                "5.0",
                "-0",
                "",
                "\u0665",
                "5\n",
                "1e1",
                "0x5",
                "1" * 21,
            )
        ),
        (INT, "11", "range"),
        *(
            (fields.Bool(), value, "type")
            for value in ("True", "1", "0", "yes", "", "on", "true ")
        ),
        (COMMAS, "", "type"),
        (COMMAS, "a,b,c,d", "count"),
        (COMMAS, "a,a", "unique"),
        (fields.Enum(Size), "S", "choice"),
    ],
)
def test_refuses_in_a_query(field: Any, value: str, expected: str) -> None:
    assert code(field, value, schemas.QuerySchema) == expected


def test_an_element_is_refused_with_its_index() -> None:
    made = type("Made", (schemas.QuerySchema,), {"the_value": COMMAS})
    with pytest.raises(errors.Invalid) as caught:
        made().load({"theValue": "a,,toolong"})
    assert [error["code"] for error in caught.value.errors] == [
        "too_short",
        "too_long",
    ]
    with pytest.raises(errors.Invalid) as caught:
        load(fields.List(INT, max=3), [1, "2", 11])
    assert [(e["pointer"], e["code"]) for e in caught.value.errors] == [
        ("/theValue/1", "type"),
        ("/theValue/2", "range"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"min": 1, "max": 0},
        {"min": -(2**63) - 1, "max": 0},
        {"min": 0, "max": 2**63},
    ],
)
def test_a_number_without_sensible_limits_is_nobody_s_field(
    wrong: dict[str, int],
) -> None:
    with pytest.raises(ValueError):
        fields.Int(min=wrong["min"], max=wrong["max"])


STATED = [
    TEXT,
    LINES,
    LONG,
    ANY,
    fields.Text(max=6, pattern="[0-9]{6}"),
    fields.Secret(min=2, max=4),
    fields.Token(max=9),
    fields.Money(),
    fields.Money(min="0.01"),
    fields.Percent(),
    fields.Timestamp(),
    fields.Date(),
    fields.Uuid(),
    fields.Slug(),
    fields.PageSlug(),
    URL,
    fields.Phone(),
    fields.Email(),
]


def fits(limits: dict[str, Any], value: str) -> bool:
    """Return whether a string keeps to its stated length and pattern, as a reader of the
    document would judge.
    """
    # All patterns begin with ^; ECMAScript's $ is the end of the string, Python's also
    # stands before a last line feed.
    pattern = limits.get("pattern", "^.*$").removesuffix("$") + r"\Z"
    return limits.get("minLength", 0) <= len(value) <= limits.get(
        "maxLength", 10**6
    ) and bool(re.match(pattern, value, re.DOTALL))


@pytest.mark.parametrize("field", STATED, ids=lambda field: type(field).__name__)
@given(data=st.data())
def test_the_stated_limits_are_what_is_enforced(
    field: Any, data: st.DataObject
) -> None:
    """Whatever is taken fits what the document says; and for the types that words can state
    whole, the reverse.
    """
    limits = field.limits()
    pattern = limits.get("pattern", "^.*$").removesuffix("$") + r"\Z"
    near = (
        st.text(max_size=12)
        | st.from_regex(pattern)
        | st.sampled_from([str(value) for _, value, _ in TAKEN])
    )
    value = data.draw(near)
    try:
        load(field, value)
        taken = True
    except errors.Invalid:
        taken = False
    # Beyond words: dates that do not exist, telephone plans, mail domains, letters; no valid JSON
    # holds half a surrogate pair.
    beyond = isinstance(
        field,
        fields.Timestamp
        | fields.Date
        | fields.Phone
        | fields.Email
        | fields.PageSlug,
    )
    if taken or not (
        beyond or any("\ud800" <= character <= "\udfff" for character in value)
    ):
        assert taken == fits(limits, value)
