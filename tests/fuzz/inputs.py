"""Bad input that no document can describe, and where each kind of it is tried.

A row is a name, a maker of a request from an endpoint (None where it has no place for it)
and what must come back."""

from __future__ import annotations

import copy
import gzip
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.conf import settings

from markrin.api import fields, parsers
from markrin.api.schemas import json_pointer
from markrin.webhooks.schemas import EndpointUrl
from orders.schemas import ReturnUrl, TaxId, TypedCode
from orders.shipping_staff_schemas import Clock, Weekdays
from products.schemas.variants import Gtin
from tests.fuzz.endpoints import Endpoint
from tests.fuzz.sample_shop import Ids

CANARY = "kanarienvogel"  # stands in what is sent; no answer may repeat it
BODY = (400,)


@dataclass
class Request:
    """What to send."""

    path: str
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""
    method: str = ""


@dataclass(frozen=True)
class Row:
    """One kind of bad input. `place` is where the answer must say that it is, `codes` which
    of its codes may be.
    """

    name: str
    make: Callable[[Endpoint, Ids], Request | None]
    status: tuple[int, ...] = BODY
    place: str | None = None
    canary: bool = True


# --- Bodies --------------------------------------------------------------------------------------
def _text(
    change: Callable[[str], str | bytes], **rest: Any
) -> Callable[[Endpoint, Ids], Request | None]:
    """Return a maker that changes the text of a body that is taken."""

    def make(endpoint: Endpoint, ids: Ids) -> Request | None:
        if endpoint.stated.body is None:
            return None
        made = change(json.dumps(endpoint.body(ids)))
        return Request(
            endpoint.path(ids),
            made.encode() if isinstance(made, str) else made,
            **copy.deepcopy(rest),
        )

    return make


def _with(member: str) -> Callable[[str], str]:
    """Return a change that adds a member, written as JSON, to the body's object."""
    return lambda text: text[:-1] + (", " if text != "{}" else "") + member + "}"


def _first_again(text: str) -> str:
    found = json.loads(text)
    name = next(iter(found), "a")
    member = f"{json.dumps(name)}: {json.dumps(found.get(name, 1))}"
    return _with(f"{member}, {member}" if not found else member)(text)


def _longer_than(endpoint: Endpoint, ids: Ids) -> Request | None:
    if endpoint.stated.body is None:
        return None
    padding = b" " * (endpoint.stated.max_bytes + 1024)
    return Request(
        endpoint.path(ids), json.dumps(endpoint.body(ids)).encode() + padding
    )


def _other_type(content_type: str) -> Callable[[Endpoint, Ids], Request | None]:
    def make(endpoint: Endpoint, ids: Ids) -> Request | None:
        taken = endpoint.stated.media_types
        if endpoint.stated.body is None or content_type in taken:
            return None
        return Request(
            endpoint.path(ids),
            json.dumps(endpoint.body(ids)).encode(),
            content_type,
        )

    return make


def _unasked(endpoint: Endpoint, ids: Ids) -> Request | None:
    stated = endpoint.stated
    if stated.body or stated.upload or stated.raw:
        return None
    return Request(endpoint.path(ids), json.dumps({"a": CANARY}).encode())


