"""Is it alive, and can it work? For load balancers and orchestrators."""

from typing import Any

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django_redis import get_redis_connection

from markrin import client_address
from markrin.observe import metrics
from markrin.outbox import selectors as outbox

_DUE_S, _BEAT_S = 120.0, 120.0  # from when on waiting jobs, and a part that is silent, are worth an alarm
_migrated = False  # once true, always: a process never runs with fewer migrations than it started with


@never_cache
def live(request: HttpRequest) -> JsonResponse:
    """Answer that the process answers, and nothing else."""
    return JsonResponse({"status": "ok"})


@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the shop can sell: the database answers within a second and is migrated, else 503.

    What it can sell without (cache, broker, workers, beat) is reported as `degraded`, with 200.
    """
    checks: dict[str, Any] = {"database": _database()}
    if checks["database"] == "ok":
        checks |= _jobs()
    checks["cache"] = _reachable(settings.CACHE_URL)
    checks["broker"] = _reachable(settings.CELERY_BROKER_URL)
    status = "unavailable" if checks["database"] != "ok" else "ok" if set(checks.values()) == {"ok"} else "degraded"
    return JsonResponse({"status": status, "checks": checks}, status=503 if status == "unavailable" else 200)


@never_cache
def prometheus(request: HttpRequest) -> HttpResponse:
    """Answer the metrics to addresses in METRICS_NETWORKS, and 404 to all others."""
    if not client_address.is_in(request, settings.METRICS_NETWORKS):
        return HttpResponse(status=404)
    return HttpResponse(metrics.render(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _database() -> str:
    global _migrated
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = '1s'")
            try:
                if not _migrated:
                    executor = MigrationExecutor(connection)
                    _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
                cursor.execute("SELECT 1")
            finally:
                cursor.execute("RESET statement_timeout")
    except DatabaseError:
        connection.close()
        return "unreachable"
    return "ok" if _migrated else "migrations are missing"


def _jobs() -> dict[str, str]:
    late = [count.queue for count in outbox.counts() if count.oldest_due_s > _DUE_S]
    ages = outbox.heartbeat_ages()
    silent = sorted(name for name, age in ages.items() if age > _BEAT_S)
    return {
        "outbox": f"late: {', '.join(late)}" if late else "ok",
        "workers": f"silent: {', '.join(silent)}" if silent else "ok" if ages else "never seen",
    }


def _reachable(url: str) -> str:
    """Ask a Valkey for a sign of life, within a tenth of a second. Another kind of broker is the relay's to watch."""
    try:
        if url == settings.CACHE_URL:
            get_redis_connection("default").ping()
        elif url.startswith(("redis://", "rediss://")):
            redis.Redis.from_url(url, socket_timeout=0.1, socket_connect_timeout=0.1).ping()
        elif url.startswith("redis+socket://"):
            path = url.removeprefix("redis+socket://").partition("?")[0]
            redis.Redis(unix_socket_path=path, socket_timeout=0.1, socket_connect_timeout=0.1).ping()
    except (redis.RedisError, OSError):
        return "unreachable"
    return "ok"
