"""The user's own data."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import errors, events
from accounts.client_info import ClientInfo
from accounts.models import Session, User
from accounts.services.sessions import log_auth_event, require_recent_password
from markrin.api import rate_limits
from markrin.outbox import services as outbox


def change_profile(
    *, current: Session, client: ClientInfo, email: str | None = None, **changes: Any
) -> User:
    """Change what was given and return the user. Another `email` counts once its owner has
    followed a mailed link.

    Raises:
        errors.EmailTaken: somebody else has the address.
        errors.ReauthenticationRequired: another address needs the password, given lately.
        markrin.api.errors.RateLimited: too many mails were asked for.
    """
    other = email if email not in (None, current.user.email) else None
    if other:
        require_recent_password(current, timezone.now())
        rate_limits.take(
            rate_limits.Limit.named("forgot_account"), "change", str(current.user_id)
        )
        if User.objects.filter(email=other).exists():
            raise errors.EmailTaken
    elif email is not None:
        changes["pending_email"] = (
            ""  # the present address: what was asked for is taken back
        )
    return _apply_changes(current, client, other, changes)


@transaction.atomic(durable=True)
def _apply_changes(
    current: Session, client: ClientInfo, other: str | None, changes: dict[str, Any]
) -> User:
    user = User.objects.select_for_update(no_key=True).get(pk=current.user_id)
    for name, value in changes.items():
        setattr(user, name, value)
    if other:
        user.pending_email = other
        changes["pending_email"] = other
        outbox.add(events.EmailChangeRequested(user_id=user.pk))
        log_auth_event(
            "email_change", "asked", client=client, user_id=user.pk, sid=current.pk
        )
    user.save(update_fields=[*changes, "updated_at"])
    return user
