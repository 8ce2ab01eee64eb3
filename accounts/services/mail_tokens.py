"""The tokens in mails: 256 random bits, of which only a hash is kept, good for one use and
a short time.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.utils import timezone

from accounts.models import MailToken, TokenPurpose, User
from markrin.db import transactions


def _hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


@transactions.durable
def create_token(
    user: User, purpose: TokenPurpose, *, email: str, ttl_s: int
) -> str:
    """Return a new token for a mail to `email`, good for so many seconds.

    Called when the mail is rendered, so that no job ever holds it. Earlier ones stay good:
    a provider that drops a repeated mail has delivered the first one's."""
    token = secrets.token_urlsafe(32)
    MailToken.objects.create(
        user=user,
        purpose=purpose,
        email=email,
        token_hash=_hash_token(token),
        expires_at=timezone.now() + timedelta(seconds=ttl_s),
    )
    return token


def get_token_owner(token: str, purpose: TokenPurpose) -> User | None:
    """Return the active user whom the token was sent to, None if it is not good for
    anything (any more).
    """
    mail_token = (
        MailToken.objects.select_related("user")
        .filter(
            token_hash=_hash_token(token),
            purpose=purpose,
            expires_at__gt=timezone.now(),
            user__is_active=True,
        )
        .first()
    )
    return mail_token.user if mail_token else None


@transactions.requires_transaction
def consume_token(
    token: str, purpose: TokenPurpose, user: User, *, email: str
) -> bool:
    """Use the token up, as sent to this user at this address; return whether it was good. A
    step in a transaction.
    """
    valid_tokens = MailToken.objects.filter(
        token_hash=_hash_token(token),
        purpose=purpose,
        user=user,
        email=email,
        expires_at__gt=timezone.now(),
    )
    return valid_tokens.delete()[0] == 1


@transactions.requires_transaction
def void_tokens(user: User) -> None:
    """Make every token that was mailed to the user worthless. A step in the caller's
    transaction.
    """
    MailToken.objects.filter(user=user).delete()
