"""Verify and change the address."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts import errors, events
from accounts.client_info import ClientInfo
from accounts.models import TokenPurpose, User
from accounts.schemas import EmailProof
from accounts.services import credentials, mail_tokens
from accounts.services.auth_log import log_auth_event
from markrin import hooks
from markrin.api import rate_limits
from markrin.db.models import uuid7
from markrin.outbox import services as outbox


def verify_email(proof: EmailProof, *, client: ClientInfo) -> None:
    """Take the address that the token was sent to as the user's own, be it the present one
    or the one asked for.

    Raises:
        errors.VerificationTokenInvalid: unknown, used, too old or void.
        errors.EmailTaken: somebody else has that address by now.
        markrin.api.errors.RateLimited: this network has tried too many.
    """
    rate_limits.enforce_limit(rate_limits.Limit.named("mail_token"), client.network)
    user = mail_tokens.get_token_owner(proof.token, TokenPurpose.VERIFY)
    if user is None:
        log_auth_event("email_verify", "failed", client=client)
        raise errors.VerificationTokenInvalid
    try:
        _apply_verification(user.pk, proof.token, client)
    except IntegrityError as exc:
        if User.objects.filter(email=user.pending_email).exclude(pk=user.pk).exists():
            raise errors.EmailTaken from exc
        raise


@transaction.atomic(durable=True)
def _apply_verification(user_id: UUID, token: str, client: ClientInfo) -> None:
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    changed = bool(user.pending_email) and mail_tokens.consume_token(
        token, TokenPurpose.VERIFY, user, email=user.pending_email
    )
    if changed:
        user.email, user.pending_email = user.pending_email, ""
    elif not mail_tokens.consume_token(
        token, TokenPurpose.VERIFY, user, email=user.email
    ):
        raise errors.VerificationTokenInvalid
    user.email_verified_at = timezone.now()
    user.save(
        update_fields=["email", "pending_email", "email_verified_at", "updated_at"]
    )
    if changed:
        mail_tokens.void_tokens(user)
    hooks.call_hook("email_verified", user=user)
    log_auth_event(
        "email_verify", "ok", client=client, user_id=user.pk, changed=changed
    )


def resend_verification(*, email: str, client: ClientInfo) -> None:
    """Ask for the mail once more. The answer does not tell who has an account.

    Raises:
        markrin.api.errors.RateLimited: asked for too often, by this network or for this address.
    """
    rate_limits.enforce_limit(rate_limits.Limit.named("forgot_network"), client.network)
    rate_limits.enforce_limit(
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
        log_auth_event("email_resend", "ok", client=client, user_id=user_id)
        outbox.add(events.VerificationRequested(user_id=user_id or uuid7()))
