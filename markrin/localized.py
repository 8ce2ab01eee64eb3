"""Amounts and dates as people read them, by the rules of their language and the shop's country.

Babel has the rules (Unicode CLDR): ₹1,23,456.00 in India, ￥1,000 without decimals, 3.250 dinars.
"""

from datetime import date, datetime
from decimal import Decimal
from functools import cache

from babel import Locale, UnknownLocaleError, dates, numbers
from django.conf import settings
from django.utils import timezone, translation


def format_money(amount: Decimal, currency: str) -> str:
    """Return an amount with its currency's sign and decimals, in the language in use.

    Source: ISO 4217 for the decimals, Unicode CLDR for sign, grouping and order.
    """
    return numbers.format_currency(amount, currency, locale=_current_locale())


def format_amount(amount: Decimal, currency: str) -> str:
    """Return an amount with its currency's decimals, without the sign: for columns of amounts."""
    decimals = numbers.get_currency_precision(currency)
    return numbers.format_decimal(
        amount.quantize(Decimal(1).scaleb(-decimals)),
        format="#,##0." + "0" * decimals if decimals else "#,##0",
        locale=_current_locale(),
    )


def format_day(day: date) -> str:
    """Return a day in words, such as 3 November 2026; of a moment, its day in the current zone."""
    if isinstance(day, datetime):
        day = timezone.localtime(day).date()
    return dates.format_date(day, "long", locale=_current_locale())


def format_moment(moment: datetime) -> str:
    """Return a moment in words, in the current time zone, such as 3 November 2026, 14:05."""
    local = timezone.localtime(moment)
    return f"{format_day(local.date())}, {local:%H:%M}"


def format_country(code: str) -> str:
    """Return a country's name (ISO 3166-1 alpha-2) in the language in use, else the code."""
    return str(_current_locale().territories.get(code, code))


def _current_locale() -> Locale:
    return _locale_of(translation.get_language() or settings.LANGUAGE_CODE)


@cache
def _locale_of(language: str) -> Locale:
    """Return the language as written in the shop's country, else the language alone."""
    code = language.partition("-")[0]
    for name in (f"{code}_{settings.SHOP_COUNTRY}", code):
        try:
            return Locale.parse(name)
        except (UnknownLocaleError, ValueError):
            continue
    return Locale.parse("en")
