"""Input of accounts: the schemas, and the dataclasses that services take."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from ipaddress import ip_network

import marshmallow as ma
import pycountry
from django.conf import settings
from django.db.models import TextChoices
from django.utils import timezone
from typing_extensions import TypeVar

from accounts import postal_codes, state_codes
from accounts.models import Gender, Role
from accounts.password_rules import MAX_LENGTH, MIN_LENGTH
from accounts.tokens import MAX_TOKEN_LENGTH
from markrin import rights
from markrin.api import fields
from markrin.api.schemas import (
    HeaderSchema,
    InputSchema,
    Loaded,
    PageParams,
    PageQuery,
    PatchSchema,
)
from markrin.api.unset import UNSET, Unset

Country = TextChoices(
    "Country",
    {item.alpha_2: (item.alpha_2, item.name) for item in pycountry.countries},
)  # type: ignore[call-overload]  # Enum's functional form

GROUPS = tuple(rights.GROUPS)
Group = TextChoices("Group", {name.upper(): (name, name) for name in GROUPS})  # type: ignore[call-overload]  # as above

T = TypeVar("T", default=dict[str, object])


class QuotedUuid(fields.Field[uuid.UUID]):
    """The Idempotency-Key of a refresh: a UUID, with or without double quotes."""

    _HEX = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
    _TEXT = fields.Text(min=36, max=38, pattern=f'{_HEX}|"{_HEX}"')

    def _check(self, value: object) -> uuid.UUID:
        return uuid.UUID(self._TEXT._check(value).strip('"'))

    def limits(self) -> fields.JSONSchema:
        return self._TEXT.limits()


class NewPassword(fields.Secret):
    """A new password. Its length is checked here, the other rules where the user is known."""

    def __init__(self, *, required: bool = True) -> None:
        super().__init__(min=MIN_LENGTH, max=MAX_LENGTH, required=required)


class KnownPassword(fields.Secret):
    """A password that is to be compared with the right one."""

    def __init__(self) -> None:
        super().__init__(min=1, max=MAX_LENGTH, required=True)


# --- Signing in ----------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class GuestHeaders:
    """What a guest's requests carry: the token of their cart."""

    x_cart_token: str | None = None


class SignInHeaders(HeaderSchema[GuestHeaders]):
    x_cart_token = fields.Token(max=255)


@dataclass(frozen=True, kw_only=True)
class Registration:
    name: str
    last_name: str = ""
    email: str
    password: str


class Register(InputSchema[Registration]):
    name = fields.Text(max=80, required=True)
    last_name = fields.Text(max=80, min=0)
    email = fields.Email(required=True)
    password = NewPassword()


@dataclass(frozen=True, kw_only=True)
class Credentials:
    email: str
    password: str


class Login(InputSchema[Credentials]):
    email = fields.Email(required=True)
    password = KnownPassword()


@dataclass(frozen=True, kw_only=True)
class FactorCode:
    code: str  # six digits, or a recovery code


class ConfirmSecondFactor(InputSchema[FactorCode]):
    code = fields.Secret(max=20, required=True)


@dataclass(frozen=True, kw_only=True)
class FactorAnswer(FactorCode):
    challenge: str


class GiveSecondFactor(InputSchema[FactorAnswer]):
    """The challenge that came with the refused sign-in, and a code."""

    challenge = fields.Token(max=255, required=True)
    code = fields.Secret(max=20, required=True)


@dataclass(frozen=True, kw_only=True)
class RetryHeaders:
    """The key by which a client asks again for an answer that was lost."""

    idempotency_key: uuid.UUID | None = None


class RefreshHeaders(HeaderSchema[RetryHeaders]):
    idempotency_key = QuotedUuid()


@dataclass(frozen=True, kw_only=True)
class SentToken:
    """The refresh token; None where a cookie holds it."""

    refresh: str | None = None


class Refresh(InputSchema[SentToken]):
    """`refresh` for a client that keeps the token itself; `{}` where a cookie holds it."""

    refresh = fields.Token(max=MAX_TOKEN_LENGTH)


