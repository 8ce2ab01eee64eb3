"""The OpenAPI document: what each `@operation(…)` states, in the words of OpenAPI 3.1.

Bodies and parameters come from the very schemas that validate, by apispec's converter and
each field's own `limits`; answers from the serializers, by drf-spectacular."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from enum import Enum
from http import HTTPStatus
from inspect import getdoc
from typing import Any, cast

import marshmallow as ma
from apispec import APISpec
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from django.urls.converters import get_converters
from drf_spectacular import openapi
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent
from rest_framework.permissions import AllowAny, IsAuthenticated

from markrin import rights
from markrin.api import errors, fields, operations, schemas
from markrin.api.renderers import JSON_TYPES

Stated = dict[str, Any]
OAS_VERSION = "3.1.0"

PROBLEM: Stated = {
    "type": "object",
    "description": "Why a request was refused. Source: RFC 9457.",
    "required": ["type", "title", "status", "detail", "code", "requestId"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "code": {
            "type": "string",
            "description": "Stable: what a client decides by.",
        },
        "requestId": {"type": "string"},
        "errors": {
            "type": "array",
            "maxItems": errors.Invalid.MAX_PLACES,
            "items": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "Into the body. Source: RFC 6901.",
                    },
                    "parameter": {
                        "type": "string",
                        "description": "Of the query string.",
                    },
                    "header": {"type": "string"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
                "additionalProperties": False,
            },
        },
    },
}


# --- What comes in -------------------------------------------------------------------------------
class Converter(OpenAPIConverter):
    """apispec's converter: our fields state their own limits, nested schemas become
    components.
    """

    def __init__(self, registry: ComponentRegistry) -> None:
        self.registry = registry
        super().__init__(
            OAS_VERSION,
            schema_name_resolver=_component_name,
            spec=APISpec("", "", OAS_VERSION),
        )

    def init_attribute_functions(self) -> None:
        """Leave out what reads marshmallow's own validators, of which our fields have none."""
        self.attribute_functions = [
            self.field2limits,
            self.field2default,
            self.metadata2properties,
            self.nested2properties,
            self.field2nullable,
        ]

    def init_parameter_attribute_functions(self) -> None:
        """Write lists in a query with commas, as `fields.Commas` reads them."""
        self.parameter_attribute_functions = [
            self.field2required,
            self.commas2parameter,
        ]

    def field2limits(self, field: ma.fields.Field[Any], **kwargs: object) -> Stated:
        """Return the field's own limits."""
        if isinstance(field, fields.Nested):
            return {}
        stated = cast("fields.Field[Any]", field).limits()
        if isinstance(field, fields.List | fields.CommaSeparated):
            stated["items"] = self.field2property(field.inner)
        if (
            isinstance(field, fields.CommaSeparated)
            and "enum" not in stated["items"]
        ):
            stated["items"]["not"] = {"pattern": ","}  # it would be two values
        if field.allow_none and "enum" in stated:
            stated["enum"] = [*stated["enum"], None]
        return stated

    def field2default(
        self, field: ma.fields.Field[Any], **kwargs: object
    ) -> Stated:
        """Return the default as a client would write it."""
        value = field.load_default
        if value is ma.missing or callable(value):
            return {}
        if isinstance(value, Enum):
            value = value.value
        if isinstance(value, Decimal):
            value = (
                f"{value:.2f}" if isinstance(field, fields.Money) else str(value)
            )
        return {"default": value}

    def commas2parameter(
        self, field: ma.fields.Field[Any], **kwargs: object
    ) -> Stated:
        """Return how a list is written in the query string: with commas."""
        return (
            {"style": "form", "explode": False}
            if isinstance(field, fields.CommaSeparated)
            else {}
        )

    def schema2jsonschema(self, schema: Any) -> Stated:
        """Return the object's JSON Schema, which takes no unknown names."""
        stated: Stated = {
            **cast(Any, self).fields2jsonschema(schema.fields),
            "additionalProperties": False,
        }
        if isinstance(schema, schemas.PatchSchema):
            stated["minProperties"] = 1
        description = type(schema).__dict__.get("__doc__")
        return (
            {**stated, "description": getdoc(type(schema))}
            if description
            else stated
        )

    def resolve_nested_schema(self, schema: Any) -> Stated:
        """Return a reference to the schema's component, registered here at first sight."""
        instance = schema() if isinstance(schema, type) else schema
        component = _schema_component(_component_name(instance), {}, type(instance))
        if component not in self.registry:
            self.registry.register(component)
            component.schema = self.schema2jsonschema(instance)
        return component.ref


