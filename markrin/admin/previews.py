"""Forms with a button that shows what saving them would change, before anything is saved."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse

from markrin.admin.base import ModelAdmin

_BUTTON = "_preview"


@dataclass(frozen=True)
class Preview:
    """What saving would change: a sentence, and a table of what is hit hardest."""

    summary: str
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


class PreviewedAdmin(ModelAdmin):
    """A model whose form can be tried out: it is saved, looked at, and taken back.

    `take_sample` is asked before and after; `compare_samples` says what differs.
    """

    change_form_after_template: ClassVar[str] = "shop_admin/preview.html"

    def take_sample(self, request: HttpRequest) -> object:
        """Return what a preview compares, as it is in the database now."""
        raise NotImplementedError  # each previewed page has its own

    def compare_samples(self, before: object, after: object) -> Preview:
        """Return what differs between two samples."""
        raise NotImplementedError  # each previewed page has its own

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: object = None,
    ) -> HttpResponseBase:
        """Show or save the form; with the preview's button, save nothing and show it again as
        it was filled in, with what would change.
        """
        if request.method != "POST" or _BUTTON not in request.POST:
            return super().changeform_view(
                request, object_id, form_url, extra_context
            )
        before = self.take_sample(request)
        with transaction.atomic():
            answer = super().changeform_view(
                request, object_id, form_url, extra_context
            )
            saved = isinstance(answer, HttpResponseRedirect)
            after = self.take_sample(request) if saved else None
            transaction.set_rollback(True)
        if not saved:
            return answer
        # shows the form again; taken out below
        request._refusal = "A preview"  # type: ignore[attr-defined]
        answer = super().changeform_view(
            request, object_id, form_url, extra_context
        )
        if isinstance(answer, TemplateResponse) and answer.context_data:
            context = answer.context_data
            context["adminform"].form.errors.pop("__all__", None)
            context |= {
                "errors": None,
                "preview": self.compare_samples(before, after),
            }
        return answer

    def message_user(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> None:
        """Show the message, unless the form is only being previewed."""
        if _BUTTON not in request.POST:
            super().message_user(request, *args, **kwargs)
