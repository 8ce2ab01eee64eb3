# ruff: noqa: A002 (`max` and `min` are the words that a schema's author looks for)
"""The strict input types: everything that enters the shop is one of these.

Each says its limits once: `_check` enforces them and `limits` is their JSON Schema, from which the OpenAPI document
is made. In a `QuerySchema` the same types read strings. A value is taken or refused, never bent: the only changes are
Unicode's NFC form, surrounding white space of free text, and canonical spellings (e-mail, telephone, links).
"""

from __future__ import annotations

import copy
import re
import typing
import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Generic, TypeVar

import email_validator
import marshmallow as ma
import phonenumbers
import PIL.Image
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import TextChoices

from markrin import images

T = TypeVar("T")
JSONSchema = dict[str, Any]

# Control and bidirectional characters, line separators, the byte order mark, surrogates and non-characters, as the
# inside of a character class that Python, ECMAScript and Rust read alike.
FORBIDDEN = (
    r"\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
    r"\ufdd0-\ufdef\ufeff\ufffe\uffff"
)
FORBIDDEN_LINES = FORBIDDEN.replace(r"\u0000-\u001f", r"\u0000-\u0009\u000b-\u001f")
# What the document states: without surrogates, which no valid JSON text holds and some engines cannot write.
_SPEAKABLE = {False: FORBIDDEN.replace(r"\ud800-\udfff", ""), True: FORBIDDEN_LINES.replace(r"\ud800-\udfff", "")}
_FORBIDDEN_RE = {False: re.compile(f"[{FORBIDDEN}]"), True: re.compile(f"[{FORBIDDEN_LINES}]")}
# What a reader sees: neither white space nor a format character (soft hyphen, zero width space, joiners, …).
_SEEN = rf"[^\s\u00ad\u180e\u200b-\u200d\u2060-\u2064{_SPEAKABLE[False]}]"
_SEEN_RE = re.compile(_SEEN)


class Message(str):
    """The text of an error, together with its stable code."""

    __slots__ = ("code",)
    code: str

    def __new__(cls, code: str, text: str) -> Message:
        made = super().__new__(cls, text)
        made.code = code
        return made


def refuse(code: str, message: str, field: str = "_schema") -> ma.ValidationError:
    """Return the error to raise in a schema's `@validates_schema`; `field` is the schema's own name of the field."""
    return ma.ValidationError(Message(code, message), field)


REQUIRED = Message("required", "This is required.")
NULL = Message("null", "This may not be null.")


class Field(ma.fields.Field[T], Generic[T]):
    """Base of the strict types. A subclass has `_check`, which returns the value or raises, and `limits`."""

    default_error_messages = {"required": REQUIRED, "null": NULL}

    def make_error(self, key: str, **kwargs: Any) -> ma.ValidationError:
        return ma.ValidationError(self.error_messages[key])

    @property
    def from_text(self) -> bool:
        """Whether values arrive as strings, as in a query string."""
        return bool(getattr(self.root, "from_text", False))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> T:
        return self._check(value)

    def _check(self, value: Any) -> T:
        raise TypeError(f"{type(self).__name__} has no _check")

    def limits(self) -> JSONSchema:
        """Return the JSON Schema of what is taken, apart from null. Source: JSON Schema 2020-12."""
        raise TypeError(f"{type(self).__name__} has no limits")


class _Pattern(Field[T]):
    """A type whose values are strings of one form."""

    form: re.Pattern[str]
    code = "format"
    says = "This has the wrong form."

    def _text(self, value: Any) -> str:
        if not isinstance(value, str):
            raise refuse("type", "This must be a string.")
        if not self.form.fullmatch(value):
            raise refuse(self.code, self.says)
        return value

    def limits(self) -> JSONSchema:
        return {"type": "string", "pattern": f"^(?:{self.form.pattern})$"}


def _bound(low: int | None, high: int, what: str) -> None:
    if low is not None and not 0 <= low <= high:
        raise ValueError(f"{what}: min {low} and max {high} do not fit")


