"""The HTTP response for a cached answer: name, content coding, ETag, headers.

Source: RFC 9110 sections 8.8.3 (ETag), 12.5.3 (Accept-Encoding), 13.1.2 (If-None-Match);
RFC 9111; RFC 9211 (Cache-Status).
"""

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.request import split_domain_port, validate_host

from markrin.api import renderers, security_headers
from markrin.cache.shared_cache import CachedResponse

Headers = list[tuple[str, str]]

VARY = "Accept-Encoding, Origin"
_CACHE_CONTROL = CACHE_CONTROL = "public, max-age=0, must-revalidate"
if settings.CACHE_CDN_TTL_S:
    CACHE_CONTROL += f", s-maxage={settings.CACHE_CDN_TTL_S}"
_FROM_MEMORY = ("Cache-Status", "markrin; hit; detail=memory")
_NOT_IN_304 = ("Content-Type", "Content-Length", "Content-Encoding")


def response_name(path: str, query: str) -> str:
    """Return the answer's name: the path and the query's pairs in order, so that a
    reordered query is the same one.
    """
    if not query:
        return path
    return (
        f"{path}?{'&'.join(sorted(query.split('&')))}"
        if "&" in query
        else f"{path}?{query}"
    )


def may_be_answered(environ: Mapping[str, Any]) -> bool:
    """Return whether a request to the shop's name, without a body, accepts JSON: any other is
    refused by Django or the view, and must be so whether the answer is kept or not.
    """
    return (
        "HTTP_TRANSFER_ENCODING" not in environ
        and environ.get("CONTENT_LENGTH", "") in ("", "0")
        and is_our_host(environ.get("HTTP_HOST") or environ.get("SERVER_NAME", ""))
        and takes_json(environ.get("HTTP_ACCEPT"))
    )


def is_our_host(host: str) -> bool:
    """Return whether a Host header is one of ALLOWED_HOSTS, as Django judges it."""
    return _is_our_host(host, tuple(settings.ALLOWED_HOSTS))


@lru_cache(maxsize=1024)
def _is_our_host(host: str, allowed: tuple[str, ...]) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, allowed)


@lru_cache(maxsize=1024)
def takes_json(accept: str | None) -> bool:
    """Return whether a client that sends this Accept header may be answered from the cache."""
    if not (accept or "").strip():
        return True
    request = HttpRequest()
    request.META["HTTP_ACCEPT"] = accept
    return request.get_preferred_type(renderers.JSON_TYPES) is not None


def choose_encoding(accepted: str, answer: CachedResponse) -> str:
    """Return the content coding to answer in; a quality of 0 refuses one."""
    if not accepted or len(answer.bodies) == 1:
        return "identity"
    offered = {}
    for part in accepted.split(","):
        coding, _, weight = part.partition(";")
        offered[coding.strip().lower()] = weight.replace(" ", "").lower() not in (
            "q=0",
            "q=0.0",
            "q=0.00",
            "q=0.000",
        )
    for each in ("br", "gzip"):
        if offered.get(each):
            return each
    return "identity"


def make_etag(answer: CachedResponse, coding: str) -> str:
    """Return the strong ETag of the answer in this coding: other bytes, another tag."""
    return f'"{answer.etag}-{coding}"'


def etag_matches(header: str, etag: str) -> bool:
    """Return whether an If-None-Match names this ETag, by weak comparison."""
    if not header:
        return False
    return header.strip() == "*" or etag in (
        part.strip().removeprefix("W/") for part in header.split(",")
    )


def cache_control(answer: CachedResponse) -> str:
    """Return for how long others may keep the answer: never past the moment at which the
    clock ends it, and a second less, as they count from when it reaches them.
    """
    if answer.ends_at is None or not settings.CACHE_CDN_TTL_S:
        return CACHE_CONTROL
    left_s = int(answer.ends_at - time.monotonic()) - 1
    shared_s = max(0, min(settings.CACHE_CDN_TTL_S, left_s))
    return f"{_CACHE_CONTROL}, s-maxage={shared_s}"


def response_headers(answer: CachedResponse, coding: str) -> Headers:
    """Return the response's headers but for Cache-Status."""
    headers = [
        *answer.headers,
        ("Content-Length", str(len(answer.bodies[coding]))),
        ("ETag", make_etag(answer, coding)),
        ("Cache-Control", cache_control(answer)),
        ("Vary", VARY),
    ]
    return (
        headers
        if coding == "identity"
        else [*headers, ("Content-Encoding", coding)]
    )


def prepare_response(answer: CachedResponse, coding: str) -> tuple[Headers, bytes]:
    """Return headers and body of a hit from memory, made once for each coding. The caller
    must not change them.
    """
    prepared = answer.prepared.get(coding)
    # How long a proxy may keep an answer that the clock ends changes with every second.
    if prepared is None or (
        answer.ends_at is not None and settings.CACHE_CDN_TTL_S
    ):
        prepared = answer.prepared[coding] = (
            [*_with_defaults(response_headers(answer, coding)), _FROM_MEMORY],
            answer.bodies[coding],
        )
    return prepared


def _with_defaults(headers: Headers) -> Headers:
    stated = {name.lower() for name, _ in headers}
    more = security_headers.defaults().items()
    return [*headers, *(each for each in more if each[0].lower() not in stated)]


def not_modified_headers(headers: Headers) -> Headers:
    """Return the headers of a 200 that belong into a 304, too."""
    return [header for header in headers if header[0] not in _NOT_IN_304]
