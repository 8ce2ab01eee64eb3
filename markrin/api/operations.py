"""What one method of one URL takes and answers: `@operation(…)` above a view's method.

The same statement validates the request, is what the OpenAPI document shows, and what
`manage.py check` demands."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

from django.http import HttpResponseBase
from django.http.request import HttpHeaders
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer

from markrin.api import errors, parsers, uploads
from markrin.api.schemas import HeaderSchema, InputSchema, QuerySchema, Schema

Body = type[BaseSerializer[object]] | str
Method = TypeVar("Method", bound=Callable[..., HttpResponseBase])
_NO_QUERY = QuerySchema()


@dataclass(frozen=True, kw_only=True)
class Operation:
    """The arguments of `operation`, which explains them."""

    id: str
    tag: str
    summary: str
    body: type[InputSchema] | None = None
    query: type[QuerySchema] | None = None
    headers: type[HeaderSchema] | None = None
    upload: type[InputSchema] | None = None
    raw: bool = False
    response: Body | Sequence[Body] | None = None
    status: int = 200
    errors: Sequence[type[errors.ShopError]] = ()
    permissions: Sequence[type[BasePermission]] | None = None
    media_types: tuple[str, ...] = (parsers.JSON_TYPE,)
    max_bytes: int = parsers.MAX_BYTES
    max_nodes: int = parsers.MAX_NODES
    description: str = ""
    extra_responses: Mapping[int, str] = field(default_factory=dict)

    @property
    def response_bodies(self) -> list[Body]:
        """Every form of the response's body, as a list."""
        if self.response is None:
            return []
        return (
            [self.response]
            if isinstance(self.response, str | type)
            else list(self.response)
        )

    @property
    def file_types(self) -> list[str]:
        """The media types of the answers that are files."""
        return [
            answer.removeprefix("file:")
            for answer in self.response_bodies
            if isinstance(answer, str)
        ]

    @cached_property
    def _schemas(self) -> dict[str, Schema]:
        # One instance each: making one copies every field, and loading changes none of it.
        given = {
            "query": self.query,
            "headers": self.headers,
            "body": self.body,
            "upload": self.upload,
        }
        return {part: schema() for part, schema in given.items() if schema}

    @cached_property
    def _header_names(self) -> dict[str, str]:
        """The names of the headers, and under which of its own WSGI has each."""
        stated = self._schemas["headers"].fields.values()
        names = [field.data_key or "" for field in stated]
        return {name: HttpHeaders.to_wsgi_name(name) for name in names}

    @cached_property
    def _no_headers(self) -> dict[str, object]:
        """What `headers` is where none is sent. Most send none; it is frozen, and serves all."""
        return self._schemas["headers"].load({})

    def load(self, request: Request) -> dict[str, dict[str, object]]:
        """Return what was declared (`query`, `headers`, `body`, `upload`), read and checked.

        Raises:
            errors.Invalid: with the problems of all the parts.
            errors.TooLarge, errors.UnsupportedMediaType: the body is not taken at all.
        """
        loaded: dict[str, dict[str, object]] = {}
        wrong: list[errors.FieldError] = []
        for part in ("query", "headers", "body", "upload"):
            try:
                part_value = getattr(self, f"_load_{part}")(request)
            except errors.Malformed as exc:
                if not wrong:
                    raise
                wrong += exc.errors
            except errors.Invalid as exc:
                wrong += exc.errors
            else:
                if part in self._schemas:
                    loaded[part] = part_value
        if wrong:
            raise errors.Invalid(errors=wrong)
        return loaded

    def _load_query(self, request: Request) -> dict[str, object]:
        if "query" not in self._schemas and not request._request.META.get(
            "QUERY_STRING"
        ):
            return {}
        return self._schemas.get("query", _NO_QUERY).load(
            parsers.parse_query(request._request)
        )

    def _load_headers(self, request: Request) -> dict[str, object] | None:
        schema = self._schemas.get("headers")
        if schema is None:
            return None
        sent = request._request.META
        given = {
            name: sent[key]
            for name, key in self._header_names.items()
            if key in sent
        }
        return schema.load(given) if given else self._no_headers

    def _load_body(self, request: Request) -> dict[str, object] | None:
        schema = self._schemas.get("body")
        if schema is not None:
            if parsers.has_body(
                request._request
            ):  # without one, "a body is needed" says more than its type
                parsers.check_media_type(request._request, self.media_types)
            return schema.load(
                parsers.parse_json(
                    parsers.read_body(request._request, max_bytes=self.max_bytes),
                    max_nodes=self.max_nodes,
                )
            )
        if not self.upload and not self.raw and parsers.has_body(request._request):
            raise errors.Invalid.at("", "unexpected", "This takes no body.")
        return None

    def _load_upload(self, request: Request) -> dict[str, object] | None:
        schema = self._schemas.get("upload")
        return (
            schema.load(uploads.read_upload(request._request, schema))
            if schema
            else None
        )


def operation(**stated: Any) -> Callable[[Method], Method]:
    """State what a view's method takes and answers; the request is checked after
    authentication, before the method.

    Keyword arguments: `id`, `tag` and `summary` for the OpenAPI document; `body`, `query`,
    `headers` and `upload`, the schemas of what comes in, handed to the method as keyword
    arguments of these names (dicts), and refused where not stated; `response`, a serializer
    class, `"file:<media type>"`, a list of these, or None; its `status`; `errors`, the
    refusals of the use case; `raw=True`, where the method reads the body itself, as a
    signature is over its bytes; `permissions`, where this method's differ from the view's;
    `media_types`, `max_bytes` (100 KB) and `max_nodes` (10,000 values) of the body;
    `extra_responses`, further statuses with their description: below 300 with the same answer,
    else with none."""
    stating = Operation(**stated)

    def decorate(method: Method) -> Method:
        @functools.wraps(method)
        def checked(
            view: Any, request: Request, *args: object, **kwargs: object
        ) -> HttpResponseBase:
            return method(view, request, *args, **kwargs, **stating.load(request))

        # where views, checks and the document look
        checked.operation = stating  # type: ignore[attr-defined]
        return cast(Method, checked)

    return decorate


def operation_of(view: object, http_method: str) -> Operation | None:
    """Return what is stated for a method (`GET`) of a view or view class; HEAD is GET's."""
    name = http_method.lower()
    handler = getattr(view, "get" if name == "head" else name, None)
    operation: Operation | None = getattr(handler, "operation", None)
    return operation
