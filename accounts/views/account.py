"""A signed-in user's own account: sessions, password, address, profile, export, erasure."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import errors, schemas, selectors, serializers
from accounts.models import Session
from accounts.services import (
    emails,
    passwords,
    privacy,
    profiles,
    sessions,
)
from accounts.tokens import (
    BearerAuthentication,
    authenticate_token,
    read_bearer_token,
)
from accounts.views.base import (
    AuthView,
    PublicAuthView,
    current_session,
    current_user,
    get_client,
    token_response,
)
from markrin.api.errors import (
    Invalid,
    NotFound,
    RateLimited,
    ReauthenticationRequired,
    ShopError,
    Unprocessable,
)
from markrin.api.operations import operation
from markrin.api.permissions import AllowAny


def _find_bearer_session(request: Request) -> Session | None:
    """Return the live session whose access token came with the call, None without one."""
    text = read_bearer_token(request.headers.get("Authorization"))
    try:
        return authenticate_token(text, now=timezone.now()) if text else None
    except ShopError:
        return None  # such a token proves nothing, and keeps nobody from following a link


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
    def post(
        self, request: Request, *, body: schemas.VerificationRequest
    ) -> Response:
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
