"""Counts what stands in columns that a format does not take, so that nothing is lost in silence."""

from collections.abc import Iterable, Mapping

from products.csv_reader import Line
from products.importing.drafts import Note, NoteKind


class UnusedColumns:
    """The columns of a file that are not taken, and how many lines have something in them."""

    def __init__(self, header: Iterable[str], taken: Iterable[str]) -> None:
        known = set(taken)
        self._counts = {name: 0 for name in header if name not in known}

    def count(self, line: Line) -> None:
        """Look at one line."""
        for name in self._counts:
            if line.values.get(name, "").strip():
                self._counts[name] += 1

    def notes(self, names: Mapping[str, str]) -> list[Note]:
        """Return a note for each column that has anything in it; `names` are the file's own."""
        return [
            Note(
                NoteKind.IGNORED,
                1,
                "",
                names.get(name, name),
                f"This column is not taken: {count} lines have something in it.",
            )
            for name, count in self._counts.items()
            if count
        ]
