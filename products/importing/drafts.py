"""What passes between the steps: a product as the file has it, and what became of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol
from uuid import UUID

from products.csv_reader import CsvShape, Line
from products.importing.schemas import ImportedProduct

# What a file says of a product or a variant: by the API's names, not checked yet.
ProductData = dict[str, Any]


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


class NoteKind(StrEnum):
    """What happened to a thing that came in otherwise than the file has it, or not."""

    CONVERTED = "converted"
    TRIMMED = "trimmed"
    IGNORED = "ignored"
    KEPT = "kept"  # staff's, not the file's


@dataclass(frozen=True)
class Note:
    """A thing of a product that was taken, but not as the file has it."""

    kind: NoteKind
    line: int
    ref: str
    column: str
    message: str


@dataclass(frozen=True)
class ProductChange:
    """A product that was made, or changed: where in the file it stands, and what is
    otherwise now, if that is known.
    """

    line: int
    product_id: UUID
    name: str
    is_new: bool
    says: str = ""
    ref: str = ""


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
    """A product as the file has it: `data` is read by `schemas.ImportProduct`, and `product` is
    what that made of it once it is valid. A field that is not in `data` is one of which the file
    says nothing.

    `lines` are those of its variants, in their order; `columns` says which column a field
    came from, by the field's name as the API writes it, and of a variant's with `variants.`
    before it; `has_image_texts` and `has_image_colors`, whether the file says anything of
    them: if not, those of images that stay are kept. `fallback_category` is for a new product of
    which the file says nothing better."""

    ref: str
    line: int
    data: ProductData
    lines: list[int] = field(default_factory=list)
    columns: Mapping[str, str] = field(default_factory=dict)
    has_image_texts: bool = False
    has_image_colors: bool = False
    fallback_category: tuple[str, ...] = ()
    product: ImportedProduct = field(default_factory=ImportedProduct)
    notes: list[Note] = field(default_factory=list)

    def reject(
        self, code: str, message: str, *, column: str = "", line: int | None = None
    ) -> Rejection:
        """Return the rejection of this draft for what stands in this column."""
        return Rejection(line or self.line, self.ref, column, code, message)

    def note(
        self,
        kind: NoteKind,
        message: str,
        *,
        column: str = "",
        line: int | None = None,
    ) -> None:
        """Remember what was not taken as the file has it, once: a price is read for the product
        and for its variant.
        """
        note = Note(kind, line or self.line, self.ref, column, message)
        if note not in self.notes:
            self.notes.append(note)

    def column_of(self, name: str, *, variant: bool = False) -> str:
        """Return the file's column of a field, given as the API writes it."""
        if variant and (own := self.columns.get(f"variants.{name}")):
            return own
        return self.columns.get(name, name)


class FileFormat(Protocol):
    """A kind of file: which column tells its products apart, and how a product's lines
    become a draft.

    In one that `is_export`, a product may also be named by its id in the shop.
    """

    source: str
    key: str
    key_column: str = ""  # where the file calls the key otherwise
    is_export: bool = False
    shape: CsvShape = CsvShape(delimiter="")

    def line(self, line: Line) -> Line:
        """Return the line as it is meant."""
        return line

    def check(self, header: list[str]) -> None:
        """Raise FileRefused unless the file has the columns that are needed."""

    def scan(self, line: Line) -> None:
        """Look at a line before any is read: a first pass over the file."""
        return

    def file_notes(self) -> list[Note]:
        """Return what is to be said of the file as a whole, once it has been scanned."""
        return []

    def ref_of(self, line: Line) -> str:
        """Return what the file calls the product of this line."""
        return line.values.get(self.key, "").strip()

    def draft(self, ref: str, lines: list[Line]) -> Draft:
        """Return the product of these lines. Raises: DraftRefused."""
