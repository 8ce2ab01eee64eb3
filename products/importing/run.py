"""How an import goes through its file: a command's in one run, a job's in several, each of which
goes on behind what the one before it has kept.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypedDict, TypeVar

from django.db import transaction

UNITS_A_STEP: Final = 100
Unit = TypeVar("Unit")


@dataclass(frozen=True)
class ReportLine:
    """A thing that was made, changed, converted, trimmed, ignored, kept or refused. `ref` is what
    the file calls the product or the row.
    """

    line: int
    ref: str
    column: str
    kind: str
    code: str
    message: str


class JobOptions(TypedDict, total=False):
    """What staff have chosen for an import; each kind of file takes some of it."""

    source: str
    encoding: str
    category: str
    strict: bool
    theirs: bool
    partial: bool
    fetch_images: bool
    invite: bool


class ImportRun:
    """One run through a file, from its beginning to its end, that keeps nothing of where it is.

    A unit is what is taken whole or not at all, known by the line it begins in: a product, a
    row, the rows of an order.
    """

    after_line = 0
    """Units that begin up to this line were done by an earlier run."""
    paused = False

    def should_pause(self) -> bool:
        """Return whether the rest is left to another run."""
        return False

    @contextmanager
    def keep_step(self, last_line: int) -> Iterator[None]:
        """Surround the work on some units, the last of which begins in this line."""
        yield

    def note_line(self, line: ReportLine) -> None:
        """Hear of a thing that the report names."""

    def handle_units(
        self,
        units: Iterable[Unit],
        line_of: Callable[[Unit], int],
        handle: Callable[[Unit], None],
        *,
        a_step: int | None = None,
    ) -> None:
        """Handle the units that are left, so many a step (a hundred), until it is time to pause.

        A step is one transaction: to commit is what takes the time of a small row. What is
        killed in a step has done the steps before it.
        """
        left = (unit for unit in units if line_of(unit) > self.after_line)
        while units_ := list(islice(left, a_step or UNITS_A_STEP)):
            if self.should_pause():
                self.paused = True
                return
            with transaction.atomic(), self.keep_step(line_of(units_[-1])):
                for unit in units_:
                    handle(unit)
