"""Reads request bodies and query strings strictly: whatever two readers could understand
differently is refused.

Source: RFC 8259 and RFC 7493 (I-JSON), bounded further so that no body costs more than its size.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import IO, Any, NoReturn
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest
from django.utils.http import parse_header_parameters
from rest_framework.parsers import BaseParser

from markrin.api import errors
from markrin.api.schemas import json_pointer

MAX_BYTES = 100 * 1024
MAX_DEPTH = 32
MAX_NODES = 10_000
MAX_INT_DIGITS = 20
MAX_NUMBER_CHARACTERS = 40
MAX_PARAMETERS = 100
JSON_TYPE = "application/json"

# A string with its escapes (an unterminated one to its end, so that no input is scanned
# twice), or a bracket.
_TOKENS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_UNPAIRED = re.compile("[\0\ud800-\udfff]")
_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")


def malformed_error(code: str, message: str, where: str = "") -> errors.Malformed:
    """Return the refusal of a body, at the JSON pointer `where`."""
    return errors.Malformed(
        errors=[{"pointer": where, "code": code, "message": message}]
    )


def parse_json(body: bytes, *, max_nodes: int = MAX_NODES) -> dict[str, object]:
    """Return the one JSON object in `body`, of at most `max_nodes` values; numbers with a point
    or exponent are Decimal.

    Raises:
        errors.Malformed: it is not exactly one, or not within the limits above.
    """
    text = _decode_utf8(body)
    _check_depth(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object_of_pairs,
            parse_int=_parse_int,
            parse_float=_parse_decimal,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as exc:
        message = (
            f"This is not JSON: {exc.msg} (line {exc.lineno}, column {exc.colno})."
        )
        raise malformed_error("syntax", message) from exc
    if not isinstance(value, dict):
        raise malformed_error("type", "The body must be one JSON object.")
    _check_values(value, max_nodes)
    return value


def _decode_utf8(body: bytes) -> str:
    if not body.strip(b" \t\r\n"):
        raise malformed_error(
            "empty", "A body is needed: one JSON object, {} at least."
        )
    if body.startswith(b"\xef\xbb\xbf"):
        raise malformed_error(
            "bom", "The body may not begin with a byte order mark."
        )
    try:
        return body.decode("utf-8", "strict")
    except UnicodeDecodeError as exc:
        raise malformed_error("encoding", "The body is not UTF-8.") from exc


def _check_depth(text: str) -> None:
    depth = 0
    for token in _TOKENS.finditer(text):
        first = token[0][0]
        if first in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise malformed_error(
                    "depth", f"The body is nested deeper than {MAX_DEPTH} levels."
                )
        elif first in "]}":
            depth -= 1


def _object_of_pairs(pairs: Sequence[tuple[str, Any]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise malformed_error("duplicate", "An object has the same name twice.")
    return result


def _parse_int(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_INT_DIGITS:
        raise malformed_error(
            "number", f"A whole number has more than {MAX_INT_DIGITS} digits."
        )
    return int(digits)


def _parse_decimal(digits: str) -> Decimal:
    if len(digits) > MAX_NUMBER_CHARACTERS:
        raise malformed_error(
            "number", f"A number has more than {MAX_NUMBER_CHARACTERS} characters."
        )
    return Decimal(digits)


def _refuse_constant(name: str) -> NoReturn:
    raise malformed_error("number", "NaN and Infinity are not JSON.")


def _check_values(found: object, max_nodes: int) -> None:
    """Refuse too many values, and NUL or a lone surrogate (which only an escape can bring)
    in any name or value.
    """
    count = 0
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), found)]
    while waiting:
        path, value = waiting.pop()
        count += 1
        if isinstance(value, dict):
            if any(_UNPAIRED.search(name) for name in value):
                raise malformed_error(
                    "characters",
                    "A name has a NUL or half a surrogate pair.",
                    json_pointer(path),
                )
            waiting += [((*path, name), inner) for name, inner in value.items()]
        elif isinstance(value, list):
            waiting += [
                ((*path, index), inner) for index, inner in enumerate(value)
            ]
        elif isinstance(value, str) and _UNPAIRED.search(value):
            raise malformed_error(
                "characters",
                "This has a NUL or half a surrogate pair.",
                json_pointer(path),
            )
        if count + len(waiting) > max_nodes:
            raise malformed_error(
                "nodes", f"The body has more than {max_nodes} values."
            )


# --- The body of a request -----------------------------------------------------------------------
def read_body(request: HttpRequest, *, max_bytes: int = MAX_BYTES) -> bytes:
    """Return the request's body; also one of unknown length (chunked), which Django itself
    would take for empty.

    Raises:
        errors.TooLarge: it has more than `max_bytes`, whatever Content-Length says.
    """
    if content_length(request) > max_bytes:
        raise errors.TooLarge(f"The body may have at most {max_bytes} bytes.")
    if _is_chunked(request) and not hasattr(request, "_body"):
        stream: IO[bytes] = request.META["wsgi.input"]
        # With the body set, `request.body` works for whoever reads it later.
        request._body = _read_bounded(stream, max_bytes + 1)
    if len(request.body) > max_bytes:
        raise errors.TooLarge(f"The body may have at most {max_bytes} bytes.")
    return request.body


def _read_bounded(stream: IO[bytes], max_bytes: int) -> bytes:
    parts, left = [], max_bytes
    while left > 0 and (part := stream.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def content_length(request: HttpRequest) -> int:
    """Return the stated length of the body in bytes, 0 where none is stated."""
    stated = request.META.get("CONTENT_LENGTH") or "0"
    return int(stated) if stated.isascii() and stated.isdigit() else 0


def _is_chunked(request: HttpRequest) -> bool:
    return (
        not request.META.get("CONTENT_LENGTH")
        and "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
    )


def has_body(request: HttpRequest) -> bool:
    """Return whether the request carries any byte of a body."""
    return content_length(request) > 0 or (
        _is_chunked(request) and bool(read_body(request))
    )


def check_media_type(
    request: HttpRequest, allowed: Sequence[str] = (JSON_TYPE,)
) -> None:
    """Take only the allowed types, in UTF-8, without a content coding.

    Raises:
        errors.UnsupportedMediaType: it is another.
    """
    if request.META.get(
        "HTTP_CONTENT_ENCODING", "identity"
    ).strip().lower() not in (
        "",
        "identity",
    ):
        raise errors.UnsupportedMediaType("The body may not be compressed.")
    media_type, parameters = parse_header_parameters(
        request.META.get("CONTENT_TYPE", "")
    )
    if media_type.lower() not in allowed or parameters.get(
        "charset", "utf-8"
    ).lower() not in ("utf-8", "utf8"):
        raise errors.UnsupportedMediaType(
            f"The body must be {' or '.join(allowed)} in UTF-8."
        )


class StrictJSONParser(BaseParser):
    """What `request.data` uses; operations read their bodies by `read_body` and
    `parse_json`, to the same effect.
    """

    media_type = JSON_TYPE

    def parse(
        self,
        stream: object,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the body, which is one JSON object.

        Raises:
            errors.UnsupportedMediaType, errors.TooLarge, errors.Malformed: it is not taken.
        """
        request: HttpRequest = (parser_context or {})["request"]._request
        check_media_type(request)
        return parse_json(read_body(request))


