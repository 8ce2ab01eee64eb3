# ruff: noqa: A002 (`max` and `min` are the words that a schema's author looks for)
"""Numbers, amounts, yes and no."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Unpack

from markrin.api.fields.base import Field, FieldOptions, JSONSchema, Pattern, refuse


class Int(Field[int]):
    """A whole number from `min` to `max`. In JSON 2.0 is 2; in a query string only the
    shortest spelling is taken.
    """

    _FORM = re.compile(r"0|-?[1-9][0-9]{0,19}")

    def __init__(self, *, min: int, max: int, **options: Unpack[FieldOptions]):
        super().__init__(**options)
        if not -(2**63) <= min <= max < 2**63:
            raise ValueError(
                f"Int: min {min} and max {max} do not fit into 64 bits"
            )
        self.min, self.max = min, max

    def _check(self, value: object) -> int:
        number = self._parse_number(value)
        if not self.min <= number <= self.max:
            raise refuse("range", f"This must be from {self.min} to {self.max}.")
        return int(number)

    def _parse_number(self, value: object) -> int | Decimal:
        if (
            self.from_text
            and isinstance(value, str)
            and self._FORM.fullmatch(value)
        ):
            return int(value)
        if (
            not self.from_text
            and isinstance(value, int)
            and not isinstance(value, bool)
        ):
            return value
        # Not int(value) before its range is known: 1e999999 is a short text, but not one to
        # multiply out.
        if (
            not self.from_text
            and isinstance(value, Decimal)
            and value == value.to_integral_value()
        ):
            return value
        raise refuse("type", "This must be a whole number.")

    def limits(self) -> JSONSchema:
        return {"type": "integer", "minimum": self.min, "maximum": self.max}


class Bool(Field[bool]):
    """true or false, and in a query string exactly these words."""

    def _check(self, value: object) -> bool:
        if self.from_text and value in ("true", "false"):
            return bool(value == "true")
        if not self.from_text and isinstance(value, bool):
            return value
        raise refuse("type", "This must be true or false.")

    def limits(self) -> JSONSchema:
        return {"type": "boolean"}


class Money(Pattern[Decimal]):
    """An amount in the shop currency: a string with exactly two decimals, from `min` to `max`."""

    regex = re.compile(r"(?:0|[1-9][0-9]{0,7})\.[0-9]{2}")
    message = 'This must be an amount such as "1299.00".'

    def __init__(
        self,
        *,
        min: str = "0.00",
        max: str = "99999999.99",
        **options: Unpack[FieldOptions],
    ):
        super().__init__(**options)
        self.min, self.max = Decimal(min), Decimal(max)

    def _check(self, value: object) -> Decimal:
        amount = Decimal(self._text(value))
        if not self.min <= amount <= self.max:
            raise refuse("range", f"This must be from {self.min} to {self.max}.")
        return amount

    def limits(self) -> JSONSchema:
        # JSON Schema has no range for strings: zero is excluded by the pattern, any other
        # bound said in words.
        zero = r"(?!0\.00$)" if self.min > 0 else ""
        text = f"From {self.min} to {self.max}."
        return {
            "type": "string",
            "pattern": f"^{zero}(?:{self.regex.pattern})$",
            "description": text,
        }


class QueryMoney(Money):
    """An amount in a query string, where "1299" and "1299.5" are plain enough."""

    regex = re.compile(r"(?:0|[1-9][0-9]{0,7})(?:\.[0-9]{1,2})?")
    message = 'This must be an amount such as "1299" or "1299.00".'


class QuotedMoney(Money):
    """An amount as a quote has said it, with the currency's decimals: "1299.00", and "1299" of
    yen.
    """

    regex = re.compile(r"(?:0|[1-9][0-9]{0,7})(?:\.[0-9]{2})?")
    message = 'This must be an amount as the quote said it, such as "1299.00".'


class Percent(Money):
    """A percentage: a string with exactly two decimals, from "0.00" to "100.00"."""

    regex = re.compile(r"100\.00|(?:0|[1-9][0-9]?)\.[0-9]{2}")
    message = 'This must be a percentage such as "18.00".'

    def __init__(
        self,
        *,
        min: str = "0.00",
        max: str = "100.00",
        **options: Unpack[FieldOptions],
    ):
        super().__init__(min=min, max=max, **options)
