"""Trade a refresh token for the next pair; the decision table of docs/auth.md, as one function.

A session has one live refresh token. A spent one that comes back is a theft, and ends the
session, unless the client says by its Idempotency-Key that it is asking for a lost answer
again, or the request overlapped the one that spent it."""

from __future__ import annotations

import functools
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final
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
from accounts.models.user import STAFF_ROLES
from accounts.services import sessions
from accounts.services.auth_log import log_auth_event
from accounts.services.sessions import Tokens
from accounts.tokens import RefreshToken, new_jti, whole_second
from markrin.api import rate_limits
from markrin.api.errors import ShopError
from markrin.api.limit_leases import leases
from markrin.db import transactions
from markrin.db.sql import (
    fetch_prepared,
    instance_from_row,
    select_columns,
)
from markrin.outbox import services as outbox

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

    `received_at` is when the request came in. Locks: the session; whoever waits
    longer than `transactions.LOCK_TIMEOUT_MS` for it asks again. A live token that nobody else
    has locked costs one statement; whatever else it is, the rules say.

    Raises:
        errors.RefreshTokenExpired, markrin.api.errors.TokenInvalid: nothing has changed.
        errors.SessionRevoked, errors.SessionExpired: the session has ended, maybe just now
        for this.
        errors.RefreshConflict: another refresh is under way; ask again.
        markrin.api.errors.RateLimited: too many refreshes.
    """
    leases.enforce_limit(rate_limits.Limit.named("refresh_network"), client.network)
    try:
        token = RefreshToken.from_text(text)
    except ExpiredTokenError as exc:
        raise errors.RefreshTokenExpired from exc
    except TokenError as exc:
        raise errors.token_invalid() from exc
    rate_limits.enforce_limit(
        rate_limits.Limit.named("refresh_session"), str(token.sid)
    )
    decision = _RefreshDecision(token, transport, key, received_at, client)
    try:
        outcome = decision.rotate_live() or decision.decide()
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

    def rotate_live(self) -> Tokens | None:
        """Return the next tokens of the session's live one, committed; None: the rules decide.
        Where the connection has died, it may be rotated: they take a retry for no theft.
        """

        def rotate_now() -> Session | None:
            return rotate_token(
                self.token,
                transport=self.transport,
                now=timezone.now(),
                key_hash=self.key_hash,
            )

        # Who comes in before the rotation's time is no thief: no connection is opened after it.
        connection.ensure_connection()
        try:
            session = transactions.retry_deadlocks(rotate_now)
        except OperationalError:
            if connection.in_atomic_block or connection.is_usable():
                raise
            connection.close()  # it had died while it was kept; the rules open another
            return None
        if session is None:
            return None
        return self._grant_tokens("rotated", session, session.last_seen_at)

    @transactions.durable(limits=False)
    def decide(self) -> Tokens | ShopError:
        """Return the tokens, or the refusal that the caller raises after the commit."""
        session = _lock_session(self.token.sid)
        if (
            session is None
            or session.transport != self.transport
            or session.user_id != self.token.sub
        ):
            return self._refuse("unknown", errors.token_invalid())
        # Read after the lock was won: what a join had read before waiting for it could be stale.
        session.user = _read_user(session.user_id)
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
            rotated = rotate_token(
                self.token,
                transport=self.transport,
                now=now,
                key_hash=self.key_hash,
            )
            if rotated is not None:
                return self._grant_tokens("rotated", rotated, now)
            # It was spent elsewhere, or its user has been disabled since.
            session.user = _read_user(session.user_id)
            return self._decide_dead(session, now) or self._end_as_stolen(
                session, now
            )
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


# Each is planned once by a connection: a refresh was mostly the making of its SQL.
def _lock_session(session_id: UUID) -> Session | None:
    """Return the session. Locks: its row; the transaction's waits are limited then, the lock's
    own, too.
    """
    for row in fetch_prepared(
        _lock_sql(transactions.LIMITS_SQL), {"id": session_id}
    ):
        return instance_from_row(Session, "session", row)
    return None


@functools.cache
def _lock_sql(limits: str) -> str:
    # Rows are locked after they have been joined: by then the limits hold.
    return (
        f"WITH limits AS MATERIALIZED ({limits})"  # noqa: S608 (our own names)
        f" SELECT {select_columns(Session, 'session')} FROM limits"
        " CROSS JOIN auth_session AS session WHERE session.id = %(id)s::uuid"
        " FOR NO KEY UPDATE OF session"
    )


def _read_user(user_id: UUID) -> User:
    [row] = fetch_prepared(_user_sql(), {"id": user_id})
    return instance_from_row(User, "account", row)


@functools.cache
def _user_sql() -> str:
    return (
        f"SELECT {select_columns(User, 'account')} FROM accounts_user AS account"  # noqa: S608 (our own names)
        " WHERE account.id = %(id)s::uuid"
    )


# The session is locked, its live token spent, and the next one stored. A session that somebody else
# has locked is none here: who goes on without an answer waits for the lock. The user is not locked:
# who is made staff just then idles as a customer once more.
_ROTATE: Final = """
    WITH limits AS MATERIALIZED ({limits}), live AS MATERIALIZED (
        SELECT session.id AS session_id, {account} FROM limits CROSS JOIN auth_session AS session
            JOIN accounts_user AS account ON account.id = session.user_id
        WHERE session.id = %(id)s::uuid AND session.user_id = %(user_id)s::uuid
            AND session.transport = %(transport)s AND session.generation = %(generation)s
            AND session.current_jti = %(jti)s AND session.revoked_at IS NULL
            AND session.expires_at > %(now)s AND account.is_active
            AND account.auth_epoch = session.auth_epoch
        FOR NO KEY UPDATE OF session SKIP LOCKED
    ), spent AS (
        INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
        SELECT token.id, now() FROM live
            JOIN token_blacklist_outstandingtoken AS token ON token.jti = %(jti)s
        ON CONFLICT DO NOTHING RETURNING token_id
    ), rotated AS (
        UPDATE auth_session AS session SET previous_jti = current_jti, current_jti = %(new_jti)s,
            generation = generation + 1, rotated_at = %(now)s, last_seen_at = %(now)s,
            rotation_key_hash = %(key_hash)s::bytea, replay_count = 0, current_iat = %(issued_at)s,
            current_exp = date_trunc('second', least(expires_at, %(now)s + make_interval(secs =>
                CASE WHEN account_role IN ({staff}) THEN %(staff_idle_s)s ELSE %(idle_s)s END)))
        FROM live WHERE session.id = live.session_id AND EXISTS (SELECT FROM spent)
        RETURNING session.*
    ), stored AS (
        INSERT INTO token_blacklist_outstandingtoken (user_id, jti, token, created_at, expires_at)
        SELECT user_id, current_jti, '', current_iat, current_exp FROM rotated
    )
    SELECT {rotated}, live.* FROM rotated, live
