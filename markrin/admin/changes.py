"""What a form changed, field by field, with the values before and after, for Django's admin
log.
"""

from collections.abc import Collection, Iterable
from typing import Any, TypeAlias

from django import forms
from django.contrib.admin.utils import construct_change_message
from django.db import models

_LONG = 200
Values = list[list[str]]
Formset: TypeAlias = (
    "forms.BaseModelFormSet[models.Model, forms.ModelForm[models.Model]]"
)


def describe_changes(
    form: forms.Form,
    formsets: Iterable[Formset],
    add: bool,
    *,
    hidden: Collection[str] = (),
) -> list[dict[str, object]]:
    """Return Django's own message with, beside the names of changed fields, `values`: rows
    of label, before, after.

    Of fields in `hidden`, and of passwords, no value is kept.
    """
    formsets = list(formsets or ())
    message: list[dict[str, Any]] = construct_change_message(form, formsets, add)
    changed = iter([entry["changed"] for entry in message if "changed" in entry])
    if not add and form.changed_data:
        next(changed)["values"] = _field_values(form, form.changed_data, hidden)
    for formset in formsets:
        for row, names in formset.changed_objects:
            its = next(
                row_form
                for row_form in formset.forms
                if row_form.instance.pk == row.pk
            )
            next(changed)["values"] = _field_values(its, names, hidden)
    return message


def _field_values(
    form: forms.BaseForm, names: Iterable[str], hidden: Collection[str]
) -> Values:
    values = []
    for name in names:
        field = form.fields.get(name)
        if (
            field is None
            or name in hidden
            or isinstance(field.widget, forms.PasswordInput)
        ):
            continue
        label = str(field.label or name)
        values.append(
            [
                label,
                _display_value(field, form.get_initial_for_field(field, name)),
                _display_value(field, form.cleaned_data.get(name)),
            ]
        )
    return values


def _display_value(field: forms.Field, value: object) -> str:
    """Return a value as a person reads it; a reference by the name of what it points to."""
    if value in (None, ""):
        return ""
    if isinstance(field, forms.ModelChoiceField) and not isinstance(
        value, models.Model | models.QuerySet | list
    ):
        choices = field.queryset
        value = (choices and choices.filter(pk=value).first()) or value
    if isinstance(value, models.QuerySet | list | tuple | set):
        value = ", ".join(sorted(str(item) for item in value))
    text = str(value)
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"
