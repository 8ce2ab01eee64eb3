"""The codes of states and provinces: taken as given, or found by name or Indian postal code."""

import unicodedata
from functools import cache
from typing import Final

import pycountry

# The state in which each sorting region of India lies, by the first digits of its codes; of two
# that fit the longer one counts. A region that two states share is left out, so nothing is guessed.
# Source: India Post, "Pincode structure" and the all-India PIN directory; read 2026-11.
_INDIAN_PINS: Final = {
    "AN": "744",
    "AP": "51 52 53",
    "AR": "790 791 792",
    "AS": "78",
    "BR": "800 801 802 803 804 805 821 823 824 841 842 843 844 845 846 847 848 851 852 "
    "853 854 855",
    "CG": "490 491 492 493 494 495 496 497",
    "CH": "160",
    "DL": "11",
    "GA": "403",
    "GJ": "36 37 38 390 391 392 393 394 395",
    "HP": "17",
    "HR": "121 122 123 124 125 126 127 128 129 130 131 132 133 134 135 136",
    "JH": "815 822 825 826 827 828 829 831 832 833 834 835",
    "JK": "180 181 182 184 185 190 191 192 193",
    "KA": "56 57 58 59",
    "KL": "670 671 672 674 675 676 677 678 679 680 681 683 684 685 686 688 689 690 691 695",
    "LA": "194",
    "MH": "400 401 402 41 42 43 44",
    "ML": "793 794",
    "MN": "795",
    "MP": "45 46 47 480 481 482 483 484 485 486 487 488",
    "MZ": "796",
    "NL": "797 798",
    "OD": "75 76 77",
    "PB": "141 142 143 144 145 146 147 148 151 152",
    "RJ": "30 31 32 33 34",
    "SK": "737",
    "TN": "600 601 602 603 604 606 608 61 62 63 64",
    "TR": "799",
    "TS": "500 501 502 503 504 505 506 508 509",
    "UP": "201 202 203 204 205 206 207 208 209 21 22 23 241 242 243 245 250 251 252 253 "
    "26 27 28",
    "UK": "248 249 262 263",
    "WB": "70 71 72 731 732 733 734 735 736 741 742 743",
}
_STATE_OF_PIN: Final = {
    digits: f"IN-{state}"
    for state, regions in _INDIAN_PINS.items()
    for digits in regions.split()
}
# What people call them besides, and codes that have been replaced (ISO 3166-2 changes of 2023).
_OTHER_NAMES: Final = {
    "IN": {
        "orissa": "IN-OD",
        "uttaranchal": "IN-UK",
        "pondicherry": "IN-PY",
        "nct of delhi": "IN-DL",
        "new delhi": "IN-DL",
        "delhi ncr": "IN-DL",
    }
}
_FORMER_CODES: Final = {
    "IN-CT": "IN-CG",
    "IN-OR": "IN-OD",
    "IN-TG": "IN-TS",
    "IN-UT": "IN-UK",
    "IN-DN": "IN-DH",
    "IN-DD": "IN-DH",
}
# The first two digits of a GSTIN. Source: GST portal, list of state codes; read 2026-11.
_GST_STATES: Final = dict(
    enumerate(
        "JK HP PB CH UK HR DL RJ UP BR SK AR NL MN MZ TR ML AS WB JH OD CG MP GJ DH DH"  # noqa: SIM905
        " MH AP KA GA LD KL TN PY AN TS AP LA".split(),
        start=1,
    )
)


REFUSAL: Final = (
    "This is no state of the country: an ISO 3166-2 code, such as IN-KA."
)


def find_state_code(
    country: str, *, state_code: str = "", state: str = "", postal_code: str = ""
) -> str:
    """Return the ISO 3166-2 code of an address, or "" where nothing says it for certain.

    A code that was given counts, then the state's name, then an Indian postal code.
    """
    given = _FORMER_CODES.get(state_code.upper(), state_code.upper())
    if given in _names_of(country).values():
        return given
    if named := _names_of(country).get(_fold(state)):
        return named
    if country == "IN":
        for length in (3, 2):
            if code := _STATE_OF_PIN.get(postal_code[:length]):
                return code
    return ""


def is_state_code(country: str, state_code: str) -> bool:
    """Return whether the code is one of the country's. Source: ISO 3166-2."""
    code = _FORMER_CODES.get(state_code, state_code)
    return code in _names_of(country).values()


def find_gst_state(gstin: str) -> str:
    """Return the state in which an Indian tax number is registered, or ""."""
    number = gstin[:2]
    state = _GST_STATES.get(int(number)) if number.isdigit() else None
    return f"IN-{state}" if state else ""


def get_gst_code(state_code: str) -> str:
    """Return the two digits that GST knows a state by, or "": `29` for IN-KA.

    Of a state with two numbers it is the one in use.
    """
    state = state_code.partition("-")[2]
    codes = [code for code, name in _GST_STATES.items() if name == state]
    # 28 was Andhra Pradesh before it was divided, 25 Daman and Diu before it was joined to 26.
    return f"{codes[-1]:02d}" if codes else ""


@cache
def _names_of(country: str) -> dict[str, str]:
    """Return the codes of a country's states by their names, and by the codes themselves
    without the country.
    """
    # pycountry's
    subdivisions = pycountry.subdivisions.get(country_code=country) or []  # type: ignore[no-untyped-call]
    names = {_fold(each.name): each.code for each in subdivisions}
    names |= {
        each.code.partition("-")[2].lower(): each.code for each in subdivisions
    }
    return {**names, **_OTHER_NAMES.get(country, {})}


def _fold(name: str) -> str:
    """Return a name without accents and case: Karnātaka and Karnataka are one."""
    plain = unicodedata.normalize("NFKD", name)
    letters = "".join(
        letter for letter in plain if not unicodedata.combining(letter)
    )
    return " ".join(letters.casefold().replace("&", "and").split())
