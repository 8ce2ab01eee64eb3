"""What only pages need, and the API's data passes by: sessions, forms' tokens, who is signed in by
a cookie, staff's second factor, messages, a page's content policy. The API knows its callers
by tokens, and its answers get the policy of what is no page (`markrin.api.security_headers`).

In `MIDDLEWARE` it stands between `PagesOnly` and `Views`. Django builds the innermost first, so
`PagesOnly` knows the views when it is made.
"""

import threading
from collections.abc import Callable
from typing import Final

from django.core.exceptions import ImproperlyConfigured, MiddlewareNotUsed
from django.http import HttpRequest
from django.http.response import HttpResponseBase

_Answer = Callable[[HttpRequest], HttpResponseBase]
_API: Final = "/api/"
_PAGES_OF_THE_API: Final = ("/api/docs", "/api/schema")


class _Innermost(threading.local):
    """The views of the chain of middleware that this thread is building."""

    get_response: _Answer | None = None


_innermost = _Innermost()


class Views:
    """The last middleware: what it calls are the views."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: _Answer) -> None:
        _innermost.get_response = get_response
        raise MiddlewareNotUsed


class PagesOnly:
    """Sends what is no page past all middleware up to `Views`."""

    sync_capable, async_capable = True, False

    def __init__(self, get_response: _Answer) -> None:
        self._pages, views = get_response, _innermost.get_response
        if views is None:
            raise ImproperlyConfigured(
                "MIDDLEWARE: markrin.page_middleware.Views must be its last entry"
            )
        self._views, _innermost.get_response = views, None

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, by way of the middleware in between if it is a page."""
        path = request.path_info
        if path.startswith(_API) and path not in _PAGES_OF_THE_API:
            return self._views(request)
        return self._pages(request)
