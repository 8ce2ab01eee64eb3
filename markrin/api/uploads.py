"""Reads multipart bodies: exactly the declared parts, each once. Source: RFC 7578."""

from __future__ import annotations

from django.http import HttpRequest

from markrin.api import errors, fields, parsers
from markrin.api.schemas import Schema

OVERHEAD = 64 * 1024  # bytes for boundaries, part headers and text parts


def max_bytes(schema: Schema) -> int:
    """Return the most bytes that a body of this schema can have."""
    files = (fields.File, fields.Image)
    return OVERHEAD + sum(
        field.max_bytes
        for field in schema.fields.values()
        if isinstance(field, files)
    )


def read_upload(request: HttpRequest, schema: Schema) -> dict[str, object]:
    """Return the parts of the request's body: text as str, files as Django's UploadedFile.

    Raises:
        errors.UnsupportedMediaType: it is not multipart/form-data.
        errors.TooLarge: it is longer than all parts together may be, or does not say how
        long it is.
        errors.Invalid: a part is there twice.
    """
    parsers.check_media_type(request, ("multipart/form-data",))
    if not request.META.get("CONTENT_LENGTH"):
        raise errors.TooLarge("An upload must state its Content-Length.")
    if parsers.content_length(request) > max_bytes(schema):
        raise errors.TooLarge(
            f"The upload may have at most {max_bytes(schema)} bytes."
        )
    fields: dict[str, object] = {}
    for source in (request.POST, request.FILES):
        for name, values in source.lists():
            if len(values) > 1 or name in fields:
                raise errors.Invalid.at(
                    "/" + name[:100], "repeated", "This part may be given once."
                )
            fields[name] = values[0]
    return fields
