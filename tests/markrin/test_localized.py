"""Amounts and dates in words: decimals of the currency, grouping of the country, language."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import timezone, translation

from markrin import localized


@pytest.mark.parametrize(
    ("language", "amount", "currency", "expected"),
    [
        ("en", "1299.00", "INR", "₹1,299.00"),
        ("en", "123456.50", "INR", "₹1,23,456.50"),
        ("hi", "123456.50", "INR", "₹1,23,456.50"),
        ("en", "-5.00", "INR", "-₹5.00"),
        ("en", "1000", "JPY", "JP¥1,000"),
        ("en", "3.250", "KWD", "KWD3.250"),
        ("xx", "1.00", "INR", "₹1.00"),
    ],
)
def test_amounts(language: str, amount: str, currency: str, expected: str) -> None:
    with translation.override(language):
        assert localized.format_money(Decimal(amount), currency) == expected


def test_days_and_moments_in_the_language_and_the_zone() -> None:
    moment = datetime(2026, 11, 2, 19, 5, tzinfo=UTC)
    with timezone.override("Asia/Kolkata"):
        assert localized.format_moment(moment) == "3 November 2026, 00:35"
        assert localized.format_day(moment) == "3 November 2026"
        with translation.override("hi"):
            assert localized.format_day(date(2026, 11, 3)) == "3 नवंबर 2026"
