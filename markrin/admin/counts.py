"""Paging of long lists: they are counted up to a limit, and read by their keys."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.utils.functional import cached_property

MAX_COUNTED = 10_000


class AtLeast(int):
    """A count that stopped at its limit; it is shown as “more than …”."""

    def __str__(self) -> str:
        return f"more than {int(self):,}"


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # not generic at run time
    """Counts at most MAX_COUNTED rows, and pages through those: nobody leafs further, and counting
    a million takes seconds.

    A page's keys are found first, and its rows by them: a row's joins and sums are then
    worked out for those shown, not for all that are sorted."""

    @cached_property
    def count(self) -> int:
        """Return how many rows there are, `AtLeast(MAX_COUNTED)` where there are more."""
        rows: Any = self.object_list
        counted: int = rows.order_by()[: MAX_COUNTED + 1].count()
        return counted if counted <= MAX_COUNTED else AtLeast(MAX_COUNTED)

    def page(self, number: Any) -> Page[Any]:
        """Return a page, in two queries. Raises: InvalidPage."""
        number = self.validate_number(number)
        rows: Any = self.object_list
        first = (number - 1) * self.per_page
        keys = list(
            rows.values_list("pk", flat=True)[first : first + self.per_page]
        )
        rows_by_key = (
            {row.pk: row for row in rows.order_by().filter(pk__in=keys)}
            if keys
            else {}
        )
        return Page(
            [rows_by_key[key] for key in keys if key in rows_by_key], number, self
        )