"""


def rotate_token(
    token: RefreshToken, *, transport: str, now: datetime, key_hash: bytes | None
) -> Session | None:
    """Spend the token, if it is the live one of a session that is neither ended nor locked, and
    make the next one live; its absolute end stays. Return the session as it is then, with its user;
    None: nothing has changed, as it is none, or was spent before.

    One statement, in the caller's transaction or one of its own. Locks: the session, without
    waiting for whoever holds it.
    """
    params = {
        "id": token.sid,
        "user_id": token.sub,
        "generation": token.gen,
        "jti": token.jti,
        "transport": transport,
        "now": now,
        "new_jti": new_jti(),
        "issued_at": whole_second(now),
        "key_hash": key_hash,
        "idle_s": settings.REFRESH_IDLE_S,
        "staff_idle_s": settings.STAFF_REFRESH_IDLE_S,
    }
    for row in fetch_prepared(_rotate_sql(transactions.LIMITS_SQL), params):
        session = instance_from_row(Session, "rotated", row)
        session.user = instance_from_row(User, "account", row)
        return session
    return None


@functools.cache
def _rotate_sql(limits: str) -> str:
    return _ROTATE.format(
        limits=limits,
        account=select_columns(User, "account"),
        rotated=select_columns(Session, "rotated"),
        staff=", ".join(f"'{role}'" for role in STAFF_ROLES),
    )
