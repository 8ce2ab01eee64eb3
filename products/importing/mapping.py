"""Any CSV, by a small mapping file in TOML: which column is what, and what to do where the
file says nothing.

docs/importing.md explains the file, docs/examples/ has one.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import marshmallow as ma

from markrin.api import errors, fields
from markrin.api.schemas import InputSchema
from products.csv_reader import FileRefused, Line, require_columns
from products.importing.drafts import Draft, FileFormat, snake_case
from products.importing.native_csv import normalize_amount
from products.transliteration import ascii_slug

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
    "isFeatured",
    "isNewArrival",
    "status",
)
LISTS = ("tags", "images")
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
)
_PRICES = ("basePrice", "salePrice", "saleStartsAt", "saleEndsAt")
_IN_VARIANT = (*VARIANT[4:], *_PRICES)
FIELDS = (*TEXTS, *LISTS, *VARIANT)
_TEMPLATE = re.compile(r"\{([^{}]+)\}")


class _TableField(ma.fields.Field[dict[str, object]]):
    """A table whose keys are the file's own words."""

    def __init__(
        self,
        inner: ma.fields.Field[Any],
        *,
        keys: tuple[str, ...] | None = None,
        **kw: Any,
    ):
        super().__init__(**kw)
        self.inner, self.keys = inner, keys

    def _deserialize(
        self, value: object, attr: str | None, data: object, **kw: object
    ) -> dict[str, object]:
        if not isinstance(value, dict):
            raise fields.refuse("type", "This must be a table.")
        wrong: dict[str, object] = {}
        read = {}
        for key, inner in value.items():
            try:
                if self.keys and key not in self.keys:
                    raise fields.refuse(
                        "unknown",
                        f"There is no such field; there are {', '.join(self.keys)}.",
                    )
                read[key] = self.inner.deserialize(inner)
            except ma.ValidationError as exc:
                wrong[key] = exc.messages
        if wrong:
            raise ma.ValidationError(wrong)
        return read


class _ColumnsField(ma.fields.Field[object]):
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


@dataclass(frozen=True)
class ColumnPart:
    """Columns, or the part of one that a pattern's group matches."""

    columns: tuple[str, ...]
    pattern: re.Pattern[str] | None = None

    def of(self, values: Mapping[str, str]) -> list[str]:
        """Return what the columns say, without those that are empty."""
        found = [text for name in self.columns if (text := values[name])]
        if self.pattern is None:
            return found
        return [
            match[1].strip() for text in found if (match := self.pattern.search(text))
        ]


_TEXT = fields.Text(max=200)
_MATCHES = _TableField(fields.List(_TEXT, min=1, max=500), load_default=dict)


class _RuleSchema(InputSchema):
    when = _MATCHES


class _CategorySchema(InputSchema):
    columns = fields.List(_TEXT, max=8, load_default=list)
    below = fields.List(fields.Text(max=80), max=7, load_default=list)
    names = _TableField(fields.Text(max=80), load_default=dict)


class _PriceSchema(_RuleSchema):
    low = fields.Int(min=1, max=99_999_999, required=True)
    high = fields.Int(min=1, max=99_999_999, required=True)
    step = fields.Int(min=1, max=1_000_000, load_default=1)


class _SizesSchema(_RuleSchema):
    run = fields.List(
        fields.Text(max=20, min=0), min=1, max=50, unique=True, required=True
    )


class _StockSchema(_RuleSchema):
    low = fields.Int(min=0, max=1_000_000, required=True)
    high = fields.Int(min=0, max=1_000_000, required=True)


class MappingFile(InputSchema):
    """The whole mapping file."""

    source = fields.Text(max=40, required=True)
    key = fields.Text(max=200, required=True)
    delimiter = fields.Text(max=1, min=0, load_default=",")
    empty = fields.List(fields.Text(max=40, min=0), max=20, load_default=list)
    columns = _TableField(_ColumnsField(), keys=FIELDS, load_default=dict)
    constants = _TableField(
        fields.Text(max=10_000, min=0, multiline=True), keys=FIELDS, load_default=dict
    )
    values = _TableField(
        _TableField(fields.Text(max=200, min=0)),
        keys=(*TEXTS, "size", "color"),
        load_default=dict,
    )
    templates = _TableField(fields.Text(max=2000), keys=FIELDS, load_default=dict)
    category = fields.Nested(_CategorySchema, required=True)
    price = fields.List(fields.Nested(_PriceSchema), max=500, load_default=list)
    sizes = fields.List(fields.Nested(_SizesSchema), max=500, load_default=list)
    stock = fields.List(fields.Nested(_StockSchema), max=500, load_default=list)

    @ma.validates_schema
    def _ranges(self, data: Mapping[str, Any], **kwargs: object) -> None:
        for name in ("price", "stock"):
            for rule in data.get(name, ()):
                if rule["high"] < rule["low"]:
                    raise fields.refuse("range", "high may not be below low.", name)


def load_mapping(path: Path) -> "MappedFormat":
    """Read a mapping file.

    Raises:
        FileRefused: it is not there, not TOML, or not a mapping; the text says what is wrong where.
    """
    try:
        rules = MappingFile().load(tomllib.loads(path.read_text("utf-8")))
    except OSError as exc:
        raise FileRefused(f"{path}: {exc.strerror}") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise FileRefused(f"{path}: {exc}") from exc
    except errors.Invalid as exc:
        wrong = "; ".join(
            f"{error['pointer']} {error['message']}" for error in exc.errors
        )
        raise FileRefused(f"{path}: {wrong}") from exc
    return MappedFormat(rules)


