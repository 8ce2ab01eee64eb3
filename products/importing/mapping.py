"""Any CSV, by a mapping file: which column is what, and what to do where the file says nothing."""

import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final, TypeVar

from products.csv_reader import Line, require_columns
from products.importing import conversions, words
from products.importing.drafts import Draft, FileFormat, NoteKind, ProductData
from products.importing.mapping_file import (
    TEXTS,
    VARIANT,
    MappingRules,
    RangeRule,
    Rule,
    load_rules,
)
from products.transliteration import ascii_slug

_PRICES = ("basePrice", "salePrice", "saleStartsAt", "saleEndsAt")
_AMOUNTS = ("basePrice", "salePrice", "costPrice")
_WHOLE = ("stock", "weightG")
_IN_VARIANT = (*VARIANT[4:], *_PRICES)
# An empty cell of these says nothing, as they always have a value; of the next, it is none.
_ALWAYS = (
    "name",
    "slug",
    "gender",
    "isGiftCard",
    "isFeatured",
    "isNewArrival",
    "status",
    "inventoryPolicy",
)
_NONE_IF_EMPTY = ("salePrice", "saleStartsAt", "saleEndsAt", "weightG", "costPrice")
_TEMPLATE = re.compile(r"\{([^{}]+)\}")
_STATUS: Final = {
    **dict.fromkeys(
        ("1", "true", "yes", "active", "enabled", "visible", "publish"), "published"
    ),
    **dict.fromkeys(
        ("0", "-1", "false", "no", "inactive", "disabled", "hidden", "private"),
        "draft",
    ),
}
# The columns that ask whether it may be sold when there is none.
_POLICY: Final = {
    **dict.fromkeys(("1", "true", "yes", "notify"), "continue"),
    **dict.fromkeys(("0", "false", "no"), "deny"),
}
_BOOLS: Final = {"1": "true", "yes": "true", "0": "false", "no": "false"}
_R = TypeVar("_R", bound=Rule)


def load_mapping(path: Path) -> "MappedFormat":
    """Read a mapping file.

    Raises:
        FileRefused: it is not there, not TOML, or not a mapping; the text says what is wrong where.
    """
    return MappedFormat(load_rules(path))


