"""Addresses are printed as their country writes them, and nothing of them is lost."""

import pytest
from django.utils import translation

from accounts.address_lines import list_address_lines
from accounts.models import Address

PARTS = {"recipient": "Asha Rao", "street": "12 Hill Road"}


@pytest.mark.parametrize(
    ("country", "parts", "lines"),
    [
        (
            "IN",
            ("Mumbai", "Maharashtra", "400050"),
            ["Mumbai 400050", "Maharashtra"],
        ),
        ("US", ("Austin", "TX", "78701"), ["Austin, TX 78701"]),
        ("DE", ("Berlin", "", "10115"), ["10115 Berlin"]),
        ("GB", ("Leeds", "", "LS1 4DY"), ["Leeds", "LS1 4DY"]),
        ("JP", ("Shibuya", "Tokyo", "150-0002"), ["150-0002", "Shibuya"]),
        # The form of the Emirates has neither a city nor a code.
        ("AE", ("Al Ain", "Abu Dhabi", ""), ["Abu Dhabi", "Al Ain"]),
        ("AE", ("Dubai", "Dubai", ""), ["Dubai"]),
        ("ZZ", ("Utopia", "", ""), ["Utopia"]),
    ],
)
def test_an_address_has_its_country_s_form(country, parts, lines):
    city, state, postal_code = parts
    address = Address(
        **PARTS, city=city, state=state, postal_code=postal_code, country=country
    )
    recipient, street, *rest, _country = list_address_lines(address)
    assert recipient == "Asha Rao"
    assert street == ("12 Hill Road, Tokyo" if country == "JP" else "12 Hill Road")
    assert rest == lines


def test_the_country_is_named_in_the_language_in_use():
    address = Address(**PARTS, city="Mumbai", postal_code="400050", country="IN")
    with translation.override("hi"):
        assert list_address_lines(address)[-1] == "भारत"
    assert list_address_lines(address)[-1] == "India"
