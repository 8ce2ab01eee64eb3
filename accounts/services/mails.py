"""The mails around accounts: each reads the present state, mints the token that it carries,
and sends.
"""

from __future__ import annotations

from copy import copy
from typing import Any
from uuid import UUID

from django.conf import settings

from accounts.models import Session, TokenPurpose, User
from accounts.services import mail_tokens
from markrin.mail import sending

Result = dict[str, Any]


def _get_active_user(user_id: UUID) -> User | None:
    return User.objects.filter(pk=user_id, is_active=True).first()


def _send_mail(
    template: str, user: User, *, key: str, to: str | None = None, **context: object
) -> Result:
    if not user.email_verified:
        # Whoever has registered with somebody else's address does not get to write to them.
        user = copy(user)
        user.name = user.email.partition("@")[0]
    return sending.send_mail(
        template=f"accounts/{template}",
        to=to or user.email,
        context={"user": user, **context},
        key=key,
        language=user.language or None,
    )


def _verify_token(user: User, email: str) -> str:
    return mail_tokens.create_token(
        user, TokenPurpose.VERIFY, email=email, ttl_s=settings.VERIFY_TOKEN_TTL_S
    )


def welcome_by_mail(*, user_id: UUID) -> Result:
    """Greet a new user, and ask to verify the address where that has not happened yet."""
    user = _get_active_user(user_id)
    if user is None:
        return {"skipped": "no such user"}
    token = None if user.email_verified else _verify_token(user, user.email)
    return _send_mail(
        "welcome", user, key=f"accounts.welcome:{user.pk}", token=token
    )


def verify_by_mail(*, user_id: UUID, asked_id: UUID, again: bool = False) -> Result:
    """Send the link that verifies the user's address; with `again` also if it is verified."""
    user = _get_active_user(user_id)
    if user is None or (user.email_verified and not again):
        return {"skipped": "nothing to verify"}
    return _send_mail(
        "verify",
        user,
        key=f"accounts.verify:{asked_id}",
        token=_verify_token(user, user.email),
    )


def confirm_new_email_by_mail(*, user_id: UUID, asked_id: UUID) -> Result:
    """Send the link that makes the new address the user's to that address."""
    user = _get_active_user(user_id)
    if user is None or not user.pending_email:
        return {"skipped": "nothing to verify"}
    token = _verify_token(user, user.pending_email)
    return _send_mail(
        "email_change",
        user,
        key=f"accounts.email_change:{asked_id}",
        to=user.pending_email,
        token=token,
    )


def warn_of_new_email_by_mail(*, user_id: UUID, asked_id: UUID) -> Result:
    """Tell the present address that another one is about to replace it."""
    user = _get_active_user(user_id)
    if user is None or not user.pending_email:
        return {"skipped": "not asked for any more"}
    return _send_mail(
        "email_change_notice", user, key=f"accounts.email_change_notice:{asked_id}"
    )


def reset_by_mail(*, user_id: UUID, asked_id: UUID) -> Result:
    """Send the link to set a new password, if there is such a user."""
    user = _get_active_user(user_id)
    if user is None:
        return {"skipped": "no such user"}
    token = mail_tokens.create_token(
        user, TokenPurpose.RESET, email=user.email, ttl_s=settings.RESET_TOKEN_TTL_S
    )
    return _send_mail(
        "reset",
        user,
        key=f"accounts.reset:{asked_id}",
        token=token,
        minutes=settings.RESET_TOKEN_TTL_S // 60,
    )


def invite_by_mail(*, user_id: UUID, asked_id: UUID) -> Result:
    """Send a user whom an admin has added the link to set a first password."""
    user = _get_active_user(user_id)
    if user is None:
        return {"skipped": "no such user"}
    token = mail_tokens.create_token(
        user,
        TokenPurpose.RESET,
        email=user.email,
        ttl_s=settings.VERIFY_TOKEN_TTL_S,
    )
    return _send_mail(
        "invite", user, key=f"accounts.invite:{asked_id}", token=token
    )


def report_reuse_by_mail(*, user_id: UUID, session_id: UUID) -> Result:
    """Tell the user that a session was ended because one of its tokens was used twice."""
    return _about_session("reuse_detected", user_id, session_id)


def report_new_device_by_mail(*, user_id: UUID, session_id: UUID) -> Result:
    """Tell the user of a sign-in from a device and network that were not seen before."""
    return _about_session("new_device", user_id, session_id)


def _about_session(template: str, user_id: UUID, session_id: UUID) -> Result:
    user = _get_active_user(user_id)
    session = Session.objects.filter(pk=session_id, user_id=user_id).first()
    if user is None or session is None:
        return {"skipped": "no such session"}
    return _send_mail(
        template, user, key=f"accounts.{template}:{session.pk}", session=session
    )
