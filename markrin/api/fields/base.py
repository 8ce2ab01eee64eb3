"""The base of all input types: how they refuse a value, and how they state their limits."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Generic, TypedDict, TypeVar

import marshmallow as ma

T = TypeVar("T")
JSONSchema = dict[str, Any]


class Message(str):
    """The text of an error, together with its stable code."""

    __slots__ = ("code",)
    code: str

    def __new__(cls, code: str, text: str) -> Message:
        message = super().__new__(cls, text)
        message.code = code
        return message


def refuse(code: str, message: str, field: str = "_schema") -> ma.ValidationError:
    """Return the error to raise in a schema's `@validates_schema`; `field` is the schema's
    own name of the field.
    """
    return ma.ValidationError(Message(code, message), field)


class FieldOptions(TypedDict, total=False):
    """What every type takes besides its own limits; marshmallow says what each does."""

    required: bool
    allow_none: bool
    load_default: object
    data_key: str | None
    metadata: Mapping[str, object]


REQUIRED = Message("required", "This is required.")
NULL = Message("null", "This may not be null.")


class Field(ma.fields.Field[T], Generic[T], ABC):
    """Base of the strict types. A subclass has `_check`, which returns the value or raises,
    and `limits`.
    """

    default_error_messages = {"required": REQUIRED, "null": NULL}

    def make_error(self, key: str, **kwargs: object) -> ma.ValidationError:
        return ma.ValidationError(self.error_messages[key])

    @property
    def from_text(self) -> bool:
        """Whether values arrive as strings, as in a query string."""
        return bool(getattr(self.root, "from_text", False))

    def _deserialize(
        self,
        value: Any,
        attr: str | None,
        data: Mapping[str, Any] | None,
        **kwargs: object,
    ) -> T:
        return self._check(value)

    @abstractmethod
    def _check(self, value: Any) -> T:
        """Return what `value` is, or raise what `refuse` makes."""

    @abstractmethod
    def limits(self) -> JSONSchema:
        """Return the JSON Schema of what is taken, apart from null. Source: JSON Schema 2020-12."""


class Pattern(Field[T]):
    """A type whose values are strings of one form."""

    regex: re.Pattern[str]
    code = "format"
    message = "This has the wrong form."

    def _text(self, value: Any) -> str:
        if not isinstance(value, str):
            raise refuse("type", "This must be a string.")
        if not self.regex.fullmatch(value):
            raise refuse(self.code, self.message)
        return value

    def limits(self) -> JSONSchema:
        return {"type": "string", "pattern": f"^(?:{self.regex.pattern})$"}


def check_bounds(low: int, high: int, what: str) -> None:
    """Refuse limits that no value can keep.

    Raises:
        ValueError: `low` is negative, or above `high`.
    """
    if not 0 <= low <= high:
        raise ValueError(f"{what}: min {low} and max {high} do not fit")
