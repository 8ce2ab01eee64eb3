"""Idempotency keys: a request that is sent twice takes effect once. Source:
draft-ietf-httpapi-idempotency-key-header.

The key is inserted in the transaction of the effect. So a crash leaves no key behind, a
refusal is not remembered, and a twin that arrives meanwhile waits on the unique index until
the first one has committed, then finds its result."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import orjson
import psycopg
from django.db import OperationalError

from markrin.db import transactions
from markrin.db.sql import execute_prepared, fetch_prepared
from orders import errors
from orders.models import IdempotencyKey


@dataclass(frozen=True)
class KeyClaim:
    """A request with its key. `scope` names the route and the caller; the fingerprint tells
    other bodies apart.
    """

    scope: str
    key: str
    fingerprint: bytes


def build_claim(
    *, scope: str, key: str | None, route: str, body: object
) -> KeyClaim:
    """Return the claim of a request to `route`, such as `POST /api/orders`.

    `body` is what the schema has loaded: two texts that mean the same make the same claim.

    Raises:
        IdempotencyKeyMissing: there is no key.
    """
    if key is None:
        raise errors.IdempotencyKeyMissing
    canonical = orjson.dumps(
        [route, body], default=str, option=orjson.OPT_SORT_KEYS
    )
    last_part = route.split()[-1].rsplit("/", 1)[-1]
    return KeyClaim(f"{last_part}:{scope}", key, hashlib.sha256(canonical).digest())


@transactions.requires_transaction
def claim_key(request: KeyClaim, result_id: UUID) -> UUID | None:
    """Take the key for what will have the id `result_id`, or return the id of what it has
    led to before.

    Part of the caller's transaction, and its first lock: waits while a twin runs, up to the
    lock timeout.

    Raises:
        IdempotencyKeyInUse: the twin is still running.
        IdempotencyKeyReused: the key came with another request.
    """
    with _refusing_twins():
        params = [request.scope, request.key, request.fingerprint, result_id]
        if execute_prepared(_CLAIM, params):
            return None
    return find_result(request)


@transactions.requires_transaction
def begin_order(request: KeyClaim, order_id: UUID) -> tuple[int, UUID | None]:
    """Limit the transaction's waits, draw an order's number and take the key for the order, as
    `claim_key` does, in one statement; return the number, and the id of the order that the key
    has led to before. A refused order leaves a gap in the numbers.

    Part of the caller's transaction, and its first statement. Raises: as `claim_key`.
    """
    params = [request.scope, request.key, request.fingerprint, order_id]
    with _refusing_twins():
        [row] = fetch_prepared(_BEGIN, params)
    return int(row["number"]), None if row["is_new"] else find_result(request)


# The limits hold by the time at which the key's row meets a twin's.
_BEGIN: Final = f"""
    WITH begun AS MATERIALIZED (
        {transactions.LIMITS_SQL}, nextval('orders_order_number') AS number
    ), claimed AS (
        INSERT INTO orders_idempotencykey (scope, key, fingerprint, result_id)
        SELECT %s::text, %s::text, %s::bytea, %s::uuid FROM begun
        ON CONFLICT (scope, key) DO NOTHING RETURNING scope
    )
    SELECT number, EXISTS (SELECT FROM claimed) AS is_new FROM begun
"""  # noqa: S608 (constants)
_CLAIM: Final = (
    "INSERT INTO orders_idempotencykey (scope, key, fingerprint, result_id)"
    " VALUES (%s, %s, %s, %s) ON CONFLICT (scope, key) DO NOTHING"
)


@contextmanager
def _refusing_twins() -> Iterator[None]:
    """Say that a twin is running where a statement waits for its row in vain."""
    try:
        yield
    except OperationalError as exc:
        if isinstance(exc.__cause__, psycopg.errors.LockNotAvailable):
            raise errors.IdempotencyKeyInUse(headers={"Retry-After": "1"}) from exc
        raise


def find_result(request: KeyClaim) -> UUID | None:
    """Return the id of what the key has led to, or None if it is new.

    Raises:
        IdempotencyKeyReused: the key came with another request.
    """
    known = IdempotencyKey.objects.filter(
        scope=request.scope, key=request.key
    ).first()
    if known is None:
        return None
    if bytes(known.fingerprint) != request.fingerprint:
        raise errors.IdempotencyKeyReused
    return known.result_id
