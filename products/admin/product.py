"""A product with its variants and pictures."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextInputWidget

from markrin.admin_base import ModelAdmin, ReadOnly, ReadOnlyAdmin, TabularInline
from markrin.forms import StrictModelForm
from products import services
from products.admin import bulk
from products.models import (
    FormerSlug,
    Product,
    ProductImage,
    SearchWord,
    Variant,
)
from products.services import slugs, stock


class VariantInline(TabularInline):
    model = Variant
    extra = 0
    fields = ("sku", "size", "color", "position", "is_active", "sellable", "page")
    readonly_fields = ("sellable", "page")
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Variant]:
        return super().get_queryset(request).select_related("stock")  # type: ignore[no-any-return]  # unfold has no types

    def sellable(self, variant: Variant) -> str:
        level = getattr(variant, "stock", None)
        return "" if level is None else f"{level.sellable} ({level.reserved} reserved)"

    @admin.display(description="")
    def page(self, variant: Variant) -> SafeString | str:
        if variant._state.adding:
            return ""
        return format_html('<a class="underline" href="/admin/products/variant/{}/change/">stock</a>', variant.pk)


class ImageInline(TabularInline):
    model = ProductImage
    extra = 0
    fields = ("preview", "alt_text", "position", "external_url")
    readonly_fields = ("preview",)

    @admin.display(description="picture")
    def preview(self, image: ProductImage) -> SafeString | str:
        name = next(iter(image.thumbnails.values()), "")
        address = f"/media/{name}" if name else image.external_url
        return format_html('<img src="{}" alt="" class="h-16 rounded-default">', address) if address else ""


class FormerSlugInline(ReadOnly, TabularInline):
    model = FormerSlug
    extra = 0
    fields = ("slug", "created_at")
    readonly_fields = fields


class ProductForm(StrictModelForm):
    slug = forms.RegexField(
        regex=r"\A[a-z0-9-]{1,120}\Z", required=False, widget=UnfoldAdminTextInputWidget,
        help_text="empty: made from the name; the old one leads to a new one",
    )  # fmt: skip

    class Meta:
        model = Product
        fields = (
            "name", "slug", "status", "description", "category", "brand", "collection", "gender", "material",
            "base_price", "sale_price", "tags", "is_featured", "is_new_arrival", "seo_title", "seo_description",
        )  # fmt: skip

    def clean_slug(self) -> str:
        """Refuse a slug that another product has, or that means something else."""
        slug = str(self.cleaned_data["slug"])
        others = slugs.others(Product, self.instance.pk)
        if slug and (slugs.is_reserved(slug) or others.filter(slug=slug).exists()):
            raise forms.ValidationError("Another product has this slug, or it has a meaning of its own.")
        return slug or slugs.free(self.cleaned_data.get("name", ""), among=others, else_="product")


@admin.register(Product)
class ProductAdmin(ModelAdmin):
    form = ProductForm
    list_display = (
        "name",
        "category",
        "brand",
        "base_price",
        "sale_price",
        "status",
        "in_stock",
        "rating",
        "created_at",
    )
    list_filter = ("status", "in_stock", "gender", "is_featured", "is_new_arrival")
    search_fields = ("name__icontains", "slug__istartswith", "brand__istartswith", "variants__sku__iexact")
    search_help_text = "name, brand, slug, or a variant's SKU"
    list_select_related = ("category",)
    autocomplete_fields = ("category",)
    ordering = ("-created_at", "-id")
    readonly_fields = ("in_stock", "popularity", "rating", "review_count", "source", "source_ref")
    show_full_result_count = False
    list_per_page = 50
    inlines = (VariantInline, ImageInline, FormerSlugInline)
    actions = ("change_in_bulk", "publish", "archive")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Products are archived: orders and old links still mean something."""
        return False

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        """Save within the page's transaction, the old slug kept as a redirect."""
        wanted = obj.slug
        obj.slug = Product.objects.filter(pk=obj.pk).values_list("slug", flat=True).first() or "" if change else ""
        slugs.rename(obj, wanted)
        super().save_model(request, obj, form, change)
        services.add_search_words([obj.pk])

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the variants, and give the new ones a stock level."""
        super().save_related(request, form, formsets, change)
        variants = form.instance.variants
        if new := list(variants.filter(stock=None).values_list("pk", flat=True)):
            stock.set_initial(dict.fromkeys(new, 0), actor_id=request.user.pk)
        stock.refresh_in_stock([form.instance.pk])

    @admin.action(description="Change prices or category …", permissions=["change"])
    def change_in_bulk(self, request: HttpRequest, queryset: QuerySet[Product]) -> HttpResponseRedirect:
        return bulk.begin(request, queryset)

    @admin.action(description="Publish", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self._set_status(request, queryset, "published")

    @admin.action(description="Archive", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self._set_status(request, queryset, "archived")

    def _set_status(self, request: HttpRequest, queryset: QuerySet[Product], status: str) -> None:
        for product in queryset:
            services.update_product(key=product.pk, status=status)
            self.log_change(request, product, f"status: {status}")
        self.message_user(request, f"{len(queryset)} products are {status} now.", messages.SUCCESS)


@admin.register(FormerSlug)
class FormerSlugAdmin(ReadOnlyAdmin):
    list_display = ("slug", "product", "created_at")
    search_fields = ("slug__istartswith",)
    list_select_related = ("product",)


@admin.register(SearchWord)
class SearchWordAdmin(ReadOnlyAdmin):
    list_display = ("word",)
    search_fields = ("word__istartswith",)
