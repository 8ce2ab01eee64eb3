"""Metrics of the stock, for /metrics."""

from collections.abc import Iterator

from django.db import connection
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class StockCollector(Collector):
    """Whether the stock levels still equal their ledger, read at scrape."""

    def collect(self) -> Iterator[Metric]:
        """Yield how many levels differ from their ledger, among the variants that moved in
        the last hour.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT count(*) FROM products_stocklevel AS level CROSS JOIN LATERAL (
                    SELECT coalesce(sum(d_on_hand), 0) AS on_hand, coalesce(sum(d_reserved),
                        0) AS reserved
                    FROM products_stockmovement WHERE variant_id = level.variant_id) AS ledger
                WHERE level.variant_id IN (SELECT DISTINCT variant_id FROM (
                    SELECT variant_id FROM products_stockmovement ORDER BY id DESC
                        LIMIT 1000) AS newest)
                AND (level.on_hand, level.reserved) <> (ledger.on_hand, ledger.reserved)"""
            )
            (count,) = cursor.fetchone() or (0,)
        yield GaugeMetricFamily(
            "stock_mismatch",
            "Variants, of those moved last, whose level is not their ledger's.",
            count,
        )


COLLECTORS = [StockCollector()]
