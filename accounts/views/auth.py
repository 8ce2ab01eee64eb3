"""Signing in and out: auth.md, section 5."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import translation
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import cookies, errors, schemas, selectors, serializers
from accounts.client_info import ClientInfo
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
from accounts.tokens import (
    AccessToken,
    BearerAuthentication,
    RefreshToken,
    read_bearer_token,
)
from accounts.views.base import AuthView, current_session, current_user, token_response
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


class PublicAuthView(AuthView):
    """Reads the tokens by itself: one that has expired must not keep anybody from signing
    in or out.
    """

    permission_classes = [AllowAny]
    authentication_classes: list[type[BaseAuthentication]] = []

    def get_authenticate_header(self, request: Any) -> str:
        return 'Bearer realm="markrin"'


def _read_bearer_session(request: Request) -> set[UUID]:
    return sign_in.presented_session(
        AccessToken, read_bearer_token(request.headers.get("Authorization"))
    )


def _list_presented_sessions(request: Request) -> set[UUID]:
    """Return the sessions whose tokens came with a sign-in: it takes their place."""
    found = _read_bearer_session(request)
    if cookies.get_transport(request._request) == Transport.COOKIE:
        found |= sign_in.presented_session(
            RefreshToken, cookies.read_refresh_cookie(request._request)
        )
    return found


def _get_cart_headers(headers: dict[str, Any]) -> dict[str, str]:
    return (
        {"X-Cart-Token": headers["x_cart_token"]} if "x_cart_token" in headers else {}
    )


class Register(PublicAuthView):
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
        tokens = sign_in.register_customer(
            **body,
            language=translation.get_language_from_request(request._request),
            transport=cookies.get_transport(request._request),
            client=ClientInfo.from_request(request._request),
            presented=_list_presented_sessions(request),
            request_headers=_get_cart_headers(headers),
        )
        return token_response(serializers.SignedInUser, tokens, 201)


class Login(PublicAuthView):
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
        tokens = sign_in.log_in(
            **body,
            transport=cookies.get_transport(request._request),
            client=ClientInfo.from_request(request._request),
            presented=_list_presented_sessions(request),
            request_headers=_get_cart_headers(headers),
        )
        return token_response(serializers.SignedInUser, tokens)


def _read_refresh_token(
    request: Request, body: dict[str, Any]
) -> tuple[str | None, Transport]:
    """Return the refresh token and how it came.

    Raises:
        CsrfFailed: a cookie came, but not from the shop's own pages, which would say so.
    """
    if "refresh" in body:
        return body["refresh"], Transport.BODY
    token = cookies.read_refresh_cookie(request._request)
    if token and cookies.get_transport(request._request) != Transport.COOKIE:
        raise CsrfFailed
    return token, Transport.COOKIE


class Refresh(PublicAuthView):
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
        text, transport = _read_refresh_token(request, body)
        if text is None:
            raise errors.RefreshTokenMissing
        tokens = session_refresh.refresh_session(
            text=text,
            transport=transport,
            key=headers.get("idempotency_key"),
            # accounts.middleware
            received_at=request._request.received_at,  # type: ignore[attr-defined]
            client=ClientInfo.from_request(request._request),
        )
        return token_response(serializers.SignedIn, tokens)


class Logout(PublicAuthView):
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
        text, transport = _read_refresh_token(request, body)
        ended = sign_in.presented_session(RefreshToken, text) | _read_bearer_session(
            request
        )
        sign_in.log_out(
            sessions=ended, client=ClientInfo.from_request(request._request)
        )
        response = Response(status=204)
        if (
            transport == Transport.COOKIE
            and cookies.get_transport(request._request) == Transport.COOKIE
        ):
            cookies.clear_refresh_cookie(response)
        return response


class LogoutAll(AuthView):
    @operation(
        status=204,
        errors=[errors.ReauthenticationRequired],
        id="logoutEverywhere",
        tag="auth",
        summary="End every session of the user",
    )
    def post(self, request: Request) -> Response:
        sessions.logout_everywhere(
            current=current_session(request),
            client=ClientInfo.from_request(request._request),
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
            current=current_session(request),
            client=ClientInfo.from_request(request._request),
            **body,
        )
        return Response(status=204)


class SessionList(AuthView):
    @operation(
        answer=serializers.Sessions,
        id="listSessions",
        tag="auth",
        summary="Where the user is signed in",
    )
    def get(self, request: Request) -> Response:
        return Response(
            serializers.Sessions(
                {"items": selectors.list_sessions(current=current_session(request))}
            ).data
        )


class SessionDetail(AuthView):
    @operation(
        status=204,
        errors=[NotFound, errors.ReauthenticationRequired],
        id="revokeSession",
        tag="auth",
        summary="Sign one device out",
    )
    def delete(self, request: Request, *, id: UUID) -> Response:  # noqa: A002 (the URL's name)
        sessions.revoke_session(
            current=current_session(request),
            session_id=id,
            client=ClientInfo.from_request(request._request),
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
            current=current_session(request),
            client=ClientInfo.from_request(request._request),
            **body,
        )
        return token_response(serializers.SignedIn, tokens)


class ForgotPassword(PublicAuthView):
    @operation(
        body=schemas.ForgotPassword,
        status=202,
        errors=[RateLimited],
        id="forgotPassword",
        tag="auth",
        summary="Ask for a mail to set a new password",
    )
    def post(self, request: Request, *, body: dict[str, Any]) -> Response:
        passwords.forgot_password(
            client=ClientInfo.from_request(request._request), **body
        )
        return Response(serializers.Accepted({"accepted": True}).data, 202)


class ResetPassword(PublicAuthView):
    @operation(
        body=schemas.ResetPassword,
        status=204,
        errors=[errors.ResetTokenInvalid, errors.PasswordRejected, RateLimited],
        id="resetPassword",
        tag="auth",
        summary="Set a new password by the token of a mail",
    )
    def post(self, request: Request, *, body: dict[str, Any]) -> Response:
        passwords.reset_password(
            client=ClientInfo.from_request(request._request), **body
        )
        return Response(status=204)


class VerifyEmail(PublicAuthView):
    @operation(
        body=schemas.VerifyEmail,
        status=204,
        errors=[errors.VerificationTokenInvalid, errors.EmailTaken, RateLimited],
        id="verifyEmail",
        tag="auth",
        summary="Verify an address by the token of a mail",
    )
    def post(self, request: Request, *, body: dict[str, Any]) -> Response:
        emails.verify_email(client=ClientInfo.from_request(request._request), **body)
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
        emails.resend_verification(
            email=email, client=ClientInfo.from_request(request._request)
        )
        return Response(serializers.Accepted({"accepted": True}).data, 202)


class Profile(AuthView):
    @operation(
        answer=serializers.User,
        id="getProfile",
        tag="auth",
        summary="The signed-in user",
    )
    def get(self, request: Request) -> Response:
        return Response(serializers.User(current_user(request)).data)

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
            current=current_session(request),
            client=ClientInfo.from_request(request._request),
            **body,
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
        user = current_user(request)
        found = privacy.export_user(
            user_id=user.pk,
            client=ClientInfo.from_request(request._request),
            by=user.pk,
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
        privacy.erase_me(
            current=current_session(request),
            client=ClientInfo.from_request(request._request),
        )
        return Response(status=204)
