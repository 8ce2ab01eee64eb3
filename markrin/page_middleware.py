"""What only pages need, and the API's data passes by: who is signed in by a cookie, staff's second
factor, messages, a page's content policy. The API knows its callers by tokens, and its answers get
the policy of what is no page (`markrin.api.security_headers`). All this took about a tenth of a
list's time. Sessions and forms' tokens are Django's own, whose checks at start-up look for them by
name.
"""

from collections.abc import Callable
from typing import Any, Final

from csp.middleware import CSPMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django_otp.middleware import OTPMiddleware

_Answer = Callable[[HttpRequest], HttpResponseBase]
_API: Final = "/api/"
_PAGES_OF_THE_API: Final = ("/api/docs", "/api/schema")


class _OfPages:
    """What each of these does first."""

    get_response: Any  # as each declares it

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, by way of the middleware if it is a page."""
        path = request.path_info
        if path.startswith(_API) and path not in _PAGES_OF_THE_API:
            through: HttpResponseBase = self.get_response(request)
            return through
        # the middleware's own, which stands behind this class in each of those below
        answer: _Answer = super().__call__  # type: ignore[misc]
        return answer(request)


class ContentPolicy(_OfPages, CSPMiddleware):
    """A page's policy, and its nonce."""


class Authentication(_OfPages, AuthenticationMiddleware):
    """Who is signed in by a session."""


class SecondFactor(_OfPages, OTPMiddleware):  # type: ignore[misc]  # it has no types
    """Whether the session's user has shown a second factor."""


class Messages(_OfPages, MessageMiddleware):
    """What the next page tells."""
