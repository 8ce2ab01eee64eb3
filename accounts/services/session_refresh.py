"""Trade a refresh token for the next pair; auth.md's decision table, as one function.

A session has one live refresh token. A spent one that comes back is a theft, and ends the
session, unless the client says by its Idempotency-Key that it is asking for a lost answer
again, or the request overlapped the one that spent it."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError

from accounts import errors, events
from accounts.callers import Caller
from accounts.metrics import REFRESHES
from accounts.models import Revoked, Session, User
from accounts.services import sessions
from accounts.services.sessions import Tokens
from accounts.tokens import RefreshToken, new_jti, whole_second
from markrin.api import rate_limits
from markrin.api.errors import ShopError
from markrin.outbox import services as outbox

# two refreshes of one session are milliseconds apart; whatever waits longer asks again
LOCK_TIMEOUT = "2s"
MAX_COUNTED = 32_767


def refresh(
    *,
    text: str,
    transport: str,
    key: UUID | None,
    received_at: datetime,
    caller: Caller,
) -> Tokens:
    """Return new tokens of the session, or with the `key` of a lost answer the same refresh
    token again.

    `received_at` is when the request came in. Locks: the session, for at most LOCK_TIMEOUT.

    Raises:
        errors.RefreshTokenExpired, markrin.api.errors.TokenInvalid: nothing has changed.
        errors.SessionRevoked, errors.SessionExpired: the session has ended, maybe just now
        for this.
        errors.RefreshConflict: another refresh is under way; ask again.
        markrin.api.errors.RateLimited: too many refreshes.
    """
    rate_limits.take(rate_limits.Limit.named("refresh_network"), caller.network)
    try:
        token = RefreshToken.read(text)
    except ExpiredTokenError as exc:
        raise errors.RefreshTokenExpired from exc
    except TokenError as exc:
        raise errors.token_invalid() from exc
    rate_limits.take(rate_limits.Limit.named("refresh_session"), str(token.sid))
    try:
        outcome = _Decision(token, transport, key, received_at, caller).made()
    except OperationalError as exc:
        if isinstance(exc.__cause__, psycopg.errors.LockNotAvailable):
            raise errors.RefreshConflict from exc
        raise
    # Refused only now, when what goes with the refusal has been committed.
    if isinstance(outcome, ShopError):
        raise outcome
    return outcome


class _Decision:
    """The rules, in their order; the first that matches decides."""

    def __init__(
        self,
        token: RefreshToken,
        transport: str,
        key: UUID | None,
        received_at: datetime,
        caller: Caller,
    ) -> None:
        self.token, self.transport, self.received_at, self.caller = (
            token,
            transport,
            received_at,
            caller,
        )
        self.key_hash = hashlib.sha256(str(key).encode()).digest() if key else None

    @transaction.atomic(durable=True)
    def made(self) -> Tokens | ShopError:
        """Return the tokens, or the refusal that the caller raises after the commit."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT]
            )
        session = Session.objects.filter(pk=self.token.sid).locked().first()
        if (
            session is None
            or session.transport != self.transport
            or session.user_id != self.token.sub
        ):
            return self._refused("unknown", errors.token_invalid())
        # Read after the lock was won: what a join had read before waiting for it could be stale.
        session.user = User.objects.get(pk=session.user_id)
        now = timezone.now()
        return self._of_dead(session, now) or self._of_live(session, now)

    def _of_dead(self, session: Session, now: datetime) -> ShopError | None:
        if session.revoked_at is not None:
            return self._refused("revoked", errors.SessionRevoked())
        if now >= session.expires_at:
            self._end(session, Revoked.EXPIRED, now)
            return self._refused("expired", errors.SessionExpired())
        if not session.user.is_active:
            self._end(session, Revoked.USER_DISABLED, now)
            return self._refused("user_disabled", errors.SessionRevoked())
        if session.auth_epoch != session.user.auth_epoch:
            self._end(session, Revoked.ADMIN, now)
            return self._refused("epoch", errors.SessionRevoked())
        return None

    def _of_live(self, session: Session, now: datetime) -> Tokens | ShopError:
        gen, jti = self.token.gen, self.token.jti
        if (gen, jti) == (session.generation, session.current_jti):
            if not sessions.spend(jti):
                return self._stolen(session, now)
            rotate(session, now, key_hash=self.key_hash)
            return self._granted("rotated", session, now)
        if (gen, jti) != (
            session.generation - 1,
            session.previous_jti,
        ) or session.rotated_at is None:
            return self._stolen(session, now)
        if self._asks_again(session, now):
            session.replay_count = min(session.replay_count + 1, MAX_COUNTED)
            session.save(update_fields=["replay_count"])
            return self._granted("retried", session, now)
        if self.received_at < session.rotated_at and not self._has_key_of(session):
            return self._refused("overlapped", errors.RefreshConflict())
        return self._stolen(session, now)

    def _has_key_of(self, session: Session) -> bool:
        known = session.rotation_key_hash
        return (
            known is not None
            and self.key_hash is not None
            and hmac.compare_digest(bytes(known), self.key_hash)
        )

    def _asks_again(self, session: Session, now: datetime) -> bool:
        in_time = now - (session.rotated_at or now) <= timedelta(
            seconds=settings.REFRESH_RETRY_S
        )
        return self._has_key_of(session) and in_time

    def _stolen(self, session: Session, now: datetime) -> ShopError:
        self._end(session, Revoked.REUSE_DETECTED, now)
        outbox.add(events.ReuseDetected(user_id=session.user_id, session_id=session.pk))
        return self._refused("reuse", errors.SessionRevoked())

    def _end(self, session: Session, reason: Revoked, now: datetime) -> None:
        sessions.revoke(Session.objects.filter(pk=session.pk), reason=reason, now=now)
        outcome = "reuse" if reason == Revoked.REUSE_DETECTED else "ended"
        sessions.note(
            "refresh",
            outcome,
            caller=self.caller,
            user_id=session.user_id,
            sid=session.pk,
            reason=str(reason),
            gen=self.token.gen,
            generation=session.generation,
        )

    def _granted(self, outcome: str, session: Session, now: datetime) -> Tokens:
        REFRESHES.labels(outcome).inc()
        return Tokens.of(session, now)

    def _refused(self, outcome: str, error: ShopError) -> ShopError:
        REFRESHES.labels(outcome).inc()
        return error


def rotate(session: Session, now: datetime, *, key_hash: bytes | None) -> None:
    """Make the session's next refresh token the live one; its absolute end stays. The old
    one has been spent.

    A step in the caller's transaction, under the session's lock.
    """
    session.previous_jti, session.current_jti = session.current_jti, new_jti()
    session.generation += 1
    session.rotated_at = now
    session.rotation_key_hash = key_hash
    session.replay_count = 0
    session.current_iat = whole_second(now)
    session.current_exp = whole_second(
        min(now + sessions.idle(session.user), session.expires_at)
    )
    session.last_seen_at = now
    session.save()
    sessions.remember(session)
