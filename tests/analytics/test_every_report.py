"""Each report's own SQL runs, for orders and gift cards that there are."""

from datetime import timedelta

import pytest
from django.utils import timezone

from analytics.selectors.reports import REPORTS, get_report
from tests.factories import make_order


@pytest.mark.django_db
@pytest.mark.parametrize("name", REPORTS)
def test_a_report_has_a_value_for_each_of_its_columns(name: str) -> None:
    make_order(status="delivered", paid=True)
    today = timezone.now().date()
    report = get_report(
        name=name, first=today - timedelta(days=1), last=today, interval="day"
    )
    assert all(len(row) == len(REPORTS[name].columns) for row in report.rows)
