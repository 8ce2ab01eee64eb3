"""Verify and change the address."""

from __future__ import annotations

from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone

from accounts import errors, events, hooks
from accounts.client_info import ClientInfo
from accounts.models import RevokedReason, Session, TokenPurpose, User
from accounts.schemas import EmailProof
from accounts.services import credentials, mail_tokens
from accounts.services.auth_log import log_auth_event
from accounts.services.sessions import revoke_sessions_of
from markrin.api import rate_limits
from markrin.db import transactions
from markrin.db.models import uuid7
from markrin.outbox import services as outbox


def verify_email(
    proof: EmailProof, *, client: ClientInfo, current: Session | None = None
) -> None:
    """Take the address that the token was sent to as the user's own, be it the present one
    or the one asked for.

    `current` is the session whose access token came with the call. If it is the user's, whoever
    is signed in has also read the mail: this session stays, and what was ordered as a guest with
    the address becomes theirs. Every other session ends: it may be somebody's who registered
    with an address that is not theirs.

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
    proved = current if current and current.user_id == user.pk else None
    try:
        _apply_verification(user.pk, proof.token, client, proved)
    except IntegrityError as exc:
        if (
            User.objects.filter(email=user.pending_email)
            .exclude(pk=user.pk)
            .exists()
        ):
            raise errors.EmailTaken from exc
        raise


@transactions.durable
def _apply_verification(
    user_id: UUID, token: str, client: ClientInfo, proved: Session | None
) -> None:
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
    user.auth_epoch += 1
    user.save(
        update_fields=[
            *("email", "pending_email", "email_verified_at"),
            *("auth_epoch", "updated_at"),
        ]
    )
    if changed:
        mail_tokens.void_tokens(user)
    if _keep_session(user, proved):
        hooks.email_verified(user=user)
    log_auth_event(
        "email_verify",
        "ok",
        client=client,
        user_id=user.pk,
        sid=proved.pk if proved else None,
        changed=changed,
    )


def _keep_session(user: User, proved: Session | None) -> bool:
    """End the user's sessions but the proved one; return whether that one is alive."""
    kept = (
        Session.objects.filter(pk=proved.pk, revoked_at=None)
        .filter(auth_epoch=user.auth_epoch - 1)
        .update(auth_epoch=user.auth_epoch)
        if proved
        else 0
    )
    revoke_sessions_of(
        [user.pk],
        reason=RevokedReason.EMAIL_VERIFIED,
        now=timezone.now(),
        but=proved.pk if proved and kept else None,
    )
    return kept == 1


def resend_verification(
    *, email: str, client: ClientInfo, signed_in: bool = False
) -> None:
    """Ask for the mail once more. The answer does not tell who has an account.

    Whoever is signed in gets it although the address is verified: following the link proves it
    to this session, which then gets what was ordered as a guest.

    Raises:
        markrin.api.errors.RateLimited: asked for too often, by this network or for this address.
    """
    rate_limits.enforce_limit(
        rate_limits.Limit.named("forgot_network"), client.network
    )
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
    _store_request(user_id, client, again=signed_in)


@transactions.durable
def _store_request(
    user_id: UUID | None, client: ClientInfo, *, again: bool
) -> None:
    log_auth_event("email_resend", "ok", client=client, user_id=user_id)
    outbox.add(
        events.VerificationRequested(user_id=user_id or uuid7(), again=again)
    )
