"""The base classes of the apps' admin pages: read-only pages, and steps that staff take by a
form.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import psycopg
from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, models, transaction
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.admin import StackedInline as UnfoldStackedInline
from unfold.admin import TabularInline as UnfoldTabularInline

from markrin.admin.amounts import ShortAmounts
from markrin.admin.counts import BoundedPaginator
from markrin.admin.forms import CleanedData, StrictForm, StrictModelForm
from markrin.admin.list_pages import ListPages
from markrin.api.errors import ShopError, from_constraint

# What a form's fields have made of what was sent; Django knows their types no better.
Page = TypeVar("Page")
Row = TypeVar("Row")
Fieldsets = Sequence[tuple[str | None, Mapping[str, object]]]


class ModelAdmin(ShortAmounts, ListPages, UnfoldModelAdmin):
    """A model's pages, whose form is strict; filters stick, and long lists are not counted
    to their end.
    """

    form = StrictModelForm
    paginator = BoundedPaginator
    show_facets = admin.ShowFacets.NEVER  # they count every row for every choice
    show_full_result_count = False
    list_per_page = 50

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        """Return the list's order. A model's newest first is by the key, which is as old as
        the row; a page that states its order has the indexes for it."""
        stated: Sequence[str] = self.ordering or ()
        usual = [str(name) for name in self.opts.ordering or ()]
        return stated or (("-id",) if usual == ["-created_at", "-id"] else usual)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: object = None,
    ) -> HttpResponseBase:
        """Show the form; on POST save, or show it again, as it was filled in, with what no
        form can see: what a service refuses, or the database by a trigger or after a
        race."""
        if request.method != "POST":
            return super().changeform_view(  # type: ignore[no-any-return]  # unfold has no types
                request, object_id, form_url, extra_context
            )
        try:
            with transaction.atomic():
                answer: HttpResponseBase = super().changeform_view(
                    request, object_id, form_url, extra_context
                )
                # the deferred ones too, while the page can still say so
                connection.check_constraints()
                return answer
        except IntegrityError as exc:
            request._refusal = _refusal_message(exc)  # type: ignore[attr-defined]  # for get_form
        except ShopError as refusal:
            request._refusal = refusal.detail  # type: ignore[attr-defined]  # as above
        return super().changeform_view(request, object_id, form_url, extra_context)  # type: ignore[no-any-return]  # as above

    def get_form(
        self,
        request: HttpRequest,
        obj: object = None,
        change: bool = False,
        **kwargs: object,
    ) -> type[StrictModelForm]:
        """Return the form's class; after a refusal, of one that is not valid for just that
        reason.
        """
        form: type[StrictModelForm] = super().get_form(
            request, obj, change=change, **kwargs
        )
        refusal = getattr(request, "_refusal", "")
        return _refusal_text(form, refusal) if refusal else form


def _refusal_text(
    form: type[StrictModelForm], refusal: str
) -> type[StrictModelForm]:
    # made at run time
    class Refused(form):  # type: ignore[valid-type,misc]
        def full_clean(self) -> None:
            super().full_clean()
            self.add_error(None, refusal)

    return Refused


def _refusal_message(exc: IntegrityError) -> str:
    """Return what to tell staff about a refusal."""
    known = from_constraint(exc)
    if known is not None:
        return known.detail
    cause = exc.__cause__
    rule = cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None
    return f"Nothing was saved: a rule of the database refuses it ({rule or 'unnamed'})."


def known_values(
    field: str, values: Callable[[], Iterable[str]]
) -> type[admin.SimpleListFilter]:
    """Return a list filter by a column whose values the code knows: Django's own would read
    them from every row.
    """

    class Known(admin.SimpleListFilter):
        title = field
        parameter_name = f"{field}__exact"

        def lookups(
            self, request: HttpRequest, model_admin: object
        ) -> list[tuple[str, str]]:
            """Return the choices."""
            return [(value, value) for value in sorted(values())]

        def queryset(
            self, request: HttpRequest, queryset: models.QuerySet[models.Model]
        ) -> models.QuerySet[models.Model]:
            """Return the rows of the chosen value."""
            return (
                queryset.filter(**{field: self.value()})
                if self.value()
                else queryset
            )

    return Known


def render_once(
    show: Callable[[Page, Row], SafeString],
) -> Callable[[Page, Row], SafeString]:
    """Let a read-only field's text be made once for a row: a form asks for it five times a page,
    with the queries that it takes. Stands below `admin.display`.
    """

    @wraps(show)
    def show_once(page: Page, row: Row) -> SafeString:
        rendered: dict[str, SafeString] = row.__dict__.setdefault(
            "_rendered_once", {}
        )
        if show.__name__ not in rendered:
            rendered[show.__name__] = show(page, row)
        return rendered[show.__name__]

    return show_once


class TabularInline(ShortAmounts, UnfoldTabularInline):
    """Rows on another model's page, whose forms are strict; each field is named, as the
    table's head names no input.
    """

    form = StrictModelForm

    def get_formset(
        self, request: HttpRequest, obj: object = None, **kwargs: object
    ) -> Any:
        """Return the formset, with the columns' names on the fields."""
        formset = super().get_formset(request, obj, **kwargs)
        for name, field in formset.form.base_fields.items():
            widget = getattr(
                field.widget, "widget", field.widget
            )  # a reference's is wrapped in its links
            widget.attrs.setdefault(
                "aria-label", capfirst(str(field.label or name))
            )
        return formset


class StackedInline(ShortAmounts, UnfoldStackedInline):
    """Rows on another model's page that have too many fields for a table; their forms are
    strict.
    """

    form = StrictModelForm
    # The theme's own page leaves out what is wrong with a row as a whole.
    template_before = "shop_admin/inline_errors.html"


