"""The user's own data."""

from __future__ import annotations

from django.utils import timezone

from accounts import errors, events
from accounts.client_info import ClientInfo
from accounts.models import Session, User
from accounts.schemas import ProfileChange
from accounts.services.auth_log import log_auth_event
from accounts.services.sessions import require_recent_password
from markrin.api import rate_limits
from markrin.api.unset import UNSET
from markrin.db import transactions
from markrin.outbox import services as outbox

_CHANGEABLE = ("name", "last_name", "phone", "date_of_birth", "gender")


def change_profile(
    change: ProfileChange, *, current: Session, client: ClientInfo
) -> User:
    """Change what was given and return the user.

    Another address counts once its owner has followed a mailed link. The present address takes
    back an earlier wish for another.

    Raises:
        errors.EmailTaken: somebody else has the address.
        ReauthenticationRequired: another address needs the password, given lately.
        markrin.api.errors.RateLimited: too many mails were asked for.
    """
    if change.email and change.email != current.user.email:
        require_recent_password(current, timezone.now())
        rate_limits.enforce_limit(
            rate_limits.Limit.named("forgot_account"),
            "change",
            str(current.user_id),
        )
        if User.objects.filter(email=change.email).exists():
            raise errors.EmailTaken
    return _apply_changes(change, current, client)


@transactions.durable
def _apply_changes(
    change: ProfileChange, current: Session, client: ClientInfo
) -> User:
    user = User.objects.select_for_update(no_key=True).get(pk=current.user_id)
    if change.name is not UNSET:
        user.name = change.name
    if change.last_name is not UNSET:
        user.last_name = change.last_name
    if change.phone is not UNSET:
        user.phone = change.phone or ""
    if change.date_of_birth is not UNSET:
        user.date_of_birth = change.date_of_birth
    if change.gender is not UNSET:
        user.gender = change.gender
    if change.email is not UNSET:
        _ask_for_email(user, change.email, current, client)
    user.save(update_fields=[*_CHANGEABLE, "pending_email", "updated_at"])
    return user


def _ask_for_email(
    user: User, email: str, current: Session, client: ClientInfo
) -> None:
    if email == user.email:
        user.pending_email = ""
        return
    user.pending_email = email
    outbox.add(events.EmailChangeRequested(user_id=user.pk))
    log_auth_event(
        "email_change", "asked", client=client, user_id=user.pk, sid=current.pk
    )
