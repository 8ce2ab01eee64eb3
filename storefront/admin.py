"""The form in which staff write the shop's pages, with a preview of their Markdown."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.utils.safestring import SafeString, mark_safe
from unfold.widgets import UnfoldAdminSelectWidget

from markrin.admin.base import ModelAdmin, ReadOnlyAdmin
from markrin.admin.forms import StrictModelForm
from storefront import markdown
from storefront.addresses import make_absolute
from storefront.models import Page, ProductFeed, Redirect
from storefront.product_feeds import writing


class PageForm(StrictModelForm):
    language = forms.ChoiceField(
        choices=[(code, code) for code in settings.SHOP_LANGUAGES],
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = Page
        fields = (
            "title",
            "slug",
            "language",
            "kind",
            "position",
            "is_published",
            "body",
        )


@admin.register(Page)
class PageAdmin(ModelAdmin):
    form = PageForm
    list_display = ("title", "slug", "language", "kind", "position", "is_published")
    list_filter = ("kind", "language", "is_published")
    search_fields = ("title__icontains", "slug__istartswith")
    prepopulated_fields = {"slug": ("title",)}
    readonly_fields = ("show_preview",)

    def get_view_on_site_url(self, obj: Any = None) -> str | None:
        """Return the page's path in the shop, or None while it is not published."""
        if obj is None or not obj.is_published:
            return None
        own = obj.language == settings.SHOP_LANGUAGES[0]
        start = "/" if own else f"/{obj.language}/"
        return start if obj.kind == "home" else f"{start}pages/{obj.slug}"

    @admin.display(description="as shoppers see it")
    def show_preview(self, page: Page) -> SafeString | str:
        if page._state.adding:
            return "after saving"
        return mark_safe(markdown.to_html(page.body))  # noqa: S308 (HTML in it is text)


class RedirectForm(StrictModelForm):
    class Meta:
        model = Redirect
        fields = ("path", "target")


@admin.register(Redirect)
class RedirectAdmin(ModelAdmin):
    form = RedirectForm
    list_display = ("path", "target", "created_at")
    search_fields = ("path__istartswith", "target__istartswith")


@admin.register(ProductFeed)
class ProductFeedAdmin(ReadOnlyAdmin):
    """The feeds of products, with the addresses to give to their readers."""

    list_display = ("name", "address", "items", "not_in_it", "written_at")
    fields = ("name", "address", "items", "not_in_it", "bytes", "written_at")
    readonly_fields = fields

    @admin.display(description="address")
    def address(self, feed: ProductFeed) -> str:
        return make_absolute(writing.make_path(feed.name))

    @admin.display(description="left out")
    def not_in_it(self, feed: ProductFeed) -> str:
        return ", ".join(f"{count}: {why}" for why, count in feed.left_out.items())