DEEP = parsers.MAX_DEPTH + 1
BODIES = [
    Row("lone surrogate in a value", _text(_with(f'"zz": "{CANARY}\\ud800"'))),
    Row("low surrogate first", _text(_with(f'"zz": "{CANARY}\\udc00\\ud800"'))),
    Row("lone surrogate in a name", _text(_with(f'"\\ud800": "{CANARY}"'))),
    Row("NUL in a value", _text(_with(f'"zz": "{CANARY}\\u0000"'))),
    Row("NUL in a name", _text(_with(f'"a\\u0000": "{CANARY}"'))),
    Row("raw control character in a string", _text(_with(f'"zz": "{CANARY}\x01"'))),
    Row("the same name twice", _text(_first_again)),
    Row(
        "the same name twice, one escaped",
        _text(_with(f'"zz": "{CANARY}", "\\u007az": 1')),
    ),
    Row(
        "the same name twice, further in",
        _text(_with(f'"zz": {{"a": "{CANARY}", "a": 2}}')),
    ),
    Row("NaN", _text(_with('"zz": NaN'))),
    Row("Infinity", _text(_with('"zz": Infinity'))),
    Row("-Infinity", _text(_with('"zz": -Infinity'))),
    Row(f"{DEEP} levels of lists", _text(_with(f'"zz": {"[" * DEEP}{"]" * DEEP}'))),
    Row("100,000 brackets", _text(lambda text: "[" * 100_000), (400, 413)),
    Row(
        f"{parsers.MAX_NODES + 1} values",
        _text(_with(f'"zz": [{"0," * parsers.MAX_NODES}0]')),
    ),
    Row("a number of 21 digits", _text(_with(f'"zz": {"9" * 21}'))),
    Row("a number of 41 characters", _text(_with(f'"zz": 0.{"1" * 39}'))),
    Row("5,000 digits", _text(_with(f'"zz": {"9" * 5000}'))),
    Row("hexadecimal number", _text(_with('"zz": 0x10'))),
    Row("leading zero", _text(_with('"zz": 01'))),
    Row("byte order mark", _text(lambda text: b"\xef\xbb\xbf" + text.encode())),
    Row("UTF-16", _text(lambda text: text.encode("utf-16"))),
    Row(
        "bytes that are not UTF-8",
        _text(
            lambda text: _with('"zz": "@"')(text).encode().replace(b"@", b"\xff")
        ),
    ),
    Row(
        "overlong UTF-8",
        _text(
            lambda text: (
                _with('"zz": "@"')(text).encode().replace(b"@", b"\xc0\xaf")
            )
        ),
    ),
    Row(
        "a surrogate in UTF-8",
        _text(
            lambda text: (
                _with('"zz": "@"')(text).encode().replace(b"@", b"\xed\xa0\x80")
            )
        ),
    ),
    Row(
        "Latin-1 charset",
        _text(str, content_type="application/json; charset=latin-1"),
        (415,),
    ),
    Row(
        "UTF-16 charset",
        _text(str, content_type="application/json; charset=utf-16"),
        (415,),
    ),
    Row(
        "gzip",
        _text(
            lambda text: gzip.compress(text.encode()),
            headers={"Content-Encoding": "gzip"},
        ),
        (415,),
    ),
    Row(
        "said to be gzip", _text(str, headers={"Content-Encoding": "gzip"}), (415,)
    ),
    Row("gzip, unsaid", _text(lambda text: gzip.compress(text.encode()))),
    Row("something after the document", _text(lambda text: f"{text}{CANARY}")),
    Row("two documents", _text(lambda text: text + text)),
    Row("NUL after the document", _text(lambda text: text + "\0")),
    Row("half a document", _text(lambda text: text[:-1])),
    Row("a comment", _text(lambda text: f"{text}/* {CANARY} */")),
    Row("a comma too many", _text(lambda text: text[:-1] + ",}")),
    Row("single quotes", _text(lambda text: f"{{'{CANARY}': 1}}")),
    Row("no body", _text(lambda text: "")),
    Row("white space for a body", _text(lambda text: " \n ")),
    Row("a list", _text(lambda text: f"[{text}]")),
    Row("a string", _text(lambda text: f'"{CANARY}"')),
    Row("a number", _text(lambda text: "5")),
    Row("null", _text(lambda text: "null")),
    Row(
        "a field that there is not", _text(_with(f'"zz": "{CANARY}"')), place="/zz"
    ),
    Row(
        "a field called __proto__",
        _text(_with(f'"__proto__": "{CANARY}"')),
        place="/__proto__",
    ),
    Row(
        "a field with / and ~ in its name",
        _text(_with(f'"a/b~c": "{CANARY}"')),
        place="/a~1b~0c",
    ),
    Row("a name of 5,000 letters", _text(_with(f'"{"z" * 5000}": 1'))),
    Row("more than is taken", _longer_than, (413,)),
    Row("a form", _other_type("application/x-www-form-urlencoded"), (415,)),
    Row("multipart", _other_type("multipart/form-data; boundary=x"), (415,)),
    Row("text/plain", _other_type("text/plain"), (415,)),
    Row("XML", _other_type("application/xml"), (415,)),
    Row("a type of its own", _other_type("application/vnd.api+json"), (415,)),
    Row("a body where none is taken", _unasked),
]


