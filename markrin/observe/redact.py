"""Keeping secrets and personal data out of log lines and error reports, whoever put them in.

Three ways, each for what the others cannot see: by the name beside a value, by a text's
look, and, where an exception is told of during a request, by what that request brought:
nothing a client sent is in the message of its failure."""

import re
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl

import orjson

HIDDEN = "[hidden]"
# Names of which the value is never shown, however they are spelt.
_NAMES = re.compile(
    r"pass(word|wd|phrase)|secret|authori[sz]ation|cookie|api_?key|csrf|credential|(^|_)token$|^refresh$|^access$|"
    r"^otp$|^pin$|^signature$|(^|_)e?mail$|^(e?mail_?)?address$|(^|_)phone$|^mobile$|^recipient$|^street$|^postal_?code$|"
    r"^ip$|^ip_address$|^remote_addr$|^query_string$|^card",
    re.IGNORECASE,
)
# Repetitions begin at a fixed text or are bounded, so that a text costs in proportion to
# its length.
_TEXTS = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"  # a JSON Web Token
    r"|(?i:\b(?:bearer|basic)\s+)[^\s\"',]+"
    r"|(?<=://)[^/\s@]+@"  # user and password of an address
    r"|[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}\.[A-Za-z0-9.-]+"  # an e-mail address
    r"|(?i:\b(?:pass(?:word|wd|phrase)|secret|\w*token|api_?key|cookie|authorization|email|phone|street)"
    r"[\"']?\s*[:=]\s*)(?:\"[^\"]*\"|'[^']*'|[^\s,;&\"'}\])]+)"
    r"|(?<=[\w/])\?[^\s\"'<>=?]{0,100}=[^\s\"'<>]*"  # a query string
    r"|(?<![\w.+-])\+[1-9](?:[ ()-]{0,2}\d){6,14}(?!\w)"  # a telephone number. Source: ITU-T E.164
    r"|(?<![\w.:-])0?[6-9]\d{9}(?![\w.])"  # one of India, without its country
    # What PostgreSQL quotes of a row or of a statement.
    r"|(?s:(?<=DETAIL:  ).+?(?=\n\n|\Z))|(?<=\nLINE )\d+:[^\n]*|(?<=: )\"[^\"\n]*\"(?=\n|\Z)"
)
_DIGITS = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])")
_DEEPEST = 8
_SHORTEST = (
    4  # a shorter value is a size or a number, and would tear holes into every text
)
_MAX_VALUES = 500  # values of one request

# The request that is being answered.
answering: ContextVar[Any] = ContextVar("redact_answering", default=None)


def redact_value(value: object, depth: int = 0) -> Any:
    """Return a copy without what is secret or personal, by name and by look."""
    if isinstance(value, str):
        return redact_text(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes) or depth >= _DEEPEST:
        return HIDDEN
    if isinstance(value, Mapping):
        return {
            name: HIDDEN
            if isinstance(name, str) and inner and _is_secret(name)
            else redact_value(inner, depth + 1)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_value(inner, depth + 1) for inner in value]
    return redact_text(
        str(value)
    )  # here, since whoever writes it out would do the same, and later


def redact_text(text: str) -> str:
    """Return the text without what looks secret or personal."""
    return _DIGITS.sub(_mask_card, _TEXTS.sub(HIDDEN, text))


def without_sent(value: object, sent: list[str] | None = None) -> Any:
    """Return a copy without any text that the request being answered came with."""
    sent = _sent_words() if sent is None else sent
    if not sent:
        return value
    if isinstance(value, str):
        for each in sent:
            value = value.replace(each, HIDDEN)
        return value
    if isinstance(value, Mapping):
        return {name: without_sent(inner, sent) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [without_sent(inner, sent) for inner in value]
    return value


def redact_event(logger: object, method: str, event: object) -> Any:
    """Do all of it to a log line, as a processor of structlog."""
    clean = redact_value(event)
    if "exception" in clean:
        clean["exception"] = without_sent(clean["exception"])
    return clean


@lru_cache(1024)  # a line's names are the same again and again
def _is_secret(name: str) -> bool:
    return _NAMES.search(name.replace("-", "_")) is not None


def _mask_card(match: re.Match[str]) -> str:
    """Hide a number with a payment card's check digit. Source: ISO/IEC 7812-1, the Luhn formula."""
    digits = [int(each) for each in match[0] if each.isdigit()]
    total = sum(digits[-1::-2]) + sum(
        sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]
    )
    return HIDDEN if total % 10 == 0 else match[0]


def _sent_words() -> list[str]:
    """Return what the request came with: header values, query, body; the longest first."""
    request = answering.get()
    if request is None:
        return []
    meta = request.META
    texts = {
        meta.get(name, "")
        for name in (
            "HTTP_AUTHORIZATION",
            "HTTP_X_CART_TOKEN",
            "HTTP_IDEMPOTENCY_KEY",
        )
    }
    texts |= set(getattr(request, "COOKIES", {}).values())
    texts |= {
        inner
        for _, inner in parse_qsl(
            meta.get("QUERY_STRING", ""), max_num_fields=_MAX_VALUES
        )
    }
    texts |= set(_leaf_values(_body_of(request)))
    texts |= set(
        _leaf_values(dict(getattr(request, "_post", None) or {}))
    )  # a form that Django has read
    texts |= {each.strip() for each in texts}
    return sorted(
        (each for each in texts if len(each) >= _SHORTEST), key=len, reverse=True
    )[:_MAX_VALUES]


def _body_of(request: object) -> Any:
    """Return the request's JSON body where it has been read."""
    try:
        return orjson.loads(getattr(request, "_body", b"") or b"null")
    except orjson.JSONDecodeError:
        return None


def _leaf_values(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaf_values(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaf_values(inner)
