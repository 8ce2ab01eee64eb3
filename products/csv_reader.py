"""Opens a CSV file, checks its encoding and header, and yields its lines one at a time.
Source: RFC 4180, and what Excel makes of it: a byte order mark, `sep=;`, UTF-16, blank lines,
commas behind the last column.
"""

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

MAX_FIELD_CHARS = 131_072  # characters
DELIMITERS: Final = ",;\t|"
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class FileRefused(Exception):
    """The file cannot be imported at all; the text says where and why."""


@dataclass(frozen=True)
class CsvShape:
    """How a file is written. Without a delimiter the header decides; without an encoding the
    byte order mark does, else it is UTF-8. `short_lines`: a line may end before the header's
    last columns, which are then empty.
    """

    delimiter: str = ","
    encoding: str = ""
    short_lines: bool = False


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

    def __init__(self, path: Path, raw: io.BufferedReader, shape: CsvShape) -> None:
        self._path, self._raw, self.shape = path, raw, shape
        encoding = shape.encoding or _find_encoding(raw)
        self.encoding = encoding
        self._text = io.TextIOWrapper(raw, encoding=encoding, newline="")
        self._skipped = 0
        delimiter = self._find_delimiter()
        self.delimiter = delimiter
        self._reader = csv.reader(self._text, delimiter=delimiter, strict=True)
        self.header = self._head()

    def _find_delimiter(self) -> str:
        """Return what stands between the values, and leave the text at the header."""
        try:
            first = self._text.readline()
        except UnicodeDecodeError as exc:
            raise self._undecodable() from exc
        declared = first.strip().strip('"')
        if (
            declared.lower().startswith("sep=")
            and len(first.strip().strip('"')) <= 5
        ):
            self._skipped = 1
            found = first.strip('\r\n"')[4:5]
            return found or "\t"
        self._text.seek(0)
        if self.shape.delimiter:
            return self.shape.delimiter
        plain = "".join(first.split('"')[::2])  # what stands outside quotes
        return max(DELIMITERS, key=plain.count) if plain.strip() else ","

    def _head(self) -> list[str]:
        header = [name.strip() for name in self._next() or []]
        while header and not header[-1]:
            header.pop()  # commas behind the last column
        where = f"line {1 + self._skipped}"
        if not any(header):
            raise FileRefused(f"{where}: the file has no header")
        if "" in header:
            raise FileRefused(f"{where}: column {header.index('') + 1} has no name")
        if twice := sorted({name for name in header if header.count(name) > 1}):
            raise FileRefused(f"{where}: there are two columns {', '.join(twice)}")
        return header

    def _next(self) -> list[str] | None:
        try:
            return next(self._reader, None)
        except UnicodeError as exc:
            raise self._undecodable() from exc
        except csv.Error as exc:
            raise FileRefused(
                f"line {self._reader.line_num + self._skipped}: this is not CSV: {exc}"
            ) from exc

    def _undecodable(self) -> FileRefused:
        if self.encoding != "utf-8-sig":
            return FileRefused(f"this is not {self.encoding}")
        return FileRefused(
            f"line {_find_undecodable_line(self._path)}: this is not UTF-8; say in which"
            " encoding the file is, such as cp1252 (Excel's), or save it as UTF-8"
        )

    def lines(self, progress: Callable[[int], None]) -> Iterator[Line]:
        """Yield the lines below the header; `progress` hears how many bytes of the file
        have been read.
        """
        width = len(self.header)
        number = self._reader.line_num + 1 + self._skipped
        while (row := self._next()) is not None:
            if len(row) == width:
                if any(row):
                    yield Line(number, dict(zip(self.header, row, strict=True)))
            elif any(cell.strip() for cell in row):  # a blank line is no record
                yield self._odd_line(number, row, width)
            number = self._reader.line_num + 1 + self._skipped
            if number % 256 == 0:
                progress(self._raw.tell())
        progress(self._raw.tell())

    def _odd_line(self, number: int, row: list[str], width: int) -> Line:
        while len(row) > width and not row[-1].strip():
            row.pop()
        if self.shape.short_lines:
            row += [""] * (width - len(row))
        line = Line(number, dict(zip(self.header, row, strict=False)))
        if len(row) == width:
            return line
        return replace(
            line, problem=f"This line has {len(row)} fields, the header {width}."
        )


PLAIN: Final = CsvShape()


@contextmanager
def open_table(path: Path, shape: CsvShape = PLAIN) -> Iterator[Table]:
    """Open a CSV file.

    Raises:
        FileRefused: it is not there, or is not such a file.
    """
    csv.field_size_limit(MAX_FIELD_CHARS)
    try:
        with path.open("rb") as raw:
            yield Table(path, raw, shape)
    except OSError as exc:
        raise FileRefused(f"{path}: {exc.strerror}") from exc


def _find_encoding(raw: io.BufferedReader) -> str:
    start = raw.read(2)
    raw.seek(0)
    # utf-8-sig: spreadsheets like to put a byte order mark in front.
    return "utf-16" if start in _UTF_16 else "utf-8-sig"


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
