"""Change and reset a password."""

from __future__ import annotations

from uuid import UUID

from django.utils import timezone

from accounts import errors, events, hooks, password_rules
from accounts.client_info import ClientInfo
from accounts.models import RevokedReason, Session, TokenPurpose, User
from accounts.schemas import PasswordChange, PasswordReset, ResetRequest
from accounts.services import credentials, mail_tokens
from accounts.services.auth_log import log_auth_event
from accounts.services.session_refresh import rotate_token
from accounts.services.sessions import Tokens, revoke_sessions_of
from accounts.tokens import RefreshToken
from markrin.api import rate_limits
from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.outbox import services as outbox


def change_password(
    change: PasswordChange, *, current: Session, client: ClientInfo
) -> Tokens:
    """Set a new password, end all other sessions and give this one new tokens.

    Raises:
        errors.CurrentPasswordWrong, errors.PasswordRejected: nothing has changed.
        errors.SessionRevoked: this session has ended meanwhile.
        markrin.api.errors.RateLimited: too many passwords were tried.
    """
    credentials.confirm_password(
        change.current_password,
        current=current,
        client=client,
        action="password_change",
    )
    password_rules.check_new_password(
        change.new_password, current.user, field="newPassword"
    )
    return _apply_change(current, change.new_password, client)


@transactions.durable
def _apply_change(
    current: Session, new_password: str, client: ClientInfo
) -> Tokens:
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
    _set_password(user, new_password)
    revoke_sessions_of(
        [user.pk], reason=RevokedReason.PASSWORD_CHANGE, now=now, but=session.pk
    )
    session.auth_epoch, session.authenticated_at = user.auth_epoch, now
    session.save(update_fields=["auth_epoch", "authenticated_at"])
    live = RefreshToken.for_session(session)
    rotated = rotate_token(
        live, transport=session.transport, now=now, key_hash=None
    )
    if rotated is None:
        raise errors.SessionRevoked  # its live token was spent elsewhere
    log_auth_event(
        "password_change", "ok", client=client, user_id=user.pk, sid=session.pk
    )
    return Tokens.for_session(rotated, now)


@transactions.requires_transaction
def _set_password(user: User, password: str) -> None:
    """Set the password; a step under the user's lock. The model ends all that is pending."""
    user.set_password(password)
    user.save(update_fields=["password"])


def forgot_password(request: ResetRequest, *, client: ClientInfo) -> None:
    """Ask for a mail with a link to set a new password. Neither the answer nor its time
    tells who has an account.

    Raises:
        markrin.api.errors.RateLimited: asked for too often, by this network or for this address.
    """
    rate_limits.enforce_limit(
        rate_limits.Limit.named("forgot_network"), client.network
    )
    rate_limits.enforce_limit(
        rate_limits.Limit.named("forgot_account"),
        credentials.account_key(request.email),
    )
    user_id = (
        User.objects.filter(email=request.email, is_active=True)
        .values_list("pk", flat=True)
        .first()
    )
    _store_reset_request(user_id, client)


@transactions.durable
def _store_reset_request(user_id: UUID | None, client: ClientInfo) -> None:
    log_auth_event("password_forgot", "ok", client=client, user_id=user_id)
    outbox.add(events.ResetRequested(user_id=user_id or uuid7()))


def reset_password(reset: PasswordReset, *, client: ClientInfo) -> None:
    """Set a new password by the token of a mail, which also proves the address; end every session.

    Raises:
        errors.ResetTokenInvalid: unknown, used, too old or void.
        errors.PasswordRejected: the token stays usable.
        markrin.api.errors.RateLimited: this network has tried too many.
    """
    rate_limits.enforce_limit(rate_limits.Limit.named("mail_token"), client.network)
    user = mail_tokens.get_token_owner(reset.token, TokenPurpose.RESET)
    if user is None:
        log_auth_event("password_reset", "failed", client=client)
        raise errors.ResetTokenInvalid
    password_rules.check_new_password(reset.new_password, user, field="newPassword")
    _apply_reset(user.pk, reset, client)


@transactions.durable
def _apply_reset(user_id: UUID, reset: PasswordReset, client: ClientInfo) -> None:
    now = timezone.now()
    user = (
        User.objects.select_for_update(no_key=True)
        .filter(pk=user_id, is_active=True)
        .first()
    )
    if user is None or not mail_tokens.consume_token(
        reset.token, TokenPurpose.RESET, user, email=user.email
    ):
        raise errors.ResetTokenInvalid
    _set_password(user, reset.new_password)
    revoke_sessions_of([user.pk], reason=RevokedReason.PASSWORD_RESET, now=now)
    if user.email_verified_at is None:
        user.email_verified_at = now
        user.save(update_fields=["email_verified_at"])
    # Whoever signs in from here on has read a mail at this address.
    hooks.email_verified(user=user)
    log_auth_event("password_reset", "ok", client=client, user_id=user.pk)