# --- One field of a body -------------------------------------------------------------------------
NOT_TEXT: list[Any] = [5, True, 1.5, [CANARY], {CANARY: 1}]
BIDI = "\u202e"
BY_TYPE: list[tuple[type, list[Any]]] = [
    (fields.Bool, ["true", "false", "yes", 1, 0, "", [True], {}]),
    (fields.Int, ["5", "٥", " 5", "0x5", True, 1.5, 1e400, [5], {}, "", CANARY]),
    (fields.Percent, ["18", "18.0", "-1.00", "100.01", "1e1", 18, 18.0, *NOT_TEXT]),
    (fields.QuotedMoney, ["5.0", "-1.00", "01", "1e2", "5\n", "٥", 5, *NOT_TEXT]),
    (
        fields.Money,
        [
            "5",
            "5.000",
            "-1.00",
            "+1.00",
            "01.00",
            "1e2",
            " 1.00",
            "1.00\n",
            "1,00",
            "٠.٠٠",
            "999999999.00",
            5,
            *NOT_TEXT,
        ],
    ),
    (
        fields.Timestamp,
        [
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            f"{CANARY}",
            "2026-11-23T09:00:00",
            "2026-02-30T09:00:00Z",
            "2026-11-23",
            "2026-11-23T24:00:00Z",
            "2026-11-23T09:00:00Z\n",
            "1899-12-31T23:59:59Z",
            "2100-12-31T23:59:59-01:00",
            "٢٠٢٦-11-23T09:00:00Z",
            *NOT_TEXT,
        ],
    ),
    (
        fields.Date,
        [
            "0001-01-01",
            "2026-02-30",
            "2026-11-23T00:00:00Z",
            "23.11.2026",
            "9999-12-31",
            "",
            *NOT_TEXT,
        ],
    ),
    (
        fields.Uuid,
        [
            CANARY,
            "",
            "0190B6F0-7000-7000-8000-00000000000A",
            "0190b6f07000700080000000000000aa",
            "{0190b6f0-7000-7000-8000-00000000000a}",
            "0190b6f0-7000-7000-8000-00000000000a\n",
            *NOT_TEXT,
        ],
    ),
    (
        fields.Email,
        [
            CANARY,
            f"{CANARY}@b",
            "a@b.example\n",
            "a b@c.example",
            "ä@example.com",
            f"{'a' * 250}@b.example",
            "a@-b.example",
            "",
            "a@[127.0.0.1]",
            *NOT_TEXT,
        ],
    ),
    (
        fields.Phone,
        [
            CANARY,
            "12",
            "+91 00000 00000",
            "٩٨٧٦٥٤٣٢١٠",
            "+919876543210;ext=1",
            "",
            *NOT_TEXT,
        ],
    ),
    (
        EndpointUrl,  # takes this machine's own addresses while it is developed on
        [
            CANARY,
            "http://a.example/",
            "ftp://localhost/",
            "http://localhost:0/",
            "https://127.0.0.1.5/#x",
            "javascript:alert(1)",
            "https://user:pw@a.example/",
            "https://a.example/#x",
            "https://a.example/ ",
            "https://a.example/" + "x" * 5000,
            *NOT_TEXT,
        ],
    ),
    (
        fields.HttpsUrl,
        [
            CANARY,
            "http://a.example/",
            "javascript:alert(1)",
            "//a.example/",
            "https://localhost/",
            "https://127.0.0.1/",
            "https://user:pw@a.example/",
            "https://a.example/#x",
            "https://a.example/ ",
            "https://a.example/" + "x" * 5000,
            *NOT_TEXT,
        ],
    ),
    (
        Clock,
        [
            CANARY,
            "",
            "24:00",
            "12:60",
            "9:00",
            "09:00:00",
            "09:00\n",
            "٠٩:٠٠",
            *NOT_TEXT,
        ],
    ),
    (
        Weekdays,
        ["", "0", "21", "11", "8", "1,2", "12345678", "1\n", "١", *NOT_TEXT],
    ),
    (fields.Enum, [CANARY, "MALE ", "\u0131", *NOT_TEXT]),
    (fields.Slug, ["Groß", "a_b", "a b", "x" * 121, "", "a\n", *NOT_TEXT]),
    (fields.Token, ["", "a b", "a\n", "é", "x" * 5000, *NOT_TEXT]),
    (fields.Secret, ["x" * 5000, *NOT_TEXT]),
    (TypedCode, ["", "   ", "-", "\u200b", f"{CANARY}_", "x" * 33, *NOT_TEXT]),
    (Gtin, ["4006381333932", "400638133393", CANARY, *NOT_TEXT]),  # check digits
    (TaxId, ["", "DE136695977", "27AAPFU0939F1ZW", CANARY, *NOT_TEXT]),
    (
        ReturnUrl,
        [
            "",
            "//shop.example/",
            "javascript:alert(1)",
            f"https://{CANARY}.example/",
            f"{settings.AUTH_ORIGINS[0]}.{CANARY}.example/",
            f"{settings.AUTH_ORIGINS[0]}@{CANARY}.example/",
            f"{settings.AUTH_ORIGINS[0]}/#x",
            f"{settings.AUTH_ORIGINS[0]}/" + "x" * 500,
            *NOT_TEXT,
        ],
    ),
    (
        fields.Text,
        [
            f"{CANARY}\x07",
            f"{CANARY}{BIDI}",
            f"{CANARY}\ufeff",
            f"{CANARY}\u2028",
            "x" * 20_000,
            *NOT_TEXT,
        ],
    ),
    (fields.List, [CANARY, {}, 5]),
    (fields.Nested, [CANARY, [], 5, {CANARY: 1}]),
]


