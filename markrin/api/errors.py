"""Every refusal of the shop: `ShopError` and the general ones; each app lists its own.

`markrin.api.problems` answers them. A value that was sent is never part of a refusal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, NotRequired, TypedDict

import psycopg
from django.db import IntegrityError
from django.utils.module_loading import autodiscover_modules

from markrin.api.casing import to_camel

PROBLEM_TYPE = "application/problem+json"
API_PREFIX = "/api/"


class FieldError(TypedDict):
    """One thing that is wrong with the input, and where: exactly one of the three places."""

    code: str
    message: str
    pointer: NotRequired[str]  # into the body, by RFC 6901
    parameter: NotRequired[str]  # of the query string
    header: NotRequired[str]


class ShopError(Exception):
    """A refusal that a client can act on. A subclass names `status`, `code` and `message`,
    and is thereby listed.

    Keyword arguments become members of the answer, in camelCase; `headers` become its headers.

    Raises:
        TypeError: when the class is made, if its code is another class's.
    """

    registry: ClassVar[dict[str, type[ShopError]]] = {}
    status: ClassVar[int]
    code: ClassVar[str]
    message: ClassVar[str]
    identifies: ClassVar[bool] = (
        False  # whether any call that needs an access token can be refused so
    )

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "code" not in cls.__dict__:
            return
        other = ShopError.registry.get(cls.code)
        if other is not None and (other.__module__, other.__qualname__) != (
            cls.__module__,
            cls.__qualname__,
        ):
            raise TypeError(
                f"the code {cls.code!r} is {other.__module__}.{other.__qualname__}'s: raise"
                " that one"
            )
        ShopError.registry[cls.code] = cls

    def __init__(
        self,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **extra: object,
    ) -> None:
        super().__init__(detail or self.message)
        self.detail = detail or self.message
        self.headers = dict(headers or {})
        self.extra = extra

    @classmethod
    def slug(cls) -> str:
        """Return the code as it stands in the address of its entry in the list of all errors."""
        return cls.code.replace("_", "-")

    def document(self, request_id: str) -> dict[str, object]:
        """Return the problem document. Source: RFC 9457 section 3."""
        return {
            **{to_camel(name): value for name, value in self.extra.items()},
            "type": f"{API_PREFIX}errors/{self.slug()}",
            "title": self.message,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "requestId": request_id,
        }


class Invalid(ShopError):
    """The input breaks its schema; `errors` says where, at most `MAX_PLACES` places."""

    status, code, message = (
        400,
        "invalid",
        "The request has values that are not allowed.",
    )
    MAX_PLACES = 100

    def __init__(
        self, *, errors: Sequence[FieldError], detail: str | None = None
    ) -> None:
        super().__init__(detail)
        self.errors = list(errors)

    @classmethod
    def at(cls, place: str, code: str, message: str) -> Invalid:
        """Return the refusal of one place of the body: a JSON pointer, such as `/categoryId`."""
        return cls(errors=[{"pointer": place, "code": code, "message": message}])

    @classmethod
    def parameter(cls, name: str, code: str, message: str) -> Invalid:
        """Return the refusal of one parameter of the query string."""
        return cls(errors=[{"parameter": name, "code": code, "message": message}])

    @classmethod
    def header(cls, name: str, code: str, message: str) -> Invalid:
        """Return the refusal of one header."""
        return cls(errors=[{"header": name, "code": code, "message": message}])

    def document(self, request_id: str) -> dict[str, object]:
        return {
            **super().document(request_id),
            "errors": self.errors[: self.MAX_PLACES],
        }


class Malformed(Invalid):
    status, code, message = 400, "malformed", "The body cannot be read."


class BadRequest(ShopError):
    status, code, message = 400, "bad_request", "The request cannot be understood."


class PageTooDeep(ShopError):
    status, code, message = (
        400,
        "page_too_deep",
        "The page lies too deep: walk the list with `cursor` instead.",
    )


class TokenMissing(ShopError):
    status, code, message = 401, "token_missing", "This needs a signed-in user."
    identifies = True


class TokenInvalid(ShopError):
    status, code, message = 401, "token_invalid", "The access token is not valid."
    identifies = True


class Forbidden(ShopError):
    status, code, message = 403, "forbidden", "You may not do this."


class CsrfFailed(ShopError):
    status, code, message = (
        403,
        "csrf_failed",
        "The request did not come from the shop's own pages.",
    )


class SecondFactorRequired(ShopError):
    """`challenge` comes with a sign-in whose password was right: it goes back with the code."""

    status, code, message = (
        403,
        "second_factor_required",
        "Give a code of your second factor.",
    )


class ReauthenticationRequired(ShopError):
    status, code, message = (
        403,
        "reauthentication_required",
        "Give the password once more first.",
    )


class NotFound(ShopError):
    status, code, message = 404, "not_found", "There is nothing here."


class MethodNotAllowed(ShopError):
    status, code, message = (
        405,
        "method_not_allowed",
        "This address does not take the method; see the Allow header.",
    )


class NotAcceptable(ShopError):
    status, code, message = (
        406,
        "not_acceptable",
        "The answer is not available in a type that Accept allows.",
    )


class Conflict(ShopError):
    status, code, message = (
        409,
        "conflict",
        "Somebody else changed this at the same time. Try again.",
    )


class RequestTimedOut(ShopError):
    status, code, message = (
        408,
        "request_timed_out",
        "The request did not arrive in time.",
    )


class TooLarge(ShopError):
    status, code, message = (
        413,
        "too_large",
        "The body is larger than is taken here.",
    )


class UnsupportedMediaType(ShopError):
    status, code, message = (
        415,
        "unsupported_media_type",
        "The body's type or encoding is not taken here.",
    )


class Unprocessable(ShopError):
    """For a business rule whose refusal needs no code of its own: give the `detail`."""

    status, code, message = (
        422,
        "unprocessable",
        "The request is well formed but cannot be carried out.",
    )


class RateLimited(ShopError):
    status, code, message = (
        429,
        "rate_limited",
        "Too many requests. Try again after Retry-After seconds.",
    )


class InternalError(ShopError):
    status, code, message = (
        500,
        "internal_error",
        "Something went wrong on our side. It has been recorded.",
    )


class Unavailable(ShopError):
    status, code, message = (
        503,
        "unavailable",
        "The shop is busy or being repaired. Try again after Retry-After seconds.",
    )

    def __init__(
        self,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **extra: object,
    ) -> None:
        super().__init__(
            detail, headers={"Retry-After": "1", **(headers or {})}, **extra
        )


def every_kind() -> list[type[ShopError]]:
    """Return every refusal that the shop can answer with, by status and code."""
    autodiscover_modules("errors")
    return sorted(
        ShopError.registry.values(), key=lambda kind: (kind.status, kind.code)
    )


# --- Races that only the database sees -----------------------------------------------------------
_by_constraint: dict[str, Callable[[], ShopError]] = {}


def map_constraint(name: str, error: Callable[[], ShopError]) -> None:
    """Answer a violation of the database constraint `name` with `error()`: for races that
    no earlier check can see.
    """
    _by_constraint[name] = error


def from_constraint(exc: IntegrityError) -> ShopError | None:
    """Return the refusal that stands for the violated constraint, if `map_constraint` named one."""
    cause = exc.__cause__
    name = cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None
    error_class = _by_constraint.get(name or "")
    return error_class() if error_class else None
