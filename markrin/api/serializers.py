"""The base of what is sent: read-only serializers, camelCase outside and snake_case inside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from operator import attrgetter, itemgetter, methodcaller
from typing import Any, Final
from uuid import UUID

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import Field, SkipField
from rest_framework.utils.serializer_helpers import BindingDict

from markrin.api import casing
from markrin.api.pagination import CursorPage, Page

_CENT = Decimal("0.01")
# What these fields show as it is, if it is of this type: half of an answer's values, and asking
# the field about each costs more than all else in it.
_UNCHANGED: dict[type, type] = {
    serializers.CharField: str,
    serializers.ChoiceField: str,
    serializers.UUIDField: str,
    serializers.BooleanField: bool,
    serializers.IntegerField: int,
    serializers.FloatField: float,
}
_Field = Field[Any, Any, Any, Any]
_Show = Callable[[Any], Any]
_LEFT_OUT: Final = object()  # instead of a value


class Serializer(serializers.Serializer[Any]):
    """Base of every answer. Fields are declared in snake_case; each is there always, unless
    `required=False`.

    All instances of a class share one set of fields, as making them costs more than most
    answers do: nothing here depends on a request, so no field and no `get_…` method may
    keep or ask for anything but the object it is given."""

    @property
    def fields(self) -> BindingDict:
        """Return the class's fields, bound to an instance that all others stand behind."""
        return _field_list(type(self))

    def to_representation(self, instance: Any) -> dict[str, Any]:
        """Return what the fields show, as DRF does, without asking each field anew where its
        value stands: of a dict under a key, of anything else behind attributes."""
        shown: dict[str, Any] = {}
        is_dict = type(instance) is dict
        # What an object's own code has not found is no field that is left out.
        missing = KeyError if is_dict else AttributeError
        for name, read, unchanged, as_text, show, field in _readings(
            type(self), is_dict
        ):
            try:
                value = read(instance)
                if callable(value):
                    value = _ask_field(field, instance)
            except (missing, SkipField):
                value = _ask_field(field, instance)
            if value is _LEFT_OUT:
                continue
            kind = type(value)
            if value is None or kind is unchanged:
                shown[name] = value
            elif kind is as_text:
                shown[name] = str(value)
            else:
                shown[name] = show(value)
        return shown

    @classmethod
    def show_all(cls, instances: Iterable[Any]) -> list[dict[str, Any]]:
        """Return what each is shown as, as `many=True` does, without making a serializer."""
        shape = _shape_of(cls)
        return [shape.to_representation(each) for each in instances]

    @classmethod
    def show(cls, instance: Any) -> dict[str, Any]:
        """Return what it is shown as, as `data` does, without making a serializer."""
        return _shape_of(cls).to_representation(instance)

    def get_fields(self) -> dict[str, Field[Any, Any, Any, Any]]:
        """Return the fields by their names in JSON."""
        outside = {}
        for name, field in super().get_fields().items():
            called = casing.to_camel(name)
            if isinstance(field, serializers.SerializerMethodField):
                field.method_name = field.method_name or f"get_{name}"
            elif called != name and field.source is None:
                field.source = name
            outside[called] = field
        return outside


@cache
def _shape_of(of: type[Serializer]) -> Serializer:
    return of()


@cache
def _field_list(of: type[Serializer]) -> BindingDict:
    prototype = of()
    bound = BindingDict(prototype)
    for name, field in prototype.get_fields().items():
        bound[name] = field
    return bound


@cache
def _readings(
    of: type[Serializer], is_dict: bool
) -> list[tuple[str, _Show, type | None, type | None, _Show, _Field]]:
    """Return of each field that is shown: its name; what reads its value off a dict, or else off an
    object; the types of which a value is shown as it is, and as its own text; what shows all
    others; and the field itself.
    """
    return [
        (
            name,
            _find_key_reader(field) if is_dict else _find_reader(field),
            _UNCHANGED.get(type(field)),
            UUID if _shows_uuid_as_text(field) else None,
            _find_show(field),
            field,
        )
        for name, field in _field_list(of).items()
        if not field.write_only
    ]


