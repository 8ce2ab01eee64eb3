"""`cached`: the mark on a view that its answers may be kept, and under which tags."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar, cast

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response

from markrin.api import errors

_Get = TypeVar("_Get", bound=Callable[..., Response])
_TagsOf = Callable[[Request, Any], Iterable[str]]


def keep_at_most(request: Request | HttpRequest, seconds: float | None) -> None:
    """Let the answer to this request be kept no longer than so, in every tier: something in
    it changes by the clock then. None: it does not.

    The seconds count from the request's arrival at the cache, so that they end early rather
    than late. Of several calls the shortest holds.
    """
    if seconds is not None:
        django_request = (
            request._request if isinstance(request, Request) else request
        )
        known: float | None = getattr(django_request, "keep_at_most_s", None)
        # ours
        django_request.keep_at_most_s = (  # type: ignore[attr-defined]
            seconds if known is None else min(known, seconds)
        )


def cached(tags: _TagsOf, *, missing: Iterable[str] = ()) -> Callable[[_Get], _Get]:
    """Mark a view's `get`: the answer is the same for everybody, until one of its tags is touched.

    `tags` gets the request and the answer's data, so it can name what only the answer
    tells, such as a product's id. `missing` are the tags under which a 404 is kept, for
    seconds. Stands above `@operation`."""

    def mark(get: _Get) -> _Get:
        @wraps(get)
        def tagged(view: object, request: Request, **path: object) -> Response:
            try:
                response = get(view, request, **path)
            except errors.NotFound:
                # ours
                request._request.missing_tags = frozenset(missing)  # type: ignore[attr-defined]
                raise
            if response.status_code == 200:
                response.cache_tags = frozenset(tags(request, response.data))  # type: ignore[attr-defined]  # ours
            return response

        tagged.cache_tags = tags  # type: ignore[attr-defined]  # what the middleware looks for
        return cast(_Get, tagged)

    return mark