class ReadOnly:
    """Mixed into an admin page that only shows rows."""

    hide_title = True  # of an inline's row: its cells say it all

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(
        self, request: HttpRequest, obj: object = None
    ) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: object = None
    ) -> bool:
        return False


class FirstRows(ReadOnly, TabularInline):
    """The first `most` rows of something that may have very many."""

    extra = 0
    most = 50

    def get_formset(
        self, request: HttpRequest, obj: object = None, **kwargs: object
    ) -> Any:
        """Return a formset that reads no more than that."""
        most = self.most

        # made at run time
        class First(super().get_formset(request, obj, **kwargs)):  # type: ignore[misc]
            def get_queryset(self) -> Any:
                if not hasattr(self, "_first"):
                    self._first = super().get_queryset()[:most]
                return self._first

        return First


class ReadOnlyAdmin(ReadOnly, ModelAdmin):
    """A model that only services write."""

    show_full_result_count = False
    list_per_page = 50


_LOOKS = {
    "first": "border-primary-600 bg-primary-600 text-white",
    "danger": "border-red-600 text-red-700 dark:border-red-500 dark:text-red-400",
    "other": (
        "border-base-300 text-font-important-light dark:border-base-700"
        " dark:text-font-important-dark"
    ),
}


@dataclass(frozen=True)
class Step:
    """Something that staff do with a row, on a page of its own: a form, and the service
    that it feeds.

    `do` gets the request, the row and the form's cleaned data, and returns what to say when
    it is done; a ShopError that it raises is shown, and nothing has changed. `offered` says
    whether the row is where the step is possible; `form_of` makes the form where it depends
    on the row; `warning` stands above it."""

    title: str
    do: Callable[[HttpRequest, Any, CleanedData], str]
    form: type[forms.Form] = StrictForm
    offered: Callable[[Any], bool] = lambda row: True
    danger: bool = False
    form_of: Callable[[Any], type[forms.Form]] | None = None
    warning: str = ""


class SteppedAdmin(ModelAdmin):
    """A model whose rows staff move by steps. A step runs outside the admin's own
    transaction: services have theirs.

    `logs_steps` is off where the services write a history themselves.
    """

    steps: Mapping[str, Step] = {}
    logs_steps = True

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, with one for each step."""
        own = path(
            "<path:object_id>/step/<slug:name>/",
            self.admin_site.admin_view(self.step_view),
            name=self._step_name(),
        )
        return [own, *super().get_urls()]

    def _step_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_step"

    def may_step(self, request: HttpRequest) -> bool:
        """Return whether the user may take steps: whoever may change the model."""
        return bool(
            request.user.has_perm(
                f"{self.opts.app_label}.change_{self.opts.model_name}"
            )
        )

    def step_query(self, row: models.Model) -> str:
        """Return what the links of a row's steps carry on, such as "?queue=pack"."""
        return ""

    def after_step(
        self, request: HttpRequest, row: models.Model, *, back: str
    ) -> str:
        """Return where a step leads once it is done: by default back to the row's page."""
        return back

    @admin.display(description="Next")
    @render_once
    def next_steps(self, row: models.Model) -> SafeString:
        """Show the steps that are possible now, as links."""
        return self.step_links(row)

    def step_links(self, row: models.Model, *names: str) -> SafeString:
        """Return links to the steps that are possible now, of these or of all; the first
        one stands out.
        """
        offered = [
            (name, step)
            for name, step in self.steps.items()
            if (not names or name in names) and step.offered(row)
        ]
        first = next((name for name, step in offered if not step.danger), None)
        return format_html_join(
            "",
            '<a href="{}" class="inline-block rounded-default border px-3 py-2 mr-2 mb-2'
            ' font-medium {}">{}</a>',
            (
                (
                    reverse(f"admin:{self._step_name()}", args=[row.pk, name])
                    + self.step_query(row),
                    _LOOKS[
                        "danger"
                        if step.danger
                        else "first"
                        if name == first
                        else "other"
                    ],
                    step.title,
                )
                for name, step in offered
            ),
        )

    def step_view(
        self, request: HttpRequest, object_id: str, name: str
    ) -> HttpResponseBase:
        """Show the step's form; on a valid POST, take the step."""
        row, step = self.get_object(request, object_id), self.steps.get(name)
        if row is None or step is None:
            return self._get_obj_does_not_exist_redirect(  # type: ignore[no-any-return]  # Django's
                request, self.opts, object_id
            )
        if not self.may_step(request):
            raise PermissionDenied
        back = reverse(
            f"admin:{self.opts.app_label}_{self.opts.model_name}_change",
            args=[row.pk],
        )
        sent = (request.POST, request.FILES) if request.method == "POST" else ()
        form = (step.form_of(row) if step.form_of else step.form)(*sent)
        if request.method == "POST" and form.is_valid():
            try:
                message = step.do(request, row, form.cleaned_data)
            except ShopError as refusal:
                form.add_error(None, refusal.detail)
            else:
                if self.logs_steps:
                    self.log_change(request, row, f"{step.title}: {message}")
                self.message_user(request, message, messages.SUCCESS)
                return HttpResponseRedirect(
                    self.after_step(request, row, back=back)
                )
        context = {
            **self.admin_site.each_context(request),
            "title": f"{step.title}: {row}",
            "original": row,
            "form": form,
            "step": step,
            "back": back,
        }
        status = 200 if request.method == "GET" or not form.errors else 422
        page: HttpResponse = TemplateResponse(
            request, "admin/step.html", context, status=status
        )
        return page