# --- The query string ----------------------------------------------------------------------------
def parse_query(request: HttpRequest) -> dict[str, str]:
    """Return the parameters of the query string.

    Raises:
        errors.Invalid: one is given twice, or is not percent-encoded UTF-8 without NUL; or
        they are too many.
    """
    # WSGI hands bytes over as Latin-1. Source: PEP 3333, "Unicode issues".
    raw = request.META.get("QUERY_STRING", "").encode("latin-1", "replace")
    params: dict[str, str] = {}
    wrong: list[errors.FieldError] = []
    for index, (name, value, fault) in enumerate(_query_pairs(raw)):
        if index >= MAX_PARAMETERS:
            raise errors.Invalid.parameter(
                "", "count", f"There are more than {MAX_PARAMETERS} parameters."
            )
        code, message = (
            ("repeated", "This parameter may be given once.")
            if name in params
            else fault
        )
        if code:
            wrong.append(
                {"parameter": name[:100], "code": code, "message": message}
            )
        params[name] = value
    if wrong:
        raise errors.Invalid(errors=wrong)
    return params


def _query_pairs(raw: bytes) -> Iterator[tuple[str, str, tuple[str, str]]]:
    """Yield name and value of each parameter, and code and message of what is wrong with
    its spelling, if anything.
    """
    for part in filter(None, raw.split(b"&")):
        name, _, value = (
            unquote_to_bytes(side.replace(b"+", b" "))
            for side in part.partition(b"=")
        )
        called, said, fault = (
            name.decode("utf-8", "replace"),
            value.decode("utf-8", "replace"),
            ("", ""),
        )
        if _PERCENT.search(part):
            fault = ("encoding", "A % must be followed by two hexadecimal digits.")
        elif (called.encode(), said.encode()) != (name, value):
            fault = ("encoding", "This is not UTF-8.")
        elif "\0" in called + said:
            fault = ("characters", "This has a NUL.")
        yield called.replace("\0", ""), said, fault
