"""What passes between the steps: a product as the file has it, and why one was not taken."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from products.csv_reader import Line


@dataclass(frozen=True)
class Rejection:
    """Why a product was left out: where in the file, and what is wrong there. `column` is
    empty for a whole product.
    """

    line: int
    ref: str
    column: str
    code: str
    message: str


def snake_case(name: str) -> str:
    """Return the name of a field, given as the API writes it: `basePrice` → `base_price`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class DraftRefused(Exception):
    """The lines of a product cannot be made a draft of."""

    def __init__(self, *rejections: Rejection) -> None:
        super().__init__(*rejections)
        self.rejections = rejections


@dataclass
class Draft:
    """A product as the file has it: `data` goes into `schema.ImportProduct`, and is what
    that read once it is valid.

    `lines` are those of its variants, in their order; `columns` says which column a field
    came from; `has_image_texts`, whether the file says anything of them: if not, those of
    images that stay are kept. `variant_fields` are what the file can say of a variant: the
    rest of one that is there already is kept."""

    ref: str
    line: int
    data: dict[str, Any]
    lines: list[int] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    has_image_texts: bool = False
    variant_fields: set[str] = field(default_factory=set)

    def reject(
        self, code: str, message: str, *, column: str = "", line: int | None = None
    ) -> Rejection:
        """Return the rejection of this draft for what stands in this column."""
        return Rejection(line or self.line, self.ref, column, code, message)


class FileFormat(Protocol):
    """A kind of file: which column tells its products apart, and how a product's lines
    become a draft.

    In one that `is_export`, a product may also be named by its id in the shop.
    """

    source: str
    key: str
    is_export: bool = False

    def line(self, line: Line) -> Line:
        """Return the line as it is meant."""
        return line

    def check(self, header: list[str]) -> None:
        """Raise FileRefused unless the file has the columns that are needed."""

    def draft(self, ref: str, lines: list[Line]) -> Draft:
        """Return the product of these lines. Raises: Refused."""


def group_lines(
    lines: Iterable[Line], key: str
) -> Iterator[tuple[str, list[Line], Rejection | None]]:
    """Yield the lines of each product: its reference, its lines, and why they cannot be
    taken, if so.

    A product's lines must follow each other. Lines that come later, behind another
    product's, are refused, and what the file says about the product first stands; only one
    product's lines are held at a time."""
    seen: set[str] = set()
    together: list[Line] = []
    ref = ""
    for line in lines:
        here = line.values.get(key, "").strip()
        if together and here != ref:
            yield ref, together, _group_problem(ref, together, key, seen)
            seen.add(ref)
            together = []
        together.append(line)
        ref = here
    if together:
        yield ref, together, _group_problem(ref, together, key, seen)


def _group_problem(
    ref: str, lines: list[Line], key: str, seen: set[str]
) -> Rejection | None:
    first = lines[0].number
    for line in lines:
        if line.problem:
            return Rejection(line.number, ref, "", "fields", line.problem)
    if not ref:
        return Rejection(first, ref, key, "required", "This is required.")
    if len(ref) > 120:
        return Rejection(
            first, ref[:120], key, "too_long", "This takes at most 120 characters."
        )
    if ref in seen:
        return Rejection(
            first, ref, key, "apart", "The lines of a product must follow each other."
        )
    return None
