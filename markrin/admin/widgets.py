"""Form fields that the admin's theme would get wrong."""

from django import forms
from django.forms.renderers import BaseRenderer
from django.utils.html import format_html
from django.utils.safestring import SafeString

BOX = "border border-base-200 rounded-default px-3 py-2 max-w-2xl w-full dark:border-base-700"


class PlainFile(forms.FileInput):
    """A file's field. The theme's script writes the file's name into the nearest field of
    text: here is one for it.
    """

    def __init__(self, accept: str) -> None:
        super().__init__({"accept": accept, "class": BOX})

    def render(
        self,
        name: str,
        value: object,
        attrs: dict[str, object] | None = None,
        renderer: BaseRenderer | None = None,
    ) -> SafeString:
        """Return the field, with a hidden one beside it."""
        field = super().render(name, value, attrs, renderer)
        return format_html(
            '<span class="block"><span>{}</span><input type="text" hidden disabled></span>',
            field,
        )
