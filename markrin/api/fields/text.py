# ruff: noqa: A002 (`max` and `min` are the words that a schema's author looks for)
"""Text, and values that are written as text: e-mail, telephone, UUID, enumerations."""

from __future__ import annotations

import re
import unicodedata
import uuid
from typing import Unpack

from django.conf import settings
from django.db.models import TextChoices

from markrin.api.fields.base import (
    Field,
    FieldOptions,
    JSONSchema,
    Pattern,
    check_bounds,
    refuse,
)

# Control and bidirectional characters, line separators, the byte order mark, surrogates and
# non-characters, as the inside of a character class that Python, ECMAScript and Rust read
# alike.
FORBIDDEN = (
    r"\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
    r"\ufdd0-\ufdef\ufeff\ufffe\uffff"
)
FORBIDDEN_LINES = FORBIDDEN.replace(
    r"\u0000-\u001f", r"\u0000-\u0009\u000b\u000c\u000e-\u001f"
)
# What the document states: without surrogates, which no valid JSON text holds and some
# engines cannot write.
_SPEAKABLE = {
    False: FORBIDDEN.replace(r"\ud800-\udfff", ""),
    True: FORBIDDEN_LINES.replace(r"\ud800-\udfff", ""),
}
_FORBIDDEN_RE = {
    False: re.compile(f"[{FORBIDDEN}]"),
    True: re.compile(f"[{FORBIDDEN_LINES}]"),
}
# What a reader sees: neither white space nor a character that is drawn as nothing, such as the
# soft hyphen, joiners, fillers of Hangul, the empty Braille cell, variation selectors.
# Source: Unicode's property Default_Ignorable_Code_Point, with U+2800.
_UNSEEN = (
    r"\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u206f\u2800"
    r"\u3164\ufe00-\ufe0f\uffa0"
)
_SEEN = rf"[^\s{_UNSEEN}{_SPEAKABLE[False]}]"
# The planes above, which the document's pattern cannot name in every engine.
_UNSEEN_ABOVE = re.compile(
    "[\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_SEEN_RE = re.compile(_SEEN)


class Text(Field[str]):
    """Free text: NFC, without surrounding white space, control or bidirectional characters;
    not blank unless min=0; letters that nobody sees, alone, are blank.

    `max` and `min` count characters. With `pattern` (Python's and ECMAScript's common part)
    the value must match as sent, from end to end. `multiline` allows line ends, and reads
    any as a line feed."""

    def __init__(
        self,
        *,
        max: int,
        min: int = 1,
        multiline: bool = False,
        pattern: str | None = None,
        **options: Unpack[FieldOptions],
    ):
        super().__init__(**options)
        check_bounds(min, max, "Text")
        self.max, self.min, self.multiline, self.pattern = (
            max,
            min,
            multiline,
            pattern,
        )
        self._form = re.compile(pattern) if pattern else None

    def _check(self, value: object) -> str:
        if not isinstance(value, str):
            raise refuse("type", "This must be a string.")
        if self._form and not self._form.fullmatch(value):
            raise refuse("format", "This has the wrong form.")
        if len(value) > self.max:
            raise refuse("too_long", f"This takes at most {self.max} characters.")
        if _FORBIDDEN_RE[self.multiline].search(value):
            raise refuse(
                "characters",
                "This has control characters or others that are not allowed.",
            )
        text = value.replace("\r\n", "\n").replace("\r", "\n")
        text = unicodedata.normalize("NFC", text).strip()
        if len(text) > self.max:
            raise refuse("too_long", f"This takes at most {self.max} characters.")
        length = _visible_length(text)
        if length < self.min:
            raise refuse(
                "too_short",
                "This may not be blank."
                if self.min == 1
                else f"This takes at least {self.min} characters.",
            )
        return text if length else ""

    def limits(self) -> JSONSchema:
        return {
            "type": "string",
            "minLength": self.min,
            "maxLength": self.max,
            "pattern": self._stated_length(),
        }

    def _stated_length(self) -> str:
        if self.pattern:
            return f"^(?:{self.pattern})$"
        taken, seen = f"[^{_SPEAKABLE[self.multiline]}]", _SEEN
        if self.min == 0:
            return f"^{taken}*$"
        if self.min == 1:
            return f"^{taken}*{seen}{taken}*$"
        return f"^{taken}*{seen}{taken}{{{self.min - 2},}}{seen}{taken}*$"


def _visible_length(text: str) -> int:
    """Return the number of characters from the first to the last that a reader sees."""
    text = _UNSEEN_ABOVE.sub("\u200b", text)
    first, last = _SEEN_RE.search(text), _SEEN_RE.search(text[::-1])
    return len(text) - first.start() - last.start() if first and last else 0


class Secret(Field[str]):
    """A password or opaque token: taken exactly as sent, `min` to `max` characters, without NUL."""

    def __init__(self, *, max: int, min: int = 1, **options: Unpack[FieldOptions]):
        super().__init__(**options)
        check_bounds(min, max, "Secret")
        self.max, self.min = max, min

    def _check(self, value: object) -> str:
        if not isinstance(value, str):
            raise refuse("type", "This must be a string.")
        if not self.min <= len(value) <= self.max:
            raise refuse(
                "length", f"This takes {self.min} to {self.max} characters."
            )
        if "\0" in value or any(
            "\ud800" <= character <= "\udfff" for character in value
        ):
            raise refuse("characters", "This has characters that are not allowed.")
        return value

    def limits(self) -> JSONSchema:
        return {
            "type": "string",
            "minLength": self.min,
            "maxLength": self.max,
            "pattern": r"^[^\u0000]*$",
        }


class Token(Pattern[str]):
    """1 to `max` visible ASCII characters, as sent: an idempotency key, a cart token."""

    message = "This takes visible ASCII characters only, and not too many."

    def __init__(
        self, *, max: int = 255, min: int = 1, **options: Unpack[FieldOptions]
    ):
        super().__init__(**options)
        check_bounds(min, max, "Token")
        self.max, self.min = max, min
        self.regex = re.compile(rf"[!-~]{{{min},{max}}}")

    def _check(self, value: object) -> str:
        return self._text(value)

    def limits(self) -> JSONSchema:
        return {**super().limits(), "minLength": self.min, "maxLength": self.max}


class Uuid(Pattern[uuid.UUID]):
    """A UUID in its canonical, lower-case spelling. Source: RFC 9562 section 4."""

    regex = re.compile(
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    )
    message = "This must be a UUID in lower case."

    def _check(self, value: object) -> uuid.UUID:
        return uuid.UUID(self._text(value))

    def limits(self) -> JSONSchema:
        return {**super().limits(), "format": "uuid"}


class Slug(Pattern[str]):
    """1 to 120 lower-case letters, digits and hyphens."""

    regex = re.compile(r"[a-z0-9-]{1,120}")
    message = "This takes 1 to 120 lower-case letters, digits and hyphens."

    def _check(self, value: object) -> str:
        return self._text(value)

    def limits(self) -> JSONSchema:
        return {**super().limits(), "minLength": 1, "maxLength": 120}


class PageSlug(Slug):
    """1 to 120 lower-case letters of any script, their marks, digits and hyphens; in NFC.

    The form names the ASCII characters that it may not have, as a pattern that PostgreSQL,
    JavaScript and Python read alike; Unicode says what the others are.
    """

    regex = re.compile(
        r"[^\u0000-\u002c\u002e\u002f\u003a-\u0060\u007b-\u00a9]{1,120}"
    )
    message = (
        "This takes 1 to 120 lower-case letters, digits and hyphens, of any script."
    )

    def _check(self, value: object) -> str:
        text = self._text(value)
        text = unicodedata.normalize("NFC", text)
        is_plain = all(sign == "-" or _is_letter_or_digit(sign) for sign in text)
        if len(text) > 120 or text != text.lower() or not is_plain:
            raise refuse(self.code, self.message)
        return text

    def limits(self) -> JSONSchema:
        return {**super().limits(), "format": "page-slug"}


def _is_letter_or_digit(sign: str) -> bool:
    kind = unicodedata.category(sign)
    return kind[0] == "L" or kind in ("Mn", "Mc", "Nd")


class Email(Field[str]):
    """A deliverable-looking address: ASCII before the @, an IDNA domain after it, at most
    254, in lower case.
    """

    def _check(self, value: object) -> str:
        if not isinstance(value, str):
            raise refuse("type", "This must be a string.")
        try:
            if (
                len(value) > 254 or len(value.rpartition("@")[0]) > 64
            ):  # RFC 5321 section 4.5.3.1
                raise ValueError("too long")
            import email_validator  # not above: it takes 1.5 % of a start

            parsed = email_validator.validate_email(
                value, check_deliverability=False, allow_smtputf8=False
            )
            address = (parsed.ascii_email or "").lower()
            if not 3 <= len(address) <= 254:
                raise ValueError("too long once the domain is ASCII")
        except (ValueError, UnicodeError) as exc:
            raise refuse("format", "This must be an e-mail address.") from exc
        return address

    def limits(self) -> JSONSchema:
        return {
            "type": "string",
            "format": "email",
            "minLength": 3,
            "maxLength": 254,
        }


class Phone(Field[str]):
    """A telephone number that exists in its country's plan, read as the shop's country
    without `+`; becomes E.164.
    """

    def _check(self, value: object) -> str:
        if not isinstance(value, str):
            raise refuse("type", "This must be a string.")
        if re.fullmatch(r"\+?[0-9 ()./-]{5,30}", value):
            import phonenumbers  # not above: it takes 1.5 % of a start

            try:
                number = phonenumbers.parse(value, settings.SHOP_COUNTRY)
            except phonenumbers.NumberParseException:
                number = None
            if number is not None and phonenumbers.is_valid_number(number):
                return phonenumbers.format_number(
                    number, phonenumbers.PhoneNumberFormat.E164
                )
        raise refuse(
            "format",
            "This must be a telephone number, with its country's prefix such as +91.",
        )

    def limits(self) -> JSONSchema:
        return {
            "type": "string",
            "format": "phone",
            "minLength": 5,
            "maxLength": 31,
            "pattern": r"^\+?[0-9 ()./-]{5,30}$",
        }


class HttpsUrl(Pattern[str]):
    """A link to a public https page: a DNS name with a dot, no credentials, no fragment.
    Source: RFC 3986, RFC 1123.
    """

    regex = re.compile(
        r"https://(?=[^/?:]{1,253}(?![^/?:]))"  # the whole name
        r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])"
        r"(?::(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}))?"
        r"(?:[/?](?:[!$&-;=?-Z_a-z~]|%[0-9A-Fa-f]{2})*)?"
    )
    message = "This must be a link that begins with https:// and a host name."

    def __init__(self, *, max: int = 2000, **options: Unpack[FieldOptions]):
        super().__init__(**options)
        check_bounds(1, max, "HttpsUrl")
        self.max = max

    def _check(self, value: object) -> str:
        text = self._text(value)
        if len(text) > self.max:
            raise refuse("too_long", f"This takes at most {self.max} characters.")
        return text

    def limits(self) -> JSONSchema:
        return {
            **super().limits(),
            "format": "uri",
            "minLength": 12,
            "maxLength": self.max,
        }


class Enum(Field[TextChoices]):
    """One of the values of a TextChoices class; becomes its member."""

    def __init__(self, choices: type[TextChoices], **options: Unpack[FieldOptions]):
        super().__init__(**options)
        self.choices = choices

    def _check(self, value: object) -> TextChoices:
        if not isinstance(value, str):
            raise refuse("type", "This must be a string.")
        try:
            return self.choices(value)
        except ValueError as exc:
            raise refuse(
                "choice",
                f"This must be one of: {', '.join(map(repr, self.choices.values))}.",
            ) from exc

    def limits(self) -> JSONSchema:
        return {"type": "string", "enum": list(self.choices.values)}
