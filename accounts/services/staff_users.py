"""Users as an admin manages them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.contrib.auth.models import Group
from django.db import IntegrityError
from django.db.models import F
from django.db.models.functions import Least
from django.utils import timezone

from accounts import errors, events, password_rules
from accounts.client_info import ClientInfo
from accounts.models import RevokedReason, Role, Session, User
from accounts.schemas import NewUser, UserChange
from accounts.services.auth_log import log_auth_event
from accounts.services.authority import refuse_more_rights
from accounts.services.sessions import get_lifetime, revoke_sessions_of
from markrin.admin import second_factor
from markrin.api.errors import NotFound
from markrin.api.unset import UNSET
from markrin.db import transactions
from markrin.outbox import services as outbox


def add_user(new: NewUser, *, by: User, client: ClientInfo) -> User:
    """Create a user of any role. Without a password they get a mail with a link to set one.

    Raises:
        errors.EmailTaken, errors.PasswordRejected: nothing has changed.
    """
    user = User(
        email=new.email, role=new.role, name=new.name, last_name=new.last_name
    )
    if new.password is not None:
        password_rules.check_new_password(new.password, user, field="password")
    if User.objects.filter(email=user.email).exists():
        raise errors.EmailTaken
    user.set_password(new.password)
    try:
        _insert_user(user, new, by, client)
    except IntegrityError as exc:
        if User.objects.filter(email=user.email).exists():
            raise errors.EmailTaken from exc
        raise
    return user


@transactions.durable
def _insert_user(user: User, new: NewUser, by: User, client: ClientInfo) -> None:
    user.save(force_insert=True)
    _set_groups(user, new.groups)
    log_auth_event(
        "user_added",
        "ok",
        client=client,
        user_id=user.pk,
        by=str(by.pk),
        role=str(new.role),
    )
    if new.password is None:
        outbox.add(events.StaffInvited(user_id=user.pk))


def _set_groups(user: User, groups: Sequence[str]) -> None:
    user.groups.set(Group.objects.get_or_create(name=name)[0] for name in groups)


@transactions.durable
def change_user(
    change: UserChange, *, user_id: UUID, by: User, client: ClientInfo
) -> User:
    """Change role, groups, or whether the user may sign in; deactivation ends every session.

    Locks: the admins in key order, then the user.

    Raises:
        NotFound: there is no such user, or only what is left after an erasure.
        errors.LastAdmin: nobody would be left to undo it.
        Forbidden: the user has more rights than `by`.
    """
    admins = {
        admin.pk
        for admin in User.objects.filter(role=Role.ADMIN, is_active=True)
        .order_by("pk")
        .select_for_update(no_key=True)
    }
    user = (
        User.objects.select_for_update(no_key=True)
        .filter(pk=user_id, erased_at=None)
        .first()
    )
    if user is None:
        raise NotFound
    refuse_more_rights(by, [user])
    before = {"role": user.role, "active": user.is_active}
    if change.role is not UNSET:
        user.role = change.role
    if change.active is not UNSET:
        user.is_active = change.active
    if admins == {user.pk} and not (user.is_active and user.role == Role.ADMIN):
        raise errors.LastAdmin
    user.save(update_fields=["role", "is_active", "updated_at"])
    if change.groups is not UNSET:
        _set_groups(user, change.groups)
    _shorten_sessions(user)
    after = {"role": user.role, "active": user.is_active}
    log_auth_event(
        "user_changed",
        "ok",
        client=client,
        user_id=user.pk,
        by=str(by.pk),
        before=before,
        after=after,
    )
    return user


def _shorten_sessions(user: User) -> None:
    """Let the user's sessions last no longer than the new role allows, or end them."""
    now = timezone.now()
    if not user.is_active:
        revoke_sessions_of([user.pk], reason=RevokedReason.USER_DISABLED, now=now)
    elif user.is_staff:
        end = now + get_lifetime(user)
        live = Session.objects.filter(user=user).live(now).locked()
        Session.objects.filter(pk__in=[session.pk for session in live]).update(
            expires_at=Least(F("expires_at"), end),
            current_exp=Least(F("current_exp"), end),
        )


@transactions.durable
def reset_second_factor(*, user_id: UUID, by: User, client: ClientInfo) -> int:
    """Remove the factor of a user who has lost it, and end their sessions; return how many
    devices. They set up another at the next sign-in.

    Raises:
        Forbidden: the user has more rights than `by`.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=user_id)
    refuse_more_rights(by, [user])
    devices = second_factor.remove_devices(user)
    revoke_sessions_of([user.pk], reason=RevokedReason.ADMIN, now=timezone.now())
    log_auth_event(
        "second_factor_reset", "ok", client=client, user_id=user.pk, by=str(by.pk)
    )
    return devices
