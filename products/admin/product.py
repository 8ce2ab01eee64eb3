"""A product with its variants and pictures: what the form says is done by the services, in
the page's transaction.
"""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RangeNumericFilter

from markrin.admin.base import ModelAdmin, ReadOnly, ReadOnlyAdmin, TabularInline
from markrin.admin.forms import StrictModelForm
from markrin.api.errors import ShopError
from products.admin import bulk_changes
from products.admin.images import ImagePanel
from products.admin.import_export import CatalogueTransfer, send_file
from products.admin.product_search import CategoryFilter, ProductSearch
from products.admin.slug_field import PageSlugField
from products.admin.variants import GridForm, VariantInline, variant_row
from products.models import (
    FormerSlug,
    InventoryPolicy,
    Product,
    ProductStatus,
    Variant,
)
from products.schemas.products import NewProduct, ProductChange, SeoTexts
from products.schemas.variants import VariantChange
from products.selectors import brands
from products.services import products as product_service
from products.services import slugs, variants

_PRICES = {
    "base_price",
    "sale_price",
    "sale_starts_at",
    "sale_ends_at",
}  # which one rule compares
_SEO = {"seo_title": "title", "seo_description": "description"}


class FormerSlugInline(ReadOnly, TabularInline):
    model = FormerSlug
    extra = 0
    fields = ("address", "created_at")
    readonly_fields = fields

    @admin.display(description="slug")
    def address(self, former: FormerSlug) -> str:
        # As the row's key, the field itself is hidden, and so would be its heading.
        return former.slug


class ProductForm(StrictModelForm):
    slug = PageSlugField(
        required=False,
        help_text="empty: made from the name; the old one leads to a new one",
    )

    class Meta:
        model = Product
        fields = (
            "name",
            "slug",
            "status",
            "description",
            "category",
            "also_in",
            "tax_class",
            "brand",
            "collection",
            "gender",
            "material",
            "base_price",
            "sale_price",
            "sale_starts_at",
            "sale_ends_at",
            "tags",
            "is_gift_card",
            "is_featured",
            "is_new_arrival",
            "seo_title",
            "seo_description",
        )
        labels = {"seo_title": "SEO title", "seo_description": "SEO description"}

    def __init__(self, *args: Any, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if "brand" in self.fields:  # who may only look has no fields
            self.fields["brand"].widget.attrs |= {
                "list": "brands",
                "autocomplete": "off",
                "data-suggestions": reverse("admin:products_product_brands"),
            }

    def _get_validation_exclusions(self) -> set[str]:
        """Check the rules of what has changed: each is a query."""
        found: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]  # Django's own
        if self.instance._state.adding:
            return found
        changed = set(self.changed_data)
        return found | (
            set(self.fields) - changed - (_PRICES if changed & _PRICES else set())
        )

    def clean_slug(self) -> str:
        """Refuse a slug that another product has, or that means something else."""
        slug = str(self.cleaned_data["slug"])
        taken = slugs.filter_others(
            Product, None if self.instance._state.adding else self.instance.pk
        )
        if slug and (slugs.is_reserved(slug) or taken.filter(slug=slug).exists()):
            raise forms.ValidationError(
                "Another product has this slug, or it has a meaning of its own."
            )
        return slug

    def new_product(self) -> NewProduct:
        """Return the product that the form describes."""
        return NewProduct(**self._read_fields([*self.cleaned_data]))

    def product_change(self) -> ProductChange:
        """Return what the form says otherwise than the product."""
        return ProductChange(**self._read_fields(self.changed_data))

    def _read_fields(self, names: list[str]) -> dict[str, Any]:
        values = self.cleaned_data
        data = {
            name: values[name]
            for name in names
            if name not in _SEO and name not in ("slug", "category", "also_in")
        }
        if chosen := data.get("tax_class"):
            data["tax_class"] = chosen.code
        if "category" in names:
            data["category_id"] = values["category"].pk
        if "also_in" in names:
            data["also_in_ids"] = [category.pk for category in values["also_in"]]
        if "slug" in names and values["slug"]:
            data["slug"] = values["slug"]
        if _SEO.keys() & set(names):
            data["seo"] = SeoTexts(
                **{short: values[name] for name, short in _SEO.items()}
            )
        return data