def _takes_nothing(one: fields.Text) -> bool:
    """Return whether "" is a value of the field: such a one is left empty."""
    return not one.min and (not one.pattern or bool(re.fullmatch(one.pattern, "")))


def _bad_values(one: Any) -> list[Any]:
    """Return values that the field must refuse."""
    found = next(
        (list(values) for type_, values in BY_TYPE if isinstance(one, type_)), []
    )
    if not one.allow_none:
        found.append(None)
    if isinstance(one, fields.Int):
        found += [one.min - 1, one.max + 1, -(10**19), 10**19]
    if isinstance(one, fields.Text) and (one.min or one.pattern):
        found += ["   ", "\u00a0", "\u200b"]
        if not _takes_nothing(one):
            found.append("")
    if isinstance(one, fields.List):
        found.append([None] * (one.max + 1))
        found += [[None]] if one.max else []
    return found


def places(endpoint: Endpoint) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield path and field of everything in the endpoint's body, also within lists and objects."""

    def walk(
        schema: Any, above: tuple[str | int, ...]
    ) -> Iterator[tuple[tuple[str | int, ...], Any]]:
        for name, one in schema.fields.items():
            here = (*above, one.data_key or name)
            yield here, one
            inner = one.inner if isinstance(one, fields.List) else one
            step = (*here, 0) if isinstance(one, fields.List) else here
            if isinstance(inner, fields.Nested):
                yield from walk(inner.schema, step)
            elif inner is not one:
                yield step, inner

    if endpoint.stated.body:
        yield from walk(endpoint.stated.body(), ())


def changed(
    endpoint: Endpoint, ids: Ids, path: tuple[str | int, ...], value: Any
) -> dict[str, Any]:
    """Return a body that is taken, but for the value at `path`."""
    body = endpoint.body(ids)
    inner: Any = body
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    return body


def _replaced(
    endpoint: Endpoint, ids: Ids, path: tuple[str | int, ...], value: Any
) -> Request:
    body = json.dumps(changed(endpoint, ids, path, value)).replace(
        "Infinity", "1e400"
    )
    return Request(endpoint.path(ids), body.encode())


def of_fields(endpoint: Endpoint) -> Iterator[Row]:
    """Yield a row for every bad value of every field of the endpoint's body."""
    for path, one in places(endpoint):
        for value in _bad_values(one):
            place = json_pointer(path)
            name = f"{type(one).__mro__[0].__name__}: {json.dumps(value)[:40]}"
            make = partial(_replaced, path=path, value=value)
            yield Row(name, lambda at, ids, make=make: make(at, ids), place=place)  # type: ignore[misc]  # bound now


