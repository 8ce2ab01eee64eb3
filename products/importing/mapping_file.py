"""The mapping file in TOML: which column is what, and what to do where the file says nothing.

docs/importing.md explains the file, docs/examples/ has some.
"""

import codecs
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

import marshmallow as ma

from markrin.api import errors, fields
from markrin.api.schemas import InputSchema, Loaded
from products.csv_reader import CsvShape, FileRefused
from products.importing.conversions import NumberFormat

TEXTS = (
    "name",
    "slug",
    "description",
    "brand",
    "collection",
    "gender",
    "material",
    "basePrice",
    "salePrice",
    "saleStartsAt",
    "saleEndsAt",
    "isGiftCard",
    "isFeatured",
    "isNewArrival",
    "status",
    "seoTitle",
    "seoDescription",
)
LISTS = ("tags", "images", "imageTexts", "imageColors")
VARIANT = (
    "sku",
    "size",
    "color",
    "stock",
    "barcode",
    "weightG",
    "hsCode",
    "originCountry",
    "binLocation",
    "costPrice",
    "inventoryPolicy",
)
FIELDS = (*TEXTS, *LISTS, *VARIANT)
_T = TypeVar("_T")


class _TableField(ma.fields.Field[dict[str, _T]], Generic[_T]):
    """A table whose keys are the file's own words."""

    def __init__(
        self,
        inner: ma.fields.Field[Any],
        *,
        keys: tuple[str, ...] | None = None,
        **kw: Any,
    ):
        super().__init__(**kw)
        self.inner_field, self.keys = inner, keys

    def _deserialize(
        self, value: object, attr: str | None, data: object, **kw: object
    ) -> dict[str, _T]:
        if not isinstance(value, dict):
            raise fields.refuse("type", "This must be a table.")
        wrong: dict[str, object] = {}
        read: dict[str, _T] = {}
        for key, inner in value.items():
            try:
                if self.keys and key not in self.keys:
                    raise fields.refuse(
                        "unknown",
                        f"There is no such field; there are {', '.join(self.keys)}.",
                    )
                read[key] = cast(_T, self.inner_field.deserialize(inner))
            except ma.ValidationError as exc:
                wrong[key] = exc.messages
        if wrong:
            raise ma.ValidationError(wrong)
        return read


class _ColumnsField(ma.fields.Field["ColumnPart"]):
    """A column's name, a list of them, or a table that says which part of a column is meant."""

    def _deserialize(
        self, value: object, attr: str | None, data: object, **kw: object
    ) -> "ColumnPart":
        if isinstance(value, str):
            return ColumnPart((value,))
        if (
            isinstance(value, list)
            and value
            and all(isinstance(name, str) for name in value)
        ):
            return ColumnPart(tuple(value))
        if isinstance(value, dict) and set(value) == {"column", "match"}:
            try:
                pattern = re.compile(value["match"])
            except (re.error, TypeError) as exc:
                raise fields.refuse(
                    "format", f"match is no regular expression: {exc}."
                ) from exc
            if pattern.groups != 1:
                raise fields.refuse(
                    "format",
                    "match must have one group in parentheses: the part that is taken.",
                )
            return ColumnPart((str(value["column"]),), pattern)
        raise fields.refuse(
            "type",
            "This must be a column, a list of columns, or {column = …, match = …}.",
        )


class SignField(ma.fields.Field[str]):
    """One character, such as a comma; `tab` is a tabulator."""

    def _deserialize(
        self, value: object, attr: str | None, data: object, **kw: object
    ) -> str:
        if value == "tab":
            return "\t"
        if not isinstance(value, str) or len(value) != 1 or value in '"\r\n\\':
            raise fields.refuse(
                "format", 'This must be one character, such as ";", or "tab".'
            )
        return value


class EncodingField(ma.fields.Field[str]):
    """An encoding that Python knows, by one of its names."""

    def _deserialize(
        self, value: object, attr: str | None, data: object, **kw: object
    ) -> str:
        try:
            return codecs.lookup(str(value)).name
        except LookupError as exc:
            raise fields.refuse(
                "choice",
                "This must be an encoding, such as utf-8, cp1252 (Excel's) or utf-16.",
            ) from exc


@dataclass(frozen=True)
class ColumnPart:
    """Columns, or the part of one that a pattern's group matches."""

    columns: tuple[str, ...]
    pattern: re.Pattern[str] | None = None

    def of(self, values: Mapping[str, str]) -> list[str]:
        """Return what the columns say, without those that are empty."""
        found = [text for name in self.columns if (text := values.get(name, ""))]
        if self.pattern is None:
            return found
        return [
            match[1].strip()
            for text in found
            if (match := self.pattern.search(text))
        ]


