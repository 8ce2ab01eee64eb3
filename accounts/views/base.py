"""The base classes of the views of accounts, and what they read from a request."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar, cast

from django.db import transaction
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import cookies
from accounts.client_info import ClientInfo
from accounts.models import Session, Transport, User
from accounts.serializers import SignedIn
from accounts.services.sessions import Tokens
from markrin.api.permissions import AllowAny
from markrin.api.views import View


class AuthView(View):
    """Private: no cache keeps an answer. Its services commit by themselves, also before a
    refusal.
    """

    # Whether a cookie may count: then a request that means to use one must show where it
    # comes from.
    uses_cookie: ClassVar[bool] = False

    @classmethod
    def as_view(cls, **initkwargs: object) -> Any:
        """Return the view, outside of any transaction of the request's, whatever
        ATOMIC_REQUESTS says.
        """
        return transaction.non_atomic_requests(super().as_view(**initkwargs))

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Refuse a forged request before anything else is looked at."""
        if (
            self.uses_cookie
            and cookies.get_transport(request._request) == Transport.COOKIE
        ):
            cookies.check_origin(request._request)
        super().initial(request, *args, **kwargs)

    def finalize_response(
        self, request: Request, response: Response, *args: object, **kwargs: object
    ) -> Response:
        """Forbid every cache to keep the answer."""
        answer: Response = super().finalize_response(
            request, response, *args, **kwargs
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer


def current_user(request: Request) -> User:
    """Return the signed-in user."""
    return cast(User, request.user)


def current_session(request: Request) -> Session:
    """Return the session of the access token."""
    return cast(Session, request.auth)


def get_client(request: Request) -> ClientInfo:
    """Return who sent the request, as the log of signing in keeps it."""
    return ClientInfo.from_request(request._request)


def token_response(
    serializer: type[SignedIn], tokens: Tokens, status: HTTPStatus = HTTPStatus.OK
) -> Response:
    """Return the answer that hands out tokens."""
    response = Response(serializer(tokens).data, status)
    cookies.set_refresh_cookie(response, tokens)
    return response


class PublicAuthView(AuthView):
    """Reads the tokens by itself: one that has expired must not keep anybody from signing
    in or out.
    """

    permission_classes = [AllowAny]
    authentication_classes: list[type[BaseAuthentication]] = []

    def get_authenticate_header(self, request: object) -> str:
        return 'Bearer realm="markrin"'
