"""The line on which a process hears, from the cache server, what others have touched; and
whether it is sound.

One RESP3 connection with `CLIENT TRACKING ON BCAST` on the prefix of the tags. Only while
it is known to be alive are answers taken from either tier: the moment it is not, memory is
cleared, requests go to the database, and no request waits for a server that is away. When
the line is back, everything kept is made invalid before anything is served, because a
change made meanwhile may not have reached the server. Source: "Server-assisted client-side
caching", the documentation of Redis and of Valkey."""

import contextlib
import os
import threading
import time
from collections import Counter
from typing import Any

import redis
import structlog
from django.conf import settings
from django_redis import get_redis_connection
from redis.backoff import NoBackoff
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry

from markrin.cache import shared_cache
from markrin.cache.local_cache import Memory
from markrin.observe import metrics

log = structlog.get_logger("markrin.cache")

_BEAT_S = 0.1  # between two signs of life
ALIVE_S = 0.3  # how long one is good for
_STATS_S = 1.0


class Link:
    """A process's line to the cache server, with the memory that it keeps right. Started by
    the first request.
    """

    def __init__(self, memory: Memory) -> None:
        self.memory = memory
        self.counts: Counter[str] = Counter()
        self._alive_until = 0.0
        self._lost = False  # whether a change may have been missed since the line was last made
        self._pid = 0
        self._lock = threading.Lock()
        self._suspect = threading.Event()

    @property
    def alive(self) -> bool:
        """Whether the caches may be used: the line is known to work."""
        return time.monotonic() < self._alive_until

    def start(self) -> None:
        """Begin to listen, once a process: a forked child has a line of its own."""
        if self._pid == os.getpid():
            return
        with self._lock:
            if self._pid == os.getpid():
                return
            self._pid = os.getpid()
            self._alive_until, self._lost = 0.0, False
            self.memory.clear()
            threading.Thread(
                target=self._run_forever, name="cache-link", daemon=True
            ).start()

    def suspect(self) -> None:
        """Stop using the tiers until the line has been made anew: an operation on the
        server has failed.
        """
        self._alive_until = 0.0
        self._suspect.set()

    def _run_forever(self) -> None:
        wait_s, reported = _BEAT_S, False
        while True:
            connection = self._connection()
            try:
                self._listen_once(connection)
            except (redis.RedisError, OSError) as error:
                was_alive = self.alive
                self._alive_until, self._lost = 0.0, True
                self.memory.clear()
                wait_s = _BEAT_S if was_alive else min(wait_s * 2, 1.0)
                if was_alive or not reported:  # once an outage, not once a try
                    log.warning("cache.unreachable", error=type(error).__name__)
                    reported = True
                time.sleep(wait_s)
            finally:
                connection.disconnect()

    def _connection(self) -> Any:
        pool = get_redis_connection("default").connection_pool
        options = {
            **pool.connection_kwargs,
            "protocol": 3,
            "socket_timeout": ALIVE_S,
            "socket_connect_timeout": ALIVE_S,
            "retry": Retry(NoBackoff(), 0),
            "health_check_interval": 0,
            "decode_responses": False,
            "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        }
        return pool.connection_class(**options)

    def _listen_once(self, connection: Any) -> None:
        self._suspect.clear()
        connection.connect()
        connection._parser.set_invalidation_push_handler(
            self._on_message
        )  # as redis-py's own client-side cache does
        connection.send_command(
            "CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", shared_cache.TAGS
        )
        connection.read_response()
        self.memory.clear()
        if self._lost:
            shared_cache.invalidate_tags([shared_cache.EVERYTHING])
            self._lost = False
            log.info("cache.reachable")
        pinged_at: float | None = None
        ask_at = report_at = time.monotonic()
        while not self._suspect.is_set():
            now = time.monotonic()
            if pinged_at is None and now >= ask_at:
                connection.send_command("PING", check_health=False)
                pinged_at = now
            if pinged_at is not None and now - pinged_at > ALIVE_S:
                raise redis.TimeoutError("no sign of life")
            wait_s = _BEAT_S if pinged_at is not None else max(ask_at - now, 0.001)
            with contextlib.suppress(redis.TimeoutError):
                answer = connection.read_response(
                    push_request=True, timeout=wait_s, disconnect_on_error=False
                )
                if pinged_at is not None and answer in (b"PONG", "PONG"):
                    self._alive_until, ask_at, pinged_at = (
                        pinged_at + ALIVE_S,
                        pinged_at + _BEAT_S,
                        None,
                    )
            if now >= report_at:
                self._report_counts()
                report_at = now + _STATS_S
        raise redis.ConnectionError("an operation on the cache server failed")

    def _on_message(self, message: list[Any]) -> None:
        keys = message[1]
        if keys is None:  # the server has been flushed
            self.memory.clear()
        else:
            self.memory.drop(
                [key.decode().removeprefix(shared_cache.TAGS) for key in keys]
            )

    def _report_counts(self) -> None:
        counts, self.counts = self.counts, Counter()
        if counts:
            metrics.count_cache(counts)
            shared_cache.add_stats(counts)


own = Link(Memory(settings.CACHE_MEMORY_BYTES))
"""This process's."""
