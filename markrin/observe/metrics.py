"""Prometheus: what web processes count, over all of them, and what the database knows, read
when asked.

With PROMETHEUS_MULTIPROC_DIR set, as `make up` and the container do, the processes'
counters are added up."""

import os
from collections.abc import Iterator

from django.db import connection
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import REGISTRY, Collector

from markrin.outbox import selectors as outbox

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

requests = Counter(
    "markrin_http_requests_total", "Requests answered.", ["method", "route", "status"]
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


class FromDatabase(Collector):
    """The gauges that are read from the database at scrape, the same in every process."""

    def collect(self) -> Iterator[Metric]:
        """Yield them; a handful of queries, each by an index."""
        rows = GaugeMetricFamily(
            "outbox_rows", "Jobs that are not done.", labels=["queue", "state"]
        )
        oldest = GaugeMetricFamily(
            "outbox_oldest_due_seconds",
            "How long the oldest due job has waited.",
            labels=["queue"],
        )
        due: dict[str, float] = {}
        for count in outbox.counts():
            rows.add_metric([count.queue, count.state], count.rows)
            due[count.queue] = max(due.get(count.queue, 0.0), count.oldest_due_s)
        for queue, seconds in due.items():
            oldest.add_metric([queue], seconds)
        yield rows
        yield oldest
        resting = GaugeMetricFamily(
            "outbox_paused", "1 for a queue that rests.", labels=["queue"]
        )
        for pause in outbox.paused():
            resting.add_metric([pause.queue], 1)
        yield resting
        finished = GaugeMetricFamily(
            "outbox_finished_last_hour",
            "Jobs finished in the last hour.",
            labels=["task", "outcome"],
        )
        lost = GaugeMetricFamily(
            "outbox_lost_last_hour", "Runs lost in the last hour.", labels=["task"]
        )
        for outcome in outbox.outcomes_last_hour():
            finished.add_metric([outcome.task, outcome.outcome], outcome.rows)
            lost.add_metric([outcome.task], outcome.lost)
        yield finished
        yield lost
        waits = GaugeMetricFamily(
            "job_wait_seconds",
            "From due to begun, last hour.",
            labels=["queue", "quantile"],
        )
        for queue, values in outbox.waits_last_hour().items():
            for quantile, seconds in zip(("0.5", "0.95", "0.99"), values, strict=True):
                waits.add_metric([queue, quantile], seconds)
        yield waits
        beats = GaugeMetricFamily(
            "heartbeat_age_seconds",
            "Since a part was last seen alive.",
            labels=["name"],
        )
        for name, age in outbox.heartbeat_ages().items():
            beats.add_metric([name], age)
        yield beats
        yield self._stock()

    def _stock(self) -> Metric:
        """Return how many levels differ from their ledger, among the variants that moved in
        the last hour.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT count(*) FROM products_stocklevel AS level CROSS JOIN LATERAL (
                    SELECT coalesce(sum(d_on_hand), 0) AS on_hand, coalesce(sum(d_reserved), 0) AS reserved
                    FROM products_stockmovement WHERE variant_id = level.variant_id) AS ledger
                WHERE level.variant_id IN (SELECT DISTINCT variant_id FROM (
                    SELECT variant_id FROM products_stockmovement ORDER BY id DESC LIMIT 1000) AS newest)
                AND (level.on_hand, level.reserved) <> (ledger.on_hand, ledger.reserved)"""
            )
            (count,) = cursor.fetchone() or (0,)
        return GaugeMetricFamily(
            "stock_mismatch",
            "Variants, of those moved last, whose level is not their ledger's.",
            count,
        )


def render() -> bytes:
    """Return everything in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(FromDatabase())
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        # it has no types
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
    return generate_latest(REGISTRY) + generate_latest(registry)