class Logout(Refresh):
    """As for a refresh; `{}` also ends the session of the access token."""


@dataclass(frozen=True, kw_only=True)
class PasswordProof:
    password: str


class Reauthenticate(InputSchema[PasswordProof]):
    password = KnownPassword()


@dataclass(frozen=True, kw_only=True)
class PasswordChange:
    current_password: str
    new_password: str


class ChangePassword(InputSchema[PasswordChange]):
    current_password = KnownPassword()
    new_password = NewPassword()


@dataclass(frozen=True, kw_only=True)
class ResetRequest:
    email: str


class ForgotPassword(InputSchema[ResetRequest]):
    email = fields.Email(required=True)


@dataclass(frozen=True, kw_only=True)
class PasswordReset:
    token: str
    new_password: str


class ResetPassword(InputSchema[PasswordReset]):
    token = fields.Token(max=100, required=True)
    new_password = NewPassword()


@dataclass(frozen=True, kw_only=True)
class EmailProof:
    token: str


class VerifyEmail(InputSchema[EmailProof]):
    token = fields.Token(max=100, required=True)


@dataclass(frozen=True, kw_only=True)
class VerificationRequest:
    email: str | None = None


class ResendVerification(InputSchema[VerificationRequest]):
    """The address; a signed-in user may leave it out."""

    email = fields.Email()


# --- The user's own ------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class ProfileChange:
    name: str | Unset = UNSET
    last_name: str | Unset = UNSET
    email: str | Unset = UNSET
    phone: str | Unset | None = UNSET
    date_of_birth: date | Unset | None = UNSET
    gender: Gender | Unset = UNSET


class ChangeProfile(PatchSchema[ProfileChange]):
    name = fields.Text(max=80)
    last_name = fields.Text(max=80, min=0)
    email = fields.Email()
    phone = fields.Phone(allow_none=True)
    date_of_birth = fields.Date(allow_none=True)
    gender = fields.Enum(Gender)

    @ma.validates_schema
    def _refuse_future_birth(self, data: Loaded, **kwargs: object) -> None:
        born: date | None = data.get("date_of_birth")
        if born is not None and born > timezone.localdate():
            raise fields.refuse(
                "range", "This lies in the future.", "date_of_birth"
            )


@dataclass(frozen=True, kw_only=True)
class PostalAddress:
    """Where a parcel goes, and to whom."""

    recipient: str
    phone: str  # E.164
    street: str
    city: str
    state: str = ""
    state_code: str = ""  # ISO 3166-2
    postal_code: str = ""  # as the country writes it
    country: str  # ISO 3166-1 alpha-2


class AddressSchema(InputSchema[T]):
    """The fields of an address."""

    recipient = fields.Text(max=120, required=True)
    phone = fields.Phone(required=True)
    street = fields.Text(max=200, required=True)
    city = fields.Text(max=80, required=True)
    state = fields.Text(max=80, min=0, load_default="")
    state_code = fields.Text(max=6, min=0, load_default="")
    postal_code = fields.Text(
        max=postal_codes.MAX_POSTAL_CODE_LENGTH, min=0, load_default=""
    )
    country = fields.Enum(
        Country, load_default=lambda: Country(settings.SHOP_COUNTRY)
    )

    @ma.validates_schema
    def _check_postal_code(self, data: Loaded, **kwargs: object) -> None:
        country = str(data["country"].value)
        if (
            postal_codes.normalize_postal_code(country, data["postal_code"] or "")
            is None
        ):
            message = postal_codes.describe_postal_code(country)
            raise fields.refuse("postal_code", message, "postal_code")

    @ma.validates_schema
    def _check_state_code(self, data: Loaded, **kwargs: object) -> None:
        code = data["state_code"]
        if code and not state_codes.is_state_code(data["country"].value, code):
            raise fields.refuse("state_code", state_codes.REFUSAL, "state_code")

    @ma.post_load
    def _normalize(self, data: Loaded, **kwargs: object) -> Loaded:
        code = postal_codes.normalize_postal_code(
            data["country"].value, data["postal_code"]
        )
        state_code = state_codes.find_state_code(
            data["country"].value,
            state_code=data["state_code"],
            state=data["state"],
            postal_code=code or "",
        )
        return {**data, "postal_code": code or "", "state_code": state_code}