def _find_key_reader(field: _Field) -> Callable[[Any], Any]:
    """Return what reads a field's value off a dict, as `_find_reader` does off an object."""
    if len(field.source_attrs) == 1:
        return itemgetter(field.source_attrs[0])
    return field.get_attribute if field.source_attrs else _return_itself


def _shows_uuid_as_text(field: _Field) -> bool:
    return (
        type(field) is serializers.UUIDField and field.uuid_format == "hex_verbose"
    )


def _is_of_texts(field: _Field) -> bool:
    """Return whether it is a list of texts, which are shown as they are."""
    return (
        type(field) is serializers.ListField
        and type(field.child) is serializers.CharField
    )


def _find_show(field: _Field) -> _Show:
    """Return what shows a field's value: of one that has a method, this itself."""
    if type(field) is serializers.SerializerMethodField:
        shown: _Show = getattr(field.parent, field.method_name or "")
        return shown
    return _show_texts if _is_of_texts(field) else field.to_representation


def _show_texts(values: Iterable[object]) -> list[str | None]:
    return [None if value is None else str(value) for value in values]


def _ask_field(field: _Field, instance: Any) -> Any:
    """Return what the field itself reads, or _LEFT_OUT: of what is not there, or is to be called,
    it knows what it means.
    """
    try:
        return field.get_attribute(instance)
    except SkipField:
        return _LEFT_OUT


def _find_reader(field: _Field) -> Callable[[Any], Any]:
    """Return what reads a field's value off an object that is no dict. It may return something to
    be called instead, or raise AttributeError: then the field itself is asked.
    """
    if type(field).get_attribute is not Field.get_attribute:
        return field.get_attribute
    if not field.source_attrs:
        return _return_itself
    *owner, last = field.source_attrs
    if last == "all" and len(owner) == 1:
        return methodcaller("list_related", owner[0])
    return attrgetter(".".join(field.source_attrs))


def _return_itself(instance: Any) -> Any:
    return instance


@extend_schema_field(
    {
        "type": "string",
        "pattern": r"^-?(?:0|[1-9][0-9]*)\.[0-9]{2}$",
        "examples": ["1299.00"],
    }
)
class Money(serializers.Field[Any, Any, str, Any]):
    """An amount in the shop currency: a string with two decimals. A finer amount is a fault
    of ours, and raises.
    """

    def to_representation(self, value: Decimal) -> str:
        """Return the amount as text."""
        text = str(value)
        if text[-3:-2] == "." and type(value) is Decimal:
            return text  # as the database has it
        rounded = Decimal(value).quantize(_CENT)
        if rounded != value:
            raise ValueError(f"{self.field_name} is finer than a hundredth")
        return str(rounded)


class Percent(Money):
    """A percentage: a string with two decimals."""


@extend_schema_field({"type": "string", "format": "date-time"})
class Timestamp(serializers.Field[Any, Any, str, Any]):
    """A moment in UTC, with `Z`. Source: RFC 3339."""

    def to_representation(self, value: datetime) -> str:
        """Return the moment as text."""
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


class _PageSerializer(Serializer):
    """`{items, page, pages, total, limit}` for a `Page`, `{items, next}` for a `CursorPage`."""

    page = serializers.IntegerField(min_value=1, required=False)
    pages = serializers.IntegerField(min_value=0, required=False)
    total = serializers.IntegerField(min_value=0, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=100, required=False)
    next = serializers.CharField(required=False, allow_null=True)

    def to_representation(
        self, instance: Page[Any] | CursorPage[Any]
    ) -> dict[str, Any]:
        """Return the page and its items."""
        items = self.fields["items"].to_representation(instance.items)
        if isinstance(instance, CursorPage):
            return {"items": items, "next": instance.next}
        numbers = {
            name: getattr(instance, name)
            for name in ("page", "pages", "total", "limit")
        }
        return {"items": items, **numbers}


@cache
def page_of(item: type[serializers.BaseSerializer[Any]]) -> type[Serializer]:
    """Return the serializer class of a page of `item`s, for a `Page` or a `CursorPage`."""
    attributes: Mapping[str, Any] = {
        "items": item(many=True),
        "__doc__": f"A page of {item.__name__}.",
    }
    return type(f"{item.__name__}Page", (_PageSerializer,), dict(attributes))
