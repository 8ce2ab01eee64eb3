"""Valid input made from the schemas themselves: one example for the table, and strategies
for Hypothesis.
"""

from __future__ import annotations

import io
import re
import string
from collections.abc import Iterable, Iterator
from typing import Any

import marshmallow as ma
import PIL.Image
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import strategies as st

from markrin.api import fields
from orders.schemas import ReturnUrl, TaxId, TypedCode
from orders.shipping_staff_schemas import Clock, Weekdays
from tests.fuzz.sample_shop import Ids

SHOP_PHONES = st.from_regex(r"\A\+?91?98[0-9]{8}\Z")
TAX_IDS = ["DE136695976", "de 136.695-976", "27AAPFU0939F1ZV", "FR40303265045"]
# Where Python and PostgreSQL could differ about what is white space, a letter, or one character.
TRICKY = "\u00a0\u1680\u180e\u2000\u2007\u200b\u200d\u202f\u205f\u2060\u3000"
TRICKY += "\u00ad\u0301\u0345\u1e9e\ufb01İǅßﬀ😀\U000e0001"
TEXTS = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
        st.sampled_from(TRICKY + string.printable),
    )
)


def png(width: int = 8) -> bytes:
    """Return a small picture."""
    file = io.BytesIO()
    PIL.Image.new("RGB", (width, 8), "teal").save(file, "PNG")
    return file.getvalue()


