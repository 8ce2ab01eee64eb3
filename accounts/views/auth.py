"""Signing in and out: auth.md, section 5."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from django.utils import timezone, translation
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import cookies, errors, schemas, selectors, serializers
from accounts.models import Session, Transport
from accounts.services import (
    emails,
    passwords,
    privacy,
    profiles,
    second_factor,
    session_refresh,
    sessions,
    sign_in,
)
from accounts.tokens import (
    AccessToken,
    BearerAuthentication,
    RefreshToken,
    authenticate_token,
    read_bearer_token,
)
from accounts.views.base import (
    AuthView,
    current_session,
    current_user,
    get_client,
    token_response,
)
from markrin.api.errors import (
    CsrfFailed,
    Invalid,
    NotFound,
    RateLimited,
    ReauthenticationRequired,
    SecondFactorRequired,
    ShopError,
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

    def get_authenticate_header(self, request: object) -> str:
        return 'Bearer realm="markrin"'


def _read_bearer_session(request: Request) -> set[UUID]:
    return sign_in.presented_session(
        AccessToken, read_bearer_token(request.headers.get("Authorization"))
    )


def _find_bearer_session(request: Request) -> Session | None:
    """Return the live session whose access token came with the call, None without one."""
    text = read_bearer_token(request.headers.get("Authorization"))
    try:
        return authenticate_token(text, now=timezone.now()) if text else None
    except ShopError:
        return (
            None  # such a token proves nothing, and keeps nobody from following a link
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
        errors=[errors.EmailTaken, errors.PasswordRejected, CsrfFailed, RateLimited],
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
        response=serializers.SignedIn,
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
        return token_response(serializers.SignedIn, tokens)


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
        ended = sign_in.presented_session(RefreshToken, text) | _read_bearer_session(
            request
        )
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


class SessionList(AuthView):
    @operation(
        response=serializers.Sessions,
        id="listSessions",
        tag="auth",
        summary="Where the user is signed in",
    )
    def get(self, request: Request) -> Response:
        sessions = selectors.list_sessions(current=current_session(request))
        return Response(serializers.Sessions({"items": sessions}).data)


class SessionDetail(AuthView):
    @operation(
        status=HTTPStatus.NO_CONTENT,
        errors=[NotFound, ReauthenticationRequired],
        id="revokeSession",
        tag="auth",
        summary="Sign one device out",
    )
    def delete(self, request: Request, *, session_id: UUID) -> Response:
        sessions.revoke_session(
            current=current_session(request),
            session_id=session_id,
            client=get_client(request),
        )
        return Response(status=HTTPStatus.NO_CONTENT)


class ChangePassword(AuthView):
    @operation(
        body=schemas.ChangePassword,
        response=serializers.SignedIn,
        errors=[errors.CurrentPasswordWrong, errors.PasswordRejected, RateLimited],
        id="changePassword",
        tag="auth",
        summary="Set a new password and sign all other devices out",
    )
    def post(self, request: Request, *, body: schemas.PasswordChange) -> Response:
        tokens = passwords.change_password(
            body, current=current_session(request), client=get_client(request)
        )
        return token_response(serializers.SignedIn, tokens)


class ForgotPassword(PublicAuthView):
    @operation(
        body=schemas.ForgotPassword,
        status=HTTPStatus.ACCEPTED,
        errors=[RateLimited],
        id="forgotPassword",
        tag="auth",
        summary="Ask for a mail to set a new password",
    )
    def post(self, request: Request, *, body: schemas.ResetRequest) -> Response:
        passwords.forgot_password(body, client=get_client(request))
        return Response(
            serializers.Accepted({"accepted": True}).data, HTTPStatus.ACCEPTED
        )


class ResetPassword(PublicAuthView):
    @operation(
        body=schemas.ResetPassword,
        status=HTTPStatus.NO_CONTENT,
        errors=[errors.ResetTokenInvalid, errors.PasswordRejected, RateLimited],
        id="resetPassword",
        tag="auth",
        summary="Set a new password by the token of a mail",
    )
    def post(self, request: Request, *, body: schemas.PasswordReset) -> Response:
        passwords.reset_password(body, client=get_client(request))
        return Response(status=HTTPStatus.NO_CONTENT)


class VerifyEmail(PublicAuthView):
    @operation(
        body=schemas.VerifyEmail,
        status=HTTPStatus.NO_CONTENT,
        errors=[errors.VerificationTokenInvalid, errors.EmailTaken, RateLimited],
        id="verifyEmail",
        tag="auth",
        summary="Verify an address by the token of a mail",
    )
    def post(self, request: Request, *, body: schemas.EmailProof) -> Response:
        emails.verify_email(
            body, client=get_client(request), current=_find_bearer_session(request)
        )
        return Response(status=HTTPStatus.NO_CONTENT)


class ResendVerification(AuthView):
    permission_classes = [AllowAny]
    authentication_classes = [BearerAuthentication]

    @operation(
        body=schemas.ResendVerification,
        status=HTTPStatus.ACCEPTED,
        errors=[RateLimited],
        id="resendVerification",
        tag="auth",
        summary="Ask for the verification mail again",
    )
    def post(self, request: Request, *, body: schemas.VerificationRequest) -> Response:
        email = body.email or getattr(request.user, "email", None)
        if email is None:
            raise Invalid.at("/email", "required", "Give the address, or sign in.")
        own = getattr(request.user, "email", None)
        emails.resend_verification(
            email=email, client=get_client(request), signed_in=email == own
        )
        return Response(
            serializers.Accepted({"accepted": True}).data, HTTPStatus.ACCEPTED
        )


class Profile(AuthView):
    @operation(
        response=serializers.User,
        id="getProfile",
        tag="auth",
        summary="The signed-in user",
    )
    def get(self, request: Request) -> Response:
        return Response(serializers.User(current_user(request)).data)

    @operation(
        body=schemas.ChangeProfile,
        response=serializers.User,
        errors=[errors.EmailTaken, ReauthenticationRequired, RateLimited],
        id="changeProfile",
        tag="auth",
        summary="Change one's own data; a new address must be verified first",
    )
    def patch(self, request: Request, *, body: schemas.ProfileChange) -> Response:
        user = profiles.change_profile(
            body, current=current_session(request), client=get_client(request)
        )
        return Response(serializers.User(user).data)


class Export(AuthView):
    @operation(
        response=serializers.Export,
        errors=[ReauthenticationRequired],
        id="exportMe",
        tag="auth",
        summary="Everything that is known about the user",
    )
    def get(self, request: Request) -> Response:
        export = privacy.export_me(
            current=current_session(request), client=get_client(request)
        )
        return Response(
            export,
            headers={"Content-Disposition": 'attachment; filename="my-data.json"'},
        )


class Erase(AuthView):
    @operation(
        status=HTTPStatus.NO_CONTENT,
        errors=[ReauthenticationRequired, Unprocessable],
        id="eraseMe",
        tag="auth",
        summary="Anonymise the signed-in customer, for good",
    )
    def post(self, request: Request) -> Response:
        privacy.erase_me(
            current=current_session(request),
            client=get_client(request),
        )
        return Response(status=HTTPStatus.NO_CONTENT)