def _schema_component(
    name: str, schema: Stated, stands_for: type
) -> ResolvedComponent:
    untyped: Any = ResolvedComponent
    return cast(
        ResolvedComponent,
        untyped(name, ResolvedComponent.SCHEMA, schema=schema, object=stands_for),
    )


def _component_name(schema: Any) -> str:
    """Return the component's name: set apart from the serializers, which are named for the
    same things.
    """
    return f"{schema.__name__ if isinstance(schema, type) else type(schema).__name__}Input"


# --- What goes out -------------------------------------------------------------------------------
def _problem_statuses(
    refusals: Iterable[type[errors.ShopError]],
) -> dict[int, set[str]]:
    codes_by_status: dict[int, set[str]] = {}
    for refusal in refusals:
        codes_by_status.setdefault(refusal.status, set()).add(refusal.code)
    return codes_by_status


class AutoSchema(openapi.AutoSchema):
    """Describes a method by its `@operation(…)`; a method without one is no part of the API."""

    method: str
    view: Any
    registry: ComponentRegistry
    path_regex: str

    @property
    def stated(self) -> operations.Operation:
        """What the method states."""
        operation = operations.operation_of(self.view, self.method)
        if operation is None:
            raise LookupError(
                f"{type(self.view).__name__}.{self.method.lower()} has no @operation"
            )
        return operation

    def is_excluded(self) -> bool:
        return operations.operation_of(self.view, self.method) is None

    def get_operation_id(self) -> str:
        return self.stated.id

    def get_tags(self) -> list[str]:
        return [self.stated.tag]

    def get_summary(self) -> str:
        return self.stated.summary

    # drf-spectacular's has other arguments than DRF's
    def get_description(self) -> str:  # type: ignore[override]
        return self.stated.description

    def get_auth(self) -> list[Stated]:
        """Return who may call: nobody in particular (`{}`), or the bearer of an access token."""
        if not self.view.get_authenticators():
            return []
        return [{}, {"bearer": []}] if self._is_public() else [{"bearer": []}]

    def _permissions_of(self) -> list[type]:
        return [type(permission) for permission in self.view.get_permissions()]

    def _is_public(self) -> bool:
        return AllowAny in self._permissions_of()

    def _get_parameters(self) -> list[Stated]:
        converter = Converter(self.registry)
        parameters = [
            {
                "in": "path",
                "name": name,
                "required": True,
                "schema": _path_schema(kind),
            }
            for kind, name in re.findall(r"<(\w+):(\w+)>", self.path_regex)
        ]
        for place, schema in (
            ("query", self.stated.query),
            ("header", self.stated.headers),
        ):
            if schema is not None:
                parameters += converter.schema2parameters(schema(), location=place)
        # A header whose absence the use case refuses with a code of its own
        # (Idempotency-Key) is needed all the same.
        refused = {refusal.code for refusal in self.stated.errors}
        for parameter in parameters:
            parameter["required"] |= (
                f"{parameter['name'].lower().replace('-', '_')}_missing" in refused
            )
        return parameters

    def _get_request_body(self, direction: str = "request") -> Stated | None:
        schema, media_types = (
            self.stated.body or self.stated.upload,
            self.stated.media_types,
        )
        if schema is None:
            return None
        if self.stated.upload:
            media_types = ("multipart/form-data",)
        content = {"schema": Converter(self.registry).resolve_nested_schema(schema)}
        return {"required": True, "content": dict.fromkeys(media_types, content)}

    def _get_response_bodies(self, direction: str = "response") -> Stated:
        bodies = {str(self.stated.status): self._response_body()}
        for status, body in self.stated.extra_responses.items():
            answered = (
                self._response_body()
                if status < HTTPStatus.MULTIPLE_CHOICES
                else {}
            )
            bodies[str(status)] = {**answered, "description": body}
        for code, names in sorted(
            _problem_statuses(self._refusal_responses()).items()
        ):
            bodies[str(code)] = self._problem_schema(code, sorted(names))
        return bodies

    def _response_body(self) -> Stated:
        content: Stated = {}
        shapes: list[Stated] = []
        for answer in self.stated.response_bodies:
            if isinstance(answer, str):
                content[answer.removeprefix("file:")] = {
                    "schema": {"type": "string", "format": "binary"}
                }
            else:
                shapes.append(self._response_shape(answer))
        if shapes:
            content["application/json"] = {
                "schema": shapes[0] if len(shapes) == 1 else {"oneOf": shapes}
            }
        description = HTTPStatus(self.stated.status).phrase
        return (
            {"description": description, "content": content}
            if content
            else {"description": description}
        )

    def _response_shape(self, serializer: Any) -> Stated:
        shape = cast(Any, self)._get_response_for_code(
            serializer, str(self.stated.status), ["application/json"]
        )
        return cast(Stated, shape["content"]["application/json"]["schema"])

    def _refusal_responses(self) -> set[type[errors.ShopError]]:
        """Return every refusal that this method can answer with, the framework's own included."""
        stated = self.stated
        kinds: set[type[errors.ShopError]] = {
            *stated.errors,
            errors.Invalid,
            errors.NotAcceptable,
            errors.RateLimited,
            errors.InternalError,
            errors.Unavailable,
        }
        if self.view.get_authenticators():
            kinds |= {
                refusal
                for refusal in errors.ShopError.registry.values()
                if refusal.identifies
            }
            if self._is_public():
                kinds.discard(errors.TokenMissing)
        if not set(self._permissions_of()) <= {AllowAny, IsAuthenticated}:
            kinds |= {errors.Forbidden, errors.SecondFactorRequired}
            if (right := rights.get_right(stated.id)) and right.sensitive:
                kinds.add(errors.ReauthenticationRequired)
        if "<" in self.path_regex:
            kinds.add(errors.NotFound)
        if stated.body or stated.upload:
            kinds |= {
                errors.Malformed,
                errors.TooLarge,
                errors.UnsupportedMediaType,
            }
        if stated.query and issubclass(stated.query, schemas.PageQuery):
            kinds.add(errors.PageTooDeep)
        return kinds

    def _problem_schema(self, status: int, codes: list[str]) -> Stated:
        general = _schema_component("Problem", PROBLEM, errors.ShopError)
        self.registry.register_on_missing(general)
        schema = {
            "allOf": [
                general.ref,
                {"type": "object", "properties": {"code": {"enum": codes}}},
            ]
        }
        answer: Stated = {
            "description": HTTPStatus(status).phrase,
            "content": {JSON_TYPES[1]: {"schema": schema}},
        }
        header = _HEADERS.get(status)
        return {**answer, "headers": {header[0]: header[1]}} if header else answer


_HEADERS: dict[int, tuple[str, Stated]] = {
    401: ("WWW-Authenticate", {"schema": {"type": "string"}}),
    429: (
        "Retry-After",
        {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds."},
    ),
    503: (
        "Retry-After",
        {"schema": {"type": "integer", "minimum": 1}, "description": "Seconds."},
    ),
}


def _path_schema(kind: str) -> Stated:
    return cast(
        Stated, getattr(get_converters()[kind], "stated", {"type": "string"})
    )
