"""Names in Latin letters, for addresses and codes. By anyascii, which knows every script."""

import re
import unicodedata

from anyascii import anyascii
from django.utils.text import slugify

# A sign of Chinese is a syllable, which anyascii only begins with a capital: 红色 is hong-se.
_HAN = re.compile(r"[\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF]")

_OF_WORDS = frozenset({"Ll", "Lm", "Lo", "Mn", "Mc", "Nd"})


def transliterate(text: str) -> str:
    """Return the letters, marks and digits of a text as ASCII; all else of it as it is."""
    spaced = _HAN.sub(lambda sign: f" {sign[0]} ", text)
    return "".join(
        anyascii(letter) if unicodedata.category(letter)[0] in "LMN" else letter
        for letter in unicodedata.normalize("NFC", spaced)
    )


def own_slug(text: str) -> str:
    """Return a text as lower-case letters, marks and digits of its own scripts, with hyphens; ""
    if it has none.
    """
    kept = (
        sign if unicodedata.category(sign)[:2] in _OF_WORDS else " "
        for sign in unicodedata.normalize("NFC", text.lower())
        if sign not in "'\u2019\u200c\u200d"  # within a word
    )
    return "-".join("".join(kept).split())


def ascii_slug(text: str) -> str:
    """Return a text as lower-case ASCII letters and digits with hyphens; "" if it has none."""
    return slugify(transliterate(text).replace("_", " ")).strip("-")
