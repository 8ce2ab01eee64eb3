"""Whether a schema and the dataclass that it loads into say the same: asked once, at start-up.

A schema states a field's form and limits, the dataclass its Python type. Two declarations of one
thing drift apart unless something compares them: `differences` does, name by name.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterator, Sequence
from typing import Any, Union, get_args, get_origin, get_type_hints

import marshmallow as ma
from django.db.models import TextChoices

from markrin.api import fields, schemas
from markrin.api.unset import UNSET

_SEQUENCES = (list, tuple, Sequence)


def find_differences(schema: schemas.Schema[Any]) -> Iterator[str]:
    """Yield how the schema and its dataclass differ; nothing where it loads into no dataclass."""
    target = schema.target
    if target is None:
        return
    if (
        not dataclasses.is_dataclass(target)
        or not target.__dataclass_params__.frozen  # type: ignore[attr-defined]  # every dataclass has them
    ):
        yield f"loads into {target.__name__}, which is no frozen dataclass."
        return
    hints = get_type_hints(target)
    slots = {slot.name: slot for slot in dataclasses.fields(target) if slot.init}
    for name in sorted(slots.keys() ^ schema.fields.keys()):
        holder = target.__name__ if name in slots else type(schema).__name__
        yield f"and {target.__name__} differ: only {holder} has `{name}`."
    for name in sorted(slots.keys() & schema.fields.keys()):
        yield from _field_differences(
            f"{target.__name__}.{name}",
            schema.fields[name],
            slots[name],
            hints[name],
        )


def _field_differences(
    where: str, field: Any, slot: dataclasses.Field[Any], hint: Any
) -> Iterator[str]:
    allowed = _union_members(hint)
    expected = _union_members(python_type(field))
    always_there = field.required or field.load_default is not ma.missing
    if not always_there:
        if slot.default is dataclasses.MISSING:
            yield f"may leave out {where}, which then needs a default."
            return
        if slot.default is None or slot.default is UNSET:
            expected.add(type(slot.default))
    if not _same_types(allowed, expected):
        yield (
            f"loads {where} as {_type_names(expected)}, but it is declared as"
            f" {_type_names(allowed)}."
        )


def python_type(field: Any) -> Any:
    """Return the type of the values that a field loads."""
    if isinstance(field, fields.Nested):
        # our schemas have one
        target: Any = field.schema.target or dict  # type: ignore[attr-defined]
        if field.many:
            target = list[target]
    elif isinstance(field, fields.Enum):
        target = field.choices
    elif (inner := getattr(field, "inner", None)) is not None:
        target = list[python_type(inner)]  # type: ignore[misc]  # made at run time
    else:
        target = _generic_argument(type(field))
    return target | None if field.allow_none else target


def _generic_argument(kind: type) -> Any:
    """Return T of the `Field[T]` from which a field type comes."""
    for base in kind.__mro__:
        for parent in getattr(base, "__orig_bases__", ()):
            if get_args(parent) and isinstance(get_args(parent)[0], type):
                return get_args(parent)[0]
    return object


def _union_members(hint: object) -> set[Any]:
    if get_origin(hint) in (Union, types.UnionType):
        return set(get_args(hint))
    return {hint}


def _same_types(allowed: set[Any], expected: set[Any]) -> bool:
    def fits(type_: object, other: object) -> bool:
        if get_origin(type_) in _SEQUENCES and get_origin(other) in _SEQUENCES:
            return _same_types(
                _union_members(get_args(type_)[0]),
                _union_members(get_args(other)[0]),
            )
        if (
            type_ is str
            and isinstance(other, type)
            and issubclass(other, TextChoices)
        ):
            return True  # a choice is a string: whoever needs no more may say so
        return bool(type_ == other or other is object)

    return all(
        any(fits(member, other) for other in expected) for member in allowed
    ) and all(any(fits(member, other) for member in allowed) for other in expected)


def _type_names(members: set[Any]) -> str:
    names = (
        str(member) if get_args(member) else member.__name__ for member in members
    )
    return " | ".join(sorted(names))
