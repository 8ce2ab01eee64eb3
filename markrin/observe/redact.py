"""Keeping secrets and personal data out of log lines and error reports, whoever put them in."""

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[hidden]"
# Names of which the value is never shown, however they are spelt.
_NAMES = re.compile(
    r"pass(word|wd)|secret|authori[sz]ation|cookie|api_?key|csrf|credential|^(access|refresh|id)?_?token$|^refresh$|"
    r"^access$|^otp$|^signature$|^email$|^phone$|^recipient$|^street$|^ip$|^remote_addr$",
    re.IGNORECASE,
)
_TEXTS = re.compile(
    r"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"  # a JSON Web Token
    r"|(?i:\bbearer\s+)\S+"
    r"|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.-]+"  # what looks like an e-mail address
    r"|(?i:(?<=token=)|(?<=password=)|(?<=key=))[^&\s\"']+"
)
_DEEPEST = 8


def value(found: Any, depth: int = 0) -> Any:
    """Return a copy without what is secret or personal, by name and by look."""
    if isinstance(found, str):
        return _TEXTS.sub(HIDDEN, found)
    if isinstance(found, bytes):
        return HIDDEN
    if depth >= _DEEPEST:
        return found if isinstance(found, int | float | bool | None) else HIDDEN
    if isinstance(found, Mapping):
        return {
            name: HIDDEN if isinstance(name, str) and inner and _NAMES.search(name) else value(inner, depth + 1)
            for name, inner in found.items()
        }
    if isinstance(found, list | tuple | set | frozenset):
        return [value(inner, depth + 1) for inner in found]
    return found


def event(logger: Any, method: str, found: Any) -> Any:
    """Do the same as a processor of structlog."""
    return value(found)
