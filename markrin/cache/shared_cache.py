"""The shared tier (L2): answers in Valkey, each valid until one of its tags is touched.

A logical clock orders reads and changes. A reader takes the clock's `stamp` before it reads
the database, and its answer is kept under that stamp; `touch` moves the clock on and writes
the new time to the tag. An answer is valid while none of its tags is younger than its
stamp, so neither an answer that was rendered from old rows and stored late nor one that
nobody came round to delete is ever served. Source: the leases of "Scaling Memcache at
Facebook", NSDI
2013. The clock never falls behind the server's own time, and knows when it began: stamps
from before a restart or a flush, with which the server forgot what had been touched, count
no more."""

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

import orjson
from django.conf import settings
from django_redis import get_redis_connection
from redis.commands.core import Script

from markrin.cache import releases

EVERYTHING = "*"  # the tag that every answer carries
# The braces keep all keys in one slot of a cluster, as the scripts need.
_NAMESPACE = f"{{{settings.CACHES['default']['KEY_PREFIX']}}}"
_CLOCK = f"{_NAMESPACE}:clock:2"  # the number tells one form of it from another
TAGS = f"{_NAMESPACE}:tag:"
# A change of how answers are written raises the number.
_ANSWERS = f"{_NAMESPACE}:answer:3:{releases.fingerprint()}:"
_RENDERING = f"{_NAMESPACE}:rendering:"
_STATS = f"{_NAMESPACE}:stats"