class MappedFormat(FileFormat):
    """Reads any CSV by the rules of a mapping file."""

    def __init__(self, rules: MappingRules) -> None:
        self.source, self.key, self.shape = rules.source, rules.key, rules.shape
        self.rules = rules
        self._columns = rules.columns
        self._said = {
            name: "/".join(part.columns) for name, part in self._columns.items()
        } | {"category": "/".join(rules.category.columns)}

    def check(self, header: list[str]) -> None:
        rules = self.rules
        used = [self.key, *rules.category.columns]
        for part in self._columns.values():
            used += part.columns
        for option in rules.option:
            used += [option.name, option.value]
        for rule in (*rules.price, *rules.sizes, *rules.stock):
            used += rule.when
        for template in rules.templates.values():
            used += [
                name
                for name in _TEMPLATE.findall(template)
                if name not in ("size", "color")
            ]
        require_columns(header, list(dict.fromkeys(used)))

    def draft(self, ref: str, lines: list[Line]) -> Draft:
        draft = Draft(ref, lines[0].number, {}, columns=self._said)
        cleaned = [self._clean(line.values) for line in lines]
        first = _merge_lines(cleaned)
        data = self._read_product(draft, first)
        if category := self._category(first):
            data["category"] = category
        draft.data = {**data, **self._lists(draft, first), "variants": []}
        for line, values in zip(lines, cleaned, strict=True):
            for variant in self._variants(draft, line, values):
                more = self._variant_data(draft, line, values)
                draft.data["variants"].append(variant | more)
                draft.lines.append(line.number)
        return draft

    def _clean(self, values: Mapping[str, str]) -> dict[str, str]:
        empty = self.rules.empty
        return {
            name: "" if (text := value.strip()) in empty else text
            for name, value in values.items()
        }

    def _is_mapped(self, name: str) -> bool:
        rules = self.rules
        return (
            name in self._columns
            or name in rules.constants
            or name in rules.templates
        )

    def _text(self, name: str, values: Mapping[str, str]) -> str:
        """Return what the file says of a field: by its column, else by a template, else the
        constant.
        """
        text = ""
        if part := self._columns.get(name):
            text = " ".join(part.of(values))
        if not text and (template := self.rules.templates.get(name)):
            text = _TEMPLATE.sub(
                lambda found: values.get(found[1], ""), template
            ).strip()
        if not text:
            text = self.rules.constants.get(name, "")
        known = self.rules.values.get(name, {})
        return known.get(text, text)

    def _read_product(self, draft: Draft, values: Mapping[str, str]) -> ProductData:
        data: ProductData = {}
        for name in TEXTS:
            text = self._text(name, values)
            if text:
                data[name] = self._convert(draft, name, text, draft.line)
            elif self._is_mapped(name) and name not in (*_ALWAYS, "basePrice"):
                data[name] = None if name in _NONE_IF_EMPTY else ""
        if not data.get("basePrice") and (
            rule := _find_rule(self.rules.price, values)
        ):
            amount = _pick_number(rule, self.source, draft.ref, "price", rule.step)
            data["basePrice"] = f"{amount}.00"
        return data

    def _convert(self, draft: Draft, name: str, text: str, line: int) -> str:
        """Return a field's text as the shop writes it."""
        numbers = self.rules.numbers
        if name in (*_AMOUNTS, *_WHOLE):
            convert = (
                conversions.convert_amount
                if name in _AMOUNTS
                else conversions.convert_pieces
            )
            read, told = convert(text, numbers), ""
            if name in _AMOUNTS and conversions.is_rounded(text, numbers):
                told = f"{text} is rounded to {read}."
            elif conversions.may_be_thousands(text, numbers):
                told = (
                    f"{text} is taken for {read}. If it is a thousand, say in the mapping:"
                    f' decimal = "{numbers.thousands}".'
                )
            if told:
                column = draft.column_of(name)
                draft.note(NoteKind.CONVERTED, told, column=column, line=line)
            return read
        if name in self.rules.html:
            return conversions.html_to_text(text)
        if name == "description" and conversions.may_be_html(text):
            told = (
                'Its HTML stays as it is: html = ["description"] makes text of it.'
            )
            draft.note(
                NoteKind.IGNORED, told, column=draft.column_of(name), line=line
            )
        if name == "status":
            return _STATUS.get(text.lower(), text)
        if name == "gender":
            return words.find_gender(text) or text
        if name == "inventoryPolicy":
            return _POLICY.get(text.lower(), text.lower())
        if name.startswith("is"):
            return _BOOLS.get(text.lower(), text.lower())
        return text

    def _lists(self, draft: Draft, values: Mapping[str, str]) -> ProductData:
        data: ProductData = {}
        if "tags" in self._columns:
            data["tags"] = list(dict.fromkeys(self._split("tags", values)))
        if "images" in self._columns:
            data["images"] = []
            for url in self._split("images", values):
                link = conversions.convert_link(url)
                if link != url:
                    text = f"{url} is linked to by https."
                    column = draft.column_of("images")
                    draft.note(NoteKind.CONVERTED, text, column=column)
                data["images"].append({"url": link})
        draft.has_image_texts = "imageTexts" in self._columns
        draft.has_image_colors = "imageColors" in self._columns
        for column, name in (("imageTexts", "altText"), ("imageColors", "color")):
            words = self._split(column, values) if column in self._columns else []
            for image, word in zip(data.get("images", []), words, strict=False):
                image[name] = word
        return data

    def _split(self, name: str, values: Mapping[str, str]) -> list[str]:
        found = self._columns[name].of(values)
        sign = self.rules.split.get(name)
        if sign is None:
            return found
        parts = [part.strip() for text in found for part in text.split(sign)]
        return [part for part in parts if part]

    def _category(self, values: Mapping[str, str]) -> list[str]:
        """Return the names from the root down; a name like the one above it is left out."""
        rules = self.rules.category
        path = list(rules.below)
        for column in rules.columns:
            text = values.get(column, "")
            for part in text.split(rules.separator) if rules.separator else [text]:
                name = rules.names.get(part.strip(), part.strip())
                if name and (not path or path[-1] != name):
                    path.append(name)
        return path

    def _variant_data(
        self, draft: Draft, line: Line, values: Mapping[str, str]
    ) -> dict[str, str | None]:
        """Return what else the line says of its variants: prices, where they differ from the
        product's, which are those of its first line; barcode, weight and so on.
        """
        data: dict[str, str | None] = {}
        for name in _IN_VARIANT:
            if text := self._text(name, values):
                data[name] = self._convert(draft, name, text, line.number)
            elif self._is_mapped(name) and name not in _ALWAYS:
                data[name] = None if name in (*_NONE_IF_EMPTY, "basePrice") else ""
        own = {name: data.pop(name) for name in _PRICES if name in data}
        differs = any(value != draft.data.get(name) for name, value in own.items())
        if own.get("basePrice") and differs:
            return data | own
        return data | dict.fromkeys(own)

    def _variants(
        self, draft: Draft, line: Line, values: Mapping[str, str]
    ) -> list[ProductData]:
        size, color = self._look(values)
        rule = None if size else _find_rule(self.rules.sizes, values)
        made = []
        for each in rule.run if rule else [size]:
            here = {**values, "size": each, "color": color}
            sku = self._sku(draft, line, each, here)
            variant = {"sku": sku, "size": each, "color": color}
            stock = self._text("stock", here)
            if stock:
                variant["stock"] = self._convert(draft, "stock", stock, line.number)
            elif held := _find_rule(self.rules.stock, values):
                what = f"stock {each} {color}"
                number = _pick_number(held, self.source, draft.ref, what, 1)
                variant["stock"] = str(number)
            made.append(variant)
        return made

    def _look(self, values: Mapping[str, str]) -> tuple[str, str]:
        """Return the line's size and colour; options that are neither stand behind the size."""
        sizes, color = [self._text("size", values)], self._text("color", values)
        for option in self.rules.option:
            name, value = values.get(option.name, ""), values.get(option.value, "")
            if words.is_color(name) and not color:
                color = value
            elif value:
                sizes.append(value)
        return " / ".join(filter(None, sizes)), color

    def _sku(
        self, draft: Draft, line: Line, size: str, values: Mapping[str, str]
    ) -> str:
        given = self._text("sku", values)
        if "sku" not in self._columns:
            given = "".join(given.split())  # made by a template: "UK 6" is UK6
        if not given:
            return conversions.convert_sku(
                "-".join(
                    filter(
                        None,
                        (
                            draft.ref,
                            ascii_slug(values.get("color", "")).upper(),
                            ascii_slug(size).upper(),
                        ),
                    )
                )
            )
        sku = conversions.convert_sku(given)
        if sku != given:
            text = f"The SKU {given} is {sku} here."
            column = draft.column_of("sku")
            draft.note(NoteKind.CONVERTED, text, column=column, line=line.number)
        return sku


def _merge_lines(lines: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the product's own values: each stands in the first line that has one."""
    merged = dict(lines[0])
    for line in lines[1:]:
        for name, text in line.items():
            if text and not merged.get(name):
                merged[name] = text
    return merged


def _find_rule(rules: Sequence[_R], values: Mapping[str, str]) -> _R | None:
    """Return the first rule whose every condition holds."""
    return next((rule for rule in rules if rule.fits(values)), None)


def _pick_number(
    rule: RangeRule, source: str, ref: str, what: str, step: int
) -> int:
    """Return a number from the rule's low to its high, in its steps: always the same for
    the same product.
    """
    noise = int.from_bytes(
        blake2b(f"{source}:{ref}:{what}".encode(), digest_size=4).digest()
    )
    return rule.low + noise % ((rule.high - rule.low) // step + 1) * step