def valid(
    schema: type[ma.Schema], ids: Ids, path: str = ""
) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy of JSON objects (or query strings, or parts) that keep every limit
    of `schema`'s fields.

    Rules over several fields are the schema's own to check. Ids are of rows that there are.
    """
    made = schema()
    patch = not any(field.required for field in made.fields.values())
    needed = {
        name: _field(field, ids, path)
        for name, field in _named(made)
        if field.required
    }
    optional = {
        name: _field(field, ids, path)
        for name, field in _named(made)
        if not field.required
    }
    whole = st.fixed_dictionaries(needed, optional=optional)
    return whole.filter(bool) if patch and optional else whole


def _named(schema: ma.Schema) -> list[tuple[str, ma.fields.Field[Any]]]:
    return [
        (field.data_key or name, field) for name, field in schema.fields.items()
    ]


def _field(field: Any, ids: Ids, path: str) -> st.SearchStrategy[Any]:
    strategy = _value(field, ids, path)
    return st.none() | strategy if field.allow_none else strategy


# a line for each type of field
def _value(field: Any, ids: Ids, path: str) -> st.SearchStrategy[Any]:  # noqa: C901
    match field:
        case fields.Nested():
            return valid(type(field.schema), ids, path)
        case fields.CommaSeparated():
            inner = (
                _value(field.inner, ids, path)
                .map(str)
                .filter(lambda text: text and "," not in text)
            )
            return st.lists(
                inner, min_size=1, max_size=min(field.max, 3), unique=True
            ).map(",".join)
        case fields.List():
            most = min(field.max, max(field.min, 4))
            by = repr if field.unique else None
            return st.lists(
                _field(field.inner, ids, path),
                min_size=field.min,
                max_size=most,
                unique_by=by,
            )
        case fields.Image():
            return st.just(SimpleUploadedFile("a.png", png(), "image/png"))
        case fields.File():
            return st.just(
                SimpleUploadedFile("a.csv", b"sku,quantity\n", "text/csv")
            )
        case fields.Uuid():
            known = ids.of(str(field.data_key or field.name), path)
            return (
                st.uuids(version=4).map(str)
                if not known
                else st.sampled_from(known) | st.uuids().map(str)
            )
        case fields.Enum():
            return st.sampled_from(field.choices.values)
        case fields.Bool():
            return (
                st.sampled_from(["true", "false"])
                if field.from_text
                else st.booleans()
            )
        case fields.Int():
            numbers = st.integers(field.min, field.max)
            return numbers.map(str) if field.from_text else numbers
        case fields.Email():
            return st.emails().map(lambda found: found[:254])
        case fields.Phone():
            return SHOP_PHONES
        case fields.Secret():
            return st.text(min_size=field.min, max_size=field.max).filter(
                lambda text: "\0" not in text
            )
        case TypedCode():
            return st.from_regex(field.regex, fullmatch=True)
        case TaxId():
            return st.sampled_from(TAX_IDS)
        case ReturnUrl():
            return _of_form(field)
        case fields.Text() if not field.pattern:
            return _text(field)
    return _of_form(field)


def _text(field: fields.Text) -> st.SearchStrategy[str]:
    edges = st.sampled_from(["a", "é", "😀", "ß"]).map(
        lambda letter: letter * field.max
    )
    return (TEXTS.map(lambda text: text[: field.max]) | edges).filter(
        lambda text: _passes(field, text)
    )


def _of_form(field: Any) -> st.SearchStrategy[str]:
    stated = field.limits()
    pattern = re.compile(
        stated["pattern"].removeprefix("^").removesuffix("$"), re.ASCII
    )
    return st.from_regex(pattern, fullmatch=True).filter(
        lambda text: _passes(field, text)
    )


def _passes(field: Any, value: Any) -> bool:
    try:
        field.deserialize(value)
    except ma.ValidationError:
        return False
    return True


def edges(field: Any) -> list[Any]:
    """Return what a field just takes: its least and its most, and what is easily mistaken.
    Lists are full.
    """
    found = list(_edges(field))
    if getattr(field, "from_text", False):  # a nested object is never text
        found = [
            str(edge).lower() if isinstance(edge, int) else edge for edge in found
        ]
    return [edge for edge in found if _passes(field, edge)] + [
        None
    ] * field.allow_none


def _edges(field: Any) -> Iterable[Any]:  # noqa: C901 (a line for each type of field)
    match field:
        case fields.List():
            return [], [
                _numbered(field.inner, number) for number in range(field.max)
            ]
        case fields.Int():
            return field.min, field.max
        case fields.Bool():
            return False, True
        case fields.Enum():
            return [str(value) for value in field.choices.values]
        case fields.Money():
            return str(field.min), str(field.max)
        case fields.Timestamp():
            return (
                "1900-01-01T00:00:00Z",
                "2100-12-31T23:59:59.999999999Z",
                "2099-12-31T23:59:59-23:59",
            )
        case fields.Date():
            return "1900-01-01", "2100-12-31", "2028-02-29"
        case Clock():
            return "00:00", "23:59"
        case Weekdays():
            return "1", "7", "1234567"
        case fields.Email():
            return (
                "a@b.co",
                f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 57}.in",
                "a@\u092d\u093e\u0930\u0924.in",
            )
        case fields.Phone():
            return (
                "+919876543210",
                "098765 43210",
                "+49 1512 3456789",
                "+1 212-555-0123",
            )
        case fields.HttpsUrl():
            return "https://a.in", "https://a.in/" + "x" * (field.max - 13)
        case fields.Slug():
            return "a", "-" * 120
        case fields.Secret():
            return "\U0001f600" * field.max, "a\nb \t" + "c" * field.min
        case TypedCode():
            return "A", "a" * 32, " a\u2013b\u200b"
        case TaxId():
            return TAX_IDS
        case ReturnUrl():
            shop = settings.AUTH_ORIGINS[0]
            return shop, f"{shop}?{'~' * (field.max - len(shop) - 1)}"
        case fields.Token():
            return "~" * field.min, "!" * field.max
        case fields.Text():
            return _text_edges(field)
    return ()


def _text_edges(field: fields.Text) -> Iterator[str]:
    letters = "A7\u00e9\u0928\u00df\U0001f600\U00020000"
    yield from (
        letter * length
        for letter in letters
        for length in sorted({max(field.min, 1), field.max})
    )
    yield ""
    yield f"a{' ' * (field.max - 2)}a"
    yield "\n".join("a" * (field.max // 2))
    yield from ("a.a", "a" * 30 + "." + "a" * 29)  # as types of events are called


def _numbered(field: Any, number: int) -> Any:
    """Return a value of a list's field, another one for each number."""
    match field:
        case fields.Nested():
            return {
                key: _numbered(one, number)
                for key, one in _named(field.schema)
                if one.required
            }
        case fields.Uuid():
            return f"00000000-0000-7000-8000-{number:012}"
        case fields.Enum():
            return field.choices.values[number % len(field.choices.values)]
        case fields.List():
            return [_numbered(field.inner, at) for at in range(max(field.min, 1))]
    letters = chr(ord("a") + number // 26 % 26) + chr(ord("a") + number % 26)
    for text in (f"A{number}", f"a{number}", f"a.{letters}"):
        if _passes(field, text):
            return text
    return edges(field)[0]


__all__ = ["edges", "png", "valid"]