class MappedFormat(FileFormat):
    """Reads any CSV by the rules of a mapping file."""

    def __init__(self, rules: dict[str, Any]) -> None:
        self.source: str = rules["source"]
        self.key: str = rules["key"]
        self.delimiter: str = rules["delimiter"]
        self._rules = rules
        self._columns: dict[str, ColumnPart] = rules["columns"]
        self._said = {
            name: "/".join(part.columns) for name, part in self._columns.items()
        } | {"category": "/".join(rules["category"]["columns"])}

    def check(self, header: list[str]) -> None:
        rules = self._rules
        used = [self.key, *rules["category"]["columns"]]
        for part in self._columns.values():
            used += part.columns
        for name in ("price", "sizes", "stock"):
            for rule in rules[name]:
                used += rule["when"]
        for template in rules["templates"].values():
            used += [
                name
                for name in _TEMPLATE.findall(template)
                if name not in ("size", "color")
            ]
        require_columns(header, list(dict.fromkeys(used)))

    def draft(self, ref: str, lines: list[Line]) -> Draft:
        draft = Draft(ref, lines[0].number, {}, columns=self._said)
        cleaned = [self._clean(line.values) for line in lines]
        first = cleaned[0]
        data = {name: text for name in TEXTS if (text := self._text(name, first))}
        for name in ("basePrice", "salePrice"):
            if name in data:
                data[name] = normalize_amount(data[name])
        if "basePrice" not in data and (
            rule := _find_rule(self._rules["price"], first)
        ):
            data["basePrice"] = (
                f"{_pick_number(rule, self.source, ref, 'price', rule['step'])}.00"
            )
        draft.data = {
            **data,
            **self._lists(first),
            "category": self._category(first),
            "variants": [],
        }
        mapped = {*self._columns, *self._rules["constants"], *self._rules["templates"]}
        draft.variant_fields = {"sku", "size", "color", "stock"} | {
            snake_case(name) for name in _IN_VARIANT if name in mapped
        }
        for line, values in zip(lines, cleaned, strict=True):
            for variant in self._variants(ref, values):
                more = self._variant_data(values, draft.data)
                draft.data["variants"].append(variant | more)
                draft.lines.append(line.number)
        return draft

    def _clean(self, values: dict[str, str]) -> dict[str, str]:
        empty = self._rules["empty"]
        return {
            name: "" if (text := value.strip()) in empty else text
            for name, value in values.items()
        }

    def _text(self, name: str, values: Mapping[str, str]) -> str:
        """Return what the file says of a field: by its column, else by a template, else the
        constant.
        """
        text = ""
        if part := self._columns.get(name):
            text = " ".join(part.of(values))
        if not text and (template := self._rules["templates"].get(name)):
            text = _TEMPLATE.sub(
                lambda found: values.get(found[1], ""), template
            ).strip()
        if not text:
            text = self._rules["constants"].get(name, "")
        known: dict[str, str] = self._rules["values"].get(name, {})
        return known.get(text, text)

    def _lists(self, values: Mapping[str, str]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        if part := self._columns.get("tags"):
            data["tags"] = list(dict.fromkeys(tag[:40] for tag in part.of(values)))
        if part := self._columns.get("images"):
            data["images"] = [{"url": url} for url in part.of(values)]
        return data

    def _category(self, values: Mapping[str, str]) -> list[str]:
        """Return the names from the root down; a name like the one above it is left out."""
        rules = self._rules["category"]
        path: list[str] = list(rules["below"])
        for column in rules["columns"]:
            if text := values[column]:
                name = rules["names"].get(text, text)
                if not path or path[-1] != name:
                    path.append(name)
        return path

    def _variant_data(
        self, values: Mapping[str, str], product: Mapping[str, Any]
    ) -> dict[str, str]:
        """Return what else the line says of its variants: prices, where they differ from the
        product's, which are those of its first line; barcode, weight and so on.
        """
        data = {
            name: text for name in _IN_VARIANT if (text := self._text(name, values))
        }
        for name in ("basePrice", "salePrice", "costPrice"):
            if name in data:
                data[name] = normalize_amount(data[name])
        own = {name: data.pop(name) for name in _PRICES if name in data}
        if own.get("basePrice") and any(
            own.get(name) != product.get(name) for name in _PRICES
        ):
            data |= own
        return data

    def _variants(self, ref: str, values: dict[str, str]) -> list[dict[str, str]]:
        color = self._text("color", values)
        size = self._text("size", values)
        rule = None if size else _find_rule(self._rules["sizes"], values)
        made = []
        for each in rule["run"] if rule else [size]:
            here = {**values, "size": each, "color": color}
            sku = self._text("sku", here) or "-".join(
                filter(None, (ref, ascii_slug(each).upper()))
            )
            stock = self._text("stock", here)
            if not stock and (held := _find_rule(self._rules["stock"], values)):
                stock = str(
                    _pick_number(held, self.source, ref, f"stock {each} {color}", 1)
                )
            made.append(
                {
                    "sku": "".join(sku.split()).strip("-"),
                    "size": each,
                    "color": color,
                    "stock": stock or "0",
                }
            )
        return made


def _find_rule(
    rules: list[dict[str, Any]], values: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return the first rule whose every condition holds."""
    for rule in rules:
        if all(values[column] in wanted for column, wanted in rule["when"].items()):
            return rule
    return None


def _pick_number(
    rule: Mapping[str, int], source: str, ref: str, what: str, step: int
) -> int:
    """Return a number from the rule's low to its high, in its steps: always the same for
    the same product.
    """
    noise = int.from_bytes(
        blake2b(f"{source}:{ref}:{what}".encode(), digest_size=4).digest()
    )
    return rule["low"] + noise % ((rule["high"] - rule["low"]) // step + 1) * step
