# ruff: noqa: A002 (`max` and `min` are the words that a schema's author looks for)
"""Types that hold other values: lists, objects, files."""

from __future__ import annotations

import copy
import typing
from collections.abc import Sequence
from typing import Any, Unpack

import marshmallow as ma
import PIL.Image
from django.core.files.uploadedfile import UploadedFile

from markrin.api import images
from markrin.api.fields.base import (
    NULL,
    REQUIRED,
    Field,
    FieldOptions,
    JSONSchema,
    check_bounds,
    refuse,
)


class _Many(Field[list[object]]):
    """The base of List and CommaSeparated: a bounded number of values of one inner type."""

    def __init__(
        self,
        inner: ma.fields.Field[Any],
        *,
        max: int,
        min: int = 0,
        unique: bool = False,
        **options: Unpack[FieldOptions],
    ):
        super().__init__(**options)
        check_bounds(min, max, type(self).__name__)
        self.inner, self.max, self.min, self.unique = inner, max, min, unique

    def _bind_to_schema(
        self, field_name: str, parent: ma.Schema | ma.fields.Field[object]
    ) -> None:
        super()._bind_to_schema(field_name, parent)
        self.inner = copy.copy(
            self.inner
        )  # the declared one is shared by all instances of the schema
        self.inner._bind_to_schema(field_name, self)

    def _load_each(self, values: Sequence[object]) -> list[object]:
        if not self.min <= len(values) <= self.max:
            raise refuse("count", f"This takes {self.min} to {self.max} values.")
        loaded, wrong = [], {}
        for index, value in enumerate(values):
            try:
                loaded.append(self.inner.deserialize(value))
            except ma.ValidationError as exc:
                wrong[index] = exc.messages
        if wrong:
            raise ma.ValidationError(typing.cast(dict[str, object], wrong))
        if self.unique and any(
            value in loaded[:index] for index, value in enumerate(loaded)
        ):
            raise refuse("unique", "No value may be given twice.")
        return loaded

    def limits(self) -> JSONSchema:
        stated: JSONSchema = {
            "type": "array",
            "minItems": self.min,
            "maxItems": self.max,
        }
        return {**stated, "uniqueItems": True} if self.unique else stated


class List(_Many):
    """`min` to `max` values of one type; with `unique`, no two that are equal once read."""

    def _check(self, value: object) -> list[object]:
        if not isinstance(value, list):
            raise refuse("type", "This must be a list.")
        return self._load_each(value)


class CommaSeparated(_Many):
    """A query parameter of 1 to `max` different values with commas between them: `red,blue`."""

    def __init__(
        self,
        inner: ma.fields.Field[Any],
        *,
        max: int,
        **options: Unpack[FieldOptions],
    ):
        super().__init__(inner, max=max, min=1, unique=True, **options)

    def _check(self, value: object) -> list[object]:
        if not isinstance(value, str) or not value:
            raise refuse("type", "This must be values with commas between them.")
        return self._load_each(value.split(",", self.max))


class Image(Field[PIL.Image.Image]):
    """An uploaded picture, decoded: JPEG, PNG, WebP or AVIF, of at most `max_bytes` and
    `max_pixels`.
    """

    def __init__(
        self, *, max_bytes: int, max_pixels: int, **options: Unpack[FieldOptions]
    ):
        super().__init__(**options)
        self.max_bytes, self.max_pixels = max_bytes, max_pixels

    def _check(self, value: object) -> PIL.Image.Image:
        if not isinstance(value, UploadedFile):
            raise refuse("type", "This must be a file.")
        try:
            return images.decode_image(
                value, max_bytes=self.max_bytes, max_pixels=self.max_pixels
            )
        except images.NotAPicture as exc:
            raise refuse(exc.code, str(exc)) from exc

    def limits(self) -> JSONSchema:
        text = f"A picture of at most {self.max_bytes} bytes and {self.max_pixels} pixels."
        return {
            "type": "string",
            "format": "binary",
            "contentMediaType": "image/*",
            "description": text,
        }


class File(Field["UploadedFile[bytes]"]):
    """An uploaded file (Django's UploadedFile) as it came, of at most `max_bytes` and not empty.

    What is in it, its reader has to find out.
    """

    def __init__(
        self,
        *,
        max_bytes: int,
        media_type: str = "application/octet-stream",
        **options: Unpack[FieldOptions],
    ):
        super().__init__(**options)
        self.max_bytes, self.media_type = max_bytes, media_type

    def _check(self, value: object) -> UploadedFile[bytes]:
        if not isinstance(value, UploadedFile):
            raise refuse("type", "This must be a file.")
        if not 1 <= (value.size or 0) <= self.max_bytes:
            raise refuse(
                "too_large" if value.size else "empty",
                f"The file takes 1 to {self.max_bytes} bytes.",
            )
        return value

    def limits(self) -> JSONSchema:
        text = f"A file of 1 to {self.max_bytes} bytes."
        return {
            "type": "string",
            "format": "binary",
            "contentMediaType": self.media_type,
            "description": text,
        }


class Nested(ma.fields.Nested):
    """An object of another InputSchema; its errors point into it."""

    default_error_messages = {"required": REQUIRED, "null": NULL}

    def __init__(self, nested: type[ma.Schema], **options: Unpack[FieldOptions]):
        super().__init__(nested, **options)

    def make_error(self, key: str, **kwargs: object) -> ma.ValidationError:
        return ma.ValidationError(self.error_messages[key])

    def _load(self, value: Any, partial: Any = None) -> Any:
        # Not our Schema.load, which would answer the request before the outer schema has
        # seen its own errors.
        schema: Any = self.schema
        return schema.into_target(ma.Schema.load(schema, value, partial=partial))
