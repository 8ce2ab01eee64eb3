"""Opens a CSV file, checks its encoding and header, and yields its lines one at a time.
Source: RFC 4180.
"""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MAX_FIELD_CHARS = 131_072  # characters


class FileRefused(Exception):
    """The file cannot be imported at all; the text says where and why."""


@dataclass(frozen=True, slots=True)
class Line:
    """A record: the number of the line it begins in, its values by column, and what is
    wrong with its shape, if so.
    """

    number: int
    values: dict[str, str]
    problem: str = ""


class Table:
    """An open CSV file: its header, and its lines."""

    def __init__(self, path: Path, raw: io.BufferedReader, delimiter: str) -> None:
        self._path, self._raw = path, raw
        # utf-8-sig: spreadsheets like to put a byte order mark in front.
        self._text = io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")
        self._reader = csv.reader(self._text, delimiter=delimiter, strict=True)
        self.header = self._head()

    def _head(self) -> list[str]:
        header = [name.strip() for name in self._next() or []]
        if not any(header):
            raise FileRefused("line 1: the file has no header")
        if "" in header:
            raise FileRefused(f"line 1: column {header.index('') + 1} has no name")
        if twice := sorted({name for name in header if header.count(name) > 1}):
            raise FileRefused(f"line 1: there are two columns {', '.join(twice)}")
        return header

    def _next(self) -> list[str] | None:
        try:
            return next(self._reader, None)
        except UnicodeDecodeError as exc:
            raise FileRefused(
                f"line {_find_undecodable_line(self._path)}: this is not UTF-8"
            ) from exc
        except csv.Error as exc:
            raise FileRefused(
                f"line {self._reader.line_num}: this is not CSV: {exc}"
            ) from exc

    def lines(self, progress: Callable[[int], None]) -> Iterator[Line]:
        """Yield the lines below the header; `progress` hears how many bytes of the file
        have been read.
        """
        width = len(self.header)
        number = self._reader.line_num + 1
        while (row := self._next()) is not None:
            if len(row) == width:
                yield Line(number, dict(zip(self.header, row, strict=True)))
            elif row:  # a blank line is no record
                values = dict(zip(self.header, row, strict=False))
                yield Line(
                    number,
                    values,
                    f"This line has {len(row)} fields, the header {width}.",
                )
            number = self._reader.line_num + 1
            if number % 256 == 0:
                progress(self._raw.tell())
        progress(self._raw.tell())


@contextmanager
def open_table(path: Path, *, delimiter: str = ",") -> Iterator[Table]:
    """Open a CSV file in UTF-8.

    Raises:
        FileRefused: it is not there, or is not such a file.
    """
    csv.field_size_limit(MAX_FIELD_CHARS)
    try:
        with path.open("rb") as raw:
            yield Table(path, raw, delimiter)
    except OSError as exc:
        raise FileRefused(f"{path}: {exc.strerror}") from exc


def _find_undecodable_line(path: Path) -> int:
    """Return the number of the first line that is not UTF-8: a decoder that reads ahead
    cannot tell.
    """
    with path.open("rb") as raw:
        for number, line in enumerate(raw, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1


def require_columns(header: list[str], wanted: list[str]) -> None:
    """Check that the columns are there.

    Raises:
        FileRefused: some are not; the text names them.
    """
    if missing := [name for name in wanted if name not in header]:
        raise FileRefused(
            f"line 1: the column {', '.join(missing)} is missing; the file has {', '.join(header)}"
        )
