"""`AnswerCache`: answers a catalogue request from memory, else from Valkey, else lets the
view answer and keeps that.

Stands right under the request log. A hit resolves no URL, runs no view, and asks no
database. Answers tell how they came about in `Cache-Status`. `markrin.cache.wsgi_frontend` answers
the plainest hits before Django sees them."""

import gzip
import hashlib
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable

import brotli
import redis
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from markrin.api import errors, problems
from markrin.cache import http_headers, invalidation_listener, shared_cache
from markrin.cache.shared_cache import EVERYTHING, CachedResponse

_TTL_S = 3600.0
_MISSING_TTL_S = 5.0
_RENDER_S = 2.0  # how long others may wait for one process to render an answer
_ON_THE_WAY_S = (
    0.05  # that an answer may take to the shared tier, which counts from there
)
_WAIT_S = 0.3  # how long one does wait
# Of one request or one client, so no part of what is kept.
_NOT_KEPT = (
    "set-cookie",
    "x-request-id",
    "content-length",
    "vary",
    "date",
    "etag",
    "cache-control",
    "cache-status",
    "strict-transport-security",
)

Next = Callable[[HttpRequest], HttpResponseBase]


class AnswerCache:
    """The middleware."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Next) -> None:
        if not settings.CACHE_ANSWERS:
            raise MiddlewareNotUsed
        self._next = get_response
        self._link = invalidation_listener.own
        self._rendering: defaultdict[str, threading.Lock] = defaultdict(
            threading.Lock
        )

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in ("GET", "HEAD") or not self._may_answer(request):
            return self._next(request)
        name = http_headers.response_name(
            request.path_info, request.META.get("QUERY_STRING", "")
        )
        if self._link.alive and (answer := self._link.memory.get(name)) is not None:
            self._link.counts["hit_memory"] += 1
            return self._reply_from_cache(request, answer, "hit; detail=memory")
        return self._beyond_memory(request, name)

    def _beyond_memory(self, request: HttpRequest, name: str) -> HttpResponseBase:
        if not _is_cacheable(request.path_info):
            return self._next(request)
        self._link.start()
        if not self._link.alive:
            return self._bypass_cache(request)
        try:
            return self._from_server(request, name)
        except (redis.RedisError, OSError):
            self._link.suspect()
            return self._bypass_cache(request)

    def _bypass_cache(self, request: HttpRequest) -> HttpResponseBase:
        self._link.counts["bypass"] += 1
        started = time.monotonic()
        response = self._next(request)
        answer = _cached_response(request, response, started)
        return (
            response
            if answer is None
            else self._reply_from_cache(request, answer, "fwd=bypass")
        )

    def _from_server(self, request: HttpRequest, name: str) -> HttpResponseBase:
        """Answer from the shared tier, or be the one who renders, or wait for that one.
        Raises redis.RedisError.
        """
        if (answer := self._read_cached(name)) is not None:
            self._link.counts["hit_shared"] += 1
            return self._reply_from_cache(request, answer, "hit; detail=shared")
        with self._rendering[name]:  # one thread of this process, ...
            try:
                deadline = time.monotonic() + _WAIT_S
                while not (
                    lease := shared_cache.begin_rendering(name, at_most_s=_RENDER_S)
                ):  # ... and one process
                    if (
                        answer := self._read_cached(name)
                    ) is not None or time.monotonic() > deadline:
                        break
                    time.sleep(0.005)
                if (
                    answer is None
                ):  # it may have been kept while this thread waited for the other one
                    answer = self._read_cached(name)
                if answer is not None:
                    self._link.counts["hit_waited"] += 1
                    return self._reply_from_cache(
                        request, answer, "hit; detail=waited"
                    )
                return self._render_response(request, name)
            finally:
                self._rendering.pop(name, None)
                if lease:
                    shared_cache.end_rendering(name)

    def _read_cached(self, name: str) -> CachedResponse | None:
        generation = self._link.memory.generation
        answer = shared_cache.read_response(name)
        if answer is not None:
            ttl_s = answer.limit_ttl(
                _TTL_S if answer.status == 200 else _MISSING_TTL_S
            )
            self._link.memory.put(name, answer, generation=generation, ttl_s=ttl_s)
        return answer

    def _render_response(self, request: HttpRequest, name: str) -> HttpResponseBase:
        stamp = shared_cache.read_version()
        started = time.monotonic()
        response = self._next(request)
        answer = _cached_response(request, response, started)
        if answer is None:
            return response
        # Entries made together do not end together.
        ttl_s = (
            _TTL_S * random.uniform(0.8, 1.0)  # noqa: S311 (no secret)
            if answer.status == 200
            else _MISSING_TTL_S
        )
        ttl_s = answer.limit_ttl(ttl_s + _ON_THE_WAY_S) - _ON_THE_WAY_S
        try:
            kept = ttl_s > 0 and shared_cache.write_response(
                name, answer, stamp=stamp, ttl_s=ttl_s
            )
        except (redis.RedisError, OSError):
            self._link.suspect()
            kept = False
        self._link.counts["stored" if kept else "refused"] += 1
        return self._reply_from_cache(
            request, answer, "fwd=miss; stored" if kept else "fwd=miss"
        )

    def _reply_from_cache(
        self, request: HttpRequest, answer: CachedResponse, how: str
    ) -> HttpResponseBase:
        # A problem document names the request, so each has its own.
        missing = answer.status == 404
        response = (
            problems.problem_response(errors.NotFound(), request)
            if missing
            else self._whole_response(request, answer)
        )
        response.headers["Cache-Status"] = f"markrin; {how}"
        # for the request log: nothing was resolved
        request.kept_route = answer.route  # type: ignore[attr-defined]
        return response

    def _may_answer(self, request: HttpRequest) -> bool:
        """Whether a kept answer is what the view would give; whatever is refused or redirected
        further in is left to be so.
        """
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            return False
        return http_headers.may_be_answered(request.META)

    def _whole_response(
        self, request: HttpRequest, answer: CachedResponse
    ) -> HttpResponse:
        coding = http_headers.choose_encoding(
            request.META.get("HTTP_ACCEPT_ENCODING", ""), answer
        )
        headers = http_headers.response_headers(answer, coding)
        if http_headers.etag_matches(
            request.META.get("HTTP_IF_NONE_MATCH", ""),
            http_headers.make_etag(answer, coding),
        ):
            unchanged = HttpResponse(
                status=304, headers=dict(http_headers.not_modified_headers(headers))
            )
            del unchanged.headers["Content-Type"]  # Django's default
            return unchanged
        body = answer.bodies[coding] if request.method == "GET" else b""
        return HttpResponse(body, headers=dict(headers))


def _is_cacheable(path: str) -> bool:
    try:
        view = resolve(path).func
    except Resolver404:
        return False
    return hasattr(getattr(getattr(view, "cls", None), "get", None), "cache_tags")


def _cached_response(
    request: HttpRequest, response: HttpResponseBase, started: float
) -> CachedResponse | None:
    """Return what may be kept of the response of a view marked `cached`: a 200 without a
    cookie, or a 404. `started` is when its rendering began, by time.monotonic().
    """
    missing = getattr(request, "missing_tags", None)
    if response.status_code == 404 and missing:
        return CachedResponse(404, (), {}, missing | {EVERYTHING}, "")
    tags = getattr(response, "cache_tags", None)
    if (
        tags is None
        or response.status_code != 200
        or response.cookies
        or not isinstance(response, HttpResponse)
    ):
        return None
    body = response.content
    headers = tuple(
        (header, value)
        for header, value in response.items()
        if header.lower() not in _NOT_KEPT
        and not header.lower().startswith("access-control-")
    )
    bodies = {"identity": body}
    if len(body) > 500:  # below, the headers weigh more
        bodies |= {
            "gzip": gzip.compress(body, 6, mtime=0),
            "br": brotli.compress(body, quality=5),
        }
    etag = hashlib.blake2b(body, digest_size=12).hexdigest()
    route = request.resolver_match.route if request.resolver_match else ""
    left_s: float | None = getattr(request, "keep_at_most_s", None)
    ends_at = None if left_s is None else started + left_s
    return CachedResponse(
        200, headers, bodies, tags | {EVERYTHING}, etag, route, ends_at
    )
