"""Tax numbers of businesses: Indian GSTINs, and VAT numbers of the European Union."""

from typing import Final

from stdnum.eu import vat
from stdnum.in_ import gstin

_LEFT_OUT: Final = str.maketrans("", "", " .-/")
_GREECE: Final = "EL"  # as its tax numbers begin


def normalize_tax_id(text: str) -> str:
    """Return the number without spaces, dots and hyphens, in upper case."""
    return text.translate(_LEFT_OUT).upper()


def is_tax_id(number: str) -> bool:
    """Return whether it is a GSTIN or an EU VAT number whose check digit fits.

    That says nothing of whether it was ever given to anybody.
    """
    return bool(gstin.is_valid(number) or vat.is_valid(number))


def find_tax_country(number: str) -> str:
    """Return the country (ISO 3166-1) that has given the number."""
    if gstin.is_valid(number):
        return "IN"
    prefix = number[:2]
    return "GR" if prefix == _GREECE else prefix
