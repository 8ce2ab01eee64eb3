"""What an import did: counts by kind, and a line in a file for each thing that was changed,
trimmed, ignored, kept or refused.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from markrin.csv_safety import escape_formula
from products.csv_reader import FileRefused
from products.importing.drafts import Note, ProductChange, Rejection
from products.importing.run import ReportLine

if TYPE_CHECKING:
    from _csv import Writer

MAX_CHANGES = 10_000
MAX_REJECTIONS = 500
HEADER = ("line", "product", "column", "kind", "reason", "message")
REJECTS_HEADER = ("line", "product", "column", "reason", "message")


@dataclass
class Report:
    """What an import did. `reasons` counts rejected products by column and code of their
    first problem, `kinds` what came in otherwise than the file has it, by kind and column.
    """

    products: int = 0
    variants: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    seconds: float = 0.0
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    kinds: Counter[tuple[str, str]] = field(default_factory=Counter)
    categories: list[tuple[str, ...]] = field(default_factory=list)
    changes: list[ProductChange] = field(default_factory=list)
    """The first MAX_CHANGES products that were made or changed."""
    rejections: list[Rejection] = field(default_factory=list)
    """The first MAX_REJECTIONS reasons why products were left out."""
    notes: list[Note] = field(default_factory=list)
    """The first MAX_REJECTIONS things that were not taken as the file has them."""


class ReportWriter:
    """Counts into a report, and writes it out line by line as it grows; `tell` hears of each."""

    def __init__(
        self,
        report: Report,
        tell: Callable[[ReportLine], None],
        *,
        rejects: Writer | None = None,
        everything: Writer | None = None,
    ) -> None:
        self.report, self._tell = report, tell
        self._rejects, self._everything = rejects, everything

    def reject(self, found: Sequence[Rejection]) -> None:
        """Note why a product was left out."""
        report = self.report
        report.rejected += 1
        report.reasons[found[0].column, found[0].code] += 1
        report.rejections += found[: MAX_REJECTIONS - len(report.rejections)]
        for each in found:
            if self._rejects:
                row = (each.line, escape_formula(each.ref), each.column)
                self._rejects.writerow((*row, each.code, each.message))
            self._write(
                ReportLine(
                    each.line,
                    each.ref,
                    each.column,
                    "refused",
                    each.code,
                    each.message,
                )
            )

    def note(self, notes: Sequence[Note]) -> None:
        """Note what was not taken as the file has it."""
        report = self.report
        report.notes += notes[: MAX_REJECTIONS - len(report.notes)]
        for each in notes:
            report.kinds[each.kind.value, each.column] += 1
            kind = each.kind.value
            self._write(
                ReportLine(each.line, each.ref, each.column, kind, "", each.message)
            )

    def change(self, changes: Sequence[ProductChange]) -> None:
        """Note which products were made or changed."""
        report = self.report
        report.changes += changes[: MAX_CHANGES - len(report.changes)]
        for each in changes:
            kind = "created" if each.is_new else "changed"
            said = each.says or each.name
            self._write(ReportLine(each.line, each.ref, "", kind, "", said))

    def _write(self, line: ReportLine) -> None:
        self._tell(line)
        if self._everything:
            said = escape_formula(line.message) if line.code == "" else line.message
            ref = escape_formula(line.ref)
            row = (line.line, ref, line.column, line.kind, line.code, said)
            self._everything.writerow(row)


@contextmanager
def open_report(
    report: Report,
    tell: Callable[[ReportLine], None],
    *,
    rejects: Path | None = None,
    everything: Path | None = None,
) -> Iterator[ReportWriter]:
    """Give what counts, tells, and writes the files that were asked for.

    Raises:
        FileRefused: one of them cannot be written.
    """
    with (
        _open_csv(rejects, REJECTS_HEADER) as left_out,
        _open_csv(everything, HEADER) as all_,
    ):
        yield ReportWriter(report, tell, rejects=left_out, everything=all_)


@contextmanager
def _open_csv(path: Path | None, header: Sequence[str]) -> Iterator[Writer | None]:
    if path is None:
        yield None
        return
    try:
        file = path.open("w", newline="", encoding="utf-8")
    except OSError as exc:
        raise FileRefused(f"{path}: {exc.strerror}") from exc
    with file:
        writer = csv.writer(file)
        writer.writerow(header)
        yield writer
