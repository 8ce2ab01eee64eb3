"""Requests of a limit taken from the shared counter several at a time, so that most calls of a
busy client ask no server.

A process leases a few of a client's requests at once and spends them by itself. The counter's
sum is kept: what is leased is counted. So a client is never allowed more than its limit in a
window; one that is spread over many processes is refused up to a lease each too early, and at
the turn of a window a process may spend the rest of a lease of the window before."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from markrin.api.rate_limits import Limit, count_request, rate_limited_error

AT_MOST = 16  # requests in a lease,
PART = 100  # and no more than this part of the limit
# whoever spends a lease in this time gets twice as many the next time, else half as many
SPENT_WITHIN_S = 1.0
# how long a refusal holds without asking: a server that comes back may know better
REFUSED_S = 5.0
CLIENTS = 10_000  # that a process knows at a time

Key = tuple[str, ...]


@dataclass
class _Lease:
    """Requests that a process may still let through; or, if `again_at` is not None, that it refuses
    until `ends_at`, and from when on the counter lets the client through. Times are the monotonic
    clock's.
    """

    size: int
    left: int
    taken_at: float
    ends_at: float
    again_at: float | None = None


class LeasedCounter:
    """What a process has leased, by limit and client."""

    def __init__(self, count: Callable[..., float | None] = count_request) -> None:
        self._count = count
        self._leases: dict[Key, _Lease] = {}
        self._lock = threading.Lock()

    def count_request(self, limit: Limit, *key: str) -> float | None:
        """Count one more; return None if that is within the limit, else the seconds until the
        client may try again.

        Locks: this process's table, never while a server is asked.
        """
        most = min(AT_MOST, limit.allowed // PART)
        if most < 2:
            return self._count(limit, *key)
        name, now = (limit.name, *key), time.monotonic()
        with self._lock:
            lease = self._leases.get(name)
            if lease is not None and now < lease.ends_at:
                if lease.again_at is not None:
                    return lease.again_at - now
                if lease.left:
                    lease.left -= 1
                    return None
            size = min(most, _next_size(lease, now))
        wait = self._count(limit, *key, amount=size)
        with self._lock:
            self._note(name, size, wait, now + limit.seconds)
        return wait

    def enforce_limit(self, limit: Limit, *key: str) -> None:
        """Count one more.

        Raises:
            markrin.api.errors.RateLimited: that is more than allowed.
        """
        wait = self.count_request(limit, *key)
        if wait is not None:
            raise rate_limited_error(wait)

    def _note(
        self, name: Key, size: int, wait: float | None, ends_at: float
    ) -> None:
        now = time.monotonic()
        known = self._leases.pop(name, None)  # the newest stands last
        if wait is not None:
            ends_at = now + min(wait, REFUSED_S)
            self._leases[name] = _Lease(1, 0, now, ends_at, again_at=now + wait)
        else:
            # what another thread has leased meanwhile is not lost
            left = known.left if known and now < known.ends_at else 0
            self._leases[name] = _Lease(size, left + size - 1, now, ends_at)
        if len(self._leases) > CLIENTS:
            del self._leases[next(iter(self._leases))]


def _next_size(lease: _Lease | None, now: float) -> int:
    if lease is None or lease.again_at is not None or now >= lease.ends_at:
        return 1
    if now - lease.taken_at < SPENT_WITHIN_S:
        return lease.size * 2
    return max(1, lease.size // 2)


leases = LeasedCounter()  # this process's
