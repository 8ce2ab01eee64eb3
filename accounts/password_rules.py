"""Rules for a new password. Source: NIST SP 800-63B section 5.1.1.2: a length, a list of
known ones, nothing else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError

from accounts import errors

if TYPE_CHECKING:
    from accounts.models import User

MIN_LENGTH, MAX_LENGTH = 8, 128
LEAST_PART = 5  # letters of a name or address that are as good as the whole of it
MAX_ADDED = 8  # characters before and after a common password: what people add


class LengthValidator:
    """8 to 128 characters, as Django's other validators also hold them for the admin and
    the command line.
    """

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError if it is shorter or longer."""
        if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
            raise ValidationError(self.get_help_text(), code="length")

    def get_help_text(self) -> str:
        return f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters."


class KnownPasswordValidator(password_validation.CommonPasswordValidator):
    """Not one of the 20,000 commonest, nor one of them with a year, a number or signs added
    (`summer2026`), nor the same few characters over and over.
    """

    MIN_DIFFERENT = 4  # characters that a reader sees

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError if whoever guesses tries it early."""
        lowered = password.casefold().strip()
        bare = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", lowered)
        added = len(lowered) - len(bare)
        if {lowered, *([bare] if added <= MAX_ADDED else [])} & self.passwords:
            raise ValidationError(self.get_help_text(), code="password_too_common")
        if len(set(re.sub(r"\s", "", lowered))) < self.MIN_DIFFERENT:
            raise ValidationError(self.get_help_text(), code="password_too_common")

    def get_help_text(self) -> str:
        return (
            "A password may not be one that many people have, nor such a one with a number"
            " added, nor a few characters repeated."
        )


class ContextWordsValidator:
    """Not the shop's name, nor the user's, nor the address before its @, nor five letters or
    more out of one of them, however they are written or numbered.
    """

    def validate(self, password: str, user: User | None = None) -> None:
        """Raise ValidationError if nothing is left once these words and the digits at the
        ends are away.
        """
        letters = re.sub(r"[\W\d_]+", "", password.casefold())
        words = self._words(user)
        part = len(letters) >= LEAST_PART and any(letters in word for word in words)
        if part or letters in words:
            raise ValidationError(self.get_help_text(), code="context")

    def get_help_text(self) -> str:
        return "A password may not be made of the shop's name, your name or your e-mail address."

    def _words(self, user: User | None) -> set[str]:
        words = ["markrin", settings.SHOP_NAME, "password"]
        if user is not None:
            words += [
                user.name,
                user.last_name,
                user.name + user.last_name,
                user.email,
                user.email.partition("@")[0],
            ]
        return {
            word
            for word in (re.sub(r"[\W\d_]+", "", text.casefold()) for text in words)
            if len(word) >= 3
        }


def check_new_password(password: str, user: User, *, field: str) -> None:
    """Return if it may become the user's password.

    Raises:
        errors.PasswordRejected: pointing to `field` of the body.
    """
    try:
        password_validation.validate_password(password, user)
    except ValidationError as exc:
        faults = [
            (fault.code or "password", fault.messages[0])
            for fault in exc.error_list
        ]
        raise errors.PasswordRejected(
            errors=[
                {"pointer": f"/{field}", "code": code, "message": message}
                for code, message in faults
            ]
        ) from exc