class Text(Field[str]):
    """Free text: NFC, without surrounding white space, control or bidirectional characters; not blank unless min=0.

    `max` and `min` count characters. With `pattern` (Python's and ECMAScript's common part) the value must match as
    sent, from end to end. `multiline` allows line feeds, and reads a carriage return with line feed as one.
    """

    def __init__(self, *, max: int, min: int = 1, multiline: bool = False, pattern: str | None = None, **kw: Any):
        super().__init__(**kw)
        _bound(min, max, "Text")
        self.max, self.min, self.multiline, self.pattern = max, min, multiline, pattern
        self._form = re.compile(pattern) if pattern else None

    def _check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise refuse("type", "This must be a string.")
        if self._form and not self._form.fullmatch(value):
            raise refuse("format", "This has the wrong form.")
        text = value.replace("\r\n", "\n") if self.multiline else value
        if len(text) > self.max:
            raise refuse("too_long", f"This takes at most {self.max} characters.")
        if _FORBIDDEN_RE[self.multiline].search(text):
            raise refuse("characters", "This has control characters or others that are not allowed.")
        text = unicodedata.normalize("NFC", text).strip()
        if len(text) > self.max:
            raise refuse("too_long", f"This takes at most {self.max} characters.")
        if _seen(text) < self.min:
            raise refuse(
                "too_short",
                "This may not be blank." if self.min == 1 else f"This takes at least {self.min} characters.",
            )
        return text

    def limits(self) -> JSONSchema:
        return {"type": "string", "minLength": self.min, "maxLength": self.max, "pattern": self._stated()}

    def _stated(self) -> str:
        if self.pattern:
            return f"^(?:{self.pattern})$"
        taken, seen = f"[^{_SPEAKABLE[self.multiline]}]", _SEEN
        if self.min == 0:
            return f"^{taken}*$"
        if self.min == 1:
            return f"^{taken}*{seen}{taken}*$"
        return f"^{taken}*{seen}{taken}{{{self.min - 2},}}{seen}{taken}*$"


def _seen(text: str) -> int:
    """Return the number of characters from the first to the last that a reader sees."""
    first, last = _SEEN_RE.search(text), _SEEN_RE.search(text[::-1])
    return len(text) - first.start() - last.start() if first and last else 0


class Secret(Field[str]):
    """A password or opaque token: taken exactly as sent, `min` to `max` characters, without NUL."""

    def __init__(self, *, max: int, min: int = 1, **kw: Any):
        super().__init__(**kw)
        _bound(min, max, "Secret")
        self.max, self.min = max, min

    def _check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise refuse("type", "This must be a string.")
        if not self.min <= len(value) <= self.max:
            raise refuse("length", f"This takes {self.min} to {self.max} characters.")
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise refuse("characters", "This has characters that are not allowed.")
        return value

    def limits(self) -> JSONSchema:
        return {"type": "string", "minLength": self.min, "maxLength": self.max, "pattern": r"^[^\u0000]*$"}


class Token(_Pattern[str]):
    """1 to `max` visible ASCII characters, as sent: an idempotency key, a cart token."""

    says = "This takes visible ASCII characters only, and not too many."

    def __init__(self, *, max: int = 255, min: int = 1, **kw: Any):
        super().__init__(**kw)
        _bound(min, max, "Token")
        self.max, self.min = max, min
        self.form = re.compile(rf"[!-~]{{{min},{max}}}")

    def _check(self, value: Any) -> str:
        return self._text(value)

    def limits(self) -> JSONSchema:
        return {**super().limits(), "minLength": self.min, "maxLength": self.max}


