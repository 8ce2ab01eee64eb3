"""From any exception to the problem document that answers it. Source: RFC 9457."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import psycopg
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
from django.utils.module_loading import import_string
from django.views import defaults
from rest_framework import exceptions as drf_errors

from markrin import reporting
from markrin.api.errors import (
    API_PREFIX,
    PROBLEM_TYPE,
    BadRequest,
    Conflict,
    CsrfFailed,
    Forbidden,
    InternalError,
    Malformed,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    RateLimited,
    ShopError,
    TokenInvalid,
    TokenMissing,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
    from_constraint,
)

log = structlog.get_logger("markrin.api.problems")


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
        reporting.report_error(exc)
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
    if (
        error.status == HTTPStatus.UNAUTHORIZED
        and "WWW-Authenticate" not in headers
    ):
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

    def __init__(
        self, get_response: Callable[[HttpRequest], HttpResponseBase]
    ) -> None:
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
        InternalError()
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR
        else BadRequest()
    )
