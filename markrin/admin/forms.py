"""Strict forms: what staff write in the admin goes through the rules of `markrin.api.fields`,
as what the API takes does.

A form takes them by inheriting `Strict` before Django's own class; `markrin.admin.base` has
pages whose forms do."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from datetime import date
from typing import Any, cast

import marshmallow as ma
from django import forms
from django.contrib.admin.widgets import AutocompleteMixin
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import ValidationError

from markrin.api import fields

# A form's values by the names of its fields, as Django has read them.
CleanedData = dict[str, Any]
_NUMBER = re.compile(r"\s*-?[0-9]+(?:\.[0-9]+)?\s*")
_YEARS = range(1900, 2101)


class Strict:
    """A form in which text is NFC without control characters, and numbers and dates are
    what they look like.
    """

    fields: dict[str, forms.Field]

    def __init__(self, *args: Any, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():  # the form's own copies
            rule = _field_rule(name, field)
            if rule is not None:
                field.clean = functools.partial(_clean_strictly, field.clean, rule)  # type: ignore[method-assign]  # see above
            if isinstance(field, forms.ModelChoiceField):
                _show_keys_only(field)


class StrictForm(Strict, forms.Form):
    """A strict form without a model."""

    def clean(self) -> CleanedData:
        """Return what has been read, for rules over several fields."""
        return super().clean() or self.cleaned_data


# it takes no parameter when it runs
class StrictModelForm(Strict, forms.ModelForm):  # type: ignore[type-arg]
    """A model's strict form."""

    def clean(self) -> CleanedData:
        """Return what has been read, for rules over several fields."""
        return super().clean() or self.cleaned_data


def _show_keys_only(field: forms.ModelChoiceField[Any]) -> None:
    """Have the field shown empty where what was sent is no key at all: Django's widget
    would ask the database for it.

    The field's own check still says what is wrong.
    """
    widget: Any = getattr(
        field.widget, "widget", field.widget
    )  # in the admin it is wrapped in links
    if not issubclass(type(widget), AutocompleteMixin):
        return
    shown = widget.optgroups

    def only_keys(name: str, value: list[str], attrs: Any = None) -> Any:
        return shown(
            name,
            [each for each in value if not each or _is_key(field, each)],
            attrs,
        )

    widget.optgroups = only_keys


def _is_key(field: forms.ModelChoiceField[Any], text: str) -> bool:
    choices: Any = (
        field.queryset
    )  # None only before a field is ready, which in a form it is
    try:
        choices.model._meta.pk.to_python(text)
    except ValidationError:
        return False
    return True


def _clean_strictly(
    clean: Callable[..., Any],
    rule: Callable[[Any, Any], Any],
    value: object,
    *rest: object,
) -> Any:
    cleaned = clean(value, *rest)
    try:
        return rule(value, cleaned)
    except ma.ValidationError as exc:
        message = cast(list[str], exc.messages)[0]
        raise ValidationError(
            str(message), code=getattr(message, "code", "invalid")
        ) from exc


def _field_rule(name: str, field: forms.Field) -> Callable[[Any, Any], Any] | None:
    """Return what reads the field's value further, given as sent and as Django has read it;
    None for no rule.
    """
    if isinstance(field.widget, forms.PasswordInput) or field.disabled:
        return None  # a password is taken as sent
    match field:
        case SimpleArrayField():
            each = fields.Text(
                max=getattr(field.base_field, "max_length", None) or 200
            )
            return lambda sent, found: [each.deserialize(item) for item in found]
        case forms.EmailField():
            return _text_rule(fields.Email())
        case forms.CharField() if name == "phone":
            return _text_rule(fields.Phone())
        case forms.CharField():
            lines = isinstance(field.widget, forms.Textarea)
            return _text_rule(
                fields.Text(
                    max=field.max_length or 10_000,
                    min=int(field.required),
                    multiline=lines,
                )
            )
        case forms.IntegerField():  # and those that inherit from it: decimal numbers
            return _number_rule
        case forms.DateField() | forms.DateTimeField() | forms.SplitDateTimeField():
            return _in_range
    return None


def _text_rule(rule: fields.Field[Any]) -> Callable[[Any, Any], Any]:
    return lambda sent, found: rule.deserialize(found) if found else found


def _number_rule(sent: object, found: object) -> Any:
    if isinstance(sent, str) and sent.strip() and not _NUMBER.fullmatch(sent):
        raise fields.refuse("type", "This must be a number such as 12 or 12.50.")
    return found


def _in_range(sent: object, found: date | None) -> date | None:
    if found is not None and found.year not in _YEARS:
        raise fields.refuse("range", "This must be from 1900 to 2100.")
    return found
