"""Signing in and out: auth.md, section 5."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import translation
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import cookies, errors, schemas, selectors, serializers
from accounts.callers import Caller
from accounts.models import Transport
from accounts.services import (
    emails,
    passwords,
    privacy,
    profiles,
    session_refresh,
    sessions,
    sign_in,
)
from accounts.tokens import AccessToken, BearerAuthentication, RefreshToken, bearer
from accounts.views.base import AuthView, granted, me, session
from markrin.api.errors import (
    CsrfFailed,
    Invalid,
    NotFound,
    RateLimited,
    TokenInvalid,
    Unprocessable,
)
from markrin.api.operations import operation
from markrin.api.permissions import AllowAny


class _Public(AuthView):
    """Reads the tokens by itself: one that has expired must not keep anybody from signing
    in or out.
    """

    permission_classes = [AllowAny]
    authentication_classes: list[type[BaseAuthentication]] = []

    def get_authenticate_header(self, request: Any) -> str:
        return 'Bearer realm="markrin"'


def _bearer_session(request: Request) -> set[UUID]:
    return sign_in.presented_session(
        AccessToken, bearer(request.headers.get("Authorization"))
    )


def _presented(request: Request) -> set[UUID]:
    """Return the sessions whose tokens came with a sign-in: it takes their place."""
    found = _bearer_session(request)
    if cookies.transport_of(request._request) == Transport.COOKIE:
        found |= sign_in.presented_session(RefreshToken, cookies.read(request._request))
    return found


def _cart(headers: dict[str, Any]) -> dict[str, str]:
    return (
        {"X-Cart-Token": headers["x_cart_token"]} if "x_cart_token" in headers else {}
    )


class Register(_Public):
    uses_cookie = True

    @operation(
        body=schemas.Register,
        headers=schemas.CartHeaders,
        answer=serializers.SignedInUser,
        status=201,
        errors=[errors.EmailTaken, errors.PasswordRejected, CsrfFailed, RateLimited],
        id="register",
        tag="auth",
        summary="Make an account and sign in",
    )
    def post(
        self, request: Request, *, body: dict[str, Any], headers: dict[str, Any]
    ) -> Response:
        tokens = sign_in.register(
            **body,
            language=translation.get_language_from_request(request._request),
            transport=cookies.transport_of(request._request),
            caller=Caller.of(request._request),
            presented=_presented(request),
            request_headers=_cart(headers),
        )
        return granted(serializers.SignedInUser, tokens, 201)


class Login(_Public):
    uses_cookie = True

    @operation(
        body=schemas.Login,
        headers=schemas.CartHeaders,
        answer=serializers.SignedInUser,
        errors=[errors.InvalidCredentials, CsrfFailed, RateLimited],
        id="login",
        tag="auth",
        summary="Sign in",
    )
    def post(
        self, request: Request, *, body: dict[str, Any], headers: dict[str, Any]
    ) -> Response:
        tokens = sign_in.login(
            **body,
            transport=cookies.transport_of(request._request),
            caller=Caller.of(request._request),
            presented=_presented(request),
            request_headers=_cart(headers),
        )
        return granted(serializers.SignedInUser, tokens)


def _refresh_token(
    request: Request, body: dict[str, Any]
) -> tuple[str | None, Transport]:
    """Return the refresh token and how it came.

    Raises:
        CsrfFailed: a cookie came, but not from the shop's own pages, which would say so.
    """
    if "refresh" in body:
        return body["refresh"], Transport.BODY
    token = cookies.read(request._request)
    if token and cookies.transport_of(request._request) != Transport.COOKIE:
        raise CsrfFailed
    return token, Transport.COOKIE


class Refresh(_Public):
    uses_cookie = True

    @operation(
        body=schemas.Refresh,
        headers=schemas.RefreshHeaders,
        answer=serializers.SignedIn,
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
        description="With an Idempotency-Key (a UUID) a lost answer can be asked for again for five minutes.",
    )
    def post(
        self, request: Request, *, body: dict[str, Any], headers: dict[str, Any]
    ) -> Response:
        text, transport = _refresh_token(request, body)
        if text is None:
            raise errors.RefreshTokenMissing
        tokens = session_refresh.refresh(
            text=text,
            transport=transport,
            key=headers.get("idempotency_key"),
            # accounts.middleware
            received_at=request._request.received_at,  # type: ignore[attr-defined]
            caller=Caller.of(request._request),
        )
        return granted(serializers.SignedIn, tokens)


class Logout(_Public):
    uses_cookie = True

    @operation(
        body=schemas.Logout,
        status=204,
        errors=[CsrfFailed],
        id="logout",
        tag="auth",
        summary="End the session, also by a spent or expired token",
    )
    def post(self, request: Request, *, body: dict[str, Any]) -> Response:
        text, transport = _refresh_token(request, body)
        ended = sign_in.presented_session(RefreshToken, text) | _bearer_session(request)
        sign_in.logout(sessions=ended, caller=Caller.of(request._request))
        response = Response(status=204)
        if (
            transport == Transport.COOKIE
            and cookies.transport_of(request._request) == Transport.COOKIE
        ):
            cookies.clear(response)
        return response


class LogoutEverywhere(AuthView):
    @operation(
        status=204,
        errors=[errors.ReauthenticationRequired],
        id="logoutEverywhere",
        tag="auth",
        summary="End every session of the user",
    )
    def post(self, request: Request) -> Response:
        sessions.logout_everywhere(
            current=session(request), caller=Caller.of(request._request)
        )
        return Response(status=204)


class Reauthenticate(AuthView):
    @operation(
        body=schemas.Reauthenticate,
        status=204,
        errors=[errors.CurrentPasswordWrong, RateLimited],
        id="reauthenticate",
        tag="auth",
        summary="Give the password again, for a sensitive call",
    )
    def post(self, request: Request, *, body: dict[str, Any]) -> Response:
        sign_in.reauthenticate(
            current=session(request), caller=Caller.of(request._request), **body
        )
        return Response(status=204)


class Sessions(AuthView):
    @operation(
        answer=serializers.Sessions,
        id="listSessions",
        tag="auth",
        summary="Where the user is signed in",
    )
    def get(self, request: Request) -> Response:
        return Response(
            serializers.Sessions(
                {"items": selectors.list_sessions(current=session(request))}
            ).data
        )


class OneSession(AuthView):
    @operation(
        status=204,
        errors=[NotFound, errors.ReauthenticationRequired],
        id="revokeSession",
        tag="auth",
        summary="Sign one device out",
    )
    def delete(self, request: Request, *, id: UUID) -> Response:  # noqa: A002 (the URL's name)
        sessions.revoke_session(
            current=session(request), session_id=id, caller=Caller.of(request._request)
        )
        return Response(status=204)


class ChangePassword(AuthView):
    @operation(
        body=schemas.ChangePassword,
        answer=serializers.SignedIn,
        errors=[errors.CurrentPasswordWrong, errors.PasswordRejected, RateLimited],
        id="changePassword",
        tag="auth",
        summary="Set a new password and sign all other devices out",
    )
    def post(self, request: Request, *, body: dict[str, Any]) -> Response:
        tokens = passwords.change_password(
            current=session(request), caller=Caller.of(request._request), **body
        )
        return granted(serializers.SignedIn, tokens)


class ForgotPassword(_Public):
    @operation(
        body=schemas.ForgotPassword,
        status=202,
        errors=[RateLimited],
        id="forgotPassword",
        tag="auth",
        summary="Ask for a mail to set a new password",
    )
    def post(self, request: Request, *, body: dict[str, Any]) -> Response:
        passwords.forgot_password(caller=Caller.of(request._request), **body)
        return Response(serializers.Accepted({"accepted": True}).data, 202)


class ResetPassword(_Public):
    @operation(
        body=schemas.ResetPassword,
        status=204,
        errors=[errors.ResetTokenInvalid, errors.PasswordRejected, RateLimited],
        id="resetPassword",
        tag="auth",
        summary="Set a new password by the token of a mail",
    )
    def post(self, request: Request, *, body: dict[str, Any]) -> Response:
        passwords.reset_password(caller=Caller.of(request._request), **body)
        return Response(status=204)


class VerifyEmail(_Public):
    @operation(
        body=schemas.VerifyEmail,
        status=204,
        errors=[errors.VerificationTokenInvalid, errors.EmailTaken, RateLimited],
        id="verifyEmail",
        tag="auth",
        summary="Verify an address by the token of a mail",
    )
    def post(self, request: Request, *, body: dict[str, Any]) -> Response:
        emails.verify_email(caller=Caller.of(request._request), **body)
        return Response(status=204)


class ResendVerification(AuthView):
    permission_classes = [AllowAny]
    authentication_classes = [BearerAuthentication]

    @operation(
        body=schemas.ResendVerification,
        status=202,
        errors=[RateLimited],
        id="resendVerification",
        tag="auth",
        summary="Ask for the verification mail again",
    )
    def post(self, request: Request, *, body: dict[str, Any]) -> Response:
        email = body.get("email") or getattr(request.user, "email", None)
        if email is None:
            raise Invalid.at("/email", "required", "Give the address, or sign in.")
        emails.resend_verification(email=email, caller=Caller.of(request._request))
        return Response(serializers.Accepted({"accepted": True}).data, 202)


class Profile(AuthView):
    @operation(
        answer=serializers.User,
        id="getProfile",
        tag="auth",
        summary="The signed-in user",
    )
    def get(self, request: Request) -> Response:
        return Response(serializers.User(me(request)).data)

    @operation(
        body=schemas.ChangeProfile,
        answer=serializers.User,
        errors=[errors.EmailTaken, errors.ReauthenticationRequired, RateLimited],
        id="changeProfile",
        tag="auth",
        summary="Change one's own data; a new address must be verified first",
    )
    def patch(self, request: Request, *, body: dict[str, Any]) -> Response:
        user = profiles.change_profile(
            current=session(request), caller=Caller.of(request._request), **body
        )
        return Response(serializers.User(user).data)


class Export(AuthView):
    @operation(
        answer=serializers.Export,
        id="exportMe",
        tag="auth",
        summary="Everything that is known about the user",
    )
    def get(self, request: Request) -> Response:
        user = me(request)
        found = privacy.export_user(
            user_id=user.pk, caller=Caller.of(request._request), by=user.pk
        )
        return Response(
            found,
            headers={"Content-Disposition": 'attachment; filename="my-data.json"'},
        )


class Erase(AuthView):
    @operation(
        status=204,
        errors=[errors.ReauthenticationRequired, Unprocessable],
        id="eraseMe",
        tag="auth",
        summary="Anonymise the signed-in customer, for good",
    )
    def post(self, request: Request) -> Response:
        privacy.erase_me(current=session(request), caller=Caller.of(request._request))
        return Response(status=204)