# The clock is a hash, so that its time and when it began live and die together: a server
# that was flushed or has lost its keys has also forgotten what was touched, and no stamp
# from before that may count.
_CLOCK_LUA = """
local function now()
    local time = redis.call('TIME')
    local current = time[1] * 1000000 + time[2]
    local last = tonumber(redis.call('HGET', KEYS[1], 'now') or '0')
    if current <= last then current = last + 1 end
    local text = string.format('%.0f', current)
    redis.call('HSET', KEYS[1], 'now', text)
    redis.call('HSETNX', KEYS[1], 'began', text)
    return text
end
local function moved(tags, stamp)
    local began = redis.call('HGET', KEYS[1], 'began')
    if not began or tonumber(began) > tonumber(stamp) then return true end
    local keys = {}
    for tag in string.gmatch(tags, '[^\\n]+') do keys[#keys + 1] = ARGV[1] .. tag end
    local times = redis.call('MGET', unpack(keys))
    for i = 1, #keys do
        if times[i] and tonumber(times[i]) > tonumber(stamp) then return true end
    end
    return false
end
"""
_TOUCH = (
    _CLOCK_LUA
    + "local t = now() for i = 2, #ARGV do redis.call('SET', ARGV[1] .. ARGV[i], t) end return t"
)
_STAMP = _CLOCK_LUA + "return redis.call('HGET', KEYS[1], 'now') or now()"
_READ = (
    _CLOCK_LUA
    + """
local kept = redis.call('HMGET', KEYS[2], 'stamp', 'tags', 'data')
if not kept[1] then return false end
if moved(kept[2], kept[1]) then redis.call('UNLINK', KEYS[2]) return false end
kept[4] = redis.call('PTTL', KEYS[2])
return kept
"""
)
_WRITE = (
    _CLOCK_LUA
    + """
if moved(ARGV[3], ARGV[2]) then return 0 end
redis.call('HSET', KEYS[2], 'stamp', ARGV[2], 'tags', ARGV[3], 'data', ARGV[4])
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return 1
"""
)


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """A whole response: its headers, and its body in every content coding it may be asked for."""

    status: int
    headers: tuple[tuple[str, str], ...]
    bodies: dict[str, bytes]  # "identity", "gzip", "br" → bytes
    tags: frozenset[str]
    etag: str  # without quotes
    route: str = ""  # the URL pattern it answers, for the request log
    # By this process's time.monotonic(); None: no clock ends it.
    ends_at: float | None = field(default=None, compare=False)
    # What a process has made of it for its own use, by content coding; no part of what is stored.
    prepared: dict[str, tuple[list[tuple[str, str]], bytes]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def __bytes__(self) -> bytes:
        about = {
            "status": self.status,
            "headers": self.headers,
            "etag": self.etag,
            "route": self.route,
            "ends": self.ends_at is not None,
            "bodies": [(coding, len(body)) for coding, body in self.bodies.items()],
        }
        return orjson.dumps(about) + b"\n" + b"".join(self.bodies.values())

    @classmethod
    def parse(
        cls, data: bytes, tags: frozenset[str], *, ends_at: float
    ) -> "CachedResponse":
        """Return the answer that `bytes()` wrote. `ends_at` is when the shared tier lets go
        of it, and counts if that is because of the clock.
        """
        head, _, rest = data.partition(b"\n")
        about = orjson.loads(head)
        bodies, start = {}, 0
        for coding, length in about["bodies"]:
            bodies[coding] = rest[start : start + length]
            start += length
        headers = tuple((name, value) for name, value in about["headers"])
        return cls(
            about["status"],
            headers,
            bodies,
            tags,
            about["etag"],
            about["route"],
            ends_at if about["ends"] else None,
        )

    def limit_ttl(self, ttl_s: float) -> float:
        """Return the seconds that the answer may be kept, of at most these; 0 or less: not."""
        if self.ends_at is None:
            return ttl_s
        return min(ttl_s, self.ends_at - time.monotonic())

    @property
    def size(self) -> int:
        """Bytes of memory, approximately."""
        return 1000 + sum(map(len, self.bodies.values()))


@cache
def _load_script(text: str) -> Script:
    script: Script = get_redis_connection("default").register_script(text)
    return script


def _response_key(name: str) -> str:
    return hashlib.blake2b(name.encode(), digest_size=20).hexdigest()


def read_version() -> str:
    """Return the clock's time, to be taken before the database is read. Raises redis.RedisError."""
    return _to_text(_load_script(_STAMP)(keys=[_CLOCK], args=[TAGS]))


def invalidate_tags(tags: Iterable[str]) -> str:
    """Make every answer with one of these tags invalid, in one round trip. Raises
    redis.RedisError.
    """
    return _to_text(_load_script(_TOUCH)(keys=[_CLOCK], args=[TAGS, *tags]))


def read_response(name: str) -> CachedResponse | None:
    """Return the answer kept under this name if it is still true. Raises redis.RedisError."""
    asked_at = time.monotonic()
    reply = _load_script(_READ)(
        keys=[_CLOCK, _ANSWERS + _response_key(name)], args=[TAGS]
    )
    if reply is None:
        return None
    _, tags, data, left_ms = reply
    return CachedResponse.parse(
        data,
        frozenset(_to_text(tags).split("\n")),
        ends_at=asked_at + left_ms / 1000,
    )


def write_response(
    name: str, answer: CachedResponse, *, stamp: str, ttl_s: float
) -> bool:
    """Keep the answer, unless one of its tags has moved since `stamp`; return whether it was kept.

    Raises redis.RedisError.
    """
    args: list[str | bytes | int] = [
        TAGS,
        stamp,
        "\n".join(sorted(answer.tags)),
        bytes(answer),
        int(ttl_s * 1000),
    ]
    return bool(
        _load_script(_WRITE)(
            keys=[_CLOCK, _ANSWERS + _response_key(name)], args=args
        )
    )


def begin_rendering(name: str, *, at_most_s: float) -> bool:
    """Return whether the caller may render this answer. The right ends by itself after `at_most_s`.

    Raises redis.RedisError.
    """
    return bool(
        get_redis_connection("default").set(
            _RENDERING + _response_key(name), 1, nx=True, px=int(at_most_s * 1000)
        )
    )


def end_rendering(name: str) -> None:
    """Give the right to render back. Raises redis.RedisError."""
    get_redis_connection("default").delete(_RENDERING + _response_key(name))


def add_stats(counts: dict[str, int]) -> None:
    """Add to the counters that `manage.py cache_stats` shows. Raises redis.RedisError."""
    pipeline = get_redis_connection("default").pipeline(transaction=False)
    for name, count in counts.items():
        pipeline.hincrby(_STATS, name, count)
    pipeline.execute()


def read_stats() -> dict[str, int]:
    """Return the counters of all processes since the cache server started. Raises
    redis.RedisError.
    """
    stats: dict[bytes, bytes] = get_redis_connection("default").hgetall(_STATS)
    return {_to_text(name): int(count) for name, count in stats.items()}


def count_answers() -> int:
    """Return how many answers are kept, by walking the keys (slow). Raises redis.RedisError."""
    pattern = _ANSWERS.replace("[", "\\[") + "*"
    return sum(
        1
        for _ in get_redis_connection("default").scan_iter(
            match=pattern, count=1000
        )
    )


def memory_used() -> dict[str, object]:
    """Return what the cache server holds and how it evicts. Raises redis.RedisError."""
    info: dict[str, object] = get_redis_connection("default").info("memory")
    return {
        "used_bytes": info["used_memory"],
        "max_bytes": info.get("maxmemory", 0),
        "policy": info.get("maxmemory_policy", ""),
    }


def _to_text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
