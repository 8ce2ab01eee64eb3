"""The catalogue as staff keep it: categories, products with their variants and pictures, reviews, stock, feeds."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Count, F, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from markrin.admin_base import FirstRows, ModelAdmin, ReadOnly, ReadOnlyAdmin, Step, SteppedAdmin, TabularInline
from markrin.forms import StrictForm, StrictModelForm
from products import services
from products.models import (
    BackInStockRequest,
    Category,
    Feed,
    FeedPull,
    FeedRow,
    FormerSlug,
    LowStock,
    Product,
    ProductImage,
    Purchase,
    Review,
    SearchWord,
    SizeChart,
    SizeChartEntry,
    StockLevel,
    StockMovement,
    Variant,
)
from products.models.feed import FeedState
from products.services import feeds, slugs, stock


@admin.register(Category)
class CategoryAdmin(ModelAdmin):
    list_display = ("name", "slug", "parent", "position", "tax_percent", "product_count")
    search_fields = ("name__icontains", "slug__istartswith")
    list_select_related = ("parent",)
    autocomplete_fields = ("parent",)
    prepopulated_fields = {"slug": ("name",)}
    fields = ("name", "slug", "parent", "position", "tax_percent", "description")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Category]:
        found: QuerySet[Category] = super().get_queryset(request)
        return found.annotate(n=Count("products"))

    @admin.display(description="products", ordering="n")
    def product_count(self, category: Any) -> int:
        return int(category.n)


class SizeChartEntryInline(TabularInline):
    model = SizeChartEntry
    extra = 0


@admin.register(SizeChart)
class SizeChartAdmin(ModelAdmin):
    list_display = ("title", "category")
    list_select_related = ("category",)
    autocomplete_fields = ("category",)
    search_fields = ("title__icontains", "category__name__icontains")
    inlines = (SizeChartEntryInline,)


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
    actions = ("publish", "archive")

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


class AdjustForm(StrictForm):
    delta = forms.IntegerField(
        min_value=-1_000_000, max_value=1_000_000, widget=UnfoldAdminIntegerFieldWidget,
        help_text="pieces more (5) or fewer (-5) on the shelf",
    )  # fmt: skip
    note = forms.CharField(max_length=200, widget=UnfoldAdminTextInputWidget)


def _adjust(request: HttpRequest, variant: Variant, data: Mapping[str, Any]) -> str:
    services.adjust_stock(variant_id=variant.pk, actor_id=request.user.pk, delta=data["delta"], note=data["note"])  # type: ignore[arg-type]  # signed in
    return f"{data['delta']:+} pieces of {variant.sku}."


class LevelInline(ReadOnly, TabularInline):
    model = StockLevel
    extra = 0
    fields = ("on_hand", "reserved", "counted_at")
    readonly_fields = fields


class NewestMoves(FirstRows):
    model = StockMovement
    fields = ("created_at", "kind", "d_on_hand", "d_reserved", "ref", "actor", "note")
    readonly_fields = fields
    verbose_name_plural = "the newest movements"

    def get_queryset(self, request: HttpRequest) -> QuerySet[StockMovement]:
        return super().get_queryset(request).select_related("actor")  # type: ignore[no-any-return]  # unfold has no types


@admin.register(Variant)
class VariantAdmin(ReadOnly, SteppedAdmin):
    list_display = ("sku", "product", "size", "color", "is_active", "sellable")
    list_filter = ("is_active",)
    search_fields = ("sku__iexact", "product__name__icontains")
    list_select_related = ("product", "stock")
    show_full_result_count = False
    fields = ("sku", "product", "size", "color", "is_active", "next_steps")
    inlines = (LevelInline, NewestMoves)
    steps = {"adjust": Step("Adjust stock", _adjust, AdjustForm)}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["next_steps"]

    @admin.display(ordering=F("stock__on_hand") - F("stock__reserved"))
    def sellable(self, variant: Variant) -> int | None:
        level = getattr(variant, "stock", None)
        return None if level is None else level.sellable


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "variant", "kind", "d_on_hand", "d_reserved", "ref", "actor", "note")
    list_filter = ("kind",)
    search_fields = ("variant__sku__iexact", "ref__exact")
    list_select_related = ("variant", "actor")


@admin.register(StockLevel)
class StockLevelAdmin(ReadOnlyAdmin):
    list_display = ("variant", "on_hand", "reserved", "counted_at")
    search_fields = ("variant__sku__iexact",)
    list_select_related = ("variant",)


@admin.register(Review)
class ReviewAdmin(ReadOnly, SteppedAdmin):
    list_display = ("product", "rating", "short", "user", "verified_buyer", "status", "created_at")
    list_filter = ("status", "rating", "verified_buyer")
    search_fields = ("product__name__icontains", "user__email__iexact")
    list_select_related = ("product", "user")
    show_full_result_count = False
    fields = ("product", "user", "rating", "fit", "comment", "verified_buyer", "status", "created_at", "next_steps")
    steps = {
        "hide": Step(
            "Hide",
            lambda request, review, data: _moderate(review, "hidden"),
            offered=lambda review: review.status == "published",
            danger=True,
        ),
        "show": Step(
            "Show again",
            lambda request, review, data: _moderate(review, "published"),
            offered=lambda review: review.status == "hidden",
        ),
    }

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["next_steps", "created_at"]

    @admin.display(description="comment")
    def short(self, review: Review) -> str:
        return review.comment[:80]


def _moderate(review: Review, status: str) -> str:
    services.moderate_review(review_id=review.pk, status=status)
    return f"The review is {status} now."


class RejectedRows(FirstRows):
    most = 200
    model = FeedRow
    fields = ("line", "sku", "quantity", "result", "reason")
    readonly_fields = fields
    verbose_name_plural = "rows that were rejected or in conflict (the first 200; the report has them all)"

    def get_queryset(self, request: HttpRequest) -> QuerySet[FeedRow]:
        found: QuerySet[FeedRow] = super().get_queryset(request)
        return found.filter(result__in=["rejected", "conflict"])


def _release(request: HttpRequest, feed: Feed, data: Mapping[str, Any]) -> str:
    feeds.release(feed_id=feed.pk)
    return "The feed will be applied."


def _discard(request: HttpRequest, feed: Feed, data: Mapping[str, Any]) -> str:
    feeds.discard(feed_id=feed.pk)
    return "The feed is discarded."


@admin.register(Feed)
class FeedAdmin(ReadOnly, SteppedAdmin):
    list_display = (
        "source", "sequence", "mode", "state", "progress", "applied", "unchanged", "rejected", "held_reason",
        "created_at",
    )  # fmt: skip
    list_filter = ("state", "source", "mode")
    ordering = ("-created_at", "-id")
    inlines = (RejectedRows,)
    steps = {
        "release": Step("Apply it", _release, offered=lambda feed: feed.state == FeedState.HELD),
        "discard": Step("Discard", _discard, offered=lambda feed: feed.state == FeedState.HELD, danger=True),
    }

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["next_steps", "created_at"]

    def progress(self, feed: Feed) -> str:
        done = feed.applied + feed.unchanged + feed.rejected
        return f"{done} of {feed.total}"


@admin.register(BackInStockRequest)
class BackInStockRequestAdmin(ReadOnlyAdmin):
    list_display = ("variant", "email", "created_at", "notified_at")
    search_fields = ("variant__sku__iexact", "email__iexact")
    list_select_related = ("variant",)


@admin.register(LowStock)
class LowStockAdmin(ReadOnlyAdmin):
    list_display = ("variant", "fell_at", "told_at")
    search_fields = ("variant__sku__iexact",)
    list_select_related = ("variant",)


@admin.register(FeedPull)
class FeedPullAdmin(ReadOnlyAdmin):
    list_display = ("source", "checked_at", "last_modified", "error")


@admin.register(FormerSlug)
class FormerSlugAdmin(ReadOnlyAdmin):
    list_display = ("slug", "product", "created_at")
    search_fields = ("slug__istartswith",)
    list_select_related = ("product",)


@admin.register(Purchase)
class PurchaseAdmin(ReadOnlyAdmin):
    list_display = ("user", "product", "created_at")
    search_fields = ("user__email__iexact", "product__name__icontains")
    list_select_related = ("user", "product")


@admin.register(SearchWord)
class SearchWordAdmin(ReadOnlyAdmin):
    list_display = ("word",)
    search_fields = ("word__istartswith",)