# --- Query strings, paths, headers, methods ------------------------------------------------------
def _query(text: str) -> Callable[[Endpoint, Ids], Request | None]:
    def make(endpoint: Endpoint, ids: Ids) -> Request | None:
        if endpoint.method != "GET":
            return None
        return Request(endpoint.path(ids), query=text, content_type="")

    return make


def _parameter(name: str, value: str) -> Callable[[Endpoint, Ids], Request | None]:
    """Return a maker for the GET endpoints that take this parameter."""

    def make(endpoint: Endpoint, ids: Ids) -> Request | None:
        stated = endpoint.stated.query
        if stated is None or name not in {
            one.data_key or key for key, one in stated().fields.items()
        }:
            return None
        return Request(endpoint.path(ids), query=f"{name}={value}", content_type="")

    return make


def _above_the_limit(endpoint: Endpoint, ids: Ids) -> Request | None:
    stated = endpoint.stated.query
    limit: Any = stated().fields.get("limit") if stated else None
    if limit is None:
        return None
    query = f"limit={limit.max + 1}"
    return Request(endpoint.path(ids), query=query, content_type="")


def _of_each(kind: type, value: str) -> Callable[[Endpoint, Ids], Request | None]:
    """Return a maker that gives a value to the first parameter of a type."""

    def make(endpoint: Endpoint, ids: Ids) -> Request | None:
        stated = endpoint.stated.query
        names = (
            [
                one.data_key
                for one in stated().fields.values()
                if isinstance(one, kind)
            ]
            if stated
            else []
        )
        return (
            Request(
                endpoint.path(ids), query=f"{names[0]}={value}", content_type=""
            )
            if names
            else None
        )

    return make


def _in_path(value: str, *kinds: str) -> Callable[[Endpoint, Ids], Request | None]:
    def make(endpoint: Endpoint, ids: Ids) -> Request | None:
        names = [name for kind, name in endpoint.kinds if kind in kinds]
        return (
            Request(endpoint.path(ids, **{names[-1]: value}), content_type="")
            if names
            else None
        )

    return make


def _in_path_whole(
    value: str, *kinds: str
) -> Callable[[Endpoint, Ids], Request | None]:
    """Return a maker for the endpoints that read no upload, with a body that is taken."""

    def make(endpoint: Endpoint, ids: Ids) -> Request | None:
        names = [name for kind, name in endpoint.kinds if kind in kinds]
        if not names or endpoint.stated.upload:
            return None
        path = endpoint.path(ids, **{names[-1]: value})
        if endpoint.stated.body is None:
            return Request(path, content_type="")
        return Request(path, json.dumps(endpoint.body(ids)).encode())

    return make


def _header(name: str, value: str) -> Callable[[Endpoint, Ids], Request | None]:
    def make(endpoint: Endpoint, ids: Ids) -> Request | None:
        stated = endpoint.stated.headers
        if stated is None or name not in {
            one.data_key for one in stated().fields.values()
        }:
            return None
        body = (
            json.dumps(endpoint.body(ids)).encode() if endpoint.stated.body else b""
        )
        return Request(endpoint.path(ids), body, headers={name: value})

    return make


def _as_method(method: str) -> Callable[[Endpoint, Ids], Request | None]:
    return lambda endpoint, ids: Request(
        endpoint.path(ids), method=method, content_type=""
    )


def _accepting(endpoint: Endpoint, ids: Ids) -> Request | None:
    body = json.dumps(endpoint.body(ids)).encode() if endpoint.stated.body else b""
    return Request(endpoint.path(ids), body, headers={"Accept": "application/xml"})


