"""The second factor of staff at the API: a code besides the password.

The device is set up in the admin. Codes and their throttling are django-otp's. Source: RFC 6238."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.utils import timezone
from django_otp import user_has_device

from accounts import errors
from accounts.client_info import ClientInfo
from accounts.models import Session, User
from accounts.schemas import FactorCode
from accounts.services.auth_log import log_auth_event
from markrin.admin.second_factor import match_code
from markrin.api import rate_limits
from markrin.api.errors import SecondFactorRequired

CHALLENGE_TTL_S = 300
_SALT = "accounts.second_factor"


def demand_code(user: User) -> None:
    """Return if the password alone signs this user in.

    Raises:
        SecondFactorRequired: with a challenge, which goes back together with a code.
        errors.SecondFactorNotSetUp: there is no device to make codes.
    """
    if not (settings.ADMIN_SECOND_FACTOR and user.is_staff):
        return
    if not user_has_device(user):
        raise errors.SecondFactorNotSetUp
    raise SecondFactorRequired(challenge=_sign_challenge(user))


def _sign_challenge(user: User) -> str:
    return signing.dumps([str(user.pk), user.auth_epoch], salt=_SALT)


def read_challenge(challenge: str) -> User:
    """Return the user whose password was right, and still is.

    Raises:
        errors.ChallengeInvalid: it is too old, or the password has changed, or it is not ours.
    """
    try:
        user_id, epoch = signing.loads(
            challenge, salt=_SALT, max_age=CHALLENGE_TTL_S
        )
    except signing.BadSignature as exc:  # or too old
        raise errors.ChallengeInvalid from exc
    user = User.objects.filter(
        pk=UUID(user_id), is_active=True, auth_epoch=epoch
    ).first()
    if user is None:
        raise errors.ChallengeInvalid
    return user


def check_code(user: User, code: str, *, client: ClientInfo) -> None:
    """Return if the code is one of the user's, and use it up. A wrong one is logged.

    Not in a transaction: that a code was wrong must survive the refusal.

    Raises:
        errors.SecondFactorWrong: it is not, or the device waits after wrong ones.
        markrin.api.errors.RateLimited: too many were tried.
    """
    limit = rate_limits.Limit.named("second_factor")
    rate_limits.enforce_limit(limit, str(user.pk))
    if match_code(user, code) is None:
        log_auth_event("second_factor", "failed", client=client, user_id=user.pk)
        raise errors.SecondFactorWrong
    rate_limits.reset_counter(limit, str(user.pk))


def confirm_factor(
    given: FactorCode, *, current: Session, client: ClientInfo
) -> None:
    """Note that the user has just given a code, as staff's calls ask for.

    Raises:
        errors.SecondFactorNotSetUp: there is no device to make codes.
        errors.SecondFactorWrong, markrin.api.errors.RateLimited: as check_code.
    """
    if not user_has_device(current.user):
        raise errors.SecondFactorNotSetUp
    check_code(current.user, given.code, client=client)
    Session.objects.filter(pk=current.pk).update(second_factor_at=timezone.now())
    log_auth_event(
        "second_factor",
        "ok",
        client=client,
        user_id=current.user_id,
        sid=current.pk,
    )


def log_admin_factor(*, request: HttpRequest, succeeded: bool) -> None:
    """Write down that a factor was given in the admin (the hook `factor_given`)."""
    log_auth_event(
        "second_factor",
        "ok" if succeeded else "failed",
        client=ClientInfo.from_request(request),
        user_id=cast(User, request.user).pk,
        at="admin",
    )
