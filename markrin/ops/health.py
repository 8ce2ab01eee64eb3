"""Probes for load balancers and orchestrators: is the process alive, can it serve?"""

import os
import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.urls import resolve
from django.views.decorators.cache import never_cache
from django_redis import get_redis_connection

from markrin.api import client_address
from markrin.observe import metrics
from markrin.outbox import selectors as outbox

PROBES = ("/health/live", "/health/ready", "/metrics")
ANSWER_WITHIN_S = 1.0
SIGN_WITHIN_S = 0.1  # of cache and broker, which only degrade it
_DUE_S, _BEAT_S = (
    120.0,
    120.0,
)  # from when on waiting jobs, and a part that is silent, are worth an alarm
# once true, always: a process never runs with fewer migrations than it started with
_migrated = False


def probe_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Answer probes ahead of what wants a known host name or https: they come by address,
    and over http.
    """

    def answer(request: HttpRequest) -> HttpResponseBase:
        if request.path_info not in PROBES:
            return get_response(request)
        request.resolver_match = match = resolve(request.path_info)
        response: HttpResponseBase = match.func(request)
        return response

    return answer


@never_cache
def live_probe(request: HttpRequest) -> JsonResponse:
    """Answer that the process answers, and nothing else; 503 while it drains: it still
    serves, but send it no more.
    """
    if settings.DRAIN_FILE and os.path.exists(settings.DRAIN_FILE):
        return JsonResponse({"status": "draining"}, status=503)
    return JsonResponse({"status": "ok"})


@never_cache
def readiness_probe(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the shop can sell: the database answers within a second and is
    migrated, else 503.

    What it can sell without (cache, limits, broker, workers, beat) is reported as `degraded`, with
    200.
    """
    checks = _database_state()
    checks["cache"] = _server_state(settings.CACHE_URL)
    checks["limits"] = _server_state(settings.LIMITS_URL)
    checks["broker"] = _server_state(settings.CELERY_BROKER_URL)
    status = (
        "unavailable"
        if checks["database"] != "ok"
        else "ok"
        if set(checks.values()) == {"ok"}
        else "degraded"
    )
    return JsonResponse(
        {"status": status, "checks": checks},
        status=503 if status == "unavailable" else 200,
    )


@never_cache
def metrics_page(request: HttpRequest) -> HttpResponse:
    """Answer the metrics to addresses in METRICS_NETWORKS, and 404 to all others."""
    if not client_address.client_is_in(request, settings.METRICS_NETWORKS):
        return HttpResponse(status=404)
    return HttpResponse(
        metrics.render_metrics(),
        content_type="text/plain; version=0.0.4; charset=utf-8",
    )


class DatabaseProbe(threading.Thread):
    """One look at the database, in a thread: one that takes a connection and then says
    nothing would hold the probe for ever."""

    def __init__(self) -> None:
        super().__init__(name="ready", daemon=True)
        self.answer = {"database": "unreachable"}

    def run(self) -> None:
        self.answer = _ask_database()


_asked: DatabaseProbe | None = None


def _database_state() -> dict[str, str]:
    global _asked
    question = _asked
    if (
        question is None or not question.is_alive()
    ):  # while one hangs, no second thread joins it
        _asked = question = DatabaseProbe()
        question.start()
    question.join(ANSWER_WITHIN_S)
    return dict(question.answer)


def _ask_database() -> dict[str, str]:
    global _migrated
    try:
        with (
            transaction.atomic()
        ):  # a SET for the session would stay behind in a pooler's connection
            with connection.cursor() as cursor:
                cursor.execute(
                    "SET LOCAL statement_timeout = %s",
                    [int(ANSWER_WITHIN_S * 1000)],
                )
            if not _migrated:
                executor = MigrationExecutor(connection)
                _migrated = not executor.migration_plan(
                    executor.loader.graph.leaf_nodes()
                )
            return (
                {"database": "ok"} | _jobs_state()
                if _migrated
                else {"database": "migrations are missing"}
            )
    except DatabaseError:
        return {"database": "unreachable"}
    finally:
        # the thread's own: between two probes it would only be one more at the server
        connection.close()


def _jobs_state() -> dict[str, str]:
    late = [
        count.queue
        for count in outbox.count_open_jobs()
        if count.oldest_due_s > _DUE_S
    ]
    ages = outbox.list_heartbeat_ages()
    silent = sorted(name for name, age in ages.items() if age > _BEAT_S)
    return {
        "outbox": f"late: {', '.join(late)}" if late else "ok",
        "workers": f"silent: {', '.join(silent)}"
        if silent
        else "ok"
        if ages
        else "never seen",
    }


def _server_state(url: str) -> str:
    """Ask for a sign of life, at once: a Valkey answers PING, RabbitMQ takes a connection."""
    parts = urlsplit(url)
    waits: dict[str, Any] = {
        "socket_timeout": SIGN_WITHIN_S,
        "socket_connect_timeout": SIGN_WITHIN_S,
    }
    try:
        if url == settings.CACHE_URL:
            get_redis_connection("default").ping()
        elif parts.scheme in ("redis", "rediss"):
            redis.Redis.from_url(url, **waits).ping()
        elif parts.scheme in ("redis+socket", "unix"):
            redis.Redis(unix_socket_path=parts.path, **waits).ping()
        elif parts.scheme in ("amqp", "amqps"):
            port = parts.port or (5671 if parts.scheme == "amqps" else 5672)
            socket.create_connection(
                (parts.hostname or "localhost", port), timeout=SIGN_WITHIN_S
            ).close()
    except (redis.RedisError, OSError):
        return "unreachable"
    return "ok"
