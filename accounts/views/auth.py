"""Signing in and out (docs/auth.md)."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from django.utils import translation
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import cookies, errors, schemas, serializers
from accounts.models import Transport
from accounts.services import (
    second_factor,
    session_refresh,
    sessions,
    sign_in,
)
from accounts.tokens import (
    AccessToken,
    RefreshToken,
    read_bearer_token,
)
from accounts.views.base import (
    AuthView,
    PublicAuthView,
    current_session,
    get_client,
    token_response,
)
from markrin.api.errors import (
    CsrfFailed,
    RateLimited,
    ReauthenticationRequired,
    SecondFactorRequired,
    TokenInvalid,
)
from markrin.api.operations import operation


def _read_bearer_session(request: Request) -> set[UUID]:
    return sign_in.presented_session(
        AccessToken, read_bearer_token(request.headers.get("Authorization"))
    )


def _list_presented_sessions(request: Request) -> set[UUID]:
    """Return the sessions whose tokens came with a sign-in: it takes their place."""
    presented = _read_bearer_session(request)
    if cookies.get_transport(request._request) == Transport.COOKIE:
        presented |= sign_in.presented_session(
            RefreshToken, cookies.read_refresh_cookie(request._request)
        )
    return presented


def _get_context(
    request: Request, headers: schemas.GuestHeaders
) -> sign_in.SignInContext:
    return sign_in.SignInContext(
        client=get_client(request),
        transport=cookies.get_transport(request._request),
        presented=_list_presented_sessions(request),
        cart_token=headers.x_cart_token,
        language=translation.get_language_from_request(request._request),
    )


class Register(PublicAuthView):
    uses_cookie = True

    @operation(
        body=schemas.Register,
        headers=schemas.SignInHeaders,
        response=serializers.SignedInUser,
        status=HTTPStatus.CREATED,
        errors=[
            errors.EmailTaken,
            errors.PasswordRejected,
            CsrfFailed,
            RateLimited,
        ],
        id="register",
        tag="auth",
        summary="Make an account and sign in",
    )
    def post(
        self,
        request: Request,
        *,
        body: schemas.Registration,
        headers: schemas.GuestHeaders,
    ) -> Response:
        tokens = sign_in.register_customer(body, _get_context(request, headers))
        return token_response(serializers.SignedInUser, tokens, HTTPStatus.CREATED)


class Login(PublicAuthView):
    uses_cookie = True

    @operation(
        body=schemas.Login,
        headers=schemas.SignInHeaders,
        response=serializers.SignedInUser,
        errors=[
            errors.InvalidCredentials,
            SecondFactorRequired,
            errors.SecondFactorNotSetUp,
            CsrfFailed,
            RateLimited,
        ],
        id="login",
        tag="auth",
        summary="Sign in",
    )
    def post(
        self,
        request: Request,
        *,
        body: schemas.Credentials,
        headers: schemas.GuestHeaders,
    ) -> Response:
        tokens = sign_in.log_in(body, _get_context(request, headers))
        return token_response(serializers.SignedInUser, tokens)


class GiveSecondFactor(PublicAuthView):
    uses_cookie = True

    @operation(
        body=schemas.GiveSecondFactor,
        headers=schemas.SignInHeaders,
        response=serializers.SignedInUser,
        errors=[
            errors.ChallengeInvalid,
            errors.SecondFactorWrong,
            CsrfFailed,
            RateLimited,
        ],
        id="giveSecondFactor",
        tag="auth",
        summary="Finish a sign-in that was answered with second_factor_required",
    )
    def post(
        self,
        request: Request,
        *,
        body: schemas.FactorAnswer,
        headers: schemas.GuestHeaders,
    ) -> Response:
        tokens = sign_in.give_second_factor(body, _get_context(request, headers))
        return token_response(serializers.SignedInUser, tokens)


def _read_refresh_token(
    request: Request, body: schemas.SentToken
) -> tuple[str | None, Transport]:
    """Return the refresh token and how it came.

    Raises:
        CsrfFailed: a cookie came, but not from the shop's own pages, which would say so.
    """
    if body.refresh is not None:
        return body.refresh, Transport.BODY
    token = cookies.read_refresh_cookie(request._request)
    if token and cookies.get_transport(request._request) != Transport.COOKIE:
        raise CsrfFailed
    return token, Transport.COOKIE


class Refresh(PublicAuthView):
    uses_cookie = True

    @operation(
        body=schemas.Refresh,
        headers=schemas.RefreshHeaders,
        response=serializers.SignedInUser,
        errors=[
            errors.RefreshTokenMissing,
            errors.RefreshTokenExpired,
            TokenInvalid,
            errors.SessionRevoked,
            errors.SessionExpired,
            CsrfFailed,
            errors.RefreshConflict,
            RateLimited,
        ],
        id="refresh",
        tag="auth",
        summary="Trade the refresh token for new tokens",
        description=(
            "With an Idempotency-Key (a UUID) a lost answer "
            "can be asked for again for five minutes."
        ),
    )
    def post(
        self,
        request: Request,
        *,
        body: schemas.SentToken,
        headers: schemas.RetryHeaders,
    ) -> Response:
        text, transport = _read_refresh_token(request, body)
        if text is None:
            raise errors.RefreshTokenMissing
        tokens = session_refresh.refresh_session(
            text=text,
            transport=transport,
            key=headers.idempotency_key,
            # accounts.middleware
            received_at=request._request.received_at,  # type: ignore[attr-defined]
            client=get_client(request),
        )
        return token_response(serializers.SignedInUser, tokens)


class Logout(PublicAuthView):
    uses_cookie = True

    @operation(
        body=schemas.Logout,
        status=HTTPStatus.NO_CONTENT,
        errors=[CsrfFailed],
        id="logout",
        tag="auth",
        summary="End the session, also by a spent or expired token",
    )
    def post(self, request: Request, *, body: schemas.SentToken) -> Response:
        text, transport = _read_refresh_token(request, body)
        ended = sign_in.presented_session(
            RefreshToken, text
        ) | _read_bearer_session(request)
        sign_in.log_out(sessions=ended, client=get_client(request))
        response = Response(status=HTTPStatus.NO_CONTENT)
        if (
            transport == Transport.COOKIE
            and cookies.get_transport(request._request) == Transport.COOKIE
        ):
            cookies.clear_refresh_cookie(response)
        return response


class LogoutAll(AuthView):
    @operation(
        status=HTTPStatus.NO_CONTENT,
        errors=[ReauthenticationRequired],
        id="logoutEverywhere",
        tag="auth",
        summary="End every session of the user",
    )
    def post(self, request: Request) -> Response:
        sessions.logout_everywhere(
            current=current_session(request),
            client=get_client(request),
        )
        return Response(status=HTTPStatus.NO_CONTENT)


class Reauthenticate(AuthView):
    @operation(
        body=schemas.Reauthenticate,
        status=HTTPStatus.NO_CONTENT,
        errors=[errors.CurrentPasswordWrong, RateLimited],
        id="reauthenticate",
        tag="auth",
        summary="Give the password again, for a sensitive call",
    )
    def post(self, request: Request, *, body: schemas.PasswordProof) -> Response:
        sign_in.reauthenticate(
            body, current=current_session(request), client=get_client(request)
        )
        return Response(status=HTTPStatus.NO_CONTENT)


class ConfirmSecondFactor(AuthView):
    @operation(
        body=schemas.ConfirmSecondFactor,
        status=HTTPStatus.NO_CONTENT,
        errors=[errors.SecondFactorNotSetUp, errors.SecondFactorWrong, RateLimited],
        id="confirmSecondFactor",
        tag="auth",
        summary="Give a code again, for a sensitive call",
    )
    def post(self, request: Request, *, body: schemas.FactorCode) -> Response:
        second_factor.confirm_factor(
            body, current=current_session(request), client=get_client(request)
        )
        return Response(status=HTTPStatus.NO_CONTENT)
