"""Cells of the shop's own CSV: what no spreadsheet takes for a formula, and several values
in one.
"""

import re
from collections.abc import Iterable

# Source: OWASP, CSV Injection. The full-width signs are what spreadsheets in some languages
# take for the plain ones.
_FORMULA = re.compile("'*[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]")


def escape_formula(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula, and `unquoted` gives
    it back.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(text: str) -> str:
    """Return the text that `quoted` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def join_values(parts: Iterable[str], separator: str, *, around: str = "") -> str:
    """Return the parts as one text; a separator or backslash within one has a backslash
    before it.
    """
    escaped = (
        part.replace("\\", "\\\\").replace(separator, f"\\{separator}")
        for part in parts
    )
    return f"{around}{separator}{around}".join(escaped)


def split_values(text: str, separator: str) -> list[str]:
    """Return the parts that `join` was given, trimmed; a backslash before any other
    character is one.
    """
    parts, part, escaped = list[str](), "", False
    for letter in text:
        if escaped:
            part += letter if letter in (separator, "\\") else f"\\{letter}"
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter == separator:
            parts.append(part.strip())
            part = ""
        else:
            part += letter
    return [*parts, (part + "\\" * escaped).strip()]
