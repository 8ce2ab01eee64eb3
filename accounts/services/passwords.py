"""Change and reset a password."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import errors, events, passwords
from accounts.callers import Caller
from accounts.models import Purpose, Revoked, Session, User
from accounts.services import credentials, mail_tokens
from accounts.services.session_refresh import rotate
from accounts.services.sessions import Tokens, note, revoke_all, spend
from markrin import hooks
from markrin.api import rate_limits
from markrin.db.models import uuid7
from markrin.outbox import services as outbox


def change_password(
    *, current: Session, current_password: str, new_password: str, caller: Caller
) -> Tokens:
    """Set a new password, end all other sessions and give this one new tokens.

    Raises:
        errors.CurrentPasswordWrong, errors.PasswordRejected: nothing has changed.
        errors.SessionRevoked: this session has ended meanwhile.
        markrin.api.errors.RateLimited: too many passwords were tried.
    """
    try:
        credentials.confirm(current.user, current_password)
    except errors.CurrentPasswordWrong:
        note(
            "password_change",
            "failed",
            caller=caller,
            user_id=current.user_id,
            sid=current.pk,
        )
        raise
    passwords.check(new_password, current.user, field="newPassword")
    return _change(current, new_password, caller)


@transaction.atomic(durable=True)
def _change(current: Session, new_password: str, caller: Caller) -> Tokens:
    now = timezone.now()
    user = User.objects.select_for_update(no_key=True).get(pk=current.user_id)
    session = Session.objects.filter(pk=current.pk).locked().first()
    if (
        session is None
        or session.revoked_at is not None
        or not user.is_active
        or user.auth_epoch
        != current.user.auth_epoch  # the password that was confirmed is no longer theirs
    ):
        raise errors.SessionRevoked
    _set(user, new_password)
    revoke_all([user.pk], reason=Revoked.PASSWORD_CHANGE, now=now, but=session.pk)
    session.user, session.auth_epoch, session.authenticated_at = (
        user,
        user.auth_epoch,
        now,
    )
    spend(session.current_jti)
    rotate(session, now, key_hash=None)
    note("password_change", "ok", caller=caller, user_id=user.pk, sid=session.pk)
    return Tokens.of(session, now)


def _set(user: User, password: str) -> None:
    """Set the password; a step under the user's lock. Links in mails that are on their way
    become void.
    """
    user.set_password(password)
    user.save(update_fields=["password"])
    mail_tokens.void(user)


def forgot_password(*, email: str, caller: Caller) -> None:
    """Ask for a mail with a link to set a new password. Neither the answer nor its time
    tells who has an account.

    Raises:
        markrin.api.errors.RateLimited: asked for too often, by this network or for this address.
    """
    rate_limits.take(rate_limits.Limit.named("forgot_network"), caller.network)
    rate_limits.take(
        rate_limits.Limit.named("forgot_account"), credentials.account_key(email)
    )
    user_id = (
        User.objects.filter(email=email, is_active=True)
        .values_list("pk", flat=True)
        .first()
    )
    with transaction.atomic(durable=True):
        note("password_forgot", "ok", caller=caller, user_id=user_id)
        outbox.add(events.ResetRequested(user_id=user_id or uuid7()))


def reset_password(*, token: str, new_password: str, caller: Caller) -> None:
    """Set a new password by the token of a mail, which also proves the address; end every session.

    Raises:
        errors.ResetTokenInvalid: unknown, used, too old or void.
        errors.PasswordRejected: the token stays usable.
        markrin.api.errors.RateLimited: this network has tried too many.
    """
    rate_limits.take(rate_limits.Limit.named("mail_token"), caller.network)
    user = mail_tokens.owner(token, Purpose.RESET)
    if user is None:
        note("password_reset", "failed", caller=caller)
        raise errors.ResetTokenInvalid
    passwords.check(new_password, user, field="newPassword")
    _reset(user.pk, token, new_password, caller)


@transaction.atomic(durable=True)
def _reset(user_id: UUID, token: str, new_password: str, caller: Caller) -> None:
    now = timezone.now()
    user = (
        User.objects.select_for_update(no_key=True)
        .filter(pk=user_id, is_active=True)
        .first()
    )
    if user is None or not mail_tokens.use(
        token, Purpose.RESET, user, email=user.email
    ):
        raise errors.ResetTokenInvalid
    _set(user, new_password)
    revoke_all([user.pk], reason=Revoked.PASSWORD_RESET, now=now)
    if user.email_verified_at is None:
        user.email_verified_at = now
        user.save(update_fields=["email_verified_at"])
        hooks.call("email_verified", user=user)
    note("password_reset", "ok", caller=caller, user_id=user.pk)
