"""Lists of postal codes as couriers send them: a CSV file or pasted lines, read to the last line,
with every line that is wrong named.
"""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from accounts.postal_codes import describe_postal_code, normalize_postal_code

MAX_PROBLEMS: Final = 20  # that are shown
_LONGEST: Final = 40  # characters of a field that are looked at
# What the column is called, without case, spaces and the like.
_NAMES: Final = frozenset(
    {"pin", "pins", "pincode", "pincodes", "postalcode", "postalcodes", "postcode"}
    | {"postcodes", "zip", "zipcode", "zipcodes", "plz", "code", "codes"}
)


@dataclass(frozen=True)
class LineProblem:
    """What is wrong in a line of the list."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


@dataclass
class CodeList:
    """The codes of a list, each once, in its country's form and in the list's order; and the
    first problems of `problem_count`.
    """

    codes: dict[str, None] = field(default_factory=dict)
    lines: int = 0
    repeated: int = 0
    problem_count: int = 0
    problems: list[LineProblem] = field(default_factory=list)

    def note(self, line: int, message: str) -> None:
        """Count a problem, and keep it if it is one of the first."""
        self.problem_count += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(LineProblem(line, message))


def decode_list(content: bytes) -> str:
    """Return a file's text.

    Raises:
        ValueError: it is not UTF-8; the message names the line.
    """
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line}: this is not UTF-8") from error


def read_codes(text: str, *, country: str) -> CodeList:
    """Return the postal codes of a list: a CSV file with a column of them, or nothing but codes.

    The column is found by its name (pincode, postcode, zip …); without such a header every field
    is a code. Fields are separated by commas, semicolons or tabs.
    """
    found = CodeList()
    reader = _Reader(country, found)
    for number, row in _read_rows(text, found):
        if not reader.read(number, row):
            break
    return found


class _Reader:
    """Reads the rows of one list into `found`."""

    def __init__(self, country: str, found: CodeList) -> None:
        self.country, self.found = country, found
        self.column: int | None = None
        self.began = False
        self.known: dict[str, str | None] = {}

    def read(self, number: int, row: list[str]) -> bool:
        """Read a row; return False where the rest cannot be read either."""
        if not self.began:
            self.began = True
            self.column = _find_column(row)
            if self.column is not None:
                return True  # the header
            if len(row) > 1 and not all(map(self._normalize, filter(None, row))):
                self.found.note(
                    number,
                    f"none of the {len(row)} columns is called pincode, postcode or zip",
                )
                return False
        self.found.lines += 1
        if self.column is None:
            for cell in filter(str.strip, row):
                self._take(number, cell)
        else:
            self._take(number, row[self.column] if self.column < len(row) else "")
        return True

    def _take(self, number: int, cell: str) -> None:
        found, code = self.found, self._normalize(cell)
        if code is None:
            shown = (
                f"“{cell.strip()[:40]}”: " if cell.strip() else "there is no code: "
            )
            found.note(number, shown + describe_postal_code(self.country))
        elif code in found.codes:
            found.repeated += 1
        else:
            found.codes[code] = None

    def _normalize(self, cell: str) -> str | None:
        written = cell.strip()[:_LONGEST]
        if written not in self.known:
            self.known[written] = (
                normalize_postal_code(self.country, written) or None
            )
        return self.known[written]


def _read_rows(text: str, found: CodeList) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not blank with the number of its line."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True
    )
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            found.note(number, f"this is not CSV: {error}")
            return
        if row is None:
            return
        if any(cell.strip() for cell in row):
            yield number, row


def _find_column(row: list[str]) -> int | None:
    """Return which column has the codes, where the row is a header that says so."""
    for place, name in enumerate(row):
        if "".join(filter(str.isalpha, name.lower())) in _NAMES:
            return place
    return None
