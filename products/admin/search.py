"""What staff tell the search, beside what people searched for in vain; and colours."""

from collections.abc import Mapping

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextInputWidget

from markrin.admin.base import ModelAdmin, ReadOnlyAdmin
from markrin.admin.forms import StrictModelForm
from products import hooks
from products.models import Color, IgnoredWord, SearchPin, SearchWord, SynonymGroup

MAX_SHOWN = 20


class _BesideVainSearches(ModelAdmin):
    """A list with what people searched for in vain beside it, each to be entered by a click."""

    change_list_template = "admin/products/search_list.html"
    vain_field: str

    def changelist_view(
        self,
        request: HttpRequest,
        extra_context: Mapping[str, object] | None = None,
    ) -> HttpResponseBase:
        """Show the list."""
        found = [
            each
            for said in hooks.list_vain_searches(limit=MAX_SHOWN)
            for each in said
        ]
        shown = {
            "vain_searches": found,
            "vain_field": self.vain_field,
            "may_add": self.has_add_permission(request),
        }
        answer: HttpResponseBase = super().changelist_view(
            request, {**(extra_context or {}), **shown}
        )
        return answer


class SynonymGroupForm(StrictModelForm):
    class Meta:
        model = SynonymGroup
        fields = ("words",)

    def clean_words(self) -> list[str]:
        """Return the words without those that stand twice."""
        words = [word.strip() for word in self.cleaned_data["words"]]
        words = list(dict.fromkeys(word for word in words if word))
        if len(words) < 2:
            raise forms.ValidationError("A group takes 2 to 40 different words.")
        return words


@admin.register(SynonymGroup)
class SynonymGroupAdmin(_BesideVainSearches):
    form = SynonymGroupForm
    list_display = ("all_words", "updated_at")
    search_fields = ("words__icontains",)
    vain_field = "words"

    @admin.display(description="mean the same")
    def all_words(self, group: SynonymGroup) -> str:
        return str(group)


@admin.register(IgnoredWord)
class IgnoredWordAdmin(_BesideVainSearches):
    list_display = ("word", "updated_at")
    search_fields = ("word__istartswith",)
    fields = ("word",)
    vain_field = "word"


@admin.register(SearchPin)
class SearchPinAdmin(_BesideVainSearches):
    list_display = ("query", "position", "product", "status")
    list_select_related = ("product",)
    search_fields = ("query__icontains", "product__slug__istartswith")
    fields = ("query", "product", "position")
    autocomplete_fields = ("product",)
    vain_field = "query"

    @admin.display(description="status")
    def status(self, pin: SearchPin) -> str:
        return str(pin.product.get_status_display())


class ColorForm(StrictModelForm):
    class Meta:
        model = Color
        fields = ("name", "family", "hex", "picture")
        widgets = {
            "hex": UnfoldAdminTextInputWidget(attrs={"placeholder": "#1b2a4a"}),
        }

    def clean_hex(self) -> str:
        """Return the digits in small letters."""
        return str(self.cleaned_data["hex"]).lower()


@admin.register(Color)
class ColorAdmin(ModelAdmin):
    form = ColorForm
    list_display = ("swatch", "name", "family", "hex")
    list_display_links = ("swatch", "name")
    list_filter = ("family",)
    search_fields = ("name__icontains", "family__istartswith")

    @admin.display(description="")
    def swatch(self, color: Color) -> SafeString:
        style = "width:1.75rem;height:1.75rem;border-radius:9999px;border:1px solid #8888"
        if color.picture:
            return format_html(
                '<img src="{}" alt="" style="{};object-fit:cover">',
                color.picture.url,
                style,
            )
        return format_html(
            '<span style="display:block;{};background:{}"></span>',
            style,
            color.hex or "transparent",
        )


@admin.register(SearchWord)
class SearchWordAdmin(ReadOnlyAdmin):
    list_display = ("word", "stem", "is_public")
    search_fields = ("word__startswith",)
