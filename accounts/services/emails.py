"""Verify and change the address."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import errors, events
from accounts.callers import Caller
from accounts.models import Purpose, User
from accounts.services import credentials, mail_tokens
from accounts.services.sessions import note
from markrin import hooks
from markrin.api import rate_limits
from markrin.db.models import uuid7
from markrin.outbox import services as outbox


def verify_email(*, token: str, caller: Caller) -> None:
    """Take the address that the token was sent to as the user's own, be it the present one
    or the one asked for.

    Raises:
        errors.VerificationTokenInvalid: unknown, used, too old or void.
        errors.EmailTaken: somebody else has that address by now.
        markrin.api.errors.RateLimited: this network has tried too many.
    """
    rate_limits.take(rate_limits.Limit.named("mail_token"), caller.network)
    user = mail_tokens.owner(token, Purpose.VERIFY)
    if user is None:
        note("email_verify", "failed", caller=caller)
        raise errors.VerificationTokenInvalid
    try:
        _verify(user.pk, token, caller)
    except IntegrityError as exc:
        if User.objects.filter(email=user.pending_email).exclude(pk=user.pk).exists():
            raise errors.EmailTaken from exc
        raise


@transaction.atomic(durable=True)
def _verify(user_id: UUID, token: str, caller: Caller) -> None:
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    changed = bool(user.pending_email) and mail_tokens.use(
        token, Purpose.VERIFY, user, email=user.pending_email
    )
    if changed:
        user.email, user.pending_email = user.pending_email, ""
    elif not mail_tokens.use(token, Purpose.VERIFY, user, email=user.email):
        raise errors.VerificationTokenInvalid
    user.email_verified_at = timezone.now()
    user.save(
        update_fields=["email", "pending_email", "email_verified_at", "updated_at"]
    )
    if changed:
        mail_tokens.void(user)
    hooks.call("email_verified", user=user)
    note("email_verify", "ok", caller=caller, user_id=user.pk, changed=changed)


def resend_verification(*, email: str, caller: Caller) -> None:
    """Ask for the mail once more. The answer does not tell who has an account.

    Raises:
        markrin.api.errors.RateLimited: asked for too often, by this network or for this address.
    """
    rate_limits.take(rate_limits.Limit.named("forgot_network"), caller.network)
    rate_limits.take(
        rate_limits.Limit.named("forgot_account"),
        "verify",
        credentials.account_key(email),
    )
    user_id = (
        User.objects.filter(email=email, is_active=True)
        .values_list("pk", flat=True)
        .first()
    )
    with transaction.atomic(durable=True):
        note("email_resend", "ok", caller=caller, user_id=user_id)
        outbox.add(events.VerificationRequested(user_id=user_id or uuid7()))
