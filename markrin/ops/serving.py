"""The shop's own settings and refusals around `markrin.server`."""

import resource
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, cast

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from markrin.api import errors, problems, security_headers
from markrin.observe import requests
from markrin.ops import health
from markrin.server.bodies import BodyLimits
from markrin.server.bridge import Bridge, Limits
from markrin.server.responses import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

_REFUSALS: dict[HTTPStatus, type[errors.ShopError]] = {
    HTTPStatus.BAD_REQUEST: errors.BadRequest,
    HTTPStatus.REQUEST_TIMEOUT: errors.RequestTimedOut,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: errors.TooLarge,
    HTTPStatus.INTERNAL_SERVER_ERROR: errors.InternalError,
    HTTPStatus.SERVICE_UNAVAILABLE: errors.Unavailable,
}
BUSY_RETRY_S = 5


def make_bridge(
    application: "WSGIApplication",
    *,
    answer_at_once: "Callable[[WSGIEnvironment], Response | None]" = lambda environ: (
        None
    ),
) -> Bridge:
    """Return a WSGI application behind the event loop, with the shop's limits and refusals."""
    allow_many_connections()
    return Bridge(
        application,
        refuse=refuse,
        answer_at_once=answer_at_once,
        probes=frozenset(health.PROBES),
        limits=Limits(
            threads=settings.WEB_THREADS,
            queue_s=settings.REQUEST_QUEUE_S,
            stalled_s=settings.RESPONSE_STALLED_S,
            body=BodyLimits(
                seconds=settings.REQUEST_BODY_S,
                bytes_per_second=settings.REQUEST_BODY_RATE,
                max_bytes=settings.REQUEST_MAX_BYTES,
            ),
        ),
    )


def refuse(environ: "WSGIEnvironment", status: HTTPStatus) -> Response:
    """Return the problem document for a request that does not get as far as Django."""
    request = WSGIRequest(environ)
    request_id = requests.request_id(environ.get("HTTP_X_REQUEST_ID"))
    request.request_id = request_id  # type: ignore[attr-defined]  # as the request log sets it
    busy = status == HTTPStatus.SERVICE_UNAVAILABLE
    headers = {"Retry-After": str(BUSY_RETRY_S)} if busy else None

    def answer_it(request: HttpRequest) -> HttpResponseBase:
        return problems.problem_response(
            _REFUSALS[status](headers=headers), request
        )

    # It could be awaitable, but around an async view only.
    with_cors = cast(
        Callable[[HttpRequest], HttpResponseBase], CorsMiddleware(answer_it)
    )
    answer = security_headers.add_headers(with_cors)(request)
    requests.write_line(
        method=request.method,
        route="",
        status=status.value,
        refused="before a thread took it",
        request_id=request_id,
    )
    body = b"".join(cast(Iterable[bytes], answer))
    return Response(status, [*answer.items(), ("X-Request-Id", request_id)], body)


def allow_many_connections() -> None:
    """Raise the limit of open files to what the system allows: each connection is one."""
    _, hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))
