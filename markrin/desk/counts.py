"""Pages of a list that may have very many rows: they are counted up to a number, and no further."""

from typing import Any

from django.core.paginator import Paginator
from django.utils.functional import cached_property

MOST = 10_000


class AtLeast(int):
    """A count that was not finished; it reads "more than …"."""

    def __str__(self) -> str:
        return f"more than {int(self):,}"


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # not generic at run time
    """Counts at most MOST rows, and pages through those: nobody leafs further, and counting a million takes seconds."""

    @cached_property
    def count(self) -> int:
        """Return how many rows there are, `AtLeast(MOST)` where there are more."""
        rows: Any = self.object_list
        found: int = rows.order_by()[: MOST + 1].count()
        return found if found <= MOST else AtLeast(MOST)
