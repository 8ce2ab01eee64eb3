"""Sessions: open, list, end. The tables of SimpleJWT's blacklist follow each change, in the
same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import (
    BlacklistedToken,
    OutstandingToken,
)

from accounts.client_info import ClientInfo
from accounts.models import RevokedReason, Session, Transport, User
from accounts.models.session import SessionQuerySet
from accounts.services.auth_log import log_auth_event
from accounts.services.authority import refuse_more_rights
from accounts.tokens import AccessToken, RefreshToken, new_jti, whole_second
from markrin.api.errors import NotFound, ReauthenticationRequired
from markrin.db import transactions


@dataclass(frozen=True)
class Tokens:
    """What a sign-in or refresh gives out. Lives in memory only: neither token is stored or
    logged.
    """

    access: str
    access_expires_in: int  # seconds
    refresh: str
    refresh_expires_in: int  # seconds
    session: Session

    @classmethod
    def for_session(cls, session: Session, now: datetime) -> Tokens:
        """Return the session's live refresh token, with a fresh access token."""
        access = AccessToken.for_session(session, now)
        return cls(
            access=str(access),
            access_expires_in=access["exp"] - access["iat"],
            refresh=str(RefreshToken.for_session(session)),
            refresh_expires_in=max(
                0, int(session.current_exp.timestamp()) - int(now.timestamp())
            ),
            session=session,
        )


def get_idle_limit(user: User) -> timedelta:
    """Return how long a session of this user may be unused."""
    return timedelta(
        seconds=settings.STAFF_REFRESH_IDLE_S
        if user.is_staff
        else settings.REFRESH_IDLE_S
    )


def get_lifetime(user: User) -> timedelta:
    """Return how long a session of this user may last."""
    return timedelta(
        seconds=settings.STAFF_SESSION_TTL_S
        if user.is_staff
        else settings.SESSION_TTL_S
    )


def open_session(
    user: User,
    *,
    transport: str = Transport.BODY,
    client: ClientInfo | None = None,
    now: datetime | None = None,
    second_factor_at: datetime | None = None,
) -> Tokens:
    """Begin a session and return its first tokens. The oldest of more than
    SESSIONS_PER_USER live ones is revoked.

    The session takes over the epoch that `user` was loaded with: if a password change came
    in between, it is born dead. Locks: the user's sessions that are over the number. For an
    exact number the caller holds the user's lock."""
    now, client = now or timezone.now(), client or ClientInfo()
    with transaction.atomic():
        _make_room(user, now)
        expires_at = now + get_lifetime(user)
        session = Session.objects.create(
            user=user,
            current_jti=new_jti(),
            current_iat=whole_second(now),
            current_exp=whole_second(min(now + get_idle_limit(user), expires_at)),
            auth_epoch=user.auth_epoch,
            transport=transport,
            created_at=now,
            authenticated_at=now,
            second_factor_at=second_factor_at,
            last_seen_at=now,
            expires_at=expires_at,
            ip=client.ip,
            user_agent=client.user_agent,
            label=client.label,
        )
        store_live_token(session)
    return Tokens.for_session(session, now)


def _make_room(user: User, now: datetime) -> None:
    live = (
        Session.objects.filter(user=user)
        .live(now)
        .order_by("-created_at", "-id")
        .values_list("pk", flat=True)
    )
    oldest = list(live[settings.SESSIONS_PER_USER - 1 :])
    revoke_sessions(
        Session.objects.filter(pk__in=oldest),
        reason=RevokedReason.SESSION_CAP,
        now=now,
    )


def store_live_token(session: Session) -> None:
    """Write the session's live refresh token into the blacklist app's tables: its id and
    end, never the token.
    """
    OutstandingToken.objects.create(
        user_id=session.user_id,
        jti=session.current_jti,
        token="",
        created_at=session.current_iat,
        expires_at=session.current_exp,
    )


@transactions.requires_transaction
def revoke_sessions(
    sessions: SessionQuerySet, *, reason: RevokedReason, now: datetime
) -> int:
    """End these sessions (a query set) that are not ended yet, and blacklist their live
    tokens. Return how many.

    A step in the caller's transaction. Locks: the sessions, in key order.
    """
    ended: list[Session] = list(sessions.filter(revoked_at=None).locked())
    if ended:
        Session.objects.filter(pk__in=[session.pk for session in ended]).update(
            revoked_at=now, revoked_reason=reason
        )
        live = OutstandingToken.objects.filter(
            jti__in=[session.current_jti for session in ended]
        )
        BlacklistedToken.objects.bulk_create(
            [BlacklistedToken(token=token) for token in live], ignore_conflicts=True
        )
    return len(ended)


