"""Every refusal around accounts and signing in: status, code, message."""

from collections.abc import Mapping

from markrin.api import errors

CHALLENGE = 'Bearer realm="markrin", error="invalid_token"'


class _TokenRefused(errors.ShopError):
    """A token was sent and identifies nobody. Source: RFC 6750 section 3."""

    def __init__(
        self,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **extra: object,
    ) -> None:
        super().__init__(
            detail,
            headers={"WWW-Authenticate": CHALLENGE, **(headers or {})},
            **extra,
        )


def token_invalid() -> errors.TokenInvalid:
    """Return the refusal of a token that is not ours, or of another kind."""
    return errors.TokenInvalid(headers={"WWW-Authenticate": CHALLENGE})


class TokenExpired(_TokenRefused):
    identifies = True
    status, code, message = (
        401,
        "token_expired",
        "The access token has expired: refresh it.",
    )


class SessionRevoked(_TokenRefused):
    identifies = True
    status, code, message = (
        401,
        "session_revoked",
        "This session has been ended. Sign in again.",
    )


class SessionExpired(_TokenRefused):
    identifies = True
    status, code, message = (
        401,
        "session_expired",
        "This session has reached its end. Sign in again.",
    )


class RefreshTokenExpired(_TokenRefused):
    status, code, message = (
        401,
        "refresh_token_expired",
        "The session was not used for too long. Sign in again.",
    )


class RefreshTokenMissing(errors.ShopError):
    status, code, message = (
        401,
        "refresh_token_missing",
        "There is no refresh token in the request.",
    )


class InvalidCredentials(errors.ShopError):
    status, code, message = (
        401,
        "invalid_credentials",
        "E-mail and password do not match an account.",
    )


class RefreshConflict(errors.ShopError):
    status, code, message = (
        409,
        "refresh_conflict",
        "The session is being refreshed by another request. Try again.",
    )

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class EmailTaken(errors.ShopError):
    status, code, message = (
        409,
        "email_taken",
        "There is an account with this e-mail address already.",
    )


class CurrentPasswordWrong(errors.ShopError):
    status, code, message = (
        400,
        "current_password_wrong",
        "The current password is not right.",
    )


class PasswordRejected(errors.Invalid):
    status, code, message = (
        400,
        "password_rejected",
        "The password is too easy to guess.",
    )


class ResetTokenInvalid(errors.ShopError):
    status, code, message = (
        400,
        "reset_token_invalid",
        "The link has been used, is too old, or is not ours.",
    )


class VerificationTokenInvalid(errors.ShopError):
    status, code, message = (
        400,
        "verification_token_invalid",
        "The link has been used, is too old, or is not ours.",
    )


class SecondFactorNotSetUp(errors.ShopError):
    status, code, message = (
        403,
        "second_factor_not_set_up",
        "Sign in to the admin first, and set up a second factor there.",
    )


class SecondFactorWrong(errors.ShopError):
    status, code, message = (
        400,
        "second_factor_wrong",
        "This code is not right, or too many were tried: wait a little.",
    )


class ChallengeInvalid(errors.ShopError):
    status, code, message = (
        400,
        "challenge_invalid",
        "This sign-in has taken too long, or the password has changed: begin again.",
    )


class ApiKeyNameTaken(errors.ShopError):
    status, code, message = 409, "api_key_name_taken", "A live key has this name."


class AddressLimit(errors.ShopError):
    status, code, message = 422, "address_limit", "The address book is full."


class WishlistLimit(errors.ShopError):
    status, code, message = 422, "wishlist_limit", "The wishlist is full."


class LastAdmin(errors.ShopError):
    status, code, message = (
        409,
        "last_admin",
        "Somebody must remain an active admin.",
    )
