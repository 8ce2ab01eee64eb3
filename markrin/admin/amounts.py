"""Amounts in the admin, with their currency's sign and decimals: columns of amounts have three, so
that every currency's fit.
"""

from collections.abc import Callable
from decimal import Decimal
from operator import attrgetter
from typing import Any

from babel.numbers import get_currency_precision
from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import DecimalField, Field, Model
from django.http import HttpRequest

from markrin.localized import format_money


def show_money(name: str, *, of: str = "currency") -> Callable[[Model], str | None]:
    """Return a column, or a read-only field, of an amount. `of` leads to its currency; empty, it is
    the shop's.
    """

    def show(row: Model) -> str | None:
        amount: Decimal | None = getattr(row, name)
        if amount is None:
            return None
        currency = attrgetter(of)(row) if of else settings.SHOP_CURRENCY
        return format_money(amount, currency)

    show.__name__ = name
    return admin.display(ordering=name, description=name.replace("_", " "))(show)


def drop_zeros(amount: Decimal) -> Decimal:
    """Return a number without the zeros behind the decimals that the shop's currency has."""
    least = Decimal(1).scaleb(-get_currency_precision(settings.SHOP_CURRENCY))
    shorter = amount.quantize(least)
    if shorter != amount:
        return amount
    return min(amount, shorter, key=lambda each: len(str(each)))


class AmountField(forms.DecimalField):
    """A number in a form, without zeros that say nothing."""

    def prepare_value(self, value: Any) -> Any:
        """Return what stands in the field."""
        return drop_zeros(value) if isinstance(value, Decimal) else value


class ShortAmounts:
    """A page, or a part of one, whose numbers are shown so."""

    def formfield_for_dbfield(
        self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Return the form's field of a column."""
        if isinstance(db_field, DecimalField):
            kwargs.setdefault("form_class", AmountField)
        # a mixin: mypy does not know the admin class behind it
        return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
