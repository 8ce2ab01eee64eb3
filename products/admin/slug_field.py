"""A page's slug in the forms of the admin."""

from typing import Any

from django import forms
from marshmallow import ValidationError
from unfold.widgets import UnfoldAdminTextInputWidget

from markrin.api import fields


class PageSlugField(forms.CharField):
    """What the API's field of that name takes."""

    widget = UnfoldAdminTextInputWidget

    def to_python(self, value: Any) -> str:
        """Return the slug in Unicode's NFC form, or "" for none."""
        text = super().to_python(value) or ""
        try:
            return str(fields.PageSlug().deserialize(text)) if text else ""
        except ValidationError as error:
            raise forms.ValidationError(
                fields.PageSlug.message, "invalid"
            ) from error
