"""Several values in one cell of the shop's own CSV."""

from collections.abc import Iterable


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
