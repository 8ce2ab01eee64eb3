"""The one guard against cells that a spreadsheet would run as a formula.

Source: OWASP, CSV Injection. The package defusedcsv was looked at and not taken: it lets pass
tabs, line ends and the full-width signs, and cannot be undone, as a shop's export must be.
"""

import re

# The full-width signs are what spreadsheets in some languages take for the plain ones.
_FORMULA = re.compile("'*[=+\\-@\t\r\uff1d\uff0b\uff0d\uff20]")


def escape_formula(text: str) -> str:
    """Return the text with a mark that stops a spreadsheet from running it; `unescape_formula`
    undoes it.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_formula(text: str) -> str:
    """Return the text that `escape_formula` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