@transactions.requires_transaction
def revoke_sessions_of(
    user_ids: Iterable[UUID],
    *,
    reason: RevokedReason,
    now: datetime,
    but: UUID | None = None,
) -> int:
    """End every session of these users, `but` one. A step in the caller's transaction;
    return how many.
    """
    sessions = Session.objects.filter(user_id__in=list(user_ids)).filter(
        ~Q(pk=but) if but else Q()
    )
    return revoke_sessions(sessions, reason=reason, now=now)


def require_recent_password(session: Session, now: datetime) -> None:
    """Return if the session's user has given the password lately.

    Raises:
        ReauthenticationRequired: more than REAUTHENTICATION_S seconds ago.
    """
    if now - session.authenticated_at > timedelta(
        seconds=settings.REAUTHENTICATION_S
    ):
        raise ReauthenticationRequired


@transactions.durable
def revoke_session(
    *, current: Session, session_id: UUID, client: ClientInfo
) -> None:
    """End one of the caller's own sessions; one that has ended already stays so.

    Raises:
        ReauthenticationRequired: the password was given too long ago.
        NotFound: it is not one of theirs.
    """
    now = timezone.now()
    require_recent_password(current, now)
    own_sessions = Session.objects.filter(user_id=current.user_id, pk=session_id)
    if not own_sessions.exists():
        raise NotFound
    if revoke_sessions(own_sessions, reason=RevokedReason.LOGOUT, now=now):
        log_auth_event(
            "session_revoked",
            "ok",
            client=client,
            user_id=current.user_id,
            sid=session_id,
        )


@transactions.durable
def logout_everywhere(*, current: Session, client: ClientInfo) -> None:
    """End every session of the user, the admin's too.

    Locks: the user, then the sessions.

    Raises:
        ReauthenticationRequired: the password was given too long ago.
    """
    now = timezone.now()
    require_recent_password(current, now)
    user = User.objects.select_for_update(no_key=True).get(pk=current.user_id)
    user.auth_epoch += 1
    user.save(update_fields=["auth_epoch"])
    revoke_sessions_of([user.pk], reason=RevokedReason.LOGOUT_ALL, now=now)
    log_auth_event(
        "logout_all", "ok", client=client, user_id=user.pk, sid=current.pk
    )


@transactions.durable
def sign_out_users(
    *, user_ids: Iterable[UUID], by: User, client: ClientInfo
) -> int:
    """End every session of these users, the admin's too; return how many of the API's.

    Locks: the users in key order, then the sessions.

    Raises:
        Forbidden: one of them has more rights than `by`. Nobody has been signed out.
    """
    users = list(
        User.objects.filter(pk__in=list(user_ids))
        .order_by("pk")
        .select_for_update(no_key=True)
    )
    refuse_more_rights(by, users)
    User.objects.filter(pk__in=[user.pk for user in users]).update(
        auth_epoch=F("auth_epoch") + 1
    )
    for user in users:
        log_auth_event(
            "logout_all", "by_admin", client=client, user_id=user.pk, by=str(by.pk)
        )
    return revoke_sessions_of(
        [user.pk for user in users], reason=RevokedReason.ADMIN, now=timezone.now()
    )


@transactions.durable
def end_sessions(
    *, session_ids: Iterable[UUID], by: User, client: ClientInfo
) -> int:
    """End these sessions; return how many had not ended yet. Locks: the sessions, in key order.

    Raises:
        Forbidden: one is of a user with more rights than `by`. None has ended.
    """
    sessions = Session.objects.filter(pk__in=list(session_ids))
    refuse_more_rights(
        by, [ended.user for ended in sessions.select_related("user")]
    )
    for session in sessions.filter(revoked_at=None):
        log_auth_event(
            "session_revoked",
            "by_admin",
            client=client,
            user_id=session.user_id,
            sid=session.pk,
            by=str(by.pk),
        )
    return revoke_sessions(sessions, reason=RevokedReason.ADMIN, now=timezone.now())
