"""Two beats make the day's figures at once: they are those of one."""

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from analytics.services import rollups
from tests.concurrency.threads import run_concurrently
from tests.factories import make_order, make_variant

pytestmark = pytest.mark.django_db(transaction=True)

TABLES = tuple(
    f"analytics_daily{name}"
    for name in ("sales", "product", "variant", "category", "funnel")
)


def figures() -> dict[str, list[Any]]:
    with connection.cursor() as cursor:
        found = {}
        for table in TABLES:
            cursor.execute(
                f"SELECT to_jsonb(t) - 'id' - 'made_at' FROM {table} AS t"
            )
            found[table] = sorted(str(row[0]) for row in cursor.fetchall())
        return found


def test_rollups_at_once_are_equal_to_one() -> None:
    variant = make_variant(stock=20)
    for status in ("pending", "confirmed", "cancelled", "delivered"):
        make_order(variant=variant, status=status)
    now = timezone.now()
    rollups.rebuild_changed_days(now=now, also_recent=True)
    one = figures()
    assert one["analytics_dailysales"]
    done = run_concurrently(
        4, lambda _: rollups.rebuild_changed_days(now=now, also_recent=True)
    )
    assert [each for each in done if isinstance(each, Exception)] == []
    assert figures() == one
