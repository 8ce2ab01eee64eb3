"""Trade a refresh token for the next pair; the decision table of docs/auth.md, as one function.

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
from django.db import OperationalError, connection
from django.utils import timezone
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError

from accounts import errors, events
from accounts.client_info import ClientInfo
from accounts.metrics import REFRESHES
from accounts.models import RevokedReason, Session, User
from accounts.services import sessions
from accounts.services.auth_log import log_auth_event
from accounts.services.sessions import Tokens
from accounts.tokens import RefreshToken, new_jti, whole_second
from markrin.api import rate_limits
from markrin.api.errors import ShopError
from markrin.db import transactions
from markrin.outbox import services as outbox

# two refreshes of one session are milliseconds apart; whatever waits longer asks again
LOCK_TIMEOUT = "2s"
MAX_REPLAY_COUNT = 32_767


def refresh_session(
    *,
    text: str,
    transport: str,
    key: UUID | None,
    received_at: datetime,
    client: ClientInfo,
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
    rate_limits.enforce_limit(
        rate_limits.Limit.named("refresh_network"), client.network
    )
    try:
        token = RefreshToken.from_text(text)
    except ExpiredTokenError as exc:
        raise errors.RefreshTokenExpired from exc
    except TokenError as exc:
        raise errors.token_invalid() from exc
    rate_limits.enforce_limit(
        rate_limits.Limit.named("refresh_session"), str(token.sid)
    )
    try:
        outcome = _RefreshDecision(
            token, transport, key, received_at, client
        ).decide()
    except OperationalError as exc:
        if isinstance(exc.__cause__, psycopg.errors.LockNotAvailable):
            raise errors.RefreshConflict from exc
        raise
    # Refused only now, when what goes with the refusal has been committed.
    if isinstance(outcome, ShopError):
        raise outcome
    return outcome


class _RefreshDecision:
    """The rules, in their order; the first that matches decides."""

    def __init__(
        self,
        token: RefreshToken,
        transport: str,
        key: UUID | None,
        received_at: datetime,
        client: ClientInfo,
    ) -> None:
        self.token, self.transport, self.received_at, self.client = (
            token,
            transport,
            received_at,
            client,
        )
        self.key_hash = hashlib.sha256(str(key).encode()).digest() if key else None

    @transactions.durable(limits=False)
    def decide(self) -> Tokens | ShopError:
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
            return self._refuse("unknown", errors.token_invalid())
        # Read after the lock was won: what a join had read before waiting for it could be stale.
        session.user = User.objects.get(pk=session.user_id)
        now = timezone.now()
        return self._decide_dead(session, now) or self._decide_live(session, now)

    def _decide_dead(self, session: Session, now: datetime) -> ShopError | None:
        if session.revoked_at is not None:
            return self._refuse("revoked", errors.SessionRevoked())
        if now >= session.expires_at:
            self._end_session(session, RevokedReason.EXPIRED, now)
            return self._refuse("expired", errors.SessionExpired())
        if not session.user.is_active:
            self._end_session(session, RevokedReason.USER_DISABLED, now)
            return self._refuse("user_disabled", errors.SessionRevoked())
        if session.auth_epoch != session.user.auth_epoch:
            self._end_session(session, RevokedReason.ADMIN, now)
            return self._refuse("epoch", errors.SessionRevoked())
        return None

    def _decide_live(self, session: Session, now: datetime) -> Tokens | ShopError:
        gen, jti = self.token.gen, self.token.jti
        if (gen, jti) == (session.generation, session.current_jti):
            if not sessions.blacklist_token(jti):
                return self._end_as_stolen(session, now)
            rotate_token(session, now, key_hash=self.key_hash)
            return self._grant_tokens("rotated", session, now)
        if (gen, jti) != (
            session.generation - 1,
            session.previous_jti,
        ) or session.rotated_at is None:
            return self._end_as_stolen(session, now)
        if self._asks_again(session, now):
            session.replay_count = min(session.replay_count + 1, MAX_REPLAY_COUNT)
            session.save(update_fields=["replay_count"])
            return self._grant_tokens("retried", session, now)
        if self.received_at < session.rotated_at and not self._has_key_of(session):
            return self._refuse("overlapped", errors.RefreshConflict())
        return self._end_as_stolen(session, now)

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

    def _end_as_stolen(self, session: Session, now: datetime) -> ShopError:
        self._end_session(session, RevokedReason.REUSE_DETECTED, now)
        outbox.add(
            events.ReuseDetected(user_id=session.user_id, session_id=session.pk)
        )
        return self._refuse("reuse", errors.SessionRevoked())

    def _end_session(
        self, session: Session, reason: RevokedReason, now: datetime
    ) -> None:
        sessions.revoke_sessions(
            Session.objects.filter(pk=session.pk), reason=reason, now=now
        )
        outcome = "reuse" if reason == RevokedReason.REUSE_DETECTED else "ended"
        log_auth_event(
            "refresh",
            outcome,
            client=self.client,
            user_id=session.user_id,
            sid=session.pk,
            reason=str(reason),
            gen=self.token.gen,
            generation=session.generation,
        )

    def _grant_tokens(
        self, outcome: str, session: Session, now: datetime
    ) -> Tokens:
        REFRESHES.labels(outcome).inc()
        return Tokens.for_session(session, now)

    def _refuse(self, outcome: str, error: ShopError) -> ShopError:
        REFRESHES.labels(outcome).inc()
        return error


@transactions.requires_transaction
def rotate_token(
    session: Session, now: datetime, *, key_hash: bytes | None
) -> None:
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
        min(now + sessions.get_idle_limit(session.user), session.expires_at)
    )
    session.last_seen_at = now
    session.save()
    sessions.store_live_token(session)