_TEXT = fields.Text(max=200)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule counts where each of these columns has one of these values."""

    when: dict[str, list[str]] = field(default_factory=dict)

    def fits(self, values: Mapping[str, str]) -> bool:
        """Return whether every condition holds."""
        return all(
            values.get(column, "") in wanted for column, wanted in self.when.items()
        )


@dataclass(frozen=True, kw_only=True)
class RangeRule(Rule):
    """Numbers from `low` to `high` in steps."""

    low: int
    high: int
    step: int = 1


@dataclass(frozen=True, kw_only=True)
class SizesRule(Rule):
    """The sizes in which a product comes that names none."""

    run: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class CategoryRules:
    """Where a product's category stands; with a `separator`, each of the columns is a path."""

    columns: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    separator: str | None = None


@dataclass(frozen=True, kw_only=True)
class OptionColumns:
    """Two columns: what an option is called, such as Size, and its value."""

    name: str
    value: str


@dataclass(frozen=True, kw_only=True)
class MappingRules:
    """A mapping file as it was read."""

    source: str
    key: str
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str = "."
    short_lines: bool = False
    empty: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    split: dict[str, str] = field(default_factory=dict)
    columns: dict[str, ColumnPart] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    category: CategoryRules = field(default_factory=CategoryRules)
    option: list[OptionColumns] = field(default_factory=list)
    price: list[RangeRule] = field(default_factory=list)
    sizes: list[SizesRule] = field(default_factory=list)
    stock: list[RangeRule] = field(default_factory=list)

    @property
    def shape(self) -> CsvShape:
        """How the file is written."""
        return CsvShape(self.delimiter or "", self.encoding or "", self.short_lines)

    @property
    def numbers(self) -> NumberFormat:
        """How the file writes numbers."""
        return NumberFormat(self.decimal)


_MATCHES = _TableField[list[str]](fields.List(_TEXT, min=1, max=500))


class _CategorySchema(InputSchema[CategoryRules]):
    columns = fields.List(_TEXT, max=8)
    below = fields.List(fields.Text(max=80), max=7)
    names = _TableField[str](fields.Text(max=80))
    separator = fields.Text(max=5)


class _PriceSchema(InputSchema[RangeRule]):
    when = _MATCHES
    low = fields.Int(min=1, max=99_999_999, required=True)
    high = fields.Int(min=1, max=99_999_999, required=True)
    step = fields.Int(min=1, max=1_000_000)


class _SizesSchema(InputSchema[SizesRule]):
    when = _MATCHES
    run = fields.List(
        fields.Text(max=20, min=0), min=1, max=50, unique=True, required=True
    )


class _StockSchema(InputSchema[RangeRule]):
    when = _MATCHES
    low = fields.Int(min=0, max=1_000_000, required=True)
    high = fields.Int(min=0, max=1_000_000, required=True)


class _OptionSchema(InputSchema[OptionColumns]):
    name = fields.Text(max=200, required=True)
    value = fields.Text(max=200, required=True)


class MappingFile(InputSchema[MappingRules]):
    """The whole mapping file."""

    source = fields.Text(max=40, required=True)
    key = fields.Text(max=200, required=True)
    delimiter = SignField()
    encoding = EncodingField()
    decimal = SignField()
    short_lines = fields.Bool()
    empty = fields.List(fields.Text(max=40, min=0), max=20)
    html = fields.List(fields.Text(max=40), max=20)
    split = _TableField[str](fields.Text(max=5), keys=LISTS)
    columns = _TableField[ColumnPart](_ColumnsField(), keys=FIELDS)
    constants = _TableField[str](
        fields.Text(max=10_000, min=0, multiline=True), keys=FIELDS
    )
    values = _TableField[dict[str, str]](
        _TableField[str](fields.Text(max=200, min=0)),
        keys=(*TEXTS, "size", "color", "inventoryPolicy"),
    )
    templates = _TableField[str](fields.Text(max=2000), keys=FIELDS)
    category = fields.Nested(_CategorySchema)
    option = fields.List(fields.Nested(_OptionSchema), max=10)
    price = fields.List(fields.Nested(_PriceSchema), max=500)
    sizes = fields.List(fields.Nested(_SizesSchema), max=500)
    stock = fields.List(fields.Nested(_StockSchema), max=500)

    @ma.validates_schema
    def _ranges(self, data: Loaded, **kwargs: object) -> None:
        for name in ("price", "stock"):
            rules: Sequence[RangeRule] = data.get(name, ())
            if any(rule.high < rule.low for rule in rules):
                raise fields.refuse("range", "high may not be below low.", name)
        if data.get("decimal", ".") not in ",.":
            raise fields.refuse("choice", 'This must be "," or ".".', "decimal")


def load_rules(path: Path) -> MappingRules:
    """Read a mapping file.

    Raises:
        FileRefused: it is not there, not TOML, or not a mapping; the text says what is wrong where.
    """
    try:
        return MappingFile().load(tomllib.loads(path.read_text("utf-8")))
    except OSError as exc:
        raise FileRefused(f"{path}: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise FileRefused(f"{path}: {exc}") from exc
    except errors.Invalid as exc:
        wrong = "; ".join(
            f"{error['pointer']} {error['message']}" for error in exc.errors
        )
        raise FileRefused(f"{path}: {wrong}") from exc