UID, SLUG, BOTH = "uid", "slugid", "idorslug"
REST = [
    Row("an unknown parameter", _query(f"zz={CANARY}"), place="zz"),
    Row("an unknown parameter without value", _query("zz")),
    Row("a parameter of %ff", _query("page=%ff")),
    Row("a parameter called %ff", _query("%ff=1")),
    Row("a parameter of %00", _query("limit=1%00")),
    Row("a bare %", _query(f"limit={CANARY}%")),
    Row("%zz", _query("limit=%zz")),
    Row("101 parameters", _query("&".join(f"a{n}=1" for n in range(101)))),
    Row("limit twice", _query("limit=1&limit=1")),
    Row("limit twice, one escaped", _query("limit=1&%6cimit=1")),
    *(
        Row(f"limit={value}", _parameter("limit", value), place="limit")
        for value in (
            "0",
            "-1",
            "1.0",
            "01",
            "+1",
            "%201",
            "1e1",
            "%D9%A5",
            "",
            "true",
            "9" * 30,
            CANARY,
        )
    ),
    Row("a limit above the most", _above_the_limit, place="limit"),
    *(
        Row(f"page={value}", _parameter("page", value), place="page")
        for value in ("0", "10002", "1.5", "", CANARY)
    ),
    Row("a page too deep", _parameter("page", "10001&limit=100")),
    *(
        Row(f"cursor={value[:12]}", _parameter("cursor", value), place="cursor")
        for value in (
            CANARY,
            "%2e",
            "W10",
            "bnVsbA",
            "WzEsMl0",
            "A" * 501,
            "eyJhIjoxfQ",
        )
    ),
    *(
        Row(f"Bool in a query: {value}", _of_each(fields.Bool, value))
        for value in ("True", "1", "yes", "", "TRUE")
    ),
    *(
        Row(f"Money in a query: {value}", _of_each(fields.Money, value))
        for value in ("5.", "05", "5.000", "-1.00", "1e3", "NaN", "")
    ),
    *(
        Row(f"Timestamp in a query: {value}", _of_each(fields.Timestamp, value))
        for value in (
            "0001-01-01T00:00:00%2B14:00",
            "2026-11-23T09:00:00+01:00",
            "now",
        )
    ),
    *(
        Row(f"Date in a query: {value}", _of_each(fields.Date, value))
        for value in ("2026-02-30", "0001-01-01", "today")
    ),
    *(
        Row(
            f"Commas in a query: {value[:12]}",
            _of_each(fields.CommaSeparated, value),
        )
        for value in ("", ",", "a,,b", "a,a", ",".join(map(str, range(30))), "a%00")
    ),
    *(
        Row(f"Uuid in a query: {value}", _of_each(fields.Uuid, value))
        for value in (CANARY, "")
    ),
    *(
        Row(f"Enum in a query: {value}", _of_each(fields.Enum, value))
        for value in (CANARY, "")
    ),
    *(
        Row(f"Text in a query: {value[:12]}", _of_each(fields.Text, value))
        for value in ("%0a", "%E2%80%AE", "x" * 600)
    ),
    *(
        Row(f"an id in the path: {value[:24]}", _in_path(value, UID), (404,))
        for value in (
            "%00",
            "%ff",
            "0190B6F0-7000-7000-8000-00000000000A",
            "1",
            CANARY,
            "%2e%2e",
            "x" * 5000,
            "0190b6f0-7000-7000-8000-00000000000a%0a",
            "0190b6f0-7000-7000-8000-00000000000a%00",
            "%EF%BC%91",
        )
    ),
    *(
        Row(
            f"a slug in the path: {value[:24]}", _in_path(value, SLUG, BOTH), (404,)
        )
        for value in (
            "%00",
            "%ff",
            "UPPER",
            "a_b",
            "x" * 121,
            "a%0a",
            "%C2%A0",
            "%C2%A9",
            "a%2fb",
            "a%20b",
        )
    ),
    # Slugs are of any script where the shop wants it: this one is well formed, and nobody's.
    Row("a slug in the path: %C3%A9", _in_path_whole("%C3%A9", BOTH), (404,)),
    Row("a slug of ASCII in the path: %C3%A9", _in_path("%C3%A9", SLUG), (404,)),
    *(
        Row(
            f"Idempotency-Key: {value[:12]!r}",
            _header("Idempotency-Key", value),
            place="Idempotency-Key",
        )
        for value in ("", "a b", "x" * 256, "\x7f", "\u00e9", "a\tb")
    ),
    *(
        Row(
            f"X-Cart-Token: {value[:12]!r}",
            _header("X-Cart-Token", value),
            place="X-Cart-Token",
        )
        for value in ("", "a b", "x" * 256, "\u00e9")
    ),
    Row("a method that there is not", _as_method("TRACE"), (405,)),
    Row("a method of one's own", _as_method("FROB"), (405,)),
    Row("Accept: application/xml", _accepting, (406,)),
]
