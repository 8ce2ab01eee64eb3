"""Bases of the input schemas: camelCase outside, snake_case inside, and nothing unknown gets in.

A schema loads into the frozen dataclass that it names, and services take that dataclass:

    @dataclass(frozen=True, kw_only=True)
    class Checkout:
        payment_method: PaymentMethod
        email: str | None = None  # optional and not sent: the default

    class PlaceOrder(InputSchema[Checkout]):
        payment_method = fields.Enum(PaymentMethod, required=True)
        email = fields.Email()

A patch says what was not sent by a type: `name: str | Unset = UNSET` (see `unset.py`). That both
declarations agree is asked at start-up (`schema_types.py`). `load` raises `errors.Invalid` with
every problem and its place. A rule over several fields is a `@validates_schema` method that raises
`fields.refuse(…)`; it sees the loaded fields as a dict, in which what was not sent is absent.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, cast, get_args

import marshmallow as ma
from typing_extensions import TypeVar

from markrin.api import casing, errors, fields

UNKNOWN = fields.Message("unknown", "There is no such field here.")
NOT_OBJECT = fields.Message("type", "This must be an object.")


T = TypeVar("T", default=dict[str, Any])
Loaded = Mapping[str, Any]  # what the fields of a schema have read, by their names


class Schema(ma.Schema, Generic[T]):
    """The base of all schemas. `target` is the dataclass that a schema loads into, or None: a
    dict.
    """

    target: ClassVar[type | None] = None
    place: ClassVar[Literal["pointer", "parameter", "header"]] = "pointer"
    from_text: ClassVar[bool] = False
    error_messages = {"unknown": UNKNOWN, "type": NOT_OBJECT}

    class Meta:
        unknown = ma.RAISE
        register = False

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        for base in cls.__dict__.get("__orig_bases__", ()):
            for argument in get_args(base):
                if isinstance(argument, type):
                    cls.target = argument

    def to_outer_name(self, name: str) -> str:
        """Return a field's name as the client writes it."""
        return casing.to_camel(name)

    def on_bind_field(
        self, field_name: str, field_obj: ma.fields.Field[Any]
    ) -> None:
        field_obj.data_key = field_obj.data_key or self.to_outer_name(field_name)

    def load(self, data: Any, **kwargs: Any) -> T:
        """Return `data` read by the fields, as the dataclass that the schema names.

        Raises:
            errors.Invalid: with every problem and its place.
        """
        # Of a body most fields are sent, and passing over some makes the others cost more.
        if self.place != "pointer":
            kwargs.setdefault("partial", self._not_asked_for)
        try:
            return self.into_target(super().load(data, **kwargs))
        except ma.ValidationError as exc:
            faults = [
                self._field_error(path, text)
                for path, text in _walk_messages(
                    cast(Any, exc).normalized_messages(), ()
                )
            ]
            raise errors.Invalid(
                errors=sorted(faults, key=lambda error: error[self.place])
            ) from exc

    @functools.cached_property
    def _not_asked_for(self) -> frozenset[str]:
        """The fields that load as nothing where nothing was sent: marshmallow passes over them.
        Asking each of them took most of the time of a query with few of many parameters.
        """
        return frozenset(
            name
            for name, field in self.load_fields.items()
            if not field.required and field.load_default is ma.missing
        )

    def into_target(self, loaded: dict[str, Any]) -> T:
        """Return what the fields have loaded as the dataclass that the schema names."""
        return cast(T, loaded if self.target is None else self.target(**loaded))

    def _field_error(self, path: tuple[str, ...], text: str) -> errors.FieldError:
        where = (
            json_pointer(path)
            if self.place == "pointer"
            else (path[0] if path else "")[:100]
        )
        code = getattr(text, "code", "invalid")
        return cast(
            errors.FieldError,
            {self.place: where, "code": code, "message": str(text)},
        )


def json_pointer(path: Sequence[str | int]) -> str:
    """Return the JSON pointer to `path`; a name of over 100 characters is cut. Source: RFC
    6901 section 3.
    """
    return "".join(
        "/" + str(part)[:100].replace("~", "~0").replace("/", "~1") for part in path
    )


def _walk_messages(
    messages: Any, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield path and message of every error in marshmallow's nested answer."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _walk_messages(
                inner, path if key == "_schema" else (*path, str(key))
            )
    elif isinstance(messages, list):
        for inner in messages:
            yield from _walk_messages(inner, path)
    else:
        yield path, messages


class InputSchema(Schema[T]):
    """A JSON body."""


class PatchSchema(InputSchema[T]):
    """A JSON body that changes some fields: all are optional, at least one must be there."""

    def on_bind_field(
        self, field_name: str, field_obj: ma.fields.Field[Any]
    ) -> None:
        super().on_bind_field(field_name, field_obj)
        field_obj.required = False
        field_obj.load_default = ma.missing  # what was not sent stays as it is

    @ma.validates_schema(pass_original=True)
    def _require_a_field(
        self,
        data: Mapping[str, Any],
        original_data: Mapping[str, Any],
        **kwargs: object,
    ) -> None:
        if not original_data:
            raise fields.refuse("empty", "Give at least one field to change.")


class Empty(InputSchema):
    """A body that is exactly `{}`."""


class UploadSchema(InputSchema[T]):
    """A multipart body: one or more `fields.Image`, and text parts, which are read as in a
    query string.
    """

    from_text = True


class QuerySchema(Schema[T]):
    """The parameters of a query string; each may be given once."""

    place = "parameter"
    from_text = True


@dataclass(frozen=True, kw_only=True)
class PageParams:
    """Which page: by number, or after a cursor. Base of a list's own parameters."""

    page: int = 1
    limit: int
    cursor: str | None = None


class PageQuery(QuerySchema[T]):
    """Paging of a list: `page` and `limit`, or `cursor` (empty for the start) and `limit`;
    of both, `cursor` counts.
    """

    page = fields.Int(min=1, max=10_001)
    limit = fields.Int(min=1, max=100, load_default=12)
    cursor = fields.Text(
        max=500,
        min=0,
        pattern=r"[A-Za-z0-9_-]{0,500}",
        metadata={
            "format": "cursor",
            "description": "Empty for the start, then `next` of the answer before.",
        },
    )

    @ma.post_load
    def _first_page(self, data: dict[str, Any], **kwargs: object) -> dict[str, Any]:
        data.setdefault("page", 1)
        data.setdefault("cursor", None)
        return data


class PlainPageQuery(PageQuery[PageParams]):
    """The parameters of a list that takes no others."""


class HeaderSchema(Schema[T]):
    """The request headers that an operation reads; others are ignored."""

    place = "header"
    from_text = True

    def to_outer_name(self, name: str) -> str:
        return casing.to_header(name)


@dataclass(frozen=True, kw_only=True)
class KeyHeader:
    """The key of a request that must take effect once."""

    idempotency_key: str | None = None


class IdempotencyHeaders(HeaderSchema[KeyHeader]):
    """`Idempotency-Key`: optional here; the use case refuses its absence with its own code."""

    idempotency_key = fields.Token(max=255)


@dataclass(frozen=True, kw_only=True)
class CartHeader:
    """The token of a guest's cart."""

    x_cart_token: str | None = None


class CartHeaders(HeaderSchema[CartHeader]):
    """`X-Cart-Token`: a guest's cart."""

    x_cart_token = fields.Token(max=255)
