"""The admin's way in: a page's own form, sent back with what breaks a rule of the database."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from django.contrib import admin
from django.contrib.messages import get_messages
from django.db import models
from django.test import Client
from django.urls import reverse

from tests.constraints.api import _as_json
from tests.constraints.database import Rule


class _Form(HTMLParser):
    """Reads what a browser would send of the page's fields."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, Any] = {}
        self.select = self.area = ""

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        found = dict(attrs)
        name, kind = found.get("name") or "", found.get("type")
        if "disabled" in found:
            return  # shown, and not sent
        if tag == "input" and name and kind not in ("submit", "button", "file"):
            if kind == "text" and name in self.values:  # a grid's cells
                before = self.values[name]
                self.values[name] = [
                    *(before if isinstance(before, list) else [before]),
                    found.get("value") or "",
                ]
            elif kind not in ("checkbox", "radio") or "checked" in found:
                self.values[name] = found.get("value") or (
                    "on" if kind == "checkbox" else ""
                )
        elif tag == "select":
            self.select = name
            self.values.setdefault(name, [])
        elif tag == "option" and self.select and "selected" in found:
            self.values[self.select].append(found.get("value") or "")
        elif tag == "textarea":
            self.area = name
            self.values[name] = ""

    def handle_data(self, data: str) -> None:
        if self.area:
            self.values[self.area] += data

    def handle_endtag(self, tag: str) -> None:
        self.select = "" if tag == "select" else self.select
        if tag == "textarea":
            self.values[self.area] = self.values[self.area].removeprefix("\n")
            self.area = ""


@dataclass
class Pages:
    """The admin, as an admin sees it. `rows` has a row of each model that a page is opened for."""

    client: Client
    rows: dict[type[models.Model], models.Model]
    read: dict[str, dict[str, Any]] = field(default_factory=dict)

    def refuses(self, rule: Rule, values: dict[str, str]) -> str | None:
        """Break the rule from a page; return how that was refused, or None if no form has
        the columns.

        Raises:
            AssertionError: it was not refused, or not on the page.
        """
        for model, row in self.rows.items():
            path = reverse(
                f"admin:{model._meta.app_label}_{model._meta.model_name}_change",
                args=[row.pk],
            )
            form = self._form(path)
            for prefix in self._prefixes(model, rule.table):
                placed = {
                    column: self._name(form, prefix + column.removesuffix("_id"))
                    for column in values
                }
                if all(placed.values()):
                    data = dict(form)
                    for column, value in values.items():
                        data |= _written(placed[column], value, form)
                    return self._send(
                        path, data, list(placed.values()), null=rule.kind == "n"
                    )
        return None

    def _form(self, path: str) -> dict[str, Any]:
        if path not in self.read:
            answer = self.client.get(path)
            assert answer.status_code == 200, path
            parser = _Form()
            parser.feed(answer.content.decode())
            # The page's first form is the site's own; the fields of all are told apart by name.
            self.read[path] = {
                name: value
                for name, value in parser.values.items()
                if not name.startswith("_")
            }
        return self.read[path]

    def _prefixes(self, model: type[models.Model], table: str) -> list[str]:
        """Return what stands before the names of the table's columns on the model's page."""
        if model._meta.db_table == table:
            return [""]
        page = admin.site._registry[model]
        found = []
        for inline in page.inlines:
            if inline.model._meta.db_table == table:
                relation = next(
                    one
                    for one in inline.model._meta.fields
                    if one.related_model is model
                )
                found.append(f"{relation.remote_field.get_accessor_name()}-0-")
        return found

    @staticmethod
    def _name(form: dict[str, Any], name: str) -> str | None:
        return next((one for one in (name, f"{name}_0") if one in form), None)

    def _send(
        self,
        path: str,
        data: dict[str, Any],
        names: list[str | None],
        *,
        null: bool,
    ) -> str:
        answer = self.client.post(
            path, data | {"do": "save"}
        )  # the button of a page that has several
        page = f"{path.split('/')[2]}.{path.split('/')[3]} form"
        if (
            answer.status_code == 302 and answer.headers["Location"] == path
        ):  # the database said it: see ModelAdmin
            return f"{page}: {next(iter(get_messages(answer.wsgi_request)))}"
        if answer.status_code == 302 and null:
            return f"{page}: an empty field is kept as an empty text, or as no"
        assert answer.status_code in (200, 422), (
            f"{path} {names}: {answer.status_code}"
        )
        own = "adminform" not in answer.context  # a page of its own kind
        form = answer.context["head"] if own else answer.context["adminform"].form
        found = [
            str(message)
            for messages in form.errors.values()
            for message in messages
        ]
        for inline in () if own else answer.context["inline_admin_formsets"]:
            found += inline.formset.non_form_errors()
            found += [
                str(message)
                for one in inline.formset.errors
                for messages in one.values()
                for message in messages
            ]
        assert found, f"{path} {names}: no error is shown"
        return f"{page}: {found[0][:60]}"


def _written(name: str | None, value: str, form: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a form that say `value`."""
    assert name is not None
    found = _as_json(value, "")
    if name.endswith("_0"):  # a moment: a date and a time
        return {name: (found or "")[:10], name[:-1] + "1": (found or "T")[11:19]}
    if isinstance(found, list):
        return {name: ",".join(found)}
    return (
        {name: "" if found is None else str(found)}
        if not re.fullmatch("true|false", value)
        else {name: value}
    )
