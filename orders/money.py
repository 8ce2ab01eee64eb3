"""Amounts as people read them."""

from decimal import Decimal
from typing import Final

_SIGNS: Final = {"INR": "₹", "USD": "$", "EUR": "€", "GBP": "£"}


def format_money(amount: Decimal, currency: str) -> str:
    """Return `₹1,299.00`: the currency's sign, or else its code and a space; thousands by
    commas.
    """
    sign = _SIGNS.get(currency, f"{currency}\u00a0")
    return f"{'−' if amount < 0 else ''}{sign}{abs(amount):,.2f}"