class Int(Field[int]):
    """A whole number from `min` to `max`. In JSON 2.0 is 2; in a query string only the shortest spelling is taken."""

    _FORM = re.compile(r"0|-?[1-9][0-9]{0,19}")

    def __init__(self, *, min: int, max: int, **kw: Any):
        super().__init__(**kw)
        if not -(2**63) <= min <= max < 2**63:
            raise ValueError(f"Int: min {min} and max {max} do not fit into 64 bits")
        self.min, self.max = min, max

    def _check(self, value: Any) -> int:
        number = self._number(value)
        if not self.min <= number <= self.max:
            raise refuse("range", f"This must be from {self.min} to {self.max}.")
        return int(number)

    def _number(self, value: Any) -> int | Decimal:
        if self.from_text and isinstance(value, str) and self._FORM.fullmatch(value):
            return int(value)
        if not self.from_text and isinstance(value, int) and not isinstance(value, bool):
            return value
        # Not int(value) before its range is known: 1e999999 is a short text, but not one to multiply out.
        if not self.from_text and isinstance(value, Decimal) and value == value.to_integral_value():
            return value
        raise refuse("type", "This must be a whole number.")

    def limits(self) -> JSONSchema:
        return {"type": "integer", "minimum": self.min, "maximum": self.max}


class Bool(Field[bool]):
    """true or false, and in a query string exactly these words."""

    def _check(self, value: Any) -> bool:
        if self.from_text and value in ("true", "false"):
            return bool(value == "true")
        if not self.from_text and isinstance(value, bool):
            return value
        raise refuse("type", "This must be true or false.")

    def limits(self) -> JSONSchema:
        return {"type": "boolean"}


class Money(_Pattern[Decimal]):
    """An amount in the shop currency: a string with exactly two decimals, from `min` to `max`."""

    form = re.compile(r"(?:0|[1-9][0-9]{0,7})\.[0-9]{2}")
    says = 'This must be an amount such as "1299.00".'

    def __init__(self, *, min: str = "0.00", max: str = "99999999.99", **kw: Any):
        super().__init__(**kw)
        self.min, self.max = Decimal(min), Decimal(max)

    def _check(self, value: Any) -> Decimal:
        amount = Decimal(self._text(value))
        if not self.min <= amount <= self.max:
            raise refuse("range", f"This must be from {self.min} to {self.max}.")
        return amount

    def limits(self) -> JSONSchema:
        # JSON Schema has no range for strings: zero is excluded by the pattern, any other bound said in words.
        zero = r"(?!0\.00$)" if self.min > 0 else ""
        said = f"From {self.min} to {self.max}."
        return {"type": "string", "pattern": f"^{zero}(?:{self.form.pattern})$", "description": said}


class Percent(Money):
    """A percentage: a string with exactly two decimals, from "0.00" to "100.00"."""

    form = re.compile(r"100\.00|(?:0|[1-9][0-9]?)\.[0-9]{2}")
    says = 'This must be a percentage such as "18.00".'

    def __init__(self, *, min: str = "0.00", max: str = "100.00", **kw: Any):
        super().__init__(min=min, max=max, **kw)


class Timestamp(_Pattern[datetime]):
    """A moment with its offset, from 1900 to 2100 in UTC; becomes UTC, to the microsecond. Source: RFC 3339."""

    form = re.compile(
        r"(?:19[0-9]{2}|20[0-9]{2}|2100)-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
        r"[Tt](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
        r"(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
    )
    says = 'This must be a time with offset such as "2026-11-23T09:00:00Z", from 1900 to 2100.'

    def _check(self, value: Any) -> datetime:
        text = self._text(value)
        try:
            moment = datetime.fromisoformat(text[:19].upper()).replace(tzinfo=_offset(text))
        except ValueError as exc:  # such as 30 February
            raise refuse("format", self.says) from exc
        micros = re.search(r"\.([0-9]+)", text)
        moment = moment.astimezone(UTC)  # cannot overflow: the form's years lie far from datetime's ends
        if not 1900 <= moment.year <= 2100:
            raise refuse("range", self.says)
        return moment.replace(microsecond=int(micros[1][:6].ljust(6, "0")) if micros else 0)

    def limits(self) -> JSONSchema:
        return {**super().limits(), "format": "date-time"}


def _offset(text: str) -> timezone:
    if text[-1] in "Zz":
        return UTC
    away = timedelta(hours=int(text[-5:-3]), minutes=int(text[-2:]))
    return timezone(-away if text[-6] == "-" else away)


