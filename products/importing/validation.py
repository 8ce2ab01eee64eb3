"""Reads a draft by the import's schema, quickly; trims what does not fit, unless asked not to."""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import marshmallow as ma

from markrin.api import casing, errors, fields
from markrin.api.schemas import Schema
from products.importing.drafts import Draft, NoteKind, ProductData, Rejection
from products.importing.schemas import (
    ImportedProduct,
    ImportImage,
    product_schema,
    variant_schema,
)
from products.models.product import MAX_IMAGES, MAX_VARIANTS


class _FastLoader:
    """Reads by a schema's own fields, remembering what each made of a text: a catalogue
    says few things very often.

    For what has no error only: at the first it raises, and the schema itself has to say
    what is wrong."""

    def __init__(self, schema: Schema[Any], **inner: "_FastLoader") -> None:
        known: list[dict[str, object] | None] = [
            None if name in _RARELY_REPEATED else {} for name in schema.fields
        ]
        self._schema = schema
        self._fields = {
            str(field.data_key): (name, field, memory, inner.get(name))
            for (name, field), memory in zip(
                schema.fields.items(), known, strict=True
            )
        }
        self._absent = {
            name: field.load_default
            for name, field in schema.fields.items()
            if field.load_default is not ma.missing
        }
        self._required = {
            name for name, field in schema.fields.items() if field.required
        }

    def load(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the data as the fields read it. Raises: KeyError, marshmallow's
        ValidationError.
        """
        read = {
            name: value() if callable(value) else value
            for name, value in self._absent.items()
        }
        for key, value in data.items():
            name, field, memory, inner = self._fields[key]
            if inner is not None:
                read[name] = [inner.load_whole(each) for each in value]
            elif memory is None or not isinstance(value, str):
                read[name] = field.deserialize(value)
            else:
                if value not in memory:
                    if len(memory) > _MAX_REMEMBERED:
                        memory.clear()
                    memory[value] = field.deserialize(value)
                read[name] = memory[value]
        if not self._required <= read.keys():
            raise KeyError
        return read

    def load_whole(self, data: Mapping[str, Any]) -> Any:
        """Return the data as the schema's dataclass. Raises as `load`."""
        return self._schema.into_target(self.load(data))


_RARELY_REPEATED = {
    "name",
    "slug",
    "description",
    "sku",
    "barcode",
    "url",
    "seo_title",
    "seo_description",
}  # texts that hardly come twice
_MAX_REMEMBERED = 10_000
_fast_loader = _FastLoader(
    product_schema,
    variants=_FastLoader(variant_schema),
    images=_FastLoader(ImportImage()),
)
_IN_VARIANT = re.compile(r"/variants/(\d+)(?:/(\w+))?")
_FITTING = {"too_long", "count", "unique"}  # what trimming may mend


def validate_draft(draft: Draft, *, strict: bool = True) -> list[Rejection]:
    """Read the draft's data into its product, and return what is wrong with it: nothing, if it
    may be written. Unless `strict`, texts and lists that are too long are trimmed, and a note says
    so.
    """
    found = _read(draft)
    if found and not strict and {each.code for each in found} & _FITTING:
        _trim(draft)
        found = _read(draft)
    return found


def _read(draft: Draft) -> list[Rejection]:
    with suppress(KeyError, TypeError, AttributeError, ma.ValidationError):
        read = _fast_loader.load(draft.data)
        if (
            len(read.get("variants", ())) <= MAX_VARIANTS
            and len(read.get("images", ())) <= MAX_IMAGES
        ):
            product_schema.check(read)
            draft.product = ImportedProduct(**read)
            return []
    try:
        draft.product = product_schema.load(draft.data)
    except errors.Invalid as exc:
        return [_make_rejection(draft, error) for error in exc.errors]
    return []


def _make_rejection(draft: Draft, error: errors.FieldError) -> Rejection:
    line, name = (
        draft.line,
        error["pointer"].split("/")[1] if error["pointer"] else "",
    )
    if found := _IN_VARIANT.fullmatch(error["pointer"]):
        place = int(found[1])
        line = draft.lines[place] if place < len(draft.lines) else line
        column = draft.column_of(found[2] or name, variant=True)
    else:
        column = draft.column_of(name)
    message = _explain(draft, error)
    return draft.reject(error["code"], message, column=column, line=line)


def _explain(draft: Draft, error: errors.FieldError) -> str:
    """Return the message with what stands there, if that is short."""
    value: Any = draft.data
    for part in error["pointer"].strip("/").split("/"):
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict):
            value = value.get(part)
    known = isinstance(value, str) and 0 < len(value) <= 60
    if not known or error["code"] in ("required", "unknown"):
        return error["message"]
    return f"{error['message']} The file has: {value!r}."


def _trim(draft: Draft) -> None:
    """Cut what is too long in the draft's data."""
    _trim_texts(draft, draft.data, product_schema, None)
    for place, variant in enumerate(draft.data.get("variants", ())):
        _trim_texts(draft, variant, variant_schema, place)
    if "category" in draft.data:
        draft.data["category"] = _trim_list(draft, "category", 8, 80, alike=True)
    if "tags" in draft.data:
        draft.data["tags"] = _trim_list(draft, "tags", 20, 40)
    images = draft.data.get("images", [])
    if len(images) > MAX_IMAGES:
        text = f"Of {len(images)} images the first {MAX_IMAGES} are taken."
        draft.note(NoteKind.TRIMMED, text, column=draft.column_of("images"))
        draft.data["images"] = images[:MAX_IMAGES]
    for image in draft.data.get("images", []):
        if len(image.get("altText", "")) > 200:
            text = "An image's text is cut to 200 characters."
            draft.note(NoteKind.TRIMMED, text, column=draft.column_of("imageTexts"))
            image["altText"] = _cut(image["altText"], 200)
        if len(image.get("color", "")) > 40:
            text = "An image's colour is cut to 40 characters."
            draft.note(
                NoteKind.TRIMMED, text, column=draft.column_of("imageColors")
            )
            image["color"] = _cut(image["color"], 40)


def _trim_texts(
    draft: Draft, data: ProductData, schema: Schema[Any], place: int | None
) -> None:
    for name, field in schema.fields.items():
        key = casing.to_camel(name)
        text = data.get(key)
        if (
            not isinstance(field, fields.Text)
            or not isinstance(text, str)
            or field.pattern
            or len(text) <= field.max
        ):
            continue
        data[key] = _cut(text, field.max)
        of_variant = place is not None
        draft.note(
            NoteKind.TRIMMED,
            f"{len(text)} characters are cut to {field.max}: {data[key][:60]!r}.",
            column=draft.column_of(key, variant=of_variant),
            line=draft.lines[place] if place is not None else None,
        )


def _trim_list(
    draft: Draft, name: str, count: int, length: int, *, alike: bool = False
) -> list[str]:
    before: list[str] = draft.data[name]
    cut = [_cut(text, length) for text in before]
    after = (cut if alike else list(dict.fromkeys(cut)))[:count]
    if after != before:
        text = f"{len(before)} values are trimmed to {len(after)} of at most {length} characters."
        draft.note(NoteKind.TRIMMED, text, column=draft.column_of(name))
    return after


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length].rstrip()
