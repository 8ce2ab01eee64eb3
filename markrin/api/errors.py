"""Every refusal of the shop: `ShopError`, what the framework raises, and the one handler
that answers both.

The answers are problem documents. Source: RFC 9457. A value that was sent is never part of one.
"""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, NotRequired, TypedDict

import psycopg
import sentry_sdk
import structlog
from django.core import exceptions as django_errors
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    UnreadablePostError,
)
from django.http.multipartparser import MultiPartParserError
from django.utils.module_loading import autodiscover_modules, import_string
from django.views import defaults
from rest_framework import exceptions as drf_errors

from markrin.api.casing import to_camel

log = structlog.get_logger("markrin.api.errors")

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
    status, code, message = 413, "too_large", "The body is larger than is taken here."


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


# --- From any exception to a refusal -------------------------------------------------------------
def _from_drf(exc: drf_errors.APIException) -> ShopError:
    match exc:
        case drf_errors.NotAuthenticated():
            return TokenMissing()
        case drf_errors.AuthenticationFailed():
            return TokenInvalid()
        case drf_errors.PermissionDenied():
            return Forbidden()
        case drf_errors.NotFound():
            return NotFound()
        case drf_errors.MethodNotAllowed():
            return MethodNotAllowed()
        case drf_errors.NotAcceptable():
            return NotAcceptable()
        case drf_errors.UnsupportedMediaType():
            return UnsupportedMediaType()
        case drf_errors.Throttled():
            return RateLimited(
                headers={
                    "Retry-After": str(
                        max(1, math.ceil(getattr(exc, "wait", None) or 1))
                    )
                }
            )
        case drf_errors.ValidationError() | drf_errors.ParseError():
            return BadRequest()
    return (
        InternalError()
        if exc.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
        else BadRequest()
    )


def match_refusal(exc: Exception) -> ShopError | None:
    """Return the refusal that `exc` means, or None if it is unexpected: a fault of ours."""
    match exc:
        case ShopError():
            return exc
        case drf_errors.APIException():
            return _from_drf(exc)
        case Http404():
            return NotFound()
        case django_errors.RequestDataTooBig():
            return TooLarge()
        case django_errors.PermissionDenied():
            return Forbidden()
        case django_errors.SuspiciousOperation() | django_errors.BadRequest():
            return BadRequest()
        case UnreadablePostError() | MultiPartParserError():
            return Malformed(
                errors=[
                    {
                        "pointer": "",
                        "code": "unreadable",
                        "message": "The body ended too early.",
                    }
                ]
            )
        case IntegrityError():
            return from_constraint(exc)
    return Unavailable() if _is_database_away(exc) else None


def _is_database_away(exc: BaseException) -> bool:
    """Return whether this says that the database cannot be reached, or has hung up: also on
    who was silent for too long in a transaction, as after a cut in the network.
    """
    return isinstance(exc, OperationalError | InterfaceError) or isinstance(
        exc.__cause__, psycopg.errors.IdleInTransactionSessionTimeout
    )


def request_id_of(request: Any) -> str:
    """Return the id under which this request is logged; where no middleware has given it
    one, it gets one here.
    """
    request_id = getattr(
        request, "request_id", None
    ) or structlog.contextvars.get_contextvars().get("request_id")
    if not request_id:
        request_id = uuid.uuid4().hex
        if request is not None:
            request.request_id = request_id
    return str(request_id)


def log_and_refuse(exc: Exception, request: HttpRequest | None) -> ShopError:
    """Return the refusal that answers an exception; log it if it is unexpected or says that
    the database is away. Sentry learns of the unexpected.
    """
    error = match_refusal(exc)
    if error is None:
        error = InternalError()
        log.error("request.failed", exc_info=exc, request_id=request_id_of(request))
        sentry_sdk.capture_exception(exc)
    elif _is_database_away(exc):
        log.warning(
            "request.database_unavailable",
            exc_info=exc,
            request_id=request_id_of(request),
        )
    return error


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> HttpResponse:
    """Answer whatever a view raised with a problem document (REST framework's
    EXCEPTION_HANDLER).
    """
    request, view = context.get("request"), context.get("view")
    error = log_and_refuse(exc, request)
    headers = dict(error.headers)
    if error.status == HTTPStatus.UNAUTHORIZED and "WWW-Authenticate" not in headers:
        # RFC 9110 section 15.5.2 wants the header on every 401, also where the framework
        # would turn it into 403.
        named = (
            view.get_authenticate_header(request)
            if view is not None and request is not None
            else None
        )
        headers["WWW-Authenticate"] = named or 'Bearer realm="markrin"'
    error.headers = headers
    # Written here, and not by the view's renderer: that of a page of documentation knows no JSON.
    return problem_response(error, request)


def problem_response(error: ShopError, request: object) -> HttpResponse:
    """Return the problem document as a plain Django response."""
    body = json.dumps(error.document(request_id_of(request)), default=str).encode()
    headers = {**error.headers, "Content-Length": str(len(body))}
    return HttpResponse(
        body, status=error.status, headers=headers, content_type=PROBLEM_TYPE
    )


# --- Where no view runs: Django's own handlers, and a middleware around all others ---------------
def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith(API_PREFIX)


def handler400(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return (
        problem_response(BadRequest(), request)
        if _is_api(request)
        else defaults.bad_request(request, exception)
    )


def handler403(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return (
        problem_response(Forbidden(), request)
        if _is_api(request)
        else defaults.permission_denied(request, exception)
    )


def handler404(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    return (
        problem_response(NotFound(), request)
        if _is_api(request)
        else defaults.page_not_found(request, exception)
    )


def handler500(request: HttpRequest) -> HttpResponseBase:
    return (
        problem_response(InternalError(), request)
        if _is_api(request)
        else defaults.server_error(request)
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponseBase:
    """Answer Django's cross-site check (settings.CSRF_FAILURE_VIEW)."""
    if _is_api(request):
        return problem_response(CsrfFailed(), request)
    view = import_string("django.views.csrf.csrf_failure")
    answer: HttpResponseBase = view(request, reason=reason)
    return answer


class ProblemMiddleware:
    """Turns any refusal below /api/ that is not a problem document yet into one.

    Such are Django's own pages for a bad host, an unknown path (also the debug page) or a
    failing middleware. Stands outermost, but inside whatever gives the request its id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        answer = self.get_response(request)
        plain = answer.headers.get("Content-Type", "").partition(";")[0]
        if (
            answer.status_code < HTTPStatus.BAD_REQUEST
            or plain == PROBLEM_TYPE
            or not _is_api(request)
        ):
            return answer
        problem = problem_response(_by_status(answer.status_code), request)
        for name in ("Allow", "Retry-After", "WWW-Authenticate", "Vary"):
            if name in answer.headers:
                problem.headers[name] = answer.headers[name]
        problem.cookies = answer.cookies
        answer.close()
        return problem


def _by_status(status: int) -> ShopError:
    general: tuple[type[ShopError], ...] = (
        Forbidden,
        NotFound,
        MethodNotAllowed,
        NotAcceptable,
        Conflict,
        TooLarge,
        UnsupportedMediaType,
        RateLimited,
        Unavailable,
    )
    for error in general:
        if error.status == status:
            return error()
    return (
        InternalError() if status >= HTTPStatus.INTERNAL_SERVER_ERROR else BadRequest()
    )
