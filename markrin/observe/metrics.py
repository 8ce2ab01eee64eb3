"""Prometheus: what web processes count, over all of them, and what the database knows, read
when asked.

With PROMETHEUS_MULTIPROC_DIR set, as `make up` and the container do, the processes'
counters are added up."""

import os
from collections.abc import Iterator
from importlib import import_module

from django.apps import apps
from django.utils.module_loading import module_has_submodule
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.registry import REGISTRY, Collector

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

requests = Counter(
    "markrin_http_requests_total",
    "Requests answered.",
    ["method", "route", "status"],
)
durations = Histogram(
    "markrin_http_request_duration_seconds",
    "Time to answer.",
    ["method", "route"],
    buckets=_SECONDS,
)
cache_answers = Counter(
    "markrin_cache_answers_total",
    "Catalogue answers, by how they came about.",
    ["outcome"],
)


def observe_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request. A method that nobody has heard of is `other`: a visitor's words must
    not make new series.
    """
    method = method if method in _METHODS else "other"
    requests.labels(method, route, status).inc()
    durations.labels(method, route).observe(seconds)


def count_cache(counts: dict[str, int]) -> None:
    """Add what the answer cache has counted since it last told."""
    for outcome, count in counts.items():
        cache_answers.labels(outcome).inc(count)


def app_collectors() -> Iterator[Collector]:
    """Yield what the apps read from the database at scrape: `COLLECTORS` of their `metrics.py`."""
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(
            config.module, "metrics"
        ):
            yield from getattr(
                import_module(f"{config.name}.metrics"), "COLLECTORS", ()
            )


def render_metrics() -> bytes:
    """Return everything in Prometheus' text format."""
    registry = CollectorRegistry()
    for collector in app_collectors():
        registry.register(collector)
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        # it has no types
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
    return generate_latest(REGISTRY) + generate_latest(registry)
