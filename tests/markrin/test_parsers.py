"""What the JSON parser and the query parser take and refuse."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from markrin.api import errors, parsers

REFUSED: list[tuple[bytes, str]] = [
    (b"", "empty"),
    (b" \r\n\t", "empty"),
    (b"\xef\xbb\xbf{}", "bom"),
    ('{"a":1}'.encode("utf-16"), "encoding"),
    (b'{"a":"\xff"}', "encoding"),
    (b'{"a":"\xed\xa0\x80"}', "encoding"),
    (b'{"a":"\xc0\x80"}', "encoding"),
    (b"[]", "type"),
    (b"1", "type"),
    (b"null", "type"),
    (b'"a"', "type"),
    (b'{"a":1', "syntax"),
    (b'{"a":1}{}', "syntax"),
    (b'{"a":1} x', "syntax"),
    (b'{"a":1,}', "syntax"),
    (b"{'a':1}", "syntax"),
    (b'{"a":01}', "syntax"),
    (b'{"a":+1}', "syntax"),
    (b'{"a":.5}', "syntax"),
    (b'{"a":0x1}', "syntax"),
    (b'{"a":"\n"}', "syntax"),
    (b'{"a":"\x00"}', "syntax"),
    (b'{"a":"\\x"}', "syntax"),
    (b'{"a":/**/1}', "syntax"),
    (b"{a:1}", "syntax"),
    (b'{"a":1,"a":1}', "duplicate"),
    (b'{"a":1,"\\u0061":2}', "duplicate"),
    (b'{"x":[{"a":1,"b":2,"a":3}]}', "duplicate"),
    (b'{"a":NaN}', "number"),
    (b'{"a":Infinity}', "number"),
    (b'{"a":-Infinity}', "number"),
    (b'{"a":' + b"1" * 21 + b"}", "number"),
    (b'{"a":-' + b"1" * 21 + b"}", "number"),
    (b'{"a":' + b"1" * 5000 + b"}", "number"),
    (b'{"a":0.' + b"1" * 39 + b"}", "number"),
    (b'{"a":"\\u0000"}', "characters"),
    (b'{"a\\u0000":1}', "characters"),
    (b'{"a":"\\ud800"}', "characters"),
    (b'{"a":["\\udc00\\ud800"]}', "characters"),
    (b'{"\\udfff":1}', "characters"),
    (b'{"a":' * 33 + b"1" + b"}" * 33, "depth"),
    (b"[" * 50_000, "depth"),
    (b'{"a":' * 20_000, "depth"),
    (b'{"a":[' + b"1," * 9_998 + b"1]}", "nodes"),
    (b'{"a":"' + b'\\"' * 40_000, "syntax"),
]


@pytest.mark.asvs("1.1.1", "15.3.5", "1.5.2")
@pytest.mark.parametrize(
    ("body", "code"),
    REFUSED,
    ids=[f"{code}-{body[:12]!r}" for body, code in REFUSED],
)
def test_refuses(body: bytes, code: str) -> None:
    with pytest.raises(errors.Malformed) as caught:
        parsers.parse_json(body)
    assert [error["code"] for error in caught.value.errors] == [code]


def test_takes_what_lies_just_within_the_limits() -> None:
    assert parsers.parse_json(b" {} \r\n") == {}
    assert parsers.parse_json(b'{"a":' + b"9" * 20 + b"}") == {"a": 10**20 - 1}
    assert parsers.parse_json(b'{"a":-' + b"9" * 20 + b"}") == {"a": -(10**20) + 1}
    assert parsers.parse_json(b'{"a":0.' + b"1" * 38 + b"}") == {
        "a": Decimal("0." + "1" * 38)
    }
    assert parsers.parse_json(b'{"a":1e999999}') == {"a": Decimal("1e999999")}
    many: Any = parsers.parse_json(b'{"a":[' + b"1," * 9_997 + b"1]}")
    assert len(many["a"]) == 9_998
    deep: Any = parsers.parse_json(b'{"a":' * 32 + b"1" + b"}" * 32)
    for _ in range(32):
        deep = deep["a"]
    assert deep == 1
    braces: Any = parsers.parse_json(
        b'{"a":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\"{{{"}'
    )
    assert braces["a"].endswith('"{{{')
    assert parsers.parse_json(b'{"a":"\\ud83d\\ude00"}') == {"a": "\U0001f600"}


def test_a_fault_in_a_value_has_its_pointer() -> None:
    with pytest.raises(errors.Malformed) as caught:
        parsers.parse_json(b'{"a/b":[{"~":"\\u0000"}]}')
    assert caught.value.errors[0]["pointer"] == "/a~1b/0/~0"


plain = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20) + 1, 10**20 - 1) | plain,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(plain, inner, max_size=4)
    ),
    max_leaves=20,
)


@given(
    st.dictionaries(plain, values, max_size=5),
    st.booleans(),
    st.sampled_from([None, 2]),
)
def test_reads_what_json_writes(
    document: dict[str, Any], ascii_only: bool, indent: int | None
) -> None:
    written = json.dumps(document, ensure_ascii=ascii_only, indent=indent).encode()
    assert parsers.parse_json(written) == document


@given(
    st.binary(max_size=60)
    | st.text('{}[]",:\\u01dDaeE.-+ntrf ', max_size=40).map(str.encode)
)
def test_agrees_with_json_wherever_it_takes_a_body(body: bytes) -> None:
    try:
        taken = parsers.parse_json(body)
    except errors.Malformed:
        return
    assert taken == json.loads(body.decode(), parse_float=Decimal)


def query(raw: str) -> dict[str, str]:
    request = RequestFactory().get("/")
    request.META["QUERY_STRING"] = raw
    return parsers.parse_query(request)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("", {}),
        ("a=1&b=", {"a": "1", "b": ""}),
        ("a=%C3%A9+x&&c", {"a": "é x", "c": ""}),
        ("a=\xc3\xa9", {"a": "é"}),  # raw UTF-8, as WSGI hands it over
        ("a=b=c%3D", {"a": "b=c="}),
    ],
)
def test_reads_a_query_string(raw: str, expected: dict[str, str]) -> None:
    assert query(raw) == expected


@pytest.mark.asvs("15.3.7")
@pytest.mark.parametrize(
    ("raw", "parameter", "code"),
    [
        ("a=1&a=1", "a", "repeated"),
        ("a=1&%61=2", "a", "repeated"),
        ("a=%ff", "a", "encoding"),
        ("%ff=1", "\ufffd", "encoding"),
        ("a=%zz", "a", "encoding"),
        ("a=%", "a", "encoding"),
        ("a=%ED%A0%80", "a", "encoding"),
        ("a=\xff", "a", "encoding"),
        ("a=%00", "a", "characters"),
        ("a%00=1", "a", "characters"),
        ("&".join(f"p{n}=1" for n in range(101)), "", "count"),
    ],
)
def test_refuses_a_query_string(raw: str, parameter: str, code: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        query(raw)
    assert [
        (error["parameter"], error["code"]) for error in caught.value.errors
    ] == [(parameter, code)]
