"""What staff read of the shop's figures, each answer with the time it was made."""

from analytics.selectors.kept import get_first_rows
from analytics.selectors.reports import (
    MAX_ROWS,
    REPORTS,
    get_as_of,
    get_report,
    get_rows,
)
from analytics.selectors.stats import get_stats

__all__ = [
    "MAX_ROWS",
    "REPORTS",
    "get_as_of",
    "get_first_rows",
    "get_report",
    "get_rows",
    "get_stats",
]
