"""Rate limits: counted in Valkey, atomically over all processes; while it is away or full, more
strictly in each process.

The server is that of LIMITS_URL. A limit is a fixed window that opens with its first request.
RATE_LIMIT_SCALE multiplies them all.
"""

from __future__ import annotations

import functools
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog
from django.conf import settings
from django.http import HttpRequest
from django_redis import get_redis_connection
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage, Storage
from redis import RedisError

from markrin.api import client_address, errors

log = structlog.get_logger(__name__)

_T = TypeVar("_T")
# a process that counts for itself allows this part of a limit, whatever the others allow
ALONE_DIVISOR = 4
CONNECT_WITHIN_S, ANSWER_WITHIN_S = (
    0.05,
    0.1,
)  # what Valkey has time for before it counts as away
AWAY_S = 1.0  # how long it is then left alone


@dataclass(frozen=True)
class Limit:
    """At most `amount` in `seconds`, for each key; `amount` is before scaling."""

    name: str
    amount: int
    seconds: int

    @classmethod
    def named(cls, name: str) -> Limit:
        """Return the limit that settings.RATE_LIMITS has under this name."""
        amount, seconds = settings.RATE_LIMITS[name].split("/")
        return cls(name, int(amount), int(seconds))

    @property
    def allowed(self) -> int:
        """The amount as scaled by settings.RATE_LIMIT_SCALE."""
        return max(1, int(self.amount * settings.RATE_LIMIT_SCALE))


class Store:
    """The counters: in Valkey, or in this process while Valkey is away."""

    def __init__(self, url: str) -> None:
        self._shared = RedisStorage(
            url.replace("unix://", "redis+unix://", 1),
            # Only Sentinel knows where the server is at present.
            connection_pool=get_redis_connection("default").connection_pool
            if settings.CACHE_SENTINELS and url == settings.CACHE_URL
            else None,
            key_prefix=f"{settings.CACHES['default']['KEY_PREFIX']}:limits",
            socket_connect_timeout=CONNECT_WITHIN_S,
            socket_timeout=ANSWER_WITHIN_S,
        )
        self._alone, self._alone_lock = MemoryStorage(), threading.Lock()
        self._away_until = 0.0
        self._lock = threading.Lock()

    def run(self, work: Callable[[Storage, int], _T]) -> _T:
        """Return `work(storage, divisor)`: on Valkey's counters with divisor 1, or, while Valkey
        is away, on this process's own, where a limit's amount is to be divided.
        """
        if time.monotonic() >= self._away_until:
            try:
                return work(self._shared, 1)
            except (RedisError, OSError) as exc:
                self._note_absence(exc)
        # The library's own locks let two threads begin the same window.
        with self._alone_lock:
            return work(self._alone, ALONE_DIVISOR)

    def _note_absence(self, exc: Exception) -> None:
        with self._lock:
            first = (
                self._away_until == 0.0 or time.monotonic() > self._away_until + 60
            )
            self._away_until = time.monotonic() + AWAY_S
        if first:
            log.warning("limits.store_away", error=type(exc).__name__)


_making = threading.Lock()


def _shared_store(url: str) -> Store:
    with _making:  # two at once would each count for themselves
        return _store_for(url)


@functools.cache
def _store_for(url: str) -> Store:
    return Store(url)


def _call_store(work: Callable[[Storage, int], _T]) -> _T:
    return _shared_store(settings.LIMITS_URL).run(work)


def _limit_item(limit: Limit, allowed: int) -> RateLimitItem:
    return RateLimitItemPerSecond(allowed, limit.seconds, namespace=limit.name)


def count_request(limit: Limit, *key: str, amount: int = 1) -> float | None:
    """Count `amount` more; return None if that is within the limit, else the seconds until the
    window ends.
    """

    def work(storage: Storage, divisor: int) -> float | None:
        allowed = max(1, limit.allowed // divisor)
        # The counter's name must not depend on the amount: a changed setting would start
        # every window anew.
        name = _limit_item(limit, 1).key_for(*key)
        if storage.incr(name, limit.seconds, amount=amount) <= allowed:
            return None
        return max(1.0, storage.get_expiry(name) - time.time())

    return _call_store(work)


def enforce_limit(limit: Limit, *key: str, amount: int = 1) -> None:
    """Count `amount` more.

    Raises:
        errors.RateLimited: that is more than allowed; with Retry-After in seconds.
    """
    wait = count_request(limit, *key, amount=amount)
    if wait is not None:
        raise rate_limited_error(wait)


def rate_limited_error(wait_s: float) -> errors.RateLimited:
    """Return the refusal for a client that has to wait these seconds."""
    return errors.RateLimited(headers={"Retry-After": str(math.ceil(wait_s))})


def give_back(limit: Limit, *key: str, amount: int = 1) -> None:
    """Count `amount` less: something that was counted in advance did not happen."""
    _call_store(
        lambda storage, divisor: storage.incr(
            _limit_item(limit, 1).key_for(*key), limit.seconds, amount=-amount
        )
    )


def reset_counter(limit: Limit, *key: str) -> None:
    """Forget what was counted."""
    _call_store(
        lambda storage, divisor: storage.clear(_limit_item(limit, 1).key_for(*key))
    )


# --- The whole API -------------------------------------------------------------------------------
def count_refused(request: HttpRequest) -> None:
    """Count a request whose token was refused: the throttle sees only those that come
    through.

    Raises:
        errors.RateLimited: this network has sent too many.
    """
    enforce_limit(
        Limit.named("api"),
        "network",
        client_address.network_of(client_address.get_client_address(request)),
    )