@admin.register(Product)
class ProductAdmin(ProductSearch, ImagePanel, CatalogueTransfer, ModelAdmin):
    form = ProductForm
    list_display = (
        "name",
        "category",
        "brand",
        "base_price",
        "sale_price",
        "status",
        "badges",
        "in_stock",
        "rating",
        "created_at",
    )
    list_filter = (
        "status",
        ("category", CategoryFilter),
        "in_stock",
        "gender",
        "is_featured",
        "is_new_arrival",
        ("base_price", RangeNumericFilter),
    )
    list_filter_submit = True  # the range has fields of its own
    search_help_text = (
        "words of the name, brand, tags or text; a slug; a variant's whole SKU"
    )
    list_select_related = ("category",)
    autocomplete_fields = ("category", "also_in")
    ordering = ("-id",)  # the newest first, by the index that every table has
    readonly_fields = (
        "in_stock",
        "popularity",
        "rating",
        "review_count",
        "source",
        "source_ref",
        "variant_grid",
    )
    show_full_result_count = False
    list_per_page = 50
    inlines = (VariantInline, FormerSlugInline)
    actions = ("change_in_bulk", "publish", "archive", "export_selected")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "name",
                    "slug",
                    "status",
                    "description",
                    ("category", "also_in"),
                    "brand",
                    "collection",
                    "gender",
                    "material",
                    "tags",
                )
            },
        ),
        (
            "Prices",
            {
                "fields": (
                    ("base_price", "sale_price"),
                    "sale_starts_at",  # a row holds the two fields of one moment, no more
                    "sale_ends_at",
                )
            },
        ),
        ("Sizes and colours", {"fields": ("variant_grid",)}),
        ("Badges", {"fields": (("is_featured", "is_new_arrival"),)}),
        ("Gift card", {"fields": ("is_gift_card",)}),
        ("For search engines", {"fields": ("seo_title", "seo_description")}),
        ("As it stands", {"fields": (*readonly_fields[:-1],)}),
    )

    class Media:
        js = ("products/product-images.js", "products/suggestions.js")

    def get_urls(self) -> list[URLPattern]:
        """Return the pages, with what suggests brands."""
        view = self.admin_site.admin_view(self.brands_view)
        grid = self.admin_site.admin_view(self.grid_view)
        return [
            path("brands/", view, name="products_product_brands"),
            path("<uuid:product_id>/grid/", grid, name="products_product_grid"),
            *super().get_urls(),
        ]

    def brands_view(self, request: HttpRequest) -> JsonResponse:
        """Answer the catalogue's brands that begin so, for whoever may look at products."""
        found = (
            brands.list_brands(request.GET.get("q", ""))
            if self.has_view_permission(request)
            else []
        )
        return JsonResponse({"items": found})

    def grid_view(self, request: HttpRequest, product_id: UUID) -> HttpResponseBase:
        """Ask for sizes and colours, and make the variants that are missing of them."""
        product = Product.objects.filter(pk=product_id).only("name").first()
        if product is None:
            raise Http404
        if not self.has_change_permission(request, product):
            raise PermissionDenied
        back = reverse("admin:products_product_change", args=[product_id])
        form = GridForm(request.POST or None)
        if form.is_valid():
            try:
                made = variants.create_grid(
                    form.grid(), product_id=product_id, actor_id=request.user.pk
                )
            except ShopError as refusal:
                form.add_error(None, refusal.detail)
            else:
                self.log_change(request, product, f"{made} variants from a grid")
                self.message_user(
                    request, f"{made} new variants.", messages.SUCCESS
                )
                return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Sizes and colours of {product.name}",
            "opts": self.opts,
            "form": form,
            "back": back,
        }
        return TemplateResponse(
            request,
            "admin/products/variant_grid.html",
            context,
            status=422 if form.errors else 200,
        )

    def has_delete_permission(
        self, request: HttpRequest, obj: object = None
    ) -> bool:
        """Products are archived: orders and old links still mean something."""
        return False

    def view_on_site(self, product: Product) -> str:
        """Return the product's page in the shop: only what is published has one."""
        return f"{settings.SHOP_URL.rstrip('/')}/p/{quote(product.slug)}"

    def get_view_on_site_url(self, obj: Product | None = None) -> str | None:
        """Offer no link to what shoppers do not see."""
        if obj is None or obj.status != ProductStatus.PUBLISHED:
            return None
        return self.view_on_site(obj)

    @admin.display(description="many variants")
    def variant_grid(self, product: Product) -> SafeString | str:
        """Lead to the page that makes a grid of variants, once there is a product."""
        if product._state.adding:
            return "Save the product first."
        address = reverse("admin:products_product_grid", args=[product.pk])
        return format_html(
            '<a class="underline" href="{}">Make a grid of sizes and colours</a>',
            address,
        )

    @admin.display(description="badges")
    def badges(self, product: Product) -> str:
        on = {
            "featured": product.is_featured,
            "new": product.is_new_arrival,
            "sale": product.sale_price is not None,
        }
        return ", ".join(name for name, shown in on.items() if shown)

    def save_model(
        self, request: HttpRequest, obj: Product, form: Any, change: bool
    ) -> None:
        """Let the services write it; what the form did not change stays, whoever has
        changed it meanwhile.
        """
        if change:
            product_service.change_product(form.product_change(), key=obj.pk)
        else:
            new = product_service.insert_product(
                form.new_product(), actor_id=request.user.pk
            )
            obj.pk = new.pk
            obj._state.adding = False
        obj.refresh_from_db()

    def save_formset(
        self, request: HttpRequest, form: Any, formset: Any, change: bool
    ) -> None:
        """Let the services write the variants: changed in place, or added with their first
        pieces.
        """
        if formset.model is not Variant:
            super().save_formset(request, form, formset, change)
            return
        product = form.instance
        formset.new_objects, formset.changed_objects, formset.deleted_objects = (
            [],
            [],
            [],
        )  # what the log reads
        for each in formset.initial_forms:
            if names := [
                name for name in each.changed_data if name not in ("id", "stock")
            ]:
                changes = {name: each.cleaned_data[name] for name in names}
                if "inventory_policy" in changes:
                    changes["inventory_policy"] = InventoryPolicy(
                        changes["inventory_policy"]
                    )
                variants.change_variant(
                    VariantChange(**changes),
                    product_id=product.pk,
                    variant_id=each.instance.pk,
                    actor_id=request.user.pk,
                )
                formset.changed_objects.append((each.instance, names))
        if new := [each for each in formset.extra_forms if each.has_changed()]:
            rows = [variant_row(each.cleaned_data) for each in new]
            formset.new_objects = variants.insert_variants(
                product, rows, actor_id=request.user.pk
            )

    @admin.action(description="Change prices or category …", permissions=["change"])
    def change_in_bulk(
        self, request: HttpRequest, queryset: QuerySet[Product]
    ) -> HttpResponseRedirect | None:
        try:
            return bulk_changes.begin_change(request, queryset)
        except ShopError as refusal:
            self.message_user(request, refusal.detail, messages.ERROR)
            return None

    @admin.action(description="Publish", permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self._set_status(request, queryset, ProductStatus.PUBLISHED)

    @admin.action(description="Archive", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        self._set_status(request, queryset, ProductStatus.ARCHIVED)

    @admin.action(description="Export CSV", permissions=["view"])
    def export_selected(
        self, request: HttpRequest, queryset: QuerySet[Product]
    ) -> StreamingHttpResponse:
        return send_file(queryset)

    def _set_status(
        self,
        request: HttpRequest,
        queryset: QuerySet[Product],
        status: ProductStatus,
    ) -> None:
        for product in queryset:
            product_service.update_product(
                ProductChange(status=status), key=product.pk
            )
            self.log_change(request, product, f"status: {status}")
        self.message_user(
            request, f"{len(queryset)} products are {status} now.", messages.SUCCESS
        )


@admin.register(FormerSlug)
class FormerSlugAdmin(ReadOnlyAdmin):
    list_display = ("slug", "product", "created_at")
    search_fields = ("slug__startswith",)
    list_select_related = ("product",)
