"""Forms take what the API's fields take, and refuse what they refuse."""

from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.contrib.postgres.forms import SimpleArrayField
from django.test import RequestFactory

from accounts.models import User
from markrin.admin.base import SteppedAdmin
from markrin.admin.forms import Strict, StrictForm

OURS = ("products", "accounts", "orders", "analytics", "outbox", "shop_admin")


class Sample(StrictForm):
    name = forms.CharField(max_length=10)
    note = forms.CharField(max_length=20, required=False, widget=forms.Textarea)
    email = forms.EmailField(required=False)
    phone = forms.CharField(required=False)
    tags = SimpleArrayField(forms.CharField(max_length=5), required=False)
    count = forms.IntegerField(required=False)
    price = forms.DecimalField(required=False)
    day = forms.DateField(required=False)
    kind = forms.ChoiceField(choices=[("a", "A")], required=False)
    password = forms.CharField(
        required=False, widget=forms.PasswordInput, strip=False
    )


def cleaned(**data: Any) -> dict[str, Any]:
    form = Sample({"name": "Asha", **data})
    assert form.is_valid(), form.errors
    return form.cleaned_data


@pytest.mark.parametrize(
    ("name", "sent", "kept"),
    [
        ("name", "  Asha ", "Asha"),
        ("name", "Ame\u0301lie", "Am\u00e9lie"),
        ("note", "a\r\nb", "a\nb"),
        ("email", "Asha@Example.COM", "asha@example.com"),
        ("phone", "98765 43210", "+919876543210"),
        ("tags", "silk, wool", ["silk", "wool"]),
        ("count", "12", 12),
        ("password", " as\u0301 ", " as\u0301 "),
        ("note", "", ""),
        ("phone", "", ""),
    ],
)
def test_takes_and_keeps(name, sent, kept):
    assert cleaned(**{name: sent})[name] == kept


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("name", ""),
        ("name", " \u00a0 "),
        ("name", "\u200b"),
        ("name", "a\u0000"),
        ("name", "a\u0007b"),
        ("name", "a\u202eb"),
        ("name", "a\u2028b"),
        ("name", "a\nb"),
        ("name", "x" * 11),
        ("note", "a\u0007b"),
        ("email", "a@b"),
        ("email", "\u00e4@example.com"),
        ("phone", "123"),
        ("phone", "\u0669" * 10),
        ("tags", "a\u0007"),
        ("count", "\u0665"),
        ("count", "1e2"),
        ("price", "1e2"),
        ("price", "NaN"),
        ("price", "\u0665.\u0660"),
        ("day", "0001-01-01"),
        ("day", "2026-02-30"),
        ("kind", "b"),
        ("password", "a\u0000"),
    ],
)
def test_refuses_and_says_where(name, sent):
    form = Sample({"name": "Asha", name: sent})
    assert not form.is_valid()
    assert set(form.errors) == {name}


def test_every_form_of_the_admin_is_strict(db):
    request = RequestFactory().get("/admin/")
    request.user = User(role="admin", is_active=True)
    loose = []
    for model, page in admin.site._registry.items():
        if model._meta.app_label not in OURS:
            continue
        used: list[type] = [page.form, *(inline.form for inline in page.inlines)]
        used += (
            [step.form for step in page.steps.values()]
            if isinstance(page, SteppedAdmin)
            else []
        )
        loose += [
            f"{model.__name__}: {form.__name__}"
            for form in used
            if not issubclass(form, Strict)
        ]
    assert not loose


def test_every_form_that_the_shop_declares_is_strict():
    admin.autodiscover()
    declared = {
        form
        for form in _below(forms.BaseForm)
        if form.__module__.startswith(("markrin.", *OURS))
    }
    assert len(declared) > 10
    # A library's form of a file and of choices; what the file says passes the import's own schema.
    loose = {form.__name__ for form in declared if not issubclass(form, Strict)} - {
        "FileForm"
    }
    assert not loose


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    one: type[Any]
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)
