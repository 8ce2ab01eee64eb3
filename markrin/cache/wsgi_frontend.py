"""`Front`: the WSGI application before Django's, which answers what is in memory and passes
on the rest.

Django's handler, its signals and its request object cost several times what a hit does, so
a plain GET of an answer in memory never gets there. Everything else (another method,
another origin, plain http that is to be redirected, an answer that is not in memory) goes
to Django, whose `AnswerCache` middleware knows the whole cache."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.conf import settings

from markrin.cache import http_headers, invalidation_listener
from markrin.cache.shared_cache import Answer
from markrin.observe import requests

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]


class Front:
    """A WSGI application around Django's."""

    def __init__(self, django: "WSGIApplication") -> None:
        self._django = django
        self._link = invalidation_listener.own
        self._only_https = settings.SECURE_SSL_REDIRECT
        self._proxy_header = settings.SECURE_PROXY_SSL_HEADER

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        start = time.perf_counter()
        if (
            environ["REQUEST_METHOD"] == "GET"
            and self._link.alive
            and "HTTP_ORIGIN" not in environ
        ):
            name = http_headers.name(
                environ["PATH_INFO"], environ.get("QUERY_STRING", "")
            )
            answer = self._link.memory.get(name)
            if (
                answer is not None
                and answer.status == 200
                and self._may_answer(environ)
            ):
                return self._answer(environ, start_response, answer, start)
        return self._django(environ, start_response)

    def _may_answer(self, environ: "WSGIEnvironment") -> bool:
        if not http_headers.takes_json(environ.get("HTTP_ACCEPT")):
            return False
        if not self._only_https:
            return True
        if self._proxy_header:
            header, secure = self._proxy_header
            return str(environ.get(header)) == secure
        return str(environ["wsgi.url_scheme"]) == "https"

    def _answer(
        self,
        environ: "WSGIEnvironment",
        start_response: "StartResponse",
        answer: Answer,
        start: float,
    ) -> Iterable[bytes]:
        coding = http_headers.coding(environ.get("HTTP_ACCEPT_ENCODING", ""), answer)
        headers, body = http_headers.prepared(answer, coding)
        status, text = 200, "200 OK"
        if http_headers.matches(
            environ.get("HTTP_IF_NONE_MATCH", ""), http_headers.etag(answer, coding)
        ):
            status, text = 304, "304 Not Modified"
            headers, body = http_headers.of_304(headers), b""
        found = requests.request_id(environ.get("HTTP_X_REQUEST_ID"))
        start_response(text, [*headers, ("X-Request-Id", found)])
        self._link.counts["hit_memory"] += 1
        requests.write_hit(
            route=answer.route,
            status=status,
            seconds=time.perf_counter() - start,
            request_id=found,
        )
        return [body]
