"""Brings the lines of each product together, wherever they stand in the file."""

import json
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing

from products.csv_reader import Line
from products.importing.drafts import FileFormat, Rejection

Group = tuple[str, list[Line], Rejection | None]
MAX_LINES = (
    2_000  # of one product: with more, the key is not what tells products apart
)


def survey(lines: Iterable[Line], format_: FileFormat) -> bool:
    """Read the file once, let the format look at it, and return whether the lines of each product
    follow each other. Holds a reference a product.
    """
    seen: set[str] = set()
    last, together = None, True
    for line in lines:
        format_.scan(line)
        ref = format_.ref_of(line)
        if ref != last:
            together = together and ref not in seen
            seen.add(ref)
            last = ref
    return together


def group_lines(lines: Iterable[Line], format_: FileFormat) -> Iterator[Group]:
    """Yield the lines of each product: its reference, its lines, and why they cannot be
    taken, if so. The lines of a product follow each other.
    """
    together: list[Line] = []
    ref = ""
    for line in lines:
        here = format_.ref_of(line)
        if together and here != ref:
            yield (
                ref,
                together,
                _find_problem(ref, together, format_.key_column or format_.key),
            )
            together = []
        together.append(line)
        ref = here
    if together:
        yield (
            ref,
            together,
            _find_problem(ref, together, format_.key_column or format_.key),
        )


def sort_lines(
    lines: Iterable[Line], ref_of: Callable[[Line], str]
) -> Iterator[Line]:
    """Yield the lines by product, products in the order of their first lines.

    They wait in a temporary file of SQLite: memory does not grow with the file."""
    with (
        tempfile.NamedTemporaryFile(prefix="import-") as file,
        closing(sqlite3.connect(file.name, check_same_thread=False)) as kept,
    ):
        kept.execute("PRAGMA journal_mode = OFF")
        kept.execute("PRAGMA synchronous = OFF")
        kept.execute(
            "CREATE TABLE line (number INTEGER PRIMARY KEY, ref TEXT, problem TEXT, cells TEXT)"
        )
        kept.executemany(
            "INSERT INTO line VALUES (?, ?, ?, ?)",
            (
                (line.number, ref_of(line), line.problem, json.dumps(line.values))
                for line in lines
            ),
        )
        kept.execute("CREATE INDEX by_ref ON line (ref, number)")
        rows = kept.execute(
            """SELECT line.number, problem, cells FROM line
            JOIN (SELECT ref, min(number) AS first FROM line GROUP BY ref) AS product
                USING (ref)
            ORDER BY product.first, line.number"""
        )
        for number, problem, cells in rows:
            yield Line(number, json.loads(cells), problem)


def _find_problem(ref: str, lines: list[Line], key: str) -> Rejection | None:
    first = lines[0].number
    for line in lines:
        if line.problem:
            return Rejection(line.number, ref[:120], "", "fields", line.problem)
    if not ref:
        return Rejection(first, ref, key, "required", "This is required.")
    if len(ref) > 120:
        message = "This takes at most 120 characters."
        return Rejection(first, ref[:120], key, "too_long", message)
    if len(lines) > MAX_LINES:
        message = f"This names {len(lines)} lines, which cannot all be one product."
        return Rejection(first, ref, key, "count", message)
    return None
