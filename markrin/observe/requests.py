"""One id and one log line for each request: who asked for what, how it ended, what it cost."""

import re
import secrets
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject
from django_structlog.middlewares import RequestMiddleware

from markrin import reporting
from markrin.observe import logs, metrics, redact
from markrin.observe.lines import dump_json

log = structlog.get_logger("markrin.request")

_ID = re.compile(r"\A[A-Za-z0-9._-]{8,64}\Z")


def request_id(given: str | None) -> str:
    """Return the id that the client or the proxy gave, if it is one, else a new one."""
    return (
        given
        if given is not None and _ID.fullmatch(given)
        else secrets.token_hex(16)
    )


def write_line(**fields: object) -> None:
    """Write a request's line. Its fields are ours alone, so nothing has to be redacted."""
    if settings.LOG_FORMAT == "json":
        line = {
            "timestamp": datetime.now(UTC),
            "level": "info",
            "event": "request",
            **fields,
        }
        logs.lines.write(dump_json(line))
    else:
        log.info("request", **fields)


def write_hit(*, route: str, status: int, seconds: float, request_id: str) -> None:
    """Write the line of an answer from memory, which Django has not seen; it is counted
    with the cache's numbers.
    """
    write_line(
        method="GET",
        route=route,
        status=status,
        duration_ms=round(seconds * 1000, 3),
        db_queries=0,
        db_ms=0,
        cache="hit; detail=memory",
        user_id=None,
        request_id=request_id,
    )


class _Queries:
    """Counts a request's queries and their time."""

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0

    def __call__(
        self,
        execute: Callable[..., object],
        sql: str,
        params: object,
        many: bool,
        context: object,
    ) -> object:
        start = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.count += 1
            self.seconds += time.perf_counter() - start


class RequestLog(RequestMiddleware):
    """django-structlog's middleware, with one line a request instead of two, and the fields
    that operators ask for.
    """

    # no async here
    def __call__(self, request: HttpRequest) -> HttpResponseBase:  # type: ignore[override]
        start, queries = time.perf_counter(), _Queries()
        self.prepare(request)
        with connections["default"].execute_wrapper(queries):
            # no async here
            response: HttpResponseBase = self.get_response(request)  # type: ignore[assignment]
        # set in prepare
        response.headers["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        self._finish_request(
            request, response, time.perf_counter() - start, queries
        )
        structlog.contextvars.clear_contextvars()
        return response

    def prepare(self, request: HttpRequest) -> None:
        """Give the request its id, and bind it to every line that is written meanwhile."""
        valid_id = request_id(request.META.get("HTTP_X_REQUEST_ID"))
        request.request_id = valid_id  # type: ignore[attr-defined]  # read by errors, outbox and mail
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=valid_id)
        redact.answering.set(
            request
        )  # until the next one: Sentry's trace of this request is sent after us
        if sdk := reporting.find_sdk():
            sdk.get_isolation_scope().set_tag("request_id", valid_id)

    def process_got_request_exception(
        self, sender: object, request: HttpRequest, **kwargs: object
    ) -> None:
        """Log what a page or a middleware raised. What a view of the API raises never gets
        here: `markrin.api.problems` answers it, and logs it."""
        log.error("request.failed", exc_info=sys.exc_info()[1])

    def _finish_request(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        seconds: float,
        queries: _Queries,
    ) -> None:
        match = request.resolver_match
        route: str = match.route if match else getattr(request, "kept_route", "")
        user = _user_id(request)
        cache = response.headers.get("Cache-Status", "").removeprefix("markrin; ")
        metrics.observe_request(
            request.method or "", route, response.status_code, seconds
        )
        if route.startswith("health/"):
            return  # asked for every few seconds
        write_line(
            method=request.method,
            route=route,
            status=response.status_code,
            duration_ms=round(seconds * 1000, 2),
            db_queries=queries.count,
            db_ms=round(queries.seconds * 1000, 2),
            cache=cache or None,
            user_id=user,
            request_id=request.request_id,  # type: ignore[attr-defined]  # set in prepare
            **getattr(
                request, "read_from", {}
            ),  # markrin.db.replica's word that it was the standby
        )


def _user_id(request: HttpRequest) -> str | None:
    """Return the user's id if the request has looked it up already; asking now could cost a
    query.
    """
    # What the API found by a token stands where Django has put an object that would ask.
    found = request.__dict__.get("user")
    if found is None or isinstance(found, SimpleLazyObject):
        found = request.__dict__.get("_cached_user")
    user: Any = found
    return str(user.pk) if user is not None and user.is_authenticated else None
