"""Codes as people type and paste them: coupons' and gift cards'."""

import unicodedata
from typing import Final

# What is drawn like a hyphen, besides Unicode's own dashes (category Pd).
_DASHES: Final = frozenset("\u2043\u2212\u02d7\u00af\u30fc\u2500")
MAX_TYPED: Final = 100  # with the spaces and invisible letters of a paste


def normalize_code(text: str) -> str:
    """Return the code that somebody means: without spaces and letters that are drawn as nothing,
    with plain hyphens, full-width letters as plain ones, in upper case.
    """
    plain = unicodedata.normalize("NFKC", text)
    return "".join(
        "-" if _is_dash(letter) else letter
        for letter in plain
        if not _is_invisible(letter)
    ).upper()


def _is_dash(letter: str) -> bool:
    return unicodedata.category(letter) == "Pd" or letter in _DASHES


def _is_invisible(letter: str) -> bool:
    """Return whether it is white space, a control or format character, or a mark on its own."""
    category = unicodedata.category(letter)
    return letter.isspace() or category in ("Cc", "Cf", "Mn", "Zl", "Zp", "Zs")
