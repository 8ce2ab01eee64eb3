"""`Front`: the WSGI application before Django's, which answers what is in memory and passes
on the rest.

Django's handler, its signals and its request object cost several times what a hit does, so
a plain GET of an answer in memory never gets there. Everything else (another method,
another origin, plain http that is to be redirected, an answer that is not in memory) goes
to Django, whose `AnswerCache` middleware knows the whole cache."""

import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.conf import settings

from markrin.api import security_headers
from markrin.cache import http_headers, invalidation_listener
from markrin.cache.shared_cache import CachedResponse
from markrin.observe import requests

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]
_STATUS_LINES = {each: f"{each.value} {each.phrase}" for each in HTTPStatus}


class Front:
    """A WSGI application around Django's."""

    def __init__(self, django: "WSGIApplication") -> None:
        self._django = django
        self._link = invalidation_listener.own
        self._only_https = settings.SECURE_SSL_REDIRECT
        self._proxy_header = settings.SECURE_PROXY_SSL_HEADER
        self._hsts = security_headers.hsts()

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        answer = self.answer_from_memory(environ)
        if answer is None:
            return self._django(environ, start_response)
        status, headers, body = answer
        start_response(_STATUS_LINES[status], headers)
        return [body]

    def answer_from_memory(
        self, environ: "WSGIEnvironment"
    ) -> tuple[HTTPStatus, Headers, bytes] | None:
        """Return status, headers and body of a plain GET of what is in memory, else None.

        It takes microseconds and waits for nothing: the thread that reads requests asks it."""
        start = time.perf_counter()
        if (
            environ["REQUEST_METHOD"] != "GET"
            or not self._link.alive
            or "HTTP_ORIGIN" in environ
        ):
            return None
        name = http_headers.response_name(
            environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        )
        answer = self._link.memory.get(name)
        if answer is None or answer.status != 200 or not self._may_answer(environ):
            return None
        return self._answer_hit(environ, answer, start)

    def _may_answer(self, environ: "WSGIEnvironment") -> bool:
        if self._only_https and not self._is_secure(environ):
            return False
        return http_headers.may_be_answered(environ)

    def _is_secure(self, environ: "WSGIEnvironment") -> bool:
        if self._proxy_header:
            header, secure = self._proxy_header
            return str(environ.get(header)) == secure
        return str(environ["wsgi.url_scheme"]) == "https"

    def _answer_hit(
        self,
        environ: "WSGIEnvironment",
        answer: CachedResponse,
        start: float,
    ) -> tuple[HTTPStatus, Headers, bytes]:
        coding = http_headers.choose_encoding(
            environ.get("HTTP_ACCEPT_ENCODING", ""), answer
        )
        headers, body = http_headers.prepare_response(answer, coding)
        status = HTTPStatus.OK
        if http_headers.etag_matches(
            environ.get("HTTP_IF_NONE_MATCH", ""),
            http_headers.make_etag(answer, coding),
        ):
            status = HTTPStatus.NOT_MODIFIED
            headers, body = http_headers.not_modified_headers(headers), b""
        request_id = requests.request_id(environ.get("HTTP_X_REQUEST_ID"))
        self._link.counts["hit_memory"] += 1
        requests.write_hit(
            route=answer.route,
            status=status,
            seconds=time.perf_counter() - start,
            request_id=request_id,
        )
        own = [("X-Request-Id", request_id)]
        if self._hsts and self._is_secure(environ):
            own.append((security_headers.HSTS, self._hsts))
        return status, [*headers, *own], body
