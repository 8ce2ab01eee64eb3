"""Metrics of the outbox, for /metrics."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from markrin.outbox import selectors


class OutboxCollector(Collector):
    """Gauges of the jobs, read from the database at scrape: the same in every process."""

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; a handful of queries, each by an index."""
        rows = GaugeMetricFamily(
            "outbox_rows", "Jobs that are not done.", labels=["queue", "state"]
        )
        oldest = GaugeMetricFamily(
            "outbox_oldest_due_seconds",
            "How long the oldest due job has waited.",
            labels=["queue"],
        )
        due: dict[str, float] = {}
        for count in selectors.count_open_jobs():
            rows.add_metric([count.queue, count.state], count.rows)
            due[count.queue] = max(due.get(count.queue, 0.0), count.oldest_due_s)
        for queue, seconds in due.items():
            oldest.add_metric([queue], seconds)
        yield rows
        yield oldest
        resting = GaugeMetricFamily(
            "outbox_paused", "1 for a queue that rests.", labels=["queue"]
        )
        for pause in selectors.list_paused_queues():
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
        for outcome in selectors.count_outcomes():
            finished.add_metric([outcome.task, outcome.outcome], outcome.rows)
            lost.add_metric([outcome.task], outcome.lost)
        yield finished
        yield lost
        waits = GaugeMetricFamily(
            "job_wait_seconds",
            "From due to begun, last hour.",
            labels=["queue", "quantile"],
        )
        for queue, values in selectors.measure_waits().items():
            for quantile, seconds in zip(
                ("0.5", "0.95", "0.99"), values, strict=True
            ):
                waits.add_metric([queue, quantile], seconds)
        yield waits
        beats = GaugeMetricFamily(
            "heartbeat_age_seconds",
            "Since a part was last seen alive.",
            labels=["name"],
        )
        for name, age in selectors.list_heartbeat_ages().items():
            beats.add_metric([name], age)
        yield beats


COLLECTORS = [OutboxCollector()]
