"""The shop's figures as staff look at them: the dashboard, the reports behind it, the days."""

from analytics.admin import days  # noqa: F401 (importing registers the pages)
