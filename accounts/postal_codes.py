"""The forms of postal codes, by country. Source: Universal Postal Union, addressing systems
of its members.

A country that is not listed takes any code of letters, digits, spaces and hyphens, or none:
some have no codes."""

import re

_DIGITS = {
    3: "FO IS LS MG OM PG",
    4: (
        "AF AL AM AR AT AU BD BE BG CH CV CX CY DK ET GE GW HU LI LR LU MD MK MZ NE NO NZ PH PY SI TN ZA"
    ),
    5: (
        "AX BA CR CU DE DO DZ EE EG ES FI FR GP GT HR ID IQ IT JO KE KH KR KW LA LK MA MC ME MM MQ MX MY NC NP PF PK RE"
        " RS SA SN TH TR UA UY VN XK ZM"
    ),
    6: "BY CN KG KZ MN NG RO RU SG TJ TM UZ",
}
_OTHERS = {
    "BR": "[0-9]{5}-[0-9]{3}",
    "CA": "[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z] [0-9][ABCEGHJ-NPRSTV-Z][0-9]",
    "CZ": "[0-9]{3} [0-9]{2}",
    "GB": "[A-Z]{1,2}[0-9][A-Z0-9]? [0-9][A-Z]{2}",
    "GR": "[0-9]{3} [0-9]{2}",
    "IE": "[A-Z][0-9][0-9W] [A-Z0-9]{4}",
    "IL": "[0-9]{5}([0-9]{2})?",
    "IN": "[1-9][0-9]{5}",
    "JP": "[0-9]{3}-[0-9]{4}",
    "LT": "LT-[0-9]{5}",
    "LV": "LV-[0-9]{4}",
    "MT": "[A-Z]{3} [0-9]{4}",
    "NL": "[1-9][0-9]{3} [A-Z]{2}",
    "PL": "[0-9]{2}-[0-9]{3}",
    "PT": "[0-9]{4}-[0-9]{3}",
    "SE": "[0-9]{3} [0-9]{2}",
    "SK": "[0-9]{3} [0-9]{2}",
    "TW": "[0-9]{3}([0-9]{2,3})?",
    "US": "[0-9]{5}(-[0-9]{4})?",
}
_FORMS = {
    country: re.compile(form)
    for country, form in {
        **{
            name: f"[0-9]{{{digits}}}"
            for digits, names in _DIGITS.items()
            for name in names.split()
        },
        **_OTHERS,
    }.items()
}
_ANY = re.compile("([A-Z0-9][A-Z0-9 -]{0,11})?")


def fits(country: str, code: str) -> bool:
    """Return whether the code, in upper case, has the form of that ISO 3166-1 country's."""
    return _FORMS.get(country, _ANY).fullmatch(code) is not None


def says(country: str) -> str:
    """Return what to tell who gave another."""
    if country == "IN":
        return "An Indian postal code has six digits and does not begin with 0."
    return f"This is not a postal code of {country}."
