"""What may come in around users: shape and range."""

import re
from datetime import date
from typing import Any
from uuid import UUID

import marshmallow as ma
import pycountry
from django.conf import settings
from django.db.models import TextChoices
from django.utils import timezone

from accounts import groups, postal_codes
from accounts.models import Gender, Role
from accounts.password_rules import MAX_LENGTH, MIN_LENGTH
from accounts.tokens import MAX_TOKEN_LENGTH
from markrin.api import fields
from markrin.api.schemas import (
    CartHeaders,
    Empty,
    HeaderSchema,
    InputSchema,
    PageQuery,
    PatchSchema,
)

__all__ = ["CartHeaders", "Empty"]

Country = TextChoices(
    "Country", {one.alpha_2: (one.alpha_2, one.name) for one in pycountry.countries}
)  # type: ignore[call-overload]  # Enum's functional form

GROUPS = tuple(groups.GROUPS)
Group = TextChoices("Group", {name.upper(): (name, name) for name in GROUPS})  # type: ignore[call-overload]  # as above


class QuotedUuid(fields.Text):
    """A UUID, bare or in double quotes: what Idempotency-Key is here."""

    _HEX = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"

    def __init__(self, **kw: Any) -> None:
        super().__init__(min=36, max=38, pattern=f'{self._HEX}|"{self._HEX}"', **kw)

    def _deserialize(  # type: ignore[override]  # read further than text
        self, value: Any, attr: str | None, data: Any, **kwargs: Any
    ) -> UUID:
        return UUID(self._check(value).strip('"'))


class NewPassword(fields.Secret):
    """A password to be: its length here, the rest of its rules where the user is known."""

    def __init__(self, **kw: Any) -> None:
        super().__init__(min=MIN_LENGTH, max=MAX_LENGTH, required=True, **kw)


class KnownPassword(fields.Secret):
    """A password that is compared with the right one."""

    def __init__(self, **kw: Any) -> None:
        super().__init__(min=1, max=MAX_LENGTH, required=True, **kw)


# --- Signing in ----------------------------------------------------------------------------------
class Register(InputSchema):
    name = fields.Text(max=80, required=True)
    last_name = fields.Text(max=80, min=0)
    email = fields.Email(required=True)
    password = NewPassword()


class Login(InputSchema):
    email = fields.Email(required=True)
    password = KnownPassword()


class RefreshHeaders(HeaderSchema):
    idempotency_key = QuotedUuid()


class Refresh(InputSchema):
    """`refresh` for a client that keeps the token itself; `{}` where a cookie holds it."""

    refresh = fields.Token(max=MAX_TOKEN_LENGTH)


class Logout(Refresh):
    """As for a refresh; `{}` also ends the session of the access token."""


class Reauthenticate(InputSchema):
    password = KnownPassword()


class ChangePassword(InputSchema):
    current_password = KnownPassword()
    new_password = NewPassword()


class ForgotPassword(InputSchema):
    email = fields.Email(required=True)


class ResetPassword(InputSchema):
    token = fields.Token(max=100, required=True)
    new_password = NewPassword()


class VerifyEmail(InputSchema):
    token = fields.Token(max=100, required=True)


class ResendVerification(InputSchema):
    """The address; a signed-in user may leave it out."""

    email = fields.Email()


# --- The user's own ------------------------------------------------------------------------------
class ChangeProfile(PatchSchema):
    name = fields.Text(max=80)
    last_name = fields.Text(max=80, min=0)
    email = fields.Email()
    phone = fields.Phone(allow_none=True)
    date_of_birth = fields.Date(allow_none=True)
    gender = fields.Enum(Gender)

    @ma.validates_schema
    def _born(self, data: dict[str, Any], **kwargs: Any) -> None:
        born: date | None = data.get("date_of_birth")
        if born is not None and born > timezone.localdate():
            raise fields.refuse("range", "This lies in the future.", "date_of_birth")

    @ma.post_load
    def _empty_phone(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return {**data, "phone": data["phone"] or ""} if "phone" in data else data


def _upper(code: str) -> str:
    return re.sub(" +", " ", code.upper())


class AddAddress(InputSchema):
    recipient = fields.Text(max=120, required=True)
    phone = fields.Phone(required=True)
    street = fields.Text(max=200, required=True)
    city = fields.Text(max=80, required=True)
    state = fields.Text(max=80, min=0, load_default="")
    postal_code = fields.Text(max=12, min=0, load_default="")
    country = fields.Enum(Country, load_default=lambda: Country(settings.SHOP_COUNTRY))
    is_default = fields.Bool()

    @ma.validates_schema
    def _fits(self, data: dict[str, Any], **kwargs: Any) -> None:
        if not postal_codes.fits(data["country"], _upper(data["postal_code"])):
            raise fields.refuse(
                "postal_code", postal_codes.says(data["country"]), "postal_code"
            )

    @ma.post_load
    def _written(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return {**data, "postal_code": _upper(data["postal_code"])}


class ChangeAddress(PatchSchema):
    """Any of an address's fields; whether a postal code fits is seen with the country that
    is stored.
    """

    recipient = fields.Text(max=120)
    phone = fields.Phone()
    street = fields.Text(max=200)
    city = fields.Text(max=80)
    state = fields.Text(max=80, min=0)
    postal_code = fields.Text(max=12, min=0)
    country = fields.Enum(Country)
    is_default = fields.Bool()

    @ma.post_load
    def _written(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        return (
            {**data, "postal_code": _upper(data["postal_code"])}
            if "postal_code" in data
            else data
        )


class ListWishlist(PageQuery):
    """Paging."""


# --- Staff ---------------------------------------------------------------------------------------
class ListUsers(PageQuery):
    role = fields.Enum(Role)
    active = fields.Bool()
    search = fields.Text(max=100)


class AddUser(InputSchema):
    """Without a password the new user gets a mail with a link to choose one."""

    name = fields.Text(max=80, required=True)
    last_name = fields.Text(max=80, min=0)
    email = fields.Email(required=True)
    role = fields.Enum(Role, required=True)
    groups = fields.List(fields.Enum(Group), max=len(GROUPS), unique=True)
    password = fields.Secret(min=MIN_LENGTH, max=MAX_LENGTH)


class ChangeUser(PatchSchema):
    role = fields.Enum(Role)
    active = fields.Bool()
    groups = fields.List(fields.Enum(Group), max=len(GROUPS), unique=True)