class Date(_Pattern[date]):
    """A calendar day from 1900 to 2100. Source: RFC 3339, full-date."""

    form = re.compile(r"(?:19[0-9]{2}|20[0-9]{2}|2100)-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])")
    says = 'This must be a day such as "2026-11-23", from 1900 to 2100.'

    def _check(self, value: Any) -> date:
        try:
            return date.fromisoformat(self._text(value))
        except ValueError as exc:
            raise refuse("format", self.says) from exc

    def limits(self) -> JSONSchema:
        return {**super().limits(), "format": "date"}


class Uuid(_Pattern[uuid.UUID]):
    """A UUID in its canonical, lower-case spelling. Source: RFC 9562 section 4."""

    form = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
    says = "This must be a UUID in lower case."

    def _check(self, value: Any) -> uuid.UUID:
        return uuid.UUID(self._text(value))

    def limits(self) -> JSONSchema:
        return {**super().limits(), "format": "uuid"}


class Slug(_Pattern[str]):
    """1 to 120 lower-case letters, digits and hyphens."""

    form = re.compile(r"[a-z0-9-]{1,120}")
    says = "This takes 1 to 120 lower-case letters, digits and hyphens."

    def _check(self, value: Any) -> str:
        return self._text(value)

    def limits(self) -> JSONSchema:
        return {**super().limits(), "minLength": 1, "maxLength": 120}


class Email(Field[str]):
    """A deliverable-looking address: ASCII before the @, an IDNA domain after it, at most 254, in lower case."""

    def _check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise refuse("type", "This must be a string.")
        try:
            if len(value) > 254 or len(value.rpartition("@")[0]) > 64:  # RFC 5321 section 4.5.3.1
                raise ValueError("too long")
            found = email_validator.validate_email(value, check_deliverability=False, allow_smtputf8=False)
            address = (found.ascii_email or "").lower()
            if not 3 <= len(address) <= 254:
                raise ValueError("too long once the domain is ASCII")
        except (ValueError, UnicodeError) as exc:
            raise refuse("format", "This must be an e-mail address.") from exc
        return address

    def limits(self) -> JSONSchema:
        return {"type": "string", "format": "email", "minLength": 3, "maxLength": 254}


class Phone(Field[str]):
    """A telephone number that exists in its country's plan, read as the shop's country without `+`; becomes E.164."""

    def _check(self, value: Any) -> str:
        if not isinstance(value, str):
            raise refuse("type", "This must be a string.")
        if re.fullmatch(r"\+?[0-9 ()./-]{5,30}", value):
            try:
                number = phonenumbers.parse(value, settings.SHOP_COUNTRY)
            except phonenumbers.NumberParseException:
                number = None
            if number is not None and phonenumbers.is_valid_number(number):
                return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        raise refuse("format", "This must be a telephone number, with its country's prefix such as +91.")

    def limits(self) -> JSONSchema:
        return {
            "type": "string",
            "format": "phone",
            "minLength": 5,
            "maxLength": 31,
            "pattern": r"^\+?[0-9 ()./-]{5,30}$",
        }


class HttpsUrl(_Pattern[str]):
    """A link to a public https page: a DNS name with a dot, no credentials, no fragment. Source: RFC 3986, RFC 1123."""

    form = re.compile(
        r"https://(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])"
        r"(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}))?"
        r"(?:[/?][!$-;=?-Z_a-z~\[\]]*)?"
    )
    says = "This must be a link that begins with https:// and a host name."

    def __init__(self, *, max: int = 2000, **kw: Any):
        super().__init__(**kw)
        _bound(1, max, "HttpsUrl")
        self.max = max

    def _check(self, value: Any) -> str:
        text = self._text(value)
        if len(text) > self.max:
            raise refuse("too_long", f"This takes at most {self.max} characters.")
        if len(re.split("[/?:]", text[8:])[0]) > 253:
            raise refuse(self.code, self.says)
        return text

    def limits(self) -> JSONSchema:
        return {**super().limits(), "format": "uri", "minLength": 12, "maxLength": self.max}


