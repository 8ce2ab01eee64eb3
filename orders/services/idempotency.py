"""Idempotency keys: a request that is sent twice takes effect once. Source:
draft-ietf-httpapi-idempotency-key-header.

The key is inserted in the transaction of the effect. So a crash leaves no key behind, a
refusal is not remembered, and a twin that arrives meanwhile waits on the unique index until
the first one has committed, then finds its result."""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import psycopg
from django.db import OperationalError, connection

from orders import errors
from orders.models import IdempotencyKey


@dataclass(frozen=True)
class Request:
    """A request with its key. `scope` names the route and the caller; the fingerprint tells
    other bodies apart.
    """

    scope: str
    key: str
    fingerprint: bytes

    @classmethod
    def of(
        cls, *, scope: str, key: str | None, route: str, body: dict[str, Any]
    ) -> "Request":
        """Return the request for `route`, such as `POST /api/orders`, with its body as the
        schema has read it.

        Raises:
            IdempotencyKeyMissing: there is no key.
        """
        if key is None:
            raise errors.IdempotencyKeyMissing
        canonical = orjson.dumps(
            [route, body], default=str, option=orjson.OPT_SORT_KEYS
        )
        return cls(
            f"{route.split()[-1].rsplit('/', 1)[-1]}:{scope}",
            key,
            hashlib.sha256(canonical).digest(),
        )


def claim(request: Request, result_id: UUID) -> UUID | None:
    """Take the key for what will have the id `result_id`, or return the id of what it has
    led to before.

    Part of the caller's transaction, and its first lock: waits while a twin runs, up to the
    lock timeout.

    Raises:
        IdempotencyKeyInUse: the twin is still running.
        IdempotencyKeyReused: the key came with another request.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO orders_idempotencykey (scope, key, fingerprint, result_id) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT (scope, key) DO NOTHING",
                [request.scope, request.key, request.fingerprint, result_id],
            )
            if cursor.rowcount:
                return None
    except OperationalError as exc:
        if isinstance(exc.__cause__, psycopg.errors.LockNotAvailable):
            raise errors.IdempotencyKeyInUse(headers={"Retry-After": "1"}) from exc
        raise
    return find(request)


def find(request: Request) -> UUID | None:
    """Return the id of what the key has led to, or None if it is new.

    Raises:
        IdempotencyKeyReused: the key came with another request.
    """
    known = IdempotencyKey.objects.filter(scope=request.scope, key=request.key).first()
    if known is None:
        return None
    if bytes(known.fingerprint) != request.fingerprint:
        raise errors.IdempotencyKeyReused
    return known.result_id
