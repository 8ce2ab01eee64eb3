"""Catalogue reads from a standby of the database, where DATABASE_REPLICA_URL names one;
docs/scaling.md.

One rule keeps every promise: a request may use the standby only if the standby has replayed
all that the primary had committed when the request began. So what it reads is what the
primary would have said then: an answer may be kept in the cache as ever, and whoever has
written reads it. A standby that is behind, away, or no standby any more (promoted) is left
aside. The price is one small question to the primary for each answer that is not in the
cache."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.db import DatabaseError, connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

log = structlog.get_logger("markrin.db.replica")

ALIAS = "replica"
_REST_S = 5.0  # how long a standby that failed is not asked
_LOOK_S = 0.002  # between two looks at one that is behind
# A commit is on disk before anybody sees it, unless the server was told not to wait for that.
_POSITION = """
SELECT CASE current_setting('synchronous_commit') WHEN 'off' THEN pg_current_wal_insert_lsn()
       ELSE pg_current_wal_flush_lsn() END::text
"""
_HAS = (
    "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"  # NULL where it is no standby
)
Next = Callable[[HttpRequest], HttpResponseBase]


class CatalogueReads:
    """The middleware. Stands inside the answer cache, which has noted the time before, and
    so sees only its misses.
    """

    sync_capable, async_capable = True, False

    def __init__(self, get_response: Next) -> None:
        if ALIAS not in settings.DATABASES:
            raise MiddlewareNotUsed
        self._next = get_response
        self._rests_until = 0.0

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if (
            request.method not in ("GET", "HEAD")
            or not _is_public(request.path_info)
            or not self._caught_up()
        ):
            return self._next(request)
        # for the request's line in the log
        request.read_from = {"database": ALIAS}  # type: ignore[attr-defined]
        with _in_place_of_the_primary():
            response = self._next(request)
        if response.status_code < 500:
            return response
        self._leave_aside(
            "failed"
        )  # it went away, or cancelled a query that stood in replay's way
        del request.read_from  # type: ignore[attr-defined]  # set above
        return self._next(request)

    def _caught_up(self) -> bool:
        if time.monotonic() < self._rests_until:
            return False
        try:
            with connections["default"].cursor() as cursor:
                cursor.execute(_POSITION)
                position = cursor.fetchone()
        except DatabaseError:
            return False  # the view will meet the same, and say so
        until = time.monotonic() + settings.DATABASE_REPLICA_WAIT_MS / 1000
        try:
            with connections[ALIAS].cursor() as cursor:
                while True:
                    cursor.execute(_HAS, position)
                    (has,) = cursor.fetchone()
                    if has or time.monotonic() > until:
                        return bool(has)
                    time.sleep(_LOOK_S)
        except DatabaseError as error:
            self._leave_aside(type(error).__name__)
            return False

    def _leave_aside(self, why: str) -> None:
        self._rests_until = time.monotonic() + _REST_S
        connections[ALIAS].close()
        log.warning("replica.left_aside", error=why, seconds=_REST_S)


def _is_public(path: str) -> bool:
    """Return whether the answer is the same for everybody: the views that are marked `cached`."""
    try:
        view = resolve(path).func
    except Resolver404:
        return False
    return hasattr(getattr(getattr(view, "cls", None), "get", None), "cache_tags")


@contextmanager
def _in_place_of_the_primary() -> Iterator[None]:
    """Let this thread's default connection be the standby's: for models and for SQL by hand
    alike, without a router that each query would have to ask. A write is refused by the
    standby itself."""
    primary, standby = connections["default"], connections[ALIAS]
    connections["default"] = standby
    standby.execute_wrappers = (
        primary.execute_wrappers
    )  # what counts and times queries for the log
    try:
        yield
    finally:
        standby.execute_wrappers = []
        connections["default"] = primary