class Enum(Field[TextChoices]):
    """One of the values of a TextChoices class; becomes its member."""

    def __init__(self, choices: type[TextChoices], **kw: Any):
        super().__init__(**kw)
        self.choices = choices

    def _check(self, value: Any) -> TextChoices:
        if not isinstance(value, str):
            raise refuse("type", "This must be a string.")
        try:
            return self.choices(value)
        except ValueError as exc:
            raise refuse("choice", f"This must be one of: {', '.join(map(repr, self.choices.values))}.") from exc

    def limits(self) -> JSONSchema:
        return {"type": "string", "enum": list(self.choices.values)}


class _Many(Field[list[Any]]):
    """What List and Commas share: a bounded number of values of one inner type."""

    def __init__(self, inner: ma.fields.Field[Any], *, max: int, min: int = 0, unique: bool = False, **kw: Any):
        super().__init__(**kw)
        _bound(min, max, type(self).__name__)
        self.inner, self.max, self.min, self.unique = inner, max, min, unique

    def _bind_to_schema(self, field_name: str, parent: ma.Schema | ma.fields.Field[Any]) -> None:
        super()._bind_to_schema(field_name, parent)
        self.inner = copy.copy(self.inner)  # the declared one is shared by all instances of the schema
        self.inner._bind_to_schema(field_name, self)

    def _each(self, values: Sequence[Any]) -> list[Any]:
        if not self.min <= len(values) <= self.max:
            raise refuse("count", f"This takes {self.min} to {self.max} values.")
        taken, wrong = [], {}
        for index, value in enumerate(values):
            try:
                taken.append(self.inner.deserialize(value))
            except ma.ValidationError as exc:
                wrong[index] = exc.messages
        if wrong:
            raise ma.ValidationError(typing.cast(dict[str, Any], wrong))
        if self.unique and any(value in taken[:index] for index, value in enumerate(taken)):
            raise refuse("unique", "No value may be given twice.")
        return taken

    def limits(self) -> JSONSchema:
        stated: JSONSchema = {"type": "array", "minItems": self.min, "maxItems": self.max}
        return {**stated, "uniqueItems": True} if self.unique else stated


class List(_Many):
    """`min` to `max` values of one type; with `unique`, no two that are equal once read."""

    def _check(self, value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise refuse("type", "This must be a list.")
        return self._each(value)


class Commas(_Many):
    """A query parameter of 1 to `max` different values with commas between them: `red,blue`."""

    def __init__(self, inner: ma.fields.Field[Any], *, max: int, **kw: Any):
        super().__init__(inner, max=max, min=1, unique=True, **kw)

    def _check(self, value: Any) -> list[Any]:
        if not isinstance(value, str) or not value:
            raise refuse("type", "This must be values with commas between them.")
        return self._each(value.split(",", self.max))


class Image(Field[PIL.Image.Image]):
    """An uploaded picture, decoded: JPEG, PNG, WebP or AVIF, of at most `max_bytes` and `max_pixels`."""

    def __init__(self, *, max_bytes: int, max_pixels: int, **kw: Any):
        super().__init__(**kw)
        self.max_bytes, self.max_pixels = max_bytes, max_pixels

    def _check(self, value: Any) -> PIL.Image.Image:
        if not isinstance(value, UploadedFile):
            raise refuse("type", "This must be a file.")
        try:
            return images.decode(value, max_bytes=self.max_bytes, max_pixels=self.max_pixels)
        except images.NotAPicture as exc:
            raise refuse(exc.code, str(exc)) from exc

    def limits(self) -> JSONSchema:
        said = f"A picture of at most {self.max_bytes} bytes and {self.max_pixels} pixels."
        return {"type": "string", "contentMediaType": "application/octet-stream", "description": said}


class Nested(ma.fields.Nested):
    """An object of another InputSchema; its errors point into it."""

    default_error_messages = {"required": REQUIRED, "null": NULL}

    def __init__(self, nested: type[ma.Schema], **kw: Any):
        super().__init__(nested, **kw)

    def make_error(self, key: str, **kwargs: Any) -> ma.ValidationError:
        return ma.ValidationError(self.error_messages[key])

    def _load(self, value: Any, partial: Any = None) -> Any:
        # Not our Schema.load, which would answer the request before the outer schema has seen its own errors.
        return ma.Schema.load(self.schema, value, partial=partial)