@dataclass(frozen=True, kw_only=True)
class NewAddress(PostalAddress):
    is_default: bool = False


class AddAddress(AddressSchema[NewAddress]):
    is_default = fields.Bool()


@dataclass(frozen=True, kw_only=True)
class AddressChange:
    recipient: str | Unset = UNSET
    phone: str | Unset = UNSET
    street: str | Unset = UNSET
    city: str | Unset = UNSET
    state: str | Unset = UNSET
    state_code: str | Unset = UNSET
    postal_code: str | Unset = UNSET
    country: str | Unset = UNSET
    is_default: bool | Unset = UNSET


class ChangeAddress(PatchSchema[AddressChange]):
    """Any of an address's fields; whether a postal code fits is seen with the country that
    is stored.
    """

    recipient = fields.Text(max=120)
    phone = fields.Phone()
    street = fields.Text(max=200)
    city = fields.Text(max=80)
    state = fields.Text(max=80, min=0)
    state_code = fields.Text(max=6, min=0)
    postal_code = fields.Text(max=postal_codes.MAX_POSTAL_CODE_LENGTH, min=0)
    country = fields.Enum(Country)
    is_default = fields.Bool()


# --- Staff ---------------------------------------------------------------------------------------
@dataclass(frozen=True, kw_only=True)
class UserFilter(PageParams):
    role: Role | None = None
    active: bool | None = None
    search: str = ""


class ListUsers(PageQuery[UserFilter]):
    role = fields.Enum(Role)
    active = fields.Bool()
    search = fields.Text(max=100)


@dataclass(frozen=True, kw_only=True)
class NewUser:
    name: str
    last_name: str = ""
    email: str
    role: Role
    groups: Sequence[str] = ()
    password: str | None = None


class AddUser(InputSchema[NewUser]):
    """Without a password the new user gets a mail with a link to choose one."""

    name = fields.Text(max=80, required=True)
    last_name = fields.Text(max=80, min=0)
    email = fields.Email(required=True)
    role = fields.Enum(Role, required=True)
    groups = fields.List(fields.Enum(Group), max=len(GROUPS), unique=True)
    password = NewPassword(required=False)


@dataclass(frozen=True, kw_only=True)
class UserChange:
    role: Role | Unset = UNSET
    active: bool | Unset = UNSET
    groups: Sequence[str] | Unset = UNSET


class ChangeUser(PatchSchema[UserChange]):
    role = fields.Enum(Role)
    active = fields.Bool()
    groups = fields.List(fields.Enum(Group), max=len(GROUPS), unique=True)


@dataclass(frozen=True, kw_only=True)
class NewApiKey:
    name: str
    groups: Sequence[str]
    networks: Sequence[str] = ()  # empty: from everywhere
    expires_at: datetime | None = None


class CreateApiKey(InputSchema[NewApiKey]):
    """What a machine may do (the groups of staff), from where, and until when."""

    name = fields.Text(max=60, required=True)
    groups = fields.List(
        fields.Enum(Group), min=1, max=len(GROUPS), unique=True, required=True
    )
    networks = fields.List(fields.Text(max=43), max=20, unique=True)
    expires_at = fields.Timestamp()

    @ma.validates_schema
    def _check(self, data: Loaded, **kwargs: object) -> None:
        ends = data.get("expires_at")
        if ends is not None and ends <= timezone.now():
            raise fields.refuse("range", "This lies in the past.", "expires_at")
        for network in data.get("networks", ()):
            try:
                ip_network(network)
            except ValueError as exc:
                message = (
                    "This takes addresses and networks such as 203.0.113.0/24."
                )
                raise fields.refuse("format", message, "networks") from exc
