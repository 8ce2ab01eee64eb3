"""Collections: their rules, and their products in an order that staff drag."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from markrin.admin.base import ModelAdmin
from markrin.admin.forms import StrictModelForm
from markrin.db.sql import Row
from products import hooks
from products.admin.slug_field import PageSlugField
from products.models import Collection, CollectionProduct, Product
from products.models.collection import MAX_PICKED
from products.selectors import collections as selectors
from products.services import collections, slugs

MAX_SHOWN = 200  # products on the page, to be put into an order
_RULE = (
    ("by_rule",),
    ("tags", "labels"),
    ("category",),
    ("min_price", "max_price"),
    ("in_stock", "on_sale"),
    ("max_age_days", "min_sold"),
)


class CollectionForm(StrictModelForm):
    slug = PageSlugField(
        required=False,
        help_text="empty: made from the name",
    )

    class Meta:
        model = Collection
        fields = (
            *("name", "slug", "description", "is_published", "position", "sort"),
            *(name for row in _RULE for name in row),
            *("seo_title", "seo_description"),
        )
        labels = {
            "seo_title": "SEO title",
            "seo_description": "SEO description",
            "max_age_days": "Not older than (days)",
            "min_sold": "Sold at least (pieces)",
            "labels": "Field “collection”",
        }

    def clean_slug(self) -> str:
        """Make one of the name where none is given; refuse what means something else."""
        slug = str(self.cleaned_data["slug"])
        others = slugs.filter_others(
            Collection, None if self.instance._state.adding else self.instance.pk
        )
        if not slug:
            with transaction.atomic():
                return slugs.find_free_slug(
                    self.cleaned_data.get("name", ""),
                    among=others,
                    else_="collection",
                )
        if slugs.is_reserved(slug) or others.filter(slug=slug).exists():
            raise forms.ValidationError(
                "Another collection has this slug, or it has a meaning of its own."
            )
        return slug


@admin.register(Collection)
class CollectionAdmin(ModelAdmin):
    form = CollectionForm
    list_display = ("name", "slug", "by_rule", "is_published", "position", "sort")
    list_filter = ("by_rule", "is_published")
    search_fields = ("name__icontains", "slug__istartswith")
    autocomplete_fields = ("category",)
    change_form_outer_after_template = "admin/products/collection_products.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "slug"),
                    "description",
                    ("is_published", "position"),  # a third would have no room
                    "sort",
                )
            },
        ),
        (
            "By rule (all of the conditions that are filled in)",
            {"fields": _RULE},
        ),
        ("For search engines", {"fields": ("seo_title", "seo_description")}),
    )

    class Media:
        js = ("products/collection-products.js",)

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, with the one that the panel's forms go to."""
        view = self.admin_site.admin_view(self.products_view)
        name = "products_collection_products"
        return [
            path("<uuid:collection_id>/products/", view, name=name),
            *super().get_urls(),
        ]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> Any:
        """Show the collection, with its products below the form."""
        context = (extra_context or {}) | self._build_context(request, object_id)
        return super().change_view(request, object_id, form_url, context)

    def products_view(
        self, request: HttpRequest, collection_id: UUID
    ) -> HttpResponseBase:
        """Do what the button says, and show the panel again: alone, where the script asks for
        it.
        """
        if not Collection.objects.filter(pk=collection_id).exists():
            raise Http404
        if not self.has_change_permission(request):
            raise PermissionDenied
        said = ""
        if request.method == "POST":
            said = _place(request, collection_id)
            self.log_change(
                request,
                Collection.objects.get(pk=collection_id),
                f"Products: {request.POST.get('do', '')[:20]}",
            )
        if request.headers.get("X-Requested-With") == "fetch":
            context = self._build_context(request, str(collection_id))
            return TemplateResponse(
                request,
                "admin/products/collection_products.html",
                context | {"said": said},
            )
        if said:
            self.message_user(request, said)
        back = reverse("admin:products_collection_change", args=[collection_id])
        return HttpResponseRedirect(f"{back}#collection-products")

    def has_delete_permission(
        self, request: HttpRequest, obj: Collection | None = None
    ) -> bool:
        """One that a promotion goes by stays: without it the promotion would be about all."""
        used = obj is not None and any(
            hooks.list_promotions(category_id=None, collection_id=obj.pk)
        )
        return not used and bool(super().has_delete_permission(request, obj))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer no deleting of several: each is looked at for itself."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def _build_context(
        self, request: HttpRequest, object_id: str
    ) -> dict[str, object]:
        try:
            collection = Collection.objects.filter(pk=UUID(object_id)).first()
        except ValueError:
            collection = None
        if collection is None:
            return {}
        rows = selectors.list_members(collection.pk, limit=MAX_SHOWN + 1)
        return {
            "collection": collection,
            "members": [_show(row) for row in rows[:MAX_SHOWN]],
            "has_more": len(rows) > MAX_SHOWN,
            "most_shown": MAX_SHOWN,
            "products_url": reverse(
                "admin:products_collection_products", args=[collection.pk]
            ),
            "may_place": self.has_change_permission(request),
        }


def _show(row: Row) -> Row:
    image = row["image"] or ""
    if image and not image.startswith("https://"):
        image = default_storage.url(image)
    return {**row, "image": image, "is_placed": row["position"] is not None}


def _place(request: HttpRequest, collection_id: UUID) -> str:
    """Do what was asked for, and say what happened. Locks: the collection."""
    with transaction.atomic():
        collection = Collection.objects.filter(pk=collection_id).locked().get()
        ids = list(
            CollectionProduct.objects.filter(collection=collection)
            .order_by("position")
            .values_list("product", flat=True)
        )
        new, said = _reorder(request, ids)
        if new != ids:
            collections.set_places(collection, new)
    return said


def _reorder(request: HttpRequest, ids: list[UUID]) -> tuple[list[UUID], str]:
    given = [
        found for text in request.POST.getlist("ids") if (found := _uuid(text))
    ]
    do = request.POST.get("do", "")
    for button in ("first", "remove"):
        if found := _uuid(request.POST.get(button, "")):
            do, given = button, [found]
    if do == "order":  # what the page did not show stays behind it
        return [*given, *(id_ for id_ in ids if id_ not in set(given))], "Saved."
    if do == "remove":
        return [id_ for id_ in ids if id_ not in given], "Taken away."
    if do == "first":
        return [*given, *(id_ for id_ in ids if id_ not in given)], "Put first."
    if do == "add":
        return _add(request.POST.get("product", "").strip(), ids)
    return ids, ""


def _add(text: str, ids: list[UUID]) -> tuple[list[UUID], str]:
    found = Product.objects.filter(slug=text.rstrip("/").rpartition("/")[2]).first()
    found = found or Product.objects.filter(variants__sku=text).first()
    found = found or Product.objects.filter(name__iexact=text).first()
    if found is None:
        return (
            ids,
            f"No product is called “{text}”: write its name, its slug or a SKU.",
        )
    if found.pk in ids:
        return ids, f"{found.name} is in its place already."
    if len(ids) >= MAX_PICKED:
        return ids, f"A collection takes {MAX_PICKED} products by hand."
    return [*ids, found.pk], f"{found.name} was added."


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
