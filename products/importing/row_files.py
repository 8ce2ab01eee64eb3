"""Imports of files in which each thing stands in lines of its own: customers, discounts, orders,
reviews. Columns are found by name, in any case; what is refused is counted and named.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from markrin.csv_safety import escape_formula
from products import csv_reader
from products.csv_reader import CsvShape, FileRefused, Line

Names = Mapping[
    str, Sequence[str]
]  # a field → what its column may be called, in lower case
_SHOWN = 500


@dataclass(frozen=True)
class Finding:
    """Something of a line that was refused, left out or taken otherwise."""

    line: int
    ref: str
    kind: str
    message: str


@dataclass
class RowReport:
    """What became of a file's rows."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    """The first 500."""

    def note(self, line: int, ref: str, kind: str, message: str) -> None:
        """Count and keep a finding; `refused` is one that leaves its row out."""
        if kind == "refused":
            self.refused += 1
        self.kinds[kind] += 1
        if len(self.findings) < _SHOWN:
            self.findings.append(Finding(line, ref, kind, message))

    def describe(self, *, dry_run: bool) -> list[str]:
        """Return the report as lines for a person."""
        head = "Would be: " if dry_run else ""
        counts = (
            f"created {self.created:,}, changed {self.changed:,}, unchanged"
            f" {self.unchanged:,}, refused {self.refused:,}"
        )
        lines = [f"{head}{counts}."]
        lines += [f"  {kind} {number:>7,}" for kind, number in self.kinds.most_common()]
        lines += [
            f"  line {each.line}: {each.ref}: {each.message}"
            for each in self.findings[:20]
        ]
        return lines

    def write(self, path: Path) -> None:
        """Write the findings as CSV. Raises: FileRefused."""
        try:
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(["line", "row", "kind", "message"])
                for each in self.findings:
                    ref = escape_formula(each.ref)
                    writer.writerow([each.line, ref, each.kind, each.message])
        except OSError as exc:
            raise FileRefused(f"{path}: {exc.strerror}") from exc


@contextmanager
def open_rows(
    path: Path, names: Names, needed: Sequence[str]
) -> Iterator[Iterator[tuple[Line, dict[str, str]]]]:
    """Give the file's lines, each with its values by field; a field without a column is not in
    them.

    Raises:
        FileRefused: it is no CSV file, or a column that is `needed` is missing.
    """
    with csv_reader.open_table(path, CsvShape(delimiter="")) as table:
        plain = {name.lower(): name for name in table.header}
        columns = {
            field_: plain[name]
            for field_, known in names.items()
            if (name := next((each for each in known if each in plain), None))
        }
        if missing := [name for name in needed if name not in columns]:
            wanted = ", ".join(" or ".join(names[name][:2]) for name in missing)
            raise FileRefused(
                f"line 1: the column {wanted} is missing; the file has {', '.join(table.header)}"
            )
        yield (
            (
                line,
                {key: line.values.get(col, "").strip() for key, col in columns.items()},
            )
            for line in table.lines(lambda _done: None)
        )
