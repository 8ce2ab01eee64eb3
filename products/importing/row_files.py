"""Imports of files in which each thing stands in lines of its own: customers, discounts, orders,
reviews. Columns are found by name, in any case; what is refused is counted and named.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from django.db import DataError, IntegrityError, transaction

from markrin.api import errors
from markrin.csv_safety import escape_formula
from products import csv_reader
from products.csv_reader import CsvShape, FileRefused, Line
from products.importing.run import ReportLine

Names = Mapping[
    str, Sequence[str]
]  # a field → what its column may be called, in lower case
Row = tuple[Line, dict[str, str]]
_SHOWN = 20
HEADER = ("line", "row", "kind", "message")


@dataclass
class RowReport:
    """What became of a file's rows."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    shown: list[ReportLine] = field(default_factory=list)
    """The first 20 that say why a row was not taken as it is."""
    tell: Callable[[ReportLine], None] | None = None
    """Hears of each of them."""

    def note(self, line: int, ref: str, kind: str, message: str) -> None:
        """Count what a row's line is told of; `refused` leaves the row out."""
        if kind == "refused":
            self.refused += 1
        self.kinds[kind] += 1
        told = ReportLine(line, ref, "", kind, "", message)
        if len(self.shown) < _SHOWN:
            self.shown.append(told)
        if self.tell is not None:
            self.tell(told)

    def refuse(self, line: int, ref: str, exc: Exception) -> None:
        """Count a row that breaks a rule of the shop's or of the database's, and say which."""
        known: Exception | None = exc
        if isinstance(exc, IntegrityError):
            known = errors.from_constraint(exc)
        if isinstance(known, errors.Invalid):
            first = known.errors[0]
            text = f"{first['pointer'].strip('/')}: {first['message']}"
        elif isinstance(known, errors.ShopError):
            text = str(known.detail)
        else:
            text = str(exc).splitlines()[0][:300]
        self.note(line, ref, "refused", text)

    def add(self, other: "RowReport", told: Sequence[ReportLine]) -> None:
        """Add what became of a row, and the lines that were told of it."""
        self.created += other.created
        self.changed += other.changed
        self.unchanged += other.unchanged
        for each in told:
            self.note(each.line, each.ref, each.kind, each.message)

    def describe(self, *, dry_run: bool) -> list[str]:
        """Return the report as lines for a person."""
        head = "Would be: " if dry_run else ""
        counts = (
            f"created {self.created:,}, changed {self.changed:,}, unchanged"
            f" {self.unchanged:,}, refused {self.refused:,}"
        )
        lines = [f"{head}{counts}."]
        lines += [
            f"  {kind} {number:>7,}" for kind, number in self.kinds.most_common()
        ]
        lines += [
            f"  line {each.line}: {each.ref}: {each.message}" for each in self.shown
        ]
        return lines


@contextmanager
def write_report(path: Path | None) -> Iterator[RowReport]:
    """Give a report whose lines are written to this CSV file as they come, if there is one.

    Raises:
        FileRefused: it cannot be written.
    """
    if path is None:
        yield RowReport()
        return
    try:
        file = path.open("w", newline="", encoding="utf-8")
    except OSError as exc:
        raise FileRefused(f"{path}: {exc.strerror}") from exc
    with file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        yield RowReport(
            tell=lambda told: writer.writerow(
                [told.line, escape_formula(told.ref), told.kind, told.message]
            )
        )


@contextmanager
def open_rows(
    path: Path, names: Names, needed: Sequence[str | tuple[str, ...]]
) -> Iterator[Iterator[Row]]:
    """Give the file's lines, each with its values by field; a field without a column is not in
    them. A column is known in any case, with `_` or a space between its words.

    Raises:
        FileRefused: it is no CSV file, or a column that is `needed` (of several fields, one) is
            missing.
    """
    with csv_reader.open_table(path, CsvShape(delimiter="")) as table:
        plain = {_normalize_column(name): name for name in table.header}
        columns = {
            field_: plain[name]
            for field_, known in names.items()
            if (
                name := next(
                    (
                        each
                        for each in map(_normalize_column, known)
                        if each in plain
                    ),
                    None,
                )
            )
        }
        groups = [(each,) if isinstance(each, str) else each for each in needed]
        if missing := [
            group for group in groups if not columns.keys() & set(group)
        ]:
            wanted = ", ".join(
                " or ".join(names[group[0]][:2]) for group in missing
            )
            raise FileRefused(
                f"line 1: the column {wanted} is missing; the file has {', '.join(table.header)}"
            )
        yield (
            (
                line,
                {
                    key: line.values.get(col, "").strip()
                    for key, col in columns.items()
                },
            )
            for line in table.lines(lambda _done: None)
        )


def _normalize_column(column: str) -> str:
    return column.lower().replace("_", " ")


def handle_unit(
    report: RowReport,
    line: int,
    ref: str,
    work: Callable[[RowReport], None],
    *,
    dry_run: bool,
) -> None:
    """Do what a row (or an order's rows) asks, whole or not at all, as a part of the caller's
    transaction. `work` counts into the report that it is given.

    What breaks a rule is refused alone, with its line; the rows around it stay. A row that
    somebody else has made meanwhile is looked at again, and found.
    """
    for is_last in (False, True):
        told: list[ReportLine] = []
        found = RowReport(tell=told.append)
        try:
            with transaction.atomic():
                work(found)
                transaction.set_rollback(dry_run)
        except (IntegrityError, DataError, errors.ShopError) as exc:
            if (
                isinstance(exc.__cause__, psycopg.errors.UniqueViolation)
                and not is_last
            ):
                continue
            report.refuse(line, ref, exc)
        else:
            report.add(found, told)
        return


def line_of(row: Row) -> int:
    """Return the line that a row begins in."""
    return row[0].number
