"""`invalidate`: answers that carry a tag are dropped once the transaction that changed it has
committed.
"""

from dataclasses import dataclass
from typing import ClassVar

import redis
import structlog
from django.db import connection, transaction

from markrin.cache import invalidation_listener, shared_cache

log = structlog.get_logger("markrin.cache")


@dataclass(frozen=True)
class CacheTouched:
    """Answers with these tags must be dropped. It covers a process that dies between its commit
    and `drop_tags`.
    """

    name: ClassVar[str] = "cache.touched"
    tags: tuple[str, ...]


class _Drop:
    """What runs on commit; it grows while the transaction does, so that many changes cost
    one round trip.
    """

    def __init__(self) -> None:
        self.tags: set[str] = set()
        self.done = False

    def __call__(self) -> None:
        self.done = True
        drop_tags(self.tags)


def invalidate(*tags: str, durably: bool = True) -> None:
    """Drop every kept answer with one of these tags, on commit; a rolled-back transaction
    drops nothing.

    `durably`, an outbox row of the same transaction drops them again, late rather than
    never, if this process dies before it can; a caller whose own event leads there says
    False. A bulk write sends no signals, so its caller calls this."""
    if not tags:
        return
    if not connection.in_atomic_block:
        drop_tags(set(tags))
        return
    pending = _pending_drop()
    new = set(tags) - pending.tags
    if new and durably:
        from markrin.outbox import (
            services as outbox,
        )  # the outbox's own tables need Django to be set up

        outbox.add(CacheTouched(tags=tuple(sorted(new))))
    pending.tags |= new


def _pending_drop() -> _Drop:
    """Return the last `_Drop` of this transaction if it belongs to the present savepoint,
    else a new one.
    """
    if connection.run_on_commit:
        savepoints, last, *_ = connection.run_on_commit[-1]
        if (
            isinstance(last, _Drop)
            and not last.done
            and savepoints == set(connection.savepoint_ids)
        ):
            return last
    drop = _Drop()
    transaction.on_commit(drop)
    return drop


def drop_tags(tags: set[str]) -> bool:
    """Drop answers with these tags everywhere, now. Return whether the cache server heard;
    what it did not hear is made good when this process's line is back, or by the outbox."""
    invalidation_listener.own.memory.drop(tags)
    try:
        shared_cache.invalidate_tags(tags)
    except (redis.RedisError, OSError) as error:
        invalidation_listener.own.suspect()
        log.warning("cache.drop_failed", tags=len(tags), error=type(error).__name__)
        return False
    return True
